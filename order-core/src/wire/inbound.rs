//! Messages from clients.

use std::collections::BTreeMap;
use std::hash::Hasher as _;

use rust_decimal::Decimal;
use siphasher::sip::SipHasher24;

use super::history::HistoryPage;
use super::json::{Numbers, Object};
use super::read::{charges as charge, payments as payment, table as manage};
use super::write::deadline;
use crate::command::{
    AddItem, AgreedShares, ChargeCommand, ClaimCommand, Command, DishCommand, Join, PaymentCommand,
    PeopleCommand, SharedBy, TableCommand, UpdateSplit,
};
use crate::rejection::{Code, Rejection};
use crate::split::Rest;
use crate::value::text::{
    MAX_CUSTOMIZATION_CHARS, MAX_DISH_NAME_CHARS, MAX_DISH_TYPE_CHARS, MAX_LABEL_CHARS, MAX_NAME_CHARS,
    MAX_PHONE_CHARS, Text,
};
use crate::{CommandId, Currency, ItemId, MAX_ID_BYTES, MAX_ITEM_ID_BYTES, ParticipantId, Stamp};

const TYPES: &str = "join, add_item, remove_item, update_quantity, update_split, finalize, leave or another of the protocol's";

/// A message that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// The id to answer by and to know the command again by, if the client gave one.
    pub stamp: Option<Stamp>,
    /// Whom the message names as its sender. Only a join is taken at its word; every other message is
    /// carried out as whoever the socket joined as.
    pub participant: Option<ParticipantId>,
    /// What is asked for.
    pub command: Command,
}

/// A message that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The id to answer by, where one could be made out.
    pub id: Option<CommandId>,
    /// Why.
    pub rejection: Rejection,
}

/// Reads a client's text message. `fresh_id` makes the id of an item for which the client gave none.
///
/// # Errors
/// When the message is not one of the protocol; the order need not be asked.
pub fn decode(text: &str, fresh_id: impl FnOnce() -> ItemId) -> Result<Inbound, Refused> {
    let message = Object::message(text).map_err(|rejection| Refused { id: None, rejection })?;
    decode_object(&message, None, fresh_id)
}

fn decode_object(
    message: &Object<'_>,
    signed_in: Option<&ParticipantId>,
    fresh_id: impl FnOnce() -> ItemId,
) -> Result<Inbound, Refused> {
    let id = command_id(message).map_err(|rejection| Refused { id: None, rejection })?;
    match read(message, signed_in, fresh_id) {
        Ok((participant, command)) => {
            let stamp = id.map(|id| Stamp::new(id, digest(message, participant.as_ref())));
            Ok(Inbound { stamp, participant, command })
        }
        Err(rejection) => Err(Refused { id, rejection }),
    }
}

/// A message of the first protocol that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeedInbound {
    /// A command.
    Command(Inbound),
    /// A page of the order's history is asked for.
    History {
        /// The id to answer by, if the client gave one.
        id: Option<CommandId>,
        /// Who says that they ask, if the message says so.
        participant: Option<ParticipantId>,
        /// Which page.
        page: HistoryPage,
    },
}

/// Reads a client's text message, which may also ask for something that changes nothing.
///
/// # Errors
/// As [`decode`].
pub fn decode_any(text: &str, fresh_id: impl FnOnce() -> ItemId) -> Result<SeedInbound, Refused> {
    decode_any_from(None, text, fresh_id)
}

/// As [`decode_any`], on a connection that has signed in: a join that names no participant is a join of this one.
///
/// # Errors
/// As [`decode`].
pub fn decode_any_from(
    signed_in: Option<&ParticipantId>,
    text: &str,
    fresh_id: impl FnOnce() -> ItemId,
) -> Result<SeedInbound, Refused> {
    let message = Object::message(text).map_err(|rejection| Refused { id: None, rejection })?;
    if message.raw("type") != Some("\"history\"") {
        return decode_object(&message, signed_in, fresh_id).map(SeedInbound::Command);
    }
    let id = command_id(&message).map_err(|rejection| Refused { id: None, rejection })?;
    let refused = |rejection| Refused { id: id.clone(), rejection };
    let participant = named(&message).map_err(refused)?;
    let page = HistoryPage::read(&message).map_err(refused)?;
    Ok(SeedInbound::History { id, participant, page })
}

