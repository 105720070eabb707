//! A text message for one socket, of which most is shared with others.

use std::sync::Arc;

use bytes::Bytes;
use order_core::ParticipantId;
use order_core::wire::Frame;

/// One text message in pieces that follow each other; together they are UTF-8.
///
/// What everybody at the table is sent is encoded once and never copied: a socket whose reader told a phone number
/// gets what stands before it, the number, and what stands after it; what the envelope says to one socket alone stands
/// at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pieces([Bytes; 4]);

impl Pieces {
    /// How many bytes the message has.
    pub fn len(&self) -> usize {
        self.0.iter().fold(0, |sum, piece| sum.saturating_add(piece.len()))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pieces in order; some may be empty.
    pub fn into_parts(self) -> [Bytes; 4] {
        self.0
    }

    /// The message in one piece, for which it is copied unless it is one already.
    pub fn into_bytes(self) -> Bytes {
        let [first, others @ ..] = &self.0;
        if others.iter().all(Bytes::is_empty) {
            return first.clone();
        }
        self.0.concat().into()
    }

    /// The message, which is a JSON object, with fields at its end. They are written as JSON, each after a comma.
    pub(crate) fn with(self, fields: &str) -> Self {
        let mut parts = self.0;
        // The brace that closes it.
        if let Some(last) = parts.iter_mut().rev().find(|part| !part.is_empty()) {
            last.truncate(last.len().saturating_sub(1));
        }
        let [first, second, third, own] = parts;
        let own = [&own, fields.as_bytes(), b"}"].concat();
        Self([first, second, third, own.into()])
    }
}

impl<T: Into<Bytes>> From<T> for Pieces {
    fn from(whole: T) -> Self {
        Self([whole.into(), Bytes::new(), Bytes::new(), Bytes::new()])
    }
}

/// A message for a table, ready to be put into the queues of its sockets.
#[derive(Debug)]
pub(crate) struct Shared {
    frame: Arc<Frame>,
    text: Bytes,
}

impl Shared {
    pub(crate) fn new(frame: &Arc<Frame>) -> Self {
        Self { frame: Arc::clone(frame), text: Bytes::from_owner(Text(Arc::clone(frame))) }
    }

    /// How many bytes the message has for whoever told no phone number.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// What `viewer` is sent.
    pub(crate) fn to(&self, viewer: &ParticipantId) -> Pieces {
        match self.frame.own_phone(viewer) {
            Some((at, phone)) if at <= self.text.len() => Pieces([
                self.text.slice(..at),
                Bytes::copy_from_slice(phone.as_bytes()),
                self.text.slice(at..),
                Bytes::new(),
            ]),
            _ => Pieces::from(self.text.clone()),
        }
    }
}

/// Lets many sockets send one text without a copy.
struct Text(Arc<Frame>);

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.0.text().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use order_core::wire::{decode, sync};
    use order_core::{
        Actor, Currency, Decision, ItemId, Order, OrderId, Presence, UnixMillis, commit, decide,
    };

    use super::*;

    fn asha() -> ParticipantId {
        ParticipantId::new("asha").unwrap()
    }

    /// A full state of an order that asha joined with a phone number.
    fn frame() -> Arc<Frame> {
        let mut order = Order::new(OrderId::new("table-7").unwrap(), Currency::default());
        let text =
            r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{"phone":"98\"76"}}"#;
        let join = decode(text, || ItemId::new("unused").unwrap()).unwrap();
        let now = UnixMillis::new(1);
        let Ok(Decision::Record(fact)) = decide(&order, now, &Actor::participant(asha()), &join.command)
        else {
            panic!("nobody joined");
        };
        commit(&mut order, &fact).unwrap();
        Arc::new(sync(&order, &Presence::new(), now))
    }

    #[test]
    fn the_pieces_are_what_the_reader_is_to_see() {
        let frame = frame();
        let shared = Shared::new(&frame);
        for reader in [asha(), ParticipantId::new("ben").unwrap()] {
            let pieces = shared.to(&reader);
            let text = frame.text_for(&reader);
            assert_eq!(pieces.len(), text.len());
            assert_eq!(pieces.clone().into_parts().concat(), text.as_bytes());
            assert_eq!(pieces.into_bytes(), text.as_bytes());
        }
    }

    #[test]
    fn fields_at_the_end_leave_the_rest_shared() {
        let frame = frame();
        let shared = Shared::new(&frame);
        for reader in [asha(), ParticipantId::new("ben").unwrap()] {
            let plain = shared.to(&reader);
            let pieces = shared.to(&reader).with(r#","a":1"#).with(r#","b":true"#);
            let text = frame.text_for(&reader);
            let expected = format!(r#"{},"a":1,"b":true}}"#, text.strip_suffix('}').unwrap());
            assert_eq!(pieces.len(), expected.len());
            assert_eq!(pieces.clone().into_parts()[0].as_ptr(), plain.into_parts()[0].as_ptr());
            assert_eq!(pieces.into_bytes(), expected.as_bytes());
        }
    }

    #[test]
    fn readers_share_what_is_the_same_for_all() {
        let shared = Shared::new(&frame());
        let [one, another] = [shared.to(&asha()), shared.to(&asha())].map(Pieces::into_parts);
        assert_eq!(one[0].as_ptr(), another[0].as_ptr());
        assert_eq!(one[2].as_ptr(), another[2].as_ptr());
    }
}
