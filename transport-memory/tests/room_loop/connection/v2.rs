//! `stonepot.v2` in the room: welcome, events, answers, and phones that resume.

use order_host::log::Link;
use order_host::{Cursor, Opening, Protocol, Settings};
use serde_json::{Value, json};
use transport_memory::{AppendFault, Client, Faults, Message, Simulation};

use crate::support::table::{add, cursor, facts, hears_nothing, kinds, only, restaurant, room, seated};

#[tokio::test(start_paused = true)]
async fn who_joins_is_welcomed_with_the_state_and_everybody_else_hears_an_event() {
    let restaurant = restaurant();
    let [mut old] = seated(&restaurant, ["old"]).await;
    let mut asha = v2(&restaurant);
    let welcome = join(&mut asha, "asha").await;
    assert_eq!(welcome["participantId"], "asha");
    assert_eq!((&welcome["resumed"], &welcome["seq"]), (&json!(false), &json!(2)));
    assert_eq!(welcome["state"]["participants"][1]["id"], "asha");
    assert_eq!(welcome["online"].as_array().unwrap().len(), 2);
    assert!(welcome.get("phone").is_none());
    assert_eq!(kinds(&old.settle().await), ["participant_joined"]);

    let mut ben = v2(&restaurant);
    join(&mut ben, "ben").await;
    let heard = asha.settle().await;
    assert_eq!(kinds(&heard), ["event"]);
    assert_eq!(heard[0].json()["event"], "participant_joined");
    assert_eq!(heard[0].json()["put"]["participants"]["id"], "ben");
}

