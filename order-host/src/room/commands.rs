//! Carrying out commands: judged in a row, stored together, shown one by one.

use order_core::wire::{self, history_entry};
use order_core::{
    Actor, Code, Command, CommandId, CommitError, Decision, Order, OrderBounds, Recorded, Rejection, Stamp,
    UnixMillis, commit, decide, decide_once, done_before,
};
use tokio::sync::oneshot;

use super::answers::Answer;
use super::timer::pending;
use super::{ConnectionId, End, Room};
use crate::connection::outbox::CloseReason;
use crate::log::{Link, StoredFact};

/// Who gave a command, and where the answer goes.
pub(super) enum Asker {
    /// A socket, as whoever it joined.
    Socket(ConnectionId),
    /// The back end, which is told the outcome.
    Backend(oneshot::Sender<Result<String, String>>),
}

impl Asker {
    fn socket(&self) -> Option<ConnectionId> {
        match self {
            Self::Socket(connection) => Some(*connection),
            Self::Backend(_) => None,
        }
    }
}

/// A command, and who gave it.
pub(super) struct Asked {
    pub(super) by: Asker,
    pub(super) stamp: Option<Stamp>,
    /// What is asked for; or why it could not be read, and the id to answer by.
    pub(super) command: Result<Command, (Rejection, Option<CommandId>)>,
}

impl Asked {
    /// A message of a socket that could not be read.
    pub(super) fn refused(connection: ConnectionId, id: Option<CommandId>, rejection: Rejection) -> Self {
        Self { by: Asker::Socket(connection), stamp: None, command: Err((rejection, id)) }
    }
}

/// What the core says of a command, where an order may hold no more than `bounds`.
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

/// Whether all claims, or what everybody pays, are looked at to judge a command.
fn looks_at_the_bill(command: &Command) -> bool {
    match command {
        Command::AddItem(add) => add.shared_by.is_some(),
        Command::Join(_)
        | Command::RemoveItem { .. }
        | Command::UpdateQuantity { .. }
        | Command::SetCharges(_)
        | Command::SetTip { .. }
        | Command::WaiveService { .. }
        | Command::Leave => false,
        // Claims, splits, payments, what closes the order, and what a later core may know.
        _ => true,
    }
}

/// A command that was judged.
struct Judged {
    by: Asker,
    id: Option<CommandId>,
    outcome: Outcome,
    /// Whether it was judged as if a fact that is yet to be stored had happened.
    on_trust: bool,
}

/// Commands that were judged together.
struct Batch {
    judged: Vec<Judged>,
    /// The stored forms of what is to happen, in order.
    encoded: Vec<StoredFact>,
    /// How far the answers had come before the first that was judged on trust: up to there they hold, whatever becomes of the
    /// others.
    answered: u64,
}

/// The stored forms of what is to happen.
struct Encoded {
    facts: Vec<StoredFact>,
    bytes: u64,
    /// The link of the last of them; of the last fact that is stored, as long as there is none.
    link: Link,
}

/// What a command came to that is sent again.
pub(super) enum Before {
    /// It became the fact with this sequence number.
    Happened(u64),
    /// It became no fact.
    Answered(Answer),
}

/// What a command comes to.
enum Outcome {
    /// This happens, once it is stored, with this link.
    Happens(Recorded, Link),
    /// It happened before, as the fact with this sequence number.
    Happened(u64),
    /// Granted, and nothing changes; `seq` is that of the last change when it was first asked for.
    Unchanged {
        seq: u64,
    },
    Refused(Rejection),
}

impl Room {
    /// Judges, stores, commits and shows `commands`, and empties the list.
    pub(super) async fn run_commands(&mut self, commands: &mut Vec<Asked>) -> Result<(), End> {
        if commands.is_empty() {
            return Ok(());
        }
        let Batch { judged, encoded, answered } = self.judge(std::mem::take(commands))?;
        let facts: Vec<_> = judged.iter().filter_map(|judged| judged.outcome.fact()).collect();
        let stored = self.store(&facts, encoded).await;
        if stored.failure().is_some() {
            self.answers.back_to(answered);
        }
        for Judged { by, id, outcome, on_trust } in judged {
            match (outcome, stored.failure()) {
                (Outcome::Happens(recorded, link), None) => {
                    self.commit(&recorded, link)?;
                    self.show(&recorded, by.socket());
                    self.happened(by, id.as_ref(), &recorded);
                    self.give_sockets_a_turn().await;
                }
                (Outcome::Happens(..), Some(failure)) => self.answer(by, failure, id.as_ref()),
                // What was judged on top of something that was not stored may be judged wrongly.
                (_, Some(failure)) if on_trust => self.answer(by, failure, id.as_ref()),
                (Outcome::Happened(seq), _) => self.nothing_changed(by, id.as_ref(), seq, true),
                (Outcome::Unchanged { seq }, _) => self.nothing_changed(by, id.as_ref(), seq, false),
                (Outcome::Refused(rejection), _) => self.answer(by, &rejection, id.as_ref()),
            }
        }
        self.recover(&stored).await
    }

