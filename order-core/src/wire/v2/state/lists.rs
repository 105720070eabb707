//! Fields that are lists, and fields that may be `null`.

use crate::value::text::Text;
use crate::wire::write::Writer;
use crate::{Participant, ParticipantId};

pub(super) fn list<T>(
    json: &mut Writer,
    key: &'static str,
    entries: impl Iterator<Item = T>,
    mut write: impl FnMut(&mut Writer, T),
) {
    json.key(key);
    json.begin_list();
    for entry in entries {
        write(json, entry);
    }
    json.end_list();
}

/// Writes a value for each of some people as a list of pairs: objects reorder keys that look
/// like numbers.
pub(super) fn pairs<'a, T: 'a>(
    json: &mut Writer,
    key: &'static str,
    entries: impl IntoIterator<Item = (&'a ParticipantId, T)>,
    mut write: impl FnMut(&mut Writer, T),
) {
    list(json, key, entries.into_iter(), |json, (id, value)| {
        json.begin_list();
        json.string(id.as_str());
        write(json, value);
        json.end_list();
    });
}

pub(super) fn text_or_null(json: &mut Writer, key: &'static str, text: Option<&Text>) {
    json.key(key);
    match text {
        Some(text) => json.string(text.as_str()),
        None => json.literal("null"),
    }
}

pub(super) fn id_or_null(json: &mut Writer, key: &'static str, person: Option<&Participant>) {
    json.key(key);
    match person {
        Some(person) => json.string(person.id().as_str()),
        None => json.literal("null"),
    }
}
