//! Runs long work without holding up the other tasks of its thread.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::task::block_in_place;

/// From this size on a bill counts as long work (see `Order::bill_size`). Stepping aside
/// costs some tens of microseconds.
const LONG: usize = 2_000;

/// How many long computations may run at once for each processor.
const EACH: usize = 4;

/// Limits how many long computations run at once.
pub(crate) struct Aside {
    /// One permit for each long computation, which has its thread to itself. Work without a
    /// permit runs in place and blocks the other tasks of its thread.
    places: Semaphore,
}

impl Default for Aside {
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, NonZeroUsize::get);
        Self { places: Semaphore::new(processors.saturating_mul(EACH)) }
    }
}

impl Aside {
    /// Runs work on a bill of this size. If it is long and the runtime has other threads, those
    /// take over this thread's other tasks meanwhile.
    pub(crate) fn run<T>(&self, size: usize, work: impl FnOnce() -> T) -> T {
        if size < LONG || !has_other_threads() {
            return work();
        }
        match self.places.try_acquire() {
            Ok(_place) => block_in_place(work),
            Err(_) => work(),
        }
    }
}

/// Returns whether the runtime has other threads to take over. A single-threaded runtime
/// must not be blocked.
fn has_other_threads() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn others_of_the_same_thread_go_on_while_long_work_is_done() {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let (answer, answered) = std::sync::mpsc::channel();
        tokio::spawn(async move {
            receiver.recv().await;
            answer.send(()).unwrap();
        });
        let long = tokio::spawn(async move {
            sender.send(()).await.unwrap();
            // Only the other task can end it, and both share one thread.
            Aside::default().run(LONG, || answered.recv_timeout(std::time::Duration::from_secs(60)))
        });
        assert!(long.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn with_one_thread_long_work_is_done_where_it_is() {
        assert_eq!(Aside::default().run(usize::MAX, || 7), 7);
    }

    #[test]
    fn without_a_runtime_long_work_is_done_where_it_is() {
        assert_eq!(Aside::default().run(usize::MAX, || 7), 7);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn what_finds_no_place_is_done_where_it_is() {
        let aside = Aside { places: Semaphore::new(0) };
        assert_eq!(tokio::spawn(async move { aside.run(usize::MAX, || 7) }).await.unwrap(), 7);
    }
}
