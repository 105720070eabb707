//! Guests who flood a server, and others who order meanwhile.
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
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use process::{Running, stonepot};
use serde_json::{Value, json};
use server::{Answer, HANDSHAKE, Peer, ROOM, Read, ask, frame, request};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

const BURST: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_sent_away_with_1008_while_the_others_order_on() {
    let data = tempfile::tempdir().unwrap();
    let mut command = stonepot(data.path());
    // The lowest rate: how many are taken beyond the burst depends on the machine.
    command.args(["--message-rate", "1", "--message-burst", &BURST.to_string()]);
    let running = Running::start(command);
    let open = async || Peer::open(TcpStream::connect(running.addr).await.unwrap(), ROOM, &[]).await;
    let mut asha = open().await;
    asha.join("asha").await;

    let quiet = dishes(&mut asha, 0).await;

    // Each reconnects whenever it is disconnected, until the others are done. Half of them have
    // joined.
    let calm = CancellationToken::new();
    let sent_away = Arc::new(AtomicUsize::new(0));
    let floods =
        (0..8).map(|number| tokio::spawn(flood(running.addr, number, calm.clone(), sent_away.clone())));
    let floods: Vec<_> = floods.collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let before = sent_away.load(Ordering::SeqCst);
    let flooded = dishes(&mut asha, 1).await;
    let sent_away = sent_away.load(Ordering::SeqCst) - before;
    calm.cancel();
    for flood in floods {
        flood.await.unwrap();
    }
    println!(
        "{DISHES} dishes took p50 {:?}, at most {:?}; while eight flooded, p50 {:?}, at most {:?}, and {sent_away} floods were sent away",
        quiet[DISHES / 2],
        quiet[DISHES - 1],
        flooded[DISHES / 2],
        flooded[DISHES - 1]
    );
    assert!(sent_away >= 8, "hardly a flood while asha ordered: {sent_away}");
    let order = ask(running.addr, &request("GET", ROOM, "")).await.json();
    let dishes = order["items"].as_array().unwrap();
    let of_asha = dishes.iter().filter(|dish| dish["dishName"].as_str().unwrap().starts_with("Dal"));
    assert_eq!(of_asha.count(), DISHES * 2, "none of asha's is lost or doubled");
}

/// How many dishes are ordered, one after the other.
const DISHES: usize = 20;

