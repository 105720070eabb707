//! A JSON object whose fields are read by key.

use std::borrow::Cow;

use rust_decimal::Decimal;
use serde_json::value::RawValue;

use super::scan::{Field, MAX_DEPTH, MAX_KEYS, check, walk};
use crate::rejection::{Code, Rejection};
use crate::value::number::{NumberError, parse_number};
use crate::value::text::Text;

/// The maximum number of keys in one object of a bill: more than one for each person who can
/// share it.
const MAX_BILL_KEYS: usize = 1_024;
/// The maximum length, in characters, of an unknown field's name that a refusal repeats.
const MAX_KEY_CHARS: usize = 60;
/// For lists that the message's own size bounds well enough.
const UNBOUNDED: (usize, Code) = (usize::MAX, Code::BadField);

/// An object without duplicate keys. Values are still text.
pub(in crate::wire) struct Object<'text> {
    /// Sorted by key.
    fields: Vec<Field<'text>>,
    path: Path,
    document: Document,
}

/// The kind of document that an object belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Document {
    /// A message of the protocol.
    Message,
    /// A bill, in which numbers may also be written as decimal strings.
    Bill,
}

impl Document {
    fn max_keys(self) -> usize {
        match self {
            Self::Message => MAX_KEYS,
            Self::Bill => MAX_BILL_KEYS,
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Message => "an object with a type",
            Self::Bill => "an object with participants, and items or a total",
        }
    }
}

/// The path of an object for errors, which precedes the name of its field.
#[derive(Debug, Clone, Copy)]
enum Path {
    /// Empty for the message itself, or for instance `data.`.
    Of(&'static str),
    /// An entry of a list: `items[3].` or, in a nested object, `data.charges[3].`
    Entry(&'static str, &'static str, usize),
}

/// The numbers of an object, by key.
pub(in crate::wire) type Numbers<'text> = Vec<(Cow<'text, str>, Decimal)>;

/// The strings of an object, by key.
pub(in crate::wire) type Texts<'text> = Vec<(Cow<'text, str>, Cow<'text, str>)>;

impl<'text> Object<'text> {
    /// Reads a message, and checks everything nested in it.
    pub(in crate::wire) fn message(text: &'text str) -> Result<Self, Rejection> {
        Self::read(text, Document::Message)
    }

    /// Reads a bill, and checks everything nested in it.
    pub(in crate::wire) fn bill(text: &'text str) -> Result<Self, Rejection> {
        Self::read(text, Document::Bill)
    }

    fn read(text: &'text str, document: Document) -> Result<Self, Rejection> {
        if !text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{') {
            return Err(match serde_json::from_str::<&RawValue>(text) {
                Ok(_) => Rejection::new(Code::NotAnObject).expected(document.expected()),
                Err(_) => Code::BadJson.into(),
            });
        }
        let max_keys = document.max_keys();
        let fields = walk(text, max_keys, |value| check(value, MAX_DEPTH.saturating_sub(1), max_keys))?;
        Ok(Self { fields, path: Path::Of(""), document })
    }

    /// Reads the fields of a nested object whose contents have been checked.
    fn nested(&self, value: &'text RawValue, path: Path) -> Result<Self, Rejection> {
        let fields = walk(value.get(), usize::MAX, |_| Ok(()))?;
        Ok(Self { fields, path, document: self.document })
    }

    /// Reads a nested value as [`Object::nested`] does. Refuses one that is not an object.
    fn checked(
        &self,
        value: &'text RawValue,
        path: Path,
        key: &str,
        expected: &'static str,
    ) -> Result<Self, Rejection> {
        if value.get().starts_with('{') {
            self.nested(value, path)
        } else {
            Err(self.mistyped(key, expected))
        }
    }

    fn parse(&self, value: &'text RawValue) -> Result<Decimal, NumberError> {
        let text = value.get();
        if self.document == Document::Bill && text.starts_with('"') {
            let text = serde_json::from_str::<Borrowed<'text>>(text);
            return parse_number(&text.map_err(|_| NumberError::NotANumber)?.0);
        }
        parse_number(text)
    }

