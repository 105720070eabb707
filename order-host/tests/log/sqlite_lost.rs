//! The SQLite log when its open files are removed, moved away or replaced.

use std::fs;
use std::future::Future;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use order_core::UnixMillis;
use order_host::RoomKey;
use order_host::log::{AppendError, RoomLog, Snapshot, SqliteLog};
use tempfile::TempDir;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

const FILES: [&str; 4] = ["stonepot.db", "stonepot.db-wal", "stonepot.db-lock", "stonepot.db-shm"];

#[tokio::test]
async fn a_file_that_is_removed_or_replaced_is_noticed_and_nothing_more_is_stored() {
    for name in FILES {
        for replace in [false, true] {
            let Scene { _place, data, log } = Scene::begin().await;
            let file = data.join(name);
            if replace {
                fs::write(data.join("other"), fs::read(&file).unwrap()).unwrap();
                fs::rename(data.join("other"), &file).unwrap();
            } else {
                fs::remove_file(&file).unwrap();
            }

            refuses(&log).await;

            let refused = log.append(&key("a"), 1, vec![vec![2].into()]).await.unwrap_err().to_string();
            let what = if replace { "not the file that was opened" } else { "removed or moved away" };
            assert!(refused.contains(name) && refused.contains(what), "{name}: {refused}");
        }
    }
}

#[tokio::test]
async fn a_folder_that_is_moved_away_is_noticed_and_all_goes_on_when_it_is_back() {
    let Scene { _place, data, log } = Scene::begin().await;
    let away = data.with_file_name("away");
    fs::rename(&data, &away).unwrap();
    refuses(&log).await;
    assert!(log.ready().await.unwrap_err().to_string().contains("the data folder"));

    // A copy in its place is not the file that was opened.
    copy(&away, &data);
    assert!(log.ready().await.is_err());
    assert!(matches!(log.append(&key("a"), 1, vec![vec![9].into()]).await, Err(AppendError::Failed(_))));
    let as_copied = everything_in(&data);

    fs::rename(&data, data.with_file_name("copy")).unwrap();
    fs::rename(&away, &data).unwrap();
    eventually("it goes on", async || log.append(&key("a"), 1, vec![vec![2].into()]).await.is_ok()).await;
    assert_eq!(log.ready().await, Ok(()));
    assert_eq!(
        log.read(&key("a"), 0, 9).await,
        Ok(vec![vec![1].into(), vec![2].into()]),
        "nothing that was refused"
    );
    drop(log);
    assert_eq!(everything_in(&data.with_file_name("copy")), as_copied);
    assert_eq!(facts_in(&data).await, [vec![1], vec![2]]);
}

#[tokio::test]
async fn stopping_with_another_folder_in_its_place_ends_and_touches_neither() {
    let Scene { _place, data, log } = Scene::begin().await;
    let away = data.with_file_name("away");
    fs::rename(&data, &away).unwrap();
    copy(&away, &data);
    refuses(&log).await;
    let (moved, copied) = (everything_in(&away), everything_in(&data));
    assert!(copied.iter().any(|(name, bytes)| name.ends_with("-wal") && !bytes.is_empty()));

    drop(log);

    assert_eq!(everything_in(&data), copied, "closing removes the write-ahead log by its name");
    assert_eq!(everything_in(&away), moved);
    for folder in [data, away] {
        assert_eq!(facts_in(&folder).await, [vec![1]], "{}", folder.display());
    }
}

#[tokio::test]
async fn stopping_with_no_folder_at_all_ends() {
    let Scene { _place, data, log } = Scene::begin().await;
    fs::remove_dir_all(&data).unwrap();
    refuses(&log).await;
    drop(log);
    assert!(!data.exists());
}

#[tokio::test]
async fn a_link_that_is_pointed_elsewhere_is_noticed() {
    let place = tempfile::tempdir().unwrap();
    let (here, there, link) =
        (place.path().join("here"), place.path().join("there"), place.path().join("data"));
    for folder in [&here, &there] {
        fs::create_dir(folder).unwrap();
    }
    symlink(&here, &link).unwrap();
    let log = opened(&link).await;

    fs::remove_file(&link).unwrap();
    refuses(&log).await;
    symlink(&there, &link).unwrap();
    assert!(log.ready().await.is_err());
    fs::remove_file(&link).unwrap();
    symlink(&here, &link).unwrap();

    assert_eq!(log.ready().await, Ok(()));
    assert_eq!(log.append(&key("a"), 1, vec![vec![2].into()]).await, Ok(2));
    assert!(!there.join("stonepot.db").exists());
}

#[tokio::test]
async fn a_file_in_place_of_the_folder_is_noticed() {
    let Scene { _place, data, log } = Scene::begin().await;
    fs::rename(&data, data.with_file_name("away")).unwrap();
    fs::write(&data, "").unwrap();
    refuses(&log).await;
}

