//! The sockets in a room, and the participant each of them speaks as.

use std::collections::BTreeMap;
use std::sync::Arc;

use order_core::text::Text;
use order_core::{Order, ParticipantId, Rejection};

use super::member::Member;
use super::news::{News, Owed, When};
use crate::connection::outbox::Outbox;
use crate::connection::outgoing::CloseReason;
use crate::connection::pieces::Pieces;
use crate::limits::budget::Known;
use crate::limits::pace::{Meter, Whose};
use crate::limits::volume::StoredBytes;
use crate::room::input::{Attach, Back, ConnectionId};
use crate::{Door, NotYet, Pace, Protocol};

/// The sockets in a room.
#[derive(Debug, Default)]
pub(super) struct Members {
    sockets: BTreeMap<ConnectionId, Member>,
    /// The message rate limit of each participant, over all their sockets. It is kept while
    /// they are away, or they could return for a new burst. There are no more of them than
    /// people on the order.
    meters: BTreeMap<ParticipantId, Arc<Meter>>,
    /// The rate limit of what each participant adds to the log; kept as long.
    stored: BTreeMap<ParticipantId, Box<StoredBytes>>,
}

impl Members {
    /// Adds a socket. Returns the participant it returns as, if it does.
    pub(super) fn attach(&mut self, attach: Attach) -> Option<(ConnectionId, Back)> {
        let Attach { connection, outbox, protocol, back, door, allowance, access } = attach;
        self.sockets.entry(connection).or_insert(Member {
            outbox,
            protocol,
            owed: Owed::Nothing,
            speaker: None,
            door,
            allowance,
            let_in: None,
            access,
            proved: back
                .as_ref()
                .filter(|back| back.known == Known::Proved)
                .map(|back| back.participant.clone()),
        });
        Some((connection, back?))
    }

    /// Asks whether the socket may join as `somebody`, who is new. A participant who was
    /// admitted but could not join is not asked for again.
    pub(super) fn ask_at_the_door(
        &mut self,
        connection: ConnectionId,
        somebody: &ParticipantId,
    ) -> Result<(), NotYet> {
        let Some(member) = self.sockets.get_mut(&connection) else { return Ok(()) };
        if member.let_in.as_ref() != Some(somebody) {
            member.door.as_ref().map_or(Ok(()), Door::ask)?;
            member.let_in = Some(somebody.clone());
        }
        Ok(())
    }

    /// Counts bytes that are about to be stored for somebody on the order.
    pub(super) fn count_stored(
        &mut self,
        who: &ParticipantId,
        pace: Pace,
        bytes: usize,
        is_reserved: bool,
    ) -> Result<(), Rejection> {
        if let Some(stored) = self.stored.get(who) {
            return stored.count(bytes, is_reserved);
        }
        let stored = self.stored.entry(who.clone()).or_insert_with(|| Box::new(StoredBytes::new(pace)));
        stored.count(bytes, is_reserved)
    }

    /// Asks whether this many bytes may be stored for a socket.
    pub(super) fn ask_for_space(&self, connection: ConnectionId, bytes: usize) -> Result<(), Rejection> {
        let allowance = self.sockets.get(&connection).and_then(|member| member.allowance.as_ref());
        allowance.map_or(Ok(()), |allowance| allowance.ask(bytes))
    }

    /// Returns the outbox of a socket.
    pub(super) fn outbox(&self, connection: ConnectionId) -> Option<Arc<Outbox>> {
        self.sockets.get(&connection).map(|member| member.outbox.clone())
    }

    /// Returns the tenant for which the socket has signed in.
    pub(super) fn tenant(&self, connection: ConnectionId) -> Option<&Text> {
        self.sockets.get(&connection)?.access.as_ref()?.tenant.as_ref()
    }

    /// Returns how the room knows that a socket speaks as `somebody`.
    pub(super) fn known(&self, connection: ConnectionId, somebody: &ParticipantId) -> Known {
        let is_known = self.sockets.get(&connection).is_some_and(|member| member.is_known_as(somebody));
        if is_known { Known::Proved } else { Known::Named }
    }

    /// Returns whether the socket may join this order.
    pub(super) fn may_join(&self, connection: ConnectionId, order: &Order) -> bool {
        let access = self.sockets.get(&connection).and_then(|member| member.access.as_ref());
        access.is_none_or(|access| access.admits_to(order))
    }

    /// Removes a socket. Returns its participant if it was their last one.
    pub(super) fn detach(&mut self, connection: ConnectionId) -> Option<ParticipantId> {
        let participant = self.sockets.remove(&connection)?.speaker?;
        let another = self.sockets.values().any(|member| member.speaker.as_ref() == Some(&participant));
        (!another).then_some(participant)
    }

