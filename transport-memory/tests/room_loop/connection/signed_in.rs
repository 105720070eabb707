//! Sockets with a sign-in: they speak only for their participant, reach only the orders
//! they may, and end with the sign-in.

use std::time::Duration;

use order_core::text::Text;
use order_core::{ParticipantId, UnixMillis};
use order_host::{Access, Clock as _, Identity, Opening, Protocol, Settings};
use serde_json::{Value, json};
use transport_memory::{Client, Closed, Faults, ManualClock, Message, Simulation};

use crate::support::table::{
    add, add_with_command, code, cursor, facts, hears_nothing, join, kinds, only, restaurant, room, seated,
    told,
};

#[tokio::test(start_paused = true)]
async fn who_signed_in_joins_as_themselves_and_orders() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let mut ben = open(&restaurant, Protocol::V1, identity("ben"));
    ben.send(join("ben", &json!({}))).await.unwrap();
    assert_eq!(kinds(&ben.settle().await), ["sync", "participant_joined"]);
    let mut dish: Value = serde_json::from_str(&add("dal", 120)).unwrap();
    ben.send(dish.to_string()).await.unwrap();
    assert_eq!(only(&mut ben).await.json()["participantId"], "ben");
    dish["data"]["id"] = json!("naan");
    dish["participantId"] = json!("ben");
    ben.send(dish.to_string()).await.unwrap();
    assert_eq!(only(&mut ben).await.json()["data"]["item"]["addedBy"], "ben");
    assert_eq!(kinds(&asha.settle().await), ["participant_joined", "item_added", "item_added"]);
}

