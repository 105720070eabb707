//! Reads the beginning of a message by searching for names, without parsing JSON.
//!
//! In each broadcast the cause comes before the whole order, so a few hundred bytes
//! suffice.

/// How much of a message [`read`] needs, with the longest names that this tool uses.
pub(crate) const PREFIX_BYTES: usize = 512;

/// What a message tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// A command changed the order.
    Changed(Changed<'a>),
    /// A participant joined, with their id.
    Joined(&'a [u8]),
    /// The whole order, unasked or as the answer to a join.
    Sync,
    /// A command was refused.
    Refused,
    /// A message that the load does not use, such as presence.
    Other,
    /// Not a message of the protocol.
    Unreadable,
}

/// A change of the order's dishes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Changed<'a> {
    /// The sender of the command.
    pub(crate) by: &'a [u8],
    /// The kind of change.
    pub(crate) change: Change,
    /// The id of the dish.
    pub(crate) item: &'a [u8],
    /// The quantity after an update; otherwise 0.
    pub(crate) quantity: u64,
}

/// The kinds of changes to a dish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It was added.
    Added,
    /// It was removed.
    Removed,
    /// Its quantity changed.
    Updated,
}

/// Reads the beginning of a message.
pub(crate) fn read(prefix: &[u8]) -> Message<'_> {
    let mut cursor = Cursor(prefix);
    let Some(kind) = cursor.text(b"{\"type\":\"") else { return Message::Unreadable };
    if kind == b"event" {
        return event(cursor);
    }
    let change = match kind {
        b"quantity_updated" => Change::Updated,
        b"item_added" => Change::Added,
        b"item_removed" => Change::Removed,
        b"participant_joined" | b"welcome" => {
            return cursor.text(b",\"participantId\":\"").map_or(Message::Unreadable, Message::Joined);
        }
        b"sync" | b"state" => return Message::Sync,
        b"error" | b"reject" => return Message::Refused,
        _ => return Message::Other,
    };
    changed(cursor, change).map_or(Message::Unreadable, Message::Changed)
}

fn changed(mut cursor: Cursor<'_>, change: Change) -> Option<Changed<'_>> {
    let by = cursor.text(b",\"participantId\":\"")?;
    let item = match change {
        Change::Added => {
            cursor.skip_past(b"\"item\":{")?;
            cursor.text(b"\"id\":\"")?
        }
        Change::Removed | Change::Updated => cursor.text(b"\"itemId\":\"")?,
    };
    let quantity = match change {
        Change::Updated => cursor.number(b",\"quantity\":")?,
        Change::Added | Change::Removed => 0,
    };
    Some(Changed { by, change, item, quantity })
}

/// Reads a change as an event of `stonepot.v2`.
fn event(mut cursor: Cursor<'_>) -> Message<'_> {
    let change = match cursor.text(b",\"event\":\"") {
        Some(b"quantity_updated") => Change::Updated,
        Some(b"item_added") => Change::Added,
        Some(b"item_removed") => Change::Removed,
        Some(_) => return Message::Other,
        None => return Message::Unreadable,
    };
    let mut read = || {
        let by = cursor.text(b"\"by\":\"")?;
        let item = match change {
            Change::Added | Change::Updated => cursor.text(b"\"put\":{\"items\":{\"id\":\"")?,
            Change::Removed => cursor.text(b"\"remove\":{\"items\":\"")?,
        };
        let quantity = match change {
            Change::Updated => cursor.number(b"\"quantity\":")?,
            Change::Added | Change::Removed => 0,
        };
        Some(Changed { by, change, item, quantity })
    };
    read().map_or(Message::Unreadable, Message::Changed)
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    /// Moves past `name`: at the current place, where the server writes it, or at its next
    /// occurrence.
    fn skip_past(&mut self, name: &[u8]) -> Option<()> {
        if let Some(rest) = self.0.strip_prefix(name) {
            self.0 = rest;
            return Some(());
        }
        let at = self.0.windows(name.len()).position(|window| window == name)?;
        self.0 = self.0.get(at + name.len()..)?;
        Some(())
    }

    /// Reads the text after `name`, up to its closing quote. The ids that this tool uses need
    /// no escapes.
    fn text(&mut self, name: &[u8]) -> Option<&'a [u8]> {
        self.skip_past(name)?;
        let end = self.0.iter().position(|byte| *byte == b'"')?;
        let (text, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.get(1..)?;
        Some(text)
    }

    /// Reads the whole number after `name`.
    fn number(&mut self, name: &[u8]) -> Option<u64> {
        self.skip_past(name)?;
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_read_from_its_beginning_alone() {
        let updated = br#"{"type":"quantity_updated","participantId":"guest-1-2","participantName":"Guest 2","data":{"itemId":"dish-5","quantity":17,"orderState":{"circleId""#;
        let added = br#"{"type":"item_added","participantId":"guest-1-2","participantName":"Guest 2","data":{"item":{"id":"extra-2-4","dishName":"x"#;
        let removed = br#"{"type":"item_removed","participantId":"guest-1-2","participantName":"Guest 2","data":{"itemId":"extra-2-4","ord"#;

        let by = b"guest-1-2".as_slice();
        let extra = b"extra-2-4".as_slice();
        assert_eq!(
            read(updated),
            Message::Changed(Changed { by, change: Change::Updated, item: b"dish-5", quantity: 17 })
        );
        assert_eq!(
            read(added),
            Message::Changed(Changed { by, change: Change::Added, item: extra, quantity: 0 })
        );
        assert_eq!(
            read(removed),
            Message::Changed(Changed { by, change: Change::Removed, item: extra, quantity: 0 })
        );
    }

    #[test]
    fn each_event_is_read_as_the_same_change() {
        let updated = br#"{"type":"event","event":"quantity_updated","seq":7,"at":1,"by":"guest-1-2","put":{"items":{"id":"dish-5","dishName":"x","quantity":17,"price":1}}}"#;
        let removed = br#"{"type":"event","event":"item_removed","seq":8,"at":1,"by":"guest-1-2","remove":{"items":"extra-2-4"},"set":{}}"#;
        let by = b"guest-1-2".as_slice();
        assert_eq!(
            read(updated),
            Message::Changed(Changed { by, change: Change::Updated, item: b"dish-5", quantity: 17 })
        );
        assert_eq!(
            read(removed),
            Message::Changed(Changed { by, change: Change::Removed, item: b"extra-2-4", quantity: 0 })
        );
        assert_eq!(read(br#"{"type":"event","event":"split_updated","seq":9"#), Message::Other);
        assert_eq!(read(br#"{"type":"ack","id":"add_item-1","seq":9}"#), Message::Other);
        assert_eq!(
            read(br#"{"type":"welcome","participantId":"guest-0-1","p"#),
            Message::Joined(b"guest-0-1")
        );
    }

    #[test]
    fn what_is_no_change_is_told_apart() {
        assert_eq!(read(br#"{"type":"sync","data":{"circleId":"#), Message::Sync);
        assert_eq!(read(br#"{"type":"error","error":"no"}"#), Message::Refused);
        assert_eq!(read(br#"{"type":"presence","participantId":"a""#), Message::Other);
        assert_eq!(
            read(br#"{"type":"participant_joined","participantId":"guest-0-1","p"#),
            Message::Joined(b"guest-0-1")
        );
        assert_eq!(read(b"pong"), Message::Unreadable);
        assert_eq!(read(br#"{"type":"quantity_updated","participantId":"a"}"#), Message::Unreadable);
    }
}