    fn field(&self, key: &str) -> Option<&'text RawValue> {
        let place = self.fields.binary_search_by(|(name, _)| name.as_ref().cmp(key)).ok()?;
        self.fields.get(place).map(|(_, value)| *value)
    }

    /// A field's value; one that is `null` counts as absent.
    fn get(&self, key: &str) -> Option<&'text RawValue> {
        self.field(key).filter(|value| value.get() != "null")
    }

    /// The text of the value under `key`, as the sender wrote it.
    pub(in crate::wire) fn raw(&self, key: &str) -> Option<&'text str> {
        self.field(key).map(RawValue::get)
    }

    /// Reads the object under `key`, which is required.
    pub(in crate::wire) fn object(
        &self,
        key: &'static str,
        path: &'static str,
        expected: &'static str,
    ) -> Result<Self, Rejection> {
        let value = self.get(key).ok_or_else(|| self.missing(key, expected))?;
        self.checked(value, Path::Of(path), key, expected)
    }

    /// Reads the string under `key`, if there is one.
    pub(in crate::wire) fn string(
        &self,
        key: &'static str,
        expected: &'static str,
    ) -> Result<Option<Cow<'text, str>>, Rejection> {
        let Some(value) = self.get(key) else { return Ok(None) };
        serde_json::from_str::<Borrowed<'text>>(value.get())
            .map(|text| Some(text.0))
            .map_err(|_| self.mistyped(key, expected))
    }

    /// Reads the number under `key`, which is required; `code` is the error for anything else.
    pub(in crate::wire) fn number(
        &self,
        key: &'static str,
        code: Code,
        expected: &str,
    ) -> Result<Decimal, Rejection> {
        let value = self.field(key).ok_or_else(|| self.missing(key, expected.to_owned()))?;
        self.parse(value).map_err(|error| {
            Rejection::new(code)
                .field(self.name(key))
                .because(error.to_string())
                .expected(expected.to_owned())
        })
    }

    /// Reads the object of numbers under `key`, if there is one; `code` is the error for an entry
    /// that is not a number.
    pub(in crate::wire) fn numbers(
        &self,
        key: &'static str,
        code: Code,
        expected: &'static str,
    ) -> Result<Option<Numbers<'text>>, Rejection> {
        let Some(value) = self.get(key) else { return Ok(None) };
        if !value.get().starts_with('{') {
            return Err(self.mistyped(key, expected));
        }
        let read = |(name, value): Field<'text>| match self.parse(value) {
            Ok(number) => Ok((name, number)),
            Err(error) => {
                Err(Rejection::new(code).field(self.name(key)).because(error.to_string()).expected(expected))
            }
        };
        self.nested(value, Path::Of(""))?.fields.into_iter().map(read).collect::<Result<_, _>>().map(Some)
    }

    /// Whether the key exists, even with `null`.
    pub(in crate::wire) fn is_there(&self, key: &str) -> bool {
        self.field(key).is_some()
    }

    /// Whether there is a value under `key`; `null` is none.
    pub(in crate::wire) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Refuses a field other than the `known` ones, with this error. `whose` says what has the fields, such as `a tax`.
    pub(in crate::wire) fn only(&self, known: &[&str], code: Code, whose: &str) -> Result<(), Rejection> {
        match self.unknown(known) {
            None => Ok(()),
            Some(key) => Err(self.unwanted(key, code, whose, known)),
        }
    }

    /// The first field, in the order of their names, that is none of the `known` ones. It counts even if it is `null`.
    pub(in crate::wire) fn unknown(&self, known: &[&str]) -> Option<&str> {
        self.fields.iter().map(|(key, _)| key.as_ref()).find(|key| !known.contains(key))
    }

    /// The first field that is none of the `known` ones and holds an object.
    pub(in crate::wire) fn unknown_object(&self, known: &[&str]) -> Option<&str> {
        let mut others = self.fields.iter().filter(|(key, _)| !known.contains(&key.as_ref()));
        others.find(|(_, value)| value.get().starts_with('{')).map(|(key, _)| key.as_ref())
    }

    /// The refusal of a field that `whose` does not have, where the `known` ones were expected.
    pub(in crate::wire) fn unwanted(&self, key: &str, code: Code, whose: &str, known: &[&str]) -> Rejection {
        // The sender chose this name, so one that is long or has hidden characters is not repeated.
        let shown = Text::exact(key, MAX_KEY_CHARS).ok();
        let (field, because) = match &shown {
            Some(key) => (self.name(key.as_str()), format!("{whose} has no field {key}")),
            None => (self.name("").trim_end_matches('.').to_owned(), format!("{whose} has no such field")),
        };
        let refusal =
            Rejection::new(code).because(because).expected(format!("only the fields {}", known.join(", ")));
        if field.is_empty() { refusal } else { refusal.field(field) }
    }

    /// Reads the number under `key`, if there is one.
    pub(in crate::wire) fn optional_number(
        &self,
        key: &'static str,
        code: Code,
        expected: &str,
    ) -> Result<Option<Decimal>, Rejection> {
        if self.has(key) { self.number(key, code, expected).map(Some) } else { Ok(None) }
    }

    /// Reads the number under `key`, if the key exists; `null` is an error.
    pub(in crate::wire) fn number_if_there(
        &self,
        key: &'static str,
        code: Code,
        expected: &str,
    ) -> Result<Option<Decimal>, Rejection> {
        if self.is_there(key) { self.number(key, code, expected).map(Some) } else { Ok(None) }
    }

    /// Reads the boolean under `key`, if there is one.
    pub(in crate::wire) fn boolean(&self, key: &'static str) -> Result<Option<bool>, Rejection> {
        match self.get(key).map(RawValue::get) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(self.mistyped(key, "true or false")),
        }
    }

    /// Reads the value under `key`, if it is a list. One that is too long is refused as soon as
    /// that is known.
    fn list(
        &self,
        key: &'static str,
        (most, code): (usize, Code),
    ) -> Result<Option<Vec<&'text RawValue>>, Rejection> {
        let Some(value) = self.get(key).filter(|value| value.get().starts_with('[')) else { return Ok(None) };
        let mut list = Vec::new();
        walk(value.get(), usize::MAX, |entry| {
            if list.len() >= most {
                return Err(Rejection::new(code).field(self.name(key)).expected(format!("at most {most}")));
            }
            list.push(entry);
            Ok(())
        })?;
        Ok(Some(list))
    }

    /// Reads the list of numbers under `key`, if there is a value. One that is too long is refused.
    pub(in crate::wire) fn list_of_numbers(
        &self,
        key: &'static str,
        expected: &'static str,
        most: (usize, Code),
    ) -> Result<Option<Vec<Decimal>>, Rejection> {
        if !self.has(key) {
            return Ok(None);
        }
        let entries = self.list(key, most)?.ok_or_else(|| self.mistyped(key, expected))?;
        let number = |entry: &RawValue| self.parse(entry).map_err(|_| self.mistyped(key, expected));
        entries.into_iter().map(number).collect::<Result<_, _>>().map(Some)
    }

    /// Reads the list of strings under `key`, if the value is a list.
    pub(in crate::wire) fn strings(
        &self,
        key: &'static str,
        expected: &'static str,
    ) -> Result<Option<Vec<Cow<'text, str>>>, Rejection> {
        self.strings_up_to(key, expected, UNBOUNDED)
    }

    /// Reads the list of strings under `key`, if the value is a list. `bound`: the maximum length
    /// and the error for a longer list.
    pub(in crate::wire) fn strings_up_to(
        &self,
        key: &'static str,
        expected: &'static str,
        bound: (usize, Code),
    ) -> Result<Option<Vec<Cow<'text, str>>>, Rejection> {
        let Some(list) = self.list(key, bound)? else { return Ok(None) };
        let string = |value: &'text RawValue| serde_json::from_str::<Borrowed<'text>>(value.get());
        list.into_iter()
            .map(|value| string(value).map(|text| text.0).map_err(|_| self.mistyped(key, expected)))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// Reads the list of objects under `key`, if there is a value. `bound`: the maximum length and
    /// the error for a longer list. An error in an object names its index.
    pub(in crate::wire) fn entries(
        &self,
        key: &'static str,
        expected: &'static str,
        bound: (usize, Code),
    ) -> Result<Option<Vec<Self>>, Rejection> {
        if !self.has(key) {
            return Ok(None);
        }
        let list = self.list(key, bound)?.ok_or_else(|| self.mistyped(key, expected))?;
        let within = match self.path {
            Path::Of(within) => within,
            Path::Entry(..) => "",
        };
        list.into_iter()
            .enumerate()
            .map(|(place, value)| self.checked(value, Path::Entry(within, key, place), key, expected))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// Reads the object of strings under `key`, if there is one.
    pub(in crate::wire) fn texts(
        &self,
        key: &'static str,
        expected: &'static str,
    ) -> Result<Option<Texts<'text>>, Rejection> {
        let Some(value) = self.get(key) else { return Ok(None) };
        if !value.get().starts_with('{') {
            return Err(self.mistyped(key, expected));
        }
        let text = |value: &'text RawValue| serde_json::from_str::<Borrowed<'text>>(value.get());
        self.nested(value, Path::Of(""))?
            .fields
            .into_iter()
            .map(|(name, value)| Ok((name, text(value).map_err(|_| self.mistyped(key, expected))?.0)))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    pub(in crate::wire) fn missing(&self, key: &str, expected: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection::new(Code::MissingField).field(self.name(key)).expected(expected)
    }

    pub(in crate::wire) fn mistyped(&self, key: &str, expected: &'static str) -> Rejection {
        Rejection::new(Code::BadField).field(self.name(key)).expected(expected)
    }

    pub(in crate::wire) fn name(&self, key: &str) -> String {
        match self.path {
            Path::Of(path) => format!("{path}{key}"),
            Path::Entry(within, list, place) => format!("{within}{list}[{place}].{key}"),
        }
    }
}

