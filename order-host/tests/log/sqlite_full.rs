//! The SQLite log on a full disk.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use order_core::{Lifetimes, UnixMillis};
use order_host::RoomKey;
use order_host::log::{Alarm, AppendError, OpenError, RoomLog, Snapshot, SqliteLog, StoredFact};
use rusqlite::Connection;

use crate::support::small_disk::SmallDisk;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(30);

const FACTS: u64 = 50;

#[tokio::test]
async fn what_a_crash_left_on_a_full_disk_is_read_and_writing_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount("size=2m") else { return };
    crash_into(&disk.data()).await;
    disk.fill();

    let log = SqliteLog::open_in(&disk.data()).unwrap();

    assert_eq!(log.read(&key("a"), 0, 99).await, Ok(facts(1..=FACTS)));
    assert_eq!(log.read(&key("a"), 10, 3).await, Ok(facts(11..=13)));
    assert_eq!(log.read(&key("nobody"), 0, 9).await, Ok(vec![]));
    assert_eq!(log.load_snapshot(&key("a")).await, Ok(Some(Snapshot { seq: 3, state: vec![3] })));
    assert_eq!(log.alarm(&key("a")).await, Ok(Some(UnixMillis::new(7))));
    refuses(&log).await;
    let week = Lifetimes { expire_after: Some(Duration::from_secs(604_800)), archive_after: None };
    assert!(log.set_lifetimes(week).await.is_err());
    let refused = SqliteLog::open_in(&disk.data()).unwrap_err();
    assert!(matches!(refused, OpenError::InUse { .. }), "it has the files all the while: {refused}");

    disk.free();
    goes_on(&log, FACTS).await;
    let alarm = vec![Alarm { at: UnixMillis::new(0), room: key("a") }];
    eventually("the lifetimes are set", async || log.alarms(None, 9).await.unwrap() == alarm).await;
    drop(log);
    let log = SqliteLog::open_in(&disk.data()).unwrap();
    assert_eq!(log.read(&key("a"), 0, 99).await, Ok(facts(1..=FACTS + 1)), "nothing that was refused");
}

#[tokio::test]
async fn a_log_that_waits_for_room_reads_to_many_at_once_and_ends_when_it_is_dropped() {
    let Some(disk) = SmallDisk::mount("size=2m") else { return };
    crash_into(&disk.data()).await;
    disk.fill();
    let before = bytes_in(&disk.data());

    let log = std::sync::Arc::new(SqliteLog::open_in(&disk.data()).unwrap());
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let log = log.clone();
        readers.spawn(async move { assert_eq!(log.read(&key("a"), 0, 99).await, Ok(facts(1..=FACTS))) });
    }
    readers.join_all().await;
    drop(log);

    assert_eq!(bytes_in(&disk.data()), before, "what was stored is as it was");
    disk.free();
    let log = SqliteLog::open_in(&disk.data()).unwrap();
    assert_eq!(log.append(&key("a"), FACTS, facts(FACTS + 1..=FACTS + 1)).await, Ok(FACTS + 1));
}

#[tokio::test]
async fn a_log_that_was_closed_is_read_on_a_full_disk() {
    let Some(disk) = SmallDisk::mount("size=2m") else { return };
    let log = SqliteLog::open_in(&disk.data()).unwrap();
    log.append(&key("a"), 0, facts(1..=FACTS)).await.unwrap();
    let chain_key = log.chain_key().await;
    drop(log);
    disk.fill();

    let log = SqliteLog::open_in(&disk.data()).unwrap();
    assert_eq!(log.chain_key().await, chain_key);

    assert_eq!(log.read(&key("a"), 0, 99).await, Ok(facts(1..=FACTS)));
    refuses(&log).await;
    disk.free();
    goes_on(&log, FACTS).await;
}

#[tokio::test]
async fn a_first_start_on_a_full_disk_has_no_orders_until_there_is_room() {
    let Some(disk) = SmallDisk::mount("size=1m") else { return };
    disk.fill();

    let log = SqliteLog::open_in(&disk.data()).unwrap();

    assert_eq!(log.read(&key("a"), 0, 9).await, Ok(vec![]));
    assert_eq!(log.load_snapshot(&key("a")).await, Ok(None));
    let chain_key = log.chain_key().await.unwrap();
    assert!(matches!(log.append(&key("a"), 0, facts(1..=1)).await, Err(AppendError::Failed(_))));
    disk.free();
    goes_on(&log, 0).await;
    assert_eq!(log.chain_key().await, Ok(chain_key), "rooms that were loaded meanwhile go on with it");
    drop(log);
    assert_eq!(SqliteLog::open_in(&disk.data()).unwrap().chain_key().await, Ok(chain_key));
}

