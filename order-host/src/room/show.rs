//! Shows the table what happened: changes, full states, presence, and answers to single sockets.

use bytes::Bytes;
use order_core::fact::PeopleFact;
use order_core::wire::{self, Frame, HistoryPage, Request, v2};
use order_core::{Code, CommandId, Fact, ParticipantId, Recorded, Rejection};

use super::events::Events;
use super::later::PresenceOf;
use super::news::{News, When};
use super::store::Stored;
use super::{ConnectionId, Room};
use crate::connection::pieces::{Pieces, TableMessage};
use crate::history::page::Page;
use crate::history::{HistoryError, Reading};
use crate::limits::budget::Known;
use crate::room::input::Input;
use crate::{Cursor, Protocol};

/// After how many milliseconds another history may be requested.
const TRY_HISTORY_AGAIN: u64 = 1_000;

impl Room {
    /// Shows everybody at the table a fact that is stored and committed. A socket has `asked` for it, or else the back end or the
    /// clock. Where the order and the table are large, others of the first protocol may be shown the new order only later.
    ///
    /// Nothing is shown before it is stored: only [`Room::store`] makes a [`Stored`].
    pub(super) fn show(&mut self, fact: &Stored, asked: Option<ConnectionId>) {
        let recorded = fact.recorded();
        let left = who_left(recorded);
        if let Some(left) = left {
            self.presence.disconnect(left);
            self.later.knows(left);
        }
        let cursor = self.cursor();
        let is_join = matches!(recorded.fact, Fact::People(PeopleFact::Joined(_)));
        if let Some(joined) = recorded.by.id().filter(|_| is_join) {
            self.later.joins(joined, &self.presence);
        }
        let asks_in = asked.map(|connection| self.members.protocol(connection));
        let (speak_v1, tell_all) = (self.members.speak(Protocol::V1), self.may_tell_all());
        // During a pause the message is for the asker alone, and is charged to them. The answer to
        // a join, and a farewell, never wait.
        let alone =
            asked.filter(|_| !tell_all && left.is_none() && !is_join && asks_in == Some(Protocol::V1));
        let is_put_off = alone.is_some_and(|asker| self.is_put_off(asker));
        let is_written =
            speak_v1 && (tell_all || left.is_some() || (asks_in == Some(Protocol::V1) && !is_put_off));
        let event = || Bytes::from(v2::event(&self.order, recorded, cursor.write(&mut [0; 24])));
        let event = self.events.is_some().then(event);
        if let (Some(events), Some(event)) = (&mut self.events, &event) {
            events.push(cursor, event.clone());
        }
        let before = self.before_answer();
        let mut v1 = if is_written { self.messages(fact) } else { Vec::new() };
        if let Some(asker) = alone.filter(|_| !v1.is_empty()) {
            let bytes = v1.iter().fold(0, |sum: usize, message| sum.saturating_add(message.len()));
            self.charge_alone(asker, bytes, before);
        }
        if !v1.is_empty() {
            self.later.shown(&self.presence);
        }
        for message in &v1 {
            if tell_all {
                self.told_all(message);
            } else {
                self.later.written(message);
            }
        }
        if speak_v1 && !tell_all {
            self.owe_order();
        }
        let when = |connection, speaker: &ParticipantId| match asked {
            // They are sent a farewell.
            _ if left == Some(speaker) => When::Never,
            // Its welcome includes the change.
            Some(asked) if asked == connection && is_join && asks_in == Some(Protocol::V2) => When::Never,
            Some(asked) if (asked == connection && !is_put_off) || tell_all => When::Now,
            None if tell_all => When::Now,
            Some(_) | None => When::Later,
        };
        let last = v1.pop();
        for message in v1 {
            let news = News { v1: Some(message), v2: None };
            self.shown = self.shown.saturating_add(news.len());
            self.tell(&news, when);
        }
        let news = News { v1: last, v2: event.map(Pieces::from) };
        self.shown = self.shown.saturating_add(news.len());
        self.tell(&news, when);
        if let Some(left) = left {
            let state = || {
                TableMessage::new(v2::state(&self.order, &self.presence, &cursor.text(), None)).to_strangers()
            };
            self.members.leave(left, &news, state);
        }
    }

