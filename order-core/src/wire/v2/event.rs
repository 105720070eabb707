//! One fact as one small message, to be folded into the state document.

use super::state;
use crate::fact::{Fact, PaymentRecorded, Recorded};
use crate::wire::write::Writer;
use crate::{Actor, ItemId, Order, ParticipantId, PaymentId, Role};

/// Most events are smaller, in bytes.
const EVENT_BYTES: usize = 360;

/// The event that tells of `recorded`. `order` is the order with that fact committed, and `cursor` what a client remembers to
/// go on from there.
pub fn event(order: &Order, recorded: &Recorded, cursor: &str) -> String {
    let mut json = Writer::with_capacity(EVENT_BYTES);
    json.begin_object();
    json.string_field("type", "event");
    json.string_field("event", name(&recorded.fact));
    json.whole_field("seq", recorded.seq);
    json.string_field("cursor", cursor);
    json.whole_field("at", recorded.at.get());
    json.key("by");
    match recorded.by.id() {
        Some(id) => json.string(id.as_str()),
        None => json.literal("null"),
    }
    if recorded.by == Actor::Clock {
        json.literal_field("automatic", true);
    }
    changes(&mut json, order, recorded);
    json.end_object();
    json.into_text()
}

/// The event's name in the protocol.
pub(crate) fn name(fact: &Fact) -> &'static str {
    match fact {
        Fact::Joined(_) => "participant_joined",
        Fact::Left { .. } => "participant_left",
        Fact::ItemAdded(_) => "item_added",
        Fact::ItemRestored(_) => "item_restored",
        Fact::ItemRemoved { .. } => "item_removed",
        Fact::QuantityUpdated { .. } => "quantity_updated",
        Fact::ItemShared { .. } => "item_shared",
        Fact::ChargesSet(_) => "charges_updated",
        Fact::TipSet { .. } => "tip_updated",
        Fact::ServiceWaived { .. } => "service_waived",
        Fact::SplitUpdated { .. } => "split_updated",
        Fact::PaymentRecorded(_) => "payment_recorded",
        Fact::PaymentUpdated { .. } => "payment_updated",
        Fact::PaymentRefunded { .. } => "payment_refunded",
        Fact::RulesSet(_) => "rules_updated",
        Fact::LockSet { locked: true } => "order_locked",
        Fact::LockSet { locked: false } => "order_unlocked",
        Fact::LimitSet { .. } => "limit_updated",
        Fact::ReadySet { .. } => "ready_updated",
        Fact::HandedOver { .. } => "owner_changed",
        Fact::Removed(_) => "participant_removed",
        Fact::Readmitted { .. } => "participant_readmitted",
        Fact::DeadlineSet(_) => "deadline_updated",
        Fact::Reminded { .. } => "deadline_reminder",
        Fact::Expired => "order_expired",
        Fact::Archived => "order_archived",
        Fact::Finalized { .. } => "order_finalized",
    }
}

/// What of the state document is another than before.
fn changes(json: &mut Writer, order: &Order, recorded: &Recorded) {
    let rules = order.rules.as_ref().is_some_and(|rules| rules.changed_at == recorded.seq);
    let set = |json: &mut Writer, fields: &dyn Fn(&mut Writer)| {
        json.key("set");
        json.begin_object();
        fields(json);
        if rules {
            state::rules(json, order);
        }
        json.end_object();
    };
    let set_rules = |json: &mut Writer| {
        if rules {
            set(json, &|_| {});
        }
    };
    match &recorded.fact {
        Fact::Joined(joined) => {
            put_participant(json, order, recorded.by.id());
            set(json, &|json| {
                // Only who joins first, or knows more of the circle than those before, changes where the order is from.
                if recorded.seq == 1 || joined.circle_id.is_some() || joined.tenant_id.is_some() {
                    state::origin(json, order);
                }
                if joined.role == Role::Owner {
                    state::owner(json, order);
                }
                if joined.charges.is_some() {
                    state::charges(json, order);
                }
            });
        }
        Fact::Left { .. } => {
            put_participant(json, order, recorded.by.id());
            set(json, &|json| state::owner(json, order));
        }
        Fact::ItemAdded(added) => {
            put_item(json, order, &added.item);
            set(json, &|json| state::total(json, order));
        }
        Fact::ItemRestored(restored) => {
            put_item(json, order, &restored.added.item);
            set(json, &|json| {
                state::total(json, order);
                if restored.charges.is_some() {
                    state::charges(json, order);
                }
            });
        }
        Fact::ItemRemoved { item } => {
            remove_item(json, item);
            set(json, &|json| {
                state::total(json, order);
                state::charge_list(json, order);
            });
        }
        Fact::QuantityUpdated { item, .. } => {
            put_item(json, order, item);
            set(json, &|json| state::total(json, order));
        }
        Fact::ItemShared { item, .. } => {
            put_item(json, order, item);
            set_rules(json);
        }
        Fact::ChargesSet(_) => set(json, &|json| state::charges(json, order)),
        Fact::TipSet { .. } => set(json, &|json| state::tips(json, order)),
        Fact::ServiceWaived { .. } => set(json, &|json| state::without_service(json, order)),
        Fact::SplitUpdated { .. } => set(json, &|json| state::split(json, order)),
        Fact::PaymentRecorded(PaymentRecorded { payment, .. })
        | Fact::PaymentUpdated { payment, .. }
        | Fact::PaymentRefunded { payment, .. } => put_payment(json, order, payment),
        Fact::RulesSet(_)
        | Fact::LockSet { .. }
        | Fact::LimitSet { .. }
        | Fact::ReadySet { .. }
        | Fact::Readmitted { .. }
        | Fact::DeadlineSet(_)
        | Fact::Reminded { .. } => set_rules(json),
        Fact::HandedOver { .. } => set(json, &|json| state::owner(json, order)),
        Fact::Removed(removed) => {
            put_participant(json, order, Some(&removed.who));
            set(json, &|json| {
                state::owner(json, order);
                // Many lines change at once, so the list is replaced as a whole.
                if !removed.items.is_empty() || !removed.shared.is_empty() {
                    state::items(json, order);
                }
                if !removed.items.is_empty() {
                    state::total(json, order);
                    state::charge_list(json, order);
                }
            });
        }
        Fact::Finalized { .. } | Fact::Expired | Fact::Archived => {
            set(json, &|json| json.string_field("status", order.status().as_str()));
        }
    }
}

/// Writes one entry of a list, which takes the place of the one with its id or comes after all others.
fn put(json: &mut Writer, list: &'static str, entry: impl FnOnce(&mut Writer)) {
    json.key("put");
    json.begin_object();
    json.key(list);
    entry(json);
    json.end_object();
}

fn put_participant(json: &mut Writer, order: &Order, id: Option<&ParticipantId>) {
    if let Some(person) = id.and_then(|id| order.person(id)) {
        put(json, "participants", |json| state::participant(json, person));
    }
}

fn put_item(json: &mut Writer, order: &Order, id: &ItemId) {
    if let Some(item) = order.item(id) {
        put(json, "items", |json| state::item(json, order, item));
    }
}

fn put_payment(json: &mut Writer, order: &Order, id: &PaymentId) {
    if let Some(payment) = order.payment(id) {
        put(json, "payments", |json| state::payment(json, order, payment));
    }
}

fn remove_item(json: &mut Writer, id: &ItemId) {
    json.key("remove");
    json.begin_object();
    json.string_field("items", id.as_str());
    json.end_object();
}