    /// Judges each command as if those before it had happened. Changes nothing that anybody sees.
    fn judge(&mut self, commands: Vec<Asked>) -> Result<Batch, End> {
        let many = commands.len() > 1;
        let mut any_before = false;
        let mut answered = None;
        let mut judged = Vec::with_capacity(commands.len());
        let mut encoded = Encoded { facts: Vec::new(), bytes: 0, link: self.link };
        for Asked { by, stamp, command } in commands {
            let (connection, actor) = match &by {
                Asker::Socket(connection) => {
                    let speaker = self.members.speaker(*connection).cloned();
                    (Some(*connection), speaker.map(Actor::participant))
                }
                Asker::Backend(_) => (None, Some(Actor::Backend)),
            };
            let (outcome, id, on_trust) = match (command, actor) {
                (Ok(command), Some(actor)) => {
                    let outcome = self.decide(&actor, stamp.as_ref(), &command, connection, &mut encoded);
                    (outcome, stamp.as_ref().map(Stamp::id).cloned(), any_before)
                }
                // What is refused without a look at the order is refused whatever becomes of the others.
                (Ok(_), None) => {
                    (Outcome::Refused(Code::JoinFirst.into()), stamp.as_ref().map(Stamp::id).cloned(), false)
                }
                (Err((rejection, id)), _) => (Outcome::Refused(rejection), id, false),
            };
            if let Outcome::Happens(recorded, _) = &outcome {
                any_before = true;
                answered.get_or_insert(self.answers.mark());
                if many && self.ahead.is_none() {
                    self.ahead = Some(self.order.clone());
                }
                if let Some(ahead) = &mut self.ahead {
                    commit(ahead, recorded).map_err(|error| self.broken(&error))?;
                }
            }
            judged.push(Judged { by, id, outcome, on_trust });
        }
        let answered = answered.unwrap_or(self.answers.mark());
        Ok(Batch { judged, encoded: encoded.facts, answered })
    }

    /// Adds the stored form of what is to happen to `encoded`; or refuses it, where there is no room for it.
    fn encode(
        &mut self,
        recorded: Recorded,
        connection: Option<ConnectionId>,
        encoded: &mut Encoded,
    ) -> Outcome {
        match self.encode_within_bounds(connection, &recorded, encoded.bytes, encoded.link) {
            Ok((fact, link)) => {
                encoded.bytes = encoded.bytes.saturating_add(fact.bytes.len() as u64);
                encoded.link = link;
                encoded.facts.push(fact);
                Outcome::Happens(recorded, link)
            }
            // No answer to last: there may be room later.
            Err(rejection) => Outcome::Refused(rejection),
        }
    }

    /// Judges one command as if those that are being stored had happened. What is to happen is added to `encoded`.
    fn decide(
        &mut self,
        actor: &Actor,
        stamp: Option<&Stamp>,
        command: &Command,
        connection: Option<ConnectionId>,
        encoded: &mut Encoded,
    ) -> Outcome {
        let order = self.ahead.as_ref().unwrap_or(&self.order);
        let now = self.shared.clock.now();
        let bounds = &self.shared.settings.bounds;
        match self.answered_before(order, actor, stamp) {
            Ok(Some(before)) => return before.into(),
            Ok(None) => {}
            // No answer to remember: the id is that of the first command, which may be sent again.
            Err(reused) => return Outcome::Refused(reused),
        }
        let size = if looks_at_the_bill(command) { order.bill_size() } else { 0 };
        let decide = || decide_within(bounds, order, now, actor, stamp, command);
        let decision = self.shared.aside.run(size, decide);
        let seq = order.seq();
        if self.timer.is_late() && !matches!(decision, Ok(Decision::Repeated { .. })) {
            // It is to be judged after something that could not be stored, and is as little a judgement to remember.
            return Outcome::Refused(Code::StorageUnavailable.into());
        }
        match decision {
            Ok(Decision::Record(recorded)) => self.encode(recorded, connection, encoded),
            Ok(Decision::Repeated { seq }) => Outcome::Happened(seq),
            Ok(Decision::Unchanged) => {
                self.remember(actor, stamp, Answer::Unchanged { seq });
                Outcome::Unchanged { seq }
            }
            Err(rejection) => {
                self.remember(actor, stamp, Answer::Refused(rejection.clone()));
                Outcome::Refused(rejection)
            }
        }
    }

