//! What the SQLite log contains after its process was killed, or could not write any more.
//! The process is this test's own program, started again with one of its ignored tests.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use order_host::RoomKey;
use order_host::log::{AppendError, OpenError, RoomLog, Snapshot, SqliteLog, StoredFact};

const FOLDER: &str = "STONEPOT_TEST_FOLDER";
const ROOMS: u64 = 10;

/// Limits the life of a child whose parent is gone.
const CHILD_LIVES: Duration = Duration::from_secs(300);

/// Shows that an acknowledged append does not need its process any more. That it survives a
/// crash of the machine rests on the sync in each commit.
#[tokio::test]
async fn a_writer_killed_in_the_middle_keeps_every_acknowledged_append() {
    let folder = tempfile::tempdir().unwrap();
    for acknowledged in [50, 300, 600] {
        let mut child = this_program("child_appends_until_it_is_killed", folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut seen = read_acknowledged(&mut lines, acknowledged);

        let refused = SqliteLog::open_in(folder.path()).unwrap_err();
        assert!(matches!(refused, OpenError::InUse { .. }), "the other process has it open: {refused}");
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had acknowledged before it was killed.
        seen.extend(read_acknowledged(&mut lines, usize::MAX));

        let log = SqliteLog::open_in(folder.path()).unwrap();
        assert!(!seen.is_empty());
        for (room, last) in seen {
            let facts = log.read(&key(room), 0, usize::MAX).await.unwrap();
            let count = facts.len() as u64;
            assert!(count >= last, "room {room}: {last} were acknowledged, {count} are stored");
            assert!(facts == (1..=count).map(|seq| fact(room, seq)).collect::<Vec<_>>(), "room {room}");
        }
    }
}

#[tokio::test]
async fn appends_that_find_no_room_on_the_disk_fail_and_leave_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    // A limit on a file's size simulates a full disk; ignoring its signal makes it an error of
    // `write`.
    let program = this_program("child_appends_until_it_cannot", folder.path());
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ && ulimit -f 600 && exec \"$0\" \"$@\""])
        .arg(program.get_program())
        .args(program.get_args())
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let acknowledged = read_acknowledged(&mut text.lines().map(str::to_owned), usize::MAX);
    assert!(!acknowledged.is_empty(), "{text}");

    let log = SqliteLog::open_in(folder.path()).unwrap();
    for (room, last) in acknowledged {
        let facts = log.read(&key(room), 0, usize::MAX).await.unwrap();
        assert!(facts == (1..=last).map(|seq| fact(room, seq)).collect::<Vec<_>>(), "room {room}");
        assert_eq!(log.append(&key(room), last, vec![fact(room, last + 1)]).await, Ok(last + 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a child process of another test"]
async fn child_appends_until_it_is_killed() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let log = Arc::new(SqliteLog::open_in(Path::new(&folder)).unwrap());
    let started = Instant::now();
    let mut rooms = tokio::task::JoinSet::new();
    for room in 0..ROOMS {
        let log = Arc::clone(&log);
        rooms.spawn(async move {
            let mut last = log.read(&key(room), 0, usize::MAX).await.unwrap().len() as u64;
            while started.elapsed() < CHILD_LIVES {
                last = log.append(&key(room), last, vec![fact(room, last + 1)]).await.unwrap();
                acknowledge(room, last);
                if last.is_multiple_of(10) {
                    let snapshot = Snapshot { seq: last, state: fact(room, last).bytes };
                    log.save_snapshot(&key(room), snapshot).await.unwrap();
                }
            }
        });
    }
    rooms.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a child process of another test"]
async fn child_appends_until_it_cannot() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let log = Arc::new(SqliteLog::open_in(Path::new(&folder)).unwrap());
    let mut rooms = tokio::task::JoinSet::new();
    for room in 0..ROOMS {
        let log = Arc::clone(&log);
        rooms.spawn(async move {
            for last in 0..1_000 {
                match log.append(&key(room), last, vec![fact(room, last + 1)]).await {
                    Ok(seq) => acknowledge(room, seq),
                    Err(AppendError::Failed(_)) => {
                        let stored = log.read(&key(room), 0, usize::MAX).await.unwrap();
                        assert_eq!(stored.len() as u64, last, "what failed is not stored");
                        return;
                    }
                    Err(other) => panic!("room {room} after {last}: {other}"),
                }
            }
            panic!("a limit on the file's size did not bind");
        });
    }
    rooms.join_all().await;
    assert!(log.ready().await.is_err(), "it is not ready when nothing can be written");
}

fn this_program(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    let test = format!("sqlite_crash::{test}");
    command.args(["--exact", &test, "--ignored", "--nocapture", "--test-threads=1"]).env(FOLDER, folder);
    command
}

fn acknowledge(room: u64, seq: u64) {
    // One write a line, so that a kill truncates no counted line.
    let line = format!("acknowledged {room} {seq}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

/// Returns the last acknowledged number of each room, after `enough` acknowledgements or at
/// the end.
fn read_acknowledged(lines: &mut impl Iterator<Item = String>, enough: usize) -> BTreeMap<u64, u64> {
    let acknowledged = lines.filter_map(|line| {
        // The test runner may have begun the first line.
        let (_, numbers) = line.split_once("acknowledged ")?;
        let (room, seq) = numbers.split_once(' ')?;
        Some((room.parse().unwrap(), seq.parse().unwrap()))
    });
    acknowledged.take(enough).collect()
}

/// Large enough that a few hundred cause a checkpoint of the write-ahead log.
fn fact(room: u64, seq: u64) -> StoredFact {
    format!("{room}:{seq}:").repeat(1_200).into_bytes().into()
}

fn key(room: u64) -> RoomKey {
    RoomKey::new("main", &room.to_string()).unwrap()
}
