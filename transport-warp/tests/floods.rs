//! Somebody who floods a server, and the others who order meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test may panic"
)]

mod process;
mod server;

use std::time::Instant;

use process::{Running, stonepot};
use serde_json::{Value, json};
use server::{Answer, HANDSHAKE, Peer, ROOM, Read, ask, frame, request};
use tokio::net::TcpStream;

const BURST: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_sent_away_with_1008_while_the_others_order_on() {
    let data = tempfile::tempdir().unwrap();
    let mut command = stonepot(data.path());
    command.args(["--message-rate", "10", "--message-burst", &BURST.to_string()]);
    let running = Running::start(command);
    let open = async || Peer::open(TcpStream::connect(running.addr).await.unwrap(), ROOM, &[]).await;
    let mut asha = open().await;
    asha.join("asha").await;

    // Each comes back as often as it is sent away.
    let floods = (0..8).map(|number| {
        let addr = running.addr;
        tokio::spawn(async move {
            for _ in 0..5 {
                let mut flood = Peer::open(TcpStream::connect(addr).await.unwrap(), ROOM, &[]).await;
                let message = json!({"type": format!("nonsense-{number}"), "data": {}}).to_string();
                let many = frame(0x81, message.as_bytes()).repeat(BURST * 3);
                flood.send_anyway(&many).await;
                let (mut refused, mut limited) = (0, 0);
                loop {
                    match flood.read().await {
                        Read::Text(text) => {
                            let answer: Value = serde_json::from_str(&text).unwrap();
                            match answer["data"]["code"].as_str().unwrap() {
                                "unknown_type" => refused += 1,
                                "rate_limited" => limited += 1,
                                other => panic!("{other}"),
                            }
                        }
                        Read::Close(code, reason) => {
                            assert_eq!(code, Some(1008), "{reason}");
                            break;
                        }
                        other => panic!("{other:?}"),
                    }
                }
                assert!(refused >= BURST, "{refused}");
                assert!((BURST + 1..BURST * 2).contains(&limited), "{limited}");
            }
        })
    });
    let floods: Vec<_> = floods.collect();
    let mut slowest = std::time::Duration::ZERO;
    for number in 0..BURST - 10 {
        let sent = Instant::now();
        asha.add(&format!("Dal {number}"), 1).await;
        asha.hear("item_added").await;
        slowest = slowest.max(sent.elapsed());
    }
    for flood in floods {
        flood.await.unwrap();
    }
    println!("while eight flooded, the slowest of {} dishes took {slowest:?}", BURST - 10);
    asha.add("the last", 1).await;
    assert_eq!(
        asha.hear("item_added").await["data"]["orderState"]["items"].as_array().unwrap().len(),
        BURST - 9
    );
}

/// A socket of somebody behind a proxy on this machine, which says that they come from `address`.
async fn from(running: &Running, address: &str, path: &str) -> Peer {
    let stream = TcpStream::connect(running.addr).await.unwrap();
    Peer::open_with(stream, path, &forwarded(address), &[]).await
}

/// What such a one is answered who asks for a socket, and goes.
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
    assert!(refused.json()["error"].as_str().unwrap().contains("3 connections"), "{}", refused.json());
    assert_eq!(refused.header("retry-after"), Some("6"));
    from(&running, "2001:db8:0:1::1", ROOM).await;
    neighbour.add("Dal", 1).await;
    neighbour.hear("item_added").await;
    drop(greedy.pop());
    let began = Instant::now();
    while answered(&running, "203.0.113.7", ROOM).await.status != 101 {
        assert!(began.elapsed() < server::LONG, "no place is given back");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
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
    assert!(refused.json()["error"].as_str().unwrap().contains("2 connections to this order"));
    from(&running, "203.0.113.7", "/parties/main/another").await;
    let mut asha = from(&running, "203.0.113.1", ROOM).await;
    asha.join("asha").await;
    drop(strangers.pop());
    let began = Instant::now();
    while answered(&running, "203.0.113.7", ROOM).await.status != 101 {
        assert!(began.elapsed() < server::LONG, "no place is given back");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_rooms_is_slowed_down_by_their_address_and_nobody_else_is() {
    let (_data, running) = behind_a_proxy(&["--visit-rate", "1", "--visit-burst", "10"]);
    let mut codes = Vec::new();
    for number in 0..30 {
        let path = format!("/parties/main/guess-{number}");
        let told = ask(running.addr, &request("GET", &path, "X-Forwarded-For: 203.0.113.7\r\n")).await;
        codes.push(told.status);
        if told.status == 429 {
            assert_eq!(told.json()["code"], "rate_limited");
            assert!((1..=1001).contains(&told.json()["retryAfter"].as_u64().unwrap()), "{}", told.json());
            assert_eq!(told.header("retry-after"), Some("1"));
        }
    }
    assert_eq!(
        codes.iter().filter(|code| **code == 404).count(),
        codes.iter().take_while(|code| **code == 404).count()
    );
    assert!((10..13).contains(&codes.iter().filter(|code| **code == 404).count()), "{codes:?}");
    let socket = answered(&running, "203.0.113.7", ROOM).await;
    assert_eq!(socket.status, 429, "to open a socket is to guess, too");
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
        // From this machine, which is not bounded, whoever they say they are.
        all.push(from(&running, "203.0.113.7", ROOM).await);
    }
    let log = running.stop("TERM");
    assert_eq!(log.matches("no --trusted-proxy").count(), 1, "the operator is told once: {log}");
}
