//! The in-process transport.

use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use order_host::{CloseReason, Connection, Host, Opening, Outgoing, RoomKey, Transport, TransportError};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::client::{Client, Closed, FromServer, ToServer};
use crate::link::{Direction, LinkReceiver, LinkSender, Weather, link};
use crate::{Dice, Faults};

/// How long a stopping bus waits for clients that do not read.
const PATIENCE: Duration = Duration::from_secs(1);

/// An in-process [`Transport`]: clients in the same process talk to the same rooms that a
/// server runs.
///
/// It speaks the whole protocol, including `ping`, but has no sockets: message sizes are
/// not limited, and no client is dropped for being silent. Cheap to clone; every clone is
/// the same bus.
#[derive(Debug, Clone)]
pub struct Bus {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    seed: u64,
    weather: Weather,
    connected: AtomicU64,
    phase: watch::Sender<Phase>,
    sessions: TaskTracker,
    /// Cancelling it cuts every open connection.
    cut: Mutex<CancellationToken>,
}

#[derive(Clone)]
enum Phase {
    /// Not serving yet; new connections wait.
    Waiting,
    Serving(Host),
    Stopped,
}

impl std::fmt::Debug for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Waiting => "Waiting",
            Self::Serving(_) => "Serving",
            Self::Stopped => "Stopped",
        })
    }
}

impl Bus {
    /// Creates a bus without faults. It carries messages once it [runs](Transport::run).
    pub fn new() -> Self {
        Self::with_faults(0, Faults::default())
    }

    /// Creates a bus with faults that follow from `seed`. The log part of `faults` is not used
    /// here; it is for [`FaultyLog`](crate::FaultyLog).
    pub fn with_faults(seed: u64, faults: Faults) -> Self {
        let weather = Weather::default();
        weather.set(faults);
        Self {
            shared: Arc::new(Shared {
                seed,
                weather,
                connected: AtomicU64::new(0),
                phase: watch::Sender::new(Phase::Waiting),
                sessions: TaskTracker::new(),
                cut: Mutex::default(),
            }),
        }
    }

    /// Creates a bus without faults that serves `host` at once, until the host drains.
    pub fn over(host: Host) -> Self {
        let bus = Self::new();
        bus.serve(host);
        bus
    }

    /// Carries messages for `host` from now on; open connections stay with their host. Two
    /// buses with different faults may serve one host.
    pub fn serve(&self, host: Host) {
        host.keep_time();
        self.shared.phase.send_replace(Phase::Serving(host));
    }

    /// Cuts every connection and loses all messages in flight, as a crash of the server's
    /// machine does.
    pub fn cut(&self) {
        let mut cut = self.shared.cut.lock().unwrap_or_else(PoisonError::into_inner);
        mem::take(&mut *cut).cancel();
    }

    /// Sets the faults from now on. Messages already delayed stay delayed.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.weather.set(faults);
    }

    /// Opens a connection to `room`. Must be called within a tokio runtime; outside of one, and
    /// on a stopped bus, the client is closed.
    pub fn connect(&self, room: RoomKey) -> Client {
        self.open(room, Opening::default())
    }

    /// As [`connect`](Bus::connect), for a client of another protocol, or one that resumes.
    pub fn open(&self, room: RoomKey, opening: Opening) -> Client {
        let number = self.shared.connected.fetch_add(1, Ordering::Relaxed);
        let cut = self.shared.cut.lock().unwrap_or_else(PoisonError::into_inner).child_token();
        let dice = |stream: u64| Dice::stream(self.shared.seed, number.wrapping_mul(2).wrapping_add(stream));
        let weather = || self.shared.weather.clone();
        let (to_server, from_client) = link(Direction::ToServer, weather(), dice(0), cut.clone());
        let (to_client, from_server) = link(Direction::ToClient, weather(), dice(1), cut.clone());
        if let Ok(runtime) = Handle::try_current() {
            let phase = self.shared.phase.subscribe();
            let session = Session { from_client, to_client };
            self.shared.sessions.spawn_on(session.run(room, opening, phase, cut), &runtime);
        }
        Client::new(to_server, from_server)
    }
}

impl Default for Bus {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Transport for Bus {
    async fn run(self: Box<Self>, host: Host, stop: CancellationToken) -> Result<(), TransportError> {
        self.serve(host.clone());
        stop.cancelled().await;
        self.shared.phase.send_replace(Phase::Stopped);
        host.drain().await;
        self.shared.sessions.close();
        // A client that has not read everything by then can still read it later.
        let _ = timeout(PATIENCE, self.shared.sessions.wait()).await;
        Ok(())
    }
}

/// The host's end of one connection.
struct Session {
    from_client: LinkReceiver<ToServer>,
    to_client: LinkSender<FromServer>,
}

impl Session {
    /// Carries messages until either side closes or the connection is cut.
    async fn run(
        mut self,
        room: RoomKey,
        opening: Opening,
        mut phase: watch::Receiver<Phase>,
        cut: CancellationToken,
    ) {
        let Some(host) = serving(&mut phase).await else {
            let _ = self.to_client.send_surely(FromServer::Close(Closed::Restart)).await;
            return;
        };
        let connection = host.open(room, opening);
        tokio::select! {
            biased;
            () = cut.cancelled() => {}
            () = receive(&connection, &mut self.from_client) => {}
            () = send(&connection, &mut self.to_client) => {}
        }
    }
}

/// Returns the host, once the bus serves one. `None`: the bus has stopped.
async fn serving(phase: &mut watch::Receiver<Phase>) -> Option<Host> {
    let phase = phase.wait_for(|phase| !matches!(phase, Phase::Waiting)).await.ok()?;
    match &*phase {
        Phase::Serving(host) => Some(host.clone()),
        Phase::Waiting | Phase::Stopped => None,
    }
}

/// Passes the client's messages to the room, until the client is gone.
async fn receive(connection: &Connection, from_client: &mut LinkReceiver<ToServer>) {
    while let Ok(message) = from_client.recv().await {
        match message {
            ToServer::Text(text) => connection.receive(&text).await,
            ToServer::Binary => connection.receive_binary().await,
        }
    }
}

/// Passes the room's messages to the client, until the room closes or the client is gone.
async fn send(connection: &Connection, to_client: &mut LinkSender<FromServer>) {
    loop {
        let sent = match connection.next().await {
            Outgoing::Text(text) => to_client.send(FromServer::Text(text.into_bytes())).await,
            Outgoing::Close(reason) => {
                let closed = match reason {
                    CloseReason::Restart => Closed::Restart,
                    CloseReason::SignInEnded => Closed::SignInEnded,
                    CloseReason::Flood => Closed::Flood,
                    // Includes reasons of a later host.
                    _ => Closed::Unavailable,
                };
                let _ = to_client.send_surely(FromServer::Close(closed)).await;
                return;
            }
            // Other instructions of a later host.
            _ => Ok(()),
        };
        if sent.is_err() {
            return;
        }
    }
}
