//! Refusals, and the order of answers.

use order_core::ParticipantId;
use order_host::{Identity, Opening, Protocol, Settings};
use serde_json::{Value, json};
use transport_memory::{Faults, Simulation};

use crate::support::table::{
    add, add_with_command, code, facts, hears_nothing, kinds, only, restaurant, room, seated, told,
};

#[tokio::test(start_paused = true)]
async fn an_error_goes_to_its_sender_alone_and_names_the_command() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    let before = (facts(&restaurant).await, restaurant.host().public_view(&room()).await);
    for (text, expected) in [
        (r#"{"type":"remove_item","id":"c-1","data":{"itemId":"none"}}"#, "item_not_found"),
        (r#"{"type":"add_item","id":"c-2","data":{"dishName":"Dal","price":-1,"quantity":1}}"#, "bad_price"),
        (r#"{"type":"add_item","id":"c-3","data":{"dishName":"Dal","price":"1","quantity":1}}"#, "bad_price"),
        (r#"{"type":"finalize","id":"c-4"}"#, "order_empty"),
        (r#"{"type":"dance","id":"c-5"}"#, "unknown_type"),
    ] {
        let id = serde_json::from_str::<serde_json::Value>(text).unwrap()["id"].clone();
        ben.send(text).await.unwrap();
        let error = only(&mut ben).await;
        assert_eq!((code(&error).as_str(), &error.json()["id"]), (expected, &id), "{text}");
        assert_eq!(error.json()["error"], error.json()["data"]["message"]);
    }
    ben.send(r#"{"type":"finalize"}"#).await.unwrap();
    assert_eq!(only(&mut ben).await.json().get("id"), None, "no id was given, so none is echoed");
    hears_nothing(&mut asha).await;
    let after = (facts(&restaurant).await, restaurant.host().public_view(&room()).await);
    assert_eq!(after, before);
}

#[tokio::test(start_paused = true)]
async fn a_participant_id_that_cannot_be_is_refused_before_and_after_joining_signed_in_or_not() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let commands = ["join", "add_item", "set_tip", "finalize", "leave", "lock_order", "history"];
    let requests = ["get_state", "get_bill", "get_checksum", "presence"];
    let too_long = "p".repeat(129);
    let ids =
        [json!(7), json!([]), json!({}), json!(false), json!(""), json!("ben\u{200b}"), json!(too_long)];
    for (number, (protocol, signs_in)) in
        [(Protocol::V1, false), (Protocol::V1, true), (Protocol::V2, false), (Protocol::V2, true)]
            .into_iter()
            .enumerate()
    {
        let who = format!("guest{number}");
        let identity = signs_in.then(|| Identity::new(ParticipantId::new(&who).unwrap()));
        let mut guest = restaurant.open(&room(), Opening { protocol, identity, ..Opening::default() });
        let kinds = commands.iter().chain(requests.iter().filter(|_| protocol == Protocol::V2));
        // The guest of the previous round has disconnected.
        asha.settle().await;
        for joined in [false, true] {
            if joined {
                let join = json!({ "type": "join", "id": "j", "participantId": who, "participantName": "Guest", "data": {} });
                guest.send(join.to_string()).await.unwrap();
                guest.settle().await;
                asha.settle().await;
            }
            let before = (facts(&restaurant).await, restaurant.host().public_view(&room()).await);
            for (kind, id) in kinds.clone().flat_map(|kind| ids.iter().map(move |id| (kind, id))) {
                let data = json!({ "dishName": "Dal", "price": 1, "quantity": 1, "typing": true });
                let message = json!({ "type": kind, "id": "c", "participantId": id, "participantName": "G", "data": data });
                guest.send(message.to_string()).await.unwrap();
                let refused = only(&mut guest).await.json();
                let told = if protocol == Protocol::V2 { &refused } else { &refused["data"] };
                assert_eq!(
                    (&told["code"], &told["field"]),
                    (&json!("bad_field"), &json!("participantId")),
                    "{message}"
                );
                assert!(told["expected"].as_str().unwrap().contains("1 to 128 bytes"), "{refused}");
                assert_eq!(refused["id"], "c");
            }
            hears_nothing(&mut asha).await;
            let after = (facts(&restaurant).await, restaurant.host().public_view(&room()).await);
            assert_eq!(after, before);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn commands_sent_without_waiting_are_all_answered_and_in_order() {
    let mut settings = Settings::default();
    settings.outbox_bytes = 64 * 1024 * 1024;
    let restaurant = Simulation::with_settings(1, Faults::default(), settings);
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    // More than are stored together, and more than may wait for a room.
    for number in 0..300 {
        let text = match number % 3 {
            // Its id is used by the command before it, which may not be stored yet.
            2 => add_with_command(&format!("item-{}", number - 1), 10, &format!("refused {number}")),
            _ => add(&format!("item-{number}"), 10),
        };
        asha.send(text).await.unwrap();
    }
    let answers: Vec<String> = asha.settle().await.iter().map(|message| answer(&message.json())).collect();
    let expected: Vec<String> = (0..300)
        .map(|number| if number % 3 == 2 { format!("refused {number}") } else { format!("item-{number}") })
        .collect();
    assert_eq!(answers, expected);
    let seen: Vec<String> = ben.settle().await.iter().map(|message| answer(&message.json())).collect();
    let accepted: Vec<String> = expected.into_iter().filter(|answer| answer.starts_with("item")).collect();
    assert_eq!(seen, accepted);
    assert_eq!(told(&ben)["items"].as_array().unwrap().len(), 200);
}

fn answer(message: &Value) -> String {
    match message["type"].as_str() {
        Some("item_added") => message["data"]["item"]["id"].as_str().unwrap().to_owned(),
        Some("error") => {
            assert_eq!(message["data"]["code"], "item_id_taken");
            message["id"].as_str().unwrap().to_owned()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_burst_from_everybody_is_shown_to_everybody_in_one_order() {
    let restaurant = restaurant();
    let mut clients = seated(&restaurant, ["asha", "ben", "chitra"]).await;
    restaurant.log().hold();
    for number in 0..10 {
        for (place, client) in clients.iter_mut().enumerate() {
            client.send(add(&format!("{place}-{number}"), 10)).await.unwrap();
        }
    }
    restaurant.log().release();
    let mut heard = Vec::new();
    for client in &mut clients {
        heard.push(client.settle().await);
    }
    assert_eq!(heard[0].len(), 30);
    assert_eq!(kinds(&heard[0]), ["item_added"; 30]);
    assert!(heard.iter().all(|other| *other == heard[0]));
}

#[tokio::test(start_paused = true)]
async fn a_binary_message_and_a_ping_are_answered_and_change_nothing() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    let before = facts(&restaurant).await;
    ben.send_binary().await.unwrap();
    assert_eq!(code(&only(&mut ben).await), "binary_not_supported");
    ben.send("ping").await.unwrap();
    assert_eq!(only(&mut ben).await.text(), "pong");
    hears_nothing(&mut asha).await;
    assert_eq!(facts(&restaurant).await, before);
}
