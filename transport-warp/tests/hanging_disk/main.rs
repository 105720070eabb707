//! A disk whose syncs never return: the server still stops, and everything that was shown
//! is there afterwards.
#![cfg(target_os = "linux")]
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

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use process::{Running, stonepot};
use serde_json::json;
use server::{LONG, Peer, ROOM, ask, request};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// When the disk begins to hang.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hangs {
    /// While a dish waits to be stored.
    WithSomethingToStore,
    /// When everything is stored and answered, and the log is about to be closed.
    WithNothingToStore,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_a_server_whose_disk_hangs_whatever_its_threads_wait_for() {
    for (threads, hangs) in cases() {
        let Some(disk) = Disk::new() else { return };
        let (server, ann) = disk.server_that_hangs(threads, "10m", hangs).await;
        if hangs == Hangs::WithNothingToStore {
            // Nothing delays the closing of the log.
            drop(ann);
        }
        server.signal("TERM");
        // By now its threads wait for the disk, if at all.
        refuses(&server).await;
        sleep(Duration::from_secs(2)).await;

        let log = end_by_signals(server).await;

        assert!(log.contains("asked again: stopping at once"), "{threads} threads, {hangs:?}: {log}");
        disk.kept_what_was_told().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_signal_ends_a_server_whose_disk_hangs_when_its_time_is_over() {
    for (threads, hangs) in cases() {
        let Some(disk) = Disk::new() else { return };
        let (server, _ann) = disk.server_that_hangs(threads, "500ms", hangs).await;
        server.signal("TERM");
        let ended = server.ended();
        let log = String::from_utf8(ended.stderr).unwrap();
        let loud: Vec<_> = log.lines().filter(|line| line.contains(" ERROR ")).collect();
        // With several threads, one may wait for the disk while the first ends the process
        // normally.
        if ended.status.success() && threads != "1" {
            assert!(loud.is_empty(), "{log}");
        } else {
            assert_eq!(ended.status.code(), Some(1), "{threads} threads, {hangs:?}: {log}");
            assert_eq!(loud.len(), 1, "{threads} threads, {hangs:?}: {log}");
            assert!(loud[0].contains("STOPPING TAKES TOO LONG") && loud[0].contains("--data"), "{log}");
        }
        disk.kept_what_was_told().await;
    }
}

/// The log line cannot be written either: its pipe is full, and not read.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_holds_up_no_signal() {
    let Some(disk) = Disk::new() else { return };
    let (unread, full) = std::io::pipe().unwrap();
    let mut filling = full.try_clone().unwrap();
    let mut command = disk.server("1", "10m");
    command.stderr(full);
    let server = Running::start_with_stderr(command);
    // Fills the rest of the pipe, then blocks until the server ends.
    let filler = std::thread::spawn(move || while std::io::Write::write_all(&mut filling, b"\n").is_ok() {});
    sleep(Duration::from_millis(500)).await;
    std::fs::write(disk.marker(), "").unwrap();
    server.signal("TERM");
    sleep(Duration::from_secs(2)).await;
    end_by_signals(server).await;
    drop(unread);
    filler.join().unwrap();
}

fn cases() -> impl Iterator<Item = (&'static str, Hangs)> {
    ["1", "3"].into_iter().flat_map(|threads| {
        [Hangs::WithSomethingToStore, Hangs::WithNothingToStore].map(|hangs| (threads, hangs))
    })
}

/// Sends signals until the process has ended; two that arrive together count as one.
async fn end_by_signals(server: Running) -> String {
    let began = Instant::now();
    let mut server = server;
    while server.is_running() {
        assert!(began.elapsed() < LONG, "no signal ends it");
        server.signal("TERM");
        sleep(Duration::from_millis(500)).await;
    }
    let ended = server.ended();
    let log = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{log}");
    log
}

/// Waits until new sockets are refused, which shows that the first signal was handled.
async fn refuses(server: &Running) {
    let began = Instant::now();
    while TcpStream::connect(server.addr).await.is_ok() {
        assert!(began.elapsed() < LONG, "it goes on listening");
        sleep(Duration::from_millis(20)).await;
    }
}

/// A folder on a disk that can be made to hang.
struct Disk {
    place: tempfile::TempDir,
    shim: PathBuf,
}

impl Disk {
    /// Makes one. `None`: there is no C compiler.
    fn new() -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hanging_disk/hang.c");
        let shim = place.path().join("hang.so");
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let made = Command::new(&compiler).args(["-shared", "-fPIC", "-o"]).args([&shim, &source]).status();
        if made.is_ok_and(|status| status.success()) {
            return Some(Self { place, shim });
        }
        assert!(std::env::var_os("STONEPOT_REQUIRE_CLIENTS").is_none(), "{compiler} is not there");
        eprintln!("SKIPPED: there is no C compiler ({compiler}) to make a disk that hangs with");
        None
    }

    fn marker(&self) -> PathBuf {
        self.place.path().join("hangs")
    }

    fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }

    fn server(&self, threads: &str, drain_timeout: &str) -> Command {
        let mut command = stonepot(&self.data());
        command.args(["--threads", threads, "--drain-timeout", drain_timeout]);
        command.env("LD_PRELOAD", &self.shim).env("HANG_MARKER", self.marker());
        command
    }

    /// Starts a server that stores one dish before its disk hangs.
    async fn server_that_hangs(&self, threads: &str, drain_timeout: &str, hangs: Hangs) -> (Running, Peer) {
        let server = Running::start(self.server(threads, drain_timeout));
        let mut ann = Peer::open(TcpStream::connect(server.addr).await.unwrap(), ROOM, &[]).await;
        ann.join("ann").await;
        ann.add("Dosa", 10).await;
        ann.hear("item_added").await;
        std::fs::write(self.marker(), "").unwrap();
        if hangs == Hangs::WithSomethingToStore {
            ann.add("Idli", 10).await;
            ann.send_text(b"ping").await;
            // The room has processed the dish.
            assert_eq!(ann.read().await, server::Read::Text("pong".to_owned()));
        }
        (server, ann)
    }

    /// Asserts that the dish that was shown is there once the disk works again.
    async fn kept_what_was_told(&self) {
        std::fs::remove_file(self.marker()).unwrap();
        let server = Running::start(stonepot(&self.data()));
        let order = ask(server.addr, &request("GET", ROOM, "")).await.json();
        assert_eq!(order["items"][0]["dishName"], json!("Dosa"), "{order}");
    }
}
