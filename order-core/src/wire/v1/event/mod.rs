//! Messages to clients: projections of facts, and refusals.

use crate::fact::{
    ChargeFact, ClaimFact, DishFact, Fact, PaymentFact, PaymentRecorded, PeopleFact, Recorded, TableFact,
};
use crate::rejection::Rejection;
use crate::wire::frame::Frame;
use crate::wire::v1::state::StateWriter;
use crate::wire::write::Writer;
use crate::wire::write::deadline;
use crate::{CommandId, ItemId, Order, ParticipantId, PaymentId, Presence, UnixMillis};

/// The message that tells everybody at the table of `recorded`. `order` is the order with that fact committed.
pub fn fact_message(order: &Order, presence: &Presence, recorded: &Recorded) -> Frame {
    let by = recorded.by.id();
    // A message whose data are a few fields and the order.
    let told = |kind: &'static str, fields: &dyn Fn(&mut Writer)| {
        about(order, kind, by, recorded.at, |writer| {
            writer.json.begin_object();
            fields(&mut writer.json);
            order_state(writer, order, presence);
        })
    };
    // A message whose data are the order.
    let whole = |kind: &'static str| {
        about(order, kind, by, recorded.at, |writer| writer.state(order, presence, None))
    };
    match &recorded.fact {
        Fact::People(PeopleFact::Joined(_)) => participant_joined(order, presence, by, recorded.at),
        Fact::People(PeopleFact::Left { .. }) => whole("participant_left"),
        Fact::Dish(DishFact::Added(added)) => item_added(order, presence, recorded, &added.item),
        // To a client that knows of nothing being taken back, it is ordered.
        Fact::Dish(DishFact::Restored(restored)) => {
            item_added(order, presence, recorded, &restored.added.item)
        }
        Fact::Dish(DishFact::Removed { item }) => about(order, "item_removed", by, recorded.at, |writer| {
            writer.json.begin_object();
            writer.json.string_field("itemId", item.as_str());
            order_state(writer, order, presence);
        }),
        Fact::Dish(DishFact::QuantityUpdated { item, quantity }) => {
            about(order, "quantity_updated", by, recorded.at, |writer| {
                writer.json.begin_object();
                writer.json.string_field("itemId", item.as_str());
                writer.json.whole_field("quantity", quantity.pieces());
                order_state(writer, order, presence);
            })
        }
        Fact::Claim(ClaimFact::Shared { item, .. }) => {
            about(order, "item_shared", by, recorded.at, |writer| {
                writer.json.begin_object();
                writer.json.string_field("itemId", item.as_str());
                if let Some(item) = order.item(item) {
                    writer.shared_by(order, item);
                }
                order_state(writer, order, presence);
            })
        }
        Fact::Charge(ChargeFact::Set(_)) => told("charges_updated", &|_| {}),
        Fact::Charge(ChargeFact::TipSet { .. }) => told("tip_updated", &|_| {}),
        Fact::Charge(ChargeFact::ServiceWaived { waived }) => {
            told("service_waived", &|json| json.literal_field("waived", waived))
        }
        Fact::Payment(PaymentFact::Recorded(PaymentRecorded { payment, .. })) => {
            about_payment(order, presence, "payment_recorded", recorded, payment)
        }
        Fact::Payment(PaymentFact::Updated { payment, .. }) => {
            about_payment(order, presence, "payment_updated", recorded, payment)
        }
        Fact::Payment(PaymentFact::Refunded { payment, .. }) => {
            about_payment(order, presence, "payment_refunded", recorded, payment)
        }
        Fact::Split(split) => about(order, "split_updated", by, recorded.at, |writer| {
            writer.json.begin_object();
            writer.json.string_field("splitType", split.as_str());
            writer.json.string_field("splitMode", split.mode());
            order_state(writer, order, presence);
        }),
        Fact::Table(TableFact::RulesSet(house)) => told("rules_updated", &|json| {
            json.literal_field("finalizeWhenReady", house.finalize_when_ready);
        }),
        Fact::Table(TableFact::LockSet { locked }) => {
            told(if *locked { "order_locked" } else { "order_unlocked" }, &|_| {})
        }
        Fact::Table(TableFact::LimitSet { who, limit }) => told("limit_updated", &|json| {
            json.string_field("participantId", who.as_str());
            json.key("limit");
            match limit {
                Some(limit) => json.amount(*limit, order.currency()),
                None => json.literal("null"),
            }
        }),
        Fact::People(PeopleFact::ReadySet { ready }) => {
            told("ready_updated", &|json| json.literal_field("ready", ready))
        }
        Fact::People(PeopleFact::HandedOver { to }) => {
            told("owner_changed", &|json| json.string_field("ownerId", to.as_str()))
        }
        Fact::Table(TableFact::DeadlineSet(set)) => {
            told("deadline_updated", &|json| deadline::write(json, set.as_ref()))
        }
        Fact::Table(TableFact::Reminded { before: reminder }) => told("deadline_reminder", &|json| {
            deadline::write(json, order.deadline());
            json.whole_field("left", deadline::left(order, *reminder, recorded.at));
        }),
        // To a client that knows of nobody being sent away, they left.
        Fact::People(PeopleFact::Removed(removed)) => {
            about(order, "participant_left", Some(&removed.who), recorded.at, |writer| {
                writer.begin_state(order, presence);
                writer.json.string_field("removedBy", by.map_or("", ParticipantId::as_str));
                writer.json.end_object();
            })
        }
        Fact::People(PeopleFact::Readmitted { who }) => {
            told("participant_readmitted", &|json| json.string_field("participantId", who.as_str()))
        }
        Fact::Table(TableFact::Finalized { .. }) => whole("order_finalized"),
        Fact::Table(TableFact::Expired) => whole("order_expired"),
        Fact::Table(TableFact::Archived) => whole("order_archived"),
    }
}

