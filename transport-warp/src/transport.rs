//! The complete server on one listener.

use async_trait::async_trait;
use order_host::{Host, Transport, TransportError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use warp::Filter;

use crate::accept::{AcceptSettings, serve};
use crate::routes::{RouteSettings, fallback_route, routes};

/// Serves a host over HTTP and WebSockets.
pub struct WarpTransport {
    listener: TcpListener,
    routes: RouteSettings,
    accept: AcceptSettings,
}

impl WarpTransport {
    /// Serves on `listener`. [`Transport::run`] replaces the signal `stopping` of `routes` by
    /// the one it is given.
    pub fn new(listener: TcpListener, routes: RouteSettings, accept: AcceptSettings) -> Self {
        Self { listener, routes, accept }
    }
}

#[async_trait]
impl Transport for WarpTransport {
    async fn run(self: Box<Self>, host: Host, stop: CancellationToken) -> Result<(), TransportError> {
        host.keep_time();
        let routes_of = RouteSettings { stopping: stop.clone(), ..self.routes };
        let sockets = routes_of.sockets.clone();
        let filter = routes(&host, &routes_of).or(fallback_route()).unify().boxed();
        let drain = async {
            info!(sockets = sockets.len(), "stopping: clients are told to reconnect");
            host.drain().await;
        };
        let drained = serve(self.listener, filter, self.accept, sockets.clone(), stop, drain).await;
        if drained.cut_off > 0 {
            warn!(connections = drained.cut_off, "some connections did not end in time and were cut off");
        }
        Ok(())
    }
}
