//! Every log passes the conformance suite, and the suite detects every fault that is put
//! into a log.

use async_trait::async_trait;
use order_core::UnixMillis;
use order_host::RoomKey;
use order_host::log::{
    Alarm, AppendError, ChainKey, Layer, Layered, Link, LogError, MemoryLog, RoomLog, Snapshot, StoredFact,
    conformance,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_memory_log_keeps_every_promise() {
    conformance::suite(|| async { MemoryLog::new() }).await;
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use std::path::PathBuf;

    use order_host::log::{SqliteLog, conformance};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_sqlite_log_keeps_every_promise() {
        let folder = tempfile::tempdir().unwrap();
        let made = std::sync::atomic::AtomicUsize::new(0);
        let fresh = || {
            let number = made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let path: PathBuf = folder.path().join(format!("{number}.db"));
            async move { SqliteLog::open(&path).unwrap() }
        };
        conformance::suite(fresh).await;
    }

    #[tokio::test]
    async fn the_sqlite_log_keeps_every_promise_on_a_single_thread_too() {
        let folder = tempfile::tempdir().unwrap();
        let log = SqliteLog::open_in(folder.path()).unwrap();
        conformance::many_appenders_of_one_room_lose_nothing_and_double_nothing(log).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_the_sqlite_log_acknowledged_is_there_after_it_was_closed() {
        let folder = tempfile::tempdir().unwrap();
        conformance::durable_suite(|| async { SqliteLog::open_in(folder.path()).unwrap() }).await;
    }
}

/// A memory log with one fault.
struct Faulty {
    log: MemoryLog,
    fault: Fault,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    StoresInSpiteOfAConflict,
    KeepsTheFirstOfABatchOnly,
    ReadsTheFactAtAfterToo,
    IgnoresTheLimit,
    MixesUpperAndLowerCase,
    DropsEmptyFacts,
    DropsLinks,
    MakesUpLinks,
    ForgetsTheChainKey,
    KeepsTheFirstSnapshot,
    KeepsTheFirstAlarm,
    ReadsTheAlarmAtAfterToo,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_finds_every_fault_that_is_put_into_a_log() {
    for fault in [
        Fault::StoresInSpiteOfAConflict,
        Fault::KeepsTheFirstOfABatchOnly,
        Fault::ReadsTheFactAtAfterToo,
        Fault::IgnoresTheLimit,
        Fault::MixesUpperAndLowerCase,
        Fault::DropsEmptyFacts,
        Fault::DropsLinks,
        Fault::MakesUpLinks,
        Fault::ForgetsTheChainKey,
        Fault::KeepsTheFirstSnapshot,
        Fault::KeepsTheFirstAlarm,
        Fault::ReadsTheAlarmAtAfterToo,
    ] {
        let suite =
            conformance::suite(move || async move { Layered(Faulty { log: MemoryLog::new(), fault }) });
        let ended = tokio::spawn(suite).await;
        assert!(ended.is_err_and(|error| error.is_panic()), "the suite passes a log that {fault:?}");
    }
}

#[async_trait]
impl Layer for Faulty {
    type Below = MemoryLog;

    fn below(&self) -> &MemoryLog {
        &self.log
    }

    async fn append(
        &self,
        room: &RoomKey,
        expected: u64,
        facts: Vec<StoredFact>,
    ) -> Result<u64, AppendError> {
        let room = self.room(room);
        let facts = match self.fault {
            Fault::KeepsTheFirstOfABatchOnly => facts.into_iter().take(1).collect(),
            Fault::DropsEmptyFacts => facts.into_iter().filter(|fact| !fact.bytes.is_empty()).collect(),
            Fault::DropsLinks => facts.into_iter().map(|fact| fact.bytes.into()).collect(),
            Fault::MakesUpLinks => {
                let linked =
                    |fact: StoredFact| StoredFact { link: fact.link.or(Some(Link::new([1; 16]))), ..fact };
                facts.into_iter().map(linked).collect()
            }
            _ => facts,
        };
        let answer = self.log.append(&room, expected, facts.clone()).await;
        if let (Err(AppendError::Conflict { last }), Fault::StoresInSpiteOfAConflict) = (&answer, self.fault)
        {
            self.log.append(&room, *last, facts).await?;
        }
        answer
    }

    async fn read(&self, room: &RoomKey, after: u64, limit: usize) -> Result<Vec<StoredFact>, LogError> {
        let room = self.room(room);
        match self.fault {
            Fault::ReadsTheFactAtAfterToo => self.log.read(&room, after.saturating_sub(1), limit).await,
            Fault::IgnoresTheLimit => self.log.read(&room, after, usize::MAX).await,
            _ => self.log.read(&room, after, limit).await,
        }
    }

    async fn save_snapshot(&self, room: &RoomKey, snapshot: Snapshot) -> Result<(), LogError> {
        let room = self.room(room);
        let keeps =
            self.fault == Fault::KeepsTheFirstSnapshot && self.log.load_snapshot(&room).await?.is_some();
        if keeps { Ok(()) } else { self.log.save_snapshot(&room, snapshot).await }
    }

    async fn load_snapshot(&self, room: &RoomKey) -> Result<Option<Snapshot>, LogError> {
        self.log.load_snapshot(&self.room(room)).await
    }

    async fn set_alarm(&self, room: &RoomKey, at: Option<UnixMillis>) -> Result<(), LogError> {
        let keeps = self.fault == Fault::KeepsTheFirstAlarm && self.log.alarm(room).await?.is_some();
        if keeps { Ok(()) } else { self.log.set_alarm(&self.room(room), at).await }
    }

    async fn alarm(&self, room: &RoomKey) -> Result<Option<UnixMillis>, LogError> {
        self.log.alarm(&self.room(room)).await
    }

    async fn alarms(&self, after: Option<&Alarm>, limit: usize) -> Result<Vec<Alarm>, LogError> {
        match self.fault {
            Fault::ReadsTheAlarmAtAfterToo => self.log.alarms(None, limit).await,
            _ => self.log.alarms(after, limit).await,
        }
    }

    async fn chain_key(&self) -> Result<ChainKey, LogError> {
        match self.fault {
            Fault::ForgetsTheChainKey => Ok(ChainKey::random()),
            _ => self.log.chain_key().await,
        }
    }
}

impl Faulty {
    fn room(&self, room: &RoomKey) -> RoomKey {
        match self.fault {
            Fault::MixesUpperAndLowerCase => RoomKey::parse(&room.as_str().to_lowercase()).unwrap(),
            _ => room.clone(),
        }
    }
}
