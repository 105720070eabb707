//! A server with four tables, their guests, and the attackers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::cases::Seat;
use crate::process::{Running, stonepot};
use crate::server::{LONG, Peer, Read, frame};

/// Values that only people at the table may learn, and that no log may contain.
pub(crate) const SECRETS: [&str; 5] = ["9876543210", "Annapurna", "Benazir", OWNER, GUEST];

const OWNER: &str = "asha-4711-id";
const GUEST: &str = "ben-4711-id";

/// A table with an owner, who watches with the first protocol, and a guest, who watches
/// with the second.
struct Watched {
    owner: Peer,
    watcher: Peer,
    state: Value,
}

pub(crate) struct Scene {
    data: TempDir,
    running: Option<Running>,
    tables: BTreeMap<&'static str, Watched>,
    log: Vec<u8>,
    attackers: BTreeMap<Seat, Peer>,
    orders: u32,
}

/// The answer to bytes that were sent.
pub(crate) struct Told {
    /// The status of the answer. `None`: the connection ended without one.
    pub(crate) status: Option<u16>,
    pub(crate) text: String,
}

/// The rooms of the tables.
pub(crate) const OPEN: &str = "open-table";
pub(crate) const HOSTED: &str = "hosted-table";
pub(crate) const LOCKED: &str = "locked-table";
pub(crate) const FINALIZED: &str = "finalized-table";

