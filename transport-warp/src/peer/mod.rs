//! Client addresses, and the limits on what may come from each.

mod place;
mod visits;
mod volume;

use std::net::IpAddr;

pub use place::{ProxyError, TrustedProxies};

pub(crate) use place::{Place, PlaceTickets, take};
pub(crate) use visits::Visits;
pub(crate) use volume::{Somebody, Volume};

use order_host::Pace;

/// The remote address of a TCP connection, as the accept loop found it. Without it (another
/// accept loop that does not set it), nothing is bounded by address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TcpPeer(pub(crate) IpAddr);

/// Limits for one address, and for one room.
///
/// An IPv6 address counts by its first 64 bits, and all networks that share 48 bits may
/// together use four times the limits of one. Connections from this machine are not bounded
/// by address: they come from a proxy that was not configured, or from a process that could
/// do worse.
#[derive(Debug, Clone)]
pub struct PeerSettings {
    /// How many sockets one address may have. `None`: no limit but that of all sockets. Default
    /// 500: a restaurant's guests may all share one address.
    pub sockets_per_address: Option<usize>,
    /// How many sockets one room may have. `None`: no limit. Default 500: an order has at most
    /// 250 people.
    pub sockets_per_room: Option<usize>,
    /// How many of a room's sockets one guest may have, so that no guest takes all places. A
    /// guest is one participant with sign-in, and one address without. `None`: no limit.
    /// Default 200: a whole party may share one address.
    pub sockets_per_guest: Option<usize>,
    /// How fast one address may open sockets and look at orders; this slows down guessing of
    /// room names. Default 20 a second, 500 in a burst.
    pub visits: Option<Pace>,
    /// How fast new people may join orders from one address. Default one a second, 100 in a
    /// burst: a whole party may sit down at once, but nobody can fill order after order with
    /// fake guests.
    pub newcomers: Option<Pace>,
    /// The pace, in bytes, at which one signed-in person, or one address, may add to what is
    /// stored, in all orders together. Default 32 KiB a second, 64 MiB in a burst: a
    /// restaurant's guests may all share one address.
    pub stored: Option<Pace>,
    /// The proxies whose report of a client's address is trusted. Default: none.
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
