//! Tests of the writer when a transaction, or a part of one, fails.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::files::HeldFiles;
use super::places::{self, END_FACTS};
use super::queue::Append;
use super::readers::Readers;
use super::waiting::Beginning;
use super::writer::Writer;
use super::{SqliteLog, schema};
use crate::RoomKey;
use crate::log::{AppendError, RoomLog, Snapshot, StoredFact};

#[test]
fn a_group_is_one_commit_and_a_conflict_in_it_fails_only_its_own_append() {
    let (_folder, mut writer) = writer();
    let answers = append_all(
        &mut writer,
        &[("a", 0, &["1"]), ("b", 0, &["1", "2"]), ("a", 0, &["x"]), ("a", 1, &["2"]), ("c", 5, &["x"])],
    );
    assert_eq!(answers, [Ok(1), Ok(2), conflict(1), Ok(2), conflict(0)]);
    assert_eq!(writer.status.commits.load(Ordering::Relaxed), 1);
    assert_eq!(stored(&writer), ["a 1 1", "a 2 2", "b 1 1", "b 2 2"]);
}

#[test]
fn a_group_of_conflicts_alone_commits_nothing_and_leaves_no_transaction_open() {
    let (_folder, mut writer) = writer();
    assert_eq!(append_all(&mut writer, &[("a", 1, &["x"]), ("b", 0, &[])]), [conflict(0), Ok(0)]);
    assert!(writer.conn.is_autocommit());
    assert_eq!(writer.status.commits.load(Ordering::Relaxed), 0);
    assert_eq!(append_all(&mut writer, &[("a", 0, &["1"])]), [Ok(1)]);
}

#[test]
fn an_append_that_fails_halfway_is_undone_and_the_rest_of_its_group_is_stored() {
    let (_folder, mut writer) = writer();
    assert_eq!(append_all(&mut writer, &[("a", 0, &["1"])]), [Ok(1)]);
    let fail = "CREATE TEMP TRIGGER fail BEFORE INSERT ON main.log WHEN new.fact = x'33'
                BEGIN SELECT RAISE(ABORT, 'no'); END";
    writer.conn.execute_batch(fail).unwrap();

    // In one statement, and in several.
    let few = vec!["2", "3"];
    let many = [vec!["2"; 40], vec!["3"]].concat();
    for (after, facts) in (0..).zip([few, many]) {
        let answers =
            append_all(&mut writer, &[("b", after, &["1"]), ("a", 1, &facts), ("c", after, &["1"])]);

        assert!(matches!(answers[1], Err(AppendError::Failed(_))), "{answers:?}");
        assert_eq!((&answers[0], &answers[2]), (&Ok(after + 1), &Ok(after + 1)));
    }
    assert_eq!(stored(&writer), ["a 1 1", "b 1 1", "b 2 1", "c 1 1", "c 2 1"]);
    // Only the writer does this in production.
    writer.conn.execute("INSERT INTO log (room, seq, fact) VALUES ('main/a', 2, x'32')", []).unwrap();
    assert_eq!(append_all(&mut writer, &[("a", 1, &["x"])]), [conflict(2)], "the cached number is forgotten");
    assert_eq!(append_all(&mut writer, &[("a", 2, &["2"; 40])]), [Ok(42)]);
    assert_eq!(places::facts(&writer.conn, &key("a"), 0, 99, true).unwrap().len(), 42);
}

