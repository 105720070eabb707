//! Who is connected now, and what they do. Presence is never stored and never moves money.

use std::collections::BTreeMap;

use crate::ParticipantId;

/// What somebody who is connected does at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Markers {
    /// They write something.
    pub typing: bool,
    /// They speak.
    pub speaking: bool,
}

/// The participants who have a connection at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Presence(BTreeMap<ParticipantId, Markers>);

impl Presence {
    /// Nobody is connected.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that somebody is connected, and says whether that is news.
    pub fn connect(&mut self, participant: &ParticipantId) -> bool {
        !self.is_online(participant) && self.0.insert(participant.clone(), Markers::default()).is_none()
    }

    /// Notes that somebody's last connection is gone, and says whether that is news.
    pub fn disconnect(&mut self, participant: &ParticipantId) -> bool {
        self.0.remove(participant).is_some()
    }

    /// Notes what somebody who is connected does, where it is said, and says whether that is news.
    pub fn mark(
        &mut self,
        participant: &ParticipantId,
        typing: Option<bool>,
        speaking: Option<bool>,
    ) -> bool {
        let Some(markers) = self.0.get_mut(participant) else { return false };
        let before = *markers;
        markers.typing = typing.unwrap_or(before.typing);
        markers.speaking = speaking.unwrap_or(before.speaking);
        *markers != before
    }

    /// Whether somebody is connected.
    pub fn is_online(&self, participant: &ParticipantId) -> bool {
        self.0.contains_key(participant)
    }

    /// What somebody does; nothing while they are not connected.
    pub fn markers(&self, participant: &ParticipantId) -> Markers {
        self.0.get(participant).copied().unwrap_or_default()
    }

    /// Who is connected, by id.
    pub fn online(&self) -> impl Iterator<Item = &ParticipantId> {
        self.0.keys()
    }
}
