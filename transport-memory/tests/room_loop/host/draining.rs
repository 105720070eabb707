//! Draining a host.

use order_host::Transport as _;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use transport_memory::{Bus, Closed, Faults, Simulation};

use crate::support::table::{add, facts, join, kinds, restaurant, room, seated};

#[tokio::test(start_paused = true)]
async fn draining_stores_and_shows_what_was_accepted_and_then_sends_everybody_away() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    let mut stranger = restaurant.connect(&room());
    restaurant.log().hold();
    for number in 0..10 {
        asha.send(add(&format!("i{number}"), 10)).await.unwrap();
    }
    // The room is storing the first of them, and the others wait.
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    let host = restaurant.host().clone();
    let draining = tokio::spawn(async move { host.drain().await });
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(!draining.is_finished(), "it waits for what was accepted");
    restaurant.log().release();
    draining.await.unwrap();
    for client in [&mut asha, &mut ben] {
        assert_eq!(kinds(&client.settle().await), ["item_added"; 10]);
        assert_eq!(client.recv().await, Err(Closed::Restart));
    }
    assert_eq!(stranger.recv().await, Err(Closed::Restart));
    assert_eq!(facts(&restaurant).await.len(), 12);
    assert_eq!(restaurant.host().loaded_rooms(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_drained_host_takes_nobody_and_says_so() {
    let restaurant = restaurant();
    let [_asha] = seated(&restaurant, ["asha"]).await;
    assert!(restaurant.host().ready().await.is_ok());
    restaurant.host().drain().await;
    assert!(restaurant.host().ready().await.is_err());
    let mut late = restaurant.connect(&room());
    late.send(join("ben", &json!({}))).await.unwrap();
    assert_eq!(late.recv().await, Err(Closed::Restart));
    restaurant.host().drain().await;
    assert_eq!(restaurant.host().loaded_rooms(), 0);
    assert_eq!(facts(&restaurant).await.len(), 1);
    assert!(restaurant.host().public_view(&room()).await.unwrap().is_some(), "the order can still be read");
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_everybody_is_back_with_nothing_lost() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    asha.send(add("dal", 120)).await.unwrap();
    ben.recv_until("item_added").await.unwrap();
    restaurant.host().drain().await;
    let restarted = restaurant.restarted(2);
    let [_, back] = seated(&restarted, ["asha", "ben"]).await;
    assert_eq!(back.state(), ben.state());
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_is_told_to_stop_drains_its_host() {
    let simulation = Simulation::new(1, Faults::default());
    let (bus, stop) = (Bus::new(), CancellationToken::new());
    let mut early = bus.connect(room());
    early.send(join("asha", &json!({}))).await.unwrap();
    let running = tokio::spawn(Box::new(bus.clone()).run(simulation.host().clone(), stop.clone()));
    early.recv_until("participant_joined").await.expect("who connects early waits");
    // This one never reads, and must not delay the others forever.
    let mut silent = bus.connect(room());
    silent.send(join("ben", &json!({}))).await.unwrap();
    for number in 0..100 {
        early.send(add(&format!("i{number}"), 10)).await.unwrap();
        early.recv_until("item_added").await.unwrap();
    }
    stop.cancel();
    assert_eq!(running.await.unwrap(), Ok(()));
    assert_eq!(early.recv().await, Err(Closed::Restart));
    assert_eq!(bus.connect(room()).recv().await, Err(Closed::Restart));
    assert!(!silent.settle().await.is_empty());
    assert_eq!(silent.recv().await, Err(Closed::Restart));
}
