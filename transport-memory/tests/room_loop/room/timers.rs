//! Scheduled changes of a room: on time, once, and whether anybody is connected or not.

use std::time::Duration;

use async_trait::async_trait;
use order_core::fact::TableFact;
use order_core::stored::decode_fact;
use order_core::{Actor, Fact, Lifetimes, Recorded, Status, UnixMillis};
use order_host::log::{Layer, Layered, LogError, MemoryLog, RoomLog as _};
use order_host::{Clock as _, Opening, Protocol, RoomKey, Settings};
use serde_json::json;
use tokio::time::sleep;
use transport_memory::{AppendFault, Client, Faults, Simulation};

use crate::support::table::{
    add, code, facts, hears_nothing, join, kinds, only, restaurant, room, seated, state,
};

const MINUTE: Duration = Duration::from_secs(60);

/// After this time every timer has read the clock again, and rooms without sockets are
/// unloaded.
const A_WHILE: Duration = Duration::from_secs(130);

#[tokio::test(start_paused = true)]
async fn a_table_is_reminded_and_then_locked_before_everybodys_eyes() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let mut ben = restaurant.open(&room(), Opening { protocol: Protocol::V2, ..Opening::default() });
    ben.send(join_v2("ben")).await.unwrap();
    ben.settle().await;
    asha.settle().await;
    asha.send(deadline_in(30 * MINUTE, "lock")).await.unwrap();
    let set = state(&only(&mut asha).await);
    assert_eq!(set["deadline"]["reminders"], json!([600_000, 60_000]));
    assert_eq!(only(&mut ben).await.json()["event"], "deadline_updated");

    pass(&restaurant, 20 * MINUTE).await;
    let reminder = only(&mut asha).await.json();
    assert_eq!(
        (reminder["type"].as_str(), &reminder["data"]["left"]),
        (Some("deadline_reminder"), &json!(600_000))
    );
    let event = only(&mut ben).await.json();
    assert_eq!(
        (&event["event"], &event["by"], &event["automatic"]),
        (&json!("deadline_reminder"), &json!(null), &json!(true))
    );
    pass(&restaurant, 9 * MINUTE).await;
    assert_eq!(only(&mut asha).await.kind(), "deadline_reminder");
    ben.settle().await;
    pass(&restaurant, MINUTE).await;
    let locked = only(&mut asha).await;
    assert_eq!(locked.kind(), "order_locked");
    assert_eq!(state(&locked)["deadline"]["passed"], json!(true));
    assert_eq!(only(&mut ben).await.json()["event"], "order_locked");
    pass(&restaurant, 100 * MINUTE).await;
    hears_nothing(&mut asha).await;
    hears_nothing(&mut ben).await;
}