    /// Returns whether a socket is shown its own change only after the pause: it lags behind,
    /// or its participant's budget of answers is used up.
    fn is_put_off(&self, asker: ConnectionId) -> bool {
        let speaker = self.members.speaker(asker);
        self.members.lags(asker) || speaker.is_some_and(|speaker| self.must_wait(asker, speaker).is_some())
    }

    /// Sends each socket the news, according to `when`.
    pub(super) fn tell(&mut self, news: &News, when: impl Fn(ConnectionId, &ParticipantId) -> When) {
        let is_owed = self.later.is_due_some_time() && news.v1.is_some();
        let order = is_owed.then(|| self.state(|protocol| protocol == Protocol::V1));
        let token = |who: &ParticipantId| self.host.settings.resume_key.token(&self.key, who, Known::Proved);
        self.members.tell(news, when, order.as_ref(), token);
    }

    /// Encodes the first protocol's messages about a committed fact: one, unless it is about several dishes.
    fn messages(&self, fact: &Stored) -> Vec<TableMessage> {
        let frames = self.aside(|| wire::fact_messages(&self.order, &self.presence, fact.recorded()));
        frames.into_iter().map(TableMessage::new).collect()
    }

    /// Encodes the first protocol's message about a committed fact, the last if there are several.
    pub(super) fn frame(&self, fact: &Stored) -> Frame {
        self.aside(|| wire::fact_message(&self.order, &self.presence, fact.recorded()))
    }

