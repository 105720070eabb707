//! Carries out commands: they are judged in a row, stored together, and shown one by one.

use order_core::command::{DishCommand, PeopleCommand};
use order_core::wire::{self, history_entry};
use order_core::{
    Actor, Code, Command, CommandId, Decision, Order, OrderBounds, Recorded, Rejection, Stamp, UnixMillis,
    commit, decide, decide_once, done_before,
};
use tokio::sync::oneshot;

use super::answers::Answer;
use super::seats::not_proved;
use super::store::{Proposed, StoreFailure, Stored};
use super::timer::pending;
use super::{ConnectionId, End, Room};
use crate::connection::outgoing::CloseReason;
use crate::limits::budget::Known;

/// The sender of a command, where the answer goes.
pub(super) enum ReplyTo {
    /// A socket, which speaks as the participant that it joined as.
    Socket(ConnectionId),
    /// The back end, which is told what came of it.
    Backend(oneshot::Sender<Result<String, String>>),
}

impl ReplyTo {
    fn socket(&self) -> Option<ConnectionId> {
        match self {
            Self::Socket(connection) => Some(*connection),
            Self::Backend(_) => None,
        }
    }
}

/// A command that waits to be judged.
pub(super) struct PendingCommand {
    pub(super) reply_to: ReplyTo,
    pub(super) stamp: Option<Stamp>,
    /// The command, or why it could not be read and the id that the answer repeats.
    pub(super) command: Result<Command, (Rejection, Option<CommandId>)>,
}

impl PendingCommand {
    /// Creates an entry for a message that could not be read.
    pub(super) fn refused(connection: ConnectionId, id: Option<CommandId>, rejection: Rejection) -> Self {
        Self { reply_to: ReplyTo::Socket(connection), stamp: None, command: Err((rejection, id)) }
    }
}

/// Decides a command in the core, and refuses a fact that exceeds `bounds`.
pub(super) fn decide_within(
    bounds: &OrderBounds,
    order: &Order,
    now: UnixMillis,
    actor: &Actor,
    stamp: Option<&Stamp>,
    command: &Command,
) -> Result<Decision, Rejection> {
    let decision = match stamp {
        Some(stamp) => decide_once(order, now, actor, stamp, command)?,
        None => decide(order, now, actor, command)?,
    };
    if let Decision::Record(recorded) = &decision {
        bounds.check(order, recorded)?;
    }
    Ok(decision)
}

/// Returns whether deciding a command computes all claims or all shares.
fn looks_at_the_bill(command: &Command) -> bool {
    match command {
        Command::Dish(DishCommand::Add(add)) => add.shared_by.is_some(),
        Command::Dish(DishCommand::AddAll(dishes)) => dishes.iter().any(|dish| dish.shared_by.is_some()),
        Command::Dish(DishCommand::Correct { .. }) => true,
        Command::Dish(_)
        | Command::Charge(_)
        | Command::People(PeopleCommand::Join(_) | PeopleCommand::Leave) => false,
        // Claims, splits, payments, commands that close the order, and commands of a later core.
        _ => true,
    }
}

/// A command with its outcome.
struct Judged {
    reply_to: ReplyTo,
    id: Option<CommandId>,
    /// The answer; nothing where the command becomes a fact, once that is stored.
    answer: Option<Answer>,
    /// Whether the outcome assumes that an earlier fact of the batch gets stored.
    is_on_trust: bool,
}

/// Commands that were decided together.
struct Batch {
    judged: Vec<Judged>,
    /// The facts that are to be stored: one for each command without an answer, in their order.
    proposed: Vec<Proposed>,
    /// The position of the remembered answers before the first outcome that assumed a fact.
    /// Answers up to here hold even if storing fails.
    answered: u64,
}

impl Room {
    /// Decides, stores, commits and shows `commands`, and empties the list.
    pub(super) async fn run_commands(&mut self, commands: &mut Vec<PendingCommand>) -> Result<(), End> {
        if commands.is_empty() {
            return Ok(());
        }
        let Batch { judged, proposed, answered } = self.judge(std::mem::take(commands))?;
        let (facts, failure) = match self.store_all(proposed).await {
            Ok(facts) => (facts, None),
            Err(failure) => (Vec::new(), Some(failure)),
        };
        if failure.is_some() {
            self.answers.back_to(answered);
        }
        let mut facts = facts.into_iter();
        for Judged { reply_to, id, answer, is_on_trust } in judged {
            let id = id.as_ref();
            match (answer, failure.as_ref().map(StoreFailure::rejection)) {
                (None, None) => {
                    let fact = facts.next().ok_or_else(|| self.broken(&"a fact is missing"))?;
                    self.commit(&fact)?;
                    self.show(&fact, reply_to.socket());
                    self.happened(reply_to, id, &fact);
                    self.give_sockets_a_turn().await;
                }
                (None, Some(failure)) => self.refuse_command(reply_to, failure, id),
                // An outcome that assumed a fact which was not stored may be wrong.
                (Some(_), Some(failure)) if is_on_trust => self.refuse_command(reply_to, failure, id),
                (Some(answer), _) => self.answer(reply_to, &answer, id),
            }
        }
        if let Some(failure) = failure {
            return self.recover(failure).await;
        }
        self.snapshot_if_due();
        Ok(())
    }

