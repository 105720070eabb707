//! The queue to the writer thread.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use order_core::{Lifetimes, UnixMillis};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::waiting::Beginning;
use crate::RoomKey;
use crate::log::{AppendError, LogError, Snapshot, StoredFact};

/// The most jobs that wait for the writer. Overflow: `append` waits, so that its room takes
/// no more commands meanwhile.
pub(super) const MAX_JOBS: usize = 1024;

/// The most facts that wait for the writer, in KiB. Overflow: waits, as above.
const MAX_APPEND_KIB: u32 = 32 * 1024;

/// The most snapshots that wait for the writer, in KiB. Overflow: refused at once. A
/// snapshot only saves replaying, so a room should not wait to write one.
const MAX_SNAPSHOT_KIB: u32 = 32 * 1024;

/// A job for the writer, with the channel for its answer. An answer that nobody receives is
/// dropped.
#[derive(Debug)]
pub(super) enum Job {
    Append(Append),
    Alarm(SetAlarm),
    Lifetimes(Lifetimes, oneshot::Sender<Result<(), LogError>>),
    Snapshot(SaveSnapshot),
    /// Asks whether facts can be stored now.
    Ready(oneshot::Sender<Result<(), LogError>>),
    /// Something that was put off may be possible now, or the state of the files has changed.
    TryAgain,
}

#[derive(Debug)]
pub(super) struct Append {
    pub(super) room: RoomKey,
    pub(super) expected: u64,
    pub(super) facts: Vec<StoredFact>,
    pub(super) answer: oneshot::Sender<Result<u64, AppendError>>,
    /// Its part of the budget, released with the job.
    pub(super) _budget: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
pub(super) struct SetAlarm {
    pub(super) room: RoomKey,
    pub(super) at: Option<UnixMillis>,
    pub(super) answer: oneshot::Sender<Result<(), LogError>>,
}

#[derive(Debug)]
pub(super) struct SaveSnapshot {
    pub(super) room: RoomKey,
    pub(super) snapshot: Snapshot,
    pub(super) answer: oneshot::Sender<Result<(), LogError>>,
    pub(super) _budget: OwnedSemaphorePermit,
}

/// The bounded queue to the writer thread. Dropping it lets the writer finish what is
/// queued, and waits for that.
#[derive(Debug)]
pub(super) struct Queue {
    /// `None` only during the drop.
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    append_budget: Arc<Semaphore>,
    snapshot_budget: Arc<Semaphore>,
}

impl Queue {
    pub(super) fn start(beginning: Beginning) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(MAX_JOBS);
        let thread =
            thread::Builder::new().name("log-writer".into()).spawn(move || beginning.run(waiting))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
            append_budget: Arc::new(Semaphore::new(MAX_APPEND_KIB as usize)),
            snapshot_budget: Arc::new(Semaphore::new(MAX_SNAPSHOT_KIB as usize)),
        })
    }

    pub(super) async fn append(
        &self,
        room: &RoomKey,
        expected: u64,
        facts: Vec<StoredFact>,
    ) -> Result<u64, AppendError> {
        let gone = || AppendError::Failed("the writer has stopped".into());
        let cost = in_kib(facts.iter().map(|fact| fact.bytes.len()).sum(), MAX_APPEND_KIB);
        let budget = Arc::clone(&self.append_budget).acquire_many_owned(cost).await.map_err(|_| gone())?;
        let (answer, answered) = oneshot::channel();
        let append = Append { room: room.clone(), expected, facts, answer, _budget: Some(budget) };
        self.send(Job::Append(append)).await.map_err(|()| gone())?;
        // The writer answers every job. A missing answer means that it panicked, at an unknown
        // point.
        answered.await.unwrap_or_else(|_| Err(AppendError::Unknown("the writer has stopped".into())))
    }

    pub(super) async fn save_snapshot(&self, room: &RoomKey, snapshot: Snapshot) -> Result<(), LogError> {
        let cost = in_kib(snapshot.state.len(), MAX_SNAPSHOT_KIB);
        let budget = Arc::clone(&self.snapshot_budget)
            .try_acquire_many_owned(cost)
            .map_err(|_| LogError("too many snapshots are waiting to be written".into()))?;
        let (answer, answered) = oneshot::channel();
        let job = SaveSnapshot { room: room.clone(), snapshot, answer, _budget: budget };
        self.send(Job::Snapshot(job)).await.map_err(|()| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    pub(super) async fn set_alarm(&self, room: &RoomKey, at: Option<UnixMillis>) -> Result<(), LogError> {
        let (answer, answered) = oneshot::channel();
        let job = SetAlarm { room: room.clone(), at, answer };
        self.send(Job::Alarm(job)).await.map_err(|()| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    pub(super) async fn set_lifetimes(&self, lifetimes: Lifetimes) -> Result<(), LogError> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Lifetimes(lifetimes, answer)).await.map_err(|()| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    pub(super) async fn ready(&self) -> Result<(), LogError> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Ready(answer)).await.map_err(|()| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Returns a sender that does not keep the writer running.
    pub(super) fn weak(&self) -> Option<mpsc::WeakSender<Job>> {
        self.jobs.as_ref().map(mpsc::Sender::downgrade)
    }

    async fn send(&self, job: Job) -> Result<(), ()> {
        match &self.jobs {
            Some(jobs) => jobs.send(job).await.map_err(|_| ()),
            None => Err(()),
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the log's writer panicked");
        }
    }
}

fn stopped() -> LogError {
    LogError("the writer has stopped".into())
}

/// Returns how much of a budget of `most` KiB `bytes` take. A job larger than the budget
/// takes all of it, and so runs alone.
fn in_kib(bytes: usize, most: u32) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(most).clamp(1, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_takes_some_of_the_budget_and_nothing_more_than_all_of_it() {
        assert_eq!(in_kib(0, 100), 1);
        assert_eq!(in_kib(1024, 100), 1);
        assert_eq!(in_kib(1025, 100), 2);
        assert_eq!(in_kib(usize::MAX, 100), 100);
    }
}
