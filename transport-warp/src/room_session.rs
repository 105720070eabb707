//! A socket's session in a room.

use bytes::Bytes;
use order_host::{CloseReason, Connection};

use crate::socket::{Close, Outgoing, Session};

/// Carries a room's connection over a socket.
pub(crate) struct RoomSession(pub(crate) Connection);

impl Session for RoomSession {
    async fn receive(&self, text: &str) {
        self.0.receive(text).await;
    }

    async fn receive_binary(&self, _: Bytes) {
        self.0.receive_binary().await;
    }

    async fn next(&self) -> Outgoing {
        outgoing(self.0.next().await)
    }

    fn try_next(&self) -> Option<Outgoing> {
        self.0.try_next().map(outgoing)
    }
}

fn outgoing(outgoing: order_host::Outgoing) -> Outgoing {
    match outgoing {
        order_host::Outgoing::Text(text) => Outgoing::Text(text.into_parts()),
        order_host::Outgoing::Close(CloseReason::Restart) => Outgoing::Close(Close::restart()),
        order_host::Outgoing::Close(CloseReason::Unavailable) => {
            Outgoing::Close(Close::try_later("the order cannot be read now"))
        }
        order_host::Outgoing::Close(CloseReason::SignInEnded) => {
            Outgoing::Close(Close::not_allowed("the sign-in has ended; come back with a new token"))
        }
        order_host::Outgoing::Close(CloseReason::Flood) => {
            Outgoing::Close(Close::not_allowed("too many messages; wait when you are told to"))
        }
        // Reasons that a later host may have.
        _ => Outgoing::Close(Close::try_later("the room closed the socket")),
    }
}
