//! Reading JSON strictly: no key twice, bounded nesting, numbers kept as their own text.

use std::borrow::Cow;
use std::fmt;

use rust_decimal::Decimal;
use serde::Deserializer as _;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::number::parse_number;
use crate::rejection::{Code, Rejection};

/// How deep objects and lists may be nested; the deepest message of the protocol needs 3.
pub const MAX_DEPTH: usize = 16;
/// The most keys that one object may have: more than one for each person who can join an order.
pub const MAX_KEYS: usize = 512;
/// No message of the protocol has an object with more keys of its own.
const USUAL_KEYS: usize = 8;

/// An object whose keys are known to differ. Values are still text.
pub(super) struct Object<'text> {
    /// Sorted by key.
    fields: Vec<Field<'text>>,
    /// What the object is called in an error: empty for the message itself, or for instance `data.`.
    path: &'static str,
}

type Field<'text> = (Cow<'text, str>, &'text RawValue);
/// The numbers of an object, by key.
pub(super) type Numbers<'text> = Vec<(Cow<'text, str>, Decimal)>;

impl<'text> Object<'text> {
    /// Reads a message, and checks everything nested in it.
    pub(super) fn message(text: &'text str) -> Result<Self, Rejection> {
        if !text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{') {
            return Err(match serde_json::from_str::<&RawValue>(text) {
                Ok(_) => Rejection::new(Code::NotAnObject).expected("an object with a type"),
                Err(_) => Code::BadJson.into(),
            });
        }
        let fields = walk(text, |value| check(value, MAX_DEPTH.saturating_sub(1)))?;
        Ok(Self { fields, path: "" })
    }

    /// Reads the fields of one object of a message, in which everything has been checked.
    fn of(value: &'text RawValue, path: &'static str) -> Result<Self, Rejection> {
        Ok(Self { fields: walk(value.get(), |_| Ok(()))?, path })
    }

    fn field(&self, key: &str) -> Option<&'text RawValue> {
        let place = self.fields.binary_search_by(|(name, _)| name.as_ref().cmp(key)).ok()?;
        self.fields.get(place).map(|(_, value)| *value)
    }

    /// A field's value; one that is `null` counts as absent.
    fn get(&self, key: &str) -> Option<&'text RawValue> {
        self.field(key).filter(|value| value.get() != "null")
    }

    /// The object under `key`, which the message must have.
    pub(super) fn object(
        &self,
        key: &'static str,
        path: &'static str,
        expected: &'static str,
    ) -> Result<Self, Rejection> {
        let value = self.get(key).ok_or_else(|| self.missing(key, expected))?;
        if value.get().starts_with('{') { Self::of(value, path) } else { Err(self.mistyped(key, expected)) }
    }

    /// The string under `key`, if there is one.
    pub(super) fn string(
        &self,
        key: &'static str,
        expected: &'static str,
    ) -> Result<Option<Cow<'text, str>>, Rejection> {
        let Some(value) = self.get(key) else { return Ok(None) };
        serde_json::from_str::<Borrowed<'text>>(value.get())
            .map(|text| Some(text.0))
            .map_err(|_| self.mistyped(key, expected))
    }

    /// The number under `key`, which the message must have; `code` says what is wrong with one that is none.
    pub(super) fn number(&self, key: &'static str, code: Code, expected: &str) -> Result<Decimal, Rejection> {
        let value = self.field(key).ok_or_else(|| self.missing(key, expected.to_owned()))?;
        parse_number(value.get()).map_err(|error| {
            Rejection::new(code)
                .field(self.name(key))
                .because(error.to_string())
                .expected(expected.to_owned())
        })
    }

    /// The object of numbers under `key`, if there is one.
    pub(super) fn numbers(
        &self,
        key: &'static str,
        expected: &'static str,
    ) -> Result<Option<Numbers<'text>>, Rejection> {
        let Some(value) = self.get(key) else { return Ok(None) };
        if !value.get().starts_with('{') {
            return Err(self.mistyped(key, expected));
        }
        let read = |(name, value): Field<'text>| match parse_number(value.get()) {
            Ok(number) => Ok((name, number)),
            Err(error) => Err(Rejection::new(Code::BadSplit)
                .field(self.name(key))
                .because(error.to_string())
                .expected(expected)),
        };
        Self::of(value, "")?.fields.into_iter().map(read).collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn missing(&self, key: &str, expected: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection::new(Code::MissingField).field(self.name(key)).expected(expected)
    }

    pub(super) fn mistyped(&self, key: &str, expected: &'static str) -> Rejection {
        Rejection::new(Code::BadField).field(self.name(key)).expected(expected)
    }

    pub(super) fn name(&self, key: &str) -> String {
        format!("{}{key}", self.path)
    }
}