/// Facts acknowledged before the loss was noticed are in a file without a name.
#[tokio::test]
async fn what_is_in_a_removed_write_ahead_log_is_carried_over_into_its_database() {
    let Scene { _place, data, log } = Scene::begin().await;
    let wal = data.join("stonepot.db-wal");
    assert!(fs::metadata(&wal).unwrap().len() > 0);
    fs::remove_file(&wal).unwrap();
    refuses(&log).await;
    drop(log);
    assert!(!wal.exists());
    assert_eq!(facts_in(&data).await, [vec![1]]);
}

/// SQLite uses any write-ahead log beside a database as that database's own.
#[tokio::test]
async fn another_database_in_its_place_does_not_get_its_write_ahead_log() {
    let other = Scene::begin().await;
    assert_eq!(other.log.append(&key("b"), 0, vec![vec![7].into()]).await, Ok(1));
    drop(other.log);
    let Scene { _place, data, log } = Scene::begin().await;
    let database = data.join("stonepot.db");
    let away = data.with_file_name("away");
    fs::create_dir(&away).unwrap();
    fs::rename(&database, away.join("stonepot.db")).unwrap();
    fs::rename(other.data.join("stonepot.db"), &database).unwrap();
    let before = fs::read(&database).unwrap();

    refuses(&log).await;
    let wal = data.join("stonepot.db-wal");
    eventually("the log is emptied", async || fs::metadata(&wal).unwrap().len() == 0).await;
    drop(log);

    assert_eq!(fs::read(&database).unwrap(), before);
    let log = SqliteLog::open_in(&data).unwrap();
    assert_eq!(log.read(&key("b"), 0, 9).await, Ok(vec![vec![7].into()]));
    assert_eq!(facts_in(&away).await, [vec![1]], "and what was moved away is whole");
}

#[tokio::test]
async fn nothing_is_read_from_other_files_than_were_opened() {
    let Scene { _place, data, log } = Scene::begin().await;
    // There was no read so far, so a connection is opened by its path.
    let away = data.with_file_name("away");
    fs::rename(&data, &away).unwrap();
    let other = opened(&data).await;
    assert_eq!(other.append(&key("a"), 1, vec![vec![8].into()]).await, Ok(2));

    let refused = log.read(&key("a"), 0, 9).await.unwrap_err();

    assert!(refused.to_string().contains("not the file that was opened"), "{refused}");
    drop(other);
    fs::rename(&data, data.with_file_name("other")).unwrap();
    fs::rename(&away, &data).unwrap();
    assert_eq!(log.ready().await, Ok(()));
    assert_eq!(log.read(&key("a"), 0, 9).await, Ok(vec![vec![1].into()]));
}

struct Scene {
    _place: TempDir,
    data: PathBuf,
    log: SqliteLog,
}

impl Scene {
    /// Opens a log with one fact, which is in the write-ahead log.
    async fn begin() -> Self {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        let log = opened(&data).await;
        Self { _place: place, data, log }
    }
}

async fn opened(data: &Path) -> SqliteLog {
    let log = SqliteLog::open_in(data).unwrap();
    assert_eq!(log.append(&key("a"), 0, vec![vec![1].into()]).await, Ok(1));
    log
}

/// Waits until appends fail, without calling `ready`, which would check at once. Then
/// nothing of any kind is stored.
async fn refuses(log: &SqliteLog) {
    // To another room, in case it is stored before the loss is noticed.
    let mut seq = 0;
    let began = Instant::now();
    while let Ok(next) = log.append(&key("before"), seq, vec![vec![0].into()]).await {
        seq = next;
        assert!(began.elapsed() < LONG, "it is not noticed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let refused = log.append(&key("a"), 1, vec![vec![9].into()]).await;
    assert!(matches!(refused, Err(AppendError::Failed(_))), "{refused:?}");
    assert!(log.set_alarm(&key("a"), Some(UnixMillis::new(1))).await.is_err());
    assert!(log.save_snapshot(&key("a"), Snapshot { seq: 1, state: vec![9] }).await.is_err());
    assert!(log.ready().await.is_err());
}

async fn eventually<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < LONG, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Opens the log again, and returns the facts of its room.
async fn facts_in(data: &Path) -> Vec<Vec<u8>> {
    let facts = SqliteLog::open_in(data).unwrap().read(&key("a"), 0, 9).await.unwrap();
    facts.into_iter().map(|fact| fact.bytes).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for (name, bytes) in everything_in(from) {
        fs::write(to.join(name), bytes).unwrap();
    }
}

/// Returns names and contents, except the `-shm` index, which is shared memory.
fn everything_in(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut files: Vec<_> = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .filter(|(name, _)| !name.ends_with("-shm"))
        .collect();
    files.sort();
    files
}

fn key(room: &str) -> RoomKey {
    RoomKey::new("main", room).unwrap()
}
