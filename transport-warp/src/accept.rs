//! The accept loop, with its bounds, and the orderly shutdown.
//!
//! `warp::serve` is not used. It has no header timeout, does not set `TCP_NODELAY`, bounds
//! nothing and, at shutdown, forgets the connections that became WebSockets. hyper's HTTP/1
//! connection is used directly: hyper-util's builder first waits for the bytes that tell
//! HTTP/1 from HTTP/2, and no timeout runs meanwhile.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use order_host::Counted;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};
use warp::Reply;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;

use crate::peer::{self, Place, PlaceTickets, TcpPeer, TrustedProxies};
use crate::reach::Target;

/// The pause after an accept that failed: the first, and the longest.
const ACCEPT_RETRY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// How long an HTTP connection may continue once the server stops. A request that has begun
/// is answered, but a slow client does not delay the restart.
const GRACE_WHEN_STOPPING: Duration = Duration::from_secs(1);

/// The bounds of connections that are not (yet) WebSockets, and of the shutdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptSettings {
    /// How many plain HTTP connections there may be at once. More wait in the kernel's queue. A
    /// connection that becomes a WebSocket no longer counts; sockets have their own bound in
    /// [`RouteSettings`](crate::RouteSettings). Default 1,000.
    pub max_http_connections: usize,
    /// How many of these one address may have; more are closed at once. Connections from this
    /// machine and from trusted proxies do not count. Default 200: all guests of a restaurant
    /// may share one address, and a browser opens several connections.
    pub max_http_per_address: usize,
    /// Trusted proxies. Their connections carry many people and are not bounded by address.
    pub proxies: Option<TrustedProxies>,
    /// How long a request's head may take to arrive, and a keep-alive connection may be idle.
    /// Default 10 s.
    pub header_timeout: Duration,
    /// The largest head of a request, in bytes. At least 8 KiB, whatever is set here. Default
    /// 16 KiB.
    pub max_header_bytes: usize,
    /// The most header lines in a request. Default 64.
    pub max_headers: usize,
    /// How long an HTTP connection may live before it is shut down gracefully. Default 60 s.
    pub http_lifetime: Duration,
    /// How long [`serve`] waits for all connections to end once it is asked to stop. Default 10
    /// s.
    pub drain_timeout: Duration,
}

impl Default for AcceptSettings {
    fn default() -> Self {
        Self {
            max_http_connections: 1000,
            max_http_per_address: 200,
            proxies: None,
            header_timeout: Duration::from_secs(10),
            max_header_bytes: 16 * 1024,
            max_headers: 64,
            http_lifetime: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// The result of [`serve`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still open when the drain timeout was over, and were cut off.
    pub cut_off: usize,
}

/// Serves `filter` on `listener` until `stop` is cancelled.
///
/// Then it accepts nothing more and runs `drain`, which should close the sockets. It
/// returns once every connection has ended and every task of `sockets` is done, or when the
/// drain timeout is over.
pub async fn serve<R>(
    listener: TcpListener,
    filter: BoxedFilter<(R,)>,
    settings: AcceptSettings,
    sockets: TaskTracker,
    stop: CancellationToken,
    drain: impl Future<Output = ()>,
) -> Drained
where
    R: Reply + 'static,
{
    let connections = TaskTracker::new();
    let http = Arc::new(http_builder(&settings));
    let slots = Arc::new(Semaphore::new(settings.max_http_connections));
    let by_address = Counted::default();
    while let Some((stream, peer, slot)) = stop.run_until_cancelled(accept(&listener, &slots)).await {
        let Ok(place) = place_of(peer, &by_address, &settings) else {
            // There is no request yet that could be answered.
            debug!("a connection was closed: its address has too many");
            continue;
        };
        let connection =
            serve_connection(stream, peer, Arc::clone(&http), filter.clone(), settings.clone(), stop.clone());
        connections.spawn(async move {
            connection.await;
            drop((slot, place));
        });
    }
    // From here the kernel refuses connections, and the next server can bind the port.
    drop(listener);
    connections.close();
    sockets.close();
    let ended = timeout(settings.drain_timeout, async {
        drain.await;
        connections.wait().await;
        sockets.wait().await;
    });
    let cut_off = if ended.await.is_ok() { 0 } else { connections.len() + sockets.len() };
    Drained { cut_off }
}

fn http_builder(settings: &AcceptSettings) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        // hyper panics below its minimum.
        .max_buf_size(settings.max_header_bytes.max(8 * 1024))
        .max_headers(settings.max_headers);
    http
}

/// Returns the next connection, once there is a slot for it. Never fails: a failed accept
/// is retried.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (TcpStream, TcpPeer, OwnedSemaphorePermit) {
    let mut rest = ACCEPT_RETRY.0;
    loop {
        let Ok(slot) = Arc::clone(slots).acquire_owned().await else {
            // The semaphore is never closed.
            std::future::pending().await
        };
        match listener.accept().await {
            // Small frames must not wait for the acknowledgement of earlier ones.
            Ok((stream, peer)) => match stream.set_nodelay(true) {
                Ok(()) => return (stream, TcpPeer(peer.ip()), slot),
                Err(error) => debug!(%error, "a connection ended before it began"),
            },
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Most likely out of file descriptors: some will be closed in a moment.
                warn!(%error, "cannot accept connections; is the limit of open files (ulimit -n) high enough?");
                sleep(rest).await;
                rest = (rest * 2).min(ACCEPT_RETRY.1);
            }
        }
    }
}

