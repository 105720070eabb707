//! Carrying out commands: judged in a row, stored together, shown one by one.

use std::sync::Arc;

use order_core::wire::{self, CommandId, Frame};
use order_core::{
    Actor, Code, Command, CommitError, Decision, Fact, Order, Recorded, Rejection, commit, decide,
};

use tokio::sync::oneshot;

use super::{ConnectionId, End, Room};
use crate::outbox::CloseReason;

/// Who gave a command, and where a refusal of it goes.
pub(super) enum Asker {
    /// A socket, as whoever it joined.
    Socket(ConnectionId),
    /// The back end, which is told the outcome.
    Backend(oneshot::Sender<Result<String, String>>),
}

/// A command, and who gave it.
pub(super) struct Asked {
    pub(super) by: Asker,
    pub(super) id: Option<CommandId>,
    pub(super) command: Result<Command, Rejection>,
}

/// A command that was judged.
struct Judged {
    by: Asker,
    id: Option<CommandId>,
    /// What is to happen, if anything, or why it is refused.
    outcome: Result<Option<Recorded>, Rejection>,
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
        let facts: Vec<_> =
            judged.iter().filter_map(|judged| judged.outcome.as_ref().ok()?.as_ref()).collect();
        let stored = self.store(&facts).await;
        for Judged { by, id, outcome, on_trust } in judged {
            match (outcome, stored.failure()) {
                (Ok(Some(recorded)), None) => {
                    self.commit(&recorded)?;
                    let news = self.show(&recorded);
                    if let Asker::Backend(reply) = by {
                        // Whoever asked may be gone.
                        drop(reply.send(Ok(news.text().to_owned())));
                    }
                    self.give_sockets_a_turn().await;
                }
                (Ok(Some(_)), Some(failure)) => self.answer(by, failure, id.as_ref()),
                // What was judged on top of something that was not stored may be judged wrongly.
                (Ok(None) | Err(_), Some(failure)) if on_trust => self.answer(by, failure, id.as_ref()),
                (Ok(None), _) => self.nothing_changed(by),
                (Err(rejection), _) => self.answer(by, &rejection, id.as_ref()),
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
        for Asked { by, id, command } in commands {
            let order = imagined.as_ref().unwrap_or(&self.order);
            // What is refused without a look at the order is refused whatever becomes of the others.
            let mut on_trust = false;
            let actor = match &by {
                Asker::Socket(connection) => {
                    self.members.speaker(*connection).cloned().map(Actor::participant)
                }
                Asker::Backend(_) => Some(Actor::Backend),
            };
            let decision = match (command, actor) {
                (Ok(command), Some(actor)) => {
                    on_trust = imagined.is_some();
                    decide(order, now, &actor, &command)
                }
                (Ok(_), None) => Err(Code::JoinFirst.into()),
                (Err(rejection), _) => Err(rejection),
            };
            let outcome = decision.map(|decision| match decision {
                Decision::Record(recorded) => Some(recorded),
                Decision::Unchanged => None,
            });
            if let (Ok(Some(recorded)), true) = (&outcome, many) {
                let order = imagined.get_or_insert_with(|| self.order.clone());
                commit(order, recorded).map_err(|error| self.broken(&error))?;
            }
            judged.push(Judged { by, id, outcome, on_trust });
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

    /// Shows a committed fact to everybody at the table, and says what they were shown.
    pub(super) fn show(&mut self, recorded: &Recorded) -> Arc<Frame> {
        let left = match &recorded.fact {
            Fact::Left { .. } => recorded.by.id(),
            Fact::Joined(_)
            | Fact::ItemAdded(_)
            | Fact::ItemRemoved { .. }
            | Fact::QuantityUpdated { .. }
            | Fact::ItemShared { .. }
            | Fact::ChargesSet(_)
            | Fact::TipSet { .. }
            | Fact::ServiceWaived { .. }
            | Fact::SplitUpdated { .. }
            | Fact::PaymentRecorded(_)
            | Fact::PaymentUpdated { .. }
            | Fact::PaymentRefunded { .. }
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
        news
    }

    /// Answers a command that was granted although nothing changed by it: with the full state.
    fn nothing_changed(&mut self, by: Asker) {
        match by {
            Asker::Socket(connection) => self.send_sync(connection),
            Asker::Backend(reply) => {
                let state = wire::sync(&self.order, &self.presence, self.shared.clock.now());
                // Whoever asked may be gone.
                drop(reply.send(Ok(state.text().to_owned())));
            }
        }
    }

    /// Tells whoever gave a command that it was refused.
    fn answer(&self, by: Asker, rejection: &Rejection, id: Option<&CommandId>) {
        match by {
            Asker::Socket(connection) => self.refuse(connection, rejection, id),
            // Whoever asked may be gone.
            Asker::Backend(reply) => {
                drop(reply.send(Err(wire::error(rejection, id, self.shared.clock.now()))));
            }
        }
    }

    /// Tells one socket that its message was refused.
    pub(super) fn refuse(&self, connection: ConnectionId, rejection: &Rejection, id: Option<&CommandId>) {
        tracing::debug!(room = %self.key.fingerprint(), code = rejection.code().as_str(), "refused");
        self.members.send_text(connection, wire::error(rejection, id, self.shared.clock.now()));
    }
}
