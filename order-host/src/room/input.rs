//! The inputs of a room, in the queue that its task reads.

use std::sync::Arc;
use std::time::Duration;

use order_core::ParticipantId;
use order_core::wire::{CommandMessage, Inbound, Refused, SharedText};
use tokio::sync::{SetOnce, oneshot};

use crate::connection::outbox::Outbox;
use crate::{Access, Allowance, Cursor, Door, Protocol};

/// Identifies a socket for as long as the process lives. A label, never an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// What a room is told.
pub(crate) enum Input {
    /// A socket is here. It hears nothing until it joins, unless it comes back.
    /// Boxed, as is all that is large: a room's queue has room for 32 inputs from the beginning.
    Attach(Box<Attach>),
    /// A socket sent a message.
    Message { connection: ConnectionId, message: Box<Result<Inbound, Refused>> },
    /// The restaurant's back end sent a message. It is told what everybody was shown, or the refusal, as JSON text.
    Backend { message: Box<CommandMessage>, reply: oneshot::Sender<Result<String, String>> },
    /// A socket that fell behind wants the full state.
    Resync { connection: ConnectionId },
    /// A socket that came back too early is to be seated now.
    Resume { connection: ConnectionId, back: Box<Back> },
    /// A socket is gone.
    Detach { connection: ConnectionId },
    /// Somebody asks how the order looks to a stranger.
    View { reply: oneshot::Sender<Option<SharedText>> },
    /// Somebody asks whether they may see and join the order.
    Admits { access: Box<Access>, reply: oneshot::Sender<bool> },
    /// Somebody asks for the history; without a name, the back end. They are told the last fact, if they may read it.
    Reads { asker: Option<ParticipantId>, reply: oneshot::Sender<Option<u64>> },
    /// It is time for something that happens by itself. The room says when it is done, and for how long its end waits for
    /// the clock, if it does.
    Wake { reply: oneshot::Sender<Option<Duration>> },
    /// What is stored of the room is damaged: send everybody away, and end.
    Damaged,
    /// Finish what was accepted, send everybody away, and end.
    Drain,
}

/// A socket that comes into a room.
pub(crate) struct Attach {
    pub(crate) connection: ConnectionId,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) protocol: Protocol,
    pub(crate) back: Option<Back>,
    /// Who is asked before it joins as somebody new.
    pub(crate) door: Option<Door>,
    /// Who is asked before something is stored for it.
    pub(crate) allowance: Option<Allowance>,
    /// Where the socket has signed in: which orders it may join.
    pub(crate) access: Option<Box<Access>>,
}

/// Somebody comes back, who was proved to be this participant.
#[derive(Debug, Clone)]
pub(crate) struct Back {
    pub(crate) participant: ParticipantId,
    /// Where in the history the client is.
    pub(crate) since: Option<Cursor>,
    pub(crate) seat: Arc<Seat>,
}

/// What the room says of the seat of somebody who comes back.
#[derive(Debug, Default)]
pub(crate) struct Seat {
    /// Set once it is known whether they sit at the table.
    pub(crate) is_taken: SetOnce<bool>,
    /// Set if that takes a while, because they have been answered too much lately.
    pub(crate) is_put_off: SetOnce<()>,
}
