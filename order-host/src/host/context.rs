//! The state that a host, its rooms and its connections share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use order_core::text::Text;

use crate::history::Histories;
use crate::history::glances::Glances;
use crate::host::aside::Aside;
use crate::host::rooms::Rooms;
use crate::host::tasks::Tasks;
use crate::limits::budget::Budgets;
use crate::log::RoomLog;
use crate::room::input::ConnectionId;
use crate::room::load::Loader;
use crate::time::{Alarms, Look, Steps};
use crate::{Clock, Counted, Ids, Settings};

/// What a host, its rooms and its connections share.
pub(crate) struct HostContext {
    pub(crate) log: Arc<dyn RoomLog>,
    /// Reads orders from the log.
    pub(crate) loader: Arc<Loader>,
    pub(crate) clock: Arc<dyn Clock>,
    steps: Steps,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) settings: Settings,
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) alarms: Arc<Alarms>,
    pub(crate) histories: Histories,
    pub(crate) glances: Arc<Glances>,
    pub(crate) budgets: Budgets,
    /// Runs long computations, such as large bills.
    pub(crate) aside: Arc<Aside>,
    /// Counts the orders in memory, by tenant.
    pub(crate) tenants: Counted<Text>,
    next_connection: AtomicU64,
    pub(crate) tasks: Tasks,
}

impl HostContext {
    pub(crate) fn new(
        log: Arc<dyn RoomLog>,
        settings: Settings,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        let (tasks, rooms, aside) = (Tasks::default(), Arc::<Rooms>::default(), Arc::<Aside>::default());
        let loader = Arc::new(Loader::new(log.clone(), settings.currency, settings.policy));
        let glances = Glances::new(loader.clone(), rooms.clone(), aside.clone(), tasks.clone());
        Self {
            histories: Histories::new(log.clone(), settings.currency, settings.policy, tasks.clone()),
            glances: Arc::new(glances),
            log,
            loader,
            steps: Steps::new(clock.clone()),
            clock,
            ids,
            budgets: Budgets::new(settings.participant_answers),
            settings,
            rooms,
            alarms: Arc::default(),
            aside,
            tenants: Counted::default(),
            next_connection: AtomicU64::new(1),
            tasks,
        }
    }

    pub(crate) fn next_connection(&self) -> ConnectionId {
        ConnectionId(self.next_connection.fetch_add(1, Ordering::Relaxed))
    }

    /// Reads the clock. Logs a warning if it has stepped.
    pub(crate) fn look_at_clock(&self) -> Look {
        let look = self.steps.look();
        if let Some(millis) = look.stepped {
            tracing::warn!(
                millis,
                "the system clock has jumped: orders and deadlines go by elapsed time for now"
            );
            self.alarms.clock_stepped();
        }
        look
    }

    pub(crate) fn steps(&self) -> &Steps {
        &self.steps
    }
}