    /// Seats the socket as `participant`, and counts its messages with those of the
    /// participant's other sockets.
    pub(super) fn join(&mut self, connection: ConnectionId, participant: &ParticipantId, pace: Option<Pace>) {
        let meter = pace.map(|pace| {
            let meter = || Arc::new(Meter::new(pace, Whose::Participant));
            self.meters.entry(participant.clone()).or_insert_with(meter).clone()
        });
        if let Some(member) = self.sockets.get_mut(&connection) {
            member.outbox.count_with(meter);
            member.speaker = Some(participant.clone());
        }
    }

    /// Notes that the socket has created this participant, so that it is theirs.
    pub(super) fn made(&mut self, connection: ConnectionId, participant: &ParticipantId) {
        if let Some(member) = self.sockets.get_mut(&connection) {
            member.proved = Some(participant.clone());
        }
    }

    /// Sends `farewell` to every socket of `participant`, which then speak for nobody. A socket
    /// that lags behind is sent it too, because nothing replaces it later: in `stonepot.v2` as
    /// the full state, because an event is useless to a client that missed earlier ones. A
    /// farewell of the first protocol carries the state.
    pub(super) fn leave(&mut self, participant: &ParticipantId, farewell: &News, state: impl Fn() -> Pieces) {
        for member in self.sockets.values_mut() {
            if member.speaker.as_ref() != Some(participant) {
                continue;
            }
            match member.protocol {
                Protocol::V1 => member.catch_up(farewell, participant, false, None),
                Protocol::V2 => {
                    member.send(farewell, participant);
                    if member.outbox.lags() {
                        member.outbox.push_state(state(), false);
                    }
                }
            }
            member.outbox.count_with(None);
            member.speaker = None;
            member.owed = Owed::Nothing;
        }
    }

    /// Unseats every socket whose participant `is_gone`. Returns the sockets and their
    /// participants.
    pub(super) fn unseat(
        &mut self,
        is_gone: impl Fn(&ParticipantId) -> bool,
    ) -> Vec<(ConnectionId, ParticipantId)> {
        let unseat = |(connection, member): (&ConnectionId, &mut Member)| {
            let speaker = member.speaker.take_if(|speaker| is_gone(speaker))?;
            member.outbox.count_with(None);
            Some((*connection, speaker))
        };
        self.sockets.iter_mut().filter_map(unseat).collect()
    }

    pub(super) fn speaker(&self, connection: ConnectionId) -> Option<&ParticipantId> {
        self.sockets.get(&connection)?.speaker.as_ref()
    }

    pub(super) fn protocol(&self, connection: ConnectionId) -> Protocol {
        self.sockets.get(&connection).map_or_else(Protocol::default, |member| member.protocol)
    }

    /// Returns whether any socket at the table speaks this protocol.
    pub(super) fn speak(&self, protocol: Protocol) -> bool {
        self.sockets.values().any(|member| member.protocol == protocol && member.speaker.is_some())
    }

    /// Returns how many sockets at the table speak this protocol.
    pub(super) fn seats(&self, protocol: Protocol) -> usize {
        self.everybody().filter(|(member, _)| member.protocol == protocol).count()
    }

    /// Returns the most that any socket is owed.
    pub(super) fn owed(&self) -> Owed {
        self.everybody().map(|(member, _)| member.owed).max().unwrap_or_default()
    }

    /// Notes that all first-protocol sockets except those of `somebody` are owed a presence
    /// change.
    pub(super) fn owe_presence(&mut self, somebody: &ParticipantId) {
        for member in self.sockets.values_mut() {
            let is_other = member.speaker.as_ref().is_some_and(|speaker| speaker != somebody);
            if is_other && member.protocol == Protocol::V1 {
                member.owed = member.owed.max(Owed::Presence);
            }
        }
    }

    /// Returns whether a socket waits for the full state.
    pub(super) fn lags(&self, connection: ConnectionId) -> bool {
        self.sockets.get(&connection).is_some_and(|member| member.outbox.lags())
    }

    /// Tells a socket that its command was executed.
    pub(super) fn ack(&self, connection: ConnectionId, text: String) {
        if let Some(member) = self.sockets.get(&connection) {
            member.outbox.push_ack(text);
        }
    }

    /// Tells a socket that its message was refused.
    pub(super) fn refuse(&self, connection: ConnectionId, text: String) {
        if let Some(member) = self.sockets.get(&connection) {
            member.outbox.push_refusal(text);
        }
    }

