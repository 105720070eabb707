//! A slow reader never blocks the table, and gets the present state when it reads again.

use std::time::Duration;

use order_host::Settings;
use serde_json::json;
use tokio::time::timeout;
use transport_memory::{Client, Faults, Message, Simulation};

use crate::support::table::{add, code, join, kinds, room, seated, told};

/// Creates a simulation with a small outbox for each socket.
fn little_patience(outbox_bytes: usize) -> Simulation {
    let mut settings = Settings::default();
    settings.outbox_bytes = outbox_bytes;
    Simulation::with_settings(1, Faults::default(), settings)
}

fn seq(message: &Message) -> u64 {
    crate::support::table::state(message)["seq"].as_u64().unwrap()
}

async fn order(client: &mut Client, dishes: std::ops::Range<u32>) {
    for number in dishes {
        client.send(add(&format!("i{number}"), 10)).await.unwrap();
        client.recv_until("item_added").await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_fell_behind_is_sent_the_state_once_and_then_misses_nothing() {
    let restaurant = little_patience(16 * 1024);
    let [mut asha, mut slow] = seated(&restaurant, ["asha", "slow"]).await;
    order(&mut asha, 0..100).await;
    let mut heard = slow.settle().await;
    order(&mut asha, 100..103).await;
    heard.extend(slow.settle().await);

    let sync = heard.iter().position(|message| message.kind() == "sync").expect("it fell behind");
    assert_eq!(kinds(&heard).iter().filter(|kind| **kind == "sync").count(), 1);
    let (before, after) = heard.split_at(sync);
    assert!(!before.is_empty() && seq(&before[0]) == 3);
    assert!(before.windows(2).all(|pair| seq(&pair[1]) == seq(&pair[0]) + 1));
    assert!(seq(&after[0]) > seq(before.last().unwrap()) + 1, "something was left out");
    assert!(after.windows(2).all(|pair| seq(&pair[1]) == seq(&pair[0]) + 1), "and after it nothing");
    assert_eq!(slow.state(), asha.state());
    assert_eq!(told(&slow)["seq"], 105);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_lags_keeps_its_seat_and_holds_nobody_up() {
    let restaurant = little_patience(4 * 1024);
    let [mut asha, slow] = seated(&restaurant, ["asha", "slow"]).await;
    let begun = tokio::time::Instant::now();
    order(&mut asha, 0..200).await;
    assert_eq!(begun.elapsed(), Duration::ZERO, "nobody waited");
    assert_eq!(told(&asha)["participants"][1]["isOnline"], true);
    drop(slow);
    assert_eq!(asha.recv_until("presence").await.unwrap().json()["data"]["isOnline"], false);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_while_lagging_still_hears_that_they_left() {
    let restaurant = little_patience(4 * 1024);
    let [mut asha, mut slow] = seated(&restaurant, ["asha", "slow"]).await;
    order(&mut asha, 0..100).await;
    slow.send(r#"{"type":"leave"}"#).await.unwrap();
    asha.recv_until("participant_left").await.unwrap();
    order(&mut asha, 100..102).await;
    let heard = slow.settle().await;
    assert_eq!(heard.last().unwrap().kind(), "participant_left", "{:?}", kinds(&heard));
}

#[tokio::test(start_paused = true)]
async fn whoever_floods_the_door_without_reading_is_answered_when_they_read() {
    for known_to_the_room in [false, true] {
        let restaurant = little_patience(4 * 1024);
        let mut flooder = restaurant.connect(&room());
        if known_to_the_room {
            flooder.send(r#"{"type":"join","participantId":"flooder","data":{}}"#).await.unwrap();
        }
        for _ in 0..100 {
            flooder.send(add("dal", 10)).await.unwrap();
        }
        let answers = flooder.settle().await;
        let to_commands = &answers[usize::from(known_to_the_room)..];
        assert_eq!(to_commands.len(), 100, "known to the room: {known_to_the_room}");
        assert!(to_commands.iter().all(|answer| code(answer) == "join_first"));
        flooder.join("flooder", "Flooder").await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn readers_that_keep_up_do_not_fall_behind_when_half_the_table_drops_off_at_once() {
    let restaurant = little_patience(64 * 1024);
    let names: Vec<String> = (0..40).map(|number| format!("guest{number}")).collect();
    let mut guests = Vec::new();
    for name in &names {
        let mut guest = restaurant.connect(&room());
        guest.join(name, name).await.unwrap();
        guests.push(guest);
    }
    for number in 0..20 {
        guests[0].send(add(&format!("i{number}"), 10)).await.unwrap();
    }
    for guest in &mut guests {
        guest.settle().await;
    }
    let going = guests.split_off(20);
    let reading: Vec<_> =
        guests.into_iter().map(|mut guest| tokio::spawn(async move { guest.settle().await })).collect();
    drop(going);

    for reader in reading {
        let heard = reader.await.unwrap();
        assert_eq!(kinds(&heard), vec!["presence"; 20]);
    }
}

/// On several threads: the race is between a socket that asks for the state and the room
/// that sends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_that_falls_behind_again_and_again_is_never_forgotten() {
    for _ in 0..20 {
        // So small that almost every message is too much.
        let restaurant = little_patience(256);
        let mut asha = restaurant.connect(&room());
        let mut slow = restaurant.connect(&room());
        slow.send(join("slow", &json!({}))).await.unwrap();
        slow.recv_until("sync").await.unwrap();
        let talking = tokio::spawn(async move {
            asha.send(join("asha", &json!({}))).await.unwrap();
            for number in 0..200 {
                let split = ["itemized", "equal"][number % 2];
                let text = json!({ "type": "update_split", "data": { "splitType": split } });
                asha.send(text.to_string()).await.unwrap();
            }
            asha
        });
        let last = async { while slow.recv().await.map(|message| seq(&message)) != Ok(202) {} };
        timeout(Duration::from_secs(5), last).await.expect("the last message or the state after it comes");
        drop(talking.await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_got_up_and_falls_behind_is_told_that_it_does_not_sit_here() {
    let restaurant = little_patience(4 * 1024);
    let [mut asha, mut slow] = seated(&restaurant, ["asha", "slow"]).await;
    // More is queued for it now than is in flight.
    order(&mut asha, 0..20).await;
    slow.send(r#"{"type":"leave"}"#).await.unwrap();
    for number in 0..3_000 {
        slow.send(add(&format!("late{number}"), 10)).await.unwrap();
    }
    asha.settle().await;

    let heard = slow.settle().await;
    assert!(!kinds(&heard).contains(&"participant_left"), "more came than could wait");
    assert_eq!(code(heard.last().unwrap()), "join_first");
    order(&mut asha, 20..21).await;
    assert!(slow.settle().await.is_empty());
}
