//! The record of what a process did to its disk, in order.

use crate::Outcome;
use crate::marks::Mark;

/// The size of an event's header, before its name and body, as `recorder.c` writes it.
const HEADER_BYTES: usize = 24;

/// One recorded event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A file was created.
    Made(String),
    /// A file was removed.
    Removed(String),
    /// Bytes were written, perhaps beyond the file's end.
    Wrote { name: String, at: usize, bytes: Vec<u8> },
    /// A file was extended or truncated.
    Length { name: String, bytes: usize },
    /// A sync succeeded, for what happened to the file before event `began`.
    Synced { name: String, began: usize },
    /// A sync failed, for what happened to the file before event `began`.
    SyncFailed { name: String, began: usize },
    /// The names in the folder were synced, as of event `began`.
    FolderSynced { began: usize },
    /// The program wrote a mark.
    Said(Mark),
    /// The process was killed, or ended. What it wrote may still not be on the disk.
    Ended,
    /// The power failed; the seed determines what was left.
    PowerFailed { luck: u64 },
}

/// Reads the events of one process, which follow `before` earlier events.
pub(crate) fn read(mut bytes: &[u8], before: usize) -> Outcome<Vec<Event>> {
    let mut events = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() {
        let name_bytes = usize::from(header[1]);
        let at = number(&header[8..16])?;
        let body_bytes = number(&header[16..24])?;
        // The process may have been killed while it recorded an event, which it had not executed
        // yet.
        let (Some(name), Some(body)) =
            (rest.get(..name_bytes), rest.get(name_bytes..name_bytes + body_bytes))
        else {
            break;
        };
        bytes = &rest[name_bytes + body_bytes..];
        events.push(event(header[0], std::str::from_utf8(name)?.to_owned(), at, body, before)?);
    }
    Ok(events)
}

fn event(kind: u8, name: String, at: usize, body: &[u8], before: usize) -> Outcome<Event> {
    let began = before.wrapping_add(at);
    Ok(match (kind, name.as_str()) {
        (b'C', _) => Event::Made(name),
        (b'U', _) => Event::Removed(name),
        (b'W', _) => Event::Wrote { name, at, bytes: body.to_vec() },
        (b'T', _) => Event::Length { name, bytes: at },
        (b'S', "") => Event::FolderSynced { began },
        (b'S', _) => Event::Synced { name, began },
        // A failed sync of the folder leaves its names pending.
        (b'F', _) => Event::SyncFailed { name, began },
        (b'E', _) => Event::Ended,
        (b'P', _) => Event::PowerFailed { luck: at as u64 },
        (b'M', _) => Event::Said(Mark::read(std::str::from_utf8(body)?)?),
        _ => return Err(format!("an event of kind {kind}").into()),
    })
}

fn number(bytes: &[u8]) -> Outcome<usize> {
    Ok(usize::try_from(u64::from_le_bytes(bytes.try_into()?))?)
}

/// Writes events in the recorder's form, to be kept and read again.
pub(crate) fn write(events: &[Event]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for event in events {
        let (kind, name, at, body) = match event {
            Event::Made(name) => (b'C', name.as_str(), 0, Vec::new()),
            Event::Removed(name) => (b'U', name.as_str(), 0, Vec::new()),
            Event::Wrote { name, at, bytes } => (b'W', name.as_str(), *at as u64, bytes.clone()),
            Event::Length { name, bytes } => (b'T', name.as_str(), *bytes as u64, Vec::new()),
            Event::Synced { name, began } => (b'S', name.as_str(), *began as u64, Vec::new()),
            Event::SyncFailed { name, began } => (b'F', name.as_str(), *began as u64, Vec::new()),
            Event::FolderSynced { began } => (b'S', "", *began as u64, Vec::new()),
            Event::Said(mark) => (b'M', "", 0, mark.text().into_bytes()),
            Event::Ended => (b'E', "", 0, Vec::new()),
            Event::PowerFailed { luck } => (b'P', "", *luck, Vec::new()),
        };
        // The recorder accepts no longer names.
        bytes.extend([kind, u8::try_from(name.len()).unwrap_or(u8::MAX), 0, 0, 0, 0, 0, 0]);
        bytes.extend(at.to_le_bytes());
        bytes.extend((body.len() as u64).to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.extend(body);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_is_kept_is_read_back_as_it_was() {
        let name = || "stonepot.db".to_owned();
        let events = vec![
            Event::Made(name()),
            Event::Wrote { name: name(), at: 7, bytes: vec![1, 2, 3] },
            Event::Length { name: name(), bytes: 5 },
            Event::Synced { name: name(), began: 3 },
            Event::SyncFailed { name: name(), began: 3 },
            Event::FolderSynced { began: 4 },
            Event::Said(Mark::Shown { room: "main/a".to_owned(), seq: 9 }),
            Event::Removed(name()),
            Event::Ended,
            Event::PowerFailed { luck: u64::MAX },
        ];
        let bytes = write(&events);
        assert_eq!(read(&bytes, 0).unwrap(), events);
        assert_eq!(read(&bytes[..bytes.len() - 1], 0).unwrap(), events[..9], "the last one was cut off");
    }
}