#[tokio::test(start_paused = true)]
async fn nobody_joins_as_somebody_else() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let before = facts(&restaurant).await;
    for protocol in [Protocol::V1, Protocol::V2] {
        let mut ben = open(&restaurant, protocol, identity("ben"));
        for other in ["asha", "chitra", "Ben", "ben2"] {
            ben.send(join_with_id(other)).await.unwrap();
            let refused = only(&mut ben).await.json();
            assert_eq!(code_of(&refused), "not_you", "{other}");
            assert_eq!(refused["id"], "join-1", "{other}");
        }
    }
    hears_nothing(&mut asha).await;
    assert_eq!(facts(&restaurant).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_message_in_somebody_elses_name_is_refused_in_both_protocols() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    for (protocol, who) in [(Protocol::V1, "ben"), (Protocol::V2, "chitra")] {
        let mut guest = open(&restaurant, protocol, identity(who));
        guest.send(join_with_id(who)).await.unwrap();
        guest.settle().await;
        asha.settle().await;
        let before = facts(&restaurant).await;
        let requests = ["history", "get_state", "get_bill", "get_checksum", "presence"];
        let requests = if protocol == Protocol::V2 { &requests[..] } else { &requests[..1] };
        for &kind in ["add_item", "finalize", "leave", "join"].iter().chain(requests) {
            let data = json!({ "dishName": "Dal", "price": 1, "quantity": 1 });
            let message = json!({ "type": kind, "id": kind, "participantId": "asha", "participantName": "Asha", "data": data });
            guest.send(message.to_string()).await.unwrap();
            let refused = only(&mut guest).await.json();
            assert_eq!((code_of(&refused).as_str(), &refused["id"]), ("not_you", &json!(kind)), "{who}");
        }
        hears_nothing(&mut asha).await;
        assert_eq!(facts(&restaurant).await, before);
        guest
            .send(r#"{"type":"add_item","id":"own","data":{"dishName":"Dal","price":1,"quantity":1}}"#)
            .await
            .unwrap();
        assert_eq!(guest.settle().await.len(), 2, "the socket stays open");
        asha.settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_stands_in_its_place_among_the_answers() {
    let restaurant = restaurant();
    let mut asha = open(&restaurant, Protocol::V1, identity("asha"));
    asha.send(join("asha", &json!({}))).await.unwrap();
    asha.settle().await;
    restaurant.log().hold();
    for (item, who) in [("dal", "asha"), ("naan", "ben"), ("rice", "asha")] {
        let mut dish: Value = serde_json::from_str(&add(item, 10)).unwrap();
        dish["participantId"] = json!(who);
        asha.send(dish.to_string()).await.unwrap();
    }
    restaurant.log().release();
    assert_eq!(kinds(&asha.settle().await), ["item_added", "error", "item_added"]);
}

#[tokio::test(start_paused = true)]
async fn the_sign_ins_name_circle_and_tenant_count_whatever_the_message_says() {
    let restaurant = restaurant();
    let mut signed = identity("asha");
    signed.name = Some(text("Asha Rao"));
    signed.access.circle = Some(text("c1"));
    let mut asha = open(&restaurant, Protocol::V1, signed);
    let without_a_name = json!({ "type": "join", "participantId": "asha", "data": {} });
    asha.send(without_a_name.to_string()).await.unwrap();
    assert_eq!(kinds(&asha.settle().await), ["sync", "participant_joined"]);
    asha.send(join("asha", &json!({ "circleId": "c2", "tenantId": "t2" }))).await.unwrap();
    asha.settle().await;
    let state = told(&asha);
    assert_eq!(state["participants"][0]["name"], "Asha Rao");
    assert_eq!((&state["circleId"], &state["tenantId"]), (&json!("c1"), &json!("")));
    assert_eq!(facts(&restaurant).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_not_of_the_orders_circle_does_not_join_it() {
    let restaurant = restaurant();
    let of = |who: &str, circle: &str, tenant: &str, by_name: bool| {
        let mut signed = identity(who);
        let some = |label: &str| (!label.is_empty()).then(|| text(label));
        (signed.access.circle, signed.access.tenant, signed.access.by_name) =
            (some(circle), some(tenant), by_name);
        signed
    };
    // All of them connected before there was an order, so none was refused at that time.
    let mut late: Vec<_> = [
        ("c2", "", false),
        ("c2", "", true),
        ("c1", "t2", false),
        ("", "t2", true),
        ("c1", "t1", false),
        ("", "t1", false),
    ]
    .into_iter()
    .map(|(circle, tenant, by_name)| {
        (circle, tenant, open(&restaurant, Protocol::V1, of("ben", circle, tenant, by_name)))
    })
    .collect();
    let mut asha = open(&restaurant, Protocol::V1, of("asha", "c1", "t1", false));
    asha.send(join("asha", &json!({}))).await.unwrap();
    asha.settle().await;
    let before = facts(&restaurant).await;
    for (circle, tenant, ben) in &mut late[..4] {
        ben.send(join("ben", &json!({ "circleId": "c1", "tenantId": "t1" }))).await.unwrap();
        assert_eq!(code(&only(ben).await), "not_your_room", "{circle} {tenant}");
        ben.send(add("dal", 10)).await.unwrap();
        assert_eq!(code(&only(ben).await), "join_first", "{circle} {tenant}");
    }
    hears_nothing(&mut asha).await;
    assert_eq!(facts(&restaurant).await, before);
    for (_, _, ben) in &mut late[4..] {
        ben.send(join("ben", &json!({}))).await.unwrap();
        assert_eq!(kinds(&ben.settle().await), ["sync", "participant_joined"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_door_knows_the_circle_of_an_order_in_memory_and_of_one_in_the_log() {
    let restaurant = restaurant();
    let mut access = [Access::default(), Access::default(), Access::default()];
    access[0].circle = Some(text("c1"));
    access[1].circle = Some(text("c2"));
    access[2].tenant = Some(text("t1"));
    let [ours, theirs, tenants] = access;
    assert!(restaurant.host().admits(&room(), &theirs).await.unwrap(), "nobody has joined it yet");
    assert_eq!(restaurant.host().loaded_rooms(), 0);
    let mut asha = restaurant.connect(&room());
    asha.send(join("asha", &json!({ "circleId": "c1" }))).await.unwrap();
    asha.settle().await;
    let after = restaurant.restarted(2);
    for host in [restaurant.host(), after.host()] {
        assert!(host.admits(&room(), &ours).await.unwrap());
        assert!(!host.admits(&room(), &theirs).await.unwrap());
        assert!(!host.admits(&room(), &tenants).await.unwrap(), "it is of no tenant");
        let mut by_name = tenants.clone();
        by_name.by_name = true;
        assert!(host.admits(&room(), &by_name).await.unwrap());
        assert!(host.admits(&room(), &Access::default()).await.unwrap());
    }
    assert_eq!(after.host().loaded_rooms(), 0, "a look loads nothing");
}

#[tokio::test(start_paused = true)]
async fn a_resume_token_replaces_no_sign_in() {
    let restaurant = restaurant();
    let mut asha = open(&restaurant, Protocol::V2, identity("asha"));
    asha.send(join_with_id("asha")).await.unwrap();
    let token = asha.settle().await[0].json()["resumeToken"].as_str().unwrap().to_owned();
    let before = facts(&restaurant).await;
    let since = Some(cursor(&restaurant, 1).await);
    let back = |who: &str| Opening {
        protocol: Protocol::V2,
        resume_token: Some(token.clone()),
        since,
        identity: Some(identity(who)),
        ..Opening::default()
    };
    let mut ben = restaurant.open(&room(), back("ben"));
    hears_nothing(&mut ben).await;
    ben.send(r#"{"type":"get_state","id":"q"}"#).await.unwrap();
    assert_eq!(only(&mut ben).await.json()["code"], "join_first");
    hears_nothing(&mut asha).await;
    let mut again = restaurant.open(&room(), back("asha"));
    assert_eq!(only(&mut again).await.json()["type"], "welcome");
    assert_eq!(facts(&restaurant).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_socket_ends_with_its_sign_in_and_is_told_so_in_its_own_protocol() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    for (protocol, kind) in [(Protocol::V1, "error"), (Protocol::V2, "reject")] {
        let mut ben = open(&restaurant, protocol, until(&restaurant, Duration::from_secs(3600)));
        ben.send(join_with_id("ben")).await.unwrap();
        ben.settle().await;
        asha.settle().await;
        let before = facts(&restaurant).await;

        wait(&restaurant, Duration::from_secs(3590)).await;
        hears_nothing(&mut ben).await;
        wait(&restaurant, Duration::from_secs(10)).await;

        let told = ben.recv().await.unwrap().json();
        assert_eq!((&told["type"], code_of(&told).as_str()), (&json!(kind), "token_expired"));
        assert_eq!(ben.recv().await.unwrap_err(), Closed::SignInEnded);
        let heard = only(&mut asha).await.json();
        assert_eq!((&heard["type"], &heard["data"]["isOnline"]), (&json!("presence"), &json!(false)));
        assert_eq!(facts(&restaurant).await, before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_never_joined_ends_too_and_one_that_has_no_end_does_not() {
    let restaurant = restaurant();
    let mut stranger = open(&restaurant, Protocol::V1, until(&restaurant, Duration::from_secs(5)));
    let mut forever = open(&restaurant, Protocol::V1, identity("asha"));
    wait(&restaurant, Duration::from_secs(6)).await;
    assert_eq!(code(&stranger.recv().await.unwrap()), "token_expired");
    assert_eq!(stranger.recv().await.unwrap_err(), Closed::SignInEnded);
    wait(&restaurant, Duration::from_secs(10_000_000)).await;
    forever.send(join("asha", &json!({}))).await.unwrap();
    assert_eq!(kinds(&forever.settle().await), ["sync", "participant_joined"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_carried_out_after_the_end_of_the_sign_in_even_if_the_clock_was_set() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let mut ben = open(&restaurant, Protocol::V1, until(&restaurant, Duration::from_secs(3600)));
    ben.send(join("ben", &json!({}))).await.unwrap();
    ben.settle().await;
    asha.settle().await;
    let before = facts(&restaurant).await;
    // No time passes, so a timer alone would not notice.
    restaurant.clock().advance(Duration::from_secs(3600));
    ben.send(add("dal", 10)).await.unwrap();
    assert_eq!(code(&ben.recv().await.unwrap()), "token_expired");
    assert_eq!(ben.recv().await.unwrap_err(), Closed::SignInEnded);
    assert_eq!(kinds(&asha.settle().await), ["presence"]);
    assert_eq!(facts(&restaurant).await, before);
}

/// The socket reads nothing for a while, so messages are queued when its sign-in ends: few,
/// or so many that the queue is dropped before or after the end.
#[tokio::test(start_paused = true)]
async fn a_reader_that_stalls_gets_nothing_that_was_stored_after_the_end_of_its_sign_in() {
    for protocol in [Protocol::V1, Protocol::V2] {
        for (outbox_bytes, before, after) in
            [(1 << 20, 30, 30), (4 << 10, 100, 30), (16 << 10, 20, 200), (1 << 20, 0, 30)]
        {
            let mut settings = Settings::default();
            settings.outbox_bytes = outbox_bytes;
            let restaurant = Simulation::with_settings(1, Faults::default(), settings);
            let [mut asha] = seated(&restaurant, ["asha"]).await;
            let mut ben = open(&restaurant, protocol, until(&restaurant, Duration::from_secs(3600)));
            ben.send(join_with_id("ben")).await.unwrap();
            ben.settle().await;
            order(&mut asha, "before", before).await;
            let last = facts(&restaurant).await.len() as u64;

            restaurant.clock().advance(Duration::from_secs(3600));
            order(&mut asha, "after", after).await;
            // Presence is not a fact, and must not be sent to this socket any more either.
            let mut chitra = restaurant.connect(&room());
            chitra.join("chitra", "Chitra").await.unwrap();
            drop(chitra);
            asha.recv_until("presence").await.unwrap();

            let context = format!("{protocol:?}, {outbox_bytes} bytes, {before} before, {after} after");
            let heard = all_until_the_end(&mut ben).await;
            let (end, earlier) = heard.split_last().unwrap();
            assert_eq!(code_of(&end.json()), "token_expired", "{context}");
            for message in earlier {
                assert!(
                    !message.text().contains("after") && !message.text().contains("Chitra"),
                    "{context}: {message:?}"
                );
                assert!(seq_of(&message.json()).is_none_or(|seq| seq <= last), "{context}: {message:?}");
            }
            if outbox_bytes == 1 << 20 {
                assert_eq!(earlier.len(), before as usize, "what was queued in time is given: {context}");
            }
        }
    }
}

/// The clock is past the end only while the room works; then it is set back.
#[tokio::test(start_paused = true)]
async fn a_sign_in_that_has_ended_stays_so_when_the_clock_is_set_back() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let began = restaurant.clock().now();
    let mut signed = identity("ben");
    signed.expires_at = Some(UnixMillis::new(began.get() + 1_000));
    let mut ben = open(&restaurant, Protocol::V1, signed);
    ben.send(join("ben", &json!({}))).await.unwrap();
    ben.settle().await;
    asha.settle().await;
    restaurant.clock().advance(Duration::from_secs(3600));
    order(&mut asha, "after", 1).await;
    restaurant.clock().set(began);
    let heard = all_until_the_end(&mut ben).await;
    assert_eq!(heard.iter().map(code).collect::<Vec<_>>(), ["token_expired"]);
}

/// Answers to requests in time that come too late: a state, a history, and the ack of a
/// command that waits for the disk.
#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_after_the_end_of_the_sign_in_is_not_given() {
    for protocol in [Protocol::V1, Protocol::V2] {
        let restaurant = restaurant();
        let [mut asha] = seated(&restaurant, ["asha"]).await;
        let mut ben = open(&restaurant, protocol, until(&restaurant, Duration::from_secs(3600)));
        ben.send(join_with_id("ben")).await.unwrap();
        ben.settle().await;
        asha.settle().await;

        restaurant.log().hold();
        ben.send(add_with_command("dal", 10, "c-1")).await.unwrap();
        ben.send(r#"{"type":"history","id":"c-2","data":{}}"#).await.unwrap();
        if protocol == Protocol::V2 {
            ben.send(r#"{"type":"get_state","id":"c-3"}"#).await.unwrap();
            ben.send(r#"{"type":"get_bill","id":"c-4"}"#).await.unwrap();
        }
        // All of it has reached the room, and nothing is answered yet.
        hears_nothing(&mut asha).await;
        restaurant.clock().advance(Duration::from_secs(3600));
        restaurant.log().release();

        let heard = all_until_the_end(&mut ben).await;
        assert_eq!(heard.len(), 1, "{protocol:?}: {:?}", kinds(&heard));
        assert_eq!(code_of(&heard[0].json()), "token_expired");
        assert_eq!(kinds(&asha.settle().await), ["item_added", "presence"], "it counted all the same");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_socket_notices_a_clock_that_was_set_within_a_minute() {
    let restaurant = restaurant();
    let mut ben = open(&restaurant, Protocol::V1, until(&restaurant, Duration::from_secs(3600)));
    hears_nothing(&mut ben).await;
    restaurant.clock().advance(Duration::from_secs(3600));
    let within_a_minute = async {
        assert_eq!(code(&ben.recv().await.unwrap()), "token_expired");
        assert_eq!(ben.recv().await.unwrap_err(), Closed::SignInEnded);
    };
    tokio::time::timeout(Duration::from_secs(61), within_a_minute).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_has_ended_before_the_socket_opened_opens_nothing() {
    let restaurant = Simulation::new(1, Faults::default());
    let mut signed = identity("ben");
    signed.expires_at = Some(UnixMillis::new(ManualClock::default().now().get()));
    let mut ben = open(&restaurant, Protocol::V2, signed);
    assert_eq!(ben.recv().await.unwrap().json()["code"], "token_expired");
    assert_eq!(ben.recv().await.unwrap_err(), Closed::SignInEnded);
    assert_eq!(restaurant.host().loaded_rooms(), 0);
}

/// Orders this many dishes with this name.
async fn order(client: &mut Client, name: &str, dishes: u32) {
    for number in 0..dishes {
        client.send(add(&format!("{name}-{number}"), 10)).await.unwrap();
        client.recv_until("item_added").await.unwrap();
    }
}

/// Returns what a socket still receives before it is closed at the end of its sign-in.
async fn all_until_the_end(client: &mut Client) -> Vec<Message> {
    let mut heard = Vec::new();
    loop {
        match client.recv().await {
            Ok(message) => heard.push(message),
            Err(closed) => {
                assert_eq!(closed, Closed::SignInEnded);
                return heard;
            }
        }
    }
}

/// Returns the sequence number of the change that a message shows, in either protocol.
fn seq_of(message: &Value) -> Option<u64> {
    let data = &message["data"];
    [&data["orderState"]["seq"], &data["seq"], &message["seq"]].into_iter().find_map(Value::as_u64)
}

#[tokio::test(start_paused = true)]
async fn a_join_needs_no_participant_where_somebody_signed_in_and_needs_one_elsewhere() {
    for (protocol, greeted) in
        [(Protocol::V1, &["sync", "participant_joined", "ack"][..]), (Protocol::V2, &["welcome", "ack"])]
    {
        let restaurant = restaurant();
        let [mut asha] = seated(&restaurant, ["asha"]).await;
        let join = json!({ "type": "join", "id": "j", "participantName": "Ben", "data": {} }).to_string();
        let before = facts(&restaurant).await;
        let mut stranger = restaurant.open(&room(), Opening { protocol, ..Opening::default() });
        stranger.send(join.clone()).await.unwrap();
        assert_eq!(code_of(&only(&mut stranger).await.json()), "missing_field");
        hears_nothing(&mut asha).await;
        assert_eq!(facts(&restaurant).await, before);

        let mut ben = open(&restaurant, protocol, identity("ben"));
        ben.send(join.clone()).await.unwrap();
        assert_eq!(kinds(&ben.settle().await), greeted);
        let heard = only(&mut asha).await.json();
        assert_eq!(heard["participantId"], "ben", "{heard}");
        // Repeated with the participant, it is the same command.
        let mut again: Value = serde_json::from_str(&join).unwrap();
        again["participantId"] = json!("ben");
        ben.send(again.to_string()).await.unwrap();
        let answers: Vec<Value> = ben.settle().await.iter().map(transport_memory::Message::json).collect();
        let ack = answers.iter().find(|answer| answer["type"] == "ack").unwrap();
        assert_eq!(ack["data"].get("repeated").unwrap_or(&ack["repeated"]), &json!(true), "{ack}");
        assert_eq!(facts(&restaurant).await.len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_at_the_table_speaks_from_the_first_message_on_without_a_join() {
    let restaurant = restaurant();
    let [mut asha, _ben] = seated(&restaurant, ["asha", "ben"]).await;
    for (protocol, item, greeted) in [
        (Protocol::V1, "dal", &["sync", "participant_joined", "item_added", "ack"][..]),
        (Protocol::V2, "naan", &["welcome", "event", "ack"]),
    ] {
        let mut ben = open(&restaurant, protocol, identity("ben"));
        hears_nothing(&mut ben).await;
        hears_nothing(&mut asha).await;
        ben.send(add_with_command(item, 10, item)).await.unwrap();
        assert_eq!(kinds(&ben.settle().await), greeted);
        assert_eq!(only(&mut asha).await.json()["data"]["item"]["addedBy"], "ben");
        // From here on it is an ordinary socket.
        ben.send(add_with_command(&format!("{item}-2"), 10, &format!("{item}-2"))).await.unwrap();
        assert_eq!(kinds(&ben.settle().await), greeted[greeted.len() - 2..]);
        only(&mut asha).await;
    }
    for question in ["get_state", "get_bill", "get_checksum", "history"] {
        let mut ben = open(&restaurant, Protocol::V2, identity("ben"));
        ben.send(json!({ "type": question, "id": "q" }).to_string()).await.unwrap();
        let answers = ben.settle().await;
        assert_eq!((answers[0].kind(), answers.len()), ("welcome", 2), "{question}: {:?}", kinds(&answers));
        assert_ne!(answers[1].kind(), "reject", "{question}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_signed_in_and_was_away_is_greeted_once_with_what_they_missed() {
    let restaurant = restaurant();
    let mut ben = open(&restaurant, Protocol::V2, identity("ben"));
    ben.send(join_with_id("ben")).await.unwrap();
    ben.settle().await;
    drop(ben);
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    asha.send(add("dal", 10)).await.unwrap();
    asha.settle().await;
    let since = Some(cursor(&restaurant, 1).await);
    let back =
        || Opening { protocol: Protocol::V2, since, identity: Some(identity("ben")), ..Opening::default() };
    let mut first = restaurant.open(&room(), back());
    hears_nothing(&mut first).await;
    first.send(r#"{"type":"get_checksum","id":"q"}"#).await.unwrap();
    let greeting = first.settle().await[0].json();
    assert_eq!((&greeting["type"], &greeting["resumed"]), (&json!("welcome"), &json!(true)));
    assert_eq!(greeting["events"].as_array().unwrap().len(), 2);
    assert_eq!(asha.settle().await.len(), 1, "that they are there");
    // A join is answered as usual, with one greeting.
    for (protocol, greeted) in
        [(Protocol::V1, &["sync", "participant_joined", "ack"][..]), (Protocol::V2, &["welcome", "ack"])]
    {
        let mut joins = restaurant.open(&room(), Opening { protocol, ..back() });
        joins.send(join_with_id("ben")).await.unwrap();
        assert_eq!(kinds(&joins.settle().await), greeted);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_not_at_the_table_is_told_to_join_first_and_then_may() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    for gone in ["left", "removed"] {
        let mut guest = restaurant.connect(&room());
        guest.join(gone, gone).await.unwrap();
        guest.settle().await;
        let goes = if gone == "left" {
            guest.send(r#"{"type":"leave","data":{}}"#).await.unwrap();
            guest.settle().await
        } else {
            let data = json!({ "participantId": "removed", "dishes": "keep" });
            asha.send(json!({ "type": "remove_participant", "data": data }).to_string()).await.unwrap();
            asha.settle().await
        };
        assert!(!goes.is_empty());
    }
    asha.settle().await;
    let before = facts(&restaurant).await;
    for protocol in [Protocol::V1, Protocol::V2] {
        for who in ["left", "removed", "stranger"] {
            let mut guest = open(&restaurant, protocol, identity(who));
            for message in
                [add_with_command("dal", 10, "c-1"), r#"{"type":"finalize","id":"c-2"}"#.to_owned()]
            {
                guest.send(message).await.unwrap();
                assert_eq!(code_of(&only(&mut guest).await.json()), "join_first", "{who}");
            }
            hears_nothing(&mut asha).await;
        }
        let mut other_circle = identity("asha");
        other_circle.access.circle = Some(text("c2"));
        let mut elsewhere = open(&restaurant, protocol, other_circle);
        elsewhere.send(add_with_command("dal", 10, "c-1")).await.unwrap();
        assert_eq!(code_of(&only(&mut elsewhere).await.json()), "join_first", "of another circle");
        let mut unread = open(&restaurant, protocol, identity("asha"));
        unread.send("{").await.unwrap();
        assert_eq!(code_of(&only(&mut unread).await.json()), "bad_json");
        hears_nothing(&mut asha).await;
        assert_eq!(facts(&restaurant).await, before);
        let mut without = restaurant.open(&room(), Opening { protocol, ..Opening::default() });
        without.send(add_with_command("dal", 10, "c-1")).await.unwrap();
        assert_eq!(code_of(&only(&mut without).await.json()), "join_first", "without sign-in");
    }
    assert_eq!(facts(&restaurant).await, before);
    let mut guest = open(&restaurant, Protocol::V1, identity("stranger"));
    guest.send(add("dal", 10)).await.unwrap();
    assert_eq!(code(&only(&mut guest).await), "join_first");
    guest.send(join("stranger", &json!({}))).await.unwrap();
    assert_eq!(kinds(&guest.settle().await), ["sync", "participant_joined"]);
}

fn identity(who: &str) -> Identity {
    Identity::new(ParticipantId::new(who).unwrap())
}

/// Returns ben's identity, which expires after this time.
fn until(restaurant: &Simulation, life: Duration) -> Identity {
    let mut ben = identity("ben");
    let life = u64::try_from(life.as_millis()).unwrap();
    ben.expires_at = Some(UnixMillis::new(restaurant.clock().now().get() + life));
    ben
}

fn open(restaurant: &Simulation, protocol: Protocol, identity: Identity) -> Client {
    restaurant.open(&room(), Opening { protocol, identity: Some(identity), ..Opening::default() })
}

/// Lets time pass on the host's clock and on tokio's.
async fn wait(restaurant: &Simulation, time: Duration) {
    restaurant.clock().advance(time);
    tokio::time::sleep(time).await;
}

fn join_with_id(who: &str) -> String {
    json!({ "type": "join", "id": "join-1", "participantId": who, "participantName": who, "data": {} })
        .to_string()
}

fn text(label: &str) -> Text {
    Text::clean(label, 80).unwrap()
}

/// Returns the code of a refusal in either protocol.
fn code_of(refused: &Value) -> String {
    refused["data"]["code"]
        .as_str()
        .or(refused["code"].as_str())
        .unwrap_or_else(|| panic!("{refused}"))
        .to_owned()
}
