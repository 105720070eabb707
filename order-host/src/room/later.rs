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

/// Messages with the whole order are always sent at once to all sockets of the first protocol that they come to no more than this
/// for, in bytes: 5,000 for each of a hundred dishes, to twenty people, are more than they can have.
const AT_ONCE_BYTES: usize = 8 * 1024 * 1024;

/// So many bytes of larger ones are sent to a table's sockets of the first protocol each second.
const BYTES_PER_MS: usize = 256 * 1024 * 1024 / 1_000;

/// But nobody waits longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A table with more sockets than this, of either protocol, is told together who came and went in one [`MOMENT`].
const FEW_SOCKETS: usize = 64;

/// How long whoever comes and goes is waited for.
const MOMENT: Duration = Duration::from_secs(1);

/// What the table is yet to be told, or some of its sockets. The sockets know what each of them is owed.
#[derive(Debug, Default)]
pub(super) struct Later {
    /// Whose presence changed. No more than there are people on the order.
    presence: BTreeMap<ParticipantId, Told>,
    /// When it is told.
    at: Option<Instant>,
    /// When messages with the whole order may be sent to all again.
    not_before: Option<Instant>,
    /// How large the last of them was.
    order_bytes: usize,
}

/// What the table knows of somebody whose presence changed since.
#[derive(Debug)]
struct Told {
    state: PresenceOf,
    /// Whether somebody was shown meanwhile that it is otherwise.
    is_outdated: bool,
}

/// How one person is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PresenceOf {
    is_online: bool,
    markers: Markers,
}

impl PresenceOf {
    /// How somebody is there now.
    pub(super) fn now(presence: &Presence, who: &ParticipantId) -> Self {
        Self { is_online: presence.is_online(who), markers: presence.markers(who) }
    }
}

impl Later {
    /// Has the table told at this time, or as soon after it as may be.
    fn tell_at(&mut self, at: Instant) {
        self.at = Some(self.at.map_or(at, |earlier| earlier.min(at)));
    }

    /// When the table is told, if it is to be: not before the end of the pause, whichever of them began first.
    fn due(&self) -> Option<Instant> {
        let at = self.at?;
        Some(self.not_before.map_or(at, |not_before| at.max(not_before)))
    }

    /// Notes that a message with the whole order was written.
    pub(super) fn written(&mut self, message: &TableMessage) {
        self.order_bytes = message.len();
    }

    /// Notes that somebody was shown who is there now.
    pub(super) fn shown(&mut self, presence: &Presence) {
        for (who, told) in &mut self.presence {
            told.is_outdated |= told.state != PresenceOf::now(presence, who);
        }
    }

    /// Notes that somebody was shown how one person is there now.
    pub(super) fn shown_of(&mut self, who: &ParticipantId, presence: &Presence) {
        if let Some(told) = self.presence.get_mut(who) {
            told.is_outdated |= told.state != PresenceOf::now(presence, who);
        }
    }

    /// Whether the table has yet to be told something.
    pub(super) fn is_due_some_time(&self) -> bool {
        self.at.is_some()
    }

    /// Notes that the table knows how somebody is there, or learns it otherwise.
    pub(super) fn knows(&mut self, who: &ParticipantId) {
        self.presence.remove(who);
    }

    /// Notes that everybody learns that somebody is there, and not what they do.
    pub(super) fn joins(&mut self, who: &ParticipantId, presence: &Presence) {
        if let Some(told) = self.presence.get_mut(who) {
            told.state.is_online = true;
            if !told.is_outdated && told.state == PresenceOf::now(presence, who) {
                self.presence.remove(who);
            }
        }
    }

    /// Notes that somebody, who was there as in `before`, came or went, which the table is not told yet. Who is back just as the
    /// table knows them has not been away; who was typing before, and is not now, is not just as the table knows them.
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

    /// Notes that so many bytes of whole orders were sent to the table.
    fn sent(&mut self, bytes: usize) {
        if bytes > AT_ONCE_BYTES {
            let pause = Duration::from_millis((bytes / BYTES_PER_MS) as u64).min(LONGEST_PAUSE);
            self.not_before = self.not_before.max(Some(Instant::now() + pause));
        }
    }
}

impl Room {
    /// How long it is until the table is to be told something.
    pub(super) fn until_told(&self) -> Duration {
        self.later.due().map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()))
    }

    /// Tells the table what it was not told at once, when it is time.
    pub(super) fn tell_what_is_due(&mut self) {
        if self.later.due().is_some_and(|at| at <= Instant::now()) {
            self.tell_what_was_kept();
        }
    }

    /// Whether messages with the whole order, sent to all of the first protocol, are many bytes.
    fn orders_are_large(&self) -> bool {
        let sockets = self.members.seats(Protocol::V1);
        self.later.order_bytes.saturating_mul(sockets) > AT_ONCE_BYTES
    }

    /// Whether a message with the whole order may go to all of the first protocol now.
    pub(super) fn may_tell_all(&self) -> bool {
        self.later.not_before.is_none_or(|at| at <= Instant::now()) || !self.orders_are_large()
    }

    /// Notes that some of the first protocol have not been told of a change.
    pub(super) fn owe_order(&mut self) {
        self.later.tell_at(Instant::now());
    }

    /// Notes that all of the first protocol were sent this.
    pub(super) fn told_all(&mut self, message: &TableMessage) {
        self.later.written(message);
        self.later.sent(message.len().saturating_mul(self.members.seats(Protocol::V1)));
    }

    /// Tells the others at the table that somebody, who was there as in `before`, came online or went offline: at once or, where
    /// they are many, together with whoever else comes and goes in this moment.
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

    /// Tells all but somebody.
    pub(super) fn tell_others(&mut self, somebody: &ParticipantId, news: &News) {
        if let Some(message) = &news.v1 {
            self.later.written(message);
            self.later.shown(&self.presence);
        }
        let when = |_, speaker: &ParticipantId| if speaker == somebody { When::Never } else { When::Now };
        self.tell(news, when);
    }

    /// Tells everybody what they were not told at once: whoever missed a change the whole order, and the others who is there.
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
        let token = |who: &ParticipantId| self.host.settings.resume_key.token(&self.key, who);
        let sent = self.members.pay_back(order.as_ref(), presence.as_ref(), token);
        self.later.sent(sent);
    }

    /// The message of the first protocol that tells who came and went in one moment.
    fn presence_message(&self, changed: &[ParticipantId]) -> TableMessage {
        let now = self.host.clock.now();
        TableMessage::new(self.aside(|| wire::presence_changed(&self.order, &self.presence, changed, now)))
    }

    /// The message of `stonepot.v2` that tells how somebody is there, if anybody hears it.
    pub(super) fn presence_v2(&self, participant: &ParticipantId) -> Option<crate::Pieces> {
        let is_heard = self.members.seats(Protocol::V2) > 0;
        is_heard.then(|| v2::presence(&self.presence, participant).into())
    }
}
