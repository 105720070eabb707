//! Who is connected now. Presence is never stored and never moves money.

use std::collections::BTreeSet;

use crate::ParticipantId;

/// The participants who have a connection at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Presence(BTreeSet<ParticipantId>);

impl Presence {
    /// Nobody is connected.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that somebody is connected, and says whether that is news.
    pub fn connect(&mut self, participant: &ParticipantId) -> bool {
        !self.is_online(participant) && self.0.insert(participant.clone())
    }

    /// Notes that somebody's last connection is gone, and says whether that is news.
    pub fn disconnect(&mut self, participant: &ParticipantId) -> bool {
        self.0.remove(participant)
    }

    /// Whether somebody is connected.
    pub fn is_online(&self, participant: &ParticipantId) -> bool {
        self.0.contains(participant)
    }
}