impl Scene {
    pub(crate) async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut command = stonepot(data.path());
        // So that nothing arrives unasked, not even a ping.
        command
            .args(["--message-rate", "0", "--participant-rate", "0", "--ping-interval", "24h"])
            .env("RUST_LOG", "trace");
        // Not a pipe, which would fill up unread.
        command.stderr(std::fs::File::create(log_of(data.path())).unwrap());
        let running = Running::start_with_stderr(command);
        let mut scene = Self {
            data,
            running: Some(running),
            tables: BTreeMap::new(),
            log: Vec::new(),
            attackers: BTreeMap::new(),
            orders: 0,
        };
        for (room, policy) in [(OPEN, "open"), (HOSTED, "hosted"), (LOCKED, "open"), (FINALIZED, "open")] {
            let watched = scene.lay(room, policy).await;
            scene.tables.insert(room, watched);
        }
        scene.settle().await;
        scene
    }

    fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    async fn socket(&self, room: &str, v2: bool) -> Peer {
        let path = format!("/parties/main/{room}");
        if v2 {
            return Peer::open_v2(self.running().addr, &path).await;
        }
        Peer::open(TcpStream::connect(self.running().addr).await.unwrap(), &path, &[]).await
    }

    /// Sets up a table: two people, two dishes of the owner and one of the guest.
    async fn lay(&self, room: &str, policy: &str) -> Watched {
        let mut owner = self.socket(room, false).await;
        let data = json!({ "phone": "9876543210", "policy": policy });
        owner.say(&join(OWNER, "Annapurna", &data)).await;
        owner.hear("sync").await;
        owner.hear("participant_joined").await;
        let mut watcher = self.socket(room, true).await;
        watcher.say(&join(GUEST, "Benazir", &json!({}))).await;
        watcher.hear("welcome").await;
        for (id, price) in [("dal", 100), ("naan", 40)] {
            owner.say(&json!({ "type": "add_item", "data": { "id": id, "dishName": id, "price": price, "quantity": 1 } })).await;
        }
        let lassi = json!({ "id": "lassi", "dishName": "Lassi", "price": 60, "quantity": 2 });
        watcher.say(&json!({ "type": "add_item", "id": "first", "data": lassi })).await;
        if room == LOCKED {
            owner.say(&json!({ "type": "lock_order" })).await;
        }
        if room == FINALIZED {
            owner.say(&json!({ "type": "finalize" })).await;
        }
        Watched { owner, watcher, state: Value::Null }
    }

    /// Receives everything that is in flight, and records the current state.
    async fn settle(&mut self) {
        let log = self.data.path().join("stonepot.db");
        for watched in self.tables.values_mut() {
            hush(&mut watched.owner, false).await;
            hush(&mut watched.watcher, true).await;
            // Messages caused by the other.
            hush(&mut watched.owner, false).await;
            watched.state = state(&mut watched.watcher).await;
        }
        self.log = facts(&log);
    }

    /// Sends a message from a seat; returns the code of the refusal.
    pub(crate) async fn send(&mut self, seat: Seat, text: &str) -> String {
        let attacker = self.attacker(seat).await;
        attacker.send_text(text.as_bytes()).await;
        let told = loop {
            let told = attacker.message().await;
            // Messages about others.
            if !matches!(told["type"].as_str(), Some("presence" | "participant_joined" | "sync" | "event")) {
                break told;
            }
        };
        let code = if seat.speaks_v2() { &told["code"] } else { &told["data"]["code"] };
        let is_refusal = matches!(told["type"].as_str(), Some("error" | "reject"));
        assert!(!is_refusal || told.to_string().len() < 2_000, "an answer that echoes: {told}");
        let refused = code.as_str().filter(|_| is_refusal);
        refused.map_or_else(|| format!("{}: it was granted", told["type"]), str::to_owned)
    }

    /// Sends bytes from a seat; returns the code with which the socket was closed.
    pub(crate) async fn send_frames(&mut self, seat: Seat, bytes: &[u8]) -> Option<u16> {
        self.attacker(seat).await;
        let mut attacker = self.attackers.remove(&seat).unwrap();
        attacker.send_anyway(bytes).await;
        let closed = loop {
            match attacker.read().await {
                Read::Close(code, _) => break code,
                Read::End | Read::Broken => break None,
                Read::Text(_) | Read::Ping(_) | Read::Pong(_) => {}
            }
        };
        drop(attacker);
        // The departure of the sender was already announced: the room learned of it before the
        // socket was closed.
        self.settle().await;
        closed
    }

    /// Sends bytes on a new connection; returns the answer.
    pub(crate) async fn ask(&self, bytes: &[u8]) -> Told {
        let mut stream = TcpStream::connect(self.running().addr).await.unwrap();
        // The server may have hung up already.
        drop(stream.write_all(bytes).await);
        let mut answer = Vec::new();
        let read = async {
            let mut chunk = [0; 4096];
            loop {
                match stream.read(&mut chunk).await {
                    Ok(0) | Err(_) => return,
                    Ok(bytes) => answer.extend_from_slice(&chunk[..bytes]),
                }
                if is_whole(&answer) {
                    return;
                }
            }
        };
        timeout(LONG * 2, read).await.expect("neither an answer nor an end");
        let text = String::from_utf8_lossy(&answer).into_owned();
        let status = text.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
        Told { status, text }
    }

    /// Asserts that the process lives, that people at the tables were told nothing, and that
    /// orders and log are unchanged.
    pub(crate) async fn nothing_happened(&mut self, what: &str) {
        let path = self.data.path().join("stonepot.db");
        for (room, watched) in &mut self.tables {
            // The answer comes after everything that the room sent before.
            assert_eq!(state(&mut watched.watcher).await, watched.state, "{what}: {room}");
            watched.owner.send_text(b"ping").await;
            assert_eq!(watched.owner.read().await, Read::Text("pong".to_owned()), "{what}: heard at {room}");
        }
        assert!(facts(&path) == self.log, "{what}: the log has changed");
        let health = self.ask(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
        assert_eq!(health.status, Some(200), "{what}");
    }

    /// Orders a dish of this name; returns the name that others see.
    pub(crate) async fn orders(&mut self, name: &str) -> String {
        self.orders += 1;
        let id = format!("odd-{}", self.orders);
        let data = json!({ "id": id, "dishName": name, "price": 1, "quantity": 1 });
        let table = self.tables.get_mut(OPEN).unwrap();
        table.owner.say(&json!({ "type": "add_item", "data": data })).await;
        let seen = table.owner.hear("item_added").await["data"]["item"]["dishName"].clone();
        let event = table.watcher.hear("event").await;
        assert_eq!(event["put"]["items"]["dishName"], seen);
        seen.as_str().unwrap().to_owned()
    }

    /// Asserts that the log, at its most verbose level, contains nothing personal and nothing
    /// that was sent.
    pub(crate) fn keeps_to_itself(&mut self, sent: &[&str]) {
        let running = self.running.take().unwrap();
        running.signal("TERM");
        assert!(running.ended().status.success());
        let log = std::fs::read_to_string(log_of(self.data.path())).unwrap();
        assert!(log.contains("the server is up"), "{log}");
        for secret in SECRETS {
            let line = log.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{secret} in the log: {line:?}");
        }
        // Finds a text however it is quoted, also if only its beginning or its middle is logged.
        let log = without_quotes(&log);
        for text in sent {
            let text = without_quotes(text);
            let middle = text.len() / 2;
            for start in [0, middle] {
                let part: String = text.chars().skip(start).take(24).collect();
                let line = log.lines().find(|line| part.len() >= 12 && line.contains(&part));
                assert!(line.is_none(), "{part} in the log: {line:?}");
            }
        }
        assert!(!log.contains("panicked"), "{log}");
    }

    /// The attacker of this seat: the same socket while it is open.
    async fn attacker(&mut self, seat: Seat) -> &mut Peer {
        if !self.attackers.contains_key(&seat) {
            let mut peer = self.socket(seat.room(), seat.speaks_v2()).await;
            if let Some((id, name)) = seat.who() {
                peer.say(&join(id, name, &json!({}))).await;
                peer.hear(if seat.speaks_v2() { "welcome" } else { "sync" }).await;
                hush(&mut peer, seat.speaks_v2()).await;
            }
            self.attackers.insert(seat, peer);
            self.settle().await;
        }
        self.attackers.get_mut(&seat).unwrap()
    }
}

