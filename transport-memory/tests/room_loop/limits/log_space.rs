//! The storage that one participant can use is limited, and the bill can still be closed
//! and paid.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use order_core::stored::{decode_snapshot, encode_order};
use order_host::log::{MemoryLog, RoomLog as _, Snapshot};
use order_host::{Allowance, NotYet, Opening, Pace, Protocol, Settings};
use serde_json::{Value, json};
use tokio::time::{advance, sleep};
use transport_memory::{Client, Faults, Simulation};

use crate::support::table::{add, code, facts, hears_nothing, join, kinds, only, room, seated};

/// After this time rooms without sockets are unloaded.
const A_WHILE: Duration = Duration::from_secs(130);

const SMALL_LOG: u64 = 64 * 1024;

fn restaurant(settings: impl FnOnce(&mut Settings)) -> Simulation {
    let mut chosen = Settings::default();
    settings(&mut chosen);
    Simulation::with_settings(1, Faults::default(), chosen)
}

#[tokio::test(start_paused = true)]
async fn an_orders_log_has_an_end_and_the_last_part_is_the_owners_and_the_bills() {
    for protocol in [Protocol::V1, Protocol::V2] {
        let restaurant = restaurant(|settings| settings.log_bytes = Some(SMALL_LOG));
        let [mut asha] = seated(&restaurant, ["asha"]).await;
        let mut ben = restaurant.open(&room(), Opening { protocol, ..Opening::default() });
        ben.send(with_id(&join("ben", &json!({})), 0)).await.unwrap();
        ben.settle().await;
        asha.settle().await;
        asha.send(add("thali", 250)).await.unwrap();
        asha.settle().await;
        ben.settle().await;

        let refused = fill(&mut ben).await;
        assert_eq!(refused["code"], "log_full", "{refused}");
        assert_eq!(refused["expected"], "at most 64 KiB of stored changes in one order");
        let full = taken(&restaurant).await;
        assert!(full <= SMALL_LOG * 28 / 32 && full > SMALL_LOG * 27 / 32, "{full}");
        asha.settle().await;
        for message in [tip(7), long_dish(7)] {
            ben.send(with_id(&message, fresh())).await.unwrap();
            assert_eq!(refusal(&ben.settle().await.pop().unwrap().json())["code"], "log_full");
        }
        hears_nothing(&mut asha).await;
        assert_eq!(taken(&restaurant).await, full);
        let mut chitra = restaurant.connect(&room());
        chitra.send(join(&"chitra".repeat(11), &json!({}))).await.unwrap();
        assert_eq!(code(&only(&mut chitra).await), "log_full");
        // Under another name, a participant at the table is still seated, with their old name.
        let mut again = restaurant.connect(&room());
        again.send(join("ben", &json!({})).replace("BEN", &"Benedict".repeat(10))).await.unwrap();
        let sync = again.settle().await.remove(0);
        assert!(sync.kind() == "sync" && !sync.text().contains("Benedict"), "{}", sync.text());
        drop(again);
        asha.settle().await;
        ben.settle().await;

        let refused = fill(&mut asha).await;
        assert_eq!(refused["code"], "log_full", "the owner has a part of it, and not all");
        let at_most = taken(&restaurant).await;
        assert!(at_most <= SMALL_LOG * 31 / 32 && at_most > SMALL_LOG * 30 / 32, "{at_most}");
        ben.settle().await;
        asha.send(r#"{"type":"finalize"}"#).await.unwrap();
        assert_eq!(only(&mut asha).await.kind(), "order_finalized");
        let pay = r#"{"type":"record_payment","data":{"amount":250,"for":["asha","ben"]}}"#;
        asha.send(pay).await.unwrap();
        assert_eq!(only(&mut asha).await.kind(), "payment_recorded");
        let tip = r#"{"type":"record_payment","data":{"amount":1,"payer":"asha","excess":"tip"}}"#;
        assert!(restaurant.host().backend(&room(), tip).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn how_full_a_log_is_is_known_after_a_restart_with_and_without_a_snapshot() {
    let restaurant = restaurant(|settings| settings.log_bytes = Some(SMALL_LOG));
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    assert_eq!(fill(&mut ben).await["code"], "log_full");
    asha.settle().await;
    asha.disconnect();
    ben.disconnect();
    sleep(A_WHILE).await;
    let snapshot =
        restaurant.log().load_snapshot(&room()).await.unwrap().expect("it was left when the room was");
    let (order, bytes) = decode_snapshot(&snapshot.state).unwrap();
    assert_eq!(bytes.bytes, Some(stored_bytes(&restaurant).await));
    // As written by a release that did not count bytes.
    let uncounted = Snapshot { seq: order.seq(), state: encode_order(&order).unwrap() };
    let none = Snapshot { seq: 0, state: b"none".to_vec() };
    for snapshot in [snapshot, uncounted, none] {
        restaurant.log().save_snapshot(&room(), snapshot).await.unwrap();
        let visited = restaurant.restarted(7);
        let [ben] = seated(&visited, ["ben"]).await;
        drop(ben);
        sleep(A_WHILE).await;
        let left = restaurant.log().load_snapshot(&room()).await.unwrap().unwrap();
        let counted = decode_snapshot(&left.state).unwrap().1.bytes;
        assert_eq!(counted, Some(stored_bytes(&restaurant).await), "a visit leaves a snapshot that says it");
        let restarted = restaurant.restarted(2);
        let mut ben = restarted.connect(&room());
        ben.send(join("ben", &json!({}))).await.unwrap();
        ben.settle().await;
        ben.send(tip(5)).await.unwrap();
        assert_eq!(code(&only(&mut ben).await), "log_full");
        restarted.crash().await;
    }
}

#[tokio::test(start_paused = true)]
async fn commands_that_come_together_pass_no_bound_together() {
    let restaurant = restaurant(|settings| settings.log_bytes = Some(SMALL_LOG));
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let mut ben = restaurant.open(&room(), Opening { protocol: Protocol::V2, ..Opening::default() });
    ben.send(with_id(&join("ben", &json!({})), 0)).await.unwrap();
    ben.settle().await;
    for number in 1..=200 {
        ben.send(with_id(&long_dish(number), number)).await.unwrap();
    }
    let heard = ben.settle().await;
    let count = |kind: &str| heard.iter().filter(|message| message.kind() == kind).count();
    assert_eq!(count("ack") + count("reject"), 200, "each is answered");
    assert!(count("ack") > 50 && count("reject") > 50, "{} are taken", count("ack"));
    assert!(taken(&restaurant).await <= SMALL_LOG * 28 / 32);
    asha.settle().await;
    asha.send(add("thali", 250)).await.unwrap();
    assert_eq!(only(&mut asha).await.kind(), "item_added", "the owner goes on");
}

#[tokio::test(start_paused = true)]
async fn one_participant_adds_so_many_bytes_in_a_time_on_however_many_sockets_and_others_go_on() {
    let restaurant = restaurant(|settings| settings.participant_log = Pace::new(1, 20_000));
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    let mut again = restaurant.connect(&room());
    again.send(join("ben", &json!({}))).await.unwrap();
    again.settle().await;
    ben.settle().await;
    asha.settle().await;
    let before = stored_bytes(&restaurant).await;
    let refused = fill(&mut ben).await;
    assert_eq!(refused["code"], "rate_limited");
    let wait = refused["retryAfter"].as_u64().unwrap();
    assert!(wait > 0 && wait <= 1_000_000, "{wait}");
    assert!(stored_bytes(&restaurant).await - before <= 20_000);
    again.settle().await;
    again.send(long_dish(900)).await.unwrap();
    assert_eq!(code(&only(&mut again).await), "rate_limited");
    asha.settle().await;
    asha.send(add("thali", 250)).await.unwrap();
    assert_eq!(only(&mut asha).await.kind(), "item_added");
    ben.settle().await;
    advance(Duration::from_millis(wait)).await;
    ben.send(with_id(&tip(9_000), 901)).await.unwrap();
    assert_eq!(kinds(&ben.settle().await), ["tip_updated", "ack"], "as much is taken after that time");
    assert_eq!(fill(&mut ben).await["code"], "rate_limited");
    asha.settle().await;
    ben.send(r#"{"type":"finalize"}"#).await.unwrap();
    assert_eq!(only(&mut ben).await.kind(), "order_finalized", "the bill can be closed at any time");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_being_too_fast_is_no_final_answer() {
    let restaurant = restaurant(|settings| settings.participant_log = Pace::new(1, 5_000));
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    assert_eq!(fill(&mut ben).await["code"], "rate_limited");
    asha.settle().await;
    let command = with_id(&long_dish(500), 500);
    ben.send(command.clone()).await.unwrap();
    assert_eq!(code(&only(&mut ben).await), "rate_limited");
    advance(Duration::from_secs(1_000)).await;
    ben.send(command).await.unwrap();
    assert_eq!(kinds(&ben.settle().await), ["item_added", "ack"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_transport_allows_counts_for_all_orders_together_and_not_for_the_bill() {
    let restaurant = restaurant(|_| {});
    let left = Arc::new(AtomicUsize::new(2_000));
    let allowance = Allowance::new(move |bytes| {
        let take = |left: usize| left.checked_sub(bytes);
        let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        let wait = Duration::from_secs(3);
        taken.map(drop).map_err(|_| NotYet { bound: "at most 2000 bytes".to_owned(), wait })
    });
    let opening = Opening { allowance: Some(allowance), ..Opening::default() };
    for table in ["one", "two"] {
        let room = order_host::RoomKey::new("main", table).unwrap();
        let mut asha = restaurant.open(&room, opening.clone());
        asha.send(join("asha", &json!({}))).await.unwrap();
        let answers = asha.settle().await;
        if table == "two" {
            assert_eq!(code(&answers[0]), "rate_limited", "the first order took it all");
            assert_eq!(restaurant.stored_order(&room).await.unwrap().seq(), 0);
            continue;
        }
        asha.send(add("thali", 250)).await.unwrap();
        asha.settle().await;
        let refused = fill(&mut asha).await;
        assert_eq!(
            (&refused["code"], &refused["expected"]),
            (&json!("rate_limited"), &json!("at most 2000 bytes"))
        );
        assert_eq!(refused["retryAfter"], 3_001);
        asha.send(r#"{"type":"finalize"}"#).await.unwrap();
        assert_eq!(only(&mut asha).await.kind(), "order_finalized");
        asha.send(r#"{"type":"record_payment","data":{"amount":250}}"#).await.unwrap();
        assert_eq!(only(&mut asha).await.kind(), "payment_recorded");
    }
}

/// Orders long dishes until one is refused, and then changes the tip until that is refused
/// too. Returns the refusal.
async fn fill(client: &mut Client) -> Value {
    repeat_until_refused(client, long_dish).await;
    repeat_until_refused(client, tip).await
}

async fn repeat_until_refused(client: &mut Client, message: fn(u64) -> String) -> Value {
    for number in 0..1_000 {
        client.send(with_id(&message(number), fresh())).await.unwrap();
        for heard in client.settle().await {
            let refusal = refusal(&heard.json());
            if !refusal.is_null() {
                return refusal;
            }
        }
    }
    panic!("nothing was refused");
}

fn fresh() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(10_000);
    LAST.fetch_add(1, Ordering::Relaxed)
}

fn tip(number: u64) -> String {
    json!({ "type": "set_tip", "data": { "amount": number + 1 } }).to_string()
}

/// Returns the details of a refusal in either protocol; `null` if it is none.
fn refusal(message: &Value) -> Value {
    match message["type"].as_str() {
        Some("error") => message["data"].clone(),
        Some("reject") => message.clone(),
        _ => Value::Null,
    }
}

/// Returns a command whose fact has about 650 bytes.
fn long_dish(number: u64) -> String {
    let name = format!("dish {number}");
    let data = json!({ "dishName": name, "price": 1, "quantity": 1, "customization": "x".repeat(480) });
    json!({ "type": "add_item", "data": data }).to_string()
}

fn with_id(message: &str, number: u64) -> String {
    let mut message: Value = serde_json::from_str(message).unwrap();
    message["id"] = json!(format!("c{number}"));
    message.to_string()
}

async fn stored_bytes(restaurant: &Simulation<MemoryLog>) -> u64 {
    facts(restaurant).await.iter().map(|fact| fact.len() as u64).sum()
}

/// Returns the bytes that count: the facts, and the overhead of each.
async fn taken(restaurant: &Simulation<MemoryLog>) -> u64 {
    let beside = 64 + 2 * room().as_str().len() as u64;
    stored_bytes(restaurant).await + facts(restaurant).await.len() as u64 * beside
}
