//! The identity of a connection, and the orders that it may see, as a transport has found out before it opens one.

use order_core::command::PeopleCommand;
use order_core::text::Text;
use order_core::wire::{Inbound, Refused};
use order_core::{Code, Command, Order, ParticipantId, Rejection, UnixMillis};

/// The person who signed in on a connection. The host trusts it: the transport that opens the connection has checked it.
///
/// From then on the connection speaks as this participant alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The participant as whom the connection speaks.
    pub participant: ParticipantId,
    /// The name under which it joins, whatever its messages say.
    pub name: Option<Text>,
    /// Which orders it may join.
    pub access: Access,
    /// The end of the sign-in, and of the connection with it. `None` is never.
    pub expires_at: Option<UnixMillis>,
}

impl Identity {
    /// An identity of this participant, without a name, that every order lets in and that never ends.
    pub fn new(participant: ParticipantId) -> Self {
        Self { participant, name: None, access: Access::default(), expires_at: None }
    }

    /// Returns the message as this participant may send it. Refuses one that names another
    /// participant.
    pub(crate) fn vouch_for(&self, mut message: Inbound) -> Result<Inbound, Refused> {
        if message.participant().is_some_and(|named| *named != self.participant) {
            let rejection = Rejection::new(Code::NotYou)
                .field("participantId")
                .expected("the participant that this connection signed in as");
            return Err(Refused { id: message.id().cloned(), rejection });
        }
        if let Inbound::Command(command) = &mut message
            && let Command::People(PeopleCommand::Join(join)) = &mut command.command
        {
            if self.name.is_some() {
                join.name.clone_from(&self.name);
            }
            // The client may not choose its circle: that would let others in.
            join.circle_id.clone_from(&self.access.circle);
            join.tenant_id.clone_from(&self.access.tenant);
        }
        Ok(message)
    }
}

/// The orders that a person may see and join. By default, any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Access {
    /// Only orders of this circle.
    pub circle: Option<Text>,
    /// Only orders of this tenant.
    pub tenant: Option<Text>,
    /// Whether the sign-in names this room. Then an order that has no circle or tenant yet is enough.
    pub by_name: bool,
}

impl Access {
    /// Returns whether the order is one of them. An order that nobody has joined takes the
    /// circle and tenant of the first who joins.
    pub(crate) fn admits_to(&self, order: &Order) -> bool {
        self.admits(order.seq(), order.circle_id(), order.tenant_id())
    }

    /// The same, for an order of which only these fields are known.
    pub(crate) fn admits(&self, seq: u64, circle: Option<&Text>, tenant: Option<&Text>) -> bool {
        let may_be_nobodys = self.by_name || seq == 0;
        let fits = |wanted: &Option<Text>, known: Option<&Text>| match (wanted, known) {
            (None, _) => true,
            (Some(wanted), Some(known)) => wanted == known,
            (Some(_), None) => may_be_nobodys,
        };
        fits(&self.circle, circle) && fits(&self.tenant, tenant)
    }

    /// Returns whether it admits every order.
    pub(crate) fn is_to_any_order(&self) -> bool {
        self.circle.is_none() && self.tenant.is_none()
    }
}