    /// Decides each command as if those before it were committed. Has no visible effect.
    fn judge(&mut self, commands: Vec<PendingCommand>) -> Result<Batch, End> {
        let many = commands.len() > 1;
        let mut answered = None;
        let mut judged = Vec::with_capacity(commands.len());
        let mut proposed: Vec<Proposed> = Vec::new();
        let (mut bytes, mut link) = (0_u64, self.link);
        for PendingCommand { reply_to, stamp, command } in commands {
            let (connection, actor) = match &reply_to {
                ReplyTo::Socket(connection) => {
                    let speaker = self.members.speaker(*connection).cloned();
                    (Some(*connection), speaker.map(Actor::participant))
                }
                ReplyTo::Backend(_) => (None, Some(Actor::Backend)),
            };
            let (result, id, is_on_trust) = match (command, actor) {
                (Ok(command), Some(actor)) => {
                    let is_proved = connection.zip(actor.id()).is_some_and(|(connection, who)| {
                        self.members.known(connection, who) == Known::Proved
                    });
                    let result = self.decide(&actor, is_proved, stamp.as_ref(), &command);
                    let result = result.and_then(|recorded| {
                        // No answer to remember: there may be room later.
                        self.propose(connection, recorded, bytes, link).map_err(Answer::Refused)
                    });
                    (result, stamp.as_ref().map(Stamp::id).cloned(), !proposed.is_empty())
                }
                // A refusal that does not depend on the order holds even if storing fails.
                (Ok(_), None) => {
                    let refused = Answer::Refused(Code::JoinFirst.into());
                    (Err(refused), stamp.as_ref().map(Stamp::id).cloned(), false)
                }
                (Err((rejection, id)), _) => (Err(Answer::Refused(rejection)), id, false),
            };
            let answer = match result {
                Ok(fact) => {
                    answered.get_or_insert(self.answers.mark());
                    if many && self.ahead.is_none() {
                        self.ahead = Some(self.order.clone());
                    }
                    if let Some(ahead) = &mut self.ahead {
                        commit(ahead, &fact.recorded).map_err(|error| self.broken(&error))?;
                    }
                    bytes = bytes.saturating_add(fact.encoded.bytes.len() as u64);
                    link = fact.link;
                    proposed.push(fact);
                    None
                }
                Err(answer) => Some(answer),
            };
            judged.push(Judged { reply_to, id, answer, is_on_trust });
        }
        let answered = answered.unwrap_or(self.answers.mark());
        Ok(Batch { judged, proposed, answered })
    }

    /// Judges one command as if those that are being stored had happened: the fact that it becomes, or the answer. `is_proved`: it
    /// comes from a socket that is proved to be its participant.
    fn decide(
        &mut self,
        actor: &Actor,
        is_proved: bool,
        stamp: Option<&Stamp>,
        command: &Command,
    ) -> Result<Recorded, Answer> {
        let order = self.order_ahead();
        let now = self.host.clock.now();
        let bounds = &self.host.settings.bounds;
        // One whose id was used before is not remembered: the id is that of the first command, which may be sent again.
        if let Some(answer) = self.answered_before(order, actor, stamp).map_err(Answer::Refused)? {
            return Err(answer);
        }
        if command.needs_proof() && actor.id().is_some() && !is_proved {
            // Not remembered: the same command may come from a socket that is proved.
            return Err(Answer::Refused(not_proved()));
        }
        let size = if looks_at_the_bill(command) { order.bill_size() } else { 0 };
        let decide = || decide_within(bounds, order, now, actor, stamp, command);
        let decision = self.host.aside.run(size, decide);
        let seq = order.seq();
        if self.timer.is_late() && !matches!(decision, Ok(Decision::Repeated { .. })) {
            // It has to be decided after a change that could not be stored yet, so this refusal is
            // not remembered.
            return Err(Answer::Refused(Code::StorageUnavailable.into()));
        }
        let answer = match decision {
            Ok(Decision::Record(recorded)) => return Ok(recorded),
            Ok(Decision::Repeated { seq }) => return Err(Answer::Repeated { seq }),
            Ok(Decision::Unchanged) => Answer::Unchanged { seq },
            Err(rejection) => Answer::Refused(rejection),
        };
        self.remember(actor, stamp, answer.clone());
        Err(answer)
    }

