//! Pages of the history: which one is asked for, and how its entries are listed.

use crate::rejection::{Code, Rejection};
use crate::wire::json::Object;
use crate::wire::write::Writer;

/// How many entries a page has when the request does not say.
const ORDINARY_PAGE: usize = 50;

/// The most entries that a page can have.
pub const MAX_HISTORY_PAGE: usize = 200;

/// A page of an order's history: its last entries, or the last ones before a given entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryPage {
    /// The page ends before this sequence number; without it, at the last entry.
    pub before: Option<u64>,
    /// The most entries that it has.
    pub limit: usize,
}

impl HistoryPage {
    /// Reads a page from the texts of an address.
    ///
    /// # Errors
    /// When one of them is not a whole number, or out of bounds.
    pub fn from_texts(before: Option<&str>, limit: Option<&str>) -> Result<Self, Rejection> {
        let number = |name: &'static str, text: Option<&str>, most: u64| match text.map(str::parse::<u64>) {
            None => Ok(None),
            Some(Ok(number)) if (1..=most).contains(&number) => Ok(Some(number)),
            Some(_) => Err(Rejection::new(Code::BadField)
                .field(name)
                .expected(format!("a whole number from 1 to {most}"))),
        };
        let limit = number("limit", limit, MAX_HISTORY_PAGE as u64)?;
        Ok(Self {
            before: number("before", before, u64::MAX)?,
            limit: limit.map_or(ORDINARY_PAGE, |limit| usize::try_from(limit).unwrap_or(MAX_HISTORY_PAGE)),
        })
    }

    /// Reads the page that a message asks for; the last one if it says nothing.
    pub(in crate::wire) fn read(message: &Object<'_>) -> Result<Self, Rejection> {
        if !message.has("data") {
            return Self::from_texts(None, None);
        }
        let data = message.object("data", "data.", "an object")?;
        let text = |key: &str| data.raw(key).filter(|raw| *raw != "null");
        Self::from_texts(text("before"), text("limit")).map_err(|rejection| {
            let field = format!("data.{}", rejection.field_name().unwrap_or_default());
            rejection.field(field)
        })
    }
}

/// Writes a page of history as a JSON document: entries as [`history_entry`](crate::wire::history_entry) gives them, oldest
/// first, and whether there are earlier ones.
pub fn history_document(entries: &[String], more: bool) -> String {
    let mut json = Writer::with_capacity(room_for(entries));
    json.begin_object();
    write_page(&mut json, entries, more);
    json.end_object();
    json.into_text()
}

/// Writes the fields of a page.
pub(in crate::wire) fn write_page(json: &mut Writer, entries: &[String], more: bool) {
    json.key("entries");
    json.begin_list();
    for entry in entries {
        json.literal(entry);
    }
    json.end_list();
    json.literal_field("more", more);
}

/// Estimates the bytes of a page, to reserve room for it.
pub(in crate::wire) fn room_for(entries: &[String]) -> usize {
    entries.iter().fold(256, |sum, entry| sum.saturating_add(entry.len()).saturating_add(1))
}
