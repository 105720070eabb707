//! How a socket opens: its protocol, its identity, and whether it resumes.

use crate::{Allowance, Cursor, Door, Identity};

/// A protocol spoken on a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Protocol {
    /// The first protocol: every change comes with the whole order.
    #[default]
    V1,
    /// `stonepot.v2`: every change is a small event, and every command is answered by its id.
    V2,
}

impl Protocol {
    /// The WebSocket subprotocol that chooses it. A client that offers none speaks the first protocol.
    pub fn subprotocol(self) -> &'static str {
        match self {
            Self::V1 => "stonepot.v1",
            Self::V2 => "stonepot.v2",
        }
    }
}

/// What is known of a socket when it opens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opening {
    /// The protocol that the socket speaks.
    pub protocol: Protocol,
    /// A resume token from an earlier socket: the socket speaks as that participant without
    /// joining again.
    pub resume_token: Option<String>,
    /// The client's position in the history, if it has the state up to there.
    pub since: Option<Cursor>,
    /// The person who signed in, where signing in is required. The socket speaks as nobody else, and a resume token of somebody else
    /// proves nothing.
    pub identity: Option<Identity>,
    /// Asked before the socket joins as somebody new. `None` lets everybody in.
    pub door: Option<Door>,
    /// Asked before something is stored for the socket. `None` is no bound.
    pub allowance: Option<Allowance>,
}
