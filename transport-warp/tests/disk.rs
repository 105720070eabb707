//! The program `stonepot` on a disk that fills up, and with files that are removed while it
//! runs.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test may panic"
)]

#[path = "support/process.rs"]
mod process;
#[path = "support/server.rs"]
mod server;
#[path = "../../order-host/tests/log/support/small_disk.rs"]
mod small_disk;

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use process::{Running, STONEPOT, end_of, stonepot};
use serde_json::{Value, json};
use server::{Peer, ROOM, request};
use small_disk::SmallDisk;
use tokio::net::TcpStream;

/// Longer than anything here takes.
const LONGEST: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_a_full_disk_comes_up_for_reading_and_takes_orders_again_when_there_is_room() {
    for signal in ["KILL", "TERM"] {
        let Some(disk) = SmallDisk::mount("size=2m") else { return };
        let server = Running::start(stonepot(&disk.data()));
        let mut ann = open(server.addr, ROOM).await;
        ann.join("ann").await;
        let mut dishes = 0;
        loop {
            match add(&mut ann).await {
                Ok(()) => dishes += 1,
                Err(code) => break assert_eq!(code, "storage_unavailable"),
            }
            disk.fill();
        }
        assert_eq!(ask(server.addr, "/readyz").await.status, 503);
        drop(ann);
        server.signal(signal);
        server.ended();
        disk.fill();

        let server = Running::start(stonepot(&disk.data()));

        // The restart may have freed the space of the write-ahead log.
        eventually("it is full again", async || {
            disk.fill();
            ask(server.addr, "/readyz").await.status == 503
        })
        .await;
        assert_eq!(ask(server.addr, "/healthz").await.status, 200);
        assert_eq!(dishes_of(server.addr).await, dishes, "after {signal}");
        let mut ben = open(server.addr, ROOM).await;
        ben.say(&json!({"type": "join", "participantId": "ben", "participantName": "Ben", "data": {}})).await;
        assert_eq!(ben.hear("error").await["data"]["code"], "storage_unavailable");
        assert_eq!(ask(server.addr, &ROOM.replace("r1", "nobody")).await.status, 404);

        disk.free();
        eventually("it is ready", async || ask(server.addr, "/readyz").await.status == 200).await;
        ben.join("ben").await;
        assert_eq!(add(&mut ben).await, Ok(()));
        drop(ben);
        let log = server.stop("TERM");
        assert!(log.contains("full"), "{log}");
        let server = Running::start(stonepot(&disk.data()));
        assert_eq!(dishes_of(server.addr).await, dishes + 1, "after {signal}");
        server.stop("TERM");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_on_a_full_disk_comes_up_and_keeps_its_key_when_there_is_room() {
    let Some(disk) = SmallDisk::mount("size=1m") else { return };
    disk.fill();
    let server = Running::start(stonepot(&disk.data()));
    assert_eq!(ask(server.addr, "/readyz").await.status, 503);
    assert_eq!(ask(server.addr, ROOM).await.status, 404);
    let mut ann = open_v2(server.addr).await;
    ann.say(
        &json!({"type": "join", "id": "1", "participantId": "ann", "participantName": "Ann", "data": {}}),
    )
    .await;
    assert_eq!(ann.hear("reject").await["code"], "storage_unavailable");
    let key = disk.data().join("resume.key");
    assert!(!key.exists() && !disk.data().join("resume.new").exists());

    disk.free();
    eventually("the key is written", async || key.exists()).await;
    eventually("it is ready", async || ask(server.addr, "/readyz").await.status == 200).await;
    let token = token_of("ann", server.addr).await;
    let log = server.stop("TERM");
    assert!(log.contains("THE DISK IS FULL") && log.contains("THE RESUME KEY CANNOT BE WRITTEN"), "{log}");

    let server = Running::start(stonepot(&disk.data()));
    assert_eq!(comes_back(server.addr, &token).await, 200, "nobody has to join again");
    server.stop("TERM");
}

#[test]
fn a_disk_on_which_no_folder_can_be_made_is_one_line_that_says_what_to_do() {
    // One of them is for the mounted folder.
    let Some(disk) = SmallDisk::mount("size=1m,nr_inodes=2") else { return };
    disk.fill();
    let child = stonepot(&disk.data()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let ended = end_of(child);
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    for part in ["stonepot: cannot create the data folder", "No space left", "make room", "--data"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

/// Works without root: a limit on the size of files stands in for a full disk.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_files_may_not_grow_comes_up_for_reading() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Running::start(stonepot(&data));
    let mut ann = open(server.addr, ROOM).await;
    ann.join("ann").await;
    assert_eq!(add(&mut ann).await, Ok(()));
    drop(ann);
    server.stop("TERM");

    let mut command = Command::new("sh");
    // 8 or 16 KiB, depending on the shell's block size. With the signal ignored, `write`
    // returns an error instead.
    command.args(["-c", "trap '' XFSZ && ulimit -S -f 16 && exec \"$0\" \"$@\"", STONEPOT, "--data"]);
    command.arg(&data).env("STONEPOT_ADDR", "127.0.0.1:0");
    let server = Running::start(command);

    assert_eq!(ask(server.addr, "/readyz").await.status, 503);
    assert_eq!(dishes_of(server.addr).await, 1);
    let mut ann = open(server.addr, ROOM).await;
    ann.say(&json!({"type": "join", "participantId": "ben", "participantName": "Ben", "data": {}})).await;
    assert_eq!(ann.hear("error").await["data"]["code"], "storage_unavailable");
    let id = server.id().to_string();
    let lifted = Command::new("prlimit").args(["--pid", &id, "--fsize=unlimited:"]).status();
    if !lifted.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: that it goes on when the limit is lifted: there is no prlimit");
        return;
    }
    eventually("it is ready", async || ask(server.addr, "/readyz").await.status == 200).await;
    ann.join("ben").await;
    assert_eq!(add(&mut ann).await, Ok(()));
    assert_eq!(dishes_of(server.addr).await, 2);
    drop(ann);
    let log = server.stop("TERM");
    assert!(log.contains("THE DISK IS FULL") && log.contains("orders are stored again"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_that_is_moved_away_is_noticed_and_guests_are_told() {
    let place = tempfile::tempdir().unwrap();
    let (data, away) = (place.path().join("data"), place.path().join("away"));
    let server = Running::start(stonepot(&data));
    let mut ann = open(server.addr, ROOM).await;
    ann.join("ann").await;
    assert_eq!(add(&mut ann).await, Ok(()));
    let mut dishes = 1;
    fs::rename(&data, &away).unwrap();

    let began = Instant::now();
    loop {
        match add(&mut ann).await {
            Ok(()) => dishes += 1,
            Err(code) => break assert_eq!(code, "storage_unavailable"),
        }
        assert!(began.elapsed() < LONGEST, "it is not noticed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("noticed after {:?}", began.elapsed());
    assert_eq!(ask(server.addr, "/readyz").await.status, 503);
    assert!(!data.exists());
    fs::rename(&away, &data).unwrap();
    eventually("it is ready", async || ask(server.addr, "/readyz").await.status == 200).await;
    assert_eq!(add(&mut ann).await, Ok(()));
    assert_eq!(dishes_of(server.addr).await, dishes + 1, "nothing that was refused");

    // Gone for good: it stops all the same.
    fs::remove_dir_all(&data).unwrap();
    assert_eq!(ask(server.addr, "/readyz").await.status, 503);
    drop(ann);
    let log = server.stop("TERM");
    for said in
        [" ERROR ", "was removed or moved away", "NOTHING IS STORED", "put it back", "the files are back"]
    {
        assert!(log.contains(said), "{said}: {log}");
    }
    assert!(!data.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mount_over_the_data_folder_is_noticed() {
    let Some(disk) = SmallDisk::mount("size=4m") else { return };
    let server = Running::start(stonepot(&disk.data()));
    let mut ann = open(server.addr, ROOM).await;
    ann.join("ann").await;
    {
        let Some(_over) = SmallDisk::mount_at(&disk.data(), "size=1m") else { return };
        eventually("it is refused", async || ask(server.addr, "/readyz").await.status == 503).await;
        assert_eq!(add(&mut ann).await, Err("storage_unavailable".to_owned()));
        assert_eq!(fs::read_dir(disk.data()).unwrap().count(), 0);
    }
    eventually("it is ready", async || ask(server.addr, "/readyz").await.status == 200).await;
    assert_eq!(add(&mut ann).await, Ok(()));
    server.stop("TERM");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_without_a_key_is_said_loudly_and_kept_and_phones_join_again() {
    let data = tempfile::tempdir().unwrap();
    let key = data.path().join("resume.key");
    let server = Running::start(stonepot(data.path()));
    let before = token_of("ann", server.addr).await;
    assert_eq!(comes_back(server.addr, &before).await, 200);
    server.stop("TERM");
    let whole = fs::read(&key).unwrap();
    fs::write(&key, &whole[..20]).unwrap();

    let server = Running::start(stonepot(data.path()));
    assert_eq!(comes_back(server.addr, &before).await, 403);
    let after = token_of("ann", server.addr).await;
    assert_eq!(comes_back(server.addr, &after).await, 200, "until it stops");
    let log = server.stop("TERM");

    assert_eq!(fs::read(&key).unwrap(), whole[..20], "the file was changed");
    let said: Vec<_> = log.lines().filter(|line| line.contains(" ERROR ")).collect();
    assert_eq!(said.len(), 1, "{log}");
    for part in [key.to_str().unwrap(), "20 bytes", "Restore", "delete", "join"] {
        assert!(said[0].contains(part), "{part}: {said:?}");
    }
    fs::write(&key, &whole).unwrap();
    let server = Running::start(stonepot(data.path()));
    assert_eq!(comes_back(server.addr, &before).await, 200, "restored");
    server.stop("TERM");
}

/// Adds a dish of some bytes; returns the code of a refusal.
async fn add(peer: &mut Peer) -> Result<(), String> {
    let about = "about ".repeat(60);
    peer.say(&json!({"type": "add_item", "data": {"dishName": "Dosa", "quantity": 1, "price": 10, "customization": about}})).await;
    loop {
        let message = peer.message().await;
        match message["type"].as_str().unwrap() {
            "item_added" => return Ok(()),
            "error" => return Err(message["data"]["code"].as_str().unwrap().to_owned()),
            // A guest who came or went.
            _ => {}
        }
    }
}

async fn dishes_of(addr: SocketAddr) -> usize {
    ask(addr, ROOM).await.json()["items"].as_array().unwrap().len()
}

/// Joins; returns the token by which the participant may resume.
async fn token_of(id: &str, addr: SocketAddr) -> String {
    let mut peer = open_v2(addr).await;
    peer.say(&json!({"type": "join", "id": "join", "participantId": id, "participantName": id, "data": {}}))
        .await;
    loop {
        let message: Value = peer.message().await;
        if message["type"] == "welcome" {
            return message["resumeToken"]
                .as_str()
                .or(message["data"]["resumeToken"].as_str())
                .unwrap()
                .to_owned();
        }
    }
}

/// The status of a request that only a participant may make: 200, or 403 if the token is
/// not known.
async fn comes_back(addr: SocketAddr, token: &str) -> u16 {
    ask(addr, &format!("{ROOM}?history&resume={token}")).await.status
}

async fn eventually<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < LONGEST, "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn ask(addr: SocketAddr, path: &str) -> server::Answer {
    server::ask(addr, &request("GET", path, "")).await
}

async fn open(addr: SocketAddr, path: &str) -> Peer {
    Peer::open(TcpStream::connect(addr).await.unwrap(), path, &[]).await
}

async fn open_v2(addr: SocketAddr) -> Peer {
    Peer::open_v2(addr, ROOM).await
}