/// Takes a place among the connections of one address, if its connections are counted.
///
/// # Errors
/// When there is none left.
fn place_of(
    TcpPeer(address): TcpPeer,
    by_address: &Counted<Place>,
    settings: &AcceptSettings,
) -> Result<Option<PlaceTickets<Place>>, ()> {
    let is_proxy = settings.proxies.as_ref().is_some_and(|proxies| proxies.trust(address));
    match Place::at(address).filter(|_| !is_proxy) {
        Some(place) => {
            peer::take(by_address, place, settings.max_http_per_address, |place| place).map(Some).ok_or(())
        }
        None => Ok(None),
    }
}

/// Whether the error is of the connection that was being accepted, and not of the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn serve_connection<R>(
    stream: TcpStream,
    peer: TcpPeer,
    http: Arc<http1::Builder>,
    filter: BoxedFilter<(R,)>,
    settings: AcceptSettings,
    stop: CancellationToken,
) where
    R: Reply + 'static,
{
    let warp = TowerToHyperService::new(warp::service(filter));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        if let Some(authority) = request.uri().authority().cloned() {
            request.extensions_mut().insert(Target(authority));
        }
        // CONNECT names no path, and warp panics when it looks for one.
        let served = request.uri().path_and_query().is_some().then(|| warp.call(request));
        async move {
            match served {
                Some(served) => served.await,
                None => Ok(StatusCode::METHOD_NOT_ALLOWED.into_response()),
            }
        }
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
    let asked_to_end = async {
        let lifetime = sleep_until(Instant::now() + settings.http_lifetime);
        stop.run_until_cancelled(lifetime).await;
    };
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = asked_to_end => {
            connection.as_mut().graceful_shutdown();
            let too_long = async {
                tokio::select! {
                    () = sleep(settings.header_timeout) => {}
                    () = stop.cancelled() => sleep(GRACE_WHEN_STOPPING).await,
                }
            };
            tokio::select! {
                result = connection => result,
                () = too_long => return debug!("an HTTP connection took too long and was cut off"),
            }
        }
    };
    if let Err(error) = result {
        debug!(%error, "an HTTP connection ended in an error");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_accepted_connection_sends_small_frames_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _, _slot) = accept(&listener, &Arc::new(Semaphore::new(1))).await;
        assert!(stream.nodelay().unwrap());
    }

    #[test]
    fn one_address_does_not_take_all_the_slots() {
        let proxies = TrustedProxies::new(&["10.0.0.1".to_owned()], "x-forwarded-for").unwrap();
        let settings =
            AcceptSettings { max_http_per_address: 2, proxies: Some(proxies), ..AcceptSettings::default() };
        let counted = Counted::default();
        let place = |address: &str| place_of(TcpPeer(address.parse().unwrap()), &counted, &settings);
        let slow = [place("192.0.2.1").unwrap(), place("192.0.2.1").unwrap()];
        assert!(place("192.0.2.1").is_err());
        assert!(place("192.0.2.2").is_ok());
        for unbounded in ["10.0.0.1", "127.0.0.1"] {
            let many: Vec<_> = (0..10).map(|_| place(unbounded)).collect();
            assert!(many.iter().all(Result::is_ok), "{unbounded}");
        }
        drop(slow);
        assert!(place("192.0.2.1").is_ok());
    }

    #[tokio::test]
    async fn no_more_connections_are_accepted_than_there_are_slots() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let slots = Arc::new(Semaphore::new(1));
        let address = listener.local_addr().unwrap();
        let _clients =
            (TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap());
        let first = accept(&listener, &slots).await;
        let moment = Duration::from_millis(50);
        assert!(timeout(moment, accept(&listener, &slots)).await.is_err(), "the second waits in the kernel");
        drop(first);
        assert!(timeout(Duration::from_secs(60), accept(&listener, &slots)).await.is_ok());
    }
}
