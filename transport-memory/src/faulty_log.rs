//! A log with injected faults.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use order_core::UnixMillis;
use order_host::RoomKey;
use order_host::log::{Alarm, AppendError, ChainKey, LogError, RoomLog, Snapshot, StoredFact};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::Dice;
use crate::faults::{AppendFault, LogFaults};

/// Wraps any log and makes it fail: by chance, following a seed, or as a test plans it.
#[derive(Debug)]
pub struct FaultyLog<L> {
    inner: L,
    fate: Mutex<Fate>,
    held: watch::Sender<bool>,
    loads: AtomicU64,
}

#[derive(Debug)]
struct Fate {
    faults: LogFaults,
    dice: Dice,
    planned: VecDeque<AppendFault>,
}

impl<L> FaultyLog<L> {
    /// Wraps `inner` with these faults.
    pub fn new(inner: L, seed: u64, faults: LogFaults) -> Self {
        let fate = Fate { faults, dice: Dice::new(seed), planned: VecDeque::new() };
        Self { inner, fate: Mutex::new(fate), held: watch::Sender::new(false), loads: AtomicU64::new(0) }
    }

    /// Returns the wrapped log, without faults.
    pub fn inner(&self) -> &L {
        &self.inner
    }

    /// Sets the faults from now on.
    pub fn set_faults(&self, faults: LogFaults) {
        self.fate().faults = faults;
    }

    /// Plans a failure: the next append without a planned failure fails like this.
    pub fn fail_next_append(&self, fault: AppendFault) {
        self.fate().planned.push_back(fault);
    }

    /// Returns how many planned failures are left.
    pub fn planned_failures(&self) -> usize {
        self.fate().planned.len()
    }

    /// Cancels all planned failures.
    pub fn forget_planned_failures(&self) {
        self.fate().planned.clear();
    }

    /// Blocks every append until [`release`](FaultyLog::release). Messages meanwhile queue at
    /// the room, which then stores them together.
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Unblocks appends.
    pub fn release(&self) {
        self.held.send_replace(false);
    }

    /// Returns how often a snapshot was loaded, which is the first step of loading an order.
    pub fn loads(&self) -> u64 {
        self.loads.load(Ordering::Relaxed)
    }

    fn fate(&self) -> MutexGuard<'_, Fate> {
        // Nothing panics while it holds the lock.
        self.fate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fate {
    /// Draws the fault and the duration of an append.
    fn append(&mut self) -> (Option<AppendFault>, Duration) {
        let millis = u64::try_from(self.faults.max_append_time.as_millis()).unwrap_or(u64::MAX);
        let takes = Duration::from_millis(self.dice.below(millis.saturating_add(1)));
        let fault = self.planned.pop_front().or_else(|| {
            self.dice.hits(self.faults.failing_append).then(|| match self.dice.below(3) {
                0 => AppendFault::Failed,
                1 => AppendFault::UnknownNotStored,
                _ => AppendFault::UnknownStored,
            })
        });
        (fault, takes)
    }

    fn read(&mut self) -> Result<Duration, LogError> {
        let fails = self.dice.hits(self.faults.failing_read);
        if fails { Err(LogError(PLANNED.to_owned())) } else { Ok(self.faults.read_time) }
    }

    fn save(&mut self) -> Result<(), LogError> {
        if self.dice.hits(self.faults.failing_append) { Err(LogError(PLANNED.to_owned())) } else { Ok(()) }
    }
}

const PLANNED: &str = "a planned failure";

#[async_trait]
impl<L: RoomLog> RoomLog for FaultyLog<L> {
    async fn append(
        &self,
        room: &RoomKey,
        expected: u64,
        facts: Vec<StoredFact>,
    ) -> Result<u64, AppendError> {
        let (fault, takes) = self.fate().append();
        // The sender lives as long as `self`.
        let _ = self.held.subscribe().wait_for(|held| !held).await;
        if !takes.is_zero() {
            sleep(takes).await;
        }
        match fault {
            None => self.inner.append(room, expected, facts).await,
            Some(AppendFault::Failed) => Err(AppendError::Failed(PLANNED.to_owned())),
            Some(AppendFault::UnknownNotStored) => Err(AppendError::Unknown(PLANNED.to_owned())),
            Some(AppendFault::UnknownStored) => {
                // To a caller that lost the answer, a conflict is as unknown as a success.
                let _ = self.inner.append(room, expected, facts).await;
                Err(AppendError::Unknown(PLANNED.to_owned()))
            }
        }
    }

    async fn read(&self, room: &RoomKey, after: u64, limit: usize) -> Result<Vec<StoredFact>, LogError> {
        let takes = self.fate().read()?;
        if !takes.is_zero() {
            sleep(takes).await;
        }
        self.inner.read(room, after, limit).await
    }

    async fn save_snapshot(&self, room: &RoomKey, snapshot: Snapshot) -> Result<(), LogError> {
        self.fate().save()?;
        self.inner.save_snapshot(room, snapshot).await
    }

    async fn load_snapshot(&self, room: &RoomKey) -> Result<Option<Snapshot>, LogError> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        self.fate().read()?;
        self.inner.load_snapshot(room).await
    }

    async fn set_alarm(&self, room: &RoomKey, at: Option<UnixMillis>) -> Result<(), LogError> {
        self.fate().save()?;
        self.inner.set_alarm(room, at).await
    }

    async fn alarm(&self, room: &RoomKey) -> Result<Option<UnixMillis>, LogError> {
        self.fate().read()?;
        self.inner.alarm(room).await
    }

    async fn alarms(&self, after: Option<&Alarm>, limit: usize) -> Result<Vec<Alarm>, LogError> {
        self.fate().read()?;
        self.inner.alarms(after, limit).await
    }

    async fn chain_key(&self) -> Result<ChainKey, LogError> {
        self.fate().read()?;
        self.inner.chain_key().await
    }

    async fn ready(&self) -> Result<(), LogError> {
        self.inner.ready().await
    }
}
