//! A message for everybody at the table, in which each finds their own phone number and no other.

use std::borrow::Cow;

use crate::ParticipantId;

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
    /// The number as it stands inside a JSON string.
    pub(super) escaped: String,
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
        let slot = self.phones.iter().find(|slot| slot.owner == *viewer);
        let Some((slot, (before, after))) =
            slot.and_then(|slot| Some((slot, self.text.split_at_checked(slot.at)?)))
        else {
            return Cow::Borrowed(&self.text);
        };
        Cow::Owned([before, &slot.escaped, after].concat())
    }
}