#[test]
fn facts_are_found_whether_they_are_in_the_index_or_not() {
    let (_folder, mut writer) = writer();
    let rooms = ["a", "b", "c"];
    let mut stored = [0_u64; 3];
    for round in 0..40_usize {
        if round % 7 == 3 {
            writer.place_all().unwrap();
            assert!(!writer.status.end.has(&key("a")));
        }
        for (room, last) in rooms.iter().zip(&mut stored).take(1 + round % 3) {
            // The cached numbers must not be needed.
            writer.tails.forget_all();
            let facts: Vec<_> = (*last + 1..*last + 3).map(|seq| format!("{room}{seq}")).collect();
            let facts: Vec<_> = facts.iter().map(String::as_str).collect();
            assert_eq!(append_all(&mut writer, &[(room, *last, &facts)]), [Ok(*last + 2)]);
            *last += 2;
        }
        for (room, last) in rooms.iter().zip(stored) {
            for (after, limit) in [(0, 1_000), (0, 3), (last / 2, 2), (last.saturating_sub(1), 5), (last, 5)]
            {
                let wanted: Vec<_> =
                    (after + 1..=last).take(limit).map(|seq| format!("{room}{seq}")).collect();
                let (room, at_end) = (key(room), writer.status.end.has(&key(room)));
                let [after, limit] = [after, limit as u64].map(|number| i64::try_from(number).unwrap());
                let found = places::facts(&writer.conn, &room, after, limit, at_end).unwrap();
                let found: Vec<_> =
                    found.into_iter().map(|fact| String::from_utf8(fact.bytes).unwrap()).collect();
                assert_eq!(found, wanted, "{room:?} after {after}, {limit} of them, in round {round}");
            }
        }
    }
}

#[test]
fn many_facts_are_put_into_the_index_at_once_and_the_rest_when_the_file_is_opened_again() {
    let (folder, mut writer) = writer();
    let in_index = |conn: &Connection| -> i64 {
        conn.query_row("SELECT count(*) FROM places", [], |row| row.get(0)).unwrap()
    };
    for seq in 0..4_200 {
        assert_eq!(append_all(&mut writer, &[("a", seq, &["x"])]), [Ok(seq + 1)]);
        writer.place(END_FACTS);
    }
    assert_eq!(in_index(&writer.conn), 4_096);
    assert!(writer.status.end.has(&key("a")));
    // As after a crash: no cleanup at the end.
    std::mem::forget(writer);

    let copy = folder.path().join("copy.db");
    for end in ["", "-wal"] {
        let name = |path: &Path| format!("{}{end}", path.display());
        std::fs::copy(name(&folder.path().join("log.db")), name(&copy)).unwrap();
    }
    drop(SqliteLog::open(&copy).unwrap());
    assert_eq!(in_index(&Connection::open(&copy).unwrap()), 4_200);
}

#[test]
fn on_a_full_disk_nothing_of_the_group_is_stored_and_later_all_goes_on() {
    let (_folder, mut writer) = writer();
    assert_eq!(append_all(&mut writer, &[("a", 0, &["1"])]), [Ok(1)]);
    let pages: i64 = writer.conn.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    writer.conn.pragma_update(None, "max_page_count", pages).unwrap();
    let big = "x".repeat(100_000);

    let answers = append_all(&mut writer, &[("a", 1, &["2"]), ("b", 0, &[big.as_str()]), ("a", 2, &["3"])]);

    assert!(answers.iter().all(|answer| matches!(answer, Err(AppendError::Failed(_)))), "{answers:?}");
    assert_eq!(stored(&writer), ["a 1 1"]);
    assert!(!writer.status.in_doubt.load(Ordering::Relaxed));

    writer.conn.pragma_update(None, "max_page_count", pages + 1_000).unwrap();
    assert_eq!(append_all(&mut writer, &[("a", 1, &["2"]), ("b", 0, &["1"])]), [Ok(2), Ok(1)]);
    assert_eq!(stored(&writer), ["a 1 1", "a 2 2", "b 1 1"]);
}

#[test]
fn a_commit_that_failed_and_was_written_over_is_answered_as_failed() {
    let (_folder, mut writer) = writer();
    assert_eq!(append_all(&mut writer, &[("a", 0, &["1"])]), [Ok(1)]);
    let mut failures = 1;
    let fail_once = move || std::mem::take(&mut failures) == 1;
    writer.conn.commit_hook(Some(fail_once)).unwrap();

    let answers = append_all(&mut writer, &[("a", 1, &["2"]), ("a", 9, &["x"]), ("b", 0, &["1"])]);

    assert!(answers.iter().all(|answer| matches!(answer, Err(AppendError::Failed(_)))), "{answers:?}");
    assert!(!writer.status.in_doubt.load(Ordering::Relaxed));
    assert_eq!(stored(&writer), ["a 1 1"]);
    assert_eq!(append_all(&mut writer, &[("a", 1, &["2"])]), [Ok(2)]);
}

