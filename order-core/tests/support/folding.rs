//! A client of `stonepot.v2` as PROTOCOL.md describes it: it applies events to a document
//! and knows nothing of orders.

use crate::support::json::Json;

/// An example of a cursor; real ones are made by the host.
pub const CURSOR: &str = "AAAAAAECABAgMEBQYHCAkKCw";

/// The state document that a client holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document(Json);

impl Document {
    pub fn parse(text: &str) -> Self {
        Self(Json::parse(text))
    }

    /// Applies one event.
    pub fn fold(&mut self, event: &str) {
        let event = Json::parse(event);
        assert_eq!(event.at("seq").whole(), self.0.at("seq").whole() + 1, "a gap");
        for (field, value) in fields(&event, "set") {
            let Json::Object(known) = &mut self.0 else { panic!("not an object") };
            match known.iter_mut().find(|(key, _)| key == field) {
                Some((_, before)) => *before = value.clone(),
                None => known.push((field.clone(), value.clone())),
            }
        }
        for (list, entry) in fields(&event, "put") {
            let Json::List(entries) = self.field(list) else { panic!("{list} is no list") };
            match entries.iter_mut().find(|other| other.at("id") == entry.at("id")) {
                Some(other) => *other = entry.clone(),
                None => entries.push(entry.clone()),
            }
        }
        for (list, id) in fields(&event, "remove") {
            let Json::List(entries) = self.field(list) else { panic!("{list} is no list") };
            entries.retain(|entry| entry.at("id") != id);
        }
        *self.field("seq") = event.at("seq").clone();
        *self.field("updatedAt") = event.at("at").clone();
    }

    /// Returns the document as JSON without white space.
    pub fn text(&self) -> String {
        let mut text = String::new();
        write(&self.0, &mut text);
        text
    }

    fn field(&mut self, name: &str) -> &mut Json {
        let Json::Object(fields) = &mut self.0 else { panic!("not an object") };
        let field = fields.iter_mut().find(|(key, _)| key == name);
        &mut field.unwrap_or_else(|| panic!("no field {name}")).1
    }
}

fn fields<'a>(event: &'a Json, part: &str) -> &'a [(String, Json)] {
    event.get(part).map(Json::fields).unwrap_or_default()
}

fn write(value: &Json, text: &mut String) {
    match value {
        Json::Null => text.push_str("null"),
        Json::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Json::Number(number) => text.push_str(number),
        Json::Text(string) => text.push_str(&serde_json::to_string(string).unwrap()),
        Json::List(entries) => {
            text.push('[');
            for (place, entry) in entries.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write(entry, text);
            }
            text.push(']');
        }
        Json::Object(fields) => {
            text.push('{');
            for (place, (key, value)) in fields.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                text.push_str(&serde_json::to_string(key).unwrap());
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
    }
}
