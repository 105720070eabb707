//! The routes, as warp filters that fit into another warp application.
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
mod host;
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
pub use host::host_route;
pub use page::page_route;
pub use room::room_routes;

use crate::reach::Guard;
use crate::socket::SocketSettings;
use crate::{PeerSettings, Reach, SignIn};

/// Settings of the routes.
#[derive(Debug, Clone)]
pub struct RouteSettings {
    /// The bounds of each socket.
    pub socket: SocketSettings,
    /// How many sockets there may be at once; more are refused with 503. Default 20,000.
    pub max_sockets: usize,
    /// The tasks of all sockets. Wait on it to know that the last one has ended.
    pub sockets: TaskTracker,
    /// Once cancelled, new sockets are refused with 503 and `/readyz` says that this server
    /// stops. Open sockets end when the host drains.
    pub stopping: CancellationToken,
    /// Who may open a socket or look at an order. `None`, the default: anyone who knows its
    /// address.
    pub sign_in: Option<Arc<SignIn>>,
    /// Limits for one address, and for one room.
    pub peers: PeerSettings,
    /// Which pages may use the server, and which names it answers to. Default: pages of its own
    /// host, without sign-in also those of this machine, and any name.
    pub reach: Reach,
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
            reach: Reach::default(),
        }
    }
}

impl RouteSettings {
    fn guard(&self) -> Arc<Guard> {
        Arc::new(Guard::new(&self.reach, self.sign_in.is_some()))
    }
}

/// Serves rooms, health and the page: everything that a Stonepot server serves.
///
/// Rejects every other path, so that `.or()` continues; end with [`fallback_route`] if
/// nothing else follows. A request by a name that [`RouteSettings::reach`] does not allow
/// is answered with 403, whatever its path.
pub fn routes(host: &Host, settings: &RouteSettings) -> BoxedFilter<(Response,)> {
    let guard = settings.guard();
    let rooms = room::guarded(host, settings, Arc::clone(&guard));
    let answers = host::guarded(guard).or(rooms).unify().or(health_routes(host, settings)).unify();
    answers.or(page_route()).unify().boxed()
}
