//! Many phones at once: some stop reading, and all reconnect after a restart.
#![cfg(target_os = "linux")]
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

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use process::{Running, STONEPOT, stonepot};
use serde_json::{Value, json};
use server::{Peer, Read};

const TABLES: usize = 40;
const READERS_OF_A_TABLE: usize = 50;
/// How much may wait for a socket, as PROTOCOL.md says.
const MAY_WAIT_KIB: usize = 1024;
/// Enough for every reader to fall behind: far more than may wait here and in the system's
/// buffers.
const DISHES: usize = 120;

#[tokio::test]
async fn two_thousand_readers_that_stop_reading_cost_no_more_than_may_wait_and_slow_nobody_down() {
    let server = Running::start(in_memory());
    let mut tables = join_all((0..TABLES).map(|number| Table::sit_down(server.addr, number))).await;
    let before = resident_kib(&server);
    let calm = join_all(tables.iter_mut().map(|table| table.order(5))).await;
    let stalled = join_all(tables.iter_mut().map(|table| table.order(DISHES))).await;
    let grown = resident_kib(&server).saturating_sub(before);
    let readers = TABLES * READERS_OF_A_TABLE;
    println!(
        "{readers} readers that stopped: {grown} KiB more, {} KiB each; a dish took {:?} to both who read (median), {:?} before the others stopped",
        grown / readers,
        median(stalled.into_iter().flatten()),
        median(calm.into_iter().flatten()),
    );
    assert!(grown <= readers * MAY_WAIT_KIB, "{grown} KiB for {readers} readers");

    let caught_up = join_all(tables.iter_mut().map(Table::everybody_reads_again)).await;
    assert_eq!(caught_up.iter().sum::<usize>(), readers, "each was sent the full state once");
}

#[tokio::test]
async fn a_thousand_phones_that_come_back_after_a_restart_are_all_in_sync_and_load_each_room_once() {
    const ROOMS: usize = 250;
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(stonepot(data.path()));
    let (addr, mut phones) = (server.addr, Vec::new());
    for room in 0..ROOMS {
        for who in 0..4 {
            phones.push(Phone::sit_down(addr, room, who).await);
        }
    }
    for phone in phones.iter_mut().filter(|phone| phone.who == 3) {
        phone.peer.say(&dish("c1")).await;
        // The answer to its join comes first.
        while phone.peer.message().await["id"] != "c1" {}
    }
    server.signal("TERM");
    let codes = join_all(phones.iter_mut().map(Phone::close_code)).await;
    assert!(codes.iter().all(|code| *code == Some(1012)), "{codes:?}");
    assert!(server.ended().status.success());

    let mut again = stonepot(data.path());
    again.env("STONEPOT_ADDR", addr.to_string()).env("RUST_LOG", "order_host=debug");
    let server = Running::start(again);
    let began = Instant::now();
    let seqs = join_all(phones.iter().map(|phone| phone.comes_back(addr))).await;
    println!("1,000 phones in {ROOMS} rooms were back {:?} after they tried", began.elapsed());
    assert!(seqs.iter().all(|seq| *seq == 5), "four joins and a dish in every room: {seqs:?}");
    let log = server.stop("TERM");
    assert_eq!(log.matches("room loaded").count(), ROOMS, "each room is loaded once");
}

/// A table with two guests who read and many who will not.
struct Table {
    talker: Peer,
    listener: Peer,
    readers: Vec<Peer>,
    /// The number of the last change.
    seq: u64,
}

impl Table {
    async fn sit_down(addr: SocketAddr, number: usize) -> Self {
        let path = format!("/party/table-{number}");
        let join = async |who: String| {
            let mut peer = Peer::open_with_buffer(addr, &path, 32 * 1024).await;
            peer.say(&json!({"type": "join", "participantId": who, "participantName": who, "data": {}}))
                .await;
            peer.hear("sync").await;
            peer.hear("participant_joined").await;
            peer
        };
        // The readers join first, so that the two others are not told of each of them.
        let mut readers = Vec::new();
        for _ in 0..READERS_OF_A_TABLE {
            readers.push(join("reader".to_owned()).await);
        }
        let (mut talker, listener) = (join("talker".to_owned()).await, join("listener".to_owned()).await);
        talker.hear("participant_joined").await;
        Self { talker, listener, readers, seq: 0 }
    }

