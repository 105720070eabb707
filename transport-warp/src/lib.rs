//! Stonepot over HTTP and WebSockets: filters to mount in a warp application, and the server `stonepot`.
//!
//! | module | what it is about |
//! |---|---|
//! | [`mod@routes`] | the routes, as warp filters |
//! | [`socket`] | one WebSocket, whatever it talks to |
//! | [`SignIn`] | who may open a socket, by a signed token |
//! | [`Reach`] | which pages may use the server, and which names it answers to |
//! | [`accept`] | the accept loop, its bounds, and the shutdown |
//! | [`WarpTransport`] | all of it on one listener |
#![forbid(unsafe_code)]

pub mod accept;
mod address;
mod peer;
mod query;
mod reach;
mod room_session;
pub mod routes;
mod sign_in;
pub mod socket;
mod transport;

pub use accept::AcceptSettings;
pub use peer::{PeerSettings, ProxyError, TrustedProxies};
pub use reach::{Origin, OriginError, Pages, PublicHost, PublicHostError, Reach};
pub use routes::{RouteSettings, fallback_route, health_routes, host_route, page_route, room_routes, routes};
pub use sign_in::{
    DEFAULT_AUDIENCE, KeysError, MAX_TOKEN_BYTES, RoomName, RoomNameError, SharedSecret, SignIn,
};
pub use socket::SocketSettings;
pub use transport::WarpTransport;
