//! Sockets of people who signed in.

use std::sync::Arc;
use std::time::Duration;

use order_host::{Clock as _, SystemClock};
use serde_json::json;
use transport_memory::ManualClock;

use crate::issuer::{claims, claims_with, now};
use crate::server::{Answer, HANDSHAKE, Peer, ROOM, Read, frame, request, stream_with_buffer};
use crate::table::{Table, hides, is_refused, join, open};

impl Peer {
    /// Whether the socket is open: a text ping is answered.
    pub(crate) async fn read_text_ping(mut self) -> bool {
        self.send_text(b"ping").await;
        self.read().await == Read::Text("pong".to_owned())
    }
}

#[tokio::test]
async fn a_token_may_stand_in_the_header_among_the_subprotocols_or_in_the_address() {
    let table = Table::new().await;
    let token = table.issuer.token(&claims("ben"));
    for (path, more, spoken) in [
        (ROOM.to_owned(), format!("Authorization: Bearer {token}\r\n"), None),
        (format!("{ROOM}?token={token}&_pk=1"), String::new(), None),
        (
            ROOM.to_owned(),
            format!("Sec-WebSocket-Protocol: stonepot.v2, stonepot.token.{token}\r\n"),
            Some("stonepot.v2"),
        ),
        (
            ROOM.to_owned(),
            format!("Sec-WebSocket-Protocol: stonepot.token.{token},stonepot.v1\r\n"),
            Some("stonepot.v1"),
        ),
        (ROOM.to_owned(), format!("Sec-WebSocket-Protocol: stonepot.token.{token}\r\n"), None),
    ] {
        let answer: Answer = table.server.ask(&request("GET", &path, &format!("{HANDSHAKE}{more}"))).await;
        assert_eq!(answer.status, 101, "{more}");
        assert_eq!(answer.header("sec-websocket-protocol"), spoken, "{more}");
        hides(&more, &answer, &token);
    }
}

#[tokio::test]
async fn nobody_joins_or_speaks_as_somebody_else() {
    let mut table = Table::new().await;
    let mut ben = table.open(&claims_with("ben", &json!({ "name": "Ben of the token" }))).await;
    ben.say(&join("asha")).await;
    let refused = ben.hear("error").await;
    assert_eq!((&refused["data"]["code"], &refused["id"]), (&json!("not_you"), &json!("join")));
    table.nothing_happened("a join as Asha").await;

    ben.say(&join("ben")).await;
    let state = ben.hear("sync").await;
    assert_eq!(state["data"]["participants"][1]["name"], "Ben of the token");
    ben.hear("participant_joined").await;
    ben.hear("ack").await;
    table.asha_hears("participant_joined").await;
    for kind in ["leave", "finalize", "add_item"] {
        let data = json!({ "dishName": "Dal", "price": 1, "quantity": 1 });
        ben.say(&json!({ "type": kind, "participantId": "asha", "data": data })).await;
        assert_eq!(ben.hear("error").await["data"]["code"], "not_you", "{kind}");
    }
    table.nothing_happened("messages in Asha's name").await;
    ben.say(&json!({ "type": "add_item", "participantId": "ben", "data": { "dishName": "Dal", "price": 1, "quantity": 1 } })).await;
    assert_eq!(table.asha_hears("item_added").await["data"]["item"]["addedBy"], "ben");
}

#[tokio::test]
async fn who_is_at_the_table_speaks_without_a_join_and_a_join_needs_no_participant() {
    let mut table = Table::new().await;
    let dish =
        json!({ "type": "add_item", "id": "c-1", "data": { "dishName": "Dal", "price": 1, "quantity": 1 } });
    let token = table.issuer.token(&claims("ben"));
    for (more, join_kinds, kinds) in [
        (
            "",
            &["sync", "participant_joined", "ack"][..],
            &["sync", "participant_joined", "item_added", "ack"][..],
        ),
        ("Sec-WebSocket-Protocol: stonepot.v2\r\n", &["welcome", "ack"], &["welcome", "event", "ack"]),
    ] {
        let mut stranger = open(&table.server, &format!("{ROOM}?token={token}"), more).await;
        let mut dish = dish.clone();
        if more.is_empty() {
            stranger.say(&dish).await;
            assert_eq!(stranger.hear("error").await["data"]["code"], "join_first");
            table.nothing_happened("a dish of somebody who never joined").await;
        } else {
            dish["id"] = json!("c-2");
        }
        let mut join = join("ben");
        join.as_object_mut().unwrap().remove("participantId");
        stranger.say(&join).await;
        for kind in join_kinds {
            stranger.hear(kind).await;
        }
        let told = if more.is_empty() { "participant_joined" } else { "presence" };
        table.asha_hears(told).await;

        let mut ben = open(&table.server, &format!("{ROOM}?token={token}"), more).await;
        ben.say(&dish).await;
        for kind in kinds {
            ben.hear(kind).await;
        }
        assert_eq!(table.asha_hears("item_added").await["data"]["item"]["addedBy"], "ben");
        drop((stranger, ben));
        assert_eq!(table.asha_hears("presence").await["data"]["isOnline"], false);
    }
}