#[test]
fn a_commit_that_failed_and_cannot_be_written_over_is_answered_as_unknown() {
    let (_folder, mut writer) = writer();
    let failing = fail_commits(&writer);
    failing.store(true, Ordering::Relaxed);

    let answers = append_all(&mut writer, &[("a", 0, &["1"]), ("b", 0, &["1"])]);
    assert!(answers.iter().all(|answer| matches!(answer, Err(AppendError::Unknown(_)))), "{answers:?}");
    assert!(writer.status.in_doubt.load(Ordering::Relaxed));

    let answers = append_all(&mut writer, &[("a", 0, &["1"])]);
    assert!(matches!(answers[0], Err(AppendError::Failed(_))), "nothing was tried: {answers:?}");
    assert!(writer.status.in_doubt.load(Ordering::Relaxed));

    failing.store(false, Ordering::Relaxed);
    assert_eq!(append_all(&mut writer, &[("a", 0, &["1"])]), [Ok(1)]);
    assert!(!writer.status.in_doubt.load(Ordering::Relaxed));
    assert_eq!(stored(&writer), ["a 1 1"]);
}

#[test]
fn writing_over_what_a_failed_commit_left_does_write_to_the_file() {
    let (_folder, writer) = writer();
    let in_wal =
        || -> i64 { writer.conn.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1)).unwrap() };
    let before = in_wal();
    writer.overwrite_leftovers().unwrap();
    assert_eq!(in_wal(), before + 1);
}

#[test]
fn writing_the_write_ahead_log_again_leaves_every_byte_of_it_as_it_is() {
    let (folder, mut writer) = writer();
    let big = "x".repeat(3_000_000);
    assert_eq!(append_all(&mut writer, &[("a", 0, &["1", big.as_str()])]), [Ok(2)]);
    let wal = || std::fs::read(folder.path().join("log.db-wal")).unwrap();
    let before = wal();
    assert!(before.len() > 3_000_000);

    writer.files.write_ahead_log_again().unwrap();

    assert!(wal() == before);
    assert_eq!(append_all(&mut writer, &[("a", 2, &["3"])]), [Ok(3)]);
}

#[test]
fn after_a_failed_sync_everything_is_in_doubt_and_after_another_failure_nothing_is() {
    let (_folder, writer) = writer();
    let error = |code| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
    writer.doubt_if_a_sync_failed(&error(rusqlite::ffi::SQLITE_FULL));
    writer.doubt_if_a_sync_failed(&error(rusqlite::ffi::SQLITE_IOERR_WRITE));
    assert!(!writer.status.in_doubt.load(Ordering::Relaxed));
    writer.doubt_if_a_sync_failed(&error(rusqlite::ffi::SQLITE_IOERR_FSYNC));
    assert!(writer.status.in_doubt.load(Ordering::Relaxed));
}

#[tokio::test]
async fn nothing_is_read_while_a_failed_commit_is_in_doubt() {
    let (_folder, files, writer) = parts();
    let failing = fail_commits(&writer);
    let log = start(writer, files);
    let room = key("a");
    assert_eq!(log.append(&room, 0, vec![b"1".to_vec().into()]).await, Ok(1));

    failing.store(true, Ordering::Relaxed);
    let unknown = log.append(&room, 1, vec![b"2".to_vec().into()]).await;
    assert!(matches!(unknown, Err(AppendError::Unknown(_))), "{unknown:?}");
    assert!(log.read(&room, 0, 9).await.is_err());
    assert!(log.load_snapshot(&room).await.is_err());
    assert!(log.save_snapshot(&room, Snapshot { seq: 1, state: Vec::new() }).await.is_err());
    assert!(log.ready().await.is_err());

    failing.store(false, Ordering::Relaxed);
    assert_eq!(log.read(&room, 0, 9).await, Ok(vec![b"1".to_vec().into()]), "reading settles the doubt");
    assert_eq!(log.ready().await, Ok(()));
    assert_eq!(log.append(&room, 1, vec![b"2".to_vec().into()]).await, Ok(2));
}

