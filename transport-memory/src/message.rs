//! A message as a client reads it.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Deserializer;
use serde_json::value::RawValue;

/// A message from the server. It is decoded only on request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    text: Bytes,
}

impl Message {
    pub(crate) fn new(text: Bytes) -> Self {
        Self { text }
    }

    /// Returns the message as received.
    pub fn text(&self) -> &str {
        // A host sends only UTF-8.
        str::from_utf8(&self.text).unwrap_or_default()
    }

    /// Returns its `type`; empty for what is not JSON, such as `pong`.
    pub fn kind(&self) -> &str {
        // A host writes it first, and no type needs escaping.
        let kind =
            self.text.strip_prefix(br#"{"type":""#).and_then(|rest| rest.split(|&byte| byte == b'"').next());
        kind.and_then(|kind| str::from_utf8(kind).ok()).unwrap_or_default()
    }

    /// Returns the order's full state, byte for byte as in a `sync`. `None`: it contains no
    /// state.
    pub fn state(&self) -> Option<Cow<'_, str>> {
        let (text, kind) = (self.text(), self.kind());
        if !STATE_AS_DATA.contains(&kind) {
            return member(text, ORDER_STATE).map(Cow::from);
        }
        let data = member(text, DATA)?;
        Some(match kind {
            // If somebody was removed, `removedBy` follows the state.
            "participant_left" => without(data, ",\"removedBy\":"),
            // The role of the joiner follows the state.
            "participant_joined" => without(data, ",\"role\":"),
            _ => Cow::from(data),
        })
    }

    /// Returns whether [`state`](Message::state) returns a state.
    pub(crate) fn has_state(&self) -> bool {
        STATE_AS_DATA.contains(&self.kind()) || self.text().contains(ORDER_STATE)
    }

    /// Returns the whole message as a JSON value; null for what is not JSON. Amounts become
    /// doubles here: for calculations, read them from [`text`](Message::text).
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.text).unwrap_or_default()
    }
}

/// The types of messages whose `data` is the state.
const STATE_AS_DATA: [&str; 6] =
    ["sync", "order_finalized", "order_expired", "order_archived", "participant_left", "participant_joined"];

const DATA: &str = "\"data\":";
const ORDER_STATE: &str = "\"orderState\":";

/// Returns the value of the first member with this key. The key includes its quotes and
/// colon: within a string the quotes would be escaped.
fn member<'text>(text: &'text str, key: &str) -> Option<&'text str> {
    let (_, rest) = text.split_once(key)?;
    let value = <&RawValue>::deserialize(&mut Deserializer::from_str(rest)).ok()?;
    Some(value.get())
}

/// Returns the object without its last member, if that begins with `last`.
fn without<'text>(object: &'text str, last: &str) -> Cow<'text, str> {
    match object.rsplit_once(last) {
        Some((before, _)) => Cow::from(format!("{before}}}")),
        None => Cow::from(object),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &'static str) -> Message {
        Message::new(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn the_state_is_read_from_wherever_a_message_carries_it() {
        for text in [
            r#"{"type":"sync","data":{"total":12.30,"seq":4},"timestamp":1}"#,
            r#"{"type":"participant_joined","data":{"total":12.30,"seq":4,"role":"owner"}}"#,
            r#"{"type":"participant_left","data":{"total":12.30,"seq":4}}"#,
            r#"{"type":"participant_left","data":{"total":12.30,"seq":4,"removedBy":"asha"}}"#,
            r#"{"type":"item_removed","data":{"itemId":"i","orderState":{"total":12.30,"seq":4}}}"#,
        ] {
            assert_eq!(message(text).state().as_deref(), Some(r#"{"total":12.30,"seq":4}"#), "{text}");
            assert!(message(text).has_state());
        }
        for text in [r#"{"type":"error","error":"no","data":{"code":"join_first"}}"#, "pong"] {
            assert_eq!((message(text).state(), message(text).has_state()), (None, false), "{text}");
        }
    }

    #[test]
    fn what_is_not_json_has_a_text_and_no_kind() {
        let pong = message("pong");
        assert_eq!((pong.text(), pong.kind(), pong.json().is_null()), ("pong", "", true));
    }
}
