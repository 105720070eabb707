//! How a server stops: accepted changes are stored and answered, clients are told to
//! reconnect, and none can delay it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test may panic"
)]

#[path = "support/server.rs"]
mod server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use order_host::log::MemoryLog;
use server::{ROOM, Read, Server, close_body, code_of, frame};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use transport_memory::{FaultyLog, LogFaults};
use transport_warp::{AcceptSettings, RouteSettings, SocketSettings};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn whoever_dawdles_does_not_hold_up_the_restart() {
    let server = Server::with(RouteSettings::default(), without_haste()).await;
    let mut half_a_request = TcpStream::connect(server.addr).await.unwrap();
    half_a_request.write_all(b"GET / HT").await.unwrap();
    // Never answers the close frame.
    let _deaf = server.join(ROOM, "deaf").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.ask_to_stop();
    // Long before the socket's own time limit.
    server.has_stopped().await;
}

#[tokio::test]
async fn stopping_tells_every_socket_to_come_back_and_waits_for_nobody() {
    let socket = SocketSettings { close_timeout: HOUR, ..SocketSettings::default() };
    let routes = RouteSettings { socket, ..RouteSettings::default() };
    let server = Server::with(routes, without_haste()).await;
    let mut joined = server.join(ROOM, "ann").await;
    let mut unjoined = server.open(ROOM).await;
    let mut elsewhere = server.open("/party/other").await;

    server.ask_to_stop();

    for peer in [&mut joined, &mut unjoined, &mut elsewhere] {
        assert_eq!(code_of(&peer.read().await), 1012);
        peer.send(&frame(0x88, &close_body(1012, ""))).await;
        assert_eq!(peer.read().await, Read::End);
    }
    drop((joined, unjoined, elsewhere));
    let addr = server.addr;
    server.has_stopped().await;
    assert!(TcpStream::connect(addr).await.is_err(), "it still listens");
    assert!(TcpListener::bind(addr).await.is_ok(), "the next server cannot have the port");
}

#[tokio::test]
async fn stopping_takes_no_longer_than_it_may() {
    let accept = AcceptSettings { drain_timeout: Duration::from_millis(300), ..without_haste() };
    let server = Server::with(RouteSettings::default(), accept).await;
    // Reads and answers nothing.
    let _deaf = server.open(ROOM).await;
    let began = Instant::now();
    server.ask_to_stop();
    server.has_stopped().await;
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_was_accepted_before_stopping_is_answered_before_the_goodbye() {
    let server = Server::start().await;
    let mut ann = server.join(ROOM, "ann").await;
    for number in 0..20 {
        ann.add(&format!("Dish {number}"), 10).await;
    }
    // The first answer shows that the commands have begun to arrive.
    ann.hear("item_added").await;
    server.ask_to_stop();
    let mut added = 1;
    loop {
        match ann.read().await {
            Read::Text(text) if text.contains("\"item_added\"") => added += 1,
            Read::Text(text) => panic!("{text}"),
            Read::Ping(_) | Read::Pong(_) => {}
            goodbye => break assert_eq!(code_of(&goodbye), 1012),
        }
    }
    assert!((1..=20).contains(&added));
}

#[tokio::test]
async fn a_disk_that_stalls_while_it_stops_costs_no_answer() {
    let log = Arc::new(FaultyLog::new(MemoryLog::new(), 1, LogFaults::default()));
    let server = Server::over(log.clone(), RouteSettings::default(), without_haste()).await;
    let mut ann = server.join(ROOM, "ann").await;
    log.hold();
    ann.add("Dosa", 10).await;
    ann.send_text(b"ping").await;
    assert_eq!(ann.read().await, Read::Text("pong".to_owned()), "it has the dish");
    server.ask_to_stop();
    // Longer than a socket may take to close.
    sleep(Duration::from_secs(4)).await;
    log.release();
    assert!(matches!(ann.read().await, Read::Text(text) if text.contains("\"item_added\"")));
    assert_eq!(code_of(&ann.read().await), 1012);
    drop(ann);
    server.has_stopped().await;
}

/// Settings with long timeouts, so that only a server that stops early passes in time.
fn without_haste() -> AcceptSettings {
    AcceptSettings { drain_timeout: HOUR, header_timeout: HOUR, ..AcceptSettings::default() }
}
