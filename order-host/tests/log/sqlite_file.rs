//! The SQLite log and its file: opening, migrating, refusing, and grouping commits.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use order_core::{Lifetimes, UnixMillis};
use order_host::RoomKey;
use order_host::log::{Alarm, Link, OpenError, RoomLog, Snapshot, SqliteLog, StoredFact};
use rusqlite::Connection;

/// The first schema version, word for word. It is frozen, because files with it exist.
const SCHEMA_1: &str = "
    CREATE TABLE log (
        id   INTEGER PRIMARY KEY,
        room TEXT    NOT NULL,
        seq  INTEGER NOT NULL CHECK (seq > 0),
        fact BLOB    NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX log_by_room ON log (room, seq);
    PRAGMA application_id = 0x53746E70;
    PRAGMA user_version = 1;";

#[tokio::test]
async fn a_file_of_the_first_schema_is_brought_up_with_its_facts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(SCHEMA_1).unwrap();
    old.execute("INSERT INTO log (room, seq, fact) VALUES ('main/a', 1, x'01'), ('main/a', 2, x'02')", [])
        .unwrap();
    drop(old);

    let log = SqliteLog::open(&path).unwrap();

    let room = key("a");
    let old = [StoredFact::from(vec![1]), StoredFact::from(vec![2])];
    assert_eq!(log.read(&room, 0, 9).await.as_deref(), Ok(&old[..]), "they have no links");
    let new = StoredFact { bytes: vec![3], link: Some(Link::new([7; 16])) };
    assert_eq!(log.append(&room, 2, vec![new.clone()]).await, Ok(3));
    assert_eq!(log.read(&room, 2, 9).await, Ok(vec![new]));
    let snapshot = Snapshot { seq: 3, state: vec![9] };
    log.save_snapshot(&room, snapshot.clone()).await.unwrap();
    assert_eq!(log.load_snapshot(&room).await, Ok(Some(snapshot)));
    let alarm = Alarm { at: UnixMillis::new(0), room };
    assert_eq!(log.alarms(None, 9).await, Ok(vec![alarm]), "the room is woken to see whether it wants to be");
    drop(log);
    assert_eq!(user_version(&path), 6);
    let fresh = folder.path().join("fresh.db");
    drop(SqliteLog::open(&fresh).unwrap());
    assert_eq!(tables(&path), tables(&fresh), "an old file ends where a new one begins");
}

#[tokio::test]
async fn each_log_has_a_key_of_its_own_for_as_long_as_there_is_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| SqliteLog::open(&folder.path().join(name)).unwrap();
    let [a, b] = ["a.db", "b.db"].map(open);
    let keys = [a.chain_key().await.unwrap(), b.chain_key().await.unwrap()];
    assert_ne!(keys[0], keys[1]);
    drop((a, b));
    for _ in 0..3 {
        assert_eq!(open("a.db").chain_key().await, Ok(keys[0]));
    }
    fs::copy(folder.path().join("a.db"), folder.path().join("copy.db")).unwrap();
    assert_eq!(open("copy.db").chain_key().await, Ok(keys[0]), "a copy is of the same history");
}

#[tokio::test]
async fn a_link_or_a_key_that_is_damaged_is_an_error_and_no_other_link() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stonepot.db");
    let log = SqliteLog::open(&path).unwrap();
    log.append(&key("a"), 0, vec![vec![1].into()]).await.unwrap();
    drop(log);
    Connection::open(&path)
        .unwrap()
        .execute_batch("UPDATE log SET link = x'0102'; UPDATE chain SET key = x'01'")
        .unwrap();

    let log = SqliteLog::open(&path).unwrap();

    assert!(log.read(&key("a"), 0, 9).await.unwrap_err().to_string().contains("a link of 2 bytes"));
    assert!(log.chain_key().await.unwrap_err().to_string().contains("the key of the chain has 1 bytes"));
}

