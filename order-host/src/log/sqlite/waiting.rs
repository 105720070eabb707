//! Waits for room on a full disk, while stored orders can be read.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use order_core::Lifetimes;
use tokio::sync::mpsc;

use super::OpenError;
use super::alarms::Late;
use super::files::{HeldFiles, is_for_want_of_room};
use super::opening::{self, Readable};
use super::queue::Job;
use super::readers::Pool;
use super::writer::{Writer, WriterStatus};
use crate::log::{AppendError, LogError};

/// How often the disk is tested for room.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The longest pause after the disk had room but opening failed. Readers wait during an
/// attempt.
const LONGEST_PAUSE: Duration = Duration::from_secs(16);

/// The initial state of the writer thread.
pub(super) enum Beginning {
    Writing(Box<Writer>),
    Waiting(Waiting),
}

impl Beginning {
    /// Runs until every sender is gone and everything queued is done.
    pub(super) fn run(self, mut jobs: mpsc::Receiver<Job>) {
        let writer = match self {
            Self::Writing(writer) => Some(*writer),
            Self::Waiting(waiting) => waiting.run(&mut jobs),
        };
        if let Some(writer) = writer {
            writer.run(jobs);
        }
    }
}

/// A log whose disk has no room, not even to open the database.
pub(super) struct Waiting {
    files: Arc<HeldFiles>,
    status: Arc<WriterStatus>,
    pool: Arc<Pool>,
    /// Why nothing can be stored.
    reason: String,
    lifetimes: Option<Lifetimes>,
    next_try: Instant,
    pause: Duration,
}

impl Waiting {
    /// Opens a single connection for `pool` to read what is stored, while there is no room for
    /// more.
    ///
    /// # Errors
    /// When the file is not a log of this release.
    pub(super) fn begin(
        files: Arc<HeldFiles>,
        status: Arc<WriterStatus>,
        pool: Arc<Pool>,
        error: &OpenError,
    ) -> Result<Self, OpenError> {
        // The writer finds out which ones when it opens the database.
        status.end.add_any();
        *pool.alone() = Some(readable(&files)?);
        let folder = files.database.parent().unwrap_or(&files.database).display();
        let reason = format!("the disk is full, and nothing is stored until there is room in {folder}");
        tracing::error!(%error, "THE DISK IS FULL: orders can be read, but nothing can be stored. Make room in {folder}; the server then goes on automatically");
        status.has_put_off.store(true, Ordering::Release);
        let next_try = Instant::now() + TRY_AGAIN;
        Ok(Self { files, status, pool, reason, lifetimes: None, next_try, pause: TRY_AGAIN })
    }

    /// Refuses everything to be stored until there is room. `None`: every sender is gone before
    /// that.
    fn run(mut self, jobs: &mut mpsc::Receiver<Job>) -> Option<Writer> {
        while let Some(job) = jobs.blocking_recv() {
            self.refuse(job);
            if Instant::now() >= self.next_try
                && let Some(mut writer) = self.try_again()
            {
                self.status.has_put_off.store(self.lifetimes.is_some(), Ordering::Release);
                writer.late_lifetimes =
                    self.lifetimes.map(|lifetimes| Late { lifetimes, not_before: Instant::now() });
                tracing::info!("the disk has room: orders are stored again");
                return Some(writer);
            }
        }
        None
    }

    fn refuse(&mut self, job: Job) {
        let refusal = match self.files.watch.all_was_there() {
            Ok(()) => LogError(self.reason.clone()),
            Err(lost) => lost,
        };
        // An answer that nobody receives is dropped.
        match job {
            Job::Append(append) => drop(append.answer.send(Err(AppendError::Failed(refusal.0)))),
            Job::Alarm(set) => drop(set.answer.send(Err(refusal))),
            Job::Lifetimes(lifetimes, answer) => {
                self.lifetimes = Some(lifetimes);
                drop(answer.send(Err(refusal)));
            }
            Job::Snapshot(save) => drop(save.answer.send(Err(refusal))),
            Job::Ready(answer) => drop(answer.send(self.files.watch.look().and(Err(refusal)))),
            Job::TryAgain => {}
        }
    }

    /// Opens the database fully, if there is room.
    fn try_again(&mut self) -> Option<Writer> {
        self.next_try = Instant::now() + self.pause;
        // There must not be another database at its path.
        self.files.watch.look().ok()?;
        if self.files.try_room().is_err_and(|error| is_for_want_of_room(&error)) {
            self.pause = TRY_AGAIN;
            self.next_try = Instant::now() + self.pause;
            return None;
        }
        // Readers wait until the attempt has ended.
        let mut alone = self.pool.alone();
        // This connection locks the database exclusively, so it is closed first.
        *alone = Some(Err(LogError(self.reason.clone())));
        match opening::in_full(&self.files, &self.status) {
            Ok(writer) => {
                *alone = None;
                Some(writer)
            }
            Err(error) => {
                self.status.end.add_any();
                *alone = Some(readable(&self.files).unwrap_or_else(|error| Err(LogError(error.to_string()))));
                tracing::warn!(%error, "the disk still has too little room");
                self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
                self.next_try = Instant::now() + self.pause;
                None
            }
        }
    }
}

fn readable(files: &HeldFiles) -> Result<Result<rusqlite::Connection, LogError>, OpenError> {
    Ok(match opening::to_read(files)? {
        Readable::ByOne(conn) => Ok(conn),
        Readable::NotYet(reason) => {
            tracing::error!(reason, "orders cannot be read either until there is room");
            Err(LogError(reason))
        }
    })
}
