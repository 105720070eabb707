//! Gathers what a large table is told, so that changes of one moment are told together.
//!
//! A table of few people with few dishes is told everything as it happens. Where a message with the whole order is large and goes to
//! many, each change would cost hundreds of mebibytes, and so would each phone that comes back or goes.

use std::collections::BTreeMap;
use std::time::Duration;

use order_core::wire::{self, v2};
use order_core::{Markers, ParticipantId, Presence};
use tokio::time::Instant;

use super::Room;
use super::news::{News, Owed, When};
use crate::Protocol;
use crate::connection::pieces::TableMessage;
use crate::limits::budget::Known;

/// Messages with the whole order are always sent at once if all first-protocol sockets
/// together are sent no more bytes than this: 5,000 for each of a hundred dishes, to twenty
/// people, are more than they can have.
const AT_ONCE_BYTES: usize = 8 * 1024 * 1024;

/// The rate at which larger ones are sent to a table's sockets of the first protocol, in
/// bytes.
const BYTES_PER_MS: usize = 256 * 1024 * 1024 / 1_000;

/// The longest pause between them.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A table with more sockets than this, of both protocols, is told of presence changes
/// within one [`MOMENT`] together.
const FEW_SOCKETS: usize = 64;

/// How long presence changes are collected.
const MOMENT: Duration = Duration::from_secs(1);

/// Messages that the table has yet to be sent. Each socket's entry says what it is owed.
#[derive(Debug, Default)]
pub(super) struct Later {
    /// Participants whose presence changed, with what the table knows of it. No more than there
    /// are people on the order.
    presence: BTreeMap<ParticipantId, Told>,
    /// When the messages are to be sent.
    at: Option<Instant>,
    /// When messages with the whole order may be sent to all again.
    not_before: Option<Instant>,
    /// The size of the last message with the whole order.
    order_bytes: usize,
}

/// What the table was last told of somebody whose presence changed.
#[derive(Debug)]
struct Told {
    state: PresenceOf,
    /// Whether some socket was shown a different state meanwhile.
    is_outdated: bool,
}

/// The presence of one participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PresenceOf {
    is_online: bool,
    markers: Markers,
}

impl PresenceOf {
    /// Returns somebody's current presence.
    pub(super) fn now(presence: &Presence, who: &ParticipantId) -> Self {
        Self { is_online: presence.is_online(who), markers: presence.markers(who) }
    }
}

impl Later {
    /// Schedules the messages for this time, or as soon afterwards as the pause permits.
    fn tell_at(&mut self, at: Instant) {
        self.at = Some(self.at.map_or(at, |earlier| earlier.min(at)));
    }

    /// Returns when the scheduled messages are sent: not before the end of the pause.
    fn due(&self) -> Option<Instant> {
        let at = self.at?;
        Some(self.not_before.map_or(at, |not_before| at.max(not_before)))
    }

    /// Notes that a message with the whole order was written.
    pub(super) fn written(&mut self, message: &TableMessage) {
        self.order_bytes = message.len();
    }

    /// Notes that some socket was shown the current presence of everybody.
    pub(super) fn shown(&mut self, presence: &Presence) {
        for (who, told) in &mut self.presence {
            told.is_outdated |= told.state != PresenceOf::now(presence, who);
        }
    }

    /// Notes that some socket was shown the current presence of one participant.
    pub(super) fn shown_of(&mut self, who: &ParticipantId, presence: &Presence) {
        if let Some(told) = self.presence.get_mut(who) {
            told.is_outdated |= told.state != PresenceOf::now(presence, who);
        }
    }

    /// Returns whether something is scheduled.
    pub(super) fn is_due_some_time(&self) -> bool {
        self.at.is_some()
    }

    /// Notes that the table knows somebody's presence, or learns it in another way.
    pub(super) fn knows(&mut self, who: &ParticipantId) {
        self.presence.remove(who);
    }

    /// Notes that everybody learns that somebody is online, but not their markers.
    pub(super) fn joins(&mut self, who: &ParticipantId, presence: &Presence) {
        if let Some(told) = self.presence.get_mut(who) {
            told.state.is_online = true;
            if !told.is_outdated && told.state == PresenceOf::now(presence, who) {
                self.presence.remove(who);
            }
        }
    }

    /// Notes a presence change that the table is not told yet. Somebody who is back in the
    /// state the table knows needs no message; a marker that was cleared meanwhile is a
    /// different state.
    fn changed(&mut self, who: &ParticipantId, before: PresenceOf, now: PresenceOf) {
        if let Some(told) = self.presence.get(who) {
            if told.state == now && !told.is_outdated {
                self.presence.remove(who);
            }
        } else {
            let told = Told { state: before, is_outdated: false };
            self.presence.insert(who.clone(), told);
        }
    }

