//! Sockets that send faster than they may.

use std::num::NonZeroU32;
use std::time::Duration;

use order_host::{Opening, Pace, Protocol, Settings};
use serde_json::{Value, json};
use transport_memory::{Client, Closed, Faults, Message, Simulation};

use crate::table::{add, facts, hears_nothing, kinds, room, seated};

const BURST: usize = 20;

#[tokio::test(start_paused = true)]
async fn a_flood_is_told_to_wait_then_sent_away_and_nobody_else_notices() {
    let restaurant = with_a_pace();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    rest().await;
    let before = facts(&restaurant).await.len();

    for number in 0..BURST * 2 + 5 {
        ben.send(add(&format!("dal-{number}"), 1)).await.unwrap();
    }
    let heard = ben.settle().await;
    let refused: Vec<Value> = heard.iter().map(Message::json).filter(|it| it["type"] == "error").collect();
    assert_eq!(refused.len(), BURST + 1);
    for refusal in &refused {
        assert_eq!(refusal["data"]["code"], "rate_limited", "{refusal}");
        assert_eq!(refusal["data"]["expected"], "at most 5 messages a second, 20 at once");
        let wait = refusal["data"]["retryAfter"].as_u64().unwrap();
        assert!((1..=201).contains(&wait), "{wait} ms");
    }
    assert_eq!(ben.recv().await.unwrap_err(), Closed::Flood);

    assert_eq!(facts(&restaurant).await.len(), before + BURST);
    let heard = asha.settle().await;
    assert_eq!(kinds(&heard).iter().filter(|kind| **kind == "item_added").count(), BURST);
    asha.send(add("naan", 1)).await.unwrap();
    assert_eq!(kinds(&asha.settle().await), ["item_added"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_as_long_as_they_are_told_loses_nothing() {
    let restaurant = with_a_pace();
    for (protocol, who) in [(Protocol::Seed, "asha"), (Protocol::V2, "ben")] {
        let mut client = restaurant.open(&room(), Opening { protocol, ..Opening::default() });
        client
            .send(
                json!({"type": "join", "id": "join", "participantId": who, "participantName": who, "data": {}}).to_string(),
            )
            .await
            .unwrap();
        client.settle().await;
        for number in 0..BURST * 3 {
            let id = format!("{who}-{number}");
            while let Some(refusal) = answer(&mut client, &id).await {
                let about = why(&refusal);
                assert_eq!(about["code"], "rate_limited", "{refusal}");
                assert_eq!(refusal["id"], id.as_str(), "answered by its id");
                tokio::time::sleep(Duration::from_millis(about["retryAfter"].as_u64().unwrap())).await;
            }
        }
        let order = restaurant.stored_order(&room()).await.unwrap();
        assert_eq!(order.items().filter(|item| item.id().as_str().starts_with(who)).count(), BURST * 3);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_counts_too_also_before_anybody_joins() {
    let restaurant = with_a_pace();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let before = facts(&restaurant).await;
    for protocol in [Protocol::Seed, Protocol::V2] {
        for message in ["{", "null", r#"{"type":"finalize"}"#] {
            let mut stranger = restaurant.open(&room(), Opening { protocol, ..Opening::default() });
            for _ in 0..=BURST * 2 {
                stranger.send(message).await.unwrap();
            }
            let heard: Vec<_> = stranger.settle().await.iter().map(Message::json).collect();
            let limited = heard.iter().filter(|refusal| why(refusal)["code"] == "rate_limited");
            assert_eq!(limited.count(), BURST + 1, "{heard:?}");
            assert_eq!(stranger.recv().await.unwrap_err(), Closed::Flood);
        }
    }
    hears_nothing(&mut asha).await;
    assert_eq!(facts(&restaurant).await, before);
}

/// Sends a dish, and gives the refusal if there is one.
async fn answer(client: &mut Client, id: &str) -> Option<Value> {
    let dish = json!({"id": id, "dishName": "Dal", "quantity": 1, "price": 1});
    client.send(json!({"type": "add_item", "id": id, "data": dish}).to_string()).await.unwrap();
    let heard: Vec<_> = client.settle().await.iter().map(Message::json).collect();
    heard.into_iter().find(|message| message["type"] == "error" || message["type"] == "reject")
}

/// What a refusal says: the first protocol has it in its `data`.
fn why(refusal: &Value) -> &Value {
    refusal.get("data").unwrap_or(refusal)
}

/// Time for everybody to have a whole burst again.
async fn rest() {
    tokio::time::sleep(Duration::from_secs(60)).await;
}

fn with_a_pace() -> Simulation {
    let mut settings = Settings::default();
    settings.pace = Some(Pace {
        per_second: NonZeroU32::new(5).unwrap(),
        burst: NonZeroU32::new(u32::try_from(BURST).unwrap()).unwrap(),
    });
    settings.idle_unload = Duration::from_secs(3600);
    Simulation::with_settings(1, Faults::default(), settings)
}
