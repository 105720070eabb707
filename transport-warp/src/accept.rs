//! The accept loop: connections in, bounded; and the way out, in order.
//!
//! `warp::serve` is not used because it has no header timeout, does not set `TCP_NODELAY`, bounds nothing and, when it
//! shuts down, forgets the connections that became WebSockets. hyper's HTTP/1 connection is used as it is:
//! hyper-util's builder first waits for the bytes that tell HTTP/1 from HTTP/2, and no timeout runs meanwhile.

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
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};
use warp::Reply;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;

/// Rests after an accept that failed: the first, and the longest.
const ACCEPT_RETRY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// How long an HTTP connection may go on once the server stops: what is asked is answered, but nobody who
/// dawdles holds up the restart.
const GRACE_WHEN_STOPPING: Duration = Duration::from_secs(1);

/// The bounds of connections that are not (yet) WebSockets, and of the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptSettings {
    /// How many plain HTTP connections there may be at once. Further ones wait in the kernel's queue. A
    /// connection that becomes a WebSocket no longer counts; sockets have a bound of their own in
    /// [`RouteSettings`](crate::RouteSettings). Default 1,000.
    pub max_http_connections: usize,
    /// How long the head of a request may take to arrive, and a kept connection may be idle. Default 10 s.
    pub header_timeout: Duration,
    /// The most bytes that a request's head may have. At least 8 KiB, whatever is set here. Default 16 KiB.
    pub max_header_bytes: usize,
    /// The most header lines that a request may have. Default 64.
    pub max_headers: usize,
    /// How long one HTTP connection may live before it is asked to end. Default 60 s.
    pub http_lifetime: Duration,
    /// How long [`serve`] waits for everything to end once it is asked to stop. Default 10 s.
    pub drain_timeout: Duration,
}

impl Default for AcceptSettings {
    fn default() -> Self {
        Self {
            max_http_connections: 1000,
            header_timeout: Duration::from_secs(10),
            max_header_bytes: 16 * 1024,
            max_headers: 64,
            http_lifetime: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// How [`serve`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still there when the time was up, and are cut off.
    pub cut_off: usize,
}

/// Serves `filter` on `listener` until `stop` is cancelled. Then it accepts nothing more, runs `drain`, which is to
/// say goodbye to the sockets, and returns once every connection has ended and every task of `sockets` is done, or
/// the drain timeout is over.
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
    while let Some((stream, slot)) = stop.run_until_cancelled(accept(&listener, &slots)).await {
        let connection =
            serve_connection(stream, Arc::clone(&http), filter.clone(), settings.clone(), stop.clone());
        connections.spawn(async move {
            connection.await;
            drop(slot);
        });
    }
    // Whoever connects from now on is refused by the kernel, and the next server can have the port.
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

/// The next connection, once there is a slot for it. Never fails: what cannot be accepted now is tried again.
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    let mut rest = ACCEPT_RETRY.0;
    loop {
        let Ok(slot) = Arc::clone(slots).acquire_owned().await else {
            // The semaphore is never closed.
            std::future::pending().await
        };
        match listener.accept().await {
            // Small frames must not wait for the acknowledgement of earlier ones.
            Ok((stream, _)) => match stream.set_nodelay(true) {
                Ok(()) => return (stream, slot),
                Err(error) => debug!(%error, "a connection ended before it began"),
            },
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Most likely out of file descriptors: some will be given back in a moment.
                warn!(%error, "cannot accept connections; is the limit of open files (ulimit -n) high enough?");
                sleep(rest).await;
                rest = (rest * 2).min(ACCEPT_RETRY.1);
            }
        }
    }
}

/// The connection that was to be accepted is broken; the next one need not be.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn serve_connection<R>(
    stream: TcpStream,
    http: Arc<http1::Builder>,
    filter: BoxedFilter<(R,)>,
    settings: AcceptSettings,
    stop: CancellationToken,
) where
    R: Reply + 'static,
{
    let warp = TowerToHyperService::new(warp::service(filter));
    let service = service_fn(move |request: Request<Incoming>| {
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
        let (stream, _slot) = accept(&listener, &Arc::new(Semaphore::new(1))).await;
        assert!(stream.nodelay().unwrap());
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
        assert!(timeout(Duration::from_secs(5), accept(&listener, &slots)).await.is_ok());
    }
}
