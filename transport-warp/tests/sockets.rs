//! Sockets of a running server: how they open, what they cost others, how they end.
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

use order_host::Host;
use order_host::log::MemoryLog;
use serde_json::json;
use server::{HANDSHAKE, LONG, Peer, ROOM, Read, Server, close_body, code_of, frame, request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use transport_warp::{AcceptSettings, RouteSettings, SocketSettings, room_routes};
use warp::Filter;

#[tokio::test]
async fn a_text_ping_is_answered_without_joining() {
    let server = Server::start().await;
    let mut peer = server.open(ROOM).await;
    peer.send_text(b"ping").await;
    assert_eq!(peer.read().await, Read::Text("pong".to_owned()));
}

#[tokio::test]
async fn a_websocket_ping_is_answered_with_its_own_body() {
    let server = Server::start().await;
    let mut peer = server.open(ROOM).await;
    peer.send(&frame(0x89, b"are you there")).await;
    assert_eq!(peer.read().await, Read::Pong(b"are you there".to_vec()));
}

#[tokio::test]
async fn what_comes_together_with_the_handshake_is_read() {
    let server = Server::start().await;
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let mut early = frame(0x81, b"ping");
    early.extend(frame(0x89, b"x"));
    let mut peer = Peer::open(stream, ROOM, &early).await;
    let mut read = [peer.read().await, peer.read().await];
    read.sort_by_key(|read| matches!(read, Read::Pong(_)));
    assert_eq!(read, [Read::Text("pong".to_owned()), Read::Pong(b"x".to_vec())]);
}

#[tokio::test]
async fn a_message_in_fragments_with_a_ping_between_them_is_one_message() {
    let server = Server::start().await;
    let mut peer = server.open(ROOM).await;
    peer.send(&frame(0x01, b"pi")).await;
    peer.send(&frame(0x89, b"")).await;
    peer.send(&frame(0x80, b"ng")).await;
    assert_eq!(peer.read().await, Read::Pong(Vec::new()));
    assert_eq!(peer.read().await, Read::Text("pong".to_owned()));
}

#[tokio::test]
async fn a_binary_message_is_refused_and_the_socket_stays_open() {
    let server = Server::start().await;
    let mut peer = server.join(ROOM, "ann").await;
    peer.send(&frame(0x82, b"\0\x01")).await;
    assert_eq!(peer.hear("error").await["data"]["code"], "binary_not_supported");
    peer.add("Dosa", 90).await;
    assert_eq!(peer.hear("item_added").await["data"]["item"]["dishName"], "Dosa");
}

#[tokio::test]
async fn the_peers_close_is_answered_and_the_server_hangs_up() {
    let server = Server::start().await;
    for (sent, answered) in [
        (close_body(1000, "bye"), Read::Close(Some(1000), "bye".to_owned())),
        (close_body(4001, ""), Read::Close(Some(4001), String::new())),
        (Vec::new(), Read::Close(None, String::new())),
    ] {
        let mut peer = server.open(ROOM).await;
        peer.send(&frame(0x88, &sent)).await;
        assert_eq!(peer.read().await, answered);
        assert_eq!(peer.read().await, Read::End);
    }
}

#[tokio::test]
async fn codes_that_may_not_stand_on_the_wire_are_answered_with_1002() {
    let server = Server::start().await;
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
        let mut peer = server.open(ROOM).await;
        peer.send(&frame(0x88, &close_body(code, ""))).await;
        assert_eq!(code_of(&peer.read().await), 1002, "{code}");
        assert_eq!(peer.read().await, Read::End, "{code}");
    }
}

#[tokio::test]
async fn text_that_is_not_utf8_ends_with_1007() {
    let server = Server::start().await;
    let mut whole = server.open(ROOM).await;
    whole.send_text(b"caf\xe9").await;
    assert_eq!(code_of(&whole.read().await), 1007);
    assert_eq!(whole.read().await, Read::End);

    let mut fragments = server.open(ROOM).await;
    fragments.send(&frame(0x01, b"\xce\xba\xe1\xbd\xb9\xcf\x83")).await;
    fragments.send(&frame(0x00, b"\xed\xa0\x80")).await;
    assert_eq!(code_of(&fragments.read().await), 1007, "as soon as it shows, before the last fragment");

    let mut reason = server.open(ROOM).await;
    reason.send(&frame(0x88, b"\x03\xe8\xff")).await;
    assert_eq!(code_of(&reason.read().await), 1007);
}

