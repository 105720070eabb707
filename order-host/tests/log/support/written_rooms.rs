//! Rooms under constant writes, with a record of what was acknowledged.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use order_core::stored::{LogPosition, encode_fact, encode_snapshot};
use order_core::{
    Actor, Currency, Decision, ItemId, Order, OrderId, ParticipantId, UnixMillis, commit, decide, wire,
};
use order_host::RoomKey;
use order_host::log::sqlite::{Finding, verify_in};
use order_host::log::{OpenError, RoomLog as _, Snapshot, SqliteLog, StoredFact};
use tokio::task::JoinSet;
use tokio::time::sleep;

const ROOMS: usize = 24;

/// A room's snapshot is saved after this many facts: often, so that the write-ahead log
/// fills and is checkpointed.
const FACTS_PER_SNAPSHOT: u64 = 3;

/// Dishes of an order, so that snapshots are large.
const DISHES: u64 = 60;

/// The facts of each room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stored(BTreeMap<String, Vec<Vec<u8>>>);

impl Stored {
    /// Reads the log in this folder.
    pub(crate) async fn read(folder: &Path) -> Self {
        let log = SqliteLog::open_in(folder).unwrap();
        let mut stored = Self::default();
        for number in 0..ROOMS {
            let facts = log.read(&room(number), 0, usize::MAX).await.unwrap();
            if !facts.is_empty() {
                let facts = facts.into_iter().map(|fact| fact.bytes).collect();
                stored.0.insert(room(number).as_str().to_owned(), facts);
            }
        }
        stored
    }

    fn facts(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }
}

/// Checks that a copy has everything acknowledged before it was made, and nothing that was
/// not requested until afterwards.
pub(crate) fn is_whole(found: &Stored, before: &Stored, since: &Stored) -> Result<(), String> {
    for (room, facts) in &before.0 {
        let there = found.0.get(room).map_or(0, Vec::len);
        if there < facts.len() {
            return Err(format!("{room} has {there} facts, and {} were acknowledged", facts.len()));
        }
    }
    for (room, facts) in &found.0 {
        if !since.0.get(room).is_some_and(|asked| asked.starts_with(facts)) {
            return Err(format!("{room} has other facts than were stored"));
        }
    }
    Ok(())
}

/// Verifies the log in this folder.
pub(crate) fn findings(folder: &Path) -> Result<Vec<Finding>, OpenError> {
    let mut findings = Vec::new();
    verify_in(folder, &mut |finding| findings.push(finding))?;
    Ok(findings)
}

/// A log under constant writes.
pub(crate) struct Evening {
    pub(crate) folder: PathBuf,
    log: Arc<SqliteLog>,
    /// The acknowledged facts, and all facts that the log was asked to store.
    kept: Arc<Mutex<[Stored; 2]>>,
    stop: Arc<AtomicBool>,
    rooms: JoinSet<()>,
}

impl Evening {
    pub(crate) fn begin(folder: &Path) -> Self {
        let log = Arc::new(SqliteLog::open_in(folder).unwrap());
        let (kept, stop) = (Arc::<Mutex<[Stored; 2]>>::default(), Arc::<AtomicBool>::default());
        let mut rooms = JoinSet::new();
        for number in 0..ROOMS {
            rooms.spawn(order(number, log.clone(), kept.clone(), stop.clone()));
        }
        Self { folder: folder.to_owned(), log, kept, stop, rooms }
    }

    /// Returns the acknowledged facts.
    pub(crate) fn stored(&self) -> Stored {
        self.kept.lock().unwrap()[0].clone()
    }

    /// Returns all facts that the log was asked to store.
    pub(crate) fn stored_since(&self) -> Stored {
        self.kept.lock().unwrap()[1].clone()
    }

    pub(crate) fn commits(&self) -> u64 {
        self.log.commits()
    }

