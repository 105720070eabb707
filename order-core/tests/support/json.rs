//! JSON that keeps the order of fields and the text of numbers.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    /// The number's own text.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Parses a text that must be JSON.
    pub fn parse(text: &str) -> Self {
        let raw: &RawValue = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        Self::read(raw)
    }

    fn read(raw: &RawValue) -> Self {
        let text = raw.get();
        match text.as_bytes()[0] {
            b'{' => {
                let fields: Fields<'_> = serde_json::from_str(text).unwrap();
                Self::Object(fields.0.into_iter().map(|(key, value)| (key, Self::read(value))).collect())
            }
            b'[' => {
                let entries: Vec<&RawValue> = serde_json::from_str(text).unwrap();
                Self::List(entries.into_iter().map(Self::read).collect())
            }
            // Half of a surrogate pair is not valid text, so it is kept as written.
            b'"' => Self::Text(serde_json::from_str(text).unwrap_or_else(|_| text.to_owned())),
            b't' => Self::Bool(true),
            b'f' => Self::Bool(false),
            b'n' => Self::Null,
            _ => Self::Number(text.to_owned()),
        }
    }

    /// The value under a path of keys, such as `data.orderState`.
    pub fn at(&self, path: &str) -> &Self {
        path.split('.').fold(self, |value, key| {
            value.get(key).unwrap_or_else(|| panic!("no {key} of {path} in {self:?}"))
        })
    }

    pub fn get(&self, key: &str) -> Option<&Self> {
        self.fields().iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub fn fields(&self) -> &[(String, Json)] {
        match self {
            Self::Object(fields) => fields,
            other => panic!("not an object: {other:?}"),
        }
    }

    pub fn keys(&self) -> Vec<&str> {
        self.fields().iter().map(|(key, _)| key.as_str()).collect()
    }

    pub fn list(&self) -> &[Json] {
        match self {
            Self::List(entries) => entries,
            other => panic!("not a list: {other:?}"),
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            other => panic!("not a string: {other:?}"),
        }
    }

    pub fn number(&self) -> &str {
        match self {
            Self::Number(text) => text,
            other => panic!("not a number: {other:?}"),
        }
    }

    pub fn whole(&self) -> u64 {
        self.number().parse().unwrap()
    }

    pub fn truth(&self) -> bool {
        match self {
            Self::Bool(truth) => *truth,
            other => panic!("neither true nor false: {other:?}"),
        }
    }

    /// Reads an amount's text as minor units, digit for digit, in a currency with this many
    /// decimals. The text must be the shortest one for its value.
    pub fn minor_units(&self, digits: u8) -> i64 {
        let text = self.number();
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        assert!(!whole.is_empty() && (whole == "0" || !whole.starts_with('0')), "{text}");
        assert!(!fraction.ends_with('0') && (unsigned.contains('.') != fraction.is_empty()), "{text}");
        let mut minor_units: i64 = whole.parse().unwrap();
        let mut decimals = fraction.bytes();
        for _ in 0..digits {
            let digit = decimals.next().unwrap_or(b'0');
            assert!(digit.is_ascii_digit(), "{text}");
            minor_units = minor_units * 10 + i64::from(digit - b'0');
        }
        assert_eq!(decimals.next(), None, "{text} is finer than the minor unit");
        assert!(text != "-0", "{text}");
        if text.starts_with('-') { -minor_units } else { minor_units }
    }
}

struct Fields<'text>(Vec<(String, &'text RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = map.next_entry::<String, &RawValue>()? {
            assert!(fields.iter().all(|(key, _)| *key != entry.0), "{} stands twice", entry.0);
            fields.push(entry);
        }
        Ok(Fields(fields))
    }
}