    /// Runs work that may compute the whole bill.
    pub(super) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        self.host.aside.run(self.order.bill_size(), work)
    }

    /// Returns the current position in the history.
    pub(super) fn cursor(&self) -> Cursor {
        Cursor::new(self.order.seq(), self.link)
    }

    /// Keeps events from now on, for sockets that resume.
    pub(super) fn keep_events(&mut self) -> &Events {
        let here = self.cursor();
        self.events.get_or_insert_with(|| Events::after(here))
    }

    /// Sends the full state to a socket that fell behind, unless it has received one meanwhile.
    pub(super) fn resync(&mut self, connection: ConnectionId) {
        if self.members.lags(connection) {
            if let Some(speaker) = self.members.speaker(connection).cloned() {
                if let Some(wait) = self.must_wait(connection, &speaker) {
                    return self.take_later(wait, Input::Resync { connection });
                }
                let before = self.before_answer();
                self.send_state(connection, false);
                self.charge(connection, &speaker, before);
            } else {
                // A participant who has left may not see the state; the farewell may be just what
                // the socket missed.
                let refusal = || self.refusal(connection, &Code::JoinFirst.into(), None);
                self.members.go_on_without(connection, refusal);
            }
        }
    }

    /// Sends a socket the full state, because its command changed nothing.
    pub(super) fn answer_with_state(&mut self, connection: ConnectionId) {
        let Some(speaker) = self.members.speaker(connection).cloned() else { return };
        if let Err(early) = self.may_ask(connection, &speaker) {
            return self.refuse(connection, &early, None);
        }
        let before = self.before_answer();
        self.send_state(connection, false);
        self.charge(connection, &speaker, before);
    }

    /// Sends a socket the full state, which may be the message that `seats` it.
    pub(super) fn send_state(&mut self, connection: ConnectionId, seats: bool) {
        let state = self.state(|protocol| protocol == self.members.protocol(connection));
        self.shown = self.shown.saturating_add(state.len());
        self.are_shown(&state);
        let token = |who: &ParticipantId| self.host.settings.resume_key.token(&self.key, who, Known::Proved);
        self.members.catch_up(connection, &state, seats, token);
    }

    /// Sends the full state to every socket at the table.
    pub(super) fn send_state_to_all(&mut self) {
        let state = self.state(|protocol| self.members.speak(protocol));
        self.are_shown(&state);
        let token = |who: &ParticipantId| self.host.settings.resume_key.token(&self.key, who, Known::Proved);
        self.members.catch_up_all(&state, token);
    }

    /// Notes that some socket is shown a full state.
    fn are_shown(&mut self, state: &News) {
        self.later.shown(&self.presence);
        if let Some(message) = &state.v1 {
            self.later.written(message);
        }
    }

    /// Unseats the sockets of participants who are no longer at the table, where their leaving
    /// was not shown.
    pub(super) fn unseat_who_is_gone(&mut self) {
        let order = &self.order;
        for (connection, participant) in self.members.unseat(|speaker| !order.is_at_table(speaker)) {
            self.presence.disconnect(&participant);
            self.later.knows(&participant);
            self.refuse(connection, &Code::JoinFirst.into(), None);
        }
    }

    /// Returns the token by which another socket can resume as `participant`. It proves as much as this socket has proved.
    pub(super) fn resume_token(&self, connection: ConnectionId, participant: &ParticipantId) -> String {
        let known = self.members.known(connection, participant);
        self.host.settings.resume_key.token(&self.key, participant, known)
    }

    pub(super) fn state(&self, is_needed: impl Fn(Protocol) -> bool) -> News {
        let now = self.host.clock.now();
        let v1 = || TableMessage::new(self.aside(|| wire::sync(&self.order, &self.presence, now)));
        let cursor = || self.cursor().text();
        let v2 = || TableMessage::new(v2::state(&self.order, &self.presence, &cursor(), None)).to_strangers();
        News { v1: is_needed(Protocol::V1).then(v1), v2: is_needed(Protocol::V2).then(v2) }
    }

    pub(super) fn detach(&mut self, connection: ConnectionId) {
        let Some(participant) = self.members.detach(connection) else { return };
        let before = PresenceOf::now(&self.presence, &participant);
        if self.presence.disconnect(&participant) {
            self.tell_presence(&participant, before);
        }
    }

    /// Answers a request, which changes nothing that is stored.
    pub(super) fn request(&mut self, connection: ConnectionId, id: Option<&CommandId>, request: Request) {
        let Some(speaker) = self.members.speaker(connection).cloned() else {
            return self.refuse(connection, &Code::JoinFirst.into(), id);
        };
        if !matches!(request, Request::Presence { .. })
            && let Err(early) = self.may_ask(connection, &speaker)
        {
            return self.refuse(connection, &early, id);
        }
        let before = self.before_answer();
        let answer = match request {
            Request::State => {
                self.later.shown(&self.presence);
                TableMessage::new(v2::state(&self.order, &self.presence, &self.cursor().text(), id))
                    .to_strangers()
            }
            Request::Bill => TableMessage::new(self.aside(|| v2::bill(&self.order, id))).to_strangers(),
            Request::Checksum => v2::checksum_answer(&self.order, id).into(),
            Request::Presence { typing, speaking } => {
                if self.presence.mark(&speaker, typing, speaking) {
                    let news = News { v1: None, v2: self.presence_v2(&speaker) };
                    self.later.shown_of(&speaker, &self.presence);
                    self.tell_others(&speaker, &news);
                }
                return;
            }
            Request::SeatCode { of } => return self.seat_code(connection, &speaker, id, &of),
            Request::History(page) => return self.history(connection, &speaker, id, page),
            // Requests of a later protocol.
            _ => return self.refuse(connection, &Code::UnknownType.into(), id),
        };
        self.shown = self.shown.saturating_add(answer.len());
        self.charge(connection, &speaker, before);
        self.members.reply(connection, answer);
    }

    /// Reads a page of history in a task, and sends it when it is ready. Each participant may
    /// have one request at a time.
    fn history(
        &mut self,
        connection: ConnectionId,
        speaker: &ParticipantId,
        id: Option<&CommandId>,
        page: HistoryPage,
    ) {
        let (host, key, id) = (self.host.clone(), self.key.clone(), id.cloned());
        let (last, protocol) = (self.order.seq(), self.members.protocol(connection));
        let Some(outbox) = self.members.outbox(connection) else { return };
        let Some(reading) = Reading::begin(&host.histories, &key, Some(speaker)) else {
            let rejection = Rejection::new(Code::RateLimited);
            let rejection = rejection.expected(HistoryError::Busy.to_string()).retry_after(TRY_HISTORY_AGAIN);
            return self.refuse(connection, &rejection, id.as_ref());
        };
        self.tell_history();
        let (known, speaker) = (self.members.known(connection, speaker), speaker.clone());
        self.host.tasks.spawn(async move {
            let read = reading.read(&host.histories, last, page, || !outbox.is_abandoned()).await;
            let now = host.clock.now();
            drop(reading);
            if let Ok(Some(page)) = &read {
                host.budgets.charge(&key, &speaker, known, page.bytes, page.work);
            }
            match (read, protocol) {
                // The socket is gone, or the host drains.
                (Ok(None), _) => {}
                (Ok(Some(Page { mut entries, more, .. })), Protocol::V1) => {
                    let entries = entries.make_contiguous();
                    outbox.push_reply(wire::history(entries, more, id.as_ref(), now));
                }
                (Ok(Some(Page { mut entries, more, .. })), Protocol::V2) => {
                    outbox.push_reply(v2::history(entries.make_contiguous(), more, id.as_ref()));
                }
                (Err(error), _) => {
                    tracing::warn!(room = %key.fingerprint(), %error, "the history cannot be read");
                    let rejection = Code::StorageUnavailable.into();
                    outbox.push_refusal(match protocol {
                        Protocol::V1 => wire::error(&rejection, id.as_ref(), now),
                        Protocol::V2 => v2::reject(&rejection, id.as_ref()),
                    });
                }
            }
        });
    }

    /// Returns the last sequence number, if `asker` may read the history. `None` as the asker
    /// is the back end.
    pub(super) fn let_read(&mut self, asker: Option<&ParticipantId>) -> Option<u64> {
        let seq = self.order.seq();
        let may = seq > 0 && asker.is_none_or(|asker| self.order.may_read_history(asker));
        may.then(|| {
            self.tell_history();
            seq
        })
    }

    /// Adds new facts to the cached transcript from now on.
    fn tell_history(&mut self) {
        if !std::mem::replace(&mut self.tells_history, true) {
            self.host.histories.transcripts.begin(&self.key);
        }
    }

    /// Acknowledges a command of one socket, if it had an id.
    pub(super) fn ack(&self, connection: ConnectionId, id: Option<&CommandId>, seq: u64, repeated: bool) {
        let Some(id) = id else { return };
        let text = match self.members.protocol(connection) {
            Protocol::V1 => wire::ack(id, seq, repeated, self.host.clock.now()),
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
            Protocol::V1 => wire::error(rejection, id, self.host.clock.now()),
            Protocol::V2 => v2::reject(rejection, id),
        }
    }
}

/// Returns the participant who left or was removed by this fact.
fn who_left(recorded: &Recorded) -> Option<&ParticipantId> {
    match &recorded.fact {
        Fact::People(PeopleFact::Left { .. }) => recorded.by.id(),
        Fact::People(PeopleFact::Removed(removed)) => Some(&removed.who),
        Fact::People(
            PeopleFact::Joined(_)
            | PeopleFact::Added { .. }
            | PeopleFact::ReadySet { .. }
            | PeopleFact::HandedOver { .. }
            | PeopleFact::Readmitted { .. },
        )
        | Fact::Dish(_)
        | Fact::Claim(_)
        | Fact::Split(_)
        | Fact::Charge(_)
        | Fact::Payment(_)
        | Fact::Transfer(_)
        | Fact::Table(_) => None,
    }
}