#[tokio::test(start_paused = true)]
async fn each_command_is_one_event_for_all_and_one_ack_for_its_sender() {
    let restaurant = restaurant();
    let [mut old] = seated(&restaurant, ["old"]).await;
    let [mut asha, mut ben] = joined(&restaurant, ["asha", "ben"]).await;
    old.settle().await;
    asha.send(dish("c1", "dosa")).await.unwrap();
    let heard = asha.settle().await;
    assert_eq!(kinds(&heard), ["event", "ack"]);
    assert_eq!(heard[1].json(), json!({ "type": "ack", "id": "c1", "seq": 4 }));
    assert_eq!(kinds(&ben.settle().await), ["event"]);
    assert_eq!(kinds(&old.settle().await), ["item_added"]);

    old.send(add("naan", 40)).await.unwrap();
    assert_eq!(only(&mut asha).await.json()["put"]["items"]["dishName"], "naan");

    asha.send(r#"{"type":"remove_item","id":"c2","data":{"itemId":"nothing"}}"#).await.unwrap();
    let reject = only(&mut asha).await.json();
    assert_eq!(
        (&reject["type"], &reject["id"], &reject["code"]),
        (&json!("reject"), &json!("c2"), &json!("item_not_found"))
    );
    asha.send("{").await.unwrap();
    assert_eq!(only(&mut asha).await.json()["id"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn dishes_added_together_are_one_event_and_in_the_first_protocol_a_message_for_each() {
    let restaurant = restaurant();
    let [mut old] = seated(&restaurant, ["old"]).await;
    let [mut asha] = joined(&restaurant, ["asha"]).await;
    old.settle().await;
    let dish = |id: &str| json!({ "id": id, "dishName": id, "quantity": 1, "price": 20 });
    let dishes = json!({ "type": "add_items", "id": "c1", "data": { "items": [dish("idli"), dish("vada"), dish("dosa")] } });
    asha.send(dishes.to_string()).await.unwrap();
    let heard = asha.settle().await;
    assert_eq!(kinds(&heard), ["event", "ack"]);
    assert_eq!(heard[0].json()["event"], "items_added");
    assert_eq!(heard[0].json()["set"]["items"].as_array().unwrap().len(), 3);
    let heard = old.settle().await;
    assert_eq!(kinds(&heard), ["item_added"; 3]);
    let ids: Vec<_> = heard.iter().map(|told| told.json()["data"]["item"]["id"].clone()).collect();
    assert_eq!(ids, ["idli", "vada", "dosa"]);
    for told in &heard {
        assert_eq!(told.json()["data"]["orderState"]["seq"], json!(3));
    }
    old.send(r#"{"type":"finalize","id":"f"}"#).await.unwrap();
    assert_eq!(kinds(&old.settle().await), ["order_finalized", "ack"]);
    old.send(r#"{"type":"correct_item","id":"x","data":{"itemId":"vada","reason":"cold"}}"#).await.unwrap();
    assert_eq!(kinds(&old.settle().await), ["item_removed", "ack"]);
    old.send(r#"{"type":"reopen","id":"r"}"#).await.unwrap();
    assert_eq!(kinds(&old.settle().await), ["sync", "ack"]);
    let events: Vec<_> = asha.settle().await.iter().map(|told| told.json()["event"].clone()).collect();
    assert_eq!(events, ["order_finalized", "item_corrected", "order_reopened"]);
}

#[tokio::test(start_paused = true)]
async fn a_stranger_is_rejected_and_sees_nothing() {
    let restaurant = restaurant();
    let mut stranger = v2(&restaurant);
    for (text, code) in [
        (dish("c1", "dosa").as_str(), "join_first"),
        (r#"{"type":"get_state"}"#, "join_first"),
        (r#"{"type":"presence","data":{"typing":true}}"#, "join_first"),
        (r#"{"type":"finalize"}"#, "missing_field"),
    ] {
        stranger.send(text).await.unwrap();
        let reject = only(&mut stranger).await.json();
        assert_eq!((&reject["type"], &reject["code"]), (&json!("reject"), &json!(code)), "{text}");
    }
    assert_eq!(restaurant.host().loaded_rooms(), 0);
    assert!(facts(&restaurant).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_command_that_is_sent_again_gets_the_first_answer_and_happens_once() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = joined(&restaurant, ["asha", "ben"]).await;
    asha.send(dish("c1", "dosa")).await.unwrap();
    asha.settle().await;
    ben.settle().await;
    let before = facts(&restaurant).await;

    asha.send(dish("c1", "dosa")).await.unwrap();
    let repeated = json!({ "type": "ack", "id": "c1", "seq": 3, "repeated": true });
    assert_eq!(only(&mut asha).await.json(), repeated);
    let mut other_tab = v2(&restaurant);
    join(&mut other_tab, "asha").await;
    other_tab.send(dish("c1", "dosa")).await.unwrap();
    assert_eq!(only(&mut other_tab).await.json(), repeated);
    asha.send(dish("c1", "naan")).await.unwrap();
    assert_eq!(only(&mut asha).await.json()["code"], "command_id_reused");

    let after = restaurant.restarted(2);
    let mut asha = v2(&after);
    join(&mut asha, "asha").await;
    asha.send(dish("c1", "dosa")).await.unwrap();
    assert_eq!(only(&mut asha).await.json(), repeated, "after a crash too");
    assert_eq!(facts(&restaurant).await, before);
    hears_nothing(&mut ben).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_twice_at_once_happens_once() {
    let restaurant = restaurant();
    let [mut asha] = joined(&restaurant, ["asha"]).await;
    restaurant.log().hold();
    for _ in 0..3 {
        asha.send(dish("c1", "dosa")).await.unwrap();
    }
    restaurant.log().release();
    assert_eq!(kinds(&asha.settle().await), ["event", "ack", "ack", "ack"]);
    assert_eq!(facts(&restaurant).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_old_client_that_adds_ids_is_answered_and_counts_once_too() {
    let restaurant = restaurant();
    let [mut old] = seated(&restaurant, ["old"]).await;
    let add = r#"{"type":"add_item","id":"c1","data":{"dishName":"Dosa","price":100,"quantity":1}}"#;
    old.send(add).await.unwrap();
    let heard = old.settle().await;
    assert_eq!(kinds(&heard), ["item_added", "ack"]);
    old.send(add).await.unwrap();
    let ack = only(&mut old).await.json();
    assert_eq!((&ack["id"], &ack["data"]), (&json!("c1"), &json!({ "seq": 2, "repeated": true })));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_stands_when_the_command_comes_again() {
    let restaurant = restaurant();
    let [mut asha] = joined(&restaurant, ["asha"]).await;
    let remove = r#"{"type":"remove_item","id":"c1","data":{"itemId":"dosa"}}"#;
    asha.send(remove).await.unwrap();
    assert_eq!(only(&mut asha).await.json()["code"], "item_not_found");
    asha.send(dish("c2", "dosa")).await.unwrap();
    asha.settle().await;
    asha.send(remove).await.unwrap();
    assert_eq!(only(&mut asha).await.json()["code"], "item_not_found", "it was told that it was refused");
    asha.send(remove.replace("dosa", "naan")).await.unwrap();
    assert_eq!(only(&mut asha).await.json()["code"], "command_id_reused");
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_stored_may_be_sent_again() {
    let restaurant = restaurant();
    let [mut asha] = joined(&restaurant, ["asha"]).await;
    restaurant.log().fail_next_append(AppendFault::Failed);
    asha.send(dish("c1", "dosa")).await.unwrap();
    assert_eq!(only(&mut asha).await.json()["code"], "storage_unavailable");
    asha.send(dish("c1", "dosa")).await.unwrap();
    assert_eq!(kinds(&asha.settle().await), ["event", "ack"]);
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_comes_back_gets_what_it_missed_once_and_in_order() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = joined(&restaurant, ["asha", "ben"]).await;
    let token = token(&restaurant, "ben").await;
    let since = cursor(&restaurant, 2).await;
    ben.settle().await;
    ben.disconnect();
    for number in 0..5 {
        asha.send(dish(&format!("c{number}"), &format!("dish {number}"))).await.unwrap();
    }
    asha.settle().await;

    let mut ben = back(&restaurant, &token, Some(since));
    // Commands queued while it was offline are sent first.
    ben.send(dish("queued", "queued")).await.unwrap();
    let heard = ben.settle().await;
    assert_eq!(kinds(&heard), ["welcome", "event", "ack"]);
    let welcome = heard[0].json();
    assert_eq!((&welcome["resumed"], &welcome["participantId"]), (&json!(true), &json!("ben")));
    let seqs: Vec<_> =
        welcome["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, [3, 4, 5, 6, 7]);
    assert_eq!(heard[1].json()["seq"], 8);
    assert_eq!(heard[1].json()["cursor"], cursor(&restaurant, 8).await.text());
    let heard = asha.settle().await;
    assert!(kinds(&heard).contains(&"presence"));

    let here = cursor(&restaurant, 8).await;
    let mut again = back(&restaurant, &token, Some(here));
    assert_eq!(only(&mut again).await.json()["events"], json!([]));
    let mut future = back(&restaurant, &token, Some(Cursor::new(9, Link::new([1; 16]))));
    assert_eq!(only(&mut future).await.json()["resumed"], false, "no such event has happened");
}

#[tokio::test(start_paused = true)]
async fn who_was_away_too_long_gets_the_full_state_and_is_told_so() {
    let restaurant = restaurant();
    let [_asha] = joined(&restaurant, ["asha"]).await;
    let token = token(&restaurant, "asha").await;
    let after = restaurant.restarted(2);
    let mut asha = back(&after, &token, Some(cursor(&restaurant, 0).await));
    let welcome = only(&mut asha).await.json();
    assert_eq!((&welcome["resumed"], &welcome["state"]["seq"]), (&json!(false), &json!(1)));
    assert!(welcome.get("events").is_none());
}

#[tokio::test(start_paused = true)]
async fn an_old_client_comes_back_with_a_token_too() {
    let restaurant = restaurant();
    let [mut asha] = joined(&restaurant, ["asha"]).await;
    let token = token(&restaurant, "asha").await;
    let opening = Opening { resume_token: Some(token), ..Opening::default() };
    let mut old = restaurant.open(&room(), opening);
    old.send(add("naan", 40)).await.unwrap();
    assert_eq!(kinds(&old.settle().await), ["sync", "participant_joined", "item_added"]);
    assert_eq!(only(&mut asha).await.json()["by"], "asha");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_proves_nothing_makes_a_stranger() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = joined(&restaurant, ["asha", "ben"]).await;
    let token = token(&restaurant, "ben").await;
    asha.settle().await;
    let before = facts(&restaurant).await;
    let since = Some(cursor(&restaurant, 1).await);
    let other_room = order_host::RoomKey::new("main", "another").unwrap();
    let opening = |token: &str| Opening {
        protocol: Protocol::V2,
        resume_token: Some(token.to_owned()),
        since,
        ..Opening::default()
    };
    for mut stranger in [
        restaurant.open(&other_room, opening(&token)),
        restaurant.open(&room(), opening(&token[1..])),
        restaurant.open(&room(), opening("x")),
    ] {
        hears_nothing(&mut stranger).await;
        stranger.send(dish("c1", "dosa")).await.unwrap();
        assert_eq!(only(&mut stranger).await.json()["code"], "join_first");
    }
    ben.send(r#"{"type":"leave","id":"bye"}"#).await.unwrap();
    assert_eq!(kinds(&ben.settle().await), ["event", "ack"]);
    let mut gone = restaurant.open(&room(), opening(&token));
    gone.send(dish("c1", "dosa")).await.unwrap();
    assert_eq!(only(&mut gone).await.json()["code"], "join_first", "a person who has left joins again");
    assert_eq!(facts(&restaurant).await.len(), before.len() + 1);
}

#[tokio::test(start_paused = true)]
async fn typing_and_speaking_are_shown_to_the_others_and_never_stored() {
    let restaurant = restaurant();
    let [mut old] = seated(&restaurant, ["old"]).await;
    let [mut asha, mut ben] = joined(&restaurant, ["asha", "ben"]).await;
    old.settle().await;
    let before = facts(&restaurant).await;
    let typing = r#"{"type":"presence","data":{"typing":true,"speaking":true}}"#;
    asha.send(typing).await.unwrap();
    asha.send(typing).await.unwrap();
    let shown = only(&mut ben).await.json();
    let expected = json!({ "type": "presence", "participantId": "asha", "online": true, "typing": true, "speaking": true });
    assert_eq!(shown, expected);
    hears_nothing(&mut asha).await;
    hears_nothing(&mut old).await;
    asha.disconnect();
    let shown = only(&mut ben).await.json();
    assert_eq!((&shown["online"], &shown["typing"]), (&json!(false), &json!(false)));
    assert_eq!(facts(&restaurant).await, before);
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_is_answered_to_who_asked() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = joined(&restaurant, ["asha", "ben"]).await;
    asha.send(dish("c1", "dosa")).await.unwrap();
    asha.settle().await;
    ben.settle().await;
    asha.send(r#"{"type":"get_state","id":"q1"}"#).await.unwrap();
    let state = only(&mut asha).await.json();
    asha.send(r#"{"type":"get_checksum","id":"q2"}"#).await.unwrap();
    let checksum = only(&mut asha).await.json();
    assert_eq!(
        (&state["type"], &state["id"], &state["checksum"]),
        (&json!("state"), &json!("q1"), &checksum["checksum"])
    );
    asha.send(r#"{"type":"get_bill","id":"q3"}"#).await.unwrap();
    let bill = only(&mut asha).await.json();
    assert_eq!((&bill["type"], &bill["id"], &bill["amountDue"]), (&json!("bill"), &json!("q3"), &json!(100)));
    hears_nothing(&mut ben).await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_fell_behind_gets_the_state_once_and_then_events_again() {
    let mut settings = Settings::default();
    settings.outbox_bytes = 4 * 1024;
    let restaurant = Simulation::with_settings(1, Faults::default(), settings);
    let [mut asha, mut slow] = joined(&restaurant, ["asha", "slow"]).await;
    for number in 0..100 {
        asha.send(dish(&format!("c{number}"), "dosa")).await.unwrap();
        asha.recv_until("ack").await.unwrap();
    }
    let heard = slow.settle().await;
    asha.send(dish("last", "last")).await.unwrap();
    let last = slow.settle().await;
    let kinds = kinds(&heard);
    assert_eq!(kinds.iter().filter(|kind| **kind == "state").count(), 1, "{kinds:?}");
    let state = heard.iter().position(|message| message.kind() == "state").unwrap();
    let mut seq = heard[state].json()["seq"].as_u64().unwrap();
    for message in heard[state + 1..].iter().chain(&last) {
        seq += 1;
        assert_eq!(message.json()["seq"], seq, "no gap after the state");
    }
    assert_eq!(seq, 103);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_fell_behind_and_gets_up_is_shown_the_state_and_no_event_after_a_gap() {
    let mut settings = Settings::default();
    settings.outbox_bytes = 4 * 1024;
    let restaurant = Simulation::with_settings(1, Faults::default(), settings);
    let [mut asha, mut slow] = joined(&restaurant, ["asha", "slow"]).await;
    for number in 0..100 {
        asha.send(dish(&format!("c{number}"), "dosa")).await.unwrap();
        asha.recv_until("ack").await.unwrap();
    }
    slow.send(r#"{"type":"leave","id":"bye"}"#).await.unwrap();
    asha.recv_until("event").await.unwrap();

    let heard = slow.settle().await;
    let mut seq = 2;
    for event in heard.iter().filter(|message| message.kind() == "event") {
        seq += 1;
        assert_eq!(event.json()["seq"], seq, "no gap");
    }
    let [.., state, ack] = &heard[..] else { panic!("{:?}", kinds(&heard)) };
    assert_eq!((state.kind(), ack.kind()), ("state", "ack"));
    assert_eq!((&state.json()["seq"], &ack.json()["seq"]), (&json!(103), &json!(103)));
    assert_eq!(state.json()["state"]["participants"][1]["left"], true);
    hears_nothing(&mut slow).await;
}

fn v2(restaurant: &Simulation) -> Client {
    restaurant.open(&room(), Opening { protocol: Protocol::V2, ..Opening::default() })
}

fn back(restaurant: &Simulation, token: &str, since: Option<Cursor>) -> Client {
    let resume_token = Some(token.to_owned());
    restaurant.open(&room(), Opening { protocol: Protocol::V2, resume_token, since, ..Opening::default() })
}

/// Joins, and returns the welcome.
async fn join(client: &mut Client, who: &str) -> Value {
    let join = json!({ "type": "join", "id": format!("join-{who}"), "participantId": who, "participantName": who, "data": {} });
    client.send(join.to_string()).await.unwrap();
    let heard = client.settle().await;
    assert_eq!(kinds(&heard), ["welcome", "ack"]);
    heard[0].json()
}

async fn joined<const N: usize>(restaurant: &Simulation, participants: [&str; N]) -> [Client; N] {
    let mut clients = participants.map(|_| v2(restaurant));
    for (client, who) in clients.iter_mut().zip(participants) {
        join(client, who).await;
    }
    for client in &mut clients {
        client.settle().await;
    }
    clients
}

/// Returns a resume token of somebody at the table.
async fn token(restaurant: &Simulation, who: &str) -> String {
    let mut tab = v2(restaurant);
    let join = json!({ "type": "join", "id": format!("token-{who}"), "participantId": who, "data": {} });
    tab.send(join.to_string()).await.unwrap();
    let welcome: Message = tab.recv_until("welcome").await.unwrap();
    welcome.json()["resumeToken"].as_str().unwrap().to_owned()
}

fn dish(id: &str, name: &str) -> String {
    json!({ "type": "add_item", "id": id, "data": { "id": format!("item-{id}"), "dishName": name, "price": 100, "quantity": 1 } })
        .to_string()
}
