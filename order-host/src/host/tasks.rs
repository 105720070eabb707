//! The tasks of a host, and its drain.

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

/// The tasks of a host: a drain waits for them. Cheap to clone; every clone is of the same host.
#[derive(Debug, Clone)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    draining: watch::Sender<bool>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self { tracker: TaskTracker::new(), draining: watch::Sender::new(false) }
    }
}

impl Tasks {
    /// Spawns a task that the drain waits for.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.tracker.spawn(task)
    }

    /// Begins the drain.
    pub(crate) fn start_draining(&self) {
        self.draining.send_replace(true);
    }

    /// Whether the host drains.
    pub(crate) fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Hears whether the host drains; ends with the host, too.
    pub(crate) fn draining(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }

    /// Waits until the host drains.
    pub(crate) async fn drains(&self) {
        // The sender lives as long as `self`, so this ends only with the drain.
        let _ = self.draining.subscribe().wait_for(|draining| *draining).await;
    }

    /// Waits until all tasks of a host that drains have ended.
    pub(crate) async fn end(&self) {
        self.tracker.close();
        self.all_ended().await;
    }

    /// Waits until all tasks have ended, without beginning the end.
    pub(crate) async fn all_ended(&self) {
        self.tracker.wait().await;
    }
}
