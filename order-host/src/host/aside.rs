//! Runs long work without holding up the other tasks of its thread.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::task::block_in_place;

/// A bill is long work from this size on (see `Order::bill_size`). To step aside takes some tens of microseconds.
const LONG: usize = 2_000;

/// How much long work a processor is given at the same time.
const EACH: usize = 4;

/// Where long work is done.
pub(crate) struct Aside {
    /// How much is done at the same time, each on a thread of its own. What finds no place here is done where it is, and what
    /// else that thread has to do waits.
    places: Semaphore,
}

impl Default for Aside {
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, NonZeroUsize::get);
        Self { places: Semaphore::new(processors.saturating_mul(EACH)) }
    }
}

impl Aside {
    /// Does work about a bill of this size. Where it is long, and there are other threads, these take over the other rooms and
    /// sockets of this one meanwhile.
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

/// Whether the runtime has threads that can take over. One that has a single thread is not to be blocked.
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
            // Only the other task can end it, and there is one thread for both.
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
