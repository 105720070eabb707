//! The inputs of a room, in the queue that its task reads.

use std::sync::Arc;
use std::time::Duration;

use order_core::ParticipantId;
use order_core::wire::{CommandMessage, Inbound, Refused, SharedText};
use tokio::sync::{SetOnce, oneshot};

use crate::connection::outbox::Outbox;
use crate::limits::budget::Known;
use crate::{Access, Allowance, Cursor, Door, Protocol};

/// Identifies a socket for as long as the process lives. A label, never an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// An input of a room.
pub(crate) enum Input {
    /// A socket attached. It is sent nothing until it joins, unless it resumes. Boxed, as every
    /// large input is: the room's queue allocates 32 slots at the start.
    Attach(Box<Attach>),
    /// A socket sent a message.
    Message { connection: ConnectionId, message: Box<Result<Inbound, Refused>> },
    /// The restaurant's back end sent a message. The reply is the broadcast or the refusal, as
    /// JSON text.
    Backend { message: Box<CommandMessage>, reply: oneshot::Sender<Result<String, String>> },
    /// A socket that fell behind asks for the full state.
    Resync { connection: ConnectionId },
    /// A socket whose return was put off by its rate limit is to be seated now.
    Resume { connection: ConnectionId, back: Box<Back> },
    /// A socket disconnected.
    Detach { connection: ConnectionId },
    /// A stranger asks for the public view of the order.
    View { reply: oneshot::Sender<Option<SharedText>> },
    /// Asks whether somebody with this access may see and join the order.
    Admits { access: Box<Access>, reply: oneshot::Sender<bool> },
    /// A history is requested; `asker: None` is the back end. The reply is the last sequence
    /// number, if `asker` may read it.
    Reads { asker: Option<ParticipantId>, reply: oneshot::Sender<Option<u64>> },
    /// A timer is due. The reply comes when it is handled, and says for how long the end of the
    /// room waits for the clock, if it does.
    Wake { reply: oneshot::Sender<Option<Duration>> },
    /// The stored data of the room is damaged: disconnect everybody, and end.
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "no other log is looked through"))]
    Damaged,
    /// Finish what was accepted, disconnect everybody, and end.
    Drain,
}

/// A socket that attaches to a room.
pub(crate) struct Attach {
    pub(crate) connection: ConnectionId,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) protocol: Protocol,
    pub(crate) back: Option<Back>,
    /// Asked before it joins as a new participant.
    pub(crate) door: Option<Door>,
    /// Asked before something is stored for it.
    pub(crate) allowance: Option<Allowance>,
    /// Which orders the socket may join. `None`: it did not sign in.
    pub(crate) access: Option<Box<Access>>,
}

/// A returning client, which speaks as this participant again.
#[derive(Debug, Clone)]
pub(crate) struct Back {
    pub(crate) participant: ParticipantId,
    /// Whether it has proved to be the participant, or came back to where it had only named them.
    pub(crate) known: Known,
    /// The client's position in the history.
    pub(crate) since: Option<Cursor>,
    pub(crate) seat: Arc<Seat>,
}

/// Tells a returning client's connection whether the room has seated it.
#[derive(Debug, Default)]
pub(crate) struct Seat {
    /// Set once it is known whether the participant is at the table.
    pub(crate) is_taken: SetOnce<bool>,
    /// Set if that is put off, because the participant used up its budget of answers.
    pub(crate) is_put_off: SetOnce<()>,
}
