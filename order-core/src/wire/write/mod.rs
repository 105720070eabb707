//! Writes JSON text, with fields in the order in which they are given.

pub(in crate::wire) mod charge;
pub(in crate::wire) mod deadline;
pub(in crate::wire) mod limits;

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::{Amount, Currency, Limit, Participant, Rejection};

/// JSON text under construction.
#[derive(Debug, Default)]
pub(in crate::wire) struct Writer {
    text: String,
    /// Whether the next entry needs a comma before it.
    comma: bool,
}

impl Writer {
    pub(in crate::wire) fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), comma: false }
    }

    /// Continues an object that was begun elsewhere and has a field already.
    pub(in crate::wire) fn to_go_on(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), comma: true }
    }

    pub(in crate::wire) fn into_text(self) -> String {
        self.text
    }

    /// The number of bytes written so far.
    pub(in crate::wire) fn len(&self) -> usize {
        self.text.len()
    }

    /// Begins an object; [`Writer::end_object`] ends it.
    pub(in crate::wire) fn begin_object(&mut self) {
        self.separate();
        self.text.push('{');
        self.comma = false;
    }

    pub(in crate::wire) fn end_object(&mut self) {
        self.text.push('}');
        self.comma = true;
    }

    /// Begins a list; [`Writer::end_list`] ends it.
    pub(in crate::wire) fn begin_list(&mut self) {
        self.separate();
        self.text.push('[');
        self.comma = false;
    }

    pub(in crate::wire) fn end_list(&mut self) {
        self.text.push(']');
        self.comma = true;
    }

    /// Writes a key that needs no escaping; its value comes next.
    pub(in crate::wire) fn key(&mut self, key: &'static str) {
        self.separate();
        self.text.push('"');
        self.text.push_str(key);
        self.text.push_str("\":");
        self.comma = false;
    }

    /// Writes a key that a client chose, escaped.
    pub(in crate::wire) fn foreign_key(&mut self, key: &str) {
        self.separate();
        self.quote(key);
        self.text.push(':');
        self.comma = false;
    }

    pub(in crate::wire) fn string(&mut self, value: &str) {
        self.separate();
        self.quote(value);
        self.comma = true;
    }

    /// Writes a whole number.
    pub(in crate::wire) fn whole(&mut self, value: impl itoa::Integer) {
        self.separate();
        self.text.push_str(itoa::Buffer::new().format(value));
        self.comma = true;
    }

    /// Writes an amount as a number of whole units.
    pub(in crate::wire) fn amount(&mut self, amount: Amount, currency: Currency) {
        self.separate();
        // Writing to a string cannot fail.
        let _ = amount.write(currency, &mut self.text);
        self.comma = true;
    }

    /// Writes a number or a literal as text.
    pub(in crate::wire) fn literal(&mut self, value: impl std::fmt::Display) {
        self.separate();
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{value}");
        self.comma = true;
    }

    /// Writes JSON text that does not end a value: the rest follows.
    pub(in crate::wire) fn begin_ready_made(&mut self, json: &str) {
        self.separate();
        self.text.push_str(json);
        self.comma = false;
    }

    /// Writes JSON text up to the end of a value.
    pub(in crate::wire) fn ready_made(&mut self, json: &str) {
        self.separate();
        self.text.push_str(json);
        self.comma = true;
    }

    /// Appends fields from a writer that [continues](Writer::to_go_on) an object.
    pub(in crate::wire) fn go_on(&mut self, fields: &str) {
        self.text.push_str(fields);
        self.comma = true;
    }

    pub(in crate::wire) fn string_field(&mut self, key: &'static str, value: &str) {
        self.key(key);
        self.string(value);
    }

    pub(in crate::wire) fn whole_field(&mut self, key: &'static str, value: impl itoa::Integer) {
        self.key(key);
        self.whole(value);
    }

    pub(in crate::wire) fn amount_field(&mut self, key: &'static str, amount: Amount, currency: Currency) {
        self.key(key);
        self.amount(amount, currency);
    }

    pub(in crate::wire) fn literal_field(&mut self, key: &'static str, value: impl std::fmt::Display) {
        self.key(key);
        self.literal(value);
    }

    /// Writes the fields of a rejection.
    pub(in crate::wire) fn rejection(&mut self, rejection: &Rejection) {
        self.string_field("code", rejection.code().as_str());
        self.string_field("message", &rejection.to_string());
        if let Some(field) = rejection.field_name() {
            self.string_field("field", field);
        }
        if let Some(expected) = rejection.what_was_expected() {
            self.string_field("expected", expected);
        }
        if let Some((amount, currency)) = rejection.missing_amount() {
            self.amount_field("unallocated", amount, currency);
        }
        if let Some(ms) = rejection.retry_after_ms() {
            self.whole_field("retryAfter", ms);
        }
        if let Some(Limit { limit, left, currency }) = rejection.passed_limit() {
            self.amount_field("limit", limit, currency);
            self.amount_field("left", left, currency);
        }
    }

    fn separate(&mut self) {
        if self.comma {
            self.text.push(',');
        }
    }

    fn quote(&mut self, value: &str) {
        self.text.push('"');
        match quoted(value) {
            Cow::Borrowed(plain) => self.text.push_str(plain),
            Cow::Owned(escaped) => self.text.push_str(&escaped),
        }
        self.text.push('"');
    }
}

/// Writes who added a person without a phone, and whether nobody has taken their seat. Nothing for everybody else.
pub(in crate::wire) fn added_by(json: &mut Writer, person: &Participant) {
    if let Some(by) = person.added_by() {
        json.string_field("addedBy", by.as_str());
        if person.is_vacant() {
            json.literal_field("vacant", true);
        }
    }
}

/// Escapes `value` for the inside of a JSON string.
pub(in crate::wire) fn quoted(value: &str) -> Cow<'_, str> {
    // Nearly every text needs no escaping. Looking at all of it, rather than stopping early,
    // compiles to a few wide comparisons.
    if !value.bytes().fold(false, |found, byte| found | needs_escape(byte)) {
        return Cow::Borrowed(value);
    }
    let mut escaped = String::with_capacity(value.len().saturating_mul(2));
    let mut plain_from = 0;
    for (index, byte) in value.bytes().enumerate() {
        if !needs_escape(byte) {
            continue;
        }
        escaped.push_str(value.get(plain_from..index).unwrap_or_default());
        plain_from = index.saturating_add(1);
        match byte {
            b'"' => escaped.push_str("\\\""),
            b'\\' => escaped.push_str("\\\\"),
            control => {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\u{control:04x}");
            }
        }
    }
    escaped.push_str(value.get(plain_from..).unwrap_or_default());
    Cow::Owned(escaped)
}

/// Whether a byte must be escaped in a JSON string (RFC 8259, section 7).
fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_back_as_they_were() {
        for value in ["", "plain", "\"q\" \\ / </script>", "🍛\u{200D}क", "\u{0}\u{1f}\n\t", "ends with \\"]
        {
            let mut writer = Writer::default();
            writer.string(value);
            let text = writer.into_text();
            assert_eq!(serde_json::from_str::<String>(&text).unwrap(), value, "{text}");
        }
    }
}