#[tokio::test]
async fn rooms_are_woken_once_when_orders_are_to_live_otherwise_than_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stonepot.db");
    let days = |days: u64| Some(Duration::from_secs(days * 24 * 60 * 60));
    let never = Lifetimes { expire_after: None, archive_after: days(30) };
    let week = Lifetimes { expire_after: days(7), archive_after: days(30) };
    let later = UnixMillis::new(1_000_000);

    let log = SqliteLog::open(&path).unwrap();
    log.set_lifetimes(never).await.unwrap();
    for name in ["with", "without"] {
        log.append(&key(name), 0, vec![vec![1].into()]).await.unwrap();
    }
    log.set_alarm(&key("with"), Some(later)).await.unwrap();
    drop(log);
    let alarm = |at: u64, name: &str| Alarm { at: UnixMillis::new(at), room: key(name) };

    let log = SqliteLog::open(&path).unwrap();
    log.set_lifetimes(never).await.unwrap();
    assert_eq!(log.alarms(None, 9).await, Ok(vec![alarm(1_000_000, "with")]), "as before");
    // One is indexed by now, and one is not.
    log.append(&key("new"), 0, vec![vec![1].into()]).await.unwrap();
    log.set_lifetimes(week).await.unwrap();
    let all = vec![alarm(0, "new"), alarm(0, "with"), alarm(0, "without")];
    assert_eq!(log.alarms(None, 9).await, Ok(all));
    log.set_alarm(&key("with"), Some(later)).await.unwrap();
    log.set_lifetimes(week).await.unwrap();
    assert_eq!(log.alarm(&key("with")).await, Ok(Some(later)), "once");
    assert_eq!(log.append(&key("with"), 1, vec![vec![2].into()]).await, Ok(2), "and facts go on");
}

