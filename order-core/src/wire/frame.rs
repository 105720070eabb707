//! A message whose text is mostly shared: among participants, and among messages until the
//! order changes.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::write::quoted;
use crate::ParticipantId;
use crate::value::text::Text;

/// The text of one message: a front, a part that the order caches until its next change, and an
/// end. It is encoded once; a phone number is inserted only for its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    front: String,
    phones: Vec<PhoneSlot>,
    shared: Option<SharedText>,
    end: String,
}

/// Text that many messages share. A clone refers to the same memory.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedText(Arc<Box<str>>);

impl SharedText {
    /// Whether both refer to the same memory.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl From<String> for SharedText {
    fn from(text: String) -> Self {
        // Shrinking the string copies nothing; moving its bytes into the `Arc` would copy them.
        Self(Arc::new(text.into_boxed_str()))
    }
}

impl Deref for SharedText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<[u8]> for SharedText {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Display for SharedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for SharedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// Where a person's phone number is inserted into a text that was written without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PhoneSlot {
    pub(super) owner: ParticipantId,
    /// The byte offset in the front of the message at which it is inserted.
    pub(super) at: usize,
    pub(super) phone: Text,
}

impl Frame {
    pub(super) fn new(
        front: String,
        phones: Vec<PhoneSlot>,
        shared: Option<SharedText>,
        end: String,
    ) -> Self {
        Self { front, phones, shared, end }
    }

    /// Creates a message that shares nothing.
    pub(super) fn whole(text: String) -> Self {
        Self::new(text, Vec::new(), None, String::new())
    }

    /// The text without any phone number, for a viewer whose number the order does not know.
    pub fn text(&self) -> String {
        let [front, shared, end] = self.parts();
        [front, shared, end].concat()
    }

    /// The text for one viewer, with their own phone number if the order knows it.
    pub fn text_for(&self, viewer: &ParticipantId) -> String {
        let [front, shared, end] = self.parts();
        match self.own_phone(viewer) {
            Some((at, phone)) => match front.split_at_checked(at) {
                Some((before, after)) => [before, &phone, after, shared, end].concat(),
                None => self.text(),
            },
            None => self.text(),
        }
    }

    /// The length of [`Frame::text`] in bytes.
    pub fn len(&self) -> usize {
        self.parts().iter().fold(0, |sum, part| sum.saturating_add(part.len()))
    }

    /// Returns whether the message is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The parts of [`Frame::text`]: the front, the shared text, and the end.
    pub fn parts(&self) -> [&str; 3] {
        [&self.front, self.shared.as_deref().unwrap_or_default(), &self.end]
    }

    /// The text that all messages of this kind share in memory until the order changes.
    pub fn shared(&self) -> Option<&SharedText> {
        self.shared.as_ref()
    }

    /// The byte offset in the first of [`Frame::parts`] at which a viewer's own phone number is
    /// inserted, and its escaped text; `None`: the order does not know it. So the text around it
    /// can be sent to everybody without a copy.
    pub fn own_phone(&self, viewer: &ParticipantId) -> Option<(usize, Cow<'_, str>)> {
        let slot = self.phones.iter().find(|slot| slot.owner == *viewer)?;
        Some((slot.at, quoted(slot.phone.as_str())))
    }
}
