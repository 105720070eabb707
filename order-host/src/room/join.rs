//! Lets a socket join, or come back.

use order_core::wire::v2::{self, Welcome};
use order_core::wire::{self, CommandMessage};
use order_core::{Actor, Code, Command, Decision, Participant, ParticipantId, Recorded, Rejection, Stamp};

use super::answers::Answer;
use super::commands::decide_within;
use super::later::PresenceOf;
use super::news::News;
use super::store::Stored;
use super::{ConnectionId, End, Room, paced};
use crate::connection::pieces::TableMessage;
use crate::room::input::{Back, Input};
use crate::{Cursor, Protocol};

/// The outcome of a `join` that is not refused.
enum Joining {
    /// A fact to record: a new participant, one who had left, or a new name. `first` is the
    /// first answer to a repeated `join`.
    SitsDown { recorded: Recorded, first: Option<Acked> },
    /// A participant who is at the table already, unchanged.
    ComesBack(Acked),
}

/// The contents of an `ack`.
#[derive(Clone, Copy)]
struct Acked {
    seq: u64,
    repeated: bool,
}

impl Room {
    /// Lets a socket join as the participant that it names. It is sent the state; the others
    /// are told of a new participant.
    pub(super) async fn join(
        &mut self,
        connection: ConnectionId,
        message: CommandMessage,
    ) -> Result<(), End> {
        let CommandMessage { stamp, participant, command, since } = message;
        // Without a cursor of this history the client gets the full state. Earlier clients send a number.
        let since = since.as_deref().and_then(Cursor::parse);
        let id = stamp.as_ref().map(Stamp::id);
        let Some(participant) = participant else {
            self.refuse(connection, &Rejection::new(Code::MissingField).field("participantId"), id);
            return Ok(());
        };
        if self.members.speaker(connection).is_some_and(|speaker| *speaker != participant) {
            let rejection = Rejection::new(Code::AlreadyJoined)
                .field("participantId")
                .expected("the participant that this connection joined as, or a new connection");
            self.refuse(connection, &rejection, id);
            return Ok(());
        }
        if !self.members.may_join(connection, &self.order) {
            self.refuse(connection, &Code::NotYourRoom.into(), id);
            return Ok(());
        }
        if self.order.person(&participant).is_some()
            && let Err(early) = self.may_ask(connection, &participant)
        {
            self.refuse(connection, &early, id);
            return Ok(());
        }
        let takes_seat = self.order.person(&participant).is_some_and(Participant::is_vacant);
        let command = self.with_seat(connection, &participant, command);
        let (recorded, first) = match self.judge_join(&participant, stamp.as_ref(), &command) {
            Ok(Joining::SitsDown { recorded, first }) => (recorded, first),
            Ok(Joining::ComesBack(Acked { seq, repeated })) => {
                self.seat_again(connection, &participant, since);
                self.ack(connection, id, seq, repeated);
                return Ok(());
            }
            Err(rejection) => {
                self.refuse(connection, &rejection, id);
                return Ok(());
            }
        };
        if self.timer.is_late() {
            self.refuse(connection, &Code::StorageUnavailable.into(), id);
            return Ok(());
        }
        if let Err(rejection) = self.begin_for_tenant(connection) {
            self.refuse(connection, &rejection, id);
            return Ok(());
        }
        let is_new = self.order.person(&participant).is_none();
        if is_new && let Err(early) = self.members.ask_at_the_door(connection, &participant) {
            self.refuse(connection, &early.rejection(), id);
            return Ok(());
        }
        let proposed = match self.propose(Some(connection), recorded, 0, self.link) {
            Ok(proposed) => proposed,
            // There is no space to store the new name, but a participant at the table may return
            // without it.
            Err(_) if self.order.is_at_table(&participant) && !takes_seat => {
                self.seat_again(connection, &participant, since);
                self.ack(connection, id, self.order.seq(), false);
                return Ok(());
            }
            Err(rejection) => {
                self.refuse(connection, &rejection, id);
                return Ok(());
            }
        };
        let fact = match self.store(proposed).await {
            Ok(fact) => fact,
            Err(failure) => {
                self.refuse(connection, failure.rejection(), id);
                return self.recover(failure).await;
            }
        };
        self.commit(&fact)?;
        self.seat(connection, &participant, &fact, since, is_new || takes_seat);
        let Acked { seq, repeated } = first.unwrap_or(Acked { seq: fact.recorded().seq, repeated: false });
        self.ack(connection, id, seq, repeated);
        self.snapshot_if_due();
        Ok(())
    }

    /// Lets a socket speak as somebody who has just sat down, and tells the table.
    fn seat(
        &mut self,
        connection: ConnectionId,
        participant: &ParticipantId,
        fact: &Stored,
        since: Option<Cursor>,
        is_new: bool,
    ) {
        let seats = self.members.speaker(connection).is_none();
        self.admit(connection, participant);
        if is_new {
            self.members.made(connection, participant);
        }
        match self.members.protocol(connection) {
            Protocol::V1 => {
                let before = self.before_answer();
                self.send_state(connection, seats);
                self.charge_unless(is_new, connection, participant, before);
                self.show(fact, Some(connection));
            }
            Protocol::V2 => {
                self.show(fact, Some(connection));
                let before = self.before_answer();
                self.welcome(connection, participant, since, seats);
                self.charge_unless(is_new, connection, participant, before);
            }
        }
    }