/// A string that is borrowed from the message unless it holds escapes.
#[derive(serde::Deserialize)]
struct Borrowed<'text>(#[serde(borrow)] Cow<'text, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<Code> {
        Object::message(text).err().map(|rejection| rejection.code())
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        for text in ["", " ", "{not json", "{\"a\":1}x", "\u{FEFF}{}", "{\"a\":NaN}", "{'a':1}"] {
            assert_eq!(refusal(text), Some(Code::BadJson), "{text}");
        }
        for text in ["null", "[]", "42", "\"join\""] {
            assert_eq!(refusal(text), Some(Code::NotAnObject), "{text}");
        }
        assert_eq!(refusal(" {} "), None);
    }

    #[test]
    fn a_key_may_stand_once_in_an_object_however_it_is_written() {
        assert_eq!(refusal(r#"{"type":"a","type":"b"}"#), Some(Code::DuplicateKey));
        assert_eq!(refusal(r#"{"type":"a","\u0074ype":"b"}"#), Some(Code::DuplicateKey));
        assert_eq!(refusal(r#"{"x":{"y":[{"z":1,"z":1}]}}"#), Some(Code::DuplicateKey));
        assert_eq!(refusal(r#"{"x":{"a":1},"y":{"a":1}}"#), None);
    }

    #[test]
    fn nesting_is_bounded_without_running_out_of_stack() {
        let nested = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        assert_eq!(refusal(&nested(MAX_DEPTH)), None);
        assert_eq!(refusal(&nested(MAX_DEPTH + 1)), Some(Code::TooDeep));
        let bomb = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(refusal(&bomb), Some(Code::TooDeep));
        let keys: Vec<String> = (0..=MAX_KEYS).map(|key| format!("\"{key}\":0")).collect();
        assert_eq!(refusal(&format!("{{{}}}", keys.join(","))), Some(Code::TooManyKeys));
    }

    #[test]
    fn numbers_that_no_double_can_hold_are_read_from_their_text() {
        let object = Object::message(r#"{"a":299.99000000000001,"b":1e-400,"c":"5","d":null}"#).unwrap();
        let code = Code::BadPrice;
        assert_eq!(object.number("a", code, "x").unwrap().to_string(), "299.99000000000001");
        for key in ["b", "c", "d"] {
            assert_eq!(object.number(key, code, "x").unwrap_err().code(), code, "{key}");
        }
        assert_eq!(object.number("e", code, "x").unwrap_err().code(), Code::MissingField);
    }
}
