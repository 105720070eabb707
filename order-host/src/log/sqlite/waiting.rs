//! Waiting for room on the disk, with what is stored there to be read meanwhile.

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

/// After so long it is tried whether there is room.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The longest pause after there was room, and yet the database could not be opened. Readers wait while that is tried.
const LONGEST_PAUSE: Duration = Duration::from_secs(16);

/// How the thread that writes begins.
pub(super) enum Beginning {
    Writing(Box<Writer>),
    Waiting(Waiting),
}

impl Beginning {
    /// Works until every sender is gone and everything queued is done.
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

/// A log whose disk has no room, not even for what has to be written to open it.
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
    /// Lets what is stored be read from `pool` by one connection, as long as there is no room for more.
    ///
    /// # Errors
    /// When the file is not one of this release's log.
    pub(super) fn begin(
        files: Arc<HeldFiles>,
        status: Arc<WriterStatus>,
        pool: Arc<Pool>,
        error: &OpenError,
    ) -> Result<Self, OpenError> {
        // Which these are, the writer finds out when it opens the database.
        status.end.add_any();
        *pool.alone() = Some(readable(&files)?);
        let folder = files.database.parent().unwrap_or(&files.database).display();
        let reason = format!("the disk is full, and nothing is stored until there is room in {folder}");
        tracing::error!(%error, "THE DISK IS FULL: orders can be read, and nothing can be stored. Make room in {folder}; this server then goes on by itself");
        status.has_put_off.store(true, Ordering::Release);
        let next_try = Instant::now() + TRY_AGAIN;
        Ok(Self { files, status, pool, reason, lifetimes: None, next_try, pause: TRY_AGAIN })
    }

    /// Refuses what is to be stored until there is room. Nothing when everybody is gone before that.
    fn run(mut self, jobs: &mut mpsc::Receiver<Job>) -> Option<Writer> {
        while let Some(job) = jobs.blocking_recv() {
            self.refuse(job);
            if Instant::now() >= self.next_try
                && let Some(mut writer) = self.try_again()
            {
                self.status.has_put_off.store(self.lifetimes.is_some(), Ordering::Release);
                writer.late_lifetimes =
                    self.lifetimes.map(|lifetimes| Late { lifetimes, not_before: Instant::now() });
                tracing::info!("there is room on the disk: orders are stored again");
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
        // Whoever went away is not missed.
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

    /// Opens the database in full, if there is room.
    fn try_again(&mut self) -> Option<Writer> {
        self.next_try = Instant::now() + self.pause;
        // What is at its path must not be another database.
        self.files.watch.look().ok()?;
        if self.files.try_room().is_err_and(|error| is_for_want_of_room(&error)) {
            self.pause = TRY_AGAIN;
            self.next_try = Instant::now() + self.pause;
            return None;
        }
        // Whoever reads meanwhile waits for how it turns out.
        let mut alone = self.pool.alone();
        // The connection has the database for itself.
        *alone = Some(Err(LogError(self.reason.clone())));
        match opening::in_full(&self.files, &self.status) {
            Ok(writer) => {
                *alone = None;
                Some(writer)
            }
            Err(error) => {
                self.status.end.add_any();
                *alone = Some(readable(&self.files).unwrap_or_else(|error| Err(LogError(error.to_string()))));
                tracing::warn!(%error, "there is too little room on the disk yet");
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
