//! How a socket opens: which protocol it speaks, and whether it comes back.

/// A protocol that a socket speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Protocol {
    /// The first: every change comes with the whole order.
    #[default]
    Seed,
    /// `stonepot.v2`: every change is a small event, and every command is answered by its id.
    V2,
}

impl Protocol {
    /// The WebSocket subprotocol that chooses it, where one does.
    pub fn subprotocol(self) -> Option<&'static str> {
        match self {
            Self::Seed => None,
            Self::V2 => Some("stonepot.v2"),
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
    /// The last event that the client has, if it has the state up to one.
    pub since: Option<u64>,
}
