//! A process's access to a log, which ends with the process.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use order_core::UnixMillis;
use order_host::RoomKey;
use order_host::log::{Alarm, AppendError, ChainKey, LogError, RoomLog, Snapshot, StoredFact};
use tokio_util::sync::CancellationToken;

use crate::{Dice, FaultyLog};

/// How many of a thousand appends in flight at a crash have reached the log.
const REACHED: u16 = 500;

/// One process's access to a log that outlives it. After the process has died, its calls
/// never complete: nothing is stored, and nothing is answered.
#[derive(Debug)]
pub struct MortalLog<L> {
    log: Arc<FaultyLog<L>>,
    dead: CancellationToken,
    under_way: Mutex<UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    dice: Dice,
    begun: u64,
    appends: BTreeMap<u64, Append>,
}

#[derive(Debug)]
struct Append {
    room: RoomKey,
    expected: u64,
    facts: Vec<StoredFact>,
}

impl<L: RoomLog> MortalLog<L> {
    /// Creates the access of a live process to `log`.
    pub fn new(log: Arc<FaultyLog<L>>, seed: u64) -> Self {
        let under_way = UnderWay { dice: Dice::stream(seed, 1), begun: 0, appends: BTreeMap::new() };
        Self { log, dead: CancellationToken::new(), under_way: Mutex::new(under_way) }
    }

    /// Kills the process. Some of the appends in flight have reached the log, and some have
    /// not.
    pub async fn die(&self) {
        if self.dead.is_cancelled() {
            return;
        }
        self.dead.cancel();
        let reached: Vec<Append> = {
            let mut under_way = self.under_way();
            let appends = std::mem::take(&mut under_way.appends);
            appends.into_values().filter(|_| under_way.dice.hits(REACHED)).collect()
        };
        for Append { room, expected, facts } in reached {
            // The outcome is not reported to anybody.
            let _ = self.log.inner().append(&room, expected, facts).await;
        }
    }

    /// Returns the outcome, unless the process dies first.
    async fn alive<T>(&self, outcome: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            () = self.dead.cancelled() => pending().await,
            outcome = outcome => outcome,
        }
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        // Nothing panics while it holds the lock.
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    fn begin(&mut self, append: Append) -> u64 {
        self.begun = self.begun.wrapping_add(1);
        self.appends.insert(self.begun, append);
        self.begun
    }
}

#[async_trait]
impl<L: RoomLog> RoomLog for MortalLog<L> {
    async fn append(
        &self,
        room: &RoomKey,
        expected: u64,
        facts: Vec<StoredFact>,
    ) -> Result<u64, AppendError> {
        let append = Append { room: room.clone(), expected, facts: facts.clone() };
        let number = self.under_way().begin(append);
        let appended = self.alive(self.log.append(room, expected, facts)).await;
        self.under_way().appends.remove(&number);
        appended
    }

    async fn read(&self, room: &RoomKey, after: u64, limit: usize) -> Result<Vec<StoredFact>, LogError> {
        self.alive(self.log.read(room, after, limit)).await
    }

    async fn save_snapshot(&self, room: &RoomKey, snapshot: Snapshot) -> Result<(), LogError> {
        self.alive(self.log.save_snapshot(room, snapshot)).await
    }

    async fn load_snapshot(&self, room: &RoomKey) -> Result<Option<Snapshot>, LogError> {
        self.alive(self.log.load_snapshot(room)).await
    }

    async fn set_alarm(&self, room: &RoomKey, at: Option<UnixMillis>) -> Result<(), LogError> {
        self.alive(self.log.set_alarm(room, at)).await
    }

    async fn alarm(&self, room: &RoomKey) -> Result<Option<UnixMillis>, LogError> {
        self.alive(self.log.alarm(room)).await
    }

    async fn alarms(&self, after: Option<&Alarm>, limit: usize) -> Result<Vec<Alarm>, LogError> {
        self.alive(self.log.alarms(after, limit)).await
    }

    async fn chain_key(&self) -> Result<ChainKey, LogError> {
        self.alive(self.log.chain_key()).await
    }

    async fn ready(&self) -> Result<(), LogError> {
        self.alive(self.log.ready()).await
    }
}
