//! Letting a socket join, or come back.

use std::sync::Arc;

use order_core::wire::v2::{self, Welcome};
use order_core::wire::{self, Inbound};
use order_core::{Actor, Code, Command, Decision, ParticipantId, Recorded, Rejection, Stamp};

use super::answers::Answer;
use super::commands::{Before, decide_within};
use super::members::News;
use super::{ConnectionId, End, Room};
use crate::input::Back;
use crate::pieces::Shared;
use crate::{NotYet, Protocol};

/// What a `join` comes to that is not refused.
enum Joining {
    /// Somebody new, or who left, or by another name than before: this happens. `first` is what the same `join` was answered
    /// before, if it is sent again.
    SitsDown { recorded: Recorded, first: Option<Acked> },
    /// Somebody whom the order knows as they are.
    ComesBack(Acked),
}

/// What an `ack` says.
#[derive(Clone, Copy)]
struct Acked {
    seq: u64,
    repeated: bool,
}

impl Room {
    /// Lets a socket speak as the participant that it names. It is told where the order stands; the others are told of
    /// whoever is new.
    pub(super) async fn join(
        &mut self,
        connection: ConnectionId,
        inbound: Inbound,
        since: Option<u64>,
    ) -> Result<(), End> {
        let Inbound { stamp, participant, command } = inbound;
        let id = stamp.as_ref().map(Stamp::id);
        let Some(participant) = participant else {
            self.refuse(connection, &Rejection::new(Code::MissingField).field("participantId"), id);
            return Ok(());
        };
        if self.members.speaker(connection).is_some_and(|speaker| *speaker != participant) {
            let rejection = Rejection::new(Code::AlreadyJoined)
                .field("participantId")
                .expected("the participant as whom this connection joined, or another connection");
            self.refuse(connection, &rejection, id);
            return Ok(());
        }
        if !self.members.may_join(connection, &self.order) {
            self.refuse(connection, &Code::NotYourRoom.into(), id);
            return Ok(());
        }
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
        if is_new && let Err(NotYet { bound, wait }) = self.members.ask_at_the_door(connection, &participant)
        {
            let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
            let rejection = Rejection::new(Code::RateLimited).expected(bound).retry_after(wait);
            self.refuse(connection, &rejection, id);
            return Ok(());
        }
        let encoded = match self.encode_within_bounds(Some(connection), &recorded, 0) {
            Ok(encoded) => encoded,
            // There is no room for another name, and there is for somebody who is on the order.
            Err(_) if self.sits_here(&participant) => {
                self.seat_again(connection, &participant, since);
                self.ack(connection, id, self.order.seq(), false);
                return Ok(());
            }
            Err(rejection) => {
                self.refuse(connection, &rejection, id);
                return Ok(());
            }
        };
        let stored = self.store(&[&recorded], vec![encoded]).await;
        if let Some(failure) = stored.failure() {
            self.refuse(connection, failure, id);
        } else {
            self.commit(&recorded)?;
            self.ahead = None;
            let seats = self.members.speaker(connection).is_none();
            self.admit(connection, &participant);
            if is_new {
                self.members.made(connection, &participant);
            }
            let knows = match self.members.protocol(connection) {
                Protocol::Seed => {
                    self.send_state(connection, seats);
                    None
                }
                Protocol::V2 => Some(connection),
            };
            self.show(&recorded, knows);
            if knows.is_some() {
                self.welcome(connection, &participant, since, seats);
            }
            let Acked { seq, repeated } = first.unwrap_or(Acked { seq: recorded.seq, repeated: false });
            self.ack(connection, id, seq, repeated);
        }
        self.recover(&stored).await
    }

    /// Judges a `join`. One that is sent again changes nothing for whoever sits here, by whatever name meanwhile; only whoever
    /// has left sits down anew.
    fn judge_join(
        &mut self,
        participant: &ParticipantId,
        stamp: Option<&Stamp>,
        command: &Command,
    ) -> Result<Joining, Rejection> {
        let actor = Actor::participant(participant.clone());
        let sits_here = self.sits_here(participant);
        let first = match self.answered_before(&self.order, &actor, stamp)? {
            Some(Before::Answered(Answer::Refused(rejection))) => return Err(rejection),
            Some(Before::Answered(Answer::Unchanged { seq })) => Some(Acked { seq, repeated: false }),
            Some(Before::Happened(seq)) => Some(Acked { seq, repeated: true }),
            None => None,
        };
        if let Some(first) = first
            && sits_here
        {
            return Ok(Joining::ComesBack(first));
        }
        let (now, bounds) = (self.shared.clock.now(), &self.shared.settings.bounds);
        // The id of one that is sent again stands for the first time.
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

    fn sits_here(&self, participant: &ParticipantId) -> bool {
        self.order.person(participant).is_some_and(|person| !person.has_left())
    }

    /// Lets a socket speak as whoever it was proved to be, if they still sit at the table.
    pub(super) fn resume(&mut self, connection: ConnectionId, back: &Back) {
        let sits_here = self.sits_here(&back.participant) && self.members.may_join(connection, &self.order);
        if sits_here {
            self.seat_again(connection, &back.participant, back.since);
        }
        // What the socket sent may wait for this. It asks once, so nobody has said so before.
        let _ = back.is_seated.set(sits_here);
    }

    /// Lets a socket speak as somebody whom the order knows as they are.
    fn seat_again(&mut self, connection: ConnectionId, participant: &ParticipantId, since: Option<u64>) {
        let seats = self.members.speaker(connection).is_none();
        let came_online = self.admit(connection, participant);
        match self.members.protocol(connection) {
            Protocol::Seed => {
                self.send_state(connection, seats);
                let now = self.shared.clock.now();
                let answer = self.aside(|| wire::joined(&self.order, &self.presence, participant, now));
                let news = News { seed: Some(Shared::new(&Arc::new(answer))), v2: None };
                self.members.send(connection, &news);
            }
            Protocol::V2 => self.welcome(connection, participant, since, seats),
        }
        if came_online {
            self.tell_presence(participant);
        }
    }

    /// Tells a socket who it is, and what it has missed or, where that is too far back, the full state.
    fn welcome(
        &mut self,
        connection: ConnectionId,
        participant: &ParticipantId,
        since: Option<u64>,
        seats: bool,
    ) {
        let token = self.resume_token(participant);
        let now = self.shared.clock.now();
        self.keep_events();
        let missed = since.and_then(|since| self.events.as_ref()?.since(since));
        let about = Welcome { participant, resume_token: &token, missed: missed.as_deref(), now };
        let welcome = v2::welcome(&self.order, &self.presence, &about);
        self.shown = self.shown.saturating_add(welcome.len());
        self.members.welcome(connection, welcome, seats);
    }

    /// From now on the socket speaks as `participant` and hears what happens; says whether they were offline.
    fn admit(&mut self, connection: ConnectionId, participant: &ParticipantId) -> bool {
        self.members.join(connection, participant, self.shared.settings.participant_pace);
        self.presence.connect(participant)
    }
}
