//! Charges people's budgets for what they are answered.

use std::time::Duration;

use order_core::{ParticipantId, Rejection};
use tokio::time::{Instant, sleep};

use super::{ConnectionId, Room};
use crate::room::input::Input;

/// How much had been shown, and when, before somebody was answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    shown: usize,
    at: Instant,
}

impl Room {
    /// Whether somebody may be answered now; what they are told, if not.
    pub(super) fn may_ask(&self, connection: ConnectionId, who: &ParticipantId) -> Result<(), Rejection> {
        let known = self.members.known(connection, who);
        self.host.budgets.check(&self.key, who, known).map_err(|early| early.rejection())
    }

    /// How long somebody has to wait for what comes without being asked for, if they have to.
    pub(super) fn must_wait(&self, connection: ConnectionId, who: &ParticipantId) -> Option<Duration> {
        let known = self.members.known(connection, who);
        self.host.budgets.check(&self.key, who, known).err().map(|early| early.wait)
    }

    /// Looks before somebody is answered.
    pub(super) fn before_answer(&self) -> Before {
        Before { shown: self.shown, at: Instant::now() }
    }

    /// Counts what somebody was shown since, and the work that it made.
    pub(super) fn charge(&self, connection: ConnectionId, who: &ParticipantId, before: Before) {
        let shown = self.shown.saturating_sub(before.shown);
        let known = self.members.known(connection, who);
        self.host.budgets.charge(&self.key, who, known, shown, before.at.elapsed());
    }

    /// Counts a message of so many bytes that was written for a socket alone, and the work that it made.
    pub(super) fn charge_alone(&self, connection: ConnectionId, bytes: usize, before: Before) {
        if let Some(who) = self.members.speaker(connection) {
            let known = self.members.known(connection, who);
            self.host.budgets.charge(&self.key, who, known, bytes, before.at.elapsed());
        }
    }

    /// Takes an input again after a while. Overflow: a socket has at most one that waits.
    pub(super) fn take_later(&self, wait: Duration, input: Input) {
        let (host, key) = (self.host.clone(), self.key.clone());
        self.host.tasks.spawn(async move {
            tokio::select! {
                biased;
                // Everybody is sent away.
                () = host.tasks.drains() => return,
                () = sleep(wait) => {}
            }
            // A room that has ended has sent the socket away.
            if let Some(inputs) = host.rooms.loaded(&key) {
                let _ = inputs.send(input).await;
            }
        });
    }
}
