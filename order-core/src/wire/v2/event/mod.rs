//! One fact as one small message, to be folded into the state document.

use crate::fact::{
    ChargeFact, ClaimFact, DishFact, Fact, PaymentFact, PaymentRecorded, PeopleFact, Recorded, TableFact,
};
use crate::wire::v2::state;
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
        Fact::People(PeopleFact::Joined(_)) => "participant_joined",
        Fact::People(PeopleFact::Left { .. }) => "participant_left",
        Fact::Dish(DishFact::Added(_)) => "item_added",
        Fact::Dish(DishFact::Restored(_)) => "item_restored",
        Fact::Dish(DishFact::Removed { .. }) => "item_removed",
        Fact::Dish(DishFact::QuantityUpdated { .. }) => "quantity_updated",
        Fact::Claim(ClaimFact::Shared { .. }) => "item_shared",
        Fact::Charge(ChargeFact::Set(_)) => "charges_updated",
        Fact::Charge(ChargeFact::TipSet { .. }) => "tip_updated",
        Fact::Charge(ChargeFact::ServiceWaived { .. }) => "service_waived",
        Fact::Split(_) => "split_updated",
        Fact::Payment(PaymentFact::Recorded(_)) => "payment_recorded",
        Fact::Payment(PaymentFact::Updated { .. }) => "payment_updated",
        Fact::Payment(PaymentFact::Refunded { .. }) => "payment_refunded",
        Fact::Table(TableFact::RulesSet(_)) => "rules_updated",
        Fact::Table(TableFact::LockSet { locked: true }) => "order_locked",
        Fact::Table(TableFact::LockSet { locked: false }) => "order_unlocked",
        Fact::Table(TableFact::LimitSet { .. }) => "limit_updated",
        Fact::People(PeopleFact::ReadySet { .. }) => "ready_updated",
        Fact::People(PeopleFact::HandedOver { .. }) => "owner_changed",
        Fact::People(PeopleFact::Removed(_)) => "participant_removed",
        Fact::People(PeopleFact::Readmitted { .. }) => "participant_readmitted",
        Fact::Table(TableFact::DeadlineSet(_)) => "deadline_updated",
        Fact::Table(TableFact::Reminded { .. }) => "deadline_reminder",
        Fact::Table(TableFact::Expired) => "order_expired",
        Fact::Table(TableFact::Archived) => "order_archived",
        Fact::Table(TableFact::Finalized { .. }) => "order_finalized",
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
        Fact::People(PeopleFact::Joined(joined)) => {
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
        Fact::People(PeopleFact::Left { .. }) => {
            put_participant(json, order, recorded.by.id());
            set(json, &|json| state::owner(json, order));
        }
        Fact::Dish(DishFact::Added(added)) => {
            put_item(json, order, &added.item);
            set(json, &|json| state::total(json, order));
        }
        Fact::Dish(DishFact::Restored(restored)) => {
            put_item(json, order, &restored.added.item);
            set(json, &|json| {
                state::total(json, order);
                if restored.charges.is_some() {
                    state::charges(json, order);
                }
            });
        }
        Fact::Dish(DishFact::Removed { item }) => {
            remove_item(json, item);
            set(json, &|json| {
                state::total(json, order);
                state::charge_list(json, order);
            });
        }
        Fact::Dish(DishFact::QuantityUpdated { item, .. }) => {
            put_item(json, order, item);
            set(json, &|json| state::total(json, order));
        }
        Fact::Claim(ClaimFact::Shared { item, .. }) => {
            put_item(json, order, item);
            set_rules(json);
        }
        Fact::Charge(ChargeFact::Set(_)) => set(json, &|json| state::charges(json, order)),
        Fact::Charge(ChargeFact::TipSet { .. }) => set(json, &|json| state::tips(json, order)),
        Fact::Charge(ChargeFact::ServiceWaived { .. }) => {
            set(json, &|json| state::without_service(json, order))
        }
        Fact::Split(_) => set(json, &|json| state::split(json, order)),
        Fact::Payment(PaymentFact::Recorded(PaymentRecorded { payment, .. }))
        | Fact::Payment(PaymentFact::Updated { payment, .. })
        | Fact::Payment(PaymentFact::Refunded { payment, .. }) => put_payment(json, order, payment),
        Fact::Table(TableFact::RulesSet(_))
        | Fact::Table(TableFact::LockSet { .. })
        | Fact::Table(TableFact::LimitSet { .. })
        | Fact::People(PeopleFact::ReadySet { .. })
        | Fact::People(PeopleFact::Readmitted { .. })
        | Fact::Table(TableFact::DeadlineSet(_))
        | Fact::Table(TableFact::Reminded { .. }) => set_rules(json),
        Fact::People(PeopleFact::HandedOver { .. }) => set(json, &|json| state::owner(json, order)),
        Fact::People(PeopleFact::Removed(removed)) => {
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
        Fact::Table(TableFact::Finalized { .. })
        | Fact::Table(TableFact::Expired)
        | Fact::Table(TableFact::Archived) => {
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