    /// Notes how many bytes of whole orders were sent, and begins a pause if there were many.
    fn sent(&mut self, bytes: usize) {
        if bytes > AT_ONCE_BYTES {
            let pause = Duration::from_millis((bytes / BYTES_PER_MS) as u64).min(LONGEST_PAUSE);
            self.not_before = self.not_before.max(Some(Instant::now() + pause));
        }
    }
}

impl Room {
    /// Returns how long it is until messages are due.
    pub(super) fn until_told(&self) -> Duration {
        self.later.due().map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()))
    }

    /// Sends the messages that are due.
    pub(super) fn tell_what_is_due(&mut self) {
        if self.later.due().is_some_and(|at| at <= Instant::now()) {
            self.tell_what_was_kept();
        }
    }

    /// Returns whether a message with the whole order, sent to all first-protocol sockets, is
    /// large in total.
    fn orders_are_large(&self) -> bool {
        let sockets = self.members.seats(Protocol::V1);
        self.later.order_bytes.saturating_mul(sockets) > AT_ONCE_BYTES
    }

    /// Returns whether a message with the whole order may be sent to all first-protocol sockets
    /// now.
    pub(super) fn may_tell_all(&self) -> bool {
        self.later.not_before.is_none_or(|at| at <= Instant::now()) || !self.orders_are_large()
    }

    /// Notes that some first-protocol sockets were not sent a change.
    pub(super) fn owe_order(&mut self) {
        self.later.tell_at(Instant::now());
    }

    /// Notes that all first-protocol sockets were sent this message.
    pub(super) fn told_all(&mut self, message: &TableMessage) {
        self.later.written(message);
        self.later.sent(message.len().saturating_mul(self.members.seats(Protocol::V1)));
    }

    /// Tells the table that somebody came online or went offline; `before` is their previous
    /// presence. A large table is told of all changes of this moment together.
    pub(super) fn tell_presence(&mut self, participant: &ParticipantId, before: PresenceOf) {
        if !self.order.is_at_table(participant) {
            return;
        }
        let sockets = self.members.seats(Protocol::V1).saturating_add(self.members.seats(Protocol::V2));
        if sockets > FEW_SOCKETS || self.orders_are_large() {
            self.later.changed(participant, before, PresenceOf::now(&self.presence, participant));
            self.members.owe_presence(participant);
            self.later.tell_at(Instant::now() + MOMENT);
            return;
        }
        self.later.knows(participant);
        let v1 = self.members.seats(Protocol::V1) > 0;
        let v1 = v1.then(|| self.presence_message(std::slice::from_ref(participant)));
        let news = News { v1, v2: self.presence_v2(participant) };
        self.shown = self.shown.saturating_add(news.len());
        self.tell_others(participant, &news);
    }

    /// Tells everybody except one participant.
    pub(super) fn tell_others(&mut self, somebody: &ParticipantId, news: &News) {
        if let Some(message) = &news.v1 {
            self.later.written(message);
            self.later.shown(&self.presence);
        }
        let when = |_, speaker: &ParticipantId| if speaker == somebody { When::Never } else { When::Now };
        self.tell(news, when);
    }

    /// Sends what was put off: the whole order to those who missed a change, and the presence
    /// changes to the others.
    pub(super) fn tell_what_was_kept(&mut self) {
        self.later.at = None;
        let changed = std::mem::take(&mut self.later.presence);
        let changed = changed.into_iter().filter(|(who, told)| {
            self.order.is_at_table(who)
                && (told.is_outdated || told.state != PresenceOf::now(&self.presence, who))
        });
        let changed: Vec<ParticipantId> = changed.map(|(who, _)| who).collect();
        for who in &changed {
            let news = News { v1: None, v2: self.presence_v2(who) };
            self.shown = self.shown.saturating_add(news.len());
            self.tell_others(who, &news);
        }
        let owed = self.members.owed();
        let order = (owed == Owed::Order).then(|| self.state(|protocol| protocol == Protocol::V1));
        let is_owed = owed != Owed::Nothing && !changed.is_empty();
        let presence = is_owed.then(|| News { v1: Some(self.presence_message(&changed)), v2: None });
        for message in [&order, &presence].into_iter().flatten() {
            self.shown = self.shown.saturating_add(message.len());
        }
        let token = |who: &ParticipantId| self.host.settings.resume_key.token(&self.key, who, Known::Proved);
        let sent = self.members.pay_back(order.as_ref(), presence.as_ref(), token);
        self.later.sent(sent);
    }

    /// Returns the first protocol's message about several presence changes.
    fn presence_message(&self, changed: &[ParticipantId]) -> TableMessage {
        let now = self.host.clock.now();
        TableMessage::new(self.aside(|| wire::presence_changed(&self.order, &self.presence, changed, now)))
    }

    /// Returns the `stonepot.v2` message about somebody's presence, if any socket speaks it.
    pub(super) fn presence_v2(&self, participant: &ParticipantId) -> Option<crate::Pieces> {
        let is_heard = self.members.seats(Protocol::V2) > 0;
        is_heard.then(|| v2::presence(&self.presence, participant).into())
    }
}
