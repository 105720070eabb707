//! What is served at which address, as warp filters that fit into another warp application.
//!
//! ```
//! use std::sync::Arc;
//!
//! use order_host::{Host, log::MemoryLog};
//! use transport_warp::{RouteSettings, room_routes};
//! use warp::Filter;
//!
//! let host = Host::new(Arc::new(MemoryLog::new()), order_host::Settings::default());
//! let mine = warp::path!("hello").map(|| "hello");
//! // Under a path of one's own: ws://…/orders/parties/collaborative_order/my-table
//! let orders = warp::path("orders").and(room_routes(&host, &RouteSettings::default()));
//! let all = mine.or(orders);
//! # let _ = warp::service(all);
//! ```

mod answer;
mod fallback;
mod health;
mod page;
mod room;

use std::sync::Arc;

use order_host::Host;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

pub use fallback::fallback_route;
pub use health::health_routes;
pub use page::page_route;
pub use room::room_routes;

use crate::socket::SocketSettings;
use crate::{Origin, PeerSettings, SignIn};

/// How rooms are served.
#[derive(Debug, Clone)]
pub struct RouteSettings {
    /// The bounds of each socket.
    pub socket: SocketSettings,
    /// How many sockets there may be at once; further ones are refused with 503. Default 20,000.
    pub max_sockets: usize,
    /// The tasks of all sockets: wait on it to know that the last one is gone.
    pub sockets: TaskTracker,
    /// Once it is cancelled, sockets are refused with 503 and `/readyz` says that this server stops.
    /// The sockets that are there end when the host drains.
    pub stopping: CancellationToken,
    /// Who may open a socket or look at an order. Default: whoever knows its address.
    pub sign_in: Option<Arc<SignIn>>,
    /// How much may come from one address, and into one room.
    pub peers: PeerSettings,
    /// The pages that may open sockets, where there are some. Default none: then pages of any origin may as long as nobody
    /// has to sign in, and those of this very host otherwise. Whoever names no origin is no browser, and may.
    pub allowed_origins: Vec<Origin>,
}

impl Default for RouteSettings {
    fn default() -> Self {
        Self {
            socket: SocketSettings::default(),
            max_sockets: 20_000,
            sockets: TaskTracker::new(),
            stopping: CancellationToken::new(),
            sign_in: None,
            peers: PeerSettings::default(),
            allowed_origins: Vec::new(),
        }
    }
}

/// Rooms, health and the page: all that a Stonepot server serves. Rejects every other path, so that `.or()` goes
/// on; end with [`fallback_route`] where nothing else follows.
pub fn routes(host: &Host, settings: &RouteSettings) -> BoxedFilter<(Response,)> {
    let rooms = room_routes(host, settings);
    rooms.or(health_routes(host, settings)).unify().or(page_route()).unify().boxed()
}
