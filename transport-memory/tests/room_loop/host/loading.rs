//! Rooms are unloaded and loaded; their orders stay the same.

use std::time::Duration;

use order_core::stored::{decode_order, encode_order};
use order_host::log::{RoomLog as _, Snapshot};
use serde_json::{Value, json};
use tokio::time::sleep;
use transport_memory::{Closed, Faults, LogFaults, Simulation};

use crate::support::table::{add, facts, join, restaurant, room, seated, told};

const LONGER_THAN_IDLE: Duration = Duration::from_secs(125);

/// Creates an order with everything in it, and unloads its room. Returns its state.
async fn an_unloaded_order(restaurant: &Simulation) -> Value {
    let [mut asha, mut ben] = seated(restaurant, ["asha", "ben"]).await;
    asha.send(join("asha", &json!({ "phone": "9876543210", "circleId": "c1" }))).await.unwrap();
    for text in [
        add("dal", 120).as_str(),
        add("naan", 40).as_str(),
        r#"{"type":"update_quantity","data":{"itemId":"naan","quantity":3}}"#,
        r#"{"type":"update_split","data":{"splitType":"custom","weights":{"asha":2,"ben":1}}}"#,
    ] {
        ben.send(text).await.unwrap();
    }
    ben.recv_until("split_updated").await.unwrap();
    asha.settle().await;
    let state = told(&asha);
    asha.disconnect();
    ben.disconnect();
    sleep(LONGER_THAN_IDLE).await;
    assert_eq!(restaurant.host().loaded_rooms(), 0);
    state
}

/// Checks that the order is the same when both return.
async fn comes_back_as(restaurant: &Simulation, state: &Value) {
    let [mut asha, mut ben] = seated(restaurant, ["asha", "ben"]).await;
    assert_eq!(told(&asha), *state);
    ben.send(add("lassi", 60)).await.unwrap();
    ben.recv_until("item_added").await.unwrap();
    asha.recv_until("item_added").await.unwrap();
    assert_eq!(told(&asha)["seq"], state["seq"].as_u64().unwrap() + 1);
    assert_eq!(restaurant.stored_order(&room()).await.unwrap().seq(), told(&ben)["seq"].as_u64().unwrap());
}

async fn snapshot(restaurant: &Simulation) -> Option<Snapshot> {
    restaurant.log().inner().load_snapshot(&room()).await.unwrap()
}

