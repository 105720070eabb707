//! The host: all rooms of one process.

pub(crate) mod aside;
#[cfg(feature = "sqlite")]
pub(crate) mod check;
pub(crate) mod context;
pub(crate) mod damaged;
pub(crate) mod ids;
pub(crate) mod room_key;
pub(crate) mod rooms;
pub(crate) mod settings;
pub(crate) mod slice;
pub(crate) mod tasks;
pub(crate) mod transport;

use std::sync::Arc;
#[cfg(feature = "sqlite")]
use std::time::Duration;

use order_core::wire::{self, HistoryPage};
use order_core::{Code, CommandId, ParticipantId, Rejection};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::history::{HistoryError, Reading};
use crate::host::context::HostContext;
use crate::limits::budget::Known;
#[cfg(feature = "sqlite")]
use crate::log::SqliteLog;
use crate::log::{LogError, RoomLog};
use crate::room::enter;
use crate::room::input::Input;
use crate::time::waker;
use crate::{Access, Clock, Connection, Ids, Opening, RandomIds, RoomKey, Settings, SystemClock};

/// Holds all rooms of one process. A room is loaded on first use and unloaded when idle.
/// Cheap to clone.
#[derive(Clone)]
pub struct Host {
    context: Arc<HostContext>,
}

impl Host {
    /// Creates a host over `log`, with the system clock and unguessable ids.
    pub fn new(log: Arc<dyn RoomLog>, settings: Settings) -> Self {
        Self::with(log, settings, Arc::new(SystemClock), Arc::new(RandomIds))
    }

    /// A host with another clock and other ids, for tests.
    pub fn with(log: Arc<dyn RoomLog>, settings: Settings, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { context: Arc::new(HostContext::new(log, settings, clock, ids)) }
    }

    /// Opens a connection to `room` for a new socket of the first protocol. The room is not loaded before its first join.
    pub fn connect(&self, room: RoomKey) -> Connection {
        self.open(room, Opening::default())
    }

    /// Opens a connection to `room`. The room is not loaded before the first join, unless the socket comes back.
    pub fn open(&self, room: RoomKey, opening: Opening) -> Connection {
        let id = self.context.next_connection();
        Connection::new(self.context.clone(), room, id, opening)
    }

