//! Charges people's budgets for what they are answered.

use std::time::Duration;

use order_core::{ParticipantId, Rejection};
use tokio::time::{Instant, sleep};

use super::{ConnectionId, Room};
use crate::room::input::Input;

/// How many bytes had been shown, and when, before an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    shown: usize,
    at: Instant,
}

impl Room {
    /// Checks that somebody may be answered now, or returns the refusal.
    pub(super) fn may_ask(&self, connection: ConnectionId, who: &ParticipantId) -> Result<(), Rejection> {
        let known = self.members.known(connection, who);
        self.host.budgets.check(&self.key, who, known).map_err(|early| early.rejection())
    }

    /// Returns how long somebody has to wait for what is sent without a request, if they have
    /// to.
    pub(super) fn must_wait(&self, connection: ConnectionId, who: &ParticipantId) -> Option<Duration> {
        let known = self.members.known(connection, who);
        self.host.budgets.check(&self.key, who, known).err().map(|early| early.wait)
    }

    /// Notes the state before an answer, for [`Room::charge`].
    pub(super) fn before_answer(&self) -> Before {
        Before { shown: self.shown, at: Instant::now() }
    }

    /// Charges somebody for what was shown since, and for the work.
    pub(super) fn charge(&self, connection: ConnectionId, who: &ParticipantId, before: Before) {
        let shown = self.shown.saturating_sub(before.shown);
        let known = self.members.known(connection, who);
        self.host.budgets.charge(&self.key, who, known, shown, before.at.elapsed());
    }

    /// Charges for a message of this size that was written for one socket alone, and for the
    /// work.
    pub(super) fn charge_alone(&self, connection: ConnectionId, bytes: usize, before: Before) {
        if let Some(who) = self.members.speaker(connection) {
            let known = self.members.known(connection, who);
            self.host.budgets.charge(&self.key, who, known, bytes, before.at.elapsed());
        }
    }

    /// Handles an input after a delay. Overflow: each socket has at most one delayed input.
    pub(super) fn take_later(&self, wait: Duration, input: Input) {
        let (host, key) = (self.host.clone(), self.key.clone());
        self.host.tasks.spawn(async move {
            tokio::select! {
                biased;
                // Every socket is closed.
                () = host.tasks.drains() => return,
                () = sleep(wait) => {}
            }
            // If the room has ended, it has disconnected the socket.
            if let Some(inputs) = host.rooms.loaded(&key) {
                let _ = inputs.send(input).await;
            }
        });
    }
}