    /// Returns the first answer to a repeated command. A stored fact takes precedence over a
    /// remembered answer.
    ///
    /// # Errors
    /// When the id was used for another command before.
    pub(super) fn answered_before(
        &self,
        order: &Order,
        actor: &Actor,
        stamp: Option<&Stamp>,
    ) -> Result<Option<Answer>, Rejection> {
        let Some(stamp) = stamp else { return Ok(None) };
        if let Some(seq) = done_before(order, actor, stamp)? {
            return Ok(Some(Answer::Repeated { seq }));
        }
        self.answers.find(actor, stamp)
    }

    /// Remembers the answer to a command that recorded no fact, unless the answer may change:
    /// after `join_first` the client may join and send the same again, and a command decided
    /// before a late change is decided again.
    pub(super) fn remember(&mut self, actor: &Actor, stamp: Option<&Stamp>, answer: Answer) {
        let may_change = matches!(&answer, Answer::Refused(rejection) if rejection.code() == Code::JoinFirst);
        if let Some(stamp) = stamp
            && !may_change
            && !self.timer.is_late()
        {
            self.answers.remember(actor, stamp, answer);
        }
    }

    /// Applies a stored fact to the order. A decision of the core always commits; should one not, the room's memory is
    /// not to be trusted.
    pub(super) fn commit(&mut self, fact: &Stored) -> Result<(), End> {
        let recorded = fact.recorded();
        let deadline = pending(&self.order);
        let entry = self.tells_history.then(|| history_entry(&self.order, recorded));
        commit(&mut self.order, recorded).map_err(|error| self.broken(&error))?;
        self.link = fact.link();
        if let Some(entry) = entry {
            let transcripts = &self.host.histories.transcripts;
            self.tells_history = transcripts.add(&self.key, recorded.seq, entry);
        }
        self.note_change(deadline);
        Ok(())
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> End {
        tracing::error!(room = %self.key.fingerprint(), %error, "a decision could not be committed");
        End(CloseReason::Unavailable)
    }

    /// Answers a command whose change was shown to the table.
    fn happened(&self, reply_to: ReplyTo, id: Option<&CommandId>, fact: &Stored) {
        match reply_to {
            ReplyTo::Socket(connection) => self.ack(connection, id, fact.recorded().seq, false),
            // The back end may have gone away.
            ReplyTo::Backend(reply) => drop(reply.send(Ok(self.frame(fact).text()))),
        }
    }

    /// Answers a command that became no new fact.
    fn answer(&mut self, reply_to: ReplyTo, answer: &Answer, id: Option<&CommandId>) {
        match answer {
            Answer::Refused(rejection) => self.refuse_command(reply_to, rejection, id),
            Answer::Unchanged { seq } => self.nothing_changed(reply_to, id, *seq, false),
            Answer::Repeated { seq } => self.nothing_changed(reply_to, id, *seq, true),
        }
    }

    /// Answers a granted command that changed nothing or, if `repeated`, had already recorded
    /// the fact `seq`. The answer is an `ack` or, for a command without an id, the full state.
    fn nothing_changed(&mut self, reply_to: ReplyTo, id: Option<&CommandId>, seq: u64, repeated: bool) {
        match (reply_to, id) {
            (ReplyTo::Socket(connection), Some(_)) => self.ack(connection, id, seq, repeated),
            (ReplyTo::Socket(connection), None) => self.answer_with_state(connection),
            (ReplyTo::Backend(reply), _) => {
                let now = self.host.clock.now();
                let state = self.aside(|| wire::sync(&self.order, &self.presence, now));
                // The back end may have gone away.
                drop(reply.send(Ok(state.text())));
            }
        }
    }

    /// Tells the sender of a command that it was refused.
    fn refuse_command(&self, reply_to: ReplyTo, rejection: &Rejection, id: Option<&CommandId>) {
        match reply_to {
            ReplyTo::Socket(connection) => self.refuse(connection, rejection, id),
            // The back end may have gone away.
            ReplyTo::Backend(reply) => {
                drop(reply.send(Err(wire::error(rejection, id, self.host.clock.now()))));
            }
        }
    }
}