impl Inbound {
    /// The id to answer by.
    pub fn id(&self) -> Option<&CommandId> {
        self.stamp.as_ref().map(Stamp::id)
    }
}

pub(super) fn command_id(message: &Object<'_>) -> Result<Option<CommandId>, Rejection> {
    let expected = "a string of 1 to 64 bytes without control or invisible characters";
    let Some(id) = message.string("id", expected)? else { return Ok(None) };
    CommandId::new(&id).map(Some).map_err(|_| message.mistyped("id", expected))
}

/// Equal for messages that ask for the same: `SipHash-2-4` (key zero) of the type, of who is named (in a join, the one
/// message in which that counts) and of `data`, whose white space outside strings does not count. What the server
/// makes up for itself, such as an item's id, is no part of it.
pub(super) fn digest(message: &Object<'_>, participant: Option<&ParticipantId>) -> u64 {
    let mut hasher = SipHasher24::new();
    let joins = message.raw("type") == Some("\"join\"");
    let named = participant.filter(|_| joins).map_or("", ParticipantId::as_str);
    let name = message.raw("participantName").filter(|_| joins);
    for part in [message.raw("type"), Some(named), name] {
        hasher.write(part.unwrap_or_default().as_bytes());
        hasher.write(&[0]);
    }
    let (mut in_string, mut escaped) = (false, false);
    for byte in message.raw("data").unwrap_or_default().bytes() {
        if in_string || !byte.is_ascii_whitespace() {
            hasher.write_u8(byte);
        }
        in_string ^= byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
    }
    hasher.finish()
}

pub(super) fn read(
    message: &Object<'_>,
    signed_in: Option<&ParticipantId>,
    fresh_id: impl FnOnce() -> ItemId,
) -> Result<(Option<ParticipantId>, Command), Rejection> {
    let kind = message.string("type", TYPES)?.ok_or_else(|| message.missing("type", TYPES))?;
    let participant = match (named(message)?, signed_in) {
        (None, Some(signed_in)) if kind == "join" => Some(signed_in.clone()),
        (None, None) if kind == "join" => return Err(message.missing("participantId", "who joins")),
        (participant, _) => participant,
    };
    let command = match kind.as_ref() {
        "join" => Command::People(PeopleCommand::Join(join(message)?)),
        "add_item" => Command::Dish(DishCommand::Add(add_item(&data(message)?, fresh_id)?)),
        "remove_item" => Command::Dish(DishCommand::Remove { item: existing_item(&data(message)?)? }),
        "update_quantity" => {
            let data = data(message)?;
            let item = existing_item(&data)?;
            let expected = "a whole number from 0 to 999";
            Command::Dish(DishCommand::UpdateQuantity {
                item,
                quantity: data.number("quantity", Code::BadQuantity, expected)?,
            })
        }
        "claim_item" => {
            let data = data(message)?;
            let item = existing_item(&data)?;
            Command::Claim(ClaimCommand::Claim {
                item,
                weight: data.optional_number("weight", Code::BadSplit, "a number above 0")?,
            })
        }
        "unclaim_item" => Command::Claim(ClaimCommand::Unclaim { item: existing_item(&data(message)?)? }),
        "assign_item" => {
            let data = data(message)?;
            let item = existing_item(&data)?;
            let shared_by =
                shared_by(&data)?.ok_or_else(|| data.missing("sharedBy", "ids of people on the bill"))?;
            Command::Claim(ClaimCommand::Assign { item, shared_by })
        }
        "set_charges" => Command::Charge(ChargeCommand::Set(charge::set_charges(&data(message)?)?)),
        "set_tip" => Command::Charge(ChargeCommand::SetTip { tip: charge::value(&data(message)?)? }),
        "waive_service" => {
            let data = data(message)?;
            let waived = data.boolean("waived")?.ok_or_else(|| data.missing("waived", "true or false"))?;
            Command::Charge(ChargeCommand::WaiveService { waived })
        }
        "record_payment" => {
            Command::Payment(PaymentCommand::Record(payment::record(&data(message)?, fresh_id)?))
        }
        "update_payment" => payment::update(&data(message)?)?,
        "refund_payment" => payment::refund(&data(message)?, fresh_id)?,
        "update_split" => Command::Split(update_split(&data(message)?)?),
        "undo" => Command::Undo { seq: undone(message)? },
        "set_ready" => {
            let data = data(message)?;
            let ready = data.boolean("ready")?.ok_or_else(|| data.missing("ready", "true or false"))?;
            Command::People(PeopleCommand::SetReady { ready })
        }
        "lock_order" => Command::Table(TableCommand::Lock { locked: true }),
        "unlock_order" => Command::Table(TableCommand::Lock { locked: false }),
        "remove_participant" => manage::remove(&data(message)?)?,
        "readmit_participant" => Command::People(PeopleCommand::Readmit {
            who: manage::somebody(&data(message)?, "participantId")?,
        }),
        "hand_over" => Command::People(PeopleCommand::HandOver {
            to: manage::somebody(&data(message)?, "participantId")?,
        }),
        "set_limit" => manage::limit(&data(message)?)?,
        "set_rules" => manage::rules(&data(message)?)?,
        "set_deadline" => Command::Table(TableCommand::Deadline(deadline::read(&data(message)?)?)),
        "finalize" => Command::Table(TableCommand::Finalize),
        "leave" => Command::People(PeopleCommand::Leave),
        _ => return Err(Rejection::new(Code::UnknownType).field("type").expected(TYPES)),
    };
    Ok((participant, command))
}