#[tokio::test]
async fn a_file_of_an_older_release_is_read_once_there_is_room_to_bring_it_up() {
    let Some(disk) = SmallDisk::mount("size=2m") else { return };
    let path = disk.data().join("stonepot.db");
    fs::create_dir(disk.data()).unwrap();
    let old = "CREATE TABLE log (id INTEGER PRIMARY KEY, room TEXT NOT NULL, seq INTEGER NOT NULL CHECK (seq > 0), fact BLOB NOT NULL) STRICT;
               CREATE UNIQUE INDEX log_by_room ON log (room, seq);
               PRAGMA application_id = 0x53746E70; PRAGMA user_version = 1; INSERT INTO log VALUES (1, 'main/a', 1, x'01')";
    Connection::open(&path).unwrap().execute_batch(old).unwrap();
    let before = fs::read(&path).unwrap();
    disk.fill();

    let log = SqliteLog::open_in(&disk.data()).unwrap();

    let refused = log.read(&key("a"), 0, 9).await.unwrap_err().to_string();
    assert!(refused.contains("older version") && refused.contains("no room"), "{refused}");
    assert!(log.ready().await.is_err());
    assert_eq!(fs::read(&path).unwrap(), before);
    disk.free();
    eventually("it is read", async || log.read(&key("a"), 0, 9).await == Ok(vec![vec![1].into()])).await;
    assert_eq!(log.append(&key("a"), 1, vec![vec![2].into()]).await, Ok(2));
}

/// The facts of a failed commit are not stored, and do not count as missing.
#[tokio::test]
async fn a_kill_after_an_append_that_failed_and_an_alarm_that_was_set_loses_nothing() {
    let Some(disk) = SmallDisk::mount("size=4m") else { return };
    let log = SqliteLog::open_in(&disk.data()).unwrap();
    log.append(&key("a"), 0, facts(1..=FACTS)).await.unwrap();
    disk.fill();
    disk.free_some(64 * 1024);
    let large = vec![vec![9; 512 * 1024].into()];
    let refused = log.append(&key("a"), FACTS, large).await;
    assert!(matches!(refused, Err(AppendError::Failed(_))), "{refused:?}");

    log.set_alarm(&key("a"), Some(UnixMillis::new(7))).await.unwrap();

    let place = tempfile::tempdir().unwrap();
    for name in ["stonepot.db", "stonepot.db-wal", "stonepot.db-lock"] {
        fs::copy(disk.data().join(name), place.path().join(name)).unwrap();
    }
    let killed = SqliteLog::open_in(place.path()).unwrap();
    assert_eq!(killed.read(&key("a"), 0, 99).await, Ok(facts(1..=FACTS)));
    assert_eq!(killed.alarm(&key("a")).await, Ok(Some(UnixMillis::new(7))));
}

#[tokio::test]
async fn a_disk_that_takes_no_more_files_is_a_full_one() {
    let Some(disk) = SmallDisk::mount("size=4m,nr_inodes=60") else { return };
    crash_into(&disk.data()).await;
    let mut fillers = Vec::new();
    while let filler = disk.data().join(format!("filler-{}", fillers.len()))
        && fs::write(&filler, "").is_ok()
    {
        fillers.push(filler);
    }

    let log = SqliteLog::open_in(&disk.data()).unwrap();

    assert_eq!(log.read(&key("a"), 0, 99).await, Ok(facts(1..=FACTS)));
    refuses(&log).await;
    for filler in fillers {
        fs::remove_file(filler).unwrap();
    }
    goes_on(&log, FACTS).await;
}

