//! Sockets that exceed their rate limit.

use std::num::NonZeroU32;
use std::time::Duration;

use order_core::ParticipantId;
use order_core::text::Text;
use order_host::{Identity, Opening, Pace, Protocol, RoomKey, Settings};
use serde_json::{Value, json};
use tokio::time::Instant;
use transport_memory::{Client, Closed, Faults, Message, Simulation};

use crate::support::table::{add, facts, hears_nothing, kinds, room, seated};

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
async fn many_sockets_of_one_participant_share_a_pace_and_nobody_elses_is_in_it() {
    let mut settings = Settings::default();
    settings.participant_pace = Pace::new(5, 20);
    let restaurant = Simulation::with_settings(1, Faults::default(), settings);
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let mut phones = Vec::new();
    for _ in 0..10 {
        let mut phone = restaurant.connect(&room());
        phone.join("ben", "Ben").await.unwrap();
        phones.push(phone);
    }
    asha.settle().await;
    rest().await;
    let before = facts(&restaurant).await.len();
    let mut limited = 0;
    for (number, phone) in phones.iter_mut().enumerate() {
        for dish in 0..4 {
            phone.send(add(&format!("dal-{number}-{dish}"), 1)).await.unwrap();
        }
    }
    for phone in &mut phones {
        let heard: Vec<_> = phone.settle().await.iter().map(Message::json).collect();
        let refused: Vec<_> = heard.into_iter().filter(|it| it["type"] == "error").collect();
        for refusal in &refused {
            let expected = "at most 5 messages a second, 20 at once, from all connections of one participant";
            assert_eq!(
                (&refusal["data"]["code"], &refusal["data"]["expected"]),
                (&json!("rate_limited"), &json!(expected))
            );
        }
        limited += refused.len();
    }
    assert_eq!(limited, 20);
    assert_eq!(facts(&restaurant).await.len(), before + 20);
    asha.send(add("naan", 1)).await.unwrap();
    assert!(kinds(&asha.settle().await).iter().all(|kind| *kind == "item_added"));
    assert_eq!(facts(&restaurant).await.len(), before + 21, "asha has a pace of her own");

    // A socket that has left counts for no participant; after it joins as another one, it
    // counts for that one.
    let mut phone = phones.pop().unwrap();
    rest().await;
    phone.send(r#"{"type":"leave"}"#).await.unwrap();
    for _ in 0..25 {
        phone.send("{").await.unwrap();
    }
    let heard = phone.settle().await;
    assert!(heard.iter().map(Message::json).all(|it| it["data"]["code"] != "rate_limited"));
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_or_sits_down_again_has_no_more_than_before() {
    for leaves in [true, false] {
        let mut settings = Settings::default();
        settings.participant_pace = Pace::new(1, 20);
        let restaurant = Simulation::with_settings(1, Faults::default(), settings);
        let began = Instant::now();
        let mut taken = 0;
        for visit in 0..2 {
            let mut ben = restaurant.connect(&room());
            ben.join("ben", "Ben").await.unwrap();
            for dish in 0..15 {
                ben.send(add(&format!("dal-{visit}-{dish}"), 1)).await.unwrap();
            }
            taken += kinds(&ben.settle().await).iter().filter(|kind| **kind == "item_added").count() as u64;
            if leaves {
                ben.send(r#"{"type":"leave"}"#).await.unwrap();
                ben.settle().await;
            }
            ben.disconnect();
        }
        let most = 20 + began.elapsed().as_secs();
        assert!((19..=most).contains(&taken), "{taken} of 30, where {most} are taken");
        assert!(most < 30, "the test has taken too long to say anything");
    }
}

#[tokio::test(start_paused = true)]
async fn pings_are_messages_too() {
    let restaurant = with_a_pace();
    for protocol in [Protocol::V1, Protocol::V2] {
        let mut client = restaurant.open(&room(), Opening { protocol, ..Opening::default() });
        for _ in 0..=BURST * 2 {
            client.send("ping").await.unwrap();
        }
        let heard = client.settle().await;
        assert_eq!(heard.iter().filter(|answer| answer.text() == "pong").count(), BURST);
        assert_eq!(client.recv().await.unwrap_err(), Closed::Flood);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_begins_no_more_orders_than_it_may_and_reaches_those_it_has() {
    let mut settings = Settings::default();
    settings.rooms_per_tenant = Some(2);
    let restaurant = Simulation::with_settings(1, Faults::default(), settings);
    let key = |number: u32| RoomKey::new("main", &format!("table-{number}")).unwrap();
    let open = |number: u32, tenant: Option<&str>| {
        let mut identity = Identity::new(ParticipantId::new("asha").unwrap());
        identity.access.tenant = tenant.map(|tenant| Text::clean(tenant, 40).unwrap());
        restaurant.open(&key(number), Opening { identity: Some(identity), ..Opening::default() })
    };
    let mut seated = Vec::new();
    for number in 1..=2 {
        let mut asha = open(number, Some("t1"));
        asha.join("asha", "Asha").await.unwrap();
        seated.push(asha);
    }
    let join = r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{}}"#;
    let mut third = open(3, Some("t1"));
    third.send(join).await.unwrap();
    let refused = third.recv().await.unwrap().json();
    assert_eq!(
        (&refused["data"]["code"], &refused["data"]["retryAfter"]),
        (&json!("too_many_rooms"), &json!(60_000))
    );
    assert_eq!(restaurant.stored_order(&key(3)).await.unwrap().seq(), 0);

    for (number, tenant) in [(4, Some("t2")), (5, None), (1, Some("t1"))] {
        let mut other = open(number, tenant);
        other.join("asha", "Asha").await.unwrap();
        other.disconnect();
    }
    seated.clear();
    tokio::time::sleep(Duration::from_secs(130)).await;
    assert_eq!(restaurant.host().loaded_rooms(), 1, "the third's, whose guest still waits");
    third.send(join).await.unwrap();
    assert_eq!(third.recv().await.unwrap().kind(), "sync", "there is place again");
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_as_long_as_they_are_told_loses_nothing() {
    let restaurant = with_a_pace();
    for (protocol, who) in [(Protocol::V1, "asha"), (Protocol::V2, "ben")] {
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
    for protocol in [Protocol::V1, Protocol::V2] {
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

/// Sends a dish. Returns the refusal, if there is one.
async fn answer(client: &mut Client, id: &str) -> Option<Value> {
    let dish = json!({"id": id, "dishName": "Dal", "quantity": 1, "price": 1});
    client.send(json!({"type": "add_item", "id": id, "data": dish}).to_string()).await.unwrap();
    let heard: Vec<_> = client.settle().await.iter().map(Message::json).collect();
    heard.into_iter().find(|message| message["type"] == "error" || message["type"] == "reject")
}

/// Returns the details of a refusal, which the first protocol has in its `data`.
fn why(refusal: &Value) -> &Value {
    refusal.get("data").unwrap_or(refusal)
}

/// Waits until everybody has a whole burst again.
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