/// Orders dishes at the permitted rate. Returns how long each took to be announced to its
/// sender, sorted.
async fn dishes(asha: &mut Peer, round: usize) -> Vec<Duration> {
    let mut took = Vec::new();
    for number in 0..DISHES {
        let name = format!("Dal {round}-{number}");
        let sent = Instant::now();
        asha.add(&name, 1).await;
        while asha.message().await["data"]["item"]["dishName"] != name.as_str() {}
        took.push(sent.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    took.sort_unstable();
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sockets_that_change_the_split_without_end_fill_no_disk() {
    let data = tempfile::tempdir().unwrap();
    let mut command = stonepot(data.path());
    command.args(["--message-rate", "0", "--participant-rate", "0"]);
    command.args(["--participant-log-rate", "1KiB", "--participant-log-burst", "100KiB"]);
    let running = Running::start(command);
    let open = async || Peer::open(TcpStream::connect(running.addr).await.unwrap(), ROOM, &[]).await;
    // The owner has a reserve of their own, so here they only watch.
    let mut asha = open().await;
    asha.join("asha").await;
    let guests: Vec<_> = (0..20).map(|number| format!("{}{number}", "g".repeat(70))).collect();
    for guest in &guests {
        open().await.join(guest).await;
    }
    let begun = Instant::now();
    for flooder in &guests[..2] {
        let mut peer = open().await;
        peer.join(flooder).await;
        for number in 0..400_u64 {
            peer.say(&split(&guests, number)).await;
            let limited = loop {
                let message = peer.message().await;
                match message["type"].as_str() {
                    Some("split_updated") => break false,
                    Some("error") => break is_too_much(&message),
                    _ => {}
                }
            };
            if limited {
                break;
            }
            assert!(number < 399, "{flooder} was never held up");
        }
    }
    let seconds = begun.elapsed().as_secs() + 1;
    let stored = bytes_of_splits(data.path());
    let bound = 2 * (100 + seconds) * 1024;
    assert!(stored <= bound && stored > 150 * 1024, "{stored} bytes in {seconds} s");
    asha.add("Dal", 90).await;
    while asha.message().await["type"] != "item_added" {}
    drop(running);
}

/// A command whose fact is about 2 KiB, different for each number.
fn split(guests: &[String], number: u64) -> Value {
    let weight = |(place, guest): (usize, &String)| (guest.clone(), json!(number + 1 + place as u64));
    let weights: serde_json::Map<_, _> = guests.iter().enumerate().map(weight).collect();
    json!({"type": "update_split", "data": {"splitType": "custom", "weights": weights}})
}

fn is_too_much(error: &Value) -> bool {
    assert_eq!(error["data"]["code"], "rate_limited", "{error}");
    assert!(error["data"]["retryAfter"].as_u64().unwrap() > 0, "{error}");
    true
}

/// How many bytes of changed splits the log contains.
fn bytes_of_splits(data: &Path) -> u64 {
    let file = data.join("stonepot.db");
    let log =
        rusqlite::Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let sql = "SELECT coalesce(sum(length(fact)), 0) FROM log WHERE instr(fact, 'split_updated') > 0";
    log.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().unsigned_abs()
}

/// Floods until `calm` is cancelled; counts how often it is disconnected.
async fn flood(addr: SocketAddr, number: usize, calm: CancellationToken, sent_away: Arc<AtomicUsize>) {
    while !calm.is_cancelled() {
        let mut flood = Peer::open(TcpStream::connect(addr).await.unwrap(), ROOM, &[]).await;
        let is_stranger = number.is_multiple_of(2);
        let message = if is_stranger {
            json!({"type": format!("nonsense-{number}"), "data": {}})
        } else {
            let who = format!("flood-{number}");
            flood
                .say(&json!({"type": "join", "participantId": who, "participantName": who, "data": {}}))
                .await;
            while flood.message().await["type"] != "sync" {}
            json!({"type": "add_item", "data": {"id": format!("flood-{number}"), "dishName": "Flood", "quantity": 1, "price": 1}})
        };
        flood.send_anyway(&frame(0x81, message.to_string().as_bytes()).repeat(BURST * 3)).await;
        let (mut taken, mut limited) = (0, 0);
        loop {
            match flood.read().await {
                Read::Text(text) => {
                    let answer: Value = serde_json::from_str(&text).unwrap();
                    match answer["data"]["code"].as_str() {
                        Some("rate_limited") => limited += 1,
                        Some("unknown_type" | "item_id_taken") => taken += 1,
                        None => {}
                        Some(other) => panic!("{other}"),
                    }
                }
                Read::Close(code, reason) => {
                    assert_eq!(code, Some(1008), "{reason}");
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        // A participant is known, so each connection has less of their budget left; and answers of
        // the room arrive too late to count.
        let least = if is_stranger { BURST } else { 0 };
        // A slow run allows some more.
        assert!((least..BURST * 2).contains(&taken), "{taken}");
        assert!((least.max(1)..BURST * 3).contains(&limited), "{limited}");
        sent_away.fetch_add(1, Ordering::SeqCst);
    }
}

/// A socket through a proxy on this machine, which reports `address` as the client's.
async fn from(running: &Running, address: &str, path: &str) -> Peer {
    let stream = TcpStream::connect(running.addr).await.unwrap();
    Peer::open_with(stream, path, &forwarded(address), &[]).await
}

/// The answer to such a client that asks for a socket and disconnects.
async fn answered(running: &Running, address: &str, path: &str) -> Answer {
    let more = format!("{}{HANDSHAKE}", forwarded(address));
    ask(running.addr, &request("GET", path, &more)).await
}

fn forwarded(address: &str) -> String {
    format!("X-Forwarded-For: 198.51.100.1, {address}\r\n")
}

fn behind_a_proxy(more: &[&str]) -> (tempfile::TempDir, Running) {
    let data = tempfile::tempdir().unwrap();
    let mut command = stonepot(data.path());
    command.args(["--trusted-proxy", "127.0.0.1"]).args(more);
    let running = Running::start(command);
    (data, running)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_no_more_sockets_than_it_may_and_the_others_have_theirs() {
    let (_data, running) = behind_a_proxy(&["--max-per-address", "3"]);
    let mut neighbour = from(&running, "203.0.113.9", ROOM).await;
    neighbour.join("asha").await;
    let mut greedy = Vec::new();
    for number in 0..3 {
        greedy.push(from(&running, "203.0.113.7", &format!("/parties/main/g{number}")).await);
    }
    let refused = answered(&running, "203.0.113.7", ROOM).await;
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("too_many_connections")));
    assert!(
        refused.json()["error"].as_str().unwrap().contains("at most 3 for one address"),
        "{}",
        refused.json()
    );
    assert_eq!(refused.header("retry-after"), Some("6"));
    from(&running, "2001:db8:0:1::1", ROOM).await;
    neighbour.add("Dal", 1).await;
    neighbour.hear("item_added").await;
    drop(greedy.pop());
    let began = Instant::now();
    while answered(&running, "203.0.113.7", ROOM).await.status != 101 {
        assert!(began.elapsed() < server::LONG, "no place is given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_order_has_no_more_sockets_than_it_may_wherever_they_come_from() {
    let (_data, running) = behind_a_proxy(&["--max-per-room", "3"]);
    let mut asha = from(&running, "203.0.113.1", ROOM).await;
    asha.join("asha").await;
    let _strangers = [from(&running, "203.0.113.2", ROOM).await, from(&running, "203.0.113.3", ROOM).await];
    let refused = answered(&running, "203.0.113.4", ROOM).await;
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("too_many_connections")));
    from(&running, "203.0.113.4", "/parties/main/another").await;
    asha.add("Dal", 1).await;
    asha.hear("item_added").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_guest_does_not_take_all_the_places_of_an_order() {
    let (_data, running) = behind_a_proxy(&["--max-per-guest", "2", "--max-per-room", "5"]);
    let mut strangers = Vec::new();
    for _ in 0..2 {
        strangers.push(from(&running, "203.0.113.7", ROOM).await);
    }
    let refused = answered(&running, "203.0.113.7", ROOM).await;
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("too_many_connections")));
    assert!(refused.json()["error"].as_str().unwrap().contains("at most 2 to an order"));
    from(&running, "203.0.113.7", "/parties/main/another").await;
    let mut asha = from(&running, "203.0.113.1", ROOM).await;
    asha.join("asha").await;
    drop(strangers.pop());
    let began = Instant::now();
    while answered(&running, "203.0.113.7", ROOM).await.status != 101 {
        assert!(began.elapsed() < server::LONG, "no place is given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_does_not_fill_orders_with_guests_who_are_none() {
    let (_data, running) = behind_a_proxy(&["--join-rate", "1", "--join-burst", "3"]);
    let mut ghost = from(&running, "203.0.113.7", ROOM).await;
    let join = |who: &str| json!({"type": "join", "participantId": who, "participantName": who, "data": {}});
    let began = Instant::now();
    let mut ghosts = 0;
    let refused = loop {
        ghost.say(&join(&format!("ghost-{ghosts}"))).await;
        let told = ghost.message().await;
        if told["type"] == "error" {
            break told["data"].clone();
        }
        ghost.hear("participant_joined").await;
        ghost.say(&json!({"type": "leave"})).await;
        ghost.hear("participant_left").await;
        ghosts += 1;
        // One more for each elapsed second.
        assert!(ghosts <= 3 + began.elapsed().as_secs(), "{ghosts} in {:?}", began.elapsed());
    };
    assert!(ghosts >= 3, "only {ghosts}");
    assert_eq!(refused["code"], "rate_limited");
    assert_eq!(refused["expected"], "at most 1 new guests a second from one address, 3 at once");
    assert!((1..=1001).contains(&refused["retryAfter"].as_u64().unwrap()), "{refused}");
    // A participant of the order may come back, and other addresses may join.
    ghost.join("ghost-0").await;
    let mut asha = from(&running, "203.0.113.1", ROOM).await;
    asha.join("asha").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let mut late = from(&running, "203.0.113.7", ROOM).await;
    late.join("late").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_rooms_is_slowed_down_by_their_address_and_nobody_else_is() {
    let (_data, running) = behind_a_proxy(&["--visit-rate", "1", "--visit-burst", "10"]);
    let began = Instant::now();
    let (mut told_of, mut refused) = (0, 0);
    for number in 0.. {
        let path = format!("/parties/main/guess-{number}");
        let told = ask(running.addr, &request("GET", &path, "X-Forwarded-For: 203.0.113.7\r\n")).await;
        if told.status == 429 {
            refused += 1;
            assert_eq!(told.json()["code"], "rate_limited");
            assert!((1..=1001).contains(&told.json()["retryAfter"].as_u64().unwrap()), "{}", told.json());
            assert_eq!(told.header("retry-after"), Some("1"));
        } else {
            assert_eq!(told.status, 404);
            told_of += 1;
        }
        // One more for each elapsed second.
        let most = 10 + began.elapsed().as_secs();
        assert!(told_of <= most, "{told_of} in {:?}", began.elapsed());
        if refused == 20 {
            break;
        }
    }
    assert!(told_of >= 10, "only {told_of}");
    while answered(&running, "203.0.113.7", ROOM).await.status != 429 {
        assert!(began.elapsed() < server::LONG, "to open a socket is to guess, too");
    }
    let mut neighbour = from(&running, "203.0.113.8", ROOM).await;
    neighbour.join("asha").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_trusted_proxy_nobody_is_where_they_say() {
    let data = tempfile::tempdir().unwrap();
    let mut command = stonepot(data.path());
    command.args(["--visit-rate", "1", "--visit-burst", "3", "--max-per-address", "1"]);
    let running = Running::start(command);
    let mut all = Vec::new();
    for _ in 0..10 {
        // From this machine, which is not bounded, whatever address they claim.
        all.push(from(&running, "203.0.113.7", ROOM).await);
    }
    let log = running.stop("TERM");
    assert_eq!(log.matches("is not a --trusted-proxy").count(), 1, "the operator is told once: {log}");
}
