//! An echo server on the same socket code that serves orders, for WebSocket conformance
//! tests.
//!
//! It prints the address it listens on, so `--addr 127.0.0.1:0` takes any free port. Its
//! settings are the server's, except that a message may have 64 MiB instead of 256 KiB: the
//! Autobahn cases send 16 MiB.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use clap::Parser;
use hyper::upgrade::OnUpgrade;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transport_warp::accept::{AcceptSettings, serve};
use transport_warp::socket::{Handshake, PeerMessage, Session, SocketSettings};
use warp::Filter;
use warp::http::{HeaderMap, Method, StatusCode};
use warp::reply::{Reply, Response};

const EXAMPLE: &str = "\
Example:
  cargo tool echo -- --addr 127.0.0.1:9001

It serves until it is stopped. A message may have 64 MiB.";

/// Echoes every message of every WebSocket on any path, through the server's own socket code.
#[derive(Parser)]
#[command(name = "echo", version, after_help = EXAMPLE)]
struct Arguments {
    /// Where to listen; port 0 takes any free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9001")]
    addr: SocketAddr,
}

/// How many messages may wait to be sent back. When the queue is full, the socket stops
/// reading.
const WAITING: usize = 16;

struct Echo {
    send: mpsc::Sender<PeerMessage>,
    receive: Mutex<mpsc::Receiver<PeerMessage>>,
}

impl Echo {
    fn new() -> Self {
        let (send, receive) = mpsc::channel(WAITING);
        Self { send, receive: Mutex::new(receive) }
    }

    async fn back(&self, message: PeerMessage) {
        // It fails only when the receiver is gone, and `self` owns the receiver.
        drop(self.send.send(message).await);
    }
}

impl Session for Echo {
    async fn receive(&self, text: &str) {
        self.back(PeerMessage::text(Bytes::copy_from_slice(text.as_bytes()))).await;
    }

    async fn receive_binary(&self, bytes: Bytes) {
        self.back(PeerMessage::Binary(bytes)).await;
    }

    async fn next(&self) -> PeerMessage {
        match self.receive.lock().await.recv().await {
            Some(message) => message,
            None => std::future::pending().await,
        }
    }

    fn try_next(&self) -> Option<PeerMessage> {
        self.receive.try_lock().ok()?.try_recv().ok()
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let settings = Arc::new(SocketSettings { max_message_bytes: 64 << 20, ..SocketSettings::default() });
    let sockets = TaskTracker::new();
    let tasks = sockets.clone();
    let filter = warp::method()
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<OnUpgrade>())
        .map(move |method, headers, upgrade| answer(&method, &headers, upgrade, &settings, &tasks))
        .boxed();
    let listener = TcpListener::bind(arguments.addr).await?;
    println!("echo listens on {}", listener.local_addr()?);
    let stop = CancellationToken::new();
    serve(listener, filter, AcceptSettings::default(), sockets, stop, async {}).await;
    Ok(())
}

fn answer(
    method: &Method,
    headers: &HeaderMap,
    on_upgrade: Option<OnUpgrade>,
    settings: &Arc<SocketSettings>,
    tasks: &TaskTracker,
) -> Response {
    if !Handshake::is_asked(headers) {
        return warp::reply::with_status("this is a WebSocket echo\n", StatusCode::BAD_REQUEST)
            .into_response();
    }
    match Handshake::check(method, headers, on_upgrade) {
        Ok(handshake) => {
            let (response, task) = handshake.accept(Arc::clone(settings), None, Echo::new);
            tasks.spawn(task);
            response
        }
        Err(refusal) => warp::reply::with_status(format!("{refusal}\n"), refusal.status()).into_response(),
    }
}
