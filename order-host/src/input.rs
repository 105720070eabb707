//! What a room is told.

use std::sync::Arc;

use order_core::wire::{Inbound, Refused};
use tokio::sync::oneshot;

use crate::outbox::Outbox;

/// Identifies a socket for as long as the process lives. A label, never an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// What a room is told.
pub(crate) enum Input {
    /// A socket is here. It hears nothing until it joins.
    Attach { connection: ConnectionId, outbox: Arc<Outbox> },
    /// A socket sent a message. Boxed, as is the back end's: a room's queue has room for 32 inputs from the beginning.
    Message { connection: ConnectionId, message: Box<Result<Inbound, Refused>> },
    /// The restaurant's back end sent a message. It is told what everybody was shown, or the refusal, as JSON text.
    Backend { message: Box<Inbound>, reply: oneshot::Sender<Result<String, String>> },
    /// A socket that fell behind wants the full state.
    Resync { connection: ConnectionId },
    /// A socket is gone.
    Detach { connection: ConnectionId },
    /// Somebody asks how the order looks to a stranger.
    View { reply: oneshot::Sender<Option<String>> },
    /// Finish what was accepted, send everybody away, and end.
    Drain,
}