    /// The order of `room` as a stranger may see it, as JSON text: no names, phones or participant ids.
    /// `None` if nobody has joined it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn public_view(&self, room: &RoomKey) -> Result<Option<String>, LogError> {
        if let Some(inputs) = self.context.rooms.loaded(room) {
            let (reply, answer) = oneshot::channel();
            if inputs.send(Input::View { reply }).await.is_ok()
                && let Ok(view) = answer.await
            {
                // Copied here, so that the room does not wait for it.
                return Ok(view.as_deref().map(str::to_owned));
            }
        }
        // Not in memory: read the glance, but do not load a room for a mere request.
        let looked = self.context.glances.at(room).await?;
        Ok(looked.glance.view.as_deref().map(str::to_owned))
    }

    /// A page of the history of `room`, as JSON text: who did what and when, oldest first.
    ///
    /// An `asker` has to be on the order and must not have been removed; `None` is the back end. The caller vouches for the asker.
    ///
    /// # Errors
    /// When `asker` may not read it or reads too much, when too many read at once, or when the
    /// log cannot be read.
    pub async fn history(
        &self,
        room: &RoomKey,
        asker: Option<&ParticipantId>,
        page: HistoryPage,
    ) -> Result<String, HistoryError> {
        let reading = Reading::begin(&self.context.histories, room, asker).ok_or(HistoryError::Busy)?;
        // Before any work is done for them, including the check that they may read it.
        if let Some(asker) = asker {
            self.context.budgets.check(room, asker, Known::Proved).map_err(HistoryError::TooMuch)?;
        }
        let last = self.last_to_read(room, asker).await?.ok_or(HistoryError::NotAtTheTable)?;
        // A caller that is no longer interested drops this future.
        let page = reading.read(&self.context.histories, last, page, || true).await?;
        let mut page = page.ok_or(HistoryError::Draining)?;
        if let Some(asker) = asker {
            self.context.budgets.charge(room, asker, Known::Proved, page.bytes, page.work);
        }
        Ok(wire::history_document(page.entries.make_contiguous(), page.more))
    }

    /// Returns the last sequence number of an order's history, if `asker` may read it. A room
    /// in memory answers itself. From then on it also passes new facts on to the cached
    /// transcript, so that the next page is not read from the log either.
    async fn last_to_read(
        &self,
        room: &RoomKey,
        asker: Option<&ParticipantId>,
    ) -> Result<Option<u64>, LogError> {
        if let Some(inputs) = self.context.rooms.loaded(room) {
            let (reply, answer) = oneshot::channel();
            if inputs.send(Input::Reads { asker: asker.cloned(), reply }).await.is_ok()
                && let Ok(last) = answer.await
            {
                return Ok(last);
            }
        }
        let looked = self.context.glances.at(room).await?;
        if let Some(asker) = asker {
            self.context.budgets.charge(room, asker, Known::Proved, 0, looked.work);
        }
        Ok(looked.glance.may_be_read_by(asker).then_some(looked.glance.seq))
    }

    /// The participant whose resume token this is in `room`, if it is one.
    pub fn resumes(&self, room: &RoomKey, token: &str) -> Option<ParticipantId> {
        self.context.settings.resume_key.prove(room, token).map(|(participant, _)| participant)
    }

    /// Returns whether `access` allows seeing and joining the order of `room`. Does not load
    /// the room.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn admits(&self, room: &RoomKey, access: &Access) -> Result<bool, LogError> {
        if access.is_to_any_order() {
            return Ok(true);
        }
        if let Some(inputs) = self.context.rooms.loaded(room) {
            let (reply, answer) = oneshot::channel();
            if inputs.send(Input::Admits { access: Box::new(access.clone()), reply }).await.is_ok()
                && let Ok(admits) = answer.await
            {
                return Ok(admits);
            }
        }
        Ok(self.context.glances.at(room).await?.glance.admits(access))
    }

    /// Carries out a message of the restaurant's back end, which may do what concerns the whole table, as the owner may, and
    /// record payments. It needs no socket and does not join. Answers with the message that everybody at the table was sent, or
    /// with the full state when there was nothing to change.
    ///
    /// The caller vouches that it is the back end.
    ///
    /// # Errors
    /// Returns the `error` message that a socket would have received, as JSON text. Nothing has
    /// changed then, unless its code is `storage_uncertain`.
    pub async fn backend(&self, room: &RoomKey, message: &str) -> Result<String, String> {
        let refuse = |rejection: &Rejection, id: Option<&CommandId>| {
            wire::error(rejection, id, self.context.clock.now())
        };
        let message = wire::decode_command(message, || self.context.ids.item_id())
            .map_err(|refused| refuse(&refused.rejection, refused.id.as_ref()))?;
        let [not_taken, uncertain] =
            [Code::StorageUnavailable, Code::StorageUncertain].map(|code| refuse(&code.into(), message.id()));
        let Some(inputs) = enter(&self.context, room) else { return Err(not_taken) };
        let (reply, answer) = oneshot::channel();
        if inputs.send(Input::Backend { message: Box::new(message), reply }).await.is_err() {
            return Err(not_taken);
        }
        // A room that ended without an answer may have stored it before.
        answer.await.unwrap_or(Err(uncertain))
    }

    /// Begins to wake rooms when a deadline comes or an order ends, whether anybody is there or not, until the host
    /// drains. Every [`Transport`](crate::Transport) asks for this when it begins; once is as good as twice. Has no effect
    /// outside a tokio runtime.
    pub fn keep_time(&self) {
        if Handle::try_current().is_ok() && self.context.alarms.begin() {
            let host = Arc::downgrade(&self.context);
            let (alarms, draining) = (self.context.alarms.clone(), self.context.tasks.draining());
            self.context.tasks.spawn(waker::keep(host, alarms, draining));
        }
    }

    /// Checks all that is stored in `log`, once and slowly, beginning after `after`. It has to be the log of this host.
    ///
    /// A room that is found damaged is closed, and refused until the process ends; other rooms go on. What is found is logged
    /// without names. Has no effect outside a tokio runtime.
    #[cfg(feature = "sqlite")]
    pub fn look_through(&self, log: Arc<SqliteLog>, after: Duration) {
        if Handle::try_current().is_err() {
            return;
        }
        let host = Arc::downgrade(&self.context);
        let mut draining = self.context.tasks.draining();
        self.context.tasks.spawn(async move {
            tokio::select! {
                biased;
                // An error means that the host is gone.
                _ = draining.wait_for(|draining| *draining) => {}
                () = check::look_through(host, log, after) => {}
            }
        });
    }

    /// Checks that messages can be accepted: the log is writable, and the host does not drain.
    ///
    /// # Errors
    /// When they cannot, with the reason.
    pub async fn ready(&self) -> Result<(), LogError> {
        if self.context.tasks.is_draining() {
            return Err(LogError("the server is shutting down".to_owned()));
        }
        self.context.log.ready().await
    }

    /// Returns how many rooms are in memory.
    pub fn loaded_rooms(&self) -> usize {
        self.context.rooms.count()
    }

    /// Shuts the host down: stores and shows what was accepted, tells every socket to come back
    /// later, and unloads every room. Returns when that is done.
    pub async fn drain(&self) {
        let rooms = self.context.rooms.start_draining();
        self.context.tasks.start_draining();
        for inputs in rooms {
            // A busy room must not delay the others. A room that has ended needs no message.
            self.context.tasks.spawn(async move { drop(inputs.send(Input::Drain).await) });
        }
        self.context.tasks.end().await;
    }

    /// Waits until the host has been [drained](Host::drain): everything accepted is stored, and
    /// every socket has been told to come back later. Does not start the drain.
    pub async fn drained(&self) {
        self.context.tasks.drains().await;
        self.context.tasks.all_ended().await;
    }
}
