//! What the table is shown: changes, full states, who is there, and answers to single sockets.

use std::sync::Arc;

use bytes::Bytes;
use order_core::wire::v2::{self, Request};
use order_core::wire::{self, Frame, HistoryPage};
use order_core::{Code, CommandId, Fact, Participant, ParticipantId, Recorded, Rejection};

use super::events::Events;
use super::members::News;
use super::{ConnectionId, Room};
use crate::Protocol;
use crate::history::{HistoryError, Page, Reading};
use crate::pieces::Shared;

/// After so many milliseconds another history may be asked for, most likely.
const TRY_HISTORY_AGAIN: u64 = 1_000;

impl Room {
    /// Shows a committed fact to everybody at the table but `knows`, a socket that has seen it.
    pub(super) fn show(&mut self, recorded: &Recorded, knows: Option<ConnectionId>) {
        let left = who_left(recorded);
        if let Some(left) = left {
            self.presence.disconnect(left);
        }
        let news = News {
            seed: self.members.speak(Protocol::Seed).then(|| Shared::new(&self.frame(recorded))),
            v2: self.events.is_some().then(|| Bytes::from(v2::event(&self.order, recorded))),
        };
        if let (Some(events), Some(event)) = (&mut self.events, &news.v2) {
            events.push(event.clone());
        }
        self.shown = self.shown.saturating_add(news.len());
        match (left, knows) {
            (Some(left), _) => {
                self.members.send_to_others(left, &news);
                let state = || Bytes::from(v2::state(&self.order, &self.presence, None));
                self.members.leave(left, &news, state);
            }
            (None, Some(knows)) => self.members.send_to_all_but(knows, &news),
            (None, None) => self.members.send_to_all(&news),
        }
    }

    /// The message of the first protocol that tells of a committed fact.
    pub(super) fn frame(&self, recorded: &Recorded) -> Arc<Frame> {
        Arc::new(self.aside(|| wire::fact_message(&self.order, &self.presence, recorded)))
    }

