//! Who is connected, typing or speaking. Presence is never stored and never affects money.

use std::collections::BTreeMap;

use crate::ParticipantId;

/// What a connected participant is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Markers {
    /// Whether they are typing.
    pub typing: bool,
    /// Whether they are speaking.
    pub speaking: bool,
}

/// The participants who are connected now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Presence(BTreeMap<ParticipantId, Markers>);

impl Presence {
    /// Creates a presence with nobody connected.
    pub fn new() -> Self {
        Self::default()
    }

    /// Marks a participant as connected. Returns whether that is new.
    pub fn connect(&mut self, participant: &ParticipantId) -> bool {
        !self.is_online(participant) && self.0.insert(participant.clone(), Markers::default()).is_none()
    }

    /// Marks a participant as disconnected, once their last connection is gone. Returns whether
    /// that is new.
    pub fn disconnect(&mut self, participant: &ParticipantId) -> bool {
        self.0.remove(participant).is_some()
    }

    /// Updates what a connected participant is doing; `None` keeps a value. Returns whether
    /// anything changed.
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

    /// Whether a participant is connected.
    pub fn is_online(&self, participant: &ParticipantId) -> bool {
        self.0.contains_key(participant)
    }

    /// What a participant is doing; nothing while they are not connected.
    pub fn markers(&self, participant: &ParticipantId) -> Markers {
        self.0.get(participant).copied().unwrap_or_default()
    }

    /// The connected participants, ordered by id.
    pub fn online(&self) -> impl Iterator<Item = &ParticipantId> {
        self.0.keys()
    }
}