fn join(id: &str, name: &str, data: &Value) -> Value {
    json!({ "type": "join", "id": format!("join-{id}"), "participantId": id, "participantName": name, "data": data })
}

/// Reads until the room has processed everything that this person sent before, including
/// messages about others.
async fn hush(peer: &mut Peer, speaks_v2: bool) {
    let (asks, answer) = if speaks_v2 { ("get_state", "state") } else { ("history", "history") };
    peer.say(&json!({ "type": asks })).await;
    while peer.message().await["type"] != answer {}
}

/// The whole order for a reader of `stonepot.v2`. Asserts that it is the next message.
async fn state(peer: &mut Peer) -> Value {
    peer.send(&frame(0x81, br#"{"type":"get_state"}"#)).await;
    let mut told = peer.hear("state").await;
    told["state"].take()
}

/// Every stored fact, read through a read-only connection.
fn facts(path: &Path) -> Vec<u8> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let log = Connection::open_with_flags(path, flags).unwrap();
    log.busy_timeout(LONG).unwrap();
    let mut rows = log.prepare("SELECT room, seq, fact FROM log ORDER BY id").unwrap();
    let rows = rows.query_map([], |row| {
        let (room, seq, fact): (String, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok([room.into_bytes(), seq.to_be_bytes().to_vec(), fact].concat())
    });
    rows.unwrap().map(Result::unwrap).collect::<Vec<_>>().concat()
}

fn without_quotes(text: &str) -> String {
    text.replace(['"', '\\'], "")
}

fn log_of(data: &Path) -> PathBuf {
    data.join("server.log")
}

/// Whether an answer is complete, if it states its length.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let head = head.to_lowercase();
    if head.starts_with("http/1.1 101") {
        return true;
    }
    let length =
        head.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next()?.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}
