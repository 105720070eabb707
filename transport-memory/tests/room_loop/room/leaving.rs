//! Leaving the table.

use serde_json::json;

use crate::support::table::{add, code, facts, hears_nothing, kinds, only, restaurant, room, seated, state};

const LEAVE: &str = r#"{"type":"leave","participantId":"ben","participantName":"Ben"}"#;

#[tokio::test(start_paused = true)]
async fn who_leaves_hears_that_they_left_and_then_nothing() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    ben.send(LEAVE).await.unwrap();
    let own = only(&mut ben).await;
    assert_eq!((own.kind(), &own.json()["participantId"]), ("participant_left", &json!("ben")));
    assert_eq!(only(&mut asha).await, own);
    asha.send(add("dal", 120)).await.unwrap();
    asha.recv_until("item_added").await.unwrap();
    hears_nothing(&mut ben).await;
    ben.disconnect();
    hears_nothing(&mut asha).await;
}

#[tokio::test(start_paused = true)]
async fn leaving_unseats_every_tab_and_whatever_was_sent_after_it() {
    let restaurant = restaurant();
    let [mut asha, mut first_tab, mut second_tab] = seated(&restaurant, ["asha", "ben", "ben"]).await;
    first_tab.send(LEAVE).await.unwrap();
    first_tab.send(add("naan", 40)).await.unwrap();
    let heard = first_tab.settle().await;
    assert_eq!(kinds(&heard), ["participant_left", "error"]);
    assert_eq!(code(&heard[1]), "join_first");
    assert_eq!(only(&mut second_tab).await.kind(), "participant_left");
    second_tab.send(add("naan", 40)).await.unwrap();
    assert_eq!(code(&only(&mut second_tab).await), "join_first");
    assert_eq!(only(&mut asha).await.kind(), "participant_left");
}

#[tokio::test(start_paused = true)]
async fn who_left_can_come_back_on_the_same_socket_and_everybody_hears_of_it() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    ben.send(LEAVE).await.unwrap();
    asha.recv_until("participant_left").await.unwrap();
    ben.join("ben", "Ben").await.unwrap();
    assert_eq!(only(&mut asha).await.kind(), "participant_joined");
    ben.send(LEAVE).await.unwrap();
    ben.recv_until("participant_left").await.unwrap();
    ben.join("chitra", "Chitra").await.expect("a socket that left may join as anybody");
}

#[tokio::test(start_paused = true)]
async fn the_owner_who_leaves_passes_the_order_on() {
    let restaurant = restaurant();
    let [mut asha, mut ben, mut chitra] = seated(&restaurant, ["asha", "ben", "chitra"]).await;
    asha.send(r#"{"type":"leave"}"#).await.unwrap();
    assert_eq!(state(&only(&mut ben).await)["ownerId"], "ben");
    ben.send(LEAVE).await.unwrap();
    ben.settle().await;
    chitra.settle().await;
    chitra.send(r#"{"type":"leave"}"#).await.unwrap();
    assert_eq!(state(&only(&mut chitra).await)["ownerId"], json!(null));
    let joined = asha.join("asha", "Asha").await.unwrap();
    assert_eq!(joined.json()["data"]["role"], "owner");
}

#[tokio::test(start_paused = true)]
async fn after_finalize_leaving_is_refused_and_whoever_was_there_may_look() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    ben.send(LEAVE).await.unwrap();
    asha.send(add("dal", 120)).await.unwrap();
    asha.send(r#"{"type":"finalize"}"#).await.unwrap();
    asha.recv_until("order_finalized").await.unwrap();
    ben.settle().await;
    let before = facts(&restaurant).await;
    asha.send(r#"{"type":"leave"}"#).await.unwrap();
    assert_eq!(code(&only(&mut asha).await), "order_finalized");
    ben.join("ben", "Ben").await.expect("ben was part of it");
    let mut stranger = restaurant.connect(&room());
    let refused = stranger.join("dev", "Dev").await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(facts(&restaurant).await, before);
}