/// A string that is borrowed from the message unless it holds escapes.
#[derive(serde::Deserialize)]
struct Borrowed<'text>(#[serde(borrow)] Cow<'text, str>);

/// Checks all that is nested in a value: depth, duplicate keys, numbers of keys.
fn check(value: &RawValue, depth: usize) -> Result<(), Rejection> {
    if !value.get().starts_with(['{', '[']) {
        return Ok(());
    }
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Rejection::new(Code::TooDeep).expected(format!("at most {MAX_DEPTH} levels")));
    };
    walk(value.get(), |inner| check(inner, depth)).map(drop)
}

/// Calls `visit` for each value of an object or list, one level deep. Gives the fields of an object, sorted.
fn walk<'text>(
    text: &'text str,
    visit: impl FnMut(&'text RawValue) -> Result<(), Rejection>,
) -> Result<Vec<Field<'text>>, Rejection> {
    let mut failure = None;
    let mut reader = serde_json::Deserializer::from_str(text);
    let fields = reader
        .deserialize_any(Entries { visit, failure: &mut failure })
        .and_then(|fields| reader.end().map(|()| fields));
    fields.map_err(|_| failure.unwrap_or_else(|| Code::BadJson.into()))
}

struct Entries<'failure, V> {
    visit: V,
    failure: &'failure mut Option<Rejection>,
}

impl<V> Entries<'_, V> {
    fn stop<E: serde::de::Error>(&mut self, rejection: Rejection) -> E {
        *self.failure = Some(rejection);
        E::custom("stopped")
    }
}

impl<'text, V> Visitor<'text> for Entries<'_, V>
where
    V: FnMut(&'text RawValue) -> Result<(), Rejection>,
{
    type Value = Vec<Field<'text>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'text>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields: Self::Value = Vec::with_capacity(USUAL_KEYS);
        while let Some(key) = map.next_key_seed(Key)? {
            let value: &'text RawValue = map.next_value()?;
            if fields.len() >= MAX_KEYS {
                let most = format!("at most {MAX_KEYS} keys");
                return Err(self.stop(Rejection::new(Code::TooManyKeys).expected(most)));
            }
            if let Err(rejection) = (self.visit)(value) {
                return Err(self.stop(rejection));
            }
            fields.push((key, value));
        }
        fields.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        if fields.iter().zip(fields.iter().skip(1)).any(|((a, _), (b, _))| a == b) {
            return Err(self.stop(Rejection::new(Code::DuplicateKey).expected("each key once")));
        }
        Ok(fields)
    }

    fn visit_seq<A: SeqAccess<'text>>(mut self, mut list: A) -> Result<Self::Value, A::Error> {
        while let Some(value) = list.next_element::<&'text RawValue>()? {
            if let Err(rejection) = (self.visit)(value) {
                return Err(self.stop(rejection));
            }
        }
        Ok(Vec::new())
    }
}

/// A key, borrowed where it holds no escapes.
struct Key;

impl<'text> DeserializeSeed<'text> for Key {
    type Value = Cow<'text, str>;

    fn deserialize<D: serde::Deserializer<'text>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'text> Visitor<'text> for Key {
    type Value = Cow<'text, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, key: &'text str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

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
