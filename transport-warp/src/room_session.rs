//! The session that connects a socket to a room.

use bytes::Bytes;
use order_host::{CloseReason, Connection};

use crate::socket::{Close, PeerMessage, Session};

/// Carries a room's connection over a socket.
pub(crate) struct RoomSession(pub(crate) Connection);

impl Session for RoomSession {
    async fn receive(&self, text: &str) {
        self.0.receive(text).await;
    }

    async fn receive_binary(&self, _: Bytes) {
        self.0.receive_binary().await;
    }

    async fn next(&self) -> PeerMessage {
        outgoing(self.0.next().await)
    }

    fn try_next(&self) -> Option<PeerMessage> {
        self.0.try_next().map(outgoing)
    }
}

fn outgoing(outgoing: order_host::Outgoing) -> PeerMessage {
    match outgoing {
        order_host::Outgoing::Text(text) => PeerMessage::Text(text.into_parts()),
        order_host::Outgoing::Close(CloseReason::Restart) => PeerMessage::Close(Close::restart()),
        order_host::Outgoing::Close(CloseReason::Unavailable) => {
            PeerMessage::Close(Close::try_later("the order cannot be read now; reconnect later"))
        }
        order_host::Outgoing::Close(CloseReason::SignInEnded) => {
            PeerMessage::Close(Close::not_allowed("the sign-in has expired; reconnect with a new token"))
        }
        order_host::Outgoing::Close(CloseReason::Flood) => {
            PeerMessage::Close(Close::not_allowed("too many messages; wait as long as retryAfter says"))
        }
        // Reasons that a later version of the host may add.
        _ => PeerMessage::Close(Close::try_later("the room closed the socket")),
    }
}