/// Reads whom a message names as its sender. Only a join is taken at its word, but an id that cannot be one is a client's
/// mistake in every message.
pub(super) fn named(message: &Object<'_>) -> Result<Option<ParticipantId>, Rejection> {
    const EXPECTED: &str = "a string of 1 to 128 bytes without control or invisible characters";
    const _: () = assert!(MAX_ID_BYTES == 128, "the text says so");
    let Some(id) = message.string("participantId", EXPECTED)? else { return Ok(None) };
    ParticipantId::new(&id).map(Some).map_err(|error| {
        Rejection::new(Code::BadField).field("participantId").because(error.to_string()).expected(EXPECTED)
    })
}

fn data<'text>(message: &Object<'text>) -> Result<Object<'text>, Rejection> {
    message.object("data", "data.", "an object")
}

fn join(message: &Object<'_>) -> Result<Join, Rejection> {
    let data = data(message)?;
    let currency = match data.string("currency", "a code of ISO 4217")? {
        None => None,
        Some(code) => Some(Currency::from_code(&code).map_err(|error| {
            Rejection::new(Code::BadCurrency)
                .field("data.currency")
                .because(error.to_string())
                .expected("a code of ISO 4217 such as INR")
        })?),
    };
    Ok(Join {
        name: required_if_there(message, "participantName", MAX_NAME_CHARS)?,
        phone: optional(&data, "phone", MAX_PHONE_CHARS)?,
        circle_id: label(&data, "circleId")?,
        tenant_id: label(&data, "tenantId")?,
        currency,
        charges: charge::first_charges(&data)?,
        policy: manage::policy(&data)?,
        finalize_when_ready: data.boolean("finalizeWhenReady")?,
        deadline: deadline::read_first(&data)?.map(Box::new),
    })
}

/// Which change is to be taken back, if the message says.
fn undone(message: &Object<'_>) -> Result<Option<Decimal>, Rejection> {
    if !message.has("data") {
        return Ok(None);
    }
    data(message)?.optional_number("seq", Code::BadField, "the number of your last change")
}

