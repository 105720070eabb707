//! The sockets in a room, and as whom each of them speaks.

use std::collections::BTreeMap;
use std::sync::Arc;

use order_core::ParticipantId;
use order_core::wire::Frame;

use crate::input::ConnectionId;
use crate::outbox::{CloseReason, Outbox};
use crate::pieces::Shared;

/// The sockets in a room.
#[derive(Debug, Default)]
pub(super) struct Members(BTreeMap<ConnectionId, Member>);

#[derive(Debug)]
struct Member {
    outbox: Arc<Outbox>,
    /// As whom the socket speaks; nobody before it joins and after it leaves.
    speaker: Option<ParticipantId>,
}

impl Members {
    pub(super) fn attach(&mut self, connection: ConnectionId, outbox: Arc<Outbox>) {
        self.0.entry(connection).or_insert(Member { outbox, speaker: None });
    }

    /// Forgets a socket; answers with the participant whose last one it was.
    pub(super) fn detach(&mut self, connection: ConnectionId) -> Option<ParticipantId> {
        let participant = self.0.remove(&connection)?.speaker?;
        let another = self.0.values().any(|member| member.speaker.as_ref() == Some(&participant));
        (!another).then_some(participant)
    }

    pub(super) fn join(&mut self, connection: ConnectionId, participant: &ParticipantId) {
        if let Some(member) = self.0.get_mut(&connection) {
            member.speaker = Some(participant.clone());
        }
    }

    /// Every socket of `participant` is sent `farewell`, which carries the full state, and speaks for nobody
    /// from now on. One that lags behind hears it too: nothing can make up for it later.
    pub(super) fn leave(&mut self, participant: &ParticipantId, farewell: &Arc<Frame>) {
        let farewell = Shared::new(farewell);
        for member in self.0.values_mut() {
            if member.speaker.as_ref() == Some(participant) {
                member.outbox.push_state(farewell.to(participant));
                member.speaker = None;
            }
        }
    }

    pub(super) fn speaker(&self, connection: ConnectionId) -> Option<&ParticipantId> {
        self.0.get(&connection)?.speaker.as_ref()
    }

    /// Whether a socket waits for the full state.
    pub(super) fn lags(&self, connection: ConnectionId) -> bool {
        self.0.get(&connection).is_some_and(|member| member.outbox.lags())
    }

    pub(super) fn send_text(&self, connection: ConnectionId, text: String) {
        if let Some(member) = self.0.get(&connection) {
            member.outbox.push(text);
        }
    }

    pub(super) fn send(&self, connection: ConnectionId, frame: &Arc<Frame>) {
        if let Some((outbox, speaker)) = self.joined(connection) {
            outbox.push(Shared::new(frame).to(speaker));
        }
    }

    /// Sends the full state, after which a socket that fell behind is up to date again. One that has not
    /// joined may not see it, and goes on without.
    pub(super) fn catch_up(&self, connection: ConnectionId, sync: &Arc<Frame>) {
        let Some(member) = self.0.get(&connection) else { return };
        match &member.speaker {
            Some(speaker) => member.outbox.push_state(Shared::new(sync).to(speaker)),
            None => member.outbox.forgo_state(),
        }
    }

    pub(super) fn send_to_all(&self, frame: &Arc<Frame>) {
        let news = Shared::new(frame);
        for (outbox, speaker) in self.everybody() {
            outbox.push(news.to(speaker));
        }
    }

    pub(super) fn send_to_others(&self, participant: &ParticipantId, frame: &Arc<Frame>) {
        let news = Shared::new(frame);
        for (outbox, speaker) in self.everybody().filter(|(_, speaker)| *speaker != participant) {
            outbox.push(news.to(speaker));
        }
    }

    pub(super) fn catch_up_all(&self, sync: &Arc<Frame>) {
        let sync = Shared::new(sync);
        for (outbox, speaker) in self.everybody() {
            outbox.push_state(sync.to(speaker));
        }
    }

    pub(super) fn close_all(&self, reason: CloseReason) {
        for member in self.0.values() {
            member.outbox.close(reason);
        }
    }

    fn joined(&self, connection: ConnectionId) -> Option<(&Outbox, &ParticipantId)> {
        let member = self.0.get(&connection)?;
        Some((member.outbox.as_ref(), member.speaker.as_ref()?))
    }

    fn everybody(&self) -> impl Iterator<Item = (&Outbox, &ParticipantId)> {
        self.0.values().filter_map(|member| Some((member.outbox.as_ref(), member.speaker.as_ref()?)))
    }
}
