//! How a socket opens: which protocol it speaks, who it is, and whether it comes back.

use crate::{Allowance, Cursor, Door, Identity};

/// A protocol that a socket speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Protocol {
    /// The first: every change comes with the whole order.
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

/// What a socket says when it opens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opening {
    /// The protocol that the socket speaks.
    pub protocol: Protocol,
    /// The resume token that an earlier socket was given: it speaks as that participant without joining first.
    pub resume_token: Option<String>,
    /// Where in the history the client is, if it has the state up to there.
    pub since: Option<Cursor>,
    /// The person who signed in, where signing in is required. The socket speaks as nobody else, and a resume token of somebody else
    /// proves nothing.
    pub identity: Option<Identity>,
    /// Asked before the socket joins as somebody new. `None` lets everybody in.
    pub door: Option<Door>,
    /// Asked before something is stored for the socket. `None` is no bound.
    pub allowance: Option<Allowance>,
}