#[test]
fn a_migration_that_fails_leaves_the_file_at_the_version_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(SCHEMA_1).unwrap();
    // Conflicts with the second migration.
    old.execute_batch("CREATE TABLE snapshots (other TEXT)").unwrap();
    drop(old);

    let refused = SqliteLog::open(&path).unwrap_err();

    assert!(matches!(refused, OpenError::Migration { version: 2, .. }), "{refused}");
    assert_eq!(user_version(&path), 1);
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stonepot.db");
    drop(SqliteLog::open(&path).unwrap());
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 77").unwrap();
    let before = fs::read(&path).unwrap();

    let refused = SqliteLog::open_in(folder.path()).unwrap_err();

    assert!(matches!(refused, OpenError::NewerVersion { found: 77, supported: 6, .. }), "{refused}");
    let text = refused.to_string();
    assert!(text.contains("stonepot.db was written by a newer version") && text.contains("77"), "{text}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_database_of_another_program_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("theirs.db");
    for theirs in [
        "CREATE TABLE log (line TEXT)",
        "PRAGMA application_id = 1",
        "PRAGMA application_id = 0; PRAGMA user_version = 1",
        "PRAGMA application_id = 0x53746E70; PRAGMA user_version = -1",
    ] {
        Connection::open(&path).unwrap().execute_batch(theirs).unwrap();
        let before = fs::read(&path).unwrap();
        let refused = SqliteLog::open(&path).unwrap_err();
        assert!(matches!(refused, OpenError::Foreign { .. }), "after {theirs}: {refused}");
        assert!(refused.to_string().contains("theirs.db"), "{refused}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.db");
    for content in [b"Dear chef".to_vec(), vec![0xAB; 8192], b"x".to_vec()] {
        fs::write(&path, &content).unwrap();
        let refused = SqliteLog::open(&path).unwrap_err();
        assert!(matches!(refused, OpenError::NotADatabase { .. }), "{refused}");
        assert!(refused.to_string().contains("letter.db"), "{refused}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[tokio::test]
async fn damage_in_the_middle_of_the_file_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.db");
    let log = SqliteLog::open(&path).unwrap();
    let room = key("a");
    log.append(&room, 0, (0..500).map(|_| vec![7; 500].into()).collect()).await.unwrap();
    drop(log);
    let whole = fs::read(&path).unwrap();
    let mut bytes = whole.clone();
    bytes[14 * 4096..40 * 4096].fill(0xEE);
    fs::write(&path, bytes).unwrap();

    let log = SqliteLog::open(&path).unwrap();
    assert!(log.read(&room, 0, 1000).await.is_err());
    assert_eq!(log.append(&key("b"), 0, vec![vec![1].into()]).await, Ok(1), "what is not damaged goes on");
    drop(log);

    let mut bytes = whole;
    bytes[4096..].fill(0xEE);
    fs::write(&path, bytes).unwrap();
    let refused = SqliteLog::open(&path).unwrap_err();
    assert!(matches!(refused, OpenError::Database { .. }), "{refused}");
}

#[test]
fn a_file_that_is_open_is_refused_to_a_second_log_by_whatever_name_until_it_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stonepot.db");
    let log = SqliteLog::open(&path).unwrap();

    let refused = SqliteLog::open_in(folder.path()).unwrap_err();
    assert!(matches!(refused, OpenError::InUse { .. }), "{refused}");
    assert!(refused.to_string().contains("stonepot.db is in use"), "{refused}");
    #[cfg(unix)]
    {
        let alias = folder.path().join("alias.db");
        std::os::unix::fs::symlink(&path, &alias).unwrap();
        let refused = SqliteLog::open(&alias).unwrap_err();
        assert!(matches!(refused, OpenError::InUse { .. }), "{refused}");
    }

    drop(log);
    SqliteLog::open(&path).unwrap();
}

#[test]
fn a_folder_that_cannot_be_made_or_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    fs::write(&file, "").unwrap();

    // Nothing can be created below a regular file, not even by root.
    let refused = SqliteLog::open_in(&file.join("data")).unwrap_err();
    assert!(matches!(refused, OpenError::Folder { .. }), "{refused}");
    assert!(refused.to_string().contains("a-file/data"), "{refused}");

    let refused = SqliteLog::open_in(&file).unwrap_err();
    assert!(matches!(refused, OpenError::Folder { .. }), "{refused}");

    let refused = SqliteLog::open(&file.join("stonepot.db")).unwrap_err();
    assert!(matches!(refused, OpenError::File { .. }), "{refused}");
    assert!(refused.to_string().contains("a-file/stonepot.db"), "{refused}");

    let refused = SqliteLog::open(&folder.path().join("missing/stonepot.db")).unwrap_err();
    assert!(matches!(refused, OpenError::File { .. }), "{refused}");

    let refused = SqliteLog::open(folder.path()).unwrap_err();
    assert!(matches!(refused, OpenError::File { .. }), "a folder is no file: {refused}");
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_what_holds_phone_numbers() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new/data");
    let log = SqliteLog::open_in(&data).unwrap();
    log.append(&key("a"), 0, vec![vec![1].into()]).await.unwrap();

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let names: Vec<_> = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(names.len(), 4, "the database, -wal, -shm and -lock: {names:?}");
    for path in names {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn a_path_is_never_read_as_a_uri() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file:x?mode=memory");
    let log = SqliteLog::open(&path).unwrap();
    log.append(&key("a"), 0, vec![vec![1].into()]).await.unwrap();
    assert_eq!(log.path().file_name(), path.file_name());
    drop(log);
    assert_eq!(SqliteLog::open(&path).unwrap().read(&key("a"), 0, 9).await, Ok(vec![vec![1].into()]));
}

#[tokio::test]
async fn a_closed_log_is_one_file_with_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stonepot.db");
    let log = SqliteLog::open(&path).unwrap();
    let room = key("a");
    log.append(&room, 0, vec![vec![1].into(), vec![2].into()]).await.unwrap();
    assert_eq!(log.read(&room, 0, 9).await.unwrap().len(), 2);
    drop(log);

    assert!(!folder.path().join("stonepot.db-wal").exists());
    let moved = folder.path().join("moved.db");
    fs::rename(&path, &moved).unwrap();
    assert_eq!(
        SqliteLog::open(&moved).unwrap().read(&room, 0, 9).await,
        Ok(vec![vec![1].into(), vec![2].into()])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_rooms_share_commits() {
    const ROOMS: u64 = 64;
    const EACH: u64 = 20;
    let folder = tempfile::tempdir().unwrap();
    let log = Arc::new(SqliteLog::open_in(folder.path()).unwrap());
    let mut rooms = tokio::task::JoinSet::new();
    for number in 0..ROOMS {
        let log = Arc::clone(&log);
        rooms.spawn(async move {
            let room = key(&number.to_string());
            for seq in 0..EACH {
                assert_eq!(log.append(&room, seq, vec![vec![0; 100].into()]).await, Ok(seq + 1));
            }
        });
    }
    rooms.join_all().await;
    let commits = log.commits();
    assert!((EACH..ROOMS * EACH / 2).contains(&commits), "{commits} commits for {} appends", ROOMS * EACH);
}

#[tokio::test]
async fn the_write_ahead_log_does_not_grow_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let log = SqliteLog::open_in(folder.path()).unwrap();
    let room = key("a");
    let mut largest = 0;
    for seq in 0..60 {
        log.append(&room, seq, vec![vec![1; 1 << 20].into()]).await.unwrap();
        largest = largest.max(fs::metadata(folder.path().join("stonepot.db-wal")).unwrap().len());
    }
    assert!(largest < 24 << 20, "60 MiB were written, {} MiB were in it at a time", largest >> 20);
    assert_eq!(log.read(&room, 59, 9).await, Ok(vec![vec![1; 1 << 20].into()]));
}

fn user_version(path: &Path) -> i64 {
    Connection::open(path).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

/// Returns the definitions of all tables and indexes, with normalized spacing.
fn tables(path: &Path) -> Vec<String> {
    let conn = Connection::open(path).unwrap();
    let mut statement = conn.prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name").unwrap();
    let made = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    made.map(|sql| sql.unwrap().split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn key(room: &str) -> RoomKey {
    RoomKey::new("main", room).unwrap()
}