    /// The first answer to a command that is sent again: what is stored counts before what is only remembered.
    ///
    /// # Errors
    /// When the id came with another command before.
    pub(super) fn answered_before(
        &self,
        order: &Order,
        actor: &Actor,
        stamp: Option<&Stamp>,
    ) -> Result<Option<Before>, Rejection> {
        let Some(stamp) = stamp else { return Ok(None) };
        if let Some(seq) = done_before(order, actor, stamp)? {
            return Ok(Some(Before::Happened(seq)));
        }
        Ok(self.answers.find(actor, stamp)?.map(Before::Answered))
    }

    /// Remembers the answer to a command that becomes no fact, unless it is none to last: whoever joins first may send the same
    /// again, and what is judged before something that could not be stored is judged again.
    pub(super) fn remember(&mut self, actor: &Actor, stamp: Option<&Stamp>, answer: Answer) {
        let may_change = matches!(&answer, Answer::Refused(rejection) if rejection.code() == Code::JoinFirst);
        if let Some(stamp) = stamp
            && !may_change
            && !self.timer.is_late()
        {
            self.answers.remember(actor, stamp, answer);
        }
    }

    /// Makes a stored fact so. A decision of the core always commits; should one not, the room's memory is
    /// not to be trusted.
    pub(super) fn commit(&mut self, recorded: &Recorded, link: Link) -> Result<(), End> {
        let deadline = pending(&self.order);
        let entry = self.tells_history.then(|| history_entry(&self.order, recorded));
        commit(&mut self.order, recorded).map_err(|error| self.broken(&error))?;
        self.link = link;
        if let Some(entry) = entry {
            let transcripts = &self.shared.histories.transcripts;
            self.tells_history = transcripts.add(&self.key, recorded.seq, entry);
        }
        self.note_change(deadline);
        Ok(())
    }

    fn broken(&self, error: &CommitError) -> End {
        tracing::error!(room = %self.key.fingerprint(), %error, "a decision could not be committed");
        End(CloseReason::Unavailable)
    }

    /// Answers a command that everybody has been shown.
    fn happened(&self, by: Asker, id: Option<&CommandId>, recorded: &Recorded) {
        match by {
            Asker::Socket(connection) => self.ack(connection, id, recorded.seq, false),
            // Whoever asked may be gone.
            Asker::Backend(reply) => drop(reply.send(Ok(self.frame(recorded).text()))),
        }
    }

    /// Answers a command that was granted although nothing changed by it or, where it is `repeated`, nothing any more: it
    /// became the fact `seq` before. By its id or, where it has none, with the full state.
    fn nothing_changed(&mut self, by: Asker, id: Option<&CommandId>, seq: u64, repeated: bool) {
        match (by, id) {
            (Asker::Socket(connection), Some(_)) => self.ack(connection, id, seq, repeated),
            (Asker::Socket(connection), None) => self.answer_with_state(connection),
            (Asker::Backend(reply), _) => {
                let now = self.shared.clock.now();
                let state = self.aside(|| wire::sync(&self.order, &self.presence, now));
                // Whoever asked may be gone.
                drop(reply.send(Ok(state.text())));
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
}

impl Outcome {
    /// The fact that is to be stored, if any.
    fn fact(&self) -> Option<&Recorded> {
        match self {
            Self::Happens(recorded, _) => Some(recorded),
            Self::Happened(_) | Self::Unchanged { .. } | Self::Refused(_) => None,
        }
    }
}

impl From<Before> for Outcome {
    fn from(before: Before) -> Self {
        match before {
            Before::Happened(seq) => Self::Happened(seq),
            Before::Answered(Answer::Unchanged { seq }) => Self::Unchanged { seq },
            Before::Answered(Answer::Refused(rejection)) => Self::Refused(rejection),
        }
    }
}
