//! The state document of a `stonepot.v2` client, which applies events without knowing
//! anything of orders. Texts are kept as received, so that the result can be compared byte
//! for byte.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The lists whose entries are replaced one by one.
const LISTS: [&str; 3] = ["participants", "items", "payments"];

#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) seq: u64,
    /// The position in the order's history, as the server sent it; not a part of the document.
    pub(crate) cursor: String,
    /// The history it belongs to. The number increases when a log is restored or continues
    /// differently.
    pub(crate) history: u64,
    fields: Vec<(String, Field)>,
}

#[derive(Debug, Clone)]
enum Field {
    Text(String),
    /// Entries by their ids.
    List(Vec<(String, String)>),
}

impl Field {
    fn read(key: &str, value: &RawValue) -> Option<Self> {
        if !LISTS.contains(&key) {
            return Some(Self::Text(value.get().to_owned()));
        }
        let entries: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
        let entry = |entry: &RawValue| Some((id(entry)?, entry.get().to_owned()));
        Some(Self::List(entries.into_iter().map(entry).collect::<Option<_>>()?))
    }
}

impl Document {
    pub(crate) fn parse(text: &str, cursor: &str, history: u64) -> Option<Self> {
        let mut document = Self { seq: 0, cursor: cursor.to_owned(), history, fields: Vec::new() };
        for (key, value) in members(text)? {
            document.fields.push((key.to_owned(), Field::read(key, value)?));
        }
        document.seq = document.field("seq")?.parse().ok()?;
        Some(document)
    }

    /// Applies one event. `None`: it cannot be applied.
    pub(crate) fn fold(&mut self, seq: u64, cursor: &str, at: u64, change: &Change<'_>) -> Option<()> {
        for (key, value) in change.set.map_or(Some(Vec::new()), |set| members(set.get()))? {
            match self.fields.iter_mut().find(|(name, _)| name == key) {
                Some((_, field)) => *field = Field::read(key, value)?,
                // A new field is appended.
                None => self.fields.push((key.to_owned(), Field::read(key, value)?)),
            }
        }
        for (key, value) in change.put.map_or(Some(Vec::new()), |put| members(put.get()))? {
            let id = id(value)?;
            let Field::List(entries) = self.field_mut(key)? else { return None };
            match entries.iter_mut().find(|(other, _)| *other == id) {
                Some((_, text)) => value.get().clone_into(text),
                None => entries.push((id, value.get().to_owned())),
            }
        }
        for (key, value) in change.remove.map_or(Some(Vec::new()), |remove| members(remove.get()))? {
            let id: &str = serde_json::from_str(value.get()).ok()?;
            let Field::List(entries) = self.field_mut(key)? else { return None };
            entries.retain(|(other, _)| other != id);
        }
        self.seq = seq;
        cursor.clone_into(&mut self.cursor);
        for (key, number) in [("seq", seq), ("updatedAt", at)] {
            let Field::Text(text) = self.field_mut(key)? else { return None };
            *text = number.to_string();
        }
        Some(())
    }

    /// Returns the document as JSON without white space.
    pub(crate) fn text(&self) -> String {
        let mut text = String::with_capacity(1_024);
        for (place, (key, field)) in self.fields.iter().enumerate() {
            text.push(if place == 0 { '{' } else { ',' });
            text.extend(["\"", key.as_str(), "\":"]);
            match field {
                Field::Text(value) => text.push_str(value),
                Field::List(entries) => {
                    text.push('[');
                    for (place, (_, entry)) in entries.iter().enumerate() {
                        if place > 0 {
                            text.push(',');
                        }
                        text.push_str(entry);
                    }
                    text.push(']');
                }
            }
        }
        text.push('}');
        text
    }

    /// Returns the ids of the entries of a list.
    pub(crate) fn ids(&self, list: &str) -> Vec<&str> {
        let field = self.fields.iter().find(|(key, _)| key == list);
        match field {
            Some((_, Field::List(entries))) => entries.iter().map(|(id, _)| id.as_str()).collect(),
            Some((_, Field::Text(_))) | None => Vec::new(),
        }
    }

    /// Returns whether somebody is at the table, or the order is closed and can be viewed.
    pub(crate) fn sits(&self, person: &str) -> bool {
        let participants = self.fields.iter().find(|(key, _)| key == "participants");
        let Some((_, Field::List(entries))) = participants else { return false };
        let entry = entries.iter().find(|(id, _)| id == person);
        let is_there = entry.is_some_and(|(_, entry)| entry.contains("\"left\":false"));
        is_there || self.field("status") != Some("\"active\"")
    }

    /// Returns the text of a field that is not a list.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        match self.fields.iter().find(|(key, _)| key == name) {
            Some((_, Field::Text(text))) => Some(text),
            Some((_, Field::List(_))) | None => None,
        }
    }

    fn field_mut(&mut self, name: &str) -> Option<&mut Field> {
        self.fields.iter_mut().find(|(key, _)| key == name).map(|(_, field)| field)
    }
}

/// The changes of an event to the document.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Change<'text> {
    pub(crate) set: Option<&'text RawValue>,
    pub(crate) put: Option<&'text RawValue>,
    pub(crate) remove: Option<&'text RawValue>,
}

fn id(entry: &RawValue) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Entry<'text> {
        id: &'text str,
    }
    serde_json::from_str::<Entry<'_>>(entry.get()).ok().map(|entry| entry.id.to_owned())
}

/// Returns the members of an object, in order.
fn members(object: &str) -> Option<Vec<(&str, &RawValue)>> {
    struct Members<'text>(Vec<(&'text str, &'text RawValue)>);

    struct InOrder;

    impl<'de> Visitor<'de> for InOrder {
        type Value = Members<'de>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
            let mut members = Vec::with_capacity(4);
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(Members(members))
        }
    }

    impl<'de> Deserialize<'de> for Members<'de> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(InOrder)
        }
    }

    serde_json::from_str::<Members<'_>>(object).ok().map(|members| members.0)
}
