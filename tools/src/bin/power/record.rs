//! What a process did to its disk, in order.

use crate::Outcome;
use crate::marks::Mark;

/// Before the name and the body of an event, as `recorder.c` writes it.
const HEADER_BYTES: usize = 24;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A file got its name.
    Made(String),
    /// A file lost its name.
    Removed(String),
    /// Bytes were written, perhaps beyond the file's end.
    Wrote { name: String, at: usize, bytes: Vec<u8> },
    /// A file was made longer or shorter.
    Length { name: String, bytes: usize },
    /// A sync ended well, of what happened to the file before event `began`.
    Synced { name: String, began: usize },
    /// A sync failed, of what happened to the file before event `began`.
    SyncFailed { name: String, began: usize },
    /// The names in the folder were synced, as they were before event `began`.
    FolderSynced { began: usize },
    /// The program said something.
    Said(Mark),
    /// The process was killed, or ended. What it had written is still on its way to the disk.
    Ended,
    /// The power failed, and this seed says what was left.
    PowerFailed { luck: u64 },
}

/// The events of one process, which come after `before` others.
pub(crate) fn read(mut bytes: &[u8], before: usize) -> Outcome<Vec<Event>> {
    let mut events = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() {
        let name_bytes = usize::from(header[1]);
        let at = number(&header[8..16])?;
        let body_bytes = number(&header[16..24])?;
        // The process may have been killed in the middle of an event, which it had not begun to carry out.
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
        // What names were on their way stays on its way.
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

/// The same form again, so that a record can be kept and read back.
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
        // The recorder takes no longer names.
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
