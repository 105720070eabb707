//! The walk through objects and lists, which refuses duplicate keys and bounds depth and the number of keys.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::rejection::{Code, Rejection};

/// The maximum nesting of objects and lists. The deepest message of the protocol needs 5.
pub const MAX_DEPTH: usize = 16;
/// The maximum number of keys in one object: more than one for each person who can join an
/// order.
pub const MAX_KEYS: usize = 512;
/// The number of keys to reserve room for: no message of the protocol has an object with more
/// of its own.
const USUAL_KEYS: usize = 8;

/// A key of an object, and its value as text.
pub(super) type Field<'text> = (Cow<'text, str>, &'text RawValue);

/// Checks everything nested in a value: depth, duplicate keys, numbers of keys.
pub(super) fn check(value: &RawValue, depth: usize, max_keys: usize) -> Result<(), Rejection> {
    if !value.get().starts_with(['{', '[']) {
        return Ok(());
    }
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Rejection::new(Code::TooDeep).expected(format!("at most {MAX_DEPTH} levels")));
    };
    walk(value.get(), max_keys, |inner| check(inner, depth, max_keys)).map(drop)
}

/// Calls `visit` for each value of an object or list, one level deep. Returns an object's
/// fields, sorted by key.
pub(super) fn walk<'text>(
    text: &'text str,
    max_keys: usize,
    visit: impl FnMut(&'text RawValue) -> Result<(), Rejection>,
) -> Result<Vec<Field<'text>>, Rejection> {
    let mut failure = None;
    let mut reader = serde_json::Deserializer::from_str(text);
    let fields = reader
        .deserialize_any(Entries { max_keys, visit, failure: &mut failure })
        .and_then(|fields| reader.end().map(|()| fields));
    fields.map_err(|_| failure.unwrap_or_else(|| Code::BadJson.into()))
}

struct Entries<'failure, V> {
    max_keys: usize,
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
            if fields.len() >= self.max_keys {
                let most = format!("at most {} keys", self.max_keys);
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
