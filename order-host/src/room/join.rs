//! Letting a socket join.

use std::sync::Arc;

use order_core::wire::{self, CommandId};
use order_core::{Actor, Code, Command, Decision, ParticipantId, Rejection, decide};

use super::{ConnectionId, End, Room};

impl Room {
    /// Lets a socket speak as `participant`. It gets the full state and then, as everybody does of whoever is
    /// new, that they joined.
    pub(super) async fn join(
        &mut self,
        connection: ConnectionId,
        id: Option<&CommandId>,
        participant: Option<ParticipantId>,
        command: &Command,
    ) -> Result<(), End> {
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
        let now = self.shared.clock.now();
        let recorded = match decide(&self.order, now, &Actor::participant(participant.clone()), command) {
            Ok(Decision::Record(recorded)) => Some(recorded),
            Ok(Decision::Unchanged) => None,
            Err(rejection) => {
                self.refuse(connection, &rejection, id);
                return Ok(());
            }
        };
        let Some(recorded) = recorded else {
            let came_online = self.admit(connection, &participant);
            self.send_sync(connection);
            let answer = wire::joined(&self.order, &self.presence, &participant, now);
            self.members.send(connection, &Arc::new(answer));
            if came_online {
                self.tell_presence(&participant);
            }
            return Ok(());
        };
        let stored = self.store(&[&recorded]).await;
        if let Some(failure) = stored.failure() {
            self.refuse(connection, failure, id);
        } else {
            self.commit(&recorded)?;
            self.admit(connection, &participant);
            self.send_sync(connection);
            drop(self.show(&recorded));
        }
        self.recover(&stored).await
    }

    /// From now on the socket speaks as `participant` and hears what happens; says whether they were offline.
    fn admit(&mut self, connection: ConnectionId, participant: &ParticipantId) -> bool {
        self.members.join(connection, participant);
        self.presence.connect(participant)
    }
}