#[tokio::test]
async fn somebody_elses_resume_token_seats_nobody() {
    let mut table = Table::new().await;
    let v2 = "Sec-WebSocket-Protocol: stonepot.v2\r\n";
    let [asha, ben] = ["asha", "ben"].map(|who| table.issuer.token(&claims(who)));
    let mut own = open(&table.server, &format!("{ROOM}?token={asha}"), v2).await;
    own.say(&join("asha")).await;
    let resume = own.hear("welcome").await["resumeToken"].as_str().unwrap().to_owned();
    own.hear("ack").await;

    let address = format!("{ROOM}?resume={resume}&since=1&token={ben}");
    let mut thief = open(&table.server, &address, v2).await;
    thief.say(&json!({ "type": "get_state", "id": "q" })).await;
    assert_eq!(thief.hear("reject").await["code"], "join_first");
    table.nothing_happened("a stolen resume token").await;
    let without = table.get(&format!("{ROOM}?resume={resume}&since=1"), &format!("{HANDSHAKE}{v2}")).await;
    is_refused("a resume token alone", &without, 401, "token_missing");

    let mut back = open(&table.server, &format!("{ROOM}?resume={resume}&since=1&token={asha}"), v2).await;
    assert_eq!(back.hear("welcome").await["participantId"], "asha");
}

/// The guest does not read while others order, so messages for them wait in the server.
#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_does_not_read_gets_nothing_that_was_stored_after_its_token_ended() {
    for (more, kind) in [("", "error"), ("Sec-WebSocket-Protocol: stonepot.v2\r\n", "reject")] {
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let mut table = Table::by(clock.clone()).await;
        // Makes one state about 200 KB.
        for number in 0..100 {
            table.asha_orders(&format!("first {number}"), &"🍛".repeat(500)).await;
        }
        let token = table.issuer.token(&claims_with("ben", &json!({ "exp": now() + 24.0 * 3600.0 })));
        let stream = stream_with_buffer(table.server.addr, 4096).await;
        let mut ben = Peer::open_with(stream, &format!("{ROOM}?token={token}"), more, &[]).await;
        ben.say(&join("ben")).await;
        // Asha is told of the join once it is done.
        table.asha_hears("participant_joined").await;
        // More than the kernel buffers for a socket that does not read.
        for number in 0..40 {
            if kind == "reject" {
                // Events of this protocol are small, so the state is asked for.
                ben.say(&json!({ "type": "get_state", "id": format!("q{number}") })).await;
            }
            table.asha_orders(&format!("before {number}"), "").await;
        }

        clock.advance(Duration::from_secs(25 * 3600));
        for number in 0..5 {
            table.asha_orders(&format!("after {number}"), "").await;
        }

        let mut before = 0;
        let told = loop {
            let message = ben.message().await;
            assert!(!message.to_string().contains("after "), "{message}");
            before += u32::from(message.to_string().contains("before 39"));
            if message["type"] == kind {
                break message;
            }
        };
        assert_eq!(told["data"].get("code").unwrap_or(&told["code"]), "token_expired", "{told}");
        assert!(before > 0, "what was stored in time it is still given");
        assert!(matches!(ben.read().await, Read::Close(Some(1008), _)));
        assert_eq!(table.asha_hears("presence").await["data"]["isOnline"], false);
    }
}

#[tokio::test]
async fn a_living_socket_ends_with_its_token_in_either_protocol() {
    let mut table = Table::new().await;
    for (more, kind, joined) in [
        ("", "error", &["sync", "participant_joined", "ack"][..]),
        ("Sec-WebSocket-Protocol: stonepot.v2\r\n", "reject", &["welcome", "ack"]),
    ] {
        let token = table.issuer.token(&claims_with("ben", &json!({ "exp": now() + 12.0 })));
        let mut ben = open(&table.server, &format!("{ROOM}?token={token}"), more).await;
        ben.say(&join("ben")).await;
        for kind in joined {
            ben.hear(kind).await;
        }
        let told = ben.hear(kind).await;
        let code = told["data"].get("code").unwrap_or(&told["code"]);
        assert_eq!(code, "token_expired", "{told}");
        let Read::Close(Some(1008), reason) = ben.read().await else { panic!("no close") };
        assert!(reason.contains("sign-in has expired"), "{reason}");
        ben.send(&frame(0x88, &1008_u16.to_be_bytes())).await;
        assert_eq!(ben.read().await, Read::End);
        let first = if kind == "error" { "participant_joined" } else { "presence" };
        table.asha_hears(first).await;
        assert_eq!(table.asha_hears("presence").await["data"]["isOnline"], false);
        table.turns_away("the same token again", &token, 401, "token_expired").await;
    }
    let mut again = table.open(&claims("ben")).await;
    again.say(&join("ben")).await;
    again.hear("sync").await;
    table.asha_hears("presence").await;
}
