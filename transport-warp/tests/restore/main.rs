//! Backup and restore by the commands of README, and a server with damaged data.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test may panic"
)]

#[path = "../support/process.rs"]
mod process;
#[path = "../support/server.rs"]
mod server;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use process::{Running, STONEPOT, end_of, stonepot};
use serde_json::json;
use server::{LONG, Peer, code_of, request};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

const TABLES: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_backup_is_there_after_a_restore_by_the_five_lines_of_readme() {
    let lines = lines_of_readme();
    assert_eq!(lines.len(), 5, "{lines:?}");
    let place = tempfile::tempdir().unwrap();
    let server = Running::start(in_place(place.path(), "stonepot --data ./data"));
    let mut tokens = Vec::new();
    for table in 0..TABLES {
        tokens.push(token_of(server.addr, table).await);
    }
    let (dishes, stop) = (Arc::<[AtomicU64; TABLES]>::default(), Arc::<AtomicBool>::default());
    let mut guests = JoinSet::new();
    for table in 0..TABLES {
        guests.spawn(order(server.addr, table, dishes.clone(), stop.clone()));
    }
    until("everybody orders", async || dishes.iter().all(|dishes| dishes.load(Ordering::SeqCst) > 5)).await;

    let before: Vec<_> = dishes.iter().map(|dishes| dishes.load(Ordering::SeqCst)).collect();
    let backup = run(in_place(place.path(), &lines[0]));
    assert!(backup.status.success(), "{backup:?}");
    assert!(String::from_utf8(backup.stdout).unwrap().contains("6 rooms"));
    let after: Vec<_> = dishes.iter().map(|dishes| dishes.load(Ordering::SeqCst)).collect();
    until("they order on", async || dishes[0].load(Ordering::SeqCst) > after[0]).await;
    stop.store(true, Ordering::SeqCst);
    while let Some(guest) = guests.join_next().await {
        guest.unwrap();
    }
    server.signal("KILL");
    drop(server);
    fs::remove_dir_all(place.path().join("data")).unwrap();

    for line in &lines[1..4] {
        let done = run(in_place(place.path(), line));
        assert!(done.status.success(), "{line}: {done:?}");
    }
    let server = Running::start(in_place(place.path(), &lines[4]));
    for (table, token) in tokens.iter().enumerate() {
        let found = dishes_of(server.addr, table).await;
        // One more may be stored whose guest was not yet told.
        assert!(found >= before[table] && found <= after[table] + 1, "{table}: {before:?} {found} {after:?}");
        let path = format!("{}?history&resume={token}", room(table));
        assert_eq!(ask(server.addr, &path).await.status, 200, "they are known again");
    }
    let verified = run(in_place(place.path(), "stonepot verify --data ./restored"));
    assert!(verified.status.success(), "beside the server: {verified:?}");
    server.stop("TERM");
    for (name, mode) in [("", 0o700), ("stonepot.db", 0o600), ("resume.key", 0o600)] {
        let path = place.path().join("backup").join(name);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_written_over_nothing_and_one_that_was_interrupted_is_named_so() {
    let place = tempfile::tempdir().unwrap();
    let server = Running::start(in_place(place.path(), "stonepot --data ./data"));
    token_of(server.addr, 0).await;
    let backup =
        |target: &str| run(in_place(place.path(), &format!("stonepot backup --data ./data {target}")));
    fs::create_dir(place.path().join("there")).unwrap();
    fs::write(place.path().join("file"), "mine").unwrap();
    fs::create_dir(place.path().join("new.unfinished")).unwrap();

    for (target, said) in [
        ("there", "already exists"),
        ("file", "already exists"),
        ("new", "unfinished"),
        ("no/where", "cannot make"),
    ] {
        let refused = backup(target);
        assert_eq!(refused.status.code(), Some(1), "{target}");
        let text = String::from_utf8(refused.stderr).unwrap();
        assert!(text.contains(said), "{target}: {text}");
    }

    assert_eq!(fs::read_dir(place.path().join("there")).unwrap().count(), 0);
    assert_eq!(fs::read(place.path().join("file")).unwrap(), b"mine");
    assert!(!place.path().join("new").exists());
    fs::remove_dir(place.path().join("new.unfinished")).unwrap();
    assert!(backup("new").status.success());
    let names = || fs::read_dir(place.path()).unwrap().count();
    let before = names();
    assert!(!run(in_place(place.path(), "stonepot backup --data ./nowhere other")).status.success());
    assert_eq!(names(), before, "nothing is left of it");
    assert_eq!(
        run(in_place(place.path(), "stonepot backup --data ./data")).status.code(),
        Some(2),
        "wrong use"
    );
    assert_eq!(run(in_place(place.path(), "stonepot verify --what")).status.code(), Some(2), "wrong use");
    // A wrong variable of the server must not prevent a backup.
    let mut command = in_place(place.path(), "stonepot backup --data ./data another");
    command.env("STONEPOT_EXPIRE_AFTER", "7");
    assert!(run(command).status.success());
    server.stop("TERM");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_room_is_found_and_closed_while_others_order_on_and_verify_names_it() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Running::start(stonepot(&data));
    for table in 0..3 {
        token_of(server.addr, table).await;
        join_and_add(server.addr, table).await;
    }
    server.stop("TERM");
    // Orders are read from their snapshots, so a guest does not notice that an earlier fact is
    // missing.
    let conn = rusqlite::Connection::open(data.join("stonepot.db")).unwrap();
    let removed = "DELETE FROM places WHERE room = 'collaborative_order/table-1' AND seq = 1";
    assert_eq!(conn.execute(removed, []).unwrap(), 1);
    drop(conn);

    let verified = run(in_place(place.path(), "stonepot verify"));
    assert_eq!(verified.status.code(), Some(1));
    let said = String::from_utf8(verified.stdout).unwrap();
    assert!(said.contains("room collaborative_order/table-1: fact 1 is missing"), "{said}");
    assert!(!said.contains("table-0") && !said.contains("table-2"), "{said}");
    let mut command = stonepot(&data);
    command.args(["--check-after", "1s"]);
    let server = Running::start(command);
    until("the room is closed", async || ask(server.addr, &room(1)).await.status == 503).await;

    let mut ann = open(server.addr, 1).await;
    ann.say(&json!({"type": "join", "participantId": "ben", "participantName": "Ben", "data": {}})).await;
    assert_eq!(code_of(&ann.read_all().await), 1013);
    assert_eq!(ask(server.addr, "/readyz").await.status, 200);
    for table in [0, 2] {
        join_and_add(server.addr, table).await;
    }
    let backup = run(in_place(place.path(), "stonepot backup new"));
    assert_eq!(backup.status.code(), Some(1), "{backup:?}");
    assert!(!place.path().join("new").exists() && place.path().join("new.damaged").exists());
    let log = server.stop("TERM");
    let said: Vec<_> = log.lines().filter(|line| line.contains("DAMAGED")).collect();
    assert!(
        !said.is_empty()
            && said.iter().all(|line| line.contains("ERROR") && line.contains("stonepot verify")),
        "{log}"
    );
    assert!(!log.contains("table-1"), "no name is in the log: {log}");
}

#[test]
fn data_without_their_write_ahead_log_are_one_line_that_says_what_to_do() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Running::start(stonepot(&data));
    server.signal("KILL");
    drop(server);
    fs::remove_file(data.join("stonepot.db-wal")).unwrap();
    let child = stonepot(&data).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();

    let ended = end_of(child);

    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    for part in ["stonepot.db-wal is missing", "stonepot backup", "--accept-loss"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let mut command = stonepot(&data);
    command.arg("--accept-loss");
    Running::start(command).stop("TERM");
    Running::start(stonepot(&data)).stop("TERM");
}

/// The commands in README's section.
fn lines_of_readme() -> Vec<String> {
    let readme = include_str!("../../../README.md");
    let (_, section) = readme.split_once("**Back up and restore.**").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.lines().map(|line| line.split('#').next().unwrap().trim().to_owned()).collect()
}

/// A shell command in this folder, with `stonepot` as the program.
fn in_place(folder: &Path, line: &str) -> Command {
    let mut command = Command::new("sh");
    let bin = Path::new(STONEPOT).parent().unwrap().display().to_string();
    let path = format!("{bin}:{}", std::env::var("PATH").unwrap());
    command.args(["-c", &format!("exec {line}")]).current_dir(folder).env("PATH", path);
    command.env("STONEPOT_ADDR", "127.0.0.1:0").stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(mut command: Command) -> Output {
    end_of(command.spawn().unwrap())
}

/// Orders until told to stop, and counts the acknowledged dishes.
async fn order(addr: SocketAddr, table: usize, dishes: Arc<[AtomicU64; TABLES]>, stop: Arc<AtomicBool>) {
    let mut peer = open(addr, table).await;
    sit(&mut peer).await;
    while !stop.load(Ordering::SeqCst) && dishes[table].load(Ordering::SeqCst) < 2_000 {
        add(&mut peer).await;
        dishes[table].fetch_add(1, Ordering::SeqCst);
        // The highest rate that a guest may keep up.
        sleep(Duration::from_millis(25)).await;
    }
}

async fn join_and_add(addr: SocketAddr, table: usize) {
    let mut peer = open(addr, table).await;
    sit(&mut peer).await;
    add(&mut peer).await;
}

async fn sit(peer: &mut Peer) {
    peer.say(&json!({"type": "join", "participantId": "ann", "participantName": "Ann", "data": {}})).await;
    while peer.message().await["type"] != "participant_joined" {}
}

async fn add(peer: &mut Peer) {
    peer.say(&json!({"type": "add_item", "data": {"dishName": "Dosa", "quantity": 1, "price": 10}})).await;
    loop {
        let message = peer.message().await;
        match message["type"].as_str().unwrap() {
            "item_added" => return,
            "error" => panic!("{message}"),
            // A guest who came or went.
            _ => {}
        }
    }
}

/// Joins as `ann`; returns the token by which she may resume.
async fn token_of(addr: SocketAddr, table: usize) -> String {
    let mut peer = Peer::open_v2(addr, &room(table)).await;
    let join =
        json!({"type": "join", "id": "join", "participantId": "ann", "participantName": "Ann", "data": {}});
    peer.say(&join).await;
    peer.hear("welcome").await["resumeToken"].as_str().unwrap().to_owned()
}

async fn dishes_of(addr: SocketAddr, table: usize) -> u64 {
    ask(addr, &room(table)).await.json()["items"].as_array().unwrap().len() as u64
}

fn room(table: usize) -> String {
    format!("/parties/collaborative_order/table-{table}")
}

async fn open(addr: SocketAddr, table: usize) -> Peer {
    Peer::open(TcpStream::connect(addr).await.unwrap(), &room(table), &[]).await
}

async fn ask(addr: SocketAddr, path: &str) -> server::Answer {
    server::ask(addr, &request("GET", path, "")).await
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < LONG, "never: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
