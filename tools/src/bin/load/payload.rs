//! What the yardsticks broadcast.

/// A payload as long as the server's that begins like the server's; the rest is padding.
pub(crate) fn encoded_beforehand(label: &str, payload_bytes: usize) -> String {
    let head = format!(
        r#"{{"type":"quantity_updated","participantId":"{label}","participantName":"","data":{{"itemId":"dish-0","quantity":1,"orderState":{{"filling":""#
    );
    let tail = r#""}},"timestamp":0}"#;
    let filling = "x".repeat(payload_bytes.saturating_sub(head.len() + tail.len()));
    format!("{head}{filling}{tail}")
}
