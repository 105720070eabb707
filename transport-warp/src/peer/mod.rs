//! From where somebody comes, and how much may come from there.

mod place;
mod visits;
mod volume;

use std::net::IpAddr;

pub use place::{ProxyError, TrustedProxies};

pub(crate) use place::{Place, PlaceTickets, take};
pub(crate) use visits::Visits;
pub(crate) use volume::{Somebody, Volume};

use order_host::Pace;

/// The other end of a TCP connection, as the accept loop has found it. Where other code accepts, and does not say, nothing is
/// bounded by address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TcpPeer(pub(crate) IpAddr);

/// How much may come from one address, and into one room. Of IPv6, 64 bits are one address, and all networks that agree in 48
/// have together what four of them have. Whoever connects from this very machine is not bounded by address: they are a proxy
/// that was not named, or could do worse.
#[derive(Debug, Clone)]
pub struct PeerSettings {
    /// How many sockets one address may have; nothing, as many as there may be in all. Default 500: a restaurant may have
    /// one address for all its guests.
    pub sockets_per_address: Option<usize>,
    /// How many sockets one room may have. Default 500: an order has 250 people at the most.
    pub sockets_per_room: Option<usize>,
    /// How many of those one guest may have, so that nobody takes the places of all: one participant, where people sign in, and
    /// one address otherwise. Default 200: a whole party may have one address.
    pub sockets_per_guest: Option<usize>,
    /// How fast one address may open sockets and look at orders, which is how room names are guessed. Default 20 a second,
    /// 500 at once.
    pub visits: Option<Pace>,
    /// How many people who are new may join orders from one address. Default one a second, 100 at once: a whole party may sit
    /// down at once, and nobody fills order after order with guests who are none.
    pub newcomers: Option<Pace>,
    /// How many bytes one person who signed in, or one address, may add to what is stored, in all orders together. It is in bytes.
    /// Default 32 KiB a second, 64 MiB at once: a restaurant may have one address for all its guests.
    pub stored: Option<Pace>,
    /// Whose word counts for where somebody comes from; by default, nobody's.
    pub proxies: Option<TrustedProxies>,
}

impl Default for PeerSettings {
    fn default() -> Self {
        Self {
            sockets_per_address: Some(500),
            sockets_per_room: Some(500),
            sockets_per_guest: Some(200),
            visits: Pace::new(20, 500),
            newcomers: Pace::new(1, 100),
            stored: Pace::new(32 * 1024, 64 * 1024 * 1024),
            proxies: None,
        }
    }
}
