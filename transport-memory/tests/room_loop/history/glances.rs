//! Requests about orders that are not in memory: the order is read once, however many ask.

use std::time::Duration;

use futures_util::future::join_all;
use order_core::ParticipantId;
use order_core::wire::HistoryPage;
use order_host::log::{MemoryLog, RoomLog as _};
use order_host::{HistoryError, RoomKey, Settings};
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};
use transport_memory::{Faults, LogFaults, Simulation};

use crate::support::table::{add, add_with_command, join, kinds, only, restaurant, room, seated};

/// After this time rooms without sockets are unloaded.
const A_WHILE: Duration = Duration::from_secs(130);

#[tokio::test(start_paused = true)]
async fn an_order_is_read_once_however_many_look_at_it() {
    let restaurant = restaurant();
    order_at_rest(&restaurant, &room()).await;
    let before = restaurant.log().loads();
    let table = room();
    let views = join_all((0..200).map(|_| restaurant.host().public_view(&table))).await;
    for view in &views {
        let order: Value = serde_json::from_str(view.as_ref().unwrap().as_ref().unwrap()).unwrap();
        assert_eq!(order["items"][0]["dishName"], "thali");
    }
    let later = join_all((0..200).map(|_| restaurant.host().public_view(&table))).await;
    assert_eq!(later, views);
    assert_eq!(restaurant.log().loads() - before, 1);
    assert_eq!(restaurant.host().loaded_rooms(), 0, "nobody who looks loads a room");
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_of_an_order_is_never_older_than_its_log() {
    let restaurant = restaurant();
    order_at_rest(&restaurant, &room()).await;
    let seen = restaurant.host().public_view(&room()).await.unwrap().unwrap();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    asha.send(add("naan", 40)).await.unwrap();
    assert_eq!(only(&mut asha).await.kind(), "item_added");
    let now = restaurant.host().public_view(&room()).await.unwrap().unwrap();
    assert!(!seen.contains("naan") && now.contains("naan"), "while it is in memory");
    asha.disconnect();
    sleep(A_WHILE).await;
    assert_eq!(restaurant.host().loaded_rooms(), 0);
    assert_eq!(
        restaurant.host().public_view(&room()).await.unwrap().unwrap(),
        now,
        "and when it is not any more"
    );
    // Another process writes.
    let other = restaurant.restarted(2);
    let [mut ben] = seated(&other, ["ben"]).await;
    ben.send(add("lassi", 60)).await.unwrap();
    ben.settle().await;
    assert!(restaurant.host().public_view(&room()).await.unwrap().unwrap().contains("lassi"));
}

#[tokio::test(start_paused = true)]
async fn a_few_orders_are_read_at_a_time() {
    let slow = Faults {
        log: LogFaults { read_time: Duration::from_secs(1), ..LogFaults::default() },
        ..Faults::default()
    };
    let restaurant = Simulation::new(1, slow);
    let look = async |number: usize| {
        let room = RoomKey::new("main", &format!("nobodys-{number}")).unwrap();
        assert_eq!(restaurant.host().public_view(&room).await, Ok(None));
    };
    let begun = Instant::now();
    look(0).await;
    let one = begun.elapsed();
    assert!(one >= Duration::from_secs(1), "{one:?}");
    let begun = Instant::now();
    join_all((1..=64).map(look)).await;
    assert_eq!(begun.elapsed(), one * 8, "eight at a time");
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_waiting_takes_nobody_elses_answer_away() {
    let slow = Faults {
        log: LogFaults { read_time: Duration::from_secs(1), ..LogFaults::default() },
        ..Faults::default()
    };
    let restaurant = Simulation::new(1, slow);
    let nobodys = room();
    let host = restaurant.host();
    let impatient = tokio::time::timeout(Duration::from_millis(500), host.public_view(&nobodys));
    let (gave_up, found) = tokio::join!(impatient, host.public_view(&nobodys));
    assert!(gave_up.is_err());
    assert_eq!(found, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_cannot_be_read_is_asked_again_the_next_time() {
    let restaurant = restaurant();
    order_at_rest(&restaurant, &room()).await;
    restaurant.log().set_faults(LogFaults { failing_read: 1_000, ..LogFaults::default() });
    assert!(restaurant.host().public_view(&room()).await.is_err());
    restaurant.log().set_faults(LogFaults::default());
    assert!(restaurant.host().public_view(&room()).await.unwrap().unwrap().contains("thali"));
}

#[tokio::test(start_paused = true)]
async fn strangers_who_ask_for_histories_cost_one_look_at_the_order() {
    let restaurant = restaurant();
    order_at_rest(&restaurant, &room()).await;
    let before = restaurant.log().loads();
    for number in 0..100 {
        let stranger = ParticipantId::new(&format!("stranger-{number}")).unwrap();
        let answer = restaurant.host().history(&room(), Some(&stranger), page()).await;
        assert_eq!(answer, Err(HistoryError::NotAtTheTable));
    }
    assert_eq!(restaurant.log().loads() - before, 1);
    let asha = ParticipantId::new("asha").unwrap();
    assert!(restaurant.host().history(&room(), Some(&asha), page()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_happened_after_the_snapshot_is_seen_as_well() {
    let restaurant = restaurant();
    order_at_rest(&restaurant, &room()).await;
    // A killed process saves no snapshot.
    let killed = restaurant.restarted(2);
    let [mut asha] = seated(&killed, ["asha"]).await;
    asha.send(add_with_command("naan", 40, "c1")).await.unwrap();
    asha.settle().await;
    let later = restaurant.restarted(3);
    let seen: Value =
        serde_json::from_str(&later.host().public_view(&room()).await.unwrap().unwrap()).unwrap();
    assert_eq!((&seen["items"][1]["dishName"], &seen["total"]), (&json!("naan"), &json!(290)));
    // The command is still known when she joins again.
    let [mut ben] = seated(&later, ["asha"]).await;
    ben.send(add_with_command("naan", 40, "c1")).await.unwrap();
    let heard = ben.settle().await;
    assert_eq!((kinds(&heard), &heard[0].json()["data"]["repeated"]), (vec!["ack"], &json!(true)));
}

#[tokio::test(start_paused = true)]
async fn a_look_saves_no_snapshot_of_an_order_that_is_in_memory_meanwhile() {
    let log = long_log(&restaurant()).await;
    for is_loaded in [true, false] {
        let restaurant = Simulation::over(log.copied(), 1, Faults::default(), Settings::default());
        let slow = LogFaults { read_time: Duration::from_secs(1), ..LogFaults::default() };
        restaurant.log().set_faults(slow);
        let table = room();
        let mut asha = restaurant.connect(&table);
        let (seen, ()) = tokio::join!(restaurant.host().public_view(&table), async {
            sleep(Duration::from_millis(4_500)).await;
            if is_loaded {
                asha.send(join("asha", &json!({}))).await.unwrap();
            }
        });
        assert!(seen.unwrap().unwrap().contains("dal-2099"));
        let saved = restaurant.log().inner().load_snapshot(&room()).await.unwrap();
        assert_eq!(saved.is_some(), !is_loaded);
    }
}

#[test]
fn a_long_bill_may_be_looked_at_from_a_set_of_local_tasks() {
    let paused = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let log = paused.block_on(async { long_log(&restaurant()).await });
    let threads = Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    threads.block_on(LocalSet::new().run_until(async {
        let restaurant = Simulation::over(log, 1, Faults::default(), Settings::default());
        let seen = restaurant.host().public_view(&room()).await.unwrap().unwrap();
        assert!(seen.contains("dal-2099"));
    }));
}

/// Creates a log of 2,100 dishes, without a snapshot.
async fn long_log(restaurant: &Simulation) -> MemoryLog {
    let [mut asha] = seated(restaurant, ["asha"]).await;
    for number in 0..2_100 {
        asha.send(add(&format!("dal-{number}"), 1)).await.unwrap();
        asha.settle().await;
    }
    let inner = restaurant.log().inner();
    let log = MemoryLog::with_chain_key(inner.chain_key().await.unwrap());
    log.append(&room(), 0, inner.read(&room(), 0, usize::MAX).await.unwrap()).await.unwrap();
    log
}

/// Creates an order of one dish, and unloads it.
async fn order_at_rest(restaurant: &Simulation, room: &RoomKey) {
    let mut asha = restaurant.connect(room);
    asha.join("asha", "Asha").await.unwrap();
    asha.send(add("thali", 250)).await.unwrap();
    asha.settle().await;
    asha.disconnect();
    sleep(A_WHILE).await;
    assert_eq!(restaurant.host().loaded_rooms(), 0);
}

fn page() -> HistoryPage {
    HistoryPage { before: None, limit: 10 }
}