    pub(crate) async fn until(&self, facts: usize) {
        while self.stored().facts() < facts {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until the write-ahead log was restarted this many times.
    pub(crate) async fn until_checkpoints(&self, checkpoints: u32) {
        let salt =
            || fs::read(self.folder.join("stonepot.db-wal")).map_or(Vec::new(), |log| log[16..24].to_vec());
        for _ in 0..checkpoints {
            let before = salt();
            while salt() == before {
                sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// Copies all files as of one moment, as a kill would leave them. Returns what is stored in
    /// them.
    pub(crate) async fn as_a_kill_leaves_it(&self, to: &Path) -> Stored {
        // Nothing else writes while this transaction is open, and an earlier checkpoint is done by
        // then.
        let path = self.folder.join("stonepot.db");
        let beside = rusqlite::Connection::open(path).unwrap();
        beside.busy_timeout(Duration::from_secs(20)).unwrap();
        beside.execute_batch("BEGIN IMMEDIATE").unwrap();
        fs::create_dir(to).unwrap();
        for entry in fs::read_dir(&self.folder).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
        beside.execute_batch("ROLLBACK").unwrap();
        let read = to.with_extension("read");
        fs::create_dir(&read).unwrap();
        for entry in fs::read_dir(to).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), read.join(entry.file_name())).unwrap();
        }
        Stored::read(&read).await
    }

    /// Shuts down cleanly.
    pub(crate) async fn end(mut self) -> PathBuf {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(room) = self.rooms.join_next().await {
            room.unwrap();
        }
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || drop(self)).await.unwrap();
        folder
    }
}

fn room(number: usize) -> RoomKey {
    RoomKey::new("main", &format!("table-{number}")).unwrap()
}

/// Writes facts of one room until it is stopped.
async fn order(number: usize, log: Arc<SqliteLog>, kept: Arc<Mutex<[Stored; 2]>>, stop: Arc<AtomicBool>) {
    let key = room(number);
    let mut order = Order::new(OrderId::new(key.room()).unwrap(), Currency::default());
    let mut bytes = 0_u64;
    let chain = log.chain_key().await.unwrap();
    let mut link = chain.start(&key);
    log.set_alarm(&key, Some(UnixMillis::new(1))).await.unwrap();
    while !stop.load(Ordering::Relaxed) {
        let (seq, dish) = (order.seq(), order.seq() % DISHES);
        let text = match order.seq() {
            0 => r#"{"type":"join","participantId":"ann","participantName":"Ann","data":{}}"#.to_owned(),
            1..=DISHES => format!(
                r#"{{"type":"add_item","participantId":"ann","data":{{"id":"dish-{dish}","dishName":"Masala Dosa {dish}","quantity":1,"price":89.5}}}}"#
            ),
            _ => format!(
                r#"{{"type":"update_quantity","participantId":"ann","data":{{"itemId":"dish-{dish}","quantity":{}}}}}"#,
                1 + seq / DISHES % 900
            ),
        };
        let message = wire::decode_command(&text, || ItemId::new("item").unwrap()).unwrap();
        let actor = Actor::participant(ParticipantId::new("ann").unwrap());
        let decision =
            decide(&order, UnixMillis::new(1_700_000_000_000 + seq), &actor, &message.command).unwrap();
        let Decision::Record(fact) = decision else { panic!("{text} changes nothing") };
        let encoded = encode_fact(&fact).unwrap();
        bytes += encoded.len() as u64;
        let note = |which: usize| {
            let mut kept = kept.lock().unwrap();
            kept[which].0.entry(key.as_str().to_owned()).or_default().push(encoded.clone());
        };
        note(1);
        link = chain.next(link, &encoded);
        let stored = StoredFact { bytes: encoded.clone(), link: Some(link) };
        assert_eq!(log.append(&key, seq, vec![stored]).await, Ok(seq + 1));
        note(0);
        commit(&mut order, &fact).unwrap();
        if order.seq().is_multiple_of(FACTS_PER_SNAPSHOT) {
            let position = LogPosition { bytes: Some(bytes), link: Some(*link.bytes()) };
            let snapshot = Snapshot { seq: order.seq(), state: encode_snapshot(&order, &position).unwrap() };
            log.save_snapshot(&key, snapshot).await.unwrap();
        }
        sleep(Duration::from_millis(10)).await;
    }
}