async fn with_snapshot(snapshot: Snapshot) {
    let restaurant = restaurant();
    let state = an_unloaded_order(&restaurant).await;
    restaurant.log().inner().save_snapshot(&room(), snapshot).await.unwrap();
    comes_back_as(&restaurant, &state).await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_room_unloads_and_its_order_comes_back_the_same() {
    let restaurant = restaurant();
    let state = an_unloaded_order(&restaurant).await;
    let saved = snapshot(&restaurant).await.expect("a room that unloads leaves a snapshot");
    let order = restaurant.stored_order(&room()).await.unwrap();
    assert_eq!((saved.seq, decode_order(&saved.state).unwrap()), (order.seq(), order));
    comes_back_as(&restaurant, &state).await;
}

#[tokio::test(start_paused = true)]
async fn a_room_with_a_socket_in_it_stays() {
    let restaurant = restaurant();
    let [asha] = seated(&restaurant, ["asha"]).await;
    sleep(10 * LONGER_THAN_IDLE).await;
    assert_eq!(restaurant.host().loaded_rooms(), 1);
    asha.disconnect();
    sleep(LONGER_THAN_IDLE).await;
    assert_eq!(restaurant.host().loaded_rooms(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_snapshot_the_log_alone_gives_the_order_back() {
    let restaurant = restaurant();
    let state = an_unloaded_order(&restaurant).await;
    let elsewhere = Simulation::new(2, Faults::default());
    for (after, fact) in facts(&restaurant).await.into_iter().enumerate() {
        elsewhere.log().append(&room(), after as u64, vec![fact.into()]).await.unwrap();
    }
    assert_eq!(snapshot(&elsewhere).await, None);
    comes_back_as(&elsewhere, &state).await;
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_behind_its_log_is_brought_up_to_date() {
    let restaurant = restaurant();
    let old = {
        let [mut asha] = seated(&restaurant, ["asha"]).await;
        asha.send(add("soup", 10)).await.unwrap();
        asha.send(r#"{"type":"remove_item","data":{"itemId":"soup"}}"#).await.unwrap();
        asha.recv_until("item_removed").await.unwrap();
        let order = restaurant.stored_order(&room()).await.unwrap();
        Snapshot { seq: order.seq(), state: encode_order(&order).unwrap() }
    };
    let state = an_unloaded_order(&restaurant).await;
    restaurant.log().inner().save_snapshot(&room(), old).await.unwrap();
    comes_back_as(&restaurant, &state).await;
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_garbage_is_passed_over() {
    for state in [&b""[..], b"{", b"\xff\xff", br#"{"v":1}"#, b"null"] {
        with_snapshot(Snapshot { seq: 3, state: state.to_vec() }).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_from_a_newer_version_is_passed_over() {
    with_snapshot(Snapshot { seq: 3, state: br#"{"v":99,"order":"in a form yet to be"}"#.to_vec() }).await;
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_ahead_of_its_log_is_passed_over() {
    let further = restaurant();
    let [mut asha] = seated(&further, ["asha"]).await;
    for number in 0..20 {
        asha.send(add(&format!("i{number}"), 10)).await.unwrap();
        asha.recv_until("item_added").await.unwrap();
    }
    let order = further.stored_order(&room()).await.unwrap();
    with_snapshot(Snapshot { seq: order.seq(), state: encode_order(&order).unwrap() }).await;
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_not_of_this_log_is_passed_over() {
    let other = restaurant();
    other.clock().set(order_core::UnixMillis::new(1));
    let [_dev, _esha] = seated(&other, ["dev", "esha"]).await;
    let order = other.stored_order(&room()).await.unwrap();
    let state = encode_order(&order).unwrap();
    with_snapshot(Snapshot { seq: order.seq(), state: state.clone() }).await;
    with_snapshot(Snapshot { seq: order.seq() - 1, state }).await;
}

#[tokio::test(start_paused = true)]
async fn a_busy_room_takes_a_snapshot_now_and_then() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    for number in 0..300 {
        let split = ["itemized", "equal"][number % 2];
        asha.send(json!({ "type": "update_split", "data": { "splitType": split } }).to_string())
            .await
            .unwrap();
        asha.recv_until("split_updated").await.unwrap();
    }
    let seq = snapshot(&restaurant).await.expect("a snapshot while the room is loaded").seq;
    assert!((200..=301).contains(&seq), "{seq}");
    let after_a_crash = restaurant.restarted(2);
    let [back] = seated(&after_a_crash, ["asha"]).await;
    assert_eq!(told(&back), told(&asha));
}

#[tokio::test(start_paused = true)]
async fn a_room_that_cannot_be_read_sends_everybody_away_until_it_can() {
    let restaurant = restaurant();
    let state = an_unloaded_order(&restaurant).await;
    restaurant.log().set_faults(LogFaults { failing_read: 1_000, ..LogFaults::default() });
    let mut asha = restaurant.connect(&room());
    asha.send(join("asha", &json!({}))).await.unwrap();
    assert_eq!(asha.recv().await, Err(Closed::Unavailable));
    assert!(restaurant.host().public_view(&room()).await.is_err());
    assert_eq!(restaurant.host().loaded_rooms(), 0);
    restaurant.calm();
    comes_back_as(&restaurant, &state).await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_does_not_set_the_order_back() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let before = told(&asha)["updatedAt"].as_u64().unwrap();
    restaurant.clock().set(order_core::UnixMillis::new(5));
    asha.send(add("dal", 10)).await.unwrap();
    asha.recv_until("item_added").await.unwrap();
    assert_eq!(told(&asha)["updatedAt"].as_u64().unwrap(), before);
}
