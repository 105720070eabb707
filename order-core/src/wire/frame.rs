//! A message for everybody at the table, in which each finds their own phone number and no other.

use std::borrow::Cow;

use super::write::quoted;
use crate::ParticipantId;
use crate::text::Text;

/// One message's text. It is encoded once; a phone number is put in only for the person whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    text: String,
    phones: Vec<PhoneSlot>,
}

/// Where somebody's phone number belongs in a text that was written without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PhoneSlot {
    pub(super) owner: ParticipantId,
    /// The offset at which it is put in, in bytes.
    pub(super) at: usize,
    pub(super) phone: Text,
}

impl Frame {
    pub(super) fn new(text: String, phones: Vec<PhoneSlot>) -> Self {
        Self { text, phones }
    }

    /// The text for whoever has told the order no phone number; it holds nobody's.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text for one person: with their own phone number, if they told it.
    pub fn text_for(&self, viewer: &ParticipantId) -> Cow<'_, str> {
        match self.own_phone(viewer) {
            Some((at, phone)) => match self.text.split_at_checked(at) {
                Some((before, after)) => Cow::Owned([before, &phone, after].concat()),
                None => Cow::Borrowed(&self.text),
            },
            None => Cow::Borrowed(&self.text),
        }
    }

    /// Where in [`Frame::text`] one person's own phone number belongs, if they told it, and how it stands there. So the
    /// text before and after it can be sent to everybody without a copy.
    pub fn own_phone(&self, viewer: &ParticipantId) -> Option<(usize, Cow<'_, str>)> {
        let slot = self.phones.iter().find(|slot| slot.owner == *viewer)?;
        Some((slot.at, quoted(slot.phone.as_str())))
    }
}
