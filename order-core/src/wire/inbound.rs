//! Messages from clients.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::json::{Numbers, Object};
use crate::command::{AddItem, AgreedShares, Command, Join, UpdateSplit};
use crate::rejection::{Code, Rejection};
use crate::text::{
    MAX_CUSTOMIZATION_CHARS, MAX_DISH_NAME_CHARS, MAX_DISH_TYPE_CHARS, MAX_LABEL_CHARS, MAX_NAME_CHARS,
    MAX_PHONE_CHARS, Text,
};
use crate::{Currency, ItemId, MAX_ID_BYTES, MAX_ITEM_ID_BYTES, ParticipantId};

/// The longest id that a client may give a command, in bytes.
const MAX_COMMAND_ID_BYTES: usize = 64;

const TYPES: &str = "join, add_item, remove_item, update_quantity, update_split, finalize or leave";

/// The id that a client gave its command, to know the answer by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandId(String);

impl CommandId {
    /// The id as the client wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A message that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// The id to answer by, if the client gave one.
    pub id: Option<CommandId>,
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
    let id = command_id(&message).map_err(|rejection| Refused { id: None, rejection })?;
    match read(&message, fresh_id) {
        Ok((participant, command)) => Ok(Inbound { id, participant, command }),
        Err(rejection) => Err(Refused { id, rejection }),
    }
}

fn command_id(message: &Object<'_>) -> Result<Option<CommandId>, Rejection> {
    let expected = "a string of 1 to 64 bytes";
    match message.string("id", expected)? {
        None => Ok(None),
        Some(id) if (1..=MAX_COMMAND_ID_BYTES).contains(&id.len()) => Ok(Some(CommandId(id.into_owned()))),
        Some(_) => Err(message.mistyped("id", expected)),
    }
}

fn read(
    message: &Object<'_>,
    fresh_id: impl FnOnce() -> ItemId,
) -> Result<(Option<ParticipantId>, Command), Rejection> {
    let kind = message.string("type", TYPES)?.ok_or_else(|| message.missing("type", TYPES))?;
    // Only a join is taken at its word, so only there an id that cannot be is an error.
    let named = message.string("participantId", "a string")?;
    let participant = match (named, kind.as_ref()) {
        (None, "join") => return Err(message.missing("participantId", "who joins")),
        (Some(id), "join") => Some(participant(&id)?),
        (named, _) => named.and_then(|id| ParticipantId::new(&id).ok()),
    };
    let command = match kind.as_ref() {
        "join" => Command::Join(join(message)?),
        "add_item" => Command::AddItem(add_item(&data(message)?, fresh_id)?),
        "remove_item" => Command::RemoveItem { item: existing_item(&data(message)?)? },
        "update_quantity" => {
            let data = data(message)?;
            let item = existing_item(&data)?;
            let expected = "a whole number from 0 to 999";
            Command::UpdateQuantity { item, quantity: data.number("quantity", Code::BadQuantity, expected)? }
        }
        "update_split" => Command::UpdateSplit(update_split(&data(message)?)?),
        "finalize" => Command::Finalize,
        "leave" => Command::Leave,
        _ => return Err(Rejection::new(Code::UnknownType).field("type").expected(TYPES)),
    };
    Ok((participant, command))
}

fn data<'text>(message: &Object<'text>) -> Result<Object<'text>, Rejection> {
    message.object("data", "data.", "an object")
}

fn participant(id: &str) -> Result<ParticipantId, Rejection> {
    ParticipantId::new(id).map_err(|error| {
        Rejection::new(Code::BadField)
            .field("participantId")
            .because(error.to_string())
            .expected(format!("1 to {MAX_ID_BYTES} bytes without control or invisible characters"))
    })
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
        circle_id: optional(&data, "circleId", MAX_LABEL_CHARS)?,
        tenant_id: optional(&data, "tenantId", MAX_LABEL_CHARS)?,
        currency,
    })
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
    })
}

fn existing_item(data: &Object<'_>) -> Result<ItemId, Rejection> {
    item_id(data, "itemId")?.ok_or_else(|| data.missing("itemId", "the id of an item on the order"))
}

fn item_id(data: &Object<'_>, key: &'static str) -> Result<Option<ItemId>, Rejection> {
    let Some(id) = data.string(key, "a string")? else { return Ok(None) };
    ItemId::new(&id).map(Some).map_err(|error| {
        Rejection::new(Code::BadField).field(data.name(key)).because(error.to_string()).expected(format!(
            "1 to {MAX_ITEM_ID_BYTES} visible ASCII characters without quotes, angle brackets or backslash"
        ))
    })
}

fn update_split(data: &Object<'_>) -> Result<UpdateSplit, Rejection> {
    let types = "equal, itemized or custom";
    let kind = data.string("splitType", types)?.ok_or_else(|| data.missing("splitType", types))?;
    let agreed = agreed(data)?;
    match (kind.as_ref(), agreed) {
        ("equal", None) => Ok(UpdateSplit::Equal),
        ("itemized", None) => Ok(UpdateSplit::Itemized),
        ("equal" | "itemized", Some(_)) => Err(Rejection::new(Code::BadSplit)
            .field("data.splitType")
            .because("only a custom split takes amounts, percentages or weights")
            .expected("custom")),
        ("custom", agreed) => Ok(UpdateSplit::Custom(agreed)),
        _ => Err(data.mistyped("splitType", types)),
    }
}

fn agreed(data: &Object<'_>) -> Result<Option<AgreedShares>, Rejection> {
    let expected = "an object with a number for each participant id";
    let amounts = data.numbers("amounts", expected)?.map(by_participant).transpose()?;
    let percentages = data.numbers("percentages", expected)?.map(by_participant).transpose()?;
    let weights = data.numbers("weights", expected)?.map(by_participant).transpose()?;
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

fn by_participant(numbers: Numbers<'_>) -> Result<BTreeMap<ParticipantId, Decimal>, Rejection> {
    numbers
        .into_iter()
        .map(|(id, number)| match ParticipantId::new(&id) {
            Ok(id) => Ok((id, number)),
            Err(_) => Err(Rejection::new(Code::UnknownParticipant).expected("ids of people on the bill")),
        })
        .collect()
}

/// A text that may be absent, but not empty.
fn required_if_there(object: &Object<'_>, key: &'static str, max: usize) -> Result<Option<Text>, Rejection> {
    let Some(raw) = object.string(key, "a string")? else { return Ok(None) };
    Text::clean(&raw, max).map(Some).map_err(|error| bad_text(object, key, max, &error))
}

/// A text that says nothing when it is empty.
fn optional(object: &Object<'_>, key: &'static str, max: usize) -> Result<Option<Text>, Rejection> {
    Ok(may_be_empty(object, key, max)?.filter(|text| !text.as_str().is_empty()))
}

fn may_be_empty(object: &Object<'_>, key: &'static str, max: usize) -> Result<Option<Text>, Rejection> {
    let Some(raw) = object.string(key, "a string")? else { return Ok(None) };
    Text::clean_or_empty(&raw, max).map(Some).map_err(|error| bad_text(object, key, max, &error))
}

fn bad_text(object: &Object<'_>, key: &str, max: usize, error: &crate::text::TextError) -> Rejection {
    Rejection::new(Code::BadText)
        .field(object.name(key))
        .because(error.to_string())
        .expected(format!("1 to {max} visible characters"))
}
