//! A socket in a room, and as whom it speaks.

use std::sync::Arc;

use order_core::ParticipantId;

use super::news::{News, Owed};
use crate::connection::outbox::Outbox;
use crate::{Access, Allowance, Door, Protocol};

/// A socket in a room.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) outbox: Arc<Outbox>,
    pub(super) protocol: Protocol,
    pub(super) owed: Owed,
    /// The participant the socket speaks as. `None` before it joins and after it leaves.
    pub(super) speaker: Option<ParticipantId>,
    /// Asked before it joins as a new participant.
    pub(super) door: Option<Door>,
    /// Asked before something is stored for it.
    pub(super) allowance: Option<Allowance>,
    /// The new participant it was last admitted as.
    pub(super) let_in: Option<ParticipantId>,
    /// Which orders the socket may join. `None`: it did not sign in.
    pub(super) access: Option<Box<Access>>,
    /// The participant it has proved to be by a resume token, or has created by joining.
    pub(super) proved: Option<ParticipantId>,
}

impl Member {
    /// Returns whether the socket has created or proved this participant, or has signed in:
    /// then it speaks only as itself.
    pub(super) fn is_known_as(&self, participant: &ParticipantId) -> bool {
        self.access.is_some() || self.proved.as_ref() == Some(participant)
    }

    /// Sends news in the protocol that the socket speaks.
    pub(super) fn send(&self, news: &News, speaker: &ParticipantId) {
        match (self.protocol, &news.v1, &news.v2) {
            (Protocol::V1, Some(message), _) => self.outbox.push(message.to(speaker)),
            (Protocol::V2, _, Some(text)) => self.outbox.push(text.clone()),
            (Protocol::V1, None, _) | (Protocol::V2, _, None) => {}
        }
    }

    /// Sends the full state. In the first protocol it includes a `token` if the socket is
    /// proved to be its participant.
    pub(super) fn catch_up(
        &self,
        state: &News,
        speaker: &ParticipantId,
        seats: bool,
        token: Option<&dyn Fn(&ParticipantId) -> String>,
    ) {
        let token = token.filter(|_| self.is_known_as(speaker));
        match (self.protocol, &state.v1, &state.v2) {
            (Protocol::V1, Some(message), _) => {
                let message = message.to(speaker);
                let message = match token {
                    Some(token) => message.with(&resume_field(&token(speaker))),
                    None => message,
                };
                self.outbox.push_state(message, seats);
            }
            (Protocol::V2, _, Some(text)) => self.outbox.push_state(text.clone(), seats),
            (Protocol::V1, None, _) | (Protocol::V2, _, None) => {}
        }
    }
}

/// Returns the field of a `sync` with a resume token. A token contains nothing to escape.
fn resume_field(token: &str) -> String {
    format!(r#","resumeToken":"{token}""#)
}