#[tokio::test]
async fn it_is_not_ready_after_a_failure_until_something_can_be_written() {
    let (_folder, files, writer) = parts();
    let failing = fail_commits(&writer);
    let log = start(writer, files);
    failing.store(true, Ordering::Relaxed);
    assert!(log.save_snapshot(&key("a"), Snapshot { seq: 1, state: Vec::new() }).await.is_err());
    assert!(log.ready().await.is_err());
    failing.store(false, Ordering::Relaxed);
    assert_eq!(log.ready().await, Ok(()));
}

#[tokio::test]
async fn what_was_queued_when_the_log_was_dropped_is_stored() {
    let (folder, files, writer) = parts();
    let log = start(writer, files);
    for number in 0..200 {
        let room = key(&number.to_string());
        // Polled once, it is in the queue; then its caller goes away.
        let append = log.append(&room, 0, vec![b"1".to_vec().into()]);
        let _ = tokio::time::timeout(std::time::Duration::ZERO, append).await;
    }
    drop(log);

    let conn = Connection::open(folder.path().join("log.db")).unwrap();
    let count: i64 = conn.query_row("SELECT count(*) FROM log", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 200);
}

#[test]
fn every_commit_of_facts_is_synced_also_after_a_snapshot_that_was_not() {
    let (_folder, files, writer) = parts();
    let synchronous =
        |conn: &Connection| -> i64 { conn.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap() };
    assert_eq!(synchronous(&writer.conn), 2, "FULL");
    let mut writer = writer;
    let (answer, mut answered) = oneshot::channel();
    let budget = Arc::new(tokio::sync::Semaphore::new(1)).try_acquire_owned().unwrap();
    let snapshot = Snapshot { seq: 1, state: vec![1] };
    let save = super::queue::SaveSnapshot { room: key("a"), snapshot, answer, _budget: budget };
    writer.write_next(&mut [save].into());
    assert_eq!(answered.try_recv().unwrap(), Ok(()));
    assert_eq!(synchronous(&writer.conn), 2, "FULL");
    drop(files);
}

fn parts() -> (TempDir, Arc<HeldFiles>, Writer) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let files = Arc::new(HeldFiles::hold(&path).unwrap());
    let mut conn = Connection::open(&path).unwrap();
    schema::migrate(&mut conn, Path::new("log.db"), 0).unwrap();
    let writer = Writer::new(conn, Arc::clone(&files), Arc::default()).unwrap();
    (folder, files, writer)
}

fn start(writer: Writer, files: Arc<HeldFiles>) -> SqliteLog {
    let (readers, status) = (Readers::new(Arc::clone(&files)), Arc::clone(&writer.status));
    SqliteLog::start(Beginning::Writing(Box::new(writer)), readers, files, status).unwrap()
}

fn writer() -> (TempDir, Writer) {
    let (folder, _, writer) = parts();
    (folder, writer)
}

/// Makes every commit fail while the flag is set.
fn fail_commits(writer: &Writer) -> Arc<AtomicBool> {
    let failing = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&failing);
    writer.conn.commit_hook(Some(move || flag.load(Ordering::Relaxed))).unwrap();
    failing
}

fn append_all(writer: &mut Writer, group: &[(&str, u64, &[&str])]) -> Vec<Result<u64, AppendError>> {
    let mut answers = Vec::new();
    let mut appends = Vec::new();
    for (room, expected, facts) in group {
        let (answer, answered) = oneshot::channel();
        let facts: Vec<StoredFact> = facts.iter().map(|fact| fact.as_bytes().to_vec().into()).collect();
        appends.push(Append { room: key(room), expected: *expected, facts, answer, _budget: None });
        answers.push(answered);
    }
    writer.store_all(appends, Vec::new());
    answers.into_iter().map(|mut answered| answered.try_recv().unwrap()).collect()
}

/// Returns `room seq fact` of every stored fact.
fn stored(writer: &Writer) -> Vec<String> {
    let sql = "SELECT substr(room, 6) || ' ' || seq || ' ' || CAST(fact AS TEXT) FROM log ORDER BY room, seq";
    let mut statement = writer.conn.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn conflict(last: u64) -> Result<u64, AppendError> {
    Err(AppendError::Conflict { last })
}

fn key(room: &str) -> RoomKey {
    RoomKey::new("main", room).unwrap()
}