#[tokio::test(start_paused = true)]
async fn what_arrives_after_a_deadline_is_judged_after_it() {
    let restaurant = restaurant();
    let [asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    set_deadline(asha, 30 * MINUTE, "lock").await;
    ben.settle().await;
    // The room is idle, and the clock has been set meanwhile.
    restaurant.clock().advance(31 * MINUTE);
    ben.send(add("naan", 40)).await.unwrap();
    let heard = ben.settle().await;
    assert_eq!(kinds(&heard), ["order_locked", "error"]);
    assert_eq!(code(&heard[1]), "order_locked");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_comes_although_nobody_is_there_and_leaves_nobody_in_memory() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    asha.send(add("thali", 250)).await.unwrap();
    set_deadline(asha, 90 * MINUTE, "finalize").await;
    sleep(A_WHILE).await;
    assert_eq!(restaurant.host().loaded_rooms(), 0);
    pass(&restaurant, 80 * MINUTE).await;
    pass(&restaurant, 10 * MINUTE).await;
    let happened = by_the_clock(&restaurant).await;
    let [Fact::Table(TableFact::Reminded { before: 600_000 }), Fact::Table(TableFact::Finalized { .. })] =
        happened[..]
    else {
        panic!("{happened:?}")
    };
    assert_eq!(restaurant.host().loaded_rooms(), 0, "a room that was woken is not kept");
    assert_eq!(restaurant.log().alarm(&room()).await, Ok(None), "nothing more happens by itself");
}

#[tokio::test(start_paused = true)]
async fn what_was_due_while_the_server_was_down_happens_when_it_is_started_and_once() {
    let restaurant = restaurant();
    let [asha] = seated(&restaurant, ["asha"]).await;
    set_deadline(asha, 90 * MINUTE, "lock").await;
    restaurant.crash().await;
    restaurant.clock().advance(100 * MINUTE);
    assert_eq!(by_the_clock(&restaurant).await, []);
    let mut restarted = restaurant.restarted(2);
    for seed in 3..6 {
        sleep(A_WHILE).await;
        assert_eq!(by_the_clock(&restarted).await, [Fact::Table(TableFact::LockSet { locked: true })]);
        restarted.crash().await;
        restarted = restarted.restarted(seed);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_stored_in_time_is_stored_later_and_not_shown_before() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    asha.send(deadline_in(30 * MINUTE, "lock")).await.unwrap();
    asha.settle().await;
    for fault in [AppendFault::Failed, AppendFault::UnknownNotStored, AppendFault::Failed] {
        restaurant.log().fail_next_append(fault);
    }
    restaurant.clock().advance(30 * MINUTE);
    sleep(MINUTE + Duration::from_secs(1)).await;
    hears_nothing(&mut asha).await;
    sleep(MINUTE).await;
    assert_eq!(only(&mut asha).await.kind(), "order_locked");
    assert_eq!(by_the_clock(&restaurant).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_judged_as_if_a_deadline_that_could_not_be_stored_had_not_come() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    asha.send(deadline_in(30 * MINUTE, "lock")).await.unwrap();
    asha.settle().await;
    ben.settle().await;
    let before = facts(&restaurant).await;
    restaurant.clock().advance(31 * MINUTE);
    for _ in 0..2 {
        restaurant.log().fail_next_append(AppendFault::Failed);
        ben.send(add("naan", 40)).await.unwrap();
        assert_eq!(code(&only(&mut ben).await), "storage_unavailable");
    }
    restaurant.log().fail_next_append(AppendFault::Failed);
    let mut chitra = restaurant.connect(&room());
    chitra.send(join("chitra", &json!({}))).await.unwrap();
    assert_eq!(code(&only(&mut chitra).await), "storage_unavailable");
    hears_nothing(&mut asha).await;
    assert_eq!(facts(&restaurant).await, before);
    ben.send(add("naan", 40)).await.unwrap();
    let heard = ben.settle().await;
    assert_eq!((kinds(&heard), code(&heard[1])), (vec!["order_locked", "error"], "order_locked".to_owned()));
    chitra.send(join("chitra", &json!({}))).await.unwrap();
    assert_eq!(kinds(&chitra.settle().await), ["sync", "participant_joined"]);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_cannot_be_stored_is_tried_again_and_not_without_pause() {
    let restaurant = restaurant();
    let [asha] = seated(&restaurant, ["asha"]).await;
    set_deadline(asha, 90 * MINUTE, "lock").await;
    sleep(A_WHILE).await;
    assert_eq!(restaurant.host().loaded_rooms(), 0);
    for _ in 0..1_000 {
        restaurant.log().fail_next_append(AppendFault::Failed);
    }
    restaurant.clock().advance(91 * MINUTE);
    sleep(10 * MINUTE).await;
    let tried = 1_000 - restaurant.log().planned_failures();
    assert!((5..=30).contains(&tried), "{tried} times in ten minutes");
    restaurant.log().forget_planned_failures();
    sleep(2 * MINUTE).await;
    assert_eq!(by_the_clock(&restaurant).await, [Fact::Table(TableFact::LockSet { locked: true })]);
}

#[tokio::test(start_paused = true)]
async fn orders_that_everybody_forgot_expire_and_old_ones_are_archived() {
    let mut settings = Settings::default();
    settings.lifetimes = Lifetimes { expire_after: Some(60 * MINUTE), archive_after: Some(200 * MINUTE) };
    let restaurant = Simulation::with_settings(1, Faults::default(), settings);
    let rooms: Vec<_> =
        (0..40).map(|number| RoomKey::new("main", &format!("table-{number}")).unwrap()).collect();
    for (number, room) in rooms.iter().enumerate() {
        let mut asha = restaurant.connect(room);
        asha.join("asha", "Asha").await.unwrap();
        if number % 2 == 0 {
            asha.send(add("thali", 250)).await.unwrap();
            asha.send(r#"{"type":"finalize"}"#).await.unwrap();
        }
        asha.settle().await;
    }
    sleep(A_WHILE).await;
    for (minutes, of_open, of_finalized) in [
        (50, Status::Active, Status::Finalized),
        (70, Status::Expired, Status::Finalized),
        (300, Status::Expired, Status::Archived),
    ] {
        pass(&restaurant, MINUTE * minutes).await;
        for (number, room) in rooms.iter().enumerate() {
            let order = restaurant.stored_order(room).await.unwrap();
            assert_eq!(
                order.status(),
                if number % 2 == 0 { of_finalized } else { of_open },
                "{room}: {minutes}"
            );
        }
        assert_eq!(restaurant.host().loaded_rooms(), 0);
    }
    assert_eq!(restaurant.log().alarms(None, 100).await, Ok(Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn an_order_that_goes_on_is_looked_at_in_vain_and_lives() {
    let mut settings = Settings::default();
    settings.lifetimes.expire_after = Some(60 * MINUTE);
    let restaurant = Simulation::with_settings(1, Faults::default(), settings);
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let begun = restaurant.clock().now().get();
    pass(&restaurant, 50 * MINUTE).await;
    asha.send(add("thali", 250)).await.unwrap();
    asha.settle().await;
    let hour = 60 * 60 * 1000;
    assert_eq!(
        restaurant.log().alarm(&room()).await,
        Ok(Some(UnixMillis::new(begun + hour))),
        "no write for a dish"
    );
    asha.disconnect();
    sleep(A_WHILE).await;
    pass(&restaurant, 20 * MINUTE).await;
    assert_eq!(by_the_clock(&restaurant).await, []);
    let later = begun + 50 * 60 * 1000 + hour;
    assert_eq!(restaurant.log().alarm(&room()).await, Ok(Some(UnixMillis::new(later))));
    pass(&restaurant, 50 * MINUTE).await;
    assert_eq!(by_the_clock(&restaurant).await, [Fact::Table(TableFact::Expired)]);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_reopened_lives_as_long_again() {
    let mut settings = Settings::default();
    settings.lifetimes.expire_after = Some(60 * MINUTE);
    let restaurant = Simulation::with_settings(1, Faults::default(), settings);
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    asha.send(add("thali", 250)).await.unwrap();
    asha.settle().await;
    pass(&restaurant, 80 * MINUTE).await;
    assert_eq!(kinds(&asha.settle().await), ["order_expired"]);
    asha.send(r#"{"type":"reopen","id":"r1"}"#).await.unwrap();
    let heard = asha.settle().await;
    assert_eq!(kinds(&heard), ["sync", "ack"]);
    assert_eq!(state(&heard[0])["status"], json!("active"));
    let reopened = restaurant.clock().now().get();
    let hour = 60 * 60 * 1000;
    let alarm = restaurant.log().alarm(&room()).await.unwrap().unwrap();
    assert!(alarm.get().abs_diff(reopened + hour) < 60_000, "{alarm:?}");
    asha.disconnect();
    sleep(A_WHILE).await;
    pass(&restaurant, 50 * MINUTE).await;
    assert_eq!(by_the_clock(&restaurant).await.len(), 1, "not yet");
    pass(&restaurant, 20 * MINUTE).await;
    assert_eq!(
        by_the_clock(&restaurant).await,
        [Fact::Table(TableFact::Expired), Fact::Table(TableFact::Expired)]
    );
}

/// In the other order, a crash between the two would lose the deadline.
#[tokio::test(start_paused = true)]
async fn nothing_is_stored_for_which_nobody_would_be_woken() {
    let restaurant =
        Simulation::over(Layered(NoAlarms(MemoryLog::new())), 1, Faults::default(), Settings::default());
    let mut asha = restaurant.connect(&room());
    asha.send(join("asha", &json!({}))).await.unwrap();
    asha.settle().await;
    asha.send(deadline_in(MINUTE, "lock")).await.unwrap();
    assert_eq!(code(&only(&mut asha).await), "storage_unavailable");
    assert_eq!(restaurant.stored_order(&room()).await.unwrap().seq(), 1);
    asha.send(add("thali", 250)).await.unwrap();
    assert_eq!(only(&mut asha).await.kind(), "item_added", "what needs no alarm goes on");
}

/// A log that cannot set an alarm.
struct NoAlarms(MemoryLog);

#[async_trait]
impl Layer for NoAlarms {
    type Below = MemoryLog;

    fn below(&self) -> &MemoryLog {
        &self.0
    }

    async fn set_alarm(&self, _: &RoomKey, _: Option<UnixMillis>) -> Result<(), LogError> {
        Err(LogError("no alarms here".to_owned()))
    }
}

/// Advances the clock, and lets every timer read it.
async fn pass(restaurant: &Simulation, time: Duration) {
    restaurant.clock().advance(time);
    sleep(A_WHILE).await;
}

fn deadline_in(time: Duration, then: &str) -> String {
    let millis = u64::try_from(time.as_millis()).unwrap();
    json!({ "type": "set_deadline", "data": { "in": millis, "then": then } }).to_string()
}

/// Sets a deadline, and disconnects.
async fn set_deadline(mut owner: Client, time: Duration, then: &str) {
    owner.send(deadline_in(time, then)).await.unwrap();
    assert!(kinds(&owner.settle().await).contains(&"deadline_updated"));
    owner.disconnect();
}

fn join_v2(who: &str) -> String {
    json!({ "type": "join", "id": "j", "participantId": who, "participantName": who, "data": {} }).to_string()
}

/// Returns the facts that the clock has recorded.
async fn by_the_clock(restaurant: &Simulation) -> Vec<Fact> {
    let facts = facts(restaurant).await.into_iter().map(|fact| decode_fact(&fact).unwrap());
    facts.filter(|Recorded { by, .. }| *by == Actor::Clock).map(|recorded| recorded.fact).collect()
}
