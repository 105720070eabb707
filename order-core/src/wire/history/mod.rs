//! Who did what and when: the log as people may read it.

use crate::fact::{
    ChargeFact, ClaimFact, DishFact, Fact, ItemAdded, Joined, PaymentFact, PeopleFact, Recorded, TableFact,
};
use crate::rejection::{Code, Rejection};
use crate::split::Weight;
use crate::wire::json::Object;
use crate::wire::v2::event_name;
use crate::wire::write::Writer;
use crate::wire::{read::charges as charge, write::deadline};
use crate::{Actor, CommandId, Currency, ItemId, Order, ParticipantId, UnixMillis};

/// How many entries a page has where nothing is said.
const ORDINARY_PAGE: usize = 50;

/// How many entries a page has at the most.
pub const MAX_HISTORY_PAGE: usize = 200;

/// A page of an order's history: its last entries, or the last before some entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryPage {
    /// The entries before this sequence number; the last of all, without it.
    pub before: Option<u64>,
    /// How many, at the most.
    pub limit: usize,
}

impl HistoryPage {
    /// The page that is asked for by these texts, as they stand in an address.
    ///
    /// # Errors
    /// When one of them is no number, or out of bounds.
    pub fn from_texts(before: Option<&str>, limit: Option<&str>) -> Result<Self, Rejection> {
        let number = |name: &'static str, text: Option<&str>, most: u64| match text.map(str::parse::<u64>) {
            None => Ok(None),
            Some(Ok(number)) if (1..=most).contains(&number) => Ok(Some(number)),
            Some(_) => Err(Rejection::new(Code::BadField)
                .field(name)
                .expected(format!("a whole number from 1 to {most}"))),
        };
        let limit = number("limit", limit, MAX_HISTORY_PAGE as u64)?;
        Ok(Self {
            before: number("before", before, u64::MAX)?,
            limit: limit.map_or(ORDINARY_PAGE, |limit| usize::try_from(limit).unwrap_or(MAX_HISTORY_PAGE)),
        })
    }

    /// Reads what a message asks for, which may say nothing of it.
    pub(in crate::wire) fn read(message: &Object<'_>) -> Result<Self, Rejection> {
        if !message.has("data") {
            return Self::from_texts(None, None);
        }
        let data = message.object("data", "data.", "an object")?;
        let text = |key: &str| data.raw(key).filter(|raw| *raw != "null");
        Self::from_texts(text("before"), text("limit")).map_err(|rejection| {
            let field = format!("data.{}", rejection.field_name().unwrap_or_default());
            rejection.field(field)
        })
    }
}

/// The entry of `recorded`, whose effect `before` does not have yet, as JSON text. Names and dishes are as they were then; no
/// phone number is in it.
pub fn history_entry(before: &Order, recorded: &Recorded) -> String {
    let mut json = Writer::with_capacity(256);
    json.begin_object();
    json.whole_field("seq", recorded.seq);
    json.whole_field("at", recorded.at.get());
    let by = recorded.by.id();
    json.key("by");
    match by {
        Some(id) => json.string(id.as_str()),
        None => json.literal("null"),
    }
    let name = match (&recorded.fact, by) {
        (Fact::People(PeopleFact::Joined(Joined { name, .. })), _) => name.as_str(),
        (_, Some(id)) => before.person(id).map_or("", |person| person.name().as_str()),
        (_, None) => "",
    };
    json.string_field("byName", name);
    if recorded.by == Actor::Clock {
        json.literal_field("automatic", true);
    }
    json.string_field("event", event_name(&recorded.fact));
    details(&mut json, before, recorded);
    json.end_object();
    json.into_text()
}