    /// Charges an answer to a participant's budget, unless they are new: that happens once, and
    /// what the table is shown of it is not their answer.
    fn charge_unless(
        &self,
        is_new: bool,
        connection: ConnectionId,
        who: &ParticipantId,
        before: paced::Before,
    ) {
        if !is_new {
            self.charge(connection, who, before);
        }
    }

    /// Decides a `join`. A repeated one changes nothing for a participant at the table,
    /// whatever their name is by now; only a participant who has left joins again.
    fn judge_join(
        &mut self,
        participant: &ParticipantId,
        stamp: Option<&Stamp>,
        command: &Command,
    ) -> Result<Joining, Rejection> {
        let actor = Actor::participant(participant.clone());
        let sits_here = self.order.is_at_table(participant);
        let first = match self.answered_before(&self.order, &actor, stamp)? {
            Some(Answer::Refused(rejection)) => return Err(rejection),
            Some(Answer::Unchanged { seq }) => Some(Acked { seq, repeated: false }),
            Some(Answer::Repeated { seq }) => Some(Acked { seq, repeated: true }),
            None => None,
        };
        if let Some(first) = first
            && sits_here
        {
            return Ok(Joining::ComesBack(first));
        }
        let (now, bounds) = (self.host.clock.now(), &self.host.settings.bounds);
        // The id of a repeated one belongs to the first.
        let fresh = stamp.filter(|_| first.is_none());
        match decide_within(bounds, &self.order, now, &actor, fresh, command) {
            Ok(Decision::Record(recorded)) => Ok(Joining::SitsDown { recorded, first }),
            Ok(Decision::Repeated { seq }) => Ok(Joining::ComesBack(Acked { seq, repeated: true })),
            Ok(Decision::Unchanged) => {
                let seq = self.order.seq();
                self.remember(&actor, fresh, Answer::Unchanged { seq });
                Ok(Joining::ComesBack(first.unwrap_or(Acked { seq, repeated: false })))
            }
            Err(rejection) => {
                self.remember(&actor, fresh, Answer::Refused(rejection.clone()));
                Err(rejection)
            }
        }
    }

    /// Seats a socket as the participant it was proved to be, if they are still at the table.
    /// If their budget of answers is used up, it is seated later.
    pub(super) fn resume(&mut self, connection: ConnectionId, back: Box<Back>) {
        let sits_here = self.order.is_at_table(&back.participant)
            && !self.order.person(&back.participant).is_some_and(Participant::is_vacant)
            && self.members.may_join(connection, &self.order);
        // It may have joined or disconnected meanwhile.
        let is_awaited =
            self.members.outbox(connection).is_some() && self.members.speaker(connection).is_none();
        if sits_here && is_awaited {
            if let Some(wait) = self.must_wait(connection, &back.participant) {
                // What the socket sends meanwhile is kept until then. It may have been put off
                // before.
                let _ = back.seat.is_put_off.set(());
                return self.take_later(wait, Input::Resume { connection, back });
            }
            self.seat_again(connection, &back.participant, back.since);
        }
        // Messages of the socket may wait for this. It is set only once for each socket.
        let _ = back.seat.is_taken.set(sits_here);
    }

    /// Seats a socket as a participant that is at the table unchanged.
    fn seat_again(&mut self, connection: ConnectionId, participant: &ParticipantId, since: Option<Cursor>) {
        let before = self.before_answer();
        let seats = self.members.speaker(connection).is_none();
        let was_there = PresenceOf::now(&self.presence, participant);
        let came_online = self.admit(connection, participant);
        match self.members.protocol(connection) {
            Protocol::V1 => {
                self.send_state(connection, seats);
                let now = self.host.clock.now();
                let answer = self.aside(|| wire::joined(&self.order, &self.presence, participant, now));
                let news = News { v1: Some(TableMessage::new(answer)), v2: None };
                self.shown = self.shown.saturating_add(news.len());
                self.members.send(connection, &news);
            }
            Protocol::V2 => self.welcome(connection, participant, since, seats),
        }
        self.charge(connection, participant, before);
        if came_online {
            self.tell_presence(participant, was_there);
        }
    }

    /// Tells a socket who it is, and the events it has missed or, if they are too many, the
    /// full state.
    fn welcome(
        &mut self,
        connection: ConnectionId,
        participant: &ParticipantId,
        since: Option<Cursor>,
        seats: bool,
    ) {
        let token = self.resume_token(connection, participant);
        let now = self.host.clock.now();
        self.keep_events();
        let missed = since.and_then(|since| self.events.as_ref()?.since(since));
        let cursor = self.cursor().text();
        let about =
            Welcome { participant, resume_token: &token, missed: missed.as_deref(), cursor: &cursor, now };
        let welcome = TableMessage::new(v2::welcome(&self.order, &self.presence, &about)).to_strangers();
        self.later.shown(&self.presence);
        self.shown = self.shown.saturating_add(welcome.len());
        self.members.welcome(connection, welcome, seats);
    }

    /// Seats a socket as `participant`. Returns whether the participant was offline.
    fn admit(&mut self, connection: ConnectionId, participant: &ParticipantId) -> bool {
        self.members.join(connection, participant, self.host.settings.participant_pace);
        self.presence.connect(participant)
    }
}
