//! The owner's rights, and what happens to the sockets of removed participants.

use order_core::Policy;
use order_host::{Opening, Protocol, Settings};
use serde_json::json;
use transport_memory::{Faults, Simulation};

use crate::support::table::{
    add, code, facts, hears_nothing, join, kinds, only, restaurant, room, seated, state, told,
};

#[tokio::test(start_paused = true)]
async fn who_is_removed_hears_of_it_on_every_socket_and_then_nothing() {
    let restaurant = restaurant();
    let [mut asha, mut ben, mut second_tab] = seated(&restaurant, ["asha", "ben", "ben"]).await;
    asha.send(remove("ben", "keep")).await.unwrap();
    let heard = only(&mut asha).await;
    assert_eq!((heard.kind(), &heard.json()["participantId"]), ("participant_left", &json!("ben")));
    assert_eq!(heard.json()["data"]["removedBy"], json!("asha"));
    for tab in [&mut ben, &mut second_tab] {
        assert_eq!(only(tab).await, heard);
        tab.send(add("naan", 40)).await.unwrap();
        assert_eq!(code(&only(tab).await), "join_first");
    }
    let before = facts(&restaurant).await;
    ben.send(join("ben", &json!({}))).await.unwrap();
    assert_eq!(code(&only(&mut ben).await), "removed");
    assert_eq!(facts(&restaurant).await, before);
    asha.send(add("dal", 120)).await.unwrap();
    hears_nothing(&mut ben).await;
    asha.send(json!({ "type": "readmit_participant", "data": { "participantId": "ben" } }).to_string())
        .await
        .unwrap();
    ben.join("ben", "Ben").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_the_removed_sent_in_the_same_moment_is_judged_after_it() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    asha.send(remove("ben", "keep")).await.unwrap();
    ben.send(add("naan", 40)).await.unwrap();
    let heard = ben.settle().await;
    assert_eq!(kinds(&heard), ["participant_left", "error"]);
    assert_eq!(code(&heard[1]), "join_first");
    assert_eq!(kinds(&asha.settle().await), ["participant_left"]);
}

#[tokio::test(start_paused = true)]
async fn a_resume_token_is_worth_nothing_to_who_was_removed() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let mut ben = restaurant.open(&room(), speaking(Protocol::V2));
    ben.send(r#"{"type":"join","id":"j","participantId":"ben","participantName":"Ben","data":{}}"#)
        .await
        .unwrap();
    let welcome = ben.recv_until("welcome").await.unwrap();
    let token = welcome.json()["resumeToken"].as_str().unwrap().to_owned();
    ben.settle().await;
    asha.send(remove("ben", "keep")).await.unwrap();
    let event = only(&mut ben).await;
    assert_eq!(event.json()["event"], "participant_removed");
    assert_eq!(event.json()["by"], "asha");
    assert_eq!(event.json()["put"]["participants"]["left"], json!(true));
    assert_eq!(event.json()["set"]["rules"]["removed"], json!(["ben"]));
    let mut opening = speaking(Protocol::V2);
    opening.resume_token = Some(token);
    let mut back = restaurant.open(&room(), opening);
    hears_nothing(&mut back).await;
    back.send(r#"{"type":"set_ready","id":"c1","data":{"ready":true}}"#).await.unwrap();
    assert_eq!(only(&mut back).await.json()["code"], "join_first");
}

#[tokio::test(start_paused = true)]
async fn the_back_end_removes_the_owner_and_the_order_passes_on() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    restaurant.host().backend(&room(), &remove("asha", "remove")).await.unwrap();
    let heard = only(&mut ben).await;
    assert_eq!(heard.json()["data"]["removedBy"], "");
    assert_eq!(heard.json()["data"]["ownerId"], "ben");
    assert_eq!(only(&mut asha).await.kind(), "participant_left");
    hears_nothing(&mut asha).await;
}

#[tokio::test(start_paused = true)]
async fn a_host_gives_its_policy_to_orders_whose_first_guest_names_none() {
    let mut settings = Settings::default();
    settings.policy = Policy::Hosted;
    let restaurant = Simulation::with_settings(1, Faults::default(), settings);
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    assert_eq!(told(&ben)["policy"], "hosted");
    asha.send(add("dal", 120)).await.unwrap();
    ben.settle().await;
    ben.send(r#"{"type":"remove_item","id":"c1","data":{"itemId":"dal"}}"#).await.unwrap();
    let refused = only(&mut ben).await;
    assert_eq!((code(&refused), &refused.json()["id"]), ("not_yours".to_owned(), &json!("c1")));
    asha.settle().await;
    hears_nothing(&mut asha).await;
}

#[tokio::test(start_paused = true)]
async fn the_last_to_be_ready_closes_the_order_for_everybody() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    for message in [
        add("dal", 120),
        json!({ "type": "set_rules", "data": { "finalizeWhenReady": true } }).to_string(),
        ready(),
    ] {
        asha.send(message).await.unwrap();
    }
    let heard = ben.settle().await;
    assert_eq!(kinds(&heard), ["item_added", "rules_updated", "ready_updated"]);
    assert_eq!(state(&heard[2])["ready"], json!(["asha"]));
    asha.settle().await;
    ben.send(ready()).await.unwrap();
    for client in [&mut asha, &mut ben] {
        assert_eq!(only(client).await.kind(), "order_finalized");
    }
}

#[tokio::test(start_paused = true)]
async fn the_owner_s_word_counts_once_by_its_id() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let lock = r#"{"type":"lock_order","id":"c1"}"#;
    for (message, expected) in [
        (lock, vec!["order_locked", "ack"]),
        (r#"{"type":"unlock_order","id":"c2"}"#, vec!["order_unlocked", "ack"]),
        (lock, vec!["ack"]),
    ] {
        asha.send(message).await.unwrap();
        assert_eq!(kinds(&asha.settle().await), expected);
    }
    assert!(!restaurant.stored_order(&room()).await.unwrap().is_locked());
}

fn remove(who: &str, dishes: &str) -> String {
    json!({ "type": "remove_participant", "data": { "participantId": who, "dishes": dishes } }).to_string()
}

fn ready() -> String {
    json!({ "type": "set_ready", "data": { "ready": true } }).to_string()
}

fn speaking(protocol: Protocol) -> Opening {
    Opening { protocol, ..Opening::default() }
}
