//! Orders stored by an earlier release, and snapshots that differ from the facts.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use order_host::log::SqliteLog;
use order_host::log::sqlite::Damage;
use order_host::{Host, RoomKey, Settings};
use rusqlite::{Connection, params};

use crate::support::written_rooms::findings;

const SCHEMA_4: &str = "
    CREATE TABLE log (id INTEGER PRIMARY KEY, room TEXT NOT NULL, seq INTEGER NOT NULL CHECK (seq > 0), fact BLOB NOT NULL) STRICT;
    CREATE TABLE snapshots (id INTEGER PRIMARY KEY, room TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL, state BLOB NOT NULL) STRICT;
    CREATE TABLE places (room TEXT NOT NULL, seq INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (room, seq)) STRICT, WITHOUT ROWID;
    CREATE TABLE placed (upto INTEGER NOT NULL) STRICT;
    INSERT INTO placed VALUES (0);
    CREATE TABLE alarms (room TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX alarms_in_order ON alarms (at, room);
    CREATE TABLE lifetimes (expire_after INTEGER, archive_after INTEGER) STRICT;
    PRAGMA application_id = 0x53746E70; PRAGMA user_version = 4; PRAGMA journal_mode = WAL;";

/// An order of two facts, as versions 1 and 2 stored it. It omits what either release may
/// have omitted.
const OPEN: [&str; 2] = [
    r#"{"v":$v,"seq":1,"at":1800000000001,"by":"asha","fact":{"joined":{"name":"Asha","phone":null,"role":"owner","circle":null,"tenant":null,"currency":{"code":"INR","minor_digits":2}}}}"#,
    r#"{"v":$v,"seq":2,"at":1800000000002,"by":"asha","fact":{"item_added":{"item":"item_1","dish":"Chicken","kind":"non-veg","quantity":3,"price":29900,"customization":null}}}"#,
];
const OPEN_STATE: &str = r#"{"v":$v,"id":"$id","currency":{"code":"INR","minor_digits":2},"seq":2,"circle":null,"tenant":null,"people":[{"id":"asha","name":"Asha","phone":null,"joined_at":1800000000001,"left":false}],"owner":0,"items":[{"id":"item_1","dish":"Chicken","kind":"non-veg","quantity":3,"price":29900,"customization":null,"by":0,"at":1800000000002}],"split":"equal"$more,"finalized":false,"created_at":1800000000001,"updated_at":1800000000002}"#;
const MORE: &str = r#","charges":{"charges":[]},"tips":[],"without_service":[],"payments":[],"done":[]"#;

#[tokio::test(flavor = "multi_thread")]
async fn orders_with_snapshots_of_earlier_releases_are_whole_before_and_after_they_are_loaded() {
    let place = tempfile::tempdir().unwrap();
    let rooms = ["v1", "v2", "session_xyz"];
    of_earlier_releases(place.path());

    drop(SqliteLog::open_in(place.path()).unwrap());
    assert_eq!(findings(place.path()).unwrap(), [], "before anybody has come");

    let log = Arc::new(SqliteLog::open_in(place.path()).unwrap());
    let host = Host::new(log.clone(), Settings::default());
    let shown = seen(&host, &rooms).await;
    host.look_through(log.clone(), Duration::ZERO);
    for room in rooms {
        // Loads the room without a visible change.
        drop(host.backend(&key(room), NO_CHARGES).await);
    }
    host.drain().await;
    drop((host, log));
    assert_eq!(findings(place.path()).unwrap(), [], "after they were saved again");
    for room in ["v1", "v2"] {
        let state = state_of(place.path(), room);
        assert!(state.contains("last_changes") && state.contains("link"), "{room}: {state}");
    }
    let host = Host::new(Arc::new(SqliteLog::open_in(place.path()).unwrap()), Settings::default());
    assert_eq!(seen(&host, &rooms).await, shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_whose_snapshot_is_damaged_is_replayed_and_not_refused() {
    let place = tempfile::tempdir().unwrap();
    of_earlier_releases(place.path());
    for _ in 0..2 {
        let host = Host::new(Arc::new(SqliteLog::open_in(place.path()).unwrap()), Settings::default());
        drop(host.backend(&key("v2"), NO_CHARGES).await);
        host.drain().await;
    }
    let state = state_of(place.path(), "v2").replace(r#""quantity":3"#, r#""quantity":7"#);
    let conn = Connection::open(place.path().join("stonepot.db")).unwrap();
    let sql = "UPDATE snapshots SET state = ?1 WHERE room = 'main/v2'";
    assert_eq!(conn.execute(sql, [state.as_bytes()]).unwrap(), 1);
    drop(conn);
    let found = findings(place.path()).unwrap();
    assert!(
        matches!(found.as_slice(), [found] if matches!(found.damage, Damage::Snapshot { .. })),
        "{found:?}"
    );

    let log = Arc::new(SqliteLog::open_in(place.path()).unwrap());
    let host = Host::new(log.clone(), Settings::default());
    let shown = host.backend(&key("v2"), NO_CHARGES).await.unwrap();
    assert!(shown.contains(r#""quantity":7"#), "the snapshot is what is shown: {shown}");
    host.look_through(log.clone(), Duration::ZERO);

    eventually("it is replayed", async || {
        host.backend(&key("v2"), NO_CHARGES).await.is_ok_and(|shown| shown.contains(r#""quantity":3"#))
    })
    .await;
    host.drain().await;
    drop((host, log));
    assert_eq!(findings(place.path()).unwrap(), [], "the snapshot is another one");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_is_missing_from_their_order_is_found_beside_snapshots() {
    let place = tempfile::tempdir().unwrap();
    of_earlier_releases(place.path());
    drop(SqliteLog::open_in(place.path()).unwrap());
    // The index as if this row was lost.
    let conn = Connection::open(place.path().join("stonepot.db")).unwrap();
    conn.execute_batch(
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE INDEX alarms_in_order ON alarms (at, room) WHERE room <> ''main/v1'''
             WHERE name = 'alarms_in_order';",
    )
    .unwrap();
    drop(conn);
    let conn = Connection::open(place.path().join("stonepot.db")).unwrap();
    conn.execute_batch(
        "REINDEX alarms_in_order;
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE INDEX alarms_in_order ON alarms (at, room)'
             WHERE name = 'alarms_in_order';",
    )
    .unwrap();
    drop(conn);

    let found = findings(place.path()).unwrap();

    let in_order: Vec<_> = found.iter().filter(|found| found.damage == Damage::AlarmOrder).collect();
    assert!(matches!(in_order.as_slice(), [found] if found.room == Some(key("v1"))), "{found:?}");
}

const NO_CHARGES: &str = r#"{"type":"set_charges","data":{"charges":[]}}"#;

/// Writes a database of schema 4: an order of each version, and one in version 1 with all
/// kinds of facts.
fn of_earlier_releases(folder: &Path) {
    let conn = Connection::open(folder.join("stonepot.db")).unwrap();
    conn.execute_batch(SCHEMA_4).unwrap();
    for version in ["1", "2"] {
        let id = format!("v{version}");
        let more = if version == "2" { MORE } else { "" };
        let state = OPEN_STATE.replace("$v", version).replace("$id", &id).replace("$more", more);
        store(&conn, &id, &OPEN.map(|fact| fact.replace("$v", version)), &state);
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../order-core/fixtures/golden/stored/v1");
    let mut facts: Vec<(u64, String)> = Vec::new();
    for entry in fs::read_dir(&golden).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap().trim_end().to_owned();
        if let Some((_, rest)) = text.split_once(r#"{"v":1,"seq":"#) {
            facts.push((rest.split_once(',').unwrap().0.parse().unwrap(), text));
        }
    }
    facts.sort();
    let facts: Vec<_> = facts.into_iter().map(|(_, text)| text).collect();
    let state = fs::read_to_string(golden.join("order.json")).unwrap();
    store(&conn, "session_xyz", &facts, state.trim_end());
}

fn store(conn: &Connection, room: &str, facts: &[String], state: &str) {
    let room = format!("main/{room}");
    for (seq, fact) in (1_i64..).zip(facts) {
        let sql = "INSERT INTO log (room, seq, fact) VALUES (?1, ?2, ?3)";
        conn.execute(sql, params![room, seq, fact.as_bytes()]).unwrap();
    }
    let seq = i64::try_from(facts.len()).unwrap();
    let sql = "INSERT INTO snapshots (room, seq, state) VALUES (?1, ?2, ?3)";
    conn.execute(sql, params![room, seq, state.as_bytes()]).unwrap();
    conn.execute("INSERT INTO alarms (room, at) VALUES (?1, 0)", [room]).unwrap();
}

fn state_of(folder: &Path, room: &str) -> String {
    let conn = Connection::open(folder.join("stonepot.db")).unwrap();
    let sql = "SELECT state FROM snapshots WHERE room = ?1";
    let state: Vec<u8> = conn.query_row(sql, [format!("main/{room}")], |row| row.get(0)).unwrap();
    String::from_utf8(state).unwrap()
}

async fn seen(host: &Host, rooms: &[&str]) -> Vec<String> {
    let mut seen = Vec::new();
    for room in rooms {
        let shown = host.public_view(&key(room)).await.unwrap().unwrap();
        seen.push(shown.split_once(r#""updatedAt""#).unwrap().0.to_owned());
    }
    seen
}

async fn eventually<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < Duration::from_secs(30), "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn key(room: &str) -> RoomKey {
    RoomKey::new("main", room).unwrap()
}