    /// Sends a socket the reply to its request.
    pub(super) fn reply(&self, connection: ConnectionId, answer: Pieces) {
        if let Some(member) = self.sockets.get(&connection) {
            member.outbox.push_reply(answer);
        }
    }

    /// Sends a `stonepot.v2` socket its welcome, which replaces all that it has missed.
    pub(super) fn welcome(&self, connection: ConnectionId, welcome: Pieces, seats: bool) {
        if let Some(member) = self.sockets.get(&connection) {
            member.outbox.push_state(welcome, seats);
        }
    }

    pub(super) fn send(&self, connection: ConnectionId, news: &News) {
        if let Some(member) = self.sockets.get(&connection)
            && let Some(speaker) = &member.speaker
        {
            member.send(news, speaker);
        }
    }

    /// Sends the full state, after which a socket that fell behind is up to date again. A
    /// socket that has not joined may not see it. A socket that is proved to be its participant
    /// also gets their `token`.
    pub(super) fn catch_up(
        &mut self,
        connection: ConnectionId,
        state: &News,
        seats: bool,
        token: impl Fn(&ParticipantId) -> String,
    ) {
        if let Some(member) = self.sockets.get_mut(&connection)
            && let Some(speaker) = &member.speaker
        {
            member.catch_up(state, speaker, seats, Some(&token));
            member.owed = Owed::Nothing;
        }
    }

    /// Lets a socket that fell behind and is not seated continue without the state, with a
    /// refusal instead.
    pub(super) fn go_on_without(&self, connection: ConnectionId, refusal: impl FnOnce() -> String) {
        if let Some(member) = self.sockets.get(&connection) {
            member.outbox.forgo_state(true, refusal);
        }
    }

    /// Tells each socket at the table, according to `when`. A socket that is owed the order
    /// gets that instead of the news; `order` is needed only if any is.
    pub(super) fn tell(
        &mut self,
        news: &News,
        when: impl Fn(ConnectionId, &ParticipantId) -> When,
        order: Option<&News>,
        token: impl Fn(&ParticipantId) -> String,
    ) {
        for (connection, member) in &mut self.sockets {
            let Some(speaker) = &member.speaker else { continue };
            match (when(*connection, speaker), member.protocol, order) {
                (When::Never, ..) => {}
                (When::Now | When::Later, Protocol::V2, _) => member.send(news, speaker),
                (When::Later, Protocol::V1, _) => member.owed = Owed::Order,
                (When::Now, Protocol::V1, _) if news.v1.is_none() => {}
                (When::Now, Protocol::V1, Some(order)) if member.owed == Owed::Order => {
                    member.catch_up(order, speaker, false, Some(&token));
                    member.owed = Owed::Nothing;
                }
                (When::Now, Protocol::V1, _) => {
                    member.send(news, speaker);
                    member.owed = Owed::Nothing;
                }
            }
        }
    }

    /// Sends each socket what it is owed. Sockets that have fallen behind are skipped: they ask
    /// for the state. Returns how many bytes were sent.
    pub(super) fn pay_back(
        &mut self,
        order: Option<&News>,
        presence: Option<&News>,
        token: impl Fn(&ParticipantId) -> String,
    ) -> usize {
        let mut sent: usize = 0;
        for member in self.sockets.values_mut().filter(|member| !member.outbox.lags()) {
            let Some(speaker) = &member.speaker else { continue };
            match (std::mem::take(&mut member.owed), order, presence) {
                (Owed::Order, Some(order), _) => {
                    sent = sent.saturating_add(order.len());
                    member.catch_up(order, speaker, false, Some(&token));
                }
                (Owed::Presence, _, Some(presence)) => {
                    sent = sent.saturating_add(presence.len());
                    member.send(presence, speaker);
                }
                (Owed::Order, None, _) | (Owed::Presence, _, None) | (Owed::Nothing, ..) => {}
            }
        }
        sent
    }

    pub(super) fn catch_up_all(&mut self, state: &News, token: impl Fn(&ParticipantId) -> String) {
        for member in self.sockets.values_mut() {
            let Some(speaker) = &member.speaker else { continue };
            member.catch_up(state, speaker, false, Some(&token));
            member.owed = Owed::Nothing;
        }
    }

    pub(super) fn close_all(&self, reason: CloseReason) {
        for member in self.sockets.values() {
            member.outbox.close(reason);
        }
    }

    fn everybody(&self) -> impl Iterator<Item = (&Member, &ParticipantId)> {
        self.sockets.values().filter_map(|member| Some((member, member.speaker.as_ref()?)))
    }
}