fn add_item(data: &Object<'_>, fresh_id: impl FnOnce() -> ItemId) -> Result<AddItem, Rejection> {
    let item = match item_id(data, "id")? {
        Some(id) => id,
        None => fresh_id(),
    };
    let dish_name = required_if_there(data, "dishName", MAX_DISH_NAME_CHARS)?
        .ok_or_else(|| data.missing("dishName", "the name of a dish"))?;
    Ok(AddItem {
        item,
        dish_name,
        dish_type: may_be_empty(data, "dishType", MAX_DISH_TYPE_CHARS)?.unwrap_or_default(),
        quantity: data.number("quantity", Code::BadQuantity, "a whole number from 1 to 999")?,
        price: data.number("price", Code::BadPrice, "a number, 0 or more")?,
        customization: may_be_empty(data, "customization", MAX_CUSTOMIZATION_CHARS)?,
        shared_by: shared_by(data)?,
    })
}

/// Who shares a dish: a list of ids, who share it equally, or an object of weights.
fn shared_by(data: &Object<'_>) -> Result<Option<SharedBy>, Rejection> {
    const EXPECTED: &str = "a list of participant ids, or an object with a weight for each";
    if let Some(ids) = data.strings("sharedBy", EXPECTED)? {
        return ids.iter().map(|id| Ok((on_bill(id)?, None))).collect::<Result<_, _>>().map(Some);
    }
    let Some(weights) = data.numbers("sharedBy", Code::BadSplit, EXPECTED)? else { return Ok(None) };
    weights
        .into_iter()
        .map(|(id, weight)| Ok((on_bill(&id)?, Some(weight))))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// An id that only somebody on the bill can have.
pub(super) fn on_bill(id: &str) -> Result<ParticipantId, Rejection> {
    ParticipantId::new(id)
        .map_err(|_| Rejection::new(Code::UnknownParticipant).expected("ids of people on the bill"))
}

fn existing_item(data: &Object<'_>) -> Result<ItemId, Rejection> {
    item_id(data, "itemId")?.ok_or_else(|| data.missing("itemId", "the id of an item on the order"))
}

pub(super) fn item_id(data: &Object<'_>, key: &'static str) -> Result<Option<ItemId>, Rejection> {
    let Some(id) = data.string(key, "a string")? else { return Ok(None) };
    ItemId::new(&id).map(Some).map_err(|error| {
        Rejection::new(Code::BadField).field(data.name(key)).because(error.to_string()).expected(format!(
            "1 to {MAX_ITEM_ID_BYTES} visible ASCII characters without quotes, angle brackets or backslash"
        ))
    })
}

fn update_split(data: &Object<'_>) -> Result<UpdateSplit, Rejection> {
    const TYPES: &str = "equal, itemized, custom, adjustments or cover";
    let kind = data.string("splitType", TYPES)?.ok_or_else(|| data.missing("splitType", TYPES))?;
    let agreed = agreed(data)?;
    let (adjusted, covered) = (data.has("adjustments"), data.has("covers"));
    match (kind.as_ref(), agreed, adjusted, covered) {
        // The state calls the last two modes custom for clients that know no other, so here they may be called so, too.
        ("adjustments", None, _, false) | ("custom", None, true, false) => adjustments(data),
        ("cover", None, false, _) | ("custom", None, false, true) => cover(data),
        ("custom", agreed, false, false) => Ok(UpdateSplit::Custom(agreed)),
        ("equal", None, false, false) => Ok(UpdateSplit::Equal),
        ("itemized", None, false, false) => Ok(UpdateSplit::Itemized),
        ("equal" | "itemized" | "custom" | "adjustments" | "cover", ..) => {
            Err(Rejection::new(Code::BadSplit)
                .field("data.splitType")
                .because("it comes with shares of another type")
                .expected("amounts, percentages or weights for custom, and none for equal and itemized"))
        }
        _ => Err(data.mistyped("splitType", TYPES)),
    }
}

fn adjustments(data: &Object<'_>) -> Result<UpdateSplit, Rejection> {
    const EXPECTED: &str = "an object with an amount for each participant id";
    let amounts = data.numbers("adjustments", Code::BadSplit, EXPECTED)?;
    let amounts = amounts.ok_or_else(|| data.missing("adjustments", EXPECTED))?;
    Ok(UpdateSplit::Adjusted(by_participant(amounts)?))
}

fn cover(data: &Object<'_>) -> Result<UpdateSplit, Rejection> {
    const EXPECTED: &str = "an object with the id of who pays for each who is covered";
    const RULES: &str = "equal or itemized";
    let covers = data.texts("covers", EXPECTED)?.ok_or_else(|| data.missing("covers", EXPECTED))?;
    let rest = match data.string("rest", RULES)?.as_deref() {
        None | Some("equal") => Rest::Equal,
        Some("itemized") => Rest::Itemized,
        Some(_) => return Err(data.mistyped("rest", RULES)),
    };
    let covers = covers.into_iter().map(|(covered, payer)| Ok((on_bill(&covered)?, on_bill(&payer)?)));
    Ok(UpdateSplit::Cover { covers: covers.collect::<Result<_, Rejection>>()?, rest })
}

fn agreed(data: &Object<'_>) -> Result<Option<AgreedShares>, Rejection> {
    let expected = "an object with a number for each participant id";
    let amounts = data.numbers("amounts", Code::BadSplit, expected)?.map(by_participant).transpose()?;
    let percentages =
        data.numbers("percentages", Code::BadSplit, expected)?.map(by_participant).transpose()?;
    let weights = data.numbers("weights", Code::BadSplit, expected)?.map(by_participant).transpose()?;
    match (amounts, percentages, weights) {
        (None, None, None) => Ok(None),
        (Some(amounts), None, None) => Ok(Some(AgreedShares::Amounts(amounts))),
        (None, Some(percentages), None) => Ok(Some(AgreedShares::Percentages(percentages))),
        (None, None, Some(weights)) => Ok(Some(AgreedShares::Weights(weights))),
        _ => Err(Rejection::new(Code::BadSplit)
            .field("data")
            .because("it gives more than one kind of share")
            .expected("one of amounts, percentages and weights")),
    }
}

pub(super) fn by_participant(numbers: Numbers<'_>) -> Result<BTreeMap<ParticipantId, Decimal>, Rejection> {
    numbers.into_iter().map(|(id, number)| Ok((on_bill(&id)?, number))).collect()
}

/// A text that may be absent, but not empty.
pub(super) fn required_if_there(
    object: &Object<'_>,
    key: &'static str,
    max: usize,
) -> Result<Option<Text>, Rejection> {
    let Some(raw) = object.string(key, "a string")? else { return Ok(None) };
    Text::clean(&raw, max).map(Some).map_err(|error| bad_text(object, key, max, &error))
}

/// A text that says nothing when it is empty.
pub(super) fn optional(
    object: &Object<'_>,
    key: &'static str,
    max: usize,
) -> Result<Option<Text>, Rejection> {
    Ok(may_be_empty(object, key, max)?.filter(|text| !text.as_str().is_empty()))
}

fn may_be_empty(object: &Object<'_>, key: &'static str, max: usize) -> Result<Option<Text>, Rejection> {
    let Some(raw) = object.string(key, "a string")? else { return Ok(None) };
    Text::clean_or_empty(&raw, max).map(Some).map_err(|error| bad_text(object, key, max, &error))
}

/// A label that is compared as it is written. An empty one says nothing.
fn label(object: &Object<'_>, key: &'static str) -> Result<Option<Text>, Rejection> {
    let raw = object.string(key, "a string")?.filter(|raw| !raw.is_empty());
    let Some(raw) = raw else { return Ok(None) };
    Text::exact(&raw, MAX_LABEL_CHARS).map(Some).map_err(|error| {
        bad_text(object, key, MAX_LABEL_CHARS, &error)
            .expected(format!("1 to {MAX_LABEL_CHARS} visible characters, without white space at the ends"))
    })
}

fn bad_text(object: &Object<'_>, key: &str, max: usize, error: &crate::value::text::TextError) -> Rejection {
    Rejection::new(Code::BadText)
        .field(object.name(key))
        .because(error.to_string())
        .expected(format!("1 to {max} visible characters"))
}
