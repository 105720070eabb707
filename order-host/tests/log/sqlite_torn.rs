//! Copies of a log that were torn from it while it was written, and files that were damaged: none of them looks whole.
//!
//! `STONEPOT_TORN=5000 STONEPOT_SEED=7 cargo test --release -p order-host --test log torn -- --nocapture` tries more of them than
//! have to be tried each time.

use std::env;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use order_host::log::sqlite::{Damage, copy_out_of, verify_in};
use order_host::log::{OpenError, RoomLog as _, SqliteLog};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use crate::support::written_rooms::{Evening, Stored, findings, is_whole};

const FILES: [&str; 4] = ["stonepot.db", "stonepot.db-wal", "stonepot.db-shm", "stonepot.db-lock"];

/// After this time no more copies are made, unless a number was requested.
const LONGEST: Duration = Duration::from_secs(12);

/// The results of many copies.
#[derive(Debug, Default)]
struct Tally {
    refused: u64,
    found: u64,
    whole: u64,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_copy_of_a_log_in_use_is_refused_or_found_or_whole() {
    let (copies, seed) = asked(40);
    let place = tempfile::tempdir().unwrap();
    let evening = Evening::begin(&place.path().join("data"));
    let mut dice = StdRng::seed_from_u64(seed);
    let mut tally = Tally::default();
    let began = Instant::now();
    for number in 0..copies {
        let copy = place.path().join(format!("copy-{number}"));
        let acknowledged = evening.stored();
        // Sometimes the lock file is copied too, and sometimes a file is missing.
        let mut files: Vec<_> = FILES.into_iter().filter(|_| dice.random_bool(0.85)).collect();
        if !files.contains(&FILES[0]) {
            files.push(FILES[0]);
        }
        files.shuffle(&mut dice);
        fs::create_dir(&copy).unwrap();
        for file in &files {
            // A file may be missing for a moment, or entirely.
            drop(fs::copy(evening.folder.join(file), copy.join(file)));
            if dice.random_bool(0.5) {
                tokio::time::sleep(Duration::from_millis(dice.random_range(0..400))).await;
            }
        }
        judge(&copy, &acknowledged, &evening.stored_since(), &mut tally)
            .await
            .unwrap_or_else(|wrong| panic!("STONEPOT_SEED={seed}, copy {number}, {files:?}: {wrong}"));
        fs::remove_dir_all(&copy).unwrap();
        if env::var_os("STONEPOT_TORN").is_none() && began.elapsed() > LONGEST {
            break;
        }
    }
    println!("seed {seed}: {tally:?}, {} checkpoints' worth of commits", evening.commits());
    assert!(tally.refused > 0 && tally.whole > 0, "{tally:?}");
    evening.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_page_or_a_truncated_file_is_refused_or_found_wherever_it_is() {
    let (damages, seed) = asked(150);
    let place = tempfile::tempdir().unwrap();
    let mut dice = StdRng::seed_from_u64(seed);
    let evening = Evening::begin(&place.path().join("data"));
    evening.until(4_000).await;
    // As a kill leaves them, with a write-ahead log, and as a clean shutdown does.
    let killed = place.path().join("killed");
    let stored = evening.as_a_kill_leaves_it(&killed).await;
    let folder = evening.end().await;
    let ended = Stored::read(&folder).await;
    let mut tally = Tally::default();
    let began = Instant::now();
    for number in 0..damages {
        let (from, stored) = if dice.random() { (&killed, &stored) } else { (&folder, &ended) };
        let copy = place.path().join(format!("copy-{number}"));
        copy_all(from, &copy);
        let what = damage(&copy, &mut dice);
        judge(&copy, stored, stored, &mut tally)
            .await
            .unwrap_or_else(|wrong| panic!("STONEPOT_SEED={seed}, damage {number}, {what}: {wrong}"));
        fs::remove_dir_all(&copy).unwrap();
        if env::var_os("STONEPOT_TORN").is_none() && began.elapsed() > LONGEST {
            break;
        }
    }
    println!("seed {seed}: {tally:?}");
    assert!(tally.refused + tally.found > tally.whole, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_without_its_write_ahead_log_is_refused_and_can_be_gone_on_with_on_purpose() {
    let place = tempfile::tempdir().unwrap();
    let evening = Evening::begin(&place.path().join("data"));
    evening.until(200).await;
    let killed = place.path().join("killed");
    evening.as_a_kill_leaves_it(&killed).await;
    evening.end().await;
    for emptied in [false, true] {
        let copy = place.path().join(format!("copy-{emptied}"));
        copy_all(&killed, &copy);
        let log = copy.join("stonepot.db-wal");
        if emptied {
            fs::write(&log, "").unwrap();
        } else {
            fs::remove_file(&log).unwrap();
        }
        let before = fs::read(copy.join("stonepot.db")).unwrap();

        for attempt in 0..3 {
            let refused = SqliteLog::open_in(&copy).unwrap_err();
            assert!(matches!(refused, OpenError::NoWriteAheadLog { .. }), "attempt {attempt}: {refused}");
        }
        assert!(
            matches!(findings(&copy).unwrap().first(), Some(found) if matches!(found.damage, Damage::Files(_)))
        );
        assert_eq!(fs::read(copy.join("stonepot.db")).unwrap(), before, "nothing is changed");

        drop(SqliteLog::open_in_without_what_is_missing(&copy).unwrap());
        let put_back = place.path().join(format!("put-back-{emptied}"));
        copy_all(&copy, &put_back);
        fs::copy(killed.join("stonepot.db-wal"), put_back.join("stonepot.db-wal")).unwrap();
        let refused = SqliteLog::open_in(&put_back).unwrap_err();
        assert!(
            matches!(refused, OpenError::OtherWriteAheadLog { .. }),
            "what was given up is gone: {refused}"
        );
        let log = SqliteLog::open_in(&copy).unwrap();
        assert_eq!(log.ready().await, Ok(()));
        drop(log);
        assert_eq!(findings(&copy).unwrap(), [], "what is left is whole");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_ahead_log_of_another_moment_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let evening = Evening::begin(&place.path().join("data"));
    let early = place.path().join("early");
    evening.until(100).await;
    evening.as_a_kill_leaves_it(&early).await;
    evening.until_checkpoints(3).await;
    let late = place.path().join("late");
    evening.as_a_kill_leaves_it(&late).await;
    let folder = evening.end().await;
    for (database, log) in [(&early, &late), (&late, &early), (&folder, &early), (&folder, &late)] {
        let copy = place.path().join("copy");
        fs::create_dir(&copy).unwrap();
        fs::copy(database.join("stonepot.db"), copy.join("stonepot.db")).unwrap();
        fs::copy(log.join("stonepot.db-wal"), copy.join("stonepot.db-wal")).unwrap();

        let refused = SqliteLog::open_in(&copy).unwrap_err();

        assert!(matches!(refused, OpenError::OtherWriteAheadLog { .. }), "{refused}");
        match findings(&copy) {
            Ok(found) => assert!(!found.is_empty()),
            // When the two files together are unreadable.
            Err(refused) => assert!(matches!(refused, OpenError::OtherWriteAheadLog { .. }), "{refused}"),
        }
        fs::remove_dir_all(&copy).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_emptied_is_no_new_one() {
    let place = tempfile::tempdir().unwrap();
    let evening = Evening::begin(&place.path().join("data"));
    evening.until(20).await;
    let folder = evening.end().await;
    fs::write(folder.join("stonepot.db"), "").unwrap();

    assert!(matches!(SqliteLog::open_in(&folder).unwrap_err(), OpenError::Emptied { .. }));
    assert!(matches!(findings(&folder).unwrap_err(), OpenError::Emptied { .. }));

    assert_eq!(fs::read(folder.join("stonepot.db")).unwrap(), b"");
    fs::remove_file(folder.join("stonepot.db")).unwrap();
    assert_eq!(
        SqliteLog::open_in(&folder).unwrap().ready().await,
        Ok(()),
        "one that was removed starts again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_made_beside_a_log_in_use_is_whole_and_nothing_is_wrong_with_either() {
    let place = tempfile::tempdir().unwrap();
    let evening = Evening::begin(&place.path().join("data"));
    for round in 0..4 {
        evening.until(300 * (round + 1)).await;
        let acknowledged = evening.stored();
        let copy = place.path().join(format!("copy-{round}"));
        fs::create_dir(&copy).unwrap();

        copy_out_of(&evening.folder, &copy).unwrap();

        assert_eq!(findings(&copy).unwrap(), []);
        assert_eq!(findings(&evening.folder).unwrap(), [], "beside the log in use");
        let names: Vec<_> = fs::read_dir(&copy).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["stonepot.db"], "it needs no other file, and looking through it makes none");
        is_whole(&Stored::read(&copy).await, &acknowledged, &evening.stored_since()).unwrap();
        // A copy of the copy, after a log has opened it.
        let again = place.path().join(format!("again-{round}"));
        fs::create_dir(&again).unwrap();
        copy_out_of(&copy, &again).unwrap();
        assert_eq!(findings(&again).unwrap(), []);
        assert_eq!(Stored::read(&again).await, Stored::read(&copy).await);
    }
    let folder = evening.end().await;
    assert_eq!(findings(&folder).unwrap(), [], "at rest");
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_by_sqlite_itself_and_a_log_carried_over_by_another_program_are_whole() {
    let place = tempfile::tempdir().unwrap();
    let evening = Evening::begin(&place.path().join("data"));
    evening.until(200).await;
    let acknowledged = evening.stored();
    let vacuumed = place.path().join("vacuumed");
    let by_backup = place.path().join("by backup");
    let carried_over = place.path().join("carried over");
    fs::create_dir(&vacuumed).unwrap();
    fs::create_dir(&by_backup).unwrap();
    let beside = rusqlite::Connection::open(evening.folder.join("stonepot.db")).unwrap();
    beside.execute("VACUUM INTO ?1", [vacuumed.join("stonepot.db").to_str().unwrap()]).unwrap();
    beside.backup("main", by_backup.join("stonepot.db"), None).unwrap();
    drop(beside);
    evening.as_a_kill_leaves_it(&carried_over).await;
    let other = rusqlite::Connection::open(carried_over.join("stonepot.db")).unwrap();
    let facts: i64 = other.query_row("SELECT count(*) FROM log", [], |row| row.get(0)).unwrap();
    assert!(facts >= 200);
    drop(other);
    assert!(!carried_over.join("stonepot.db-wal").exists());
    let since = evening.stored_since();
    evening.end().await;

    for copy in [vacuumed, by_backup, carried_over] {
        assert_eq!(findings(&copy).unwrap(), [], "{}", copy.display());
        is_whole(&Stored::read(&copy).await, &acknowledged, &since).unwrap();
    }
}

/// A long reader in another program delays checkpoints, and runs the last one if it closes
/// last.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_killed_beside_a_reader_is_whole_with_its_lock_file_and_no_copy_of_its_database_alone_is() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    drop(SqliteLog::open_in(&data).unwrap());
    let reader = rusqlite::Connection::open(data.join("stonepot.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM log").unwrap();
    let evening = Evening::begin(&data);
    evening.until(50).await;
    reader.execute_batch("ROLLBACK").unwrap();
    // The mark reaches the file, although it could not at the start.
    let copy = place.path().join("alone");
    fs::create_dir(&copy).unwrap();
    let began = Instant::now();
    loop {
        fs::copy(data.join("stonepot.db"), copy.join("stonepot.db")).unwrap();
        if findings(&copy).is_ok_and(
            |found| matches!(found.first(), Some(found) if matches!(found.damage, Damage::Files(_))),
        ) {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "a copy of the file alone looks whole");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(SqliteLog::open_in(&copy).is_err());
    // An unfinished checkpoint, then a kill.
    reader.execute_batch("BEGIN; SELECT count(*) FROM log").unwrap();
    evening.until(4_000).await;
    let acknowledged = evening.stored();
    let killed = place.path().join("killed");
    evening.as_a_kill_leaves_it(&killed).await;
    let since = evening.stored_since();
    reader.execute_batch("ROLLBACK").unwrap();
    evening.end().await;
    let other = rusqlite::Connection::open(killed.join("stonepot.db")).unwrap();
    other.query_row("SELECT count(*) FROM log", [], |_| Ok(())).unwrap();
    drop(other);
    assert!(!killed.join("stonepot.db-wal").exists());
    let without = place.path().join("without");
    fs::create_dir(&without).unwrap();
    fs::copy(killed.join("stonepot.db"), without.join("stonepot.db")).unwrap();

    let refused = SqliteLog::open_in(&without).unwrap_err();

    assert!(
        matches!(refused, OpenError::NoWriteAheadLog { .. }),
        "nothing says what it must have: {refused}"
    );
    assert_eq!(findings(&killed).unwrap(), []);
    is_whole(&Stored::read(&killed).await, &acknowledged, &since).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_key_of_links_is_lost_is_refused_and_gets_no_other_one() {
    let place = tempfile::tempdir().unwrap();
    let evening = Evening::begin(&place.path().join("data"));
    evening.until(50).await;
    let folder = evening.end().await;
    let conn = rusqlite::Connection::open(folder.join("stonepot.db")).unwrap();
    assert_eq!(conn.execute("DELETE FROM chain", []).unwrap(), 1);
    drop(conn);

    let refused = SqliteLog::open_in(&folder).unwrap_err().to_string();

    assert!(refused.contains("key of the chain"), "{refused}");
    let found = findings(&folder).unwrap();
    assert!(found.iter().any(|found| found.damage.to_string().contains("key of the chain")), "{found:?}");
    let conn = rusqlite::Connection::open(folder.join("stonepot.db")).unwrap();
    assert_eq!(conn.query_row("SELECT count(*) FROM chain", [], |row| row.get::<_, i64>(0)), Ok(0));
}

/// Returns the number and the seed from the environment.
fn asked(otherwise: u64) -> (u64, u64) {
    let number = |name, default| env::var(name).map_or(default, |text| text.parse().unwrap());
    (number("STONEPOT_TORN", otherwise), number("STONEPOT_SEED", 1))
}

/// Examines files as an operator and as a server would. Fails if they pass as complete and
/// are not: every acknowledged fact has to be there, and none that was never stored.
async fn judge(copy: &Path, acknowledged: &Stored, since: &Stored, tally: &mut Tally) -> Result<(), String> {
    let mut wrong = Vec::new();
    let verified = verify_in(copy, &mut |finding| wrong.push(finding));
    match SqliteLog::open_in(copy) {
        Err(_) if verified.is_ok() && wrong.is_empty() => {
            Err("verify finds nothing, and it is refused".to_owned())
        }
        Err(_) => {
            tally.refused += 1;
            Ok(())
        }
        Ok(log) => {
            drop(log);
            if verified.is_err() || !wrong.is_empty() {
                tally.found += 1;
                return Ok(());
            }
            tally.whole += 1;
            is_whole(&Stored::read(copy).await, acknowledged, since)
        }
    }
}

/// Changes some bytes of a file, or truncates it.
fn damage(folder: &Path, dice: &mut StdRng) -> String {
    let files: Vec<_> =
        ["stonepot.db", "stonepot.db-wal"].into_iter().filter(|file| folder.join(file).exists()).collect();
    let file = files[dice.random_range(0..files.len())];
    let path = folder.join(file);
    let mut bytes = fs::read(&path).unwrap();
    let at = dice.random_range(0..bytes.len());
    let what = match dice.random_range(0..5) {
        0 => {
            bytes[at] ^= 1 << dice.random_range(0..8);
            "a bit"
        }
        1 => {
            let end = bytes.len().min(at + 16);
            bytes[at..end].iter_mut().for_each(|byte| *byte = dice.random());
            "some bytes"
        }
        2 => {
            let page = at / 4096 * 4096;
            let end = bytes.len().min(page + 4096);
            bytes[page..end].fill(0);
            "a page of zeros"
        }
        3 => {
            let (page, other) = (at / 4096 * 4096, dice.random_range(0..bytes.len()) / 4096 * 4096);
            let end = bytes.len().min(page + 4096).min(bytes.len() - other + page);
            bytes.copy_within(other..other + (end - page), page);
            "a page of elsewhere"
        }
        _ => {
            bytes.truncate(at);
            "the end"
        }
    };
    fs::write(&path, bytes).unwrap();
    format!("{what} of {file} at {at}")
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
