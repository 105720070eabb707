//! Carrying out commands: judged in a row, stored together, shown one by one.

use std::sync::Arc;

use order_core::wire::{self, CommandId};
use order_core::{
    Actor, Code, Command, CommitError, Decision, Fact, Order, Recorded, Rejection, commit, decide,
};

use super::{ConnectionId, End, Room};
use crate::outbox::CloseReason;

/// A command, and where its answer goes.
pub(super) struct Asked {
    pub(super) connection: ConnectionId,
    pub(super) id: Option<CommandId>,
    pub(super) command: Result<Command, Rejection>,
}

/// A command that was judged.
struct Judged {
    connection: ConnectionId,
    id: Option<CommandId>,
    /// What is to happen, or why it is refused.
    outcome: Result<Recorded, Rejection>,
    /// Whether it was judged as if a fact that is yet to be stored had happened.
    on_trust: bool,
}

impl Room {
    /// Judges, stores, commits and shows `commands`, and empties the list.
    pub(super) async fn run_commands(&mut self, commands: &mut Vec<Asked>) -> Result<(), End> {
        if commands.is_empty() {
            return Ok(());
        }
        let judged = self.judge(std::mem::take(commands))?;
        let facts: Vec<_> = judged.iter().filter_map(|judged| judged.outcome.as_ref().ok()).collect();
        let stored = self.store(&facts).await;
        for Judged { connection, id, outcome, on_trust } in judged {
            match (outcome, stored.failure()) {
                (Ok(recorded), None) => {
                    self.commit(&recorded)?;
                    self.show(&recorded);
                    self.give_sockets_a_turn().await;
                }
                (Ok(_), Some(failure)) => self.refuse(connection, failure, id.as_ref()),
                // What was judged on top of something that was not stored may be judged wrongly.
                (Err(_), Some(failure)) if on_trust => self.refuse(connection, failure, id.as_ref()),
                (Err(rejection), _) => self.refuse(connection, &rejection, id.as_ref()),
            }
        }
        self.recover(&stored).await
    }

    /// Judges each command as if those before it had happened. Changes nothing.
    fn judge(&self, commands: Vec<Asked>) -> Result<Vec<Judged>, End> {
        let now = self.shared.clock.now();
        let many = commands.len() > 1;
        let mut imagined: Option<Order> = None;
        let mut judged = Vec::with_capacity(commands.len());
        for Asked { connection, id, command } in commands {
            let order = imagined.as_ref().unwrap_or(&self.order);
            // What is refused without a look at the order is refused whatever becomes of the others.
            let mut on_trust = false;
            let decision = match (command, self.members.speaker(connection)) {
                (Ok(command), Some(speaker)) => {
                    on_trust = imagined.is_some();
                    decide(order, now, &Actor::participant(speaker.clone()), &command)
                }
                (Ok(_), None) => Err(Code::JoinFirst.into()),
                (Err(rejection), _) => Err(rejection),
            };
            let outcome = match decision {
                Ok(Decision::Unchanged) => continue,
                Ok(Decision::Record(recorded)) => Ok(recorded),
                Err(rejection) => Err(rejection),
            };
            if let (Ok(recorded), true) = (&outcome, many) {
                let order = imagined.get_or_insert_with(|| self.order.clone());
                commit(order, recorded).map_err(|error| self.broken(&error))?;
            }
            judged.push(Judged { connection, id, outcome, on_trust });
        }
        Ok(judged)
    }

    /// Makes a stored fact so. A decision of the core always commits; should one not, the room's memory is
    /// not to be trusted.
    pub(super) fn commit(&mut self, recorded: &Recorded) -> Result<(), End> {
        commit(&mut self.order, recorded).map_err(|error| self.broken(&error))
    }

    fn broken(&self, error: &CommitError) -> End {
        tracing::error!(room = %self.key.fingerprint(), %error, "a decision could not be committed");
        End(CloseReason::Unavailable)
    }

    /// Shows a committed fact to everybody at the table.
    pub(super) fn show(&mut self, recorded: &Recorded) {
        let left = match &recorded.fact {
            Fact::Left { .. } => Some(&recorded.by),
            Fact::Joined(_)
            | Fact::ItemAdded(_)
            | Fact::ItemRemoved { .. }
            | Fact::QuantityUpdated { .. }
            | Fact::SplitUpdated { .. }
            | Fact::Finalized => None,
        };
        if let Some(left) = left {
            self.presence.disconnect(left);
        }
        let news = Arc::new(wire::fact_message(&self.order, &self.presence, recorded));
        self.shown = self.shown.saturating_add(news.text().len());
        match left {
            Some(left) => {
                self.members.send_to_others(left, &news);
                self.members.leave(left, &news);
            }
            None => self.members.send_to_all(&news),
        }
    }

    /// Tells one socket that its message was refused.
    pub(super) fn refuse(&self, connection: ConnectionId, rejection: &Rejection, id: Option<&CommandId>) {
        tracing::debug!(room = %self.key.fingerprint(), code = rejection.code().as_str(), "refused");
        self.members.send_text(connection, wire::error(rejection, id, self.shared.clock.now()));
    }
}
