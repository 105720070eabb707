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
    /// The WebSocket subprotocol that chooses it. The first is spoken with whoever offers none, too.
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
    /// The protocol that it speaks.
    pub protocol: Protocol,
    /// The resume token that an earlier socket was given: it speaks as that participant without joining first.
    pub resume_token: Option<String>,
    /// Where in the history the client is, if it has the state up to there.
    pub since: Option<Cursor>,
    /// Who signed in, where that is asked for: the socket speaks as nobody else, and a resume token of somebody else proves
    /// nothing.
    pub identity: Option<Identity>,
    /// Who is asked before the socket joins as somebody new; nobody, if this is nothing.
    pub door: Option<Door>,
    /// Who is asked before something is stored for the socket; nobody, if this is nothing.
    pub allowance: Option<Allowance>,
}
