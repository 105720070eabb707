//! Seats of people who were added without a phone, and their codes.

use order_core::command::PeopleCommand;
use order_core::{Code, Command, CommandId, Participant, ParticipantId, Rejection, wire};

use super::{ConnectionId, Room};
use crate::Protocol;
use crate::limits::budget::Known;

impl Room {
    /// Notes in a `join` whether its socket may take the seat of a person who was added: it has the code, or signed in as
    /// them. Other joins ignore that.
    pub(super) fn with_seat(
        &self,
        connection: ConnectionId,
        participant: &ParticipantId,
        command: Command,
    ) -> Command {
        let Command::People(PeopleCommand::Join(mut join)) = command else { return command };
        let key = &self.host.settings.resume_key;
        let has_code =
            join.code.as_ref().is_some_and(|code| key.opens_seat(&self.key, participant, code.as_str()));
        join.may_take_seat = has_code || self.members.known(connection, participant) == Known::Proved;
        Command::People(PeopleCommand::Join(join))
    }

    /// Answers the person who added somebody, or the owner, with the code of that seat.
    pub(super) fn seat_code(
        &self,
        connection: ConnectionId,
        asker: &ParticipantId,
        id: Option<&CommandId>,
        of: &ParticipantId,
    ) {
        if let Err(rejection) = self.may_know_code(connection, asker, of) {
            return self.refuse(connection, &rejection, id);
        }
        let code = self.host.settings.resume_key.seat_code(&self.key, of);
        let answer = match self.members.protocol(connection) {
            Protocol::V1 => wire::seat_code(of, &code, id, self.host.clock.now()),
            Protocol::V2 => wire::v2::seat_code(of, &code, id),
        };
        self.members.reply(connection, answer.into());
    }

    fn may_know_code(
        &self,
        connection: ConnectionId,
        asker: &ParticipantId,
        of: &ParticipantId,
    ) -> Result<(), Rejection> {
        let person = self.order.person(of).filter(|person| person.is_vacant());
        let added_by = person.and_then(Participant::added_by).ok_or_else(|| {
            Rejection::new(Code::UnknownParticipant)
                .field("data.participantId")
                .expected("the id of a person who was added, and whose seat nobody has taken")
        })?;
        if added_by != asker && !self.order.is_owned_by(asker) {
            return Err(Rejection::new(Code::NotOwner).expected("the owner, or the person who added them"));
        }
        if self.members.known(connection, asker) != Known::Proved {
            return Err(not_proved());
        }
        Ok(())
    }
}

/// The refusal to a socket that has not proved who it is.
pub(super) fn not_proved() -> Rejection {
    Rejection::new(Code::NotProved)
        .expected("a connection that came with the resume token, signed in, or joined as somebody new")
}
