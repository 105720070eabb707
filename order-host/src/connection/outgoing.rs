//! What a socket has to do next.

use crate::connection::pieces::Pieces;

/// Something for a socket to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outgoing {
    /// Send this text message.
    Text(Pieces),
    /// Close the socket; nothing comes after it.
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
    /// It sent much more than it may, and went on when it was told to wait.
    Flood,
}
