//! What a host, its rooms and its connections share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use order_core::text::Text;
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit, watch};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::history::Histories;
use crate::history::glances::Glances;
use crate::host::aside::Aside;
use crate::host::damaged::Damaged;
use crate::host::rooms::Rooms;
use crate::limits::budget::Budgets;
use crate::log::{ChainKey, LogError, RoomLog};
use crate::room::input::ConnectionId;
use crate::time::waker::Time;
use crate::time::{Look, Steps};
use crate::{Clock, Counted, Ids, Settings};

/// How many orders are read from the log at the same time. Others wait: reading a large one takes some milliseconds of a core and some
/// mebibytes.
const LOADS_AT_ONCE: usize = 8;

/// What a host, its rooms and its connections share.
pub(crate) struct HostContext {
    pub(crate) log: Arc<dyn RoomLog>,
    /// The log's, once it has been asked for it.
    chain_key: OnceCell<ChainKey>,
    pub(crate) clock: Arc<dyn Clock>,
    steps: Steps,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) settings: Settings,
    pub(crate) rooms: Rooms,
    pub(crate) time: Arc<Time>,
    pub(crate) histories: Histories,
    pub(crate) glances: Glances,
    pub(crate) damaged: Damaged,
    pub(crate) budgets: Budgets,
    /// Orders that are read from the log at the same time.
    loads: Semaphore,
    /// Where bills are worked out that take long.
    pub(crate) aside: Aside,
    /// The orders in memory, by tenant.
    pub(crate) tenants: Counted<Text>,
    next_connection: AtomicU64,
    tasks: TaskTracker,
    draining: watch::Sender<bool>,
}

impl HostContext {
    pub(crate) fn new(
        log: Arc<dyn RoomLog>,
        settings: Settings,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self {
            log,
            chain_key: OnceCell::new(),
            steps: Steps::new(clock.clone()),
            clock,
            ids,
            budgets: Budgets::new(settings.participant_answers),
            settings,
            rooms: Rooms::default(),
            time: Arc::default(),
            histories: Histories::default(),
            glances: Glances::default(),
            damaged: Damaged::default(),
            loads: Semaphore::new(LOADS_AT_ONCE),
            aside: Aside::default(),
            tenants: Counted::default(),
            next_connection: AtomicU64::new(1),
            tasks: TaskTracker::new(),
            draining: watch::Sender::new(false),
        }
    }

    pub(crate) fn next_connection(&self) -> ConnectionId {
        ConnectionId(self.next_connection.fetch_add(1, Ordering::Relaxed))
    }

    /// The key of the links of all rooms.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) async fn chain_key(&self) -> Result<ChainKey, LogError> {
        self.chain_key.get_or_try_init(|| self.log.chain_key()).await.copied()
    }

    /// Looks at the clock, and says so when it has stepped.
    pub(crate) fn look_at_clock(&self) -> Look {
        let look = self.steps.look();
        if let Some(millis) = look.stepped {
            tracing::warn!(millis, "the clock has stepped: orders and deadlines go by elapsed time for now");
            self.time.clock_stepped();
        }
        look
    }

    pub(crate) fn steps(&self) -> &Steps {
        &self.steps
    }

    /// Waits for a turn to read an order from the log; given back when it is dropped.
    pub(crate) async fn load_turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.loads.acquire().await.ok()
    }

    /// Runs a task that the drain waits for.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.tasks.spawn(task)
    }

    /// Waits until every such task has ended.
    pub(crate) async fn tasks_end(&self) {
        self.tasks.close();
        self.all_tasks_ended().await;
    }

    /// The same for whoever only looks on: somebody else has to begin it.
    pub(crate) async fn all_tasks_ended(&self) {
        self.tasks.wait().await;
    }

    pub(crate) fn start_draining(&self) {
        self.draining.send_replace(true);
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Hears whether the host drains; ends with it, too.
    pub(crate) fn draining(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }

    /// Waits until the host drains.
    pub(crate) async fn drains(&self) {
        // The sender lives as long as `self`, so this ends only with the drain.
        let _ = self.draining.subscribe().wait_for(|draining| *draining).await;
    }
}
