//! A repeated `join` seats its socket, and is not executed a second time.

use order_host::{Opening, Protocol, Settings};
use serde_json::{Value, json};
use transport_memory::{Client, Faults, Simulation};

use crate::support::table::{add, code, facts, kinds, only, restaurant, room, seated};

/// Joins, and returns everything received.
async fn join(client: &mut Client, id: &str, name: &str) -> Vec<Value> {
    let join =
        json!({ "type": "join", "id": id, "participantId": "asha", "participantName": name, "data": {} });
    client.send(join.to_string()).await.unwrap();
    client.settle().await.iter().map(transport_memory::Message::json).collect()
}

fn v2(restaurant: &Simulation) -> Client {
    restaurant.open(&room(), Opening { protocol: Protocol::V2, ..Opening::default() })
}

async fn name(restaurant: &Simulation) -> String {
    let order = restaurant.stored_order(&room()).await.unwrap();
    order.participants().find(|person| person.id().as_str() == "asha").unwrap().name().to_string()
}

#[tokio::test(start_paused = true)]
async fn an_old_join_does_not_bring_an_old_name_back() {
    for connect in [v2, |restaurant: &Simulation| restaurant.connect(&room())] {
        let restaurant = restaurant();
        let [mut ben] = seated(&restaurant, ["ben"]).await;
        let (mut phone, mut tablet) = (connect(&restaurant), connect(&restaurant));
        join(&mut phone, "j1", "Asha").await;
        join(&mut tablet, "j2", "Asha K").await;
        ben.settle().await;
        phone.settle().await;
        let before = facts(&restaurant).await;

        let heard = join(&mut phone, "j1", "Asha").await;
        let ack = heard.last().unwrap();
        assert_eq!((&ack["type"], &ack["id"]), (&json!("ack"), &json!("j1")));
        let answer = if ack["data"].is_object() { &ack["data"] } else { ack };
        assert_eq!((&answer["seq"], &answer["repeated"]), (&json!(2), &json!(true)));
        assert_eq!(facts(&restaurant).await, before);
        assert_eq!(name(&restaurant).await, "Asha K");

        phone.send(r#"{"type":"leave","id":"bye"}"#).await.unwrap();
        phone.settle().await;
        ben.settle().await;
        let heard = join(&mut phone, "j1", "Asha").await;
        assert_eq!(heard.last().unwrap()["type"], "ack", "who has left sits down again");
        assert_eq!(name(&restaurant).await, "Asha");
        assert_eq!(only(&mut ben).await.json()["type"], "participant_joined");
    }
}

#[tokio::test(start_paused = true)]
async fn a_join_that_changed_nothing_changes_nothing_later_either() {
    let restaurant = restaurant();
    let (mut phone, mut tablet) = (v2(&restaurant), v2(&restaurant));
    join(&mut phone, "j1", "Asha").await;
    join(&mut phone, "j2", "Asha").await;
    join(&mut tablet, "j3", "Asha K").await;
    phone.settle().await;
    let before = facts(&restaurant).await;
    let heard = join(&mut phone, "j2", "Asha").await;
    assert_eq!((&heard[0]["type"], &heard[1]["type"]), (&json!("welcome"), &json!("ack")));
    assert_eq!(facts(&restaurant).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_join_that_was_refused_stays_refused() {
    let restaurant = restaurant();
    let [mut owner] = seated(&restaurant, ["owner"]).await;
    let mut phone = v2(&restaurant);
    join(&mut phone, "j1", "Asha").await;
    for kind in ["remove_participant", "readmit_participant"] {
        let about_asha = json!({ "type": kind, "data": { "participantId": "asha", "dishes": "keep" } });
        owner.send(about_asha.to_string()).await.unwrap();
        owner.settle().await;
        phone.settle().await;
        let heard = join(&mut phone, "j2", "Asha").await;
        assert_eq!((&heard[0]["type"], &heard[0]["code"]), (&json!("reject"), &json!("removed")), "{kind}");
    }
    let heard = join(&mut phone, "j3", "Asha").await;
    assert_eq!(heard[0]["type"], "welcome", "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_join_and_another_command_do_not_share_an_id() {
    let restaurant = restaurant();
    let mut phone = v2(&restaurant);
    join(&mut phone, "j1", "Asha").await;
    phone.send(r#"{"type":"remove_item","id":"c1","data":{"itemId":"nothing"}}"#).await.unwrap();
    assert_eq!(only(&mut phone).await.json()["code"], "item_not_found");
    let heard = join(&mut phone, "c1", "Asha").await;
    assert_eq!(heard[0]["code"], "command_id_reused");
    join(&mut phone, "j2", "Asha").await;
    phone.send(r#"{"type":"finalize","id":"j2"}"#).await.unwrap();
    assert_eq!(only(&mut phone).await.json()["code"], "command_id_reused");
}

#[tokio::test(start_paused = true)]
async fn a_join_to_an_order_of_any_size_is_answered_by_its_id() {
    let mut settings = Settings::default();
    settings.outbox_bytes = 1024;
    let restaurant = Simulation::with_settings(1, Faults::default(), settings);
    let [mut ben] = seated(&restaurant, ["ben"]).await;
    for number in 0..20 {
        ben.send(add(&format!("i{number}"), 10)).await.unwrap();
        ben.recv_until("item_added").await.unwrap();
    }
    let mut phone = restaurant.connect(&room());
    for again in [false, true] {
        let heard = join(&mut phone, "j1", "Asha").await;
        let kinds: Vec<_> = heard.iter().map(|message| message["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["sync", "participant_joined", "ack"]);
        assert_eq!(heard[2]["data"]["repeated"].as_bool().unwrap_or_default(), again);
    }
}

/// Another process may write to the log too, where the log permits it.
#[tokio::test(start_paused = true)]
async fn whoever_left_elsewhere_is_asked_to_join() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    let elsewhere = restaurant.restarted(2);
    let [mut other_phone] = seated(&elsewhere, ["ben"]).await;
    other_phone.send(r#"{"type":"leave"}"#).await.unwrap();
    other_phone.settle().await;

    asha.send(add("dal", 120)).await.unwrap();
    assert_eq!(kinds(&asha.settle().await), ["error", "sync"]);
    assert_eq!(code(&only(&mut ben).await), "join_first");
    asha.send(add("dal", 120)).await.unwrap();
    assert_eq!(kinds(&asha.settle().await), ["item_added"]);
    assert!(ben.settle().await.is_empty(), "who does not sit at the table hears nothing of it");
    ben.join("ben", "BEN").await.unwrap();
}