#[tokio::test]
async fn files_that_go_while_it_waits_for_room_are_not_taken_for_those_that_were_opened() {
    let Some(disk) = SmallDisk::mount("size=2m") else { return };
    crash_into(&disk.data()).await;
    disk.fill();
    let log = SqliteLog::open_in(&disk.data()).unwrap();
    let away = disk.data().with_file_name("away");
    fs::rename(disk.data(), &away).unwrap();
    disk.free();
    fs::create_dir(disk.data()).unwrap();

    eventually("it is noticed", async || {
        let refused = log.append(&key("a"), FACTS, facts(1..=1)).await.unwrap_err().to_string();
        refused.contains("removed or moved away")
    })
    .await;

    assert_eq!(fs::read_dir(disk.data()).unwrap().count(), 0, "nothing is made in its place");
    fs::remove_dir(disk.data()).unwrap();
    fs::rename(&away, disk.data()).unwrap();
    goes_on(&log, FACTS).await;
}

#[test]
fn what_is_wrong_for_another_reason_than_want_of_room_is_an_error_on_a_full_disk_too() {
    let Some(disk) = SmallDisk::mount("size=1m") else { return };
    fs::create_dir(disk.data()).unwrap();
    let path = disk.data().join("stonepot.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (line TEXT)").unwrap();
    disk.fill();
    let refused = SqliteLog::open_in(&disk.data()).unwrap_err();
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
    disk.free();
    fs::write(&path, "dear diary, ".repeat(1_000)).unwrap();
    disk.fill();
    let refused = SqliteLog::open_in(&disk.data()).unwrap_err();
    assert!(matches!(refused, OpenError::NotADatabase { .. }), "{refused}");
}

#[tokio::test]
async fn a_disk_that_may_only_be_read_is_an_error() {
    let Some(disk) = SmallDisk::mount("size=1m") else { return };
    drop(SqliteLog::open_in(&disk.data()).unwrap());
    disk.remount("ro");
    let refused = SqliteLog::open_in(&disk.data()).unwrap_err();
    assert!(matches!(refused, OpenError::File { .. }), "{refused}");
}

/// Leaves in `data` what a killed process leaves: facts, a snapshot and an alarm, all in
/// the write-ahead log.
async fn crash_into(data: &Path) {
    let place = tempfile::tempdir().unwrap();
    let log = SqliteLog::open_in(place.path()).unwrap();
    for seq in 0..FACTS {
        log.append(&key("a"), seq, facts(seq + 1..=seq + 1)).await.unwrap();
    }
    log.save_snapshot(&key("a"), Snapshot { seq: 3, state: vec![3] }).await.unwrap();
    log.set_alarm(&key("a"), Some(UnixMillis::new(7))).await.unwrap();
    fs::create_dir(data).unwrap();
    for name in ["stonepot.db", "stonepot.db-wal"] {
        fs::copy(place.path().join(name), data.join(name)).unwrap();
    }
    fs::write(data.join("stonepot.db-lock"), "").unwrap();
}

/// Checks that nothing is stored, and that appends, alarms and snapshots say why.
async fn refuses(log: &SqliteLog) {
    let before = log.read(&key("a"), 0, 999).await;
    let refused = log.append(&key("a"), FACTS, vec![vec![9; 100].into()]).await;
    let Err(AppendError::Failed(reason)) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("disk is full"), "{reason}");
    assert!(log.set_alarm(&key("a"), Some(UnixMillis::new(1))).await.is_err());
    assert!(log.save_snapshot(&key("a"), Snapshot { seq: 1, state: vec![9] }).await.is_err());
    assert!(log.ready().await.unwrap_err().to_string().contains("disk is full"));
    assert_eq!(log.read(&key("a"), 0, 999).await, before);
}

/// Checks that the log recovers automatically, with what was stored before.
async fn goes_on(log: &SqliteLog, last: u64) {
    let next = last + 1;
    eventually("it goes on", async || log.append(&key("a"), last, facts(next..=next)).await == Ok(next))
        .await;
    assert_eq!(log.read(&key("a"), 0, 999).await, Ok(facts(1..=next)));
    assert_eq!(log.ready().await, Ok(()));
}

async fn eventually<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < LONG, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn facts(seqs: std::ops::RangeInclusive<u64>) -> Vec<StoredFact> {
    seqs.map(|seq| format!("{seq}:").repeat(500).into_bytes().into()).collect()
}

/// Returns the bytes of the database and its write-ahead log.
fn bytes_in(data: &Path) -> Vec<Vec<u8>> {
    ["stonepot.db", "stonepot.db-wal"].map(|name| fs::read(data.join(name)).unwrap()).into()
}

fn key(room: &str) -> RoomKey {
    RoomKey::new("main", room).unwrap()
}
