//! The host: all rooms of one process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use order_core::Currency;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::log::{LogError, RoomLog};
use crate::room::{self, ConnectionId, Input, Room};
use crate::{Clock, Connection, Ids, RandomIds, RoomKey, SystemClock};

/// How a host treats its rooms.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The currency of an order whose first participant names none.
    pub currency: Currency,
    /// How long a room without sockets stays in memory, at least 10 ms.
    pub idle_unload: Duration,
    /// How many bytes may wait for one socket before it is sent the full state instead.
    pub outbox_bytes: usize,
    /// How many messages may wait for one room, at least 1; a socket that sends more waits, and reads nothing meanwhile.
    pub room_queue: usize,
}

impl Default for Settings {
    /// Rupees; rooms unload after a minute; one mebibyte may wait for a socket, 128 messages for a room.
    fn default() -> Self {
        Self {
            currency: Currency::default(),
            idle_unload: Duration::from_secs(60),
            outbox_bytes: 1024 * 1024,
            room_queue: 128,
        }
    }
}

/// All rooms of one process. A room is loaded on first use and unloaded when idle. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) log: Arc<dyn RoomLog>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) settings: Settings,
    pub(crate) rooms: Rooms,
    next_connection: AtomicU64,
    tasks: TaskTracker,
    draining: watch::Sender<bool>,
}

impl Shared {
    /// Runs a task that the drain waits for.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.tasks.spawn(task)
    }
}

impl Host {
    /// A host over `log`, with the machine's clock and unguessable ids.
    pub fn new(log: Arc<dyn RoomLog>, settings: Settings) -> Self {
        Self::with(log, settings, Arc::new(SystemClock), Arc::new(RandomIds))
    }

    /// A host with a clock and ids of its own, as a test has.
    pub fn with(log: Arc<dyn RoomLog>, settings: Settings, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            shared: Arc::new(Shared {
                log,
                clock,
                ids,
                settings,
                rooms: Rooms::default(),
                next_connection: AtomicU64::new(1),
                tasks: TaskTracker::new(),
                draining: watch::Sender::new(false),
            }),
        }
    }

    /// A socket's place in `room`. Nothing is loaded before its first join.
    pub fn connect(&self, room: RoomKey) -> Connection {
        let id = ConnectionId(self.shared.next_connection.fetch_add(1, Ordering::Relaxed));
        Connection::new(self.clone(), room, id)
    }

    /// The order of `room` as a stranger may see it, as JSON text: no names, phones or participant ids.
    /// Nothing when nobody has joined it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn public_view(&self, room: &RoomKey) -> Result<Option<String>, LogError> {
        if let Some(inputs) = self.shared.rooms.loaded(room) {
            let (reply, answer) = oneshot::channel();
            if inputs.send(Input::View { reply }).await.is_ok()
                && let Ok(view) = answer.await
            {
                return Ok(view);
            }
        }
        // Not in memory: read it, but do not load a room for everybody who knocks.
        let (order, _) = room::load(self.shared.log.as_ref(), room, self.shared.settings.currency).await?;
        Ok(room::public_view(&order))
    }

    /// Whether messages can be taken: the log can be written, and the host does not drain.
    ///
    /// # Errors
    /// When they cannot, with the reason.
    pub async fn ready(&self) -> Result<(), LogError> {
        if self.is_draining() {
            return Err(LogError("the server is shutting down".to_owned()));
        }
        self.shared.log.ready().await
    }

    /// How many rooms are in memory.
    pub fn loaded_rooms(&self) -> usize {
        self.shared.rooms.lock().rooms.len()
    }

    /// Stops: what was accepted is stored and shown, then every socket is told to come back later and every
    /// room is unloaded. Returns when that is done.
    pub async fn drain(&self) {
        let rooms = self.shared.rooms.start_draining();
        self.shared.draining.send_replace(true);
        for inputs in rooms {
            // One that is busy must not keep the others from hearing it. One that has ended needs no telling.
            self.shared.spawn(async move { drop(inputs.send(Input::Drain).await) });
        }
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.shared.draining.borrow()
    }

    /// Waits until the host drains.
    pub(crate) async fn drains(&self) {
        // The sender lives as long as `self`, so this ends only with the drain.
        let _ = self.shared.draining.subscribe().wait_for(|draining| *draining).await;
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The way into a room, which is loaded if need be; nothing while the host drains.
    pub(crate) fn enter(&self, key: &RoomKey) -> Option<mpsc::Sender<Input>> {
        let mut registry = self.shared.rooms.lock();
        if registry.draining {
            return None;
        }
        if let Some(inputs) = registry.rooms.get(key).filter(|inputs| !inputs.is_closed()) {
            return Some(inputs.clone());
        }
        // Overflow: whoever sends waits until the room has caught up.
        let (sender, inputs) = mpsc::channel(self.shared.settings.room_queue.max(1));
        registry.rooms.insert(key.clone(), sender.clone());
        self.shared.spawn(Room::run(key.clone(), self.shared.clone(), inputs));
        Some(sender)
    }
}

/// The rooms in memory, and the way into each.
#[derive(Default)]
pub(crate) struct Rooms(Mutex<Registry>);

#[derive(Default)]
struct Registry {
    rooms: HashMap<RoomKey, mpsc::Sender<Input>>,
    draining: bool,
}

impl Rooms {
    fn loaded(&self, key: &RoomKey) -> Option<mpsc::Sender<Input>> {
        self.lock().rooms.get(key).cloned()
    }

    /// Takes a room off the list if nobody can send to it any more and nothing is left to read. Ways into a
    /// room are handed out under the same lock, so none can come up in between.
    pub(crate) fn unload_if_idle(&self, key: &RoomKey, inputs: &mpsc::Receiver<Input>) -> bool {
        let mut registry = self.lock();
        let idle = inputs.is_empty() && inputs.sender_strong_count() == 1;
        if idle {
            registry.rooms.remove(key);
        }
        idle
    }

    /// Takes a room that has closed its door off the list, unless another has taken its place.
    pub(crate) fn forget(&self, key: &RoomKey) {
        let mut registry = self.lock();
        if registry.rooms.get(key).is_some_and(mpsc::Sender::is_closed) {
            registry.rooms.remove(key);
        }
    }

    fn start_draining(&self) -> Vec<mpsc::Sender<Input>> {
        let mut registry = self.lock();
        registry.draining = true;
        registry.rooms.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
