//! One WebSocket: the handshake, the frames, the pings and the goodbye.
//!
//! Everything here knows WebSockets and nothing of orders. What a socket talks to is a [`Session`]: a room's
//! connection in the server, an echo in `tools/src/bin/echo.rs`, so the conformance tests that run against the echo
//! run against the code that serves orders.
//!
//! `tungstenite` judges what comes in (frames, fragments, UTF-8, the order of a close). What goes out is
//! written from shared bytes by a queue of our own, because a frame that goes to a whole table should not be
//! copied once per phone, and because a buffer that once held a large frame would stay that large.

mod close;
mod frame_boundary;
mod handshake;
mod keepalive;
mod queue;
mod serve;
mod session;
mod settings;
mod upgrade;
mod wire;

pub use close::Close;
pub use handshake::{Handshake, Refusal};
pub use serve::serve_socket;
pub use session::{PeerMessage, Session};
pub use settings::SocketSettings;