/// The full state, for somebody who has just joined or has fallen behind.
pub fn sync(order: &Order, presence: &Presence, now: UnixMillis) -> Frame {
    let mut writer = StateWriter::of_entries(order.people().len());
    writer.json.begin_object();
    writer.json.string_field("type", "sync");
    writer.json.key("data");
    writer.state(order, presence, None);
    finish(writer, now)
}

/// Tells that somebody's first connection came, or their last one went. Where more `changed` in the same moment, it is about the
/// last of them, and has a list of all.
pub fn presence_changed(
    order: &Order,
    presence: &Presence,
    changed: &[ParticipantId],
    now: UnixMillis,
) -> Frame {
    about(order, "presence", changed.last(), now, |writer| {
        writer.json.begin_object();
        let is_online = changed.last().is_some_and(|who| presence.is_online(who));
        writer.json.literal_field("isOnline", is_online);
        if changed.len() > 1 {
            writer.json.key("changed");
            writer.json.begin_list();
            for who in changed {
                writer.json.begin_object();
                writer.json.string_field("participantId", who.as_str());
                writer.json.literal_field("isOnline", presence.is_online(who));
                writer.json.end_object();
            }
            writer.json.end_list();
        }
        order_state(writer, order, presence);
    })
}

/// The answer to a message that was refused.
pub fn error(rejection: &Rejection, id: Option<&CommandId>, now: UnixMillis) -> String {
    let mut json = Writer::with_capacity(512);
    json.begin_object();
    json.string_field("type", "error");
    json.string_field("error", &rejection.to_string());
    json.key("data");
    json.begin_object();
    json.rejection(rejection);
    json.end_object();
    if let Some(id) = id {
        json.string_field("id", id.as_str());
    }
    json.whole_field("timestamp", now.get());
    json.end_object();
    json.into_text()
}

/// The answer to a message with an id that was carried out, as the fact with this sequence number; `repeated`: already
/// before.
pub fn ack(id: &CommandId, seq: u64, repeated: bool, now: UnixMillis) -> String {
    let mut json = Writer::with_capacity(128);
    json.begin_object();
    json.string_field("type", "ack");
    json.key("data");
    json.begin_object();
    json.whole_field("seq", seq);
    if repeated {
        json.literal_field("repeated", true);
    }
    json.end_object();
    json.string_field("id", id.as_str());
    json.whole_field("timestamp", now.get());
    json.end_object();
    json.into_text()
}

/// That somebody joined: for all when that is a fact, for them alone when they only came back.
pub fn joined(order: &Order, presence: &Presence, who: &ParticipantId, at: UnixMillis) -> Frame {
    participant_joined(order, presence, Some(who), at)
}

fn participant_joined(
    order: &Order,
    presence: &Presence,
    who: Option<&ParticipantId>,
    at: UnixMillis,
) -> Frame {
    about(order, "participant_joined", who, at, |writer| {
        writer.state(order, presence, who.and_then(|who| order.role(who)));
    })
}

fn item_added(order: &Order, presence: &Presence, recorded: &Recorded, item: &ItemId) -> Frame {
    about(order, "item_added", recorded.by.id(), recorded.at, |writer| {
        writer.json.begin_object();
        if let Some(item) = order.item(item) {
            writer.json.key("item");
            writer.item(order, item);
        }
        order_state(writer, order, presence);
    })
}

fn about_payment(
    order: &Order,
    presence: &Presence,
    kind: &'static str,
    recorded: &Recorded,
    payment: &PaymentId,
) -> Frame {
    about(order, kind, recorded.by.id(), recorded.at, |writer| {
        writer.json.begin_object();
        writer.json.string_field("paymentId", payment.as_str());
        if let Some(payment) = order.payment(payment) {
            writer.json.key("payment");
            writer.payment(order, payment);
        }
        order_state(writer, order, presence);
    })
}

/// Ends a `data` object that was begun with its own fields.
fn order_state(writer: &mut StateWriter, order: &Order, presence: &Presence) {
    writer.json.key("orderState");
    writer.state(order, presence, None);
    writer.json.end_object();
}

/// A message about somebody, or about what the back end did: the envelope around what `data` writes.
fn about(
    order: &Order,
    kind: &'static str,
    who: Option<&ParticipantId>,
    at: UnixMillis,
    data: impl FnOnce(&mut StateWriter),
) -> Frame {
    let mut writer = StateWriter::of_entries(order.people().len());
    writer.json.begin_object();
    writer.json.string_field("type", kind);
    writer.json.string_field("participantId", who.map_or("", ParticipantId::as_str));
    let name = who.and_then(|who| order.person(who)).map_or("", |person| person.name().as_str());
    writer.json.string_field("participantName", name);
    writer.json.key("data");
    data(&mut writer);
    finish(writer, at)
}

fn finish(mut writer: StateWriter, at: UnixMillis) -> Frame {
    writer.json.whole_field("timestamp", at.get());
    writer.json.end_object();
    writer.into_frame()
}
