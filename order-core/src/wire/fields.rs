//! Readers of fields that several messages have: participants, items, texts, and numbers by participant.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::json::{Numbers, Object};
use crate::rejection::{Code, Rejection};
use crate::value::text::{MAX_LABEL_CHARS, Text, TextError};
use crate::{ItemId, MAX_ID_BYTES, MAX_ITEM_ID_BYTES, ParticipantId};

/// Reads `data`, which the message must have.
pub(super) fn data<'text>(message: &Object<'text>) -> Result<Object<'text>, Rejection> {
    message.object("data", "data.", "an object")
}

/// Reads the participant that a message names as its sender. Only a join is taken at its word, but an invalid id is refused in
/// every message.
pub(super) fn named(message: &Object<'_>) -> Result<Option<ParticipantId>, Rejection> {
    const EXPECTED: &str = "a string of 1 to 128 bytes without control or invisible characters";
    const _: () = assert!(MAX_ID_BYTES == 128, "the text says so");
    let Some(id) = message.string("participantId", EXPECTED)? else { return Ok(None) };
    ParticipantId::new(&id).map(Some).map_err(|error| {
        Rejection::new(Code::BadField).field("participantId").because(error.to_string()).expected(EXPECTED)
    })
}

/// Reads the participant id under `key`, which the message must have.
pub(super) fn participant(data: &Object<'_>, key: &'static str) -> Result<ParticipantId, Rejection> {
    const EXPECTED: &str = "the id of somebody who joined";
    let id = data.string(key, EXPECTED)?.ok_or_else(|| data.missing(key, EXPECTED))?;
    on_bill(&id).map_err(|rejection| rejection.field(data.name(key)).expected(EXPECTED))
}

/// Reads the id of somebody who must be on the bill.
pub(super) fn on_bill(id: &str) -> Result<ParticipantId, Rejection> {
    ParticipantId::new(id)
        .map_err(|_| Rejection::new(Code::UnknownParticipant).expected("ids of people on the bill"))
}

/// Reads the keys of an object of numbers as participant ids.
pub(super) fn by_participant(numbers: Numbers<'_>) -> Result<BTreeMap<ParticipantId, Decimal>, Rejection> {
    numbers.into_iter().map(|(id, number)| Ok((on_bill(&id)?, number))).collect()
}

/// Reads `itemId`, which the message must have.
pub(super) fn existing_item(data: &Object<'_>) -> Result<ItemId, Rejection> {
    item_id(data, "itemId")?.ok_or_else(|| data.missing("itemId", "the id of an item on the order"))
}

/// Reads the id under `key`, if it is there, of an item or of a payment, whose ids are alike.
pub(super) fn item_id(data: &Object<'_>, key: &'static str) -> Result<Option<ItemId>, Rejection> {
    let Some(id) = data.string(key, "a string")? else { return Ok(None) };
    ItemId::new(&id).map(Some).map_err(|error| {
        Rejection::new(Code::BadField).field(data.name(key)).because(error.to_string()).expected(format!(
            "1 to {MAX_ITEM_ID_BYTES} visible ASCII characters without quotes, angle brackets or backslash"
        ))
    })
}

/// Reads the boolean under `key`, which the message must have.
pub(super) fn boolean(data: &Object<'_>, key: &'static str) -> Result<bool, Rejection> {
    data.boolean(key)?.ok_or_else(|| data.missing(key, "true or false"))
}

/// Reads a text that may be absent, but not empty.
pub(super) fn required_if_there(
    object: &Object<'_>,
    key: &'static str,
    max: usize,
) -> Result<Option<Text>, Rejection> {
    let Some(raw) = object.string(key, "a string")? else { return Ok(None) };
    Text::clean(&raw, max)
        .map(Some)
        .map_err(|error| bad_text(object, key, error, format!("1 to {max} visible characters")))
}

/// Reads a text that counts as absent when it is empty.
pub(super) fn optional(
    object: &Object<'_>,
    key: &'static str,
    max: usize,
) -> Result<Option<Text>, Rejection> {
    Ok(may_be_empty(object, key, max)?.filter(|text| !text.as_str().is_empty()))
}

/// Reads a text that may be absent or empty.
pub(super) fn may_be_empty(
    object: &Object<'_>,
    key: &'static str,
    max: usize,
) -> Result<Option<Text>, Rejection> {
    let Some(raw) = object.string(key, "a string")? else { return Ok(None) };
    Text::clean_or_empty(&raw, max)
        .map(Some)
        .map_err(|error| bad_text(object, key, error, format!("at most {max} visible characters")))
}

/// Reads a label, which is compared as it is written. An empty one counts as absent.
pub(super) fn label(object: &Object<'_>, key: &'static str) -> Result<Option<Text>, Rejection> {
    let raw = object.string(key, "a string")?.filter(|raw| !raw.is_empty());
    let Some(raw) = raw else { return Ok(None) };
    Text::exact(&raw, MAX_LABEL_CHARS).map(Some).map_err(|error| {
        let expected = format!("1 to {MAX_LABEL_CHARS} visible characters, without white space at the ends");
        bad_text(object, key, error, expected)
    })
}

fn bad_text(object: &Object<'_>, key: &str, error: TextError, expected: String) -> Rejection {
    Rejection::new(Code::BadText).field(object.name(key)).because(error.to_string()).expected(expected)
}