#[tokio::test]
async fn breaking_the_protocol_ends_with_1002() {
    let server = Server::start().await;
    for (what, bytes) in [
        ("a frame without a mask", vec![0x81, 2, b'h', b'i']),
        ("a reserved bit", frame(0xc1, b"hi")),
        ("an unknown kind of data", frame(0x83, b"hi")),
        ("an unknown kind of control", frame(0x8b, b"hi")),
        ("a continuation of nothing", frame(0x80, b"hi")),
        ("a ping in fragments", frame(0x09, b"hi")),
        ("a ping that is too long", frame(0x89, &[0; 126])),
        ("half a close code", frame(0x88, &[3])),
        ("a message within a message", [frame(0x01, b"a"), frame(0x81, b"b")].concat()),
    ] {
        let mut peer = server.open(ROOM).await;
        peer.send(&bytes).await;
        assert_eq!(code_of(&peer.read().await), 1002, "{what}");
        assert_eq!(peer.read().await, Read::End, "{what}");
    }
}

#[tokio::test]
async fn what_was_asked_before_breaking_the_protocol_is_answered() {
    let server = Server::start().await;
    for _ in 0..20 {
        let mut peer = server.open(ROOM).await;
        peer.send(&[frame(0x81, b"{}"), frame(0x83, b"")].concat()).await;
        peer.hear("error").await;
        assert_eq!(code_of(&peer.read().await), 1002);
    }
}

#[tokio::test]
async fn a_message_past_the_limit_ends_with_1009_and_the_table_sees_its_sender_leave() {
    let server = Server::start().await;
    let mut ann = server.join(ROOM, "ann").await;
    let mut bob = server.join(ROOM, "bob").await;
    ann.hear("participant_joined").await;

    // More than the kernel buffers: it is still sending when the server closes, and must not
    // get a reset.
    bob.send(&frame(0x81, &vec![b'x'; 12 << 20])).await;

    assert_eq!(code_of(&bob.read().await), 1009);
    assert_eq!(bob.read().await, Read::End);
    let presence = ann.hear("presence").await;
    assert_eq!((&presence["participantId"], &presence["data"]["isOnline"]), (&json!("bob"), &json!(false)));
}

#[tokio::test]
async fn the_limit_itself_is_still_a_message_and_fragments_add_up() {
    let limit = 4096;
    let server = Server::with_socket(SocketSettings { max_message_bytes: limit, ..quick() }).await;
    let mut peer = server.open(ROOM).await;
    peer.send_text(&vec![b'x'; limit]).await;
    assert_eq!(peer.hear("error").await["data"]["code"], "bad_json");
    peer.send(&frame(0x01, &vec![b'x'; limit])).await;
    peer.send(&frame(0x80, b"x")).await;
    assert_eq!(code_of(&peer.read().await), 1009);
}

#[tokio::test]
async fn a_silent_peer_is_dropped_after_two_pings() {
    let server = Server::with_socket(quick()).await;
    let mut silent = server.join(ROOM, "silent").await;
    let began = Instant::now();
    assert_eq!(silent.read_all().await, Read::Ping(Vec::new()));
    assert_eq!(silent.read_all().await, Read::Ping(Vec::new()));
    assert_eq!(silent.read_all().await, Read::End, "it was not given up");
    assert!(began.elapsed() < LONG);
}

