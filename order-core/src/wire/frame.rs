//! A message of which most is shared: with others at the table, and with other messages until the order changes.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::write::quoted;
use crate::ParticipantId;
use crate::value::text::Text;

/// One message's text: what stands before, what the order keeps until its next change, and what stands after it. It is encoded
/// once; a phone number is put in only for the person whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    front: String,
    phones: Vec<PhoneSlot>,
    shared: Option<SharedText>,
    end: String,
}

/// Text that many messages have in them. A clone is the same text in memory.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedText(Arc<Box<str>>);

impl SharedText {
    /// Whether both are the same text in memory.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl From<String> for SharedText {
    fn from(text: String) -> Self {
        // To give back what a string has too much copies nothing. To move it into the `Arc` would.
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

/// Where somebody's phone number belongs in a text that was written without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PhoneSlot {
    pub(super) owner: ParticipantId,
    /// The offset at which it is put in, in bytes, in the front of the message.
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

    /// A message of which nothing is shared with others.
    pub(super) fn whole(text: String) -> Self {
        Self::new(text, Vec::new(), None, String::new())
    }

    /// The text for whoever has told the order no phone number; it holds nobody's.
    pub fn text(&self) -> String {
        let [front, shared, end] = self.parts();
        [front, shared, end].concat()
    }

    /// The text for one person: with their own phone number, if they told it.
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

    /// How many bytes [`Frame::text`] has.
    pub fn len(&self) -> usize {
        self.parts().iter().fold(0, |sum, part| sum.saturating_add(part.len()))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The parts of [`Frame::text`]: what stands before what is shared, that, and what stands after it.
    pub fn parts(&self) -> [&str; 3] {
        [&self.front, self.shared.as_deref().unwrap_or_default(), &self.end]
    }

    /// What is the same text, in memory too, in all messages of this kind until the order changes.
    pub fn shared(&self) -> Option<&SharedText> {
        self.shared.as_ref()
    }

    /// Where in the first of [`Frame::parts`] one person's own phone number belongs, if they told it, and how it stands there.
    /// So the text before and after it can be sent to everybody without a copy.
    pub fn own_phone(&self, viewer: &ParticipantId) -> Option<(usize, Cow<'_, str>)> {
        let slot = self.phones.iter().find(|slot| slot.owner == *viewer)?;
        Some((slot.at, quoted(slot.phone.as_str())))
    }
}