    /// Does work for which the whole bill may have to be worked out.
    pub(super) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        self.shared.aside.run(self.order.bill_size(), work)
    }

    /// Keeps events from now on, for those who come back.
    pub(super) fn keep_events(&mut self) -> &Events {
        let seq = self.order.seq();
        self.events.get_or_insert_with(|| Events::after(seq))
    }

    /// Sends the full state to a socket that fell behind, unless it has got one meanwhile.
    pub(super) fn resync(&mut self, connection: ConnectionId) {
        if self.members.lags(connection) {
            if self.members.speaker(connection).is_some() {
                self.send_state(connection, false);
            } else {
                // No state is for who has left; what it missed may be just that.
                let refusal = || self.refusal(connection, &Code::JoinFirst.into(), None);
                self.members.go_on_without(connection, refusal);
            }
        }
    }

    /// Sends a socket the full state, which may be what `seats` it.
    pub(super) fn send_state(&mut self, connection: ConnectionId, seats: bool) {
        let state = self.state(|protocol| protocol == self.members.protocol(connection));
        self.shown = self.shown.saturating_add(state.len());
        self.members.catch_up(connection, &state, seats, |who| self.resume_token(who));
    }

    /// Sends everybody the full state.
    pub(super) fn send_state_to_all(&mut self) {
        let state = self.state(|protocol| self.members.speak(protocol));
        self.members.catch_up_all(&state, |who| self.resume_token(who));
    }

    /// Has the sockets of whoever does not sit at the table speak for nobody, where that was not shown as it happened.
    pub(super) fn unseat_who_is_gone(&mut self) {
        let order = &self.order;
        let is_gone = |somebody: &ParticipantId| order.person(somebody).is_none_or(Participant::has_left);
        for (connection, participant) in self.members.unseat(is_gone) {
            self.presence.disconnect(&participant);
            self.refuse(connection, &Code::JoinFirst.into(), None);
        }
    }

    /// What lets another socket speak as `participant`.
    pub(super) fn resume_token(&self, participant: &ParticipantId) -> String {
        self.shared.settings.resume_key.token(&self.key, participant)
    }

    fn state(&self, is_needed: impl Fn(Protocol) -> bool) -> News {
        let seed = || {
            let now = self.shared.clock.now();
            let sync = self.aside(|| wire::sync(&self.order, &self.presence, now));
            Shared::new(&Arc::new(sync))
        };
        let v2 = || Bytes::from(v2::state(&self.order, &self.presence, None));
        News { seed: is_needed(Protocol::Seed).then(seed), v2: is_needed(Protocol::V2).then(v2) }
    }

    pub(super) fn detach(&mut self, connection: ConnectionId) {
        if let Some(participant) = self.members.detach(connection)
            && self.presence.disconnect(&participant)
        {
            self.tell_presence(&participant);
        }
    }

    /// Tells the others at the table that somebody came online or went offline.
    pub(super) fn tell_presence(&mut self, participant: &ParticipantId) {
        if self.order.person(participant).is_none_or(Participant::has_left) {
            return;
        }
        let seed = || {
            let now = self.shared.clock.now();
            let told = || wire::presence_changed(&self.order, &self.presence, participant, now);
            Shared::new(&Arc::new(self.aside(told)))
        };
        let news =
            News { seed: self.members.speak(Protocol::Seed).then(seed), v2: self.presence_v2(participant) };
        self.shown = self.shown.saturating_add(news.len());
        self.members.send_to_others(participant, &news);
    }

    fn presence_v2(&self, participant: &ParticipantId) -> Option<Bytes> {
        let speak = self.members.speak(Protocol::V2);
        speak.then(|| Bytes::from(v2::presence(&self.presence, participant)))
    }

    /// Answers what changes nothing that is stored.
    pub(super) fn request(&mut self, connection: ConnectionId, id: Option<&CommandId>, request: Request) {
        let Some(speaker) = self.members.speaker(connection).cloned() else {
            return self.refuse(connection, &Code::JoinFirst.into(), id);
        };
        let answer = match request {
            Request::State => v2::state(&self.order, &self.presence, id),
            Request::Bill => self.aside(|| v2::bill(&self.order, id)),
            Request::Checksum => v2::checksum_answer(&self.order, id),
            Request::Presence { typing, speaking } => {
                if self.presence.mark(&speaker, typing, speaking) {
                    let news = News { seed: None, v2: self.presence_v2(&speaker) };
                    self.members.send_to_others(&speaker, &news);
                }
                return;
            }
            Request::History(page) => return self.history(connection, &speaker, id, page),
            // What a later protocol may ask for.
            _ => return self.refuse(connection, &Code::UnknownType.into(), id),
        };
        self.shown = self.shown.saturating_add(answer.len());
        self.members.reply(connection, answer);
    }

    /// Has a page of history read, and sends it when it is there. Each person asks for one at a time.
    fn history(
        &self,
        connection: ConnectionId,
        speaker: &ParticipantId,
        id: Option<&CommandId>,
        page: HistoryPage,
    ) {
        let (shared, key, id) = (self.shared.clone(), self.key.clone(), id.cloned());
        let (last, protocol) = (self.order.seq(), self.members.protocol(connection));
        let Some(outbox) = self.members.outbox(connection) else { return };
        let Some(reading) = Reading::begin(&shared, &key, Some(speaker)) else {
            let rejection = Rejection::new(Code::RateLimited);
            let rejection = rejection.expected(HistoryError::Busy.to_string()).retry_after(TRY_HISTORY_AGAIN);
            return self.refuse(connection, &rejection, id.as_ref());
        };
        self.shared.spawn(async move {
            let read = reading.read(&shared, last, page, || !outbox.is_abandoned()).await;
            let now = shared.clock.now();
            drop(reading);
            match (read, protocol) {
                // Nobody is there who could be told.
                (Ok(None), _) => {}
                (Ok(Some(Page { entries, more })), Protocol::Seed) => {
                    outbox.push_reply(wire::history(&entries, more, id.as_ref(), now));
                }
                (Ok(Some(Page { entries, more })), Protocol::V2) => {
                    outbox.push_reply(v2::history(&entries, more, id.as_ref()));
                }
                (Err(error), _) => {
                    tracing::warn!(room = %key.fingerprint(), %error, "the history cannot be read");
                    let rejection = Code::StorageUnavailable.into();
                    outbox.push_refusal(match protocol {
                        Protocol::Seed => wire::error(&rejection, id.as_ref(), now),
                        Protocol::V2 => v2::reject(&rejection, id.as_ref()),
                    });
                }
            }
        });
    }

    /// Tells one socket that its command was carried out, if it had an id.
    pub(super) fn ack(&self, connection: ConnectionId, id: Option<&CommandId>, seq: u64, repeated: bool) {
        let Some(id) = id else { return };
        let text = match self.members.protocol(connection) {
            Protocol::Seed => wire::ack(id, seq, repeated, self.shared.clock.now()),
            Protocol::V2 => v2::ack(id, seq, repeated),
        };
        self.members.ack(connection, text);
    }

    /// Tells one socket that its message was refused.
    pub(super) fn refuse(&self, connection: ConnectionId, rejection: &Rejection, id: Option<&CommandId>) {
        tracing::debug!(room = %self.key.fingerprint(), code = rejection.code().as_str(), "refused");
        self.members.refuse(connection, self.refusal(connection, rejection, id));
    }

    fn refusal(&self, connection: ConnectionId, rejection: &Rejection, id: Option<&CommandId>) -> String {
        match self.members.protocol(connection) {
            Protocol::Seed => wire::error(rejection, id, self.shared.clock.now()),
            Protocol::V2 => v2::reject(rejection, id),
        }
    }
}

/// Who got up from the table by this fact, or was sent away.
fn who_left(recorded: &Recorded) -> Option<&ParticipantId> {
    match &recorded.fact {
        Fact::Left { .. } => recorded.by.id(),
        Fact::Removed(removed) => Some(&removed.who),
        Fact::Joined(_)
        | Fact::ItemAdded(_)
        | Fact::ItemRestored(_)
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
        | Fact::RulesSet(_)
        | Fact::LockSet { .. }
        | Fact::LimitSet { .. }
        | Fact::ReadySet { .. }
        | Fact::HandedOver { .. }
        | Fact::Readmitted { .. }
        | Fact::DeadlineSet(_)
        | Fact::Reminded { .. }
        | Fact::Expired
        | Fact::Archived
        | Fact::Finalized { .. } => None,
    }
}