#[tokio::test]
async fn a_peer_that_answers_pings_stays() {
    let server = Server::with_socket(quick()).await;
    let mut peer = server.open(ROOM).await;
    for _ in 0..6 {
        let Read::Ping(body) = peer.read_all().await else { panic!("no ping") };
        peer.send(&frame(0x8a, &body)).await;
    }
    peer.send_text(b"ping").await;
    assert_eq!(peer.read().await, Read::Text("pong".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_pings_without_end_is_sent_away() {
    let server = Server::with_socket(never_pings()).await;
    let mut ann = server.join(ROOM, "ann").await;
    for opcode in [0x89, 0x8a] {
        let mut flood = server.open(ROOM).await;
        flood.send_anyway(&frame(opcode, b"x").repeat(1_100)).await;
        let closed = loop {
            match flood.read().await {
                Read::Pong(_) => {}
                other => break other,
            }
        };
        assert_eq!(closed, Read::Close(Some(1008), "more than 1000 pings and pongs at once".to_owned()));
    }
    ann.add("Dal", 1).await;
    ann.hear("item_added").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_empty_or_tiny_fragments_without_end_is_sent_away() {
    let server = Server::with_socket(never_pings()).await;
    let mut ann = server.join(ROOM, "ann").await;
    let (empty, tiny) = ("more than 1000 empty fragments at once", "more than 300000 tiny fragments at once");
    let before = frame(0x81, b"ping");
    for (what, first, more, times, reason) in [
        ("empty continuations", frame(0x01, b"{"), frame(0x00, b""), 1_100, empty),
        ("all of it empty", frame(0x01, b""), frame(0x00, b""), 1_100, empty),
        ("of a binary message", frame(0x02, b""), frame(0x00, b""), 1_100, empty),
        (
            "with pings between them",
            frame(0x01, b""),
            [frame(0x00, b""), frame(0x00, b""), frame(0x89, b"")].concat(),
            550,
            empty,
        ),
        (
            "many messages that begin so",
            vec![],
            [frame(0x01, b"").as_slice(), &frame(0x00, b"").repeat(9), &frame(0x80, b"x")].concat(),
            110,
            empty,
        ),
        (
            "one byte each",
            vec![],
            [frame(0x01, b"{"), frame(0x00, b" ").repeat(9_999), frame(0x80, b"")].concat(),
            31,
            tiny,
        ),
    ] {
        let mut flood = server.open(ROOM).await;
        flood.send_anyway(&[&before, &first[..], &more.repeat(times)].concat()).await;
        let mut pongs = 0;
        let closed = loop {
            match flood.read().await {
                Read::Text(text) if text == "pong" => pongs += 1,
                // A complete message is answered, but is not one of the protocol.
                Read::Text(text) => assert!(text.contains("bad_json"), "{what}: {text}"),
                Read::Pong(_) => {}
                other => break other,
            }
        };
        assert_eq!((pongs, closed), (1, Read::Close(Some(1008), reason.to_owned())), "{what}");
    }
    ann.add("Dal", 1).await;
    ann.hear("item_added").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_in_as_many_fragments_as_it_has_bytes_is_one_message() {
    let server = Server::with_socket(never_pings()).await;
    let mut ann = server.join(ROOM, "ann").await;
    let text = json!({ "type": "add_item", "data": { "dishName": "Dal", "price": 1, "quantity": 1, "customization": "x".repeat(500) } })
        .to_string();
    // White space is ignored, and makes the message as long as allowed. Some of the frames are
    // empty.
    let text = format!("{text}{}", " ".repeat(256 * 1024 - text.len()));
    let mut bytes = frame(0x01, b"");
    for (number, byte) in text.bytes().enumerate() {
        bytes.extend(frame(0x00, &[byte]));
        if number % 300 == 0 {
            bytes.extend(frame(0x00, b""));
        }
    }
    bytes.extend(frame(0x80, b""));
    ann.send(&bytes).await;
    ann.hear("item_added").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_never_finished_ends_its_socket_and_slow_ones_that_are_do_not() {
    let message = br#"{"type":"add_item","data":{"dishName":"Dal","price":1,"quantity":1}}"#;
    let (first, rest) = message.split_at(20);
    let server =
        Server::with_socket(SocketSettings { message_timeout: Duration::from_millis(500), ..quick() }).await;
    // More than can trickle in during the test.
    let whole = frame(0x81, &[&message[..], &vec![b' '; 100_000]].concat());
    // Stopped between fragments, inside a frame, and inside a frame's head; trickling bytes or
    // pongs do not help.
    let (fragment, part, head) = (frame(0x01, first), whole[..30].to_vec(), vec![0x81, 0xfe, 0x70, 0]);
    for (number, begun) in [fragment, part, head].into_iter().enumerate() {
        let mut slow = server.open(&format!("/parties/main/slow-{number}")).await;
        slow.send(&begun).await;
        let began = Instant::now();
        let closed = loop {
            match tokio::time::timeout(Duration::from_millis(50), slow.read_all()).await {
                Ok(Read::Close(code, reason)) => break (code, reason),
                // A pong may come between the fragments of a message, but not within a frame.
                Ok(Read::Ping(body)) if number == 0 => slow.send(&frame(0x8a, &body)).await,
                Ok(Read::Ping(_)) => {}
                Ok(other) => panic!("{other:?}"),
                Err(_) if number == 0 => {}
                Err(_) => slow.send(b"x").await,
            }
        };
        assert_eq!(closed, (Some(1008), "a message took longer than 500ms to arrive".to_owned()), "{number}");
        assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
    }
    // Together these messages take longer than one may. The limit is long compared to a busy
    // machine's delays.
    let message_timeout = Duration::from_secs(4);
    let server = Server::with_socket(SocketSettings { message_timeout, ..never_pings() }).await;
    let mut ann = server.join(ROOM, "ann").await;
    for _ in 0..3 {
        ann.send(&frame(0x01, first)).await;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        ann.send(&frame(0x80, rest)).await;
        ann.hear("item_added").await;
    }
}

#[tokio::test]
async fn a_reader_that_has_stopped_is_dropped_and_does_not_stop_the_table() {
    let server =
        Server::with_socket(SocketSettings { write_timeout: Duration::from_millis(300), ..quick() }).await;
    let mut ann = server.join(ROOM, "ann").await;
    let mut stopped = Peer::open_with_small_buffer(server.addr, ROOM).await;
    stopped.join("stopped").await;
    ann.hear("participant_joined").await;

    // Far more than the kernel's buffers hold; the other reads none of it.
    let mut went_offline = false;
    let began = Instant::now();
    for number in 0.. {
        if went_offline {
            break;
        }
        assert!(began.elapsed() < LONG, "it is still there");
        // Its pongs show that it is not silent, so it is not dropped for missing pongs.
        stopped.send_anyway(&frame(0x8a, b"")).await;
        let (change, announced) = match number {
            0..300 => (
                json!({"type": "add_item", "data": {"dishName": "Dish", "quantity": 1, "price": 10}}),
                "item_added",
            ),
            _ => (json!({"type": "set_tip", "data": {"amount": number}}), "tip_updated"),
        };
        ann.say(&change).await;
        loop {
            let message = ann.message().await;
            went_offline |= message["type"] == "presence" && message["participantId"] == "stopped";
            if message["type"] == announced {
                break;
            }
            assert_eq!(message["type"], "presence", "{message}");
        }
    }
}

#[tokio::test]
async fn a_slow_reader_gets_the_full_state_in_place_of_what_it_missed() {
    let server = Server::start().await;
    let mut ann = server.join(ROOM, "ann").await;
    let mut slow = Peer::open_with_small_buffer(server.addr, ROOM).await;
    slow.join("slow").await;
    ann.hear("participant_joined").await;

    let dishes = 400;
    for number in 0..dishes {
        ann.add(&format!("Dish {number} {}", "x".repeat(60)), 10).await;
        ann.hear("item_added").await;
    }

    let mut heard = 0;
    let (mut synced, mut items) = (false, 0);
    while items < dishes {
        let message = slow.message().await;
        heard += 1;
        let state = match message["type"].as_str().unwrap() {
            "sync" => {
                synced = true;
                &message["data"]
            }
            "item_added" => &message["data"]["orderState"],
            other => panic!("{other}"),
        };
        items = state["items"].as_array().unwrap().len();
    }
    assert!(synced, "it was not behind");
    assert!(heard < dishes, "{heard} messages: nothing was left out");
}

#[tokio::test]
async fn no_more_sockets_are_opened_than_there_may_be() {
    let routes = RouteSettings { max_sockets: 2, ..RouteSettings::default() };
    let server = Server::with(routes, AcceptSettings::default()).await;
    let first = server.open(ROOM).await;
    let _second = server.open(ROOM).await;

    let refused = server.ask(&request("GET", ROOM, HANDSHAKE)).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    assert_eq!(server.get("/healthz").await.status, 200, "plain requests have room of their own");

    drop(first);
    let again = async {
        while server.ask(&request("GET", ROOM, HANDSHAKE)).await.status != 101 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, again).await.expect("the place of a socket that left is not given back");
}

#[tokio::test]
async fn a_head_that_does_not_arrive_in_time_ends_the_connection() {
    let accept = AcceptSettings { header_timeout: Duration::from_millis(200), ..AcceptSettings::default() };
    let server = Server::with(RouteSettings::default(), accept).await;
    // Nothing, the beginning of HTTP/1, and what begins like HTTP/2.
    for head in ["", "GET / HTTP/1.1\r\nHost: x\r\n", "PRI * HT"] {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let ended = timeout(LONG, stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{head:?} is still waited for");
    }
}

#[tokio::test]
async fn an_idle_kept_connection_ends_too() {
    let accept = AcceptSettings { header_timeout: Duration::from_secs(3), ..AcceptSettings::default() };
    let server = Server::with(RouteSettings::default(), accept).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(request("GET", "/healthz", "").as_bytes()).await.unwrap();
    let mut all = Vec::new();
    timeout(LONG, stream.read_to_end(&mut all)).await.expect("it is never closed").unwrap();
    assert!(String::from_utf8(all).unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = Server::start().await;
    let many = "X: y\r\n".repeat(65);
    assert_eq!(server.ask(&request("GET", "/healthz", &many)).await.status, 431, "too many lines");
    let long = format!("X: {}\r\n", "y".repeat(20_000));
    assert_eq!(server.ask(&request("GET", "/healthz", &long)).await.status, 431, "too many bytes");
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn rooms_work_in_another_warp_application_served_by_warp_itself() {
    let host = Host::new(Arc::new(MemoryLog::new()), order_host::Settings::default());
    let settings = RouteSettings::default();
    let orders = warp::path("orders").and(room_routes(&host, &settings));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let app = warp::path!("mine").map(|| "mine").or(orders);
    tokio::spawn(warp::serve(app).incoming(listener).run());

    let mut peer = Peer::open(TcpStream::connect(addr).await.unwrap(), "/orders/party/r1", &[]).await;
    peer.join("ann").await;
    peer.add("Dosa", 90).await;
    assert_eq!(peer.hear("item_added").await["data"]["orderState"]["total"], 90);
    peer.send(&frame(0x88, &close_body(1000, ""))).await;
    assert_eq!(code_of(&peer.read().await), 1000);
    settings.sockets.close();
    drop(peer);
    timeout(LONG, settings.sockets.wait()).await.expect("the socket's task goes on");
}

#[tokio::test]
async fn an_address_says_where_a_phone_left_by_a_cursor_and_anything_else_gets_the_full_state() {
    let server = Server::start().await;
    let mut asha = Peer::open_v2(server.addr, ROOM).await;
    asha.say(
        &json!({ "type": "join", "id": "j", "participantId": "asha", "participantName": "A", "data": {} }),
    )
    .await;
    let welcome = asha.hear("welcome").await;
    asha.hear("ack").await;
    let [token, cursor] = ["resumeToken", "cursor"].map(|field| welcome[field].as_str().unwrap().to_owned());
    asha.say(
        &json!({ "type": "add_item", "id": "c", "data": { "dishName": "Dosa", "quantity": 1, "price": 5 } }),
    )
    .await;
    let event = asha.hear("event").await;
    for (since, resumed) in [
        (cursor.as_str(), true),
        (event["cursor"].as_str().unwrap(), true),
        ("0", false),
        ("1", false),
        ("2", false),
        ("", false),
        ("-1", false),
        ("%00", false),
        ("AAAAAAAAAAAAAAAAAAAAAAAA", false),
    ] {
        let mut back = Peer::open_v2(server.addr, &format!("{ROOM}?resume={token}&since={since}")).await;
        let welcome = back.hear("welcome").await;
        assert_eq!((&welcome["resumed"], &welcome["seq"]), (&json!(resumed), &json!(2)), "{since}");
        assert_eq!(welcome["cursor"], event["cursor"]);
        assert_eq!(welcome.get("state").is_some(), !resumed, "{since}");
    }
}

fn never_pings() -> SocketSettings {
    SocketSettings { ping_interval: Duration::from_secs(24 * 3600), ..SocketSettings::default() }
}

/// Settings with pings fast enough for a test, and time to answer two of them.
fn quick() -> SocketSettings {
    SocketSettings { ping_interval: Duration::from_secs(1), ..SocketSettings::default() }
}
