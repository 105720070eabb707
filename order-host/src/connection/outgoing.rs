//! What a socket has to do next.

use crate::connection::pieces::Pieces;

/// An instruction to a socket: send a message, or close.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outgoing {
    /// Send this text message.
    Text(Pieces),
    /// Close the socket; nothing follows.
    Close(CloseReason),
}

/// Why the server closes a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The server restarts: come back in a moment.
    Restart,
    /// The room cannot be read or written now: try again later.
    Unavailable,
    /// The sign-in has ended: sign in again, and come back.
    SignInEnded,
    /// It exceeded its rate limit by far, and did not stop when told to wait.
    Flood,
}
