//! A text message for one socket, most of which is shared with others.

use std::sync::Arc;

use bytes::Bytes;
use order_core::ParticipantId;
use order_core::wire::Frame;

/// One text message in consecutive pieces, which together are UTF-8.
///
/// What everybody at the table is sent is encoded once and never copied: a participant who
/// gave a phone number is sent the shared text before it, the number, and the shared text
/// after it. The part that does not depend on who is connected is encoded once a change,
/// for all messages that show it. What is for one socket alone is at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pieces(Box<[Bytes]>);

impl Pieces {
    fn of<const N: usize>(pieces: [Bytes; N]) -> Self {
        Self(pieces.into_iter().filter(|piece| !piece.is_empty()).collect())
    }

    /// Returns the length of the message in bytes.
    pub fn len(&self) -> usize {
        self.0.iter().fold(0, |sum, piece| sum.saturating_add(piece.len()))
    }

    /// Returns whether the message is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the pieces in order. None of them is empty.
    pub fn into_parts(self) -> Box<[Bytes]> {
        self.0
    }

    /// Returns the message in one piece; copies it unless it has only one.
    pub fn into_bytes(self) -> Bytes {
        match &*self.0 {
            [whole] => whole.clone(),
            pieces => pieces.concat().into(),
        }
    }

    /// Appends fields to the message, which is a JSON object. `fields` is JSON, with a comma
    /// before each field.
    pub(crate) fn with(self, fields: &str) -> Self {
        let mut parts = self.0.into_vec();
        if let Some(last) = parts.last_mut() {
            // Removes the closing brace.
            last.truncate(last.len().saturating_sub(1));
        }
        parts.retain(|part| !part.is_empty());
        parts.push([fields, "}"].concat().into());
        Self(parts.into())
    }
}

impl<T: Into<Bytes>> From<T> for Pieces {
    fn from(whole: T) -> Self {
        Self::of([whole.into()])
    }
}

/// A message for a table, or one mostly shared with others, ready to be queued.
#[derive(Debug)]
pub(crate) struct TableMessage {
    frame: Arc<Frame>,
    front: Bytes,
    order: Bytes,
    end: Bytes,
}

impl TableMessage {
    pub(crate) fn new(frame: Frame) -> Self {
        let frame = Arc::new(frame);
        let [_, _, end] = frame.parts();
        let end = Bytes::copy_from_slice(end.as_bytes());
        let order = frame.shared().map_or_else(Bytes::new, |text| Bytes::from_owner(text.clone()));
        Self { front: Bytes::from_owner(Front(Arc::clone(&frame))), order, end, frame }
    }

    /// Returns the length of the message for a participant without a phone number.
    pub(crate) fn len(&self) -> usize {
        self.frame.len()
    }

    /// Returns the message for `viewer`.
    pub(crate) fn to(&self, viewer: &ParticipantId) -> Pieces {
        match self.frame.own_phone(viewer) {
            Some((at, phone)) if at <= self.front.len() => Pieces::of([
                self.front.slice(..at),
                Bytes::copy_from_slice(phone.as_bytes()),
                self.front.slice(at..),
                self.order.clone(),
                self.end.clone(),
            ]),
            _ => self.to_strangers(),
        }
    }

    /// Returns the message for a participant without a phone number, or one in which no phone
    /// is ever shown.
    pub(crate) fn to_strangers(&self) -> Pieces {
        Pieces::of([self.front.clone(), self.order.clone(), self.end.clone()])
    }
}

/// Lets many sockets send one text without a copy.
struct Front(Arc<Frame>);

impl AsRef<[u8]> for Front {
    fn as_ref(&self) -> &[u8] {
        let [front, ..] = self.0.parts();
        front.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use order_core::wire::{decode_command, sync};
    use order_core::{
        Actor, Currency, Decision, ItemId, Order, OrderId, Presence, UnixMillis, commit, decide,
    };

    use super::*;

    fn asha() -> ParticipantId {
        ParticipantId::new("asha").unwrap()
    }

    /// A full state of an order that asha joined with a phone number.
    fn frame() -> Frame {
        let mut order = Order::new(OrderId::new("table-7").unwrap(), Currency::default());
        let text =
            r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{"phone":"98\"76"}}"#;
        let join = decode_command(text, || ItemId::new("unused").unwrap()).unwrap();
        let now = UnixMillis::new(1);
        let Ok(Decision::Record(fact)) = decide(&order, now, &Actor::participant(asha()), &join.command)
        else {
            panic!("nobody joined");
        };
        commit(&mut order, &fact).unwrap();
        sync(&order, &Presence::new(), now)
    }

    #[test]
    fn the_pieces_are_what_the_reader_is_to_see() {
        let frame = frame();
        let message = TableMessage::new(frame.clone());
        for reader in [asha(), ParticipantId::new("ben").unwrap()] {
            let pieces = message.to(&reader);
            let text = frame.text_for(&reader);
            assert_eq!(pieces.len(), text.len());
            assert_eq!(pieces.clone().into_parts().concat(), text.as_bytes());
            assert_eq!(pieces.into_bytes(), text.as_bytes());
        }
    }

    #[test]
    fn fields_at_the_end_leave_the_rest_shared() {
        let frame = frame();
        let message = TableMessage::new(frame.clone());
        for reader in [asha(), ParticipantId::new("ben").unwrap()] {
            let plain = message.to(&reader);
            let pieces = message.to(&reader).with(r#","a":1"#).with(r#","b":true"#);
            let text = frame.text_for(&reader);
            let expected = format!(r#"{},"a":1,"b":true}}"#, text.strip_suffix('}').unwrap());
            assert_eq!(pieces.len(), expected.len());
            assert_eq!(pieces.clone().into_parts()[0].as_ptr(), plain.into_parts()[0].as_ptr());
            assert_eq!(pieces.into_bytes(), expected.as_bytes());
        }
    }

    #[test]
    fn readers_share_what_is_the_same_for_all() {
        let message = TableMessage::new(frame());
        let [one, another] = [message.to(&asha()), message.to(&asha())].map(Pieces::into_parts);
        for piece in [0, 2, 3, 4] {
            assert_eq!(one[piece].as_ptr(), another[piece].as_ptr());
        }
        assert_eq!(message.to_strangers().into_parts()[1].as_ptr(), one[3].as_ptr());
    }

    #[test]
    fn a_message_in_one_piece_gets_fields_at_its_end() {
        assert_eq!(Pieces::from(r#"{"a":1}"#).with(r#","b":2"#).into_bytes(), r#"{"a":1,"b":2}"#);
        assert!(Pieces::from("").is_empty());
    }
}
