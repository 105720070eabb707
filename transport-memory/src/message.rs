//! A message as a client reads it.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A message from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    text: Bytes,
    kind: String,
    state: Option<String>,
}

#[derive(Deserialize, Default)]
struct Envelope<'text> {
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'text, str>>,
    #[serde(borrow)]
    data: Option<&'text RawValue>,
}

#[derive(Deserialize)]
struct WithOrderState<'text> {
    #[serde(rename = "orderState", borrow)]
    order_state: &'text RawValue,
}

impl Message {
    pub(crate) fn new(text: Bytes) -> Self {
        let envelope = serde_json::from_slice::<Envelope<'_>>(&text).unwrap_or_default();
        let kind = envelope.kind.unwrap_or_default().into_owned();
        let state = envelope.data.and_then(|data| state(&kind, data.get()));
        Self { text, kind, state }
    }

    /// The message as it came.
    pub fn text(&self) -> &str {
        // A host sends only UTF-8.
        str::from_utf8(&self.text).unwrap_or_default()
    }

    /// Its `type`; empty for what is not JSON, such as `pong`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The order's full state that it carries, byte for byte as in a `sync`; nothing when it carries none.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The whole message as a value to look into; null for what is not JSON. Amounts become doubles here: to
    /// reckon with them, read them from [`text`](Message::text).
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.text).unwrap_or_default()
    }
}

/// The state within a message's `data`.
fn state(kind: &str, data: &str) -> Option<String> {
    match kind {
        "sync" | "order_finalized" | "order_expired" | "order_archived" => Some(data.to_owned()),
        // Where somebody was removed, by whom stands beside the state, at its end.
        "participant_left" => Some(match data.rsplit_once(",\"removedBy\":") {
            Some((state, _by)) => format!("{state}}}"),
            None => data.to_owned(),
        }),
        // Beside the state, at its end, stands the role of who joined.
        "participant_joined" => {
            let (state, _role) = data.rsplit_once(",\"role\":")?;
            Some(format!("{state}}}"))
        }
        _ => Some(serde_json::from_str::<WithOrderState<'_>>(data).ok()?.order_state.get().to_owned()),
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
            assert_eq!(message(text).state(), Some(r#"{"total":12.30,"seq":4}"#), "{text}");
        }
        for text in [r#"{"type":"error","error":"no","data":{"code":"join_first"}}"#, "pong"] {
            assert_eq!(message(text).state(), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_json_has_a_text_and_no_kind() {
        let pong = message("pong");
        assert_eq!((pong.text(), pong.kind(), pong.json().is_null()), ("pong", "", true));
    }
}