    /// Returns how long each dish took to reach both who read.
    async fn order(&mut self, dishes: usize) -> Vec<Duration> {
        let mut took = Vec::new();
        for _ in 0..dishes {
            let began = Instant::now();
            let data =
                json!({"dishName": "Dosa", "quantity": 1, "price": 89.5, "customization": "x".repeat(500)});
            self.talker.say(&json!({"type": "add_item", "data": data})).await;
            let heard = self.talker.hear("item_added").await;
            self.listener.hear("item_added").await;
            took.push(began.elapsed());
            self.seq = heard["data"]["orderState"]["seq"].as_u64().unwrap();
        }
        took
    }

    /// Returns how often the readers were sent the full state before they had caught up.
    async fn everybody_reads_again(&mut self) -> usize {
        let last = format!("\"seq\":{}}}", self.seq);
        let mut states = 0;
        for reader in &mut self.readers {
            loop {
                let Read::Text(text) = reader.read().await else { panic!("a reader was dropped") };
                states += usize::from(text.starts_with(r#"{"type":"sync""#));
                if text.contains(&last) {
                    break;
                }
            }
        }
        states
    }
}

/// A phone of one of the two protocols: even ones speak the first.
struct Phone {
    peer: Peer,
    room: usize,
    who: usize,
    token: String,
}

impl Phone {
    async fn sit_down(addr: SocketAddr, room: usize, who: usize) -> Self {
        let path = format!("/party/room-{room}");
        let mut peer = Self::open(addr, &path, who).await;
        peer.say(&join(who)).await;
        let token = if speaks_v2(who) {
            let welcome = peer.hear("welcome").await;
            welcome["resumeToken"].as_str().unwrap().to_owned()
        } else {
            peer.hear("sync").await;
            String::new()
        };
        Self { peer, room, who, token }
    }

    async fn open(addr: SocketAddr, path: &str, who: usize) -> Peer {
        if speaks_v2(who) {
            Peer::open_v2(addr, path).await
        } else {
            Peer::open(tokio::net::TcpStream::connect(addr).await.unwrap(), path, &[]).await
        }
    }

    async fn close_code(&mut self) -> Option<u16> {
        loop {
            match self.peer.read().await {
                Read::Close(code, _) => return code,
                Read::Text(_) | Read::Ping(_) | Read::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Reconnects; returns the sequence number of the first order that it gets.
    async fn comes_back(&self, addr: SocketAddr) -> u64 {
        let path = format!("/party/room-{}?resume={}&since=none", self.room, self.token);
        let mut peer = Self::open(addr, &path, self.who).await;
        let shown: Value = if speaks_v2(self.who) {
            peer.hear("welcome").await["seq"].clone()
        } else {
            peer.say(&join(self.who)).await;
            peer.hear("sync").await["data"]["seq"].clone()
        };
        shown.as_u64().unwrap()
    }
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<_> = times.collect();
    times.sort();
    times[times.len() / 2]
}

fn speaks_v2(who: usize) -> bool {
    who % 2 == 1
}

fn join(who: usize) -> Value {
    json!({"type": "join", "id": "j", "participantId": format!("p{who}"), "participantName": "P", "data": {}})
}

fn dish(id: &str) -> Value {
    json!({"type": "add_item", "id": id, "data": {"dishName": "Dosa", "quantity": 1, "price": 89.5}})
}

fn in_memory() -> Command {
    let mut command = Command::new(STONEPOT);
    command.args(["--addr", "127.0.0.1:0", "--log", "memory", "--ping-interval", "1h"]);
    command.env("RUST_LOG", "off");
    command
}

fn resident_kib(server: &Running) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