fn details(json: &mut Writer, before: &Order, recorded: &Recorded) {
    let currency = before.currency();
    match &recorded.fact {
        Fact::Dish(DishFact::Added(added)) => self::added(json, added, currency),
        Fact::Dish(DishFact::Restored(restored)) => self::added(json, &restored.added, currency),
        Fact::Dish(DishFact::Removed { item }) => dish(json, before, item),
        Fact::Dish(DishFact::QuantityUpdated { item, quantity }) => {
            dish(json, before, item);
            json.whole_field("to", quantity.pieces());
        }
        Fact::Claim(ClaimFact::Shared { item, shared_by }) => {
            dish(json, before, item);
            claims(json, shared_by);
        }
        Fact::Charge(ChargeFact::TipSet { tip }) => {
            json.key("tip");
            match tip {
                Some(tip) => {
                    json.begin_object();
                    charge::write_value(json, *tip, currency);
                    json.end_object();
                }
                None => json.literal("null"),
            }
        }
        Fact::Charge(ChargeFact::ServiceWaived { waived }) => json.literal_field("waived", waived),
        Fact::Split(split) => json.string_field("splitMode", split.mode()),
        Fact::Payment(PaymentFact::Recorded(payment)) => {
            json.string_field("paymentId", payment.payment.as_str());
            json.string_field("payer", payment.payer.as_str());
            json.amount_field("amount", payment.amount, currency);
        }
        Fact::Payment(PaymentFact::Updated { payment, status }) => {
            json.string_field("paymentId", payment.as_str());
            json.string_field("status", status.as_str());
        }
        Fact::Payment(PaymentFact::Refunded { payment, amount, .. }) => {
            json.string_field("paymentId", payment.as_str());
            json.amount_field("amount", *amount, currency);
        }
        Fact::Table(TableFact::RulesSet(house)) => {
            json.literal_field("finalizeWhenReady", house.finalize_when_ready)
        }
        Fact::Table(TableFact::LimitSet { who, limit }) => {
            person(json, before, who);
            json.key("limit");
            match limit {
                Some(limit) => json.amount(*limit, currency),
                None => json.literal("null"),
            }
        }
        Fact::People(PeopleFact::ReadySet { ready }) => json.literal_field("ready", ready),
        Fact::People(PeopleFact::HandedOver { to }) => person(json, before, to),
        Fact::People(PeopleFact::Removed(removed)) => person(json, before, &removed.who),
        Fact::People(PeopleFact::Readmitted { who }) => person(json, before, who),
        Fact::Table(TableFact::DeadlineSet(set)) => deadline::write(json, set.as_ref()),
        Fact::Table(TableFact::Reminded { before: reminder }) => {
            json.whole_field("left", deadline::left(before, *reminder, recorded.at));
        }
        Fact::People(PeopleFact::Joined(joined)) => {
            if joined.deadline.is_some() {
                deadline::write(json, joined.deadline.as_deref());
            }
        }
        Fact::People(PeopleFact::Left { .. })
        | Fact::Charge(ChargeFact::Set(_))
        | Fact::Table(TableFact::LockSet { .. })
        | Fact::Table(TableFact::Finalized { .. })
        | Fact::Table(TableFact::Expired)
        | Fact::Table(TableFact::Archived) => {}
    }
}

fn added(json: &mut Writer, added: &ItemAdded, currency: Currency) {
    json.string_field("itemId", added.item.as_str());
    json.string_field("dishName", added.dish_name.as_str());
    json.whole_field("quantity", added.quantity.pieces());
    json.amount_field("price", added.price.amount(), currency);
}

/// A dish as it was before.
fn dish(json: &mut Writer, before: &Order, id: &ItemId) {
    json.string_field("itemId", id.as_str());
    if let Some(item) = before.item(id) {
        json.string_field("dishName", item.dish_name().as_str());
        json.whole_field("quantity", item.quantity().pieces());
    }
}

/// Whom it was done to.
fn person(json: &mut Writer, before: &Order, id: &ParticipantId) {
    json.string_field("participantId", id.as_str());
    json.string_field("participantName", before.person(id).map_or("", |person| person.name().as_str()));
}

fn claims(json: &mut Writer, shared_by: &[(ParticipantId, Weight)]) {
    json.key("sharedBy");
    json.begin_list();
    for (id, weight) in shared_by {
        json.begin_list();
        json.string(id.as_str());
        json.literal(weight.to_decimal());
        json.end_list();
    }
    json.end_list();
}

/// A page of history for a socket of the first protocol: entries as [`history_entry`] gives them, oldest first, and whether
/// there are earlier ones.
pub fn history(entries: &[String], more: bool, id: Option<&CommandId>, now: UnixMillis) -> String {
    let mut json = Writer::with_capacity(room_for(entries));
    json.begin_object();
    json.string_field("type", "history");
    json.key("data");
    json.begin_object();
    write_page(&mut json, entries, more);
    json.end_object();
    if let Some(id) = id {
        json.string_field("id", id.as_str());
    }
    json.whole_field("timestamp", now.get());
    json.end_object();
    json.into_text()
}

/// The same as a document of its own.
pub fn history_document(entries: &[String], more: bool) -> String {
    let mut json = Writer::with_capacity(room_for(entries));
    json.begin_object();
    write_page(&mut json, entries, more);
    json.end_object();
    json.into_text()
}

pub(in crate::wire) fn write_page(json: &mut Writer, entries: &[String], more: bool) {
    json.key("entries");
    json.begin_list();
    for entry in entries {
        json.literal(entry);
    }
    json.end_list();
    json.literal_field("more", more);
}

fn room_for(entries: &[String]) -> usize {
    entries.iter().fold(256, |sum, entry| sum.saturating_add(entry.len()).saturating_add(1))
}
