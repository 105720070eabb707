//! Parses JSON and refuses duplicate members, of which parsers disagree on which one
//! counts.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::keys_error::KeysError;

/// Parses a JSON document.
///
/// # Errors
/// When it is not JSON, or an object at any depth has a duplicate member.
pub(super) fn read(text: &str) -> Result<Value, KeysError> {
    let stands_twice = Cell::new(false);
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Strict(&stands_twice).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    read.map_err(|_| if stands_twice.get() { KeysError::Twice } else { KeysError::NotAKeySet })
}

/// Reads one value; notes whether a duplicate member stopped it.
#[derive(Clone, Copy)]
struct Strict<'a>(&'a Cell<bool>);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = object.next_key::<String>()? {
            if members.contains_key(&name) {
                self.0.set(true);
                return Err(A::Error::custom("a member appears twice"));
            }
            let value = object.next_value_seed(self)?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_serde_reads() {
        let text = r#"{"a":[1,-2,0.5,null,true,"x\u0041"],"b":{"a":{}}}"#;
        assert_eq!(read(text), Ok(serde_json::from_str(text).unwrap()));
    }

    #[test]
    fn a_member_that_stands_twice_is_refused_at_any_depth_and_however_it_is_written() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"keys":[{"d":1,"\u0064":2}]}"#, r#"[{"a":{"b":1,"c":2,"b":3}}]"#]
        {
            assert_eq!(read(text), Err(KeysError::Twice), "{text}");
        }
        for text in ["", "{", "{} {}", "{\"a\":1e999}", &"[".repeat(5_000)] {
            assert_eq!(read(text), Err(KeysError::NotAKeySet), "{text}");
        }
    }
}
