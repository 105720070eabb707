//! A wrong clock that is corrected: no order ends because of it, and a table that has an
//! hour keeps its hour.

use order_core::fact::TableFact;
use order_core::stored::decode_fact;
use order_core::{Actor, Fact, Lifetimes, Recorded, Status, UnixMillis};
use order_host::log::RoomLog as _;
use order_host::{Clock as _, RoomKey, Settings};
use serde_json::json;
use std::time::Duration;
use tokio::time::sleep;
use transport_memory::{Faults, Simulation};

use crate::support::table::{add, facts, hears_nothing, join, kinds, only, room, seated};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// After this time every timer has read the clock again, and rooms without sockets are
/// unloaded.
const A_WHILE: Duration = Duration::from_secs(130);

/// Creates a simulation whose orders live for a week, and are archived after a month.
fn restaurant() -> Simulation {
    let mut settings = Settings::default();
    settings.lifetimes = Lifetimes { expire_after: Some(7 * DAY), archive_after: Some(30 * DAY) };
    Simulation::with_settings(1, Faults::default(), settings)
}

#[tokio::test(start_paused = true)]
async fn no_order_ends_because_the_clock_leaps_forward_and_all_end_after_the_time_that_they_had() {
    for guest_stays in [true, false] {
        let restaurant = restaurant();
        let rooms = open_orders(&restaurant, 40).await;
        let [asha] = seated(&restaurant, ["asha"]).await;
        let asha = guest_stays.then_some(asha);
        pass(&restaurant, DAY).await;
        leap(&restaurant, 50 * 365 * DAY).await;
        for days in [0, 1, 4] {
            pass(&restaurant, days * DAY).await;
            assert_eq!(ended(&restaurant, &rooms).await, 0, "{days}");
            assert_eq!(status(&restaurant, &room()).await, Status::Active, "{days}");
        }
        pass(&restaurant, DAY + HOUR).await;
        assert_eq!(ended(&restaurant, &rooms).await, rooms.len(), "a week is over");
        assert_eq!(status(&restaurant, &room()).await, Status::Expired);
        drop(asha);
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_days_ahead_when_the_server_starts_can_be_set_right_first() {
    let restaurant = restaurant();
    let rooms = open_orders(&restaurant, 40).await;
    restaurant.crash().await;
    restaurant.clock().advance(HOUR);
    let right = restaurant.clock().now();
    restaurant.clock().set(UnixMillis::new(right.get() + millis(8 * DAY)));
    let restarted = restaurant.restarted(2);
    pass(&restarted, 10 * MINUTE).await;
    assert_eq!(ended(&restarted, &rooms).await, 0);
    restarted.clock().set(UnixMillis::new(right.get() + millis(10 * MINUTE)));
    pass(&restarted, HOUR).await;
    assert_eq!(ended(&restarted, &rooms).await, 0);
    pass(&restarted, 6 * DAY).await;
    assert_eq!(ended(&restarted, &rooms).await, 0);
    pass(&restarted, DAY).await;
    assert_eq!(ended(&restarted, &rooms).await, rooms.len());
}

#[tokio::test(start_paused = true)]
async fn what_is_over_by_a_clock_that_proves_right_ends_some_minutes_after_a_start() {
    let restaurant = restaurant();
    let rooms = open_orders(&restaurant, 40).await;
    restaurant.crash().await;
    restaurant.clock().advance(8 * DAY);
    let restarted = restaurant.restarted(2);
    for _ in 0..3 {
        pass(&restarted, 4 * MINUTE).await;
        assert_eq!(ended(&restarted, &rooms).await, 0);
    }
    let loads = restarted.log().alarms(None, 100).await.unwrap();
    assert!(loads.iter().all(|alarm| alarm.at <= restarted.clock().now()), "no alarm was put off meanwhile");
    pass(&restarted, 4 * MINUTE).await;
    assert_eq!(ended(&restarted, &rooms).await, rooms.len());
    assert_eq!(restarted.host().loaded_rooms(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_comes_while_the_clock_has_to_prove_itself_keeps_the_order() {
    let restaurant = restaurant();
    open_orders(&restaurant, 1).await;
    restaurant.crash().await;
    restaurant.clock().advance(8 * DAY);
    let restarted = restaurant.restarted(2);
    let mut asha = restarted.connect(&table(0));
    asha.send(join("asha", &json!({}))).await.unwrap();
    asha.send(add("naan", 40)).await.unwrap();
    assert!(kinds(&asha.settle().await).contains(&"item_added"));
    pass(&restarted, 6 * DAY).await;
    assert_eq!(status(&restarted, &table(0)).await, Status::Active);
}

#[tokio::test(start_paused = true)]
async fn a_table_keeps_its_hour_however_the_clock_is_set_and_whether_somebody_is_there() {
    for guest_stays in [true, false] {
        for set in [Set::Ahead(3 * HOUR), Set::Back(3 * HOUR), Set::Ahead(9 * DAY), Set::Back(9 * DAY)] {
            let restaurant = restaurant();
            let [mut asha] = seated(&restaurant, ["asha"]).await;
            asha.send(deadline_in(HOUR)).await.unwrap();
            assert_eq!(only(&mut asha).await.kind(), "deadline_updated");
            let asha = guest_stays.then_some(asha);
            pass(&restaurant, 20 * MINUTE).await;
            turn(&restaurant, &set);
            sleep(A_WHILE).await;
            assert_eq!(by_the_clock(&restaurant).await, [], "{set:?}, {guest_stays}");
            pass(&restaurant, 30 * MINUTE).await;
            let reminded = Fact::Table(TableFact::Reminded { before: millis(10 * MINUTE) });
            assert_eq!(
                by_the_clock(&restaurant).await,
                std::slice::from_ref(&reminded),
                "{set:?}, {guest_stays}"
            );
            pass(&restaurant, 10 * MINUTE).await;
            let happened = by_the_clock(&restaurant).await;
            assert_eq!(
                happened,
                [reminded, Fact::Table(TableFact::LockSet { locked: true })],
                "{set:?}, {guest_stays}"
            );
            drop(asha);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_before_a_restart_goes_by_the_clock() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    asha.send(deadline_in(2 * HOUR)).await.unwrap();
    asha.settle().await;
    restaurant.crash().await;
    restaurant.clock().set(UnixMillis::new(5_000));
    let restarted = restaurant.restarted(2);
    pass(&restarted, 5 * MINUTE).await;
    restarted.clock().set(UnixMillis::new(1_700_000_000_000 + millis(HOUR)));
    pass(&restarted, 40 * MINUTE).await;
    assert_eq!(by_the_clock(&restarted).await, []);
    pass(&restarted, 20 * MINUTE).await;
    assert_eq!(
        by_the_clock(&restarted).await.last(),
        Some(&Fact::Table(TableFact::LockSet { locked: true }))
    );
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_before_a_restart_comes_no_earlier_by_a_clock_that_starts_days_ahead() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    asha.send(add("thali", 250)).await.unwrap();
    asha.send(deadline_in(5 * DAY).replace("reminders", "then\":\"finalize\",\"reminders")).await.unwrap();
    asha.settle().await;
    restaurant.crash().await;
    let right = restaurant.clock().now().get();
    restaurant.clock().set(UnixMillis::new(right + millis(8 * DAY)));
    let restarted = restaurant.restarted(2);
    let [mut ben] = seated(&restarted, ["ben"]).await;
    pass(&restarted, 10 * MINUTE).await;
    ben.send(add("naan", 40)).await.unwrap();
    assert_eq!(only(&mut ben).await.kind(), "item_added");
    restarted.clock().set(UnixMillis::new(right + millis(10 * MINUTE)));
    pass(&restarted, 4 * DAY).await;
    assert_eq!(status(&restarted, &room()).await, Status::Active);
    pass(&restarted, DAY).await;
    assert_eq!(status(&restarted, &room()).await, Status::Finalized);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_was_missed_by_days_comes_once_the_clock_has_proved_itself() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    asha.send(deadline_in(HOUR)).await.unwrap();
    asha.settle().await;
    restaurant.crash().await;
    restaurant.clock().advance(2 * DAY);
    let restarted = restaurant.restarted(2);
    pass(&restarted, 5 * MINUTE).await;
    assert_eq!(by_the_clock(&restarted).await, []);
    pass(&restarted, 11 * MINUTE).await;
    assert_eq!(by_the_clock(&restarted).await, [Fact::Table(TableFact::LockSet { locked: true })]);
}

#[tokio::test(start_paused = true)]
async fn a_leap_of_a_clock_that_had_proved_itself_ends_nothing_of_before_the_restart() {
    for guest_stays in [true, false] {
        let restaurant = restaurant();
        let rooms = open_orders(&restaurant, 7).await;
        let [mut asha] = seated(&restaurant, ["asha"]).await;
        asha.send(add("thali", 250)).await.unwrap();
        asha.send(deadline_in(5 * DAY)).await.unwrap();
        asha.settle().await;
        restaurant.crash().await;
        let restarted = restaurant.restarted(2);
        let guest = if guest_stays { Some(seated(&restarted, ["ben"]).await) } else { None };
        pass(&restarted, HOUR).await;
        leap(&restarted, 300 * DAY).await;
        pass(&restarted, 4 * DAY).await;
        assert_eq!(ended(&restarted, &rooms).await, 0);
        assert_eq!(by_the_clock(&restarted).await, [], "{guest_stays}");
        pass(&restarted, DAY).await;
        assert_eq!(
            by_the_clock(&restarted).await.last(),
            Some(&Fact::Table(TableFact::LockSet { locked: true }))
        );
        pass(&restarted, 3 * DAY).await;
        assert_eq!(ended(&restarted, &rooms).await, rooms.len());
        drop(guest);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_in_time_at_a_table_whose_end_waits_for_the_clock() {
    let restaurant = restaurant();
    open_orders(&restaurant, 1).await;
    restaurant.crash().await;
    restaurant.clock().advance(8 * DAY);
    let restarted = restaurant.restarted(2);
    sleep(A_WHILE).await;
    let mut asha = restarted.connect(&table(0));
    asha.send(join("asha", &json!({}))).await.unwrap();
    asha.send(deadline_in(2 * MINUTE)).await.unwrap();
    asha.settle().await;
    asha.disconnect();
    sleep(A_WHILE).await;
    pass(&restarted, 2 * MINUTE).await;
    let order = restarted.stored_order(&table(0)).await.unwrap();
    assert!(order.is_locked(), "it does not wait for a quarter of an hour");
}

#[tokio::test(start_paused = true)]
async fn stamps_of_a_clock_that_was_far_ahead_keep_no_order_from_ending_across_restarts() {
    let mut restaurant = restaurant();
    let right = restaurant.clock().now();
    restaurant.clock().set(UnixMillis::new(right.get() + millis(20 * 365 * DAY)));
    let rooms = open_orders(&restaurant, 20).await;
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    // Its deadline is as far ahead as its stamps.
    asha.send(deadline_in(HOUR)).await.unwrap();
    asha.settle().await;
    asha.disconnect();
    restaurant.crash().await;
    restaurant.clock().set(right);
    // They are found on the first day, once the clock has settled, and have a week from then
    // on.
    for day in 0..7 {
        let next = restaurant.restarted(day + 2);
        pass(&next, DAY).await;
        assert_eq!(ended(&next, &rooms).await, 0, "day {day}");
        next.crash().await;
        restaurant = next;
    }
    let last = restaurant.restarted(10);
    pass(&last, DAY + HOUR).await;
    pass(&last, HOUR).await;
    assert_eq!(ended(&last, &rooms).await, rooms.len());
    assert_eq!(status(&last, &room()).await, Status::Expired);
}

#[tokio::test(start_paused = true)]
async fn a_change_to_an_order_whose_stamps_are_far_ahead_gives_it_its_whole_life_again() {
    let restaurant = restaurant();
    let right = restaurant.clock().now();
    restaurant.clock().set(UnixMillis::new(right.get() + millis(365 * DAY)));
    open_orders(&restaurant, 1).await;
    restaurant.crash().await;
    restaurant.clock().set(right);
    let restarted = restaurant.restarted(2);
    pass(&restarted, 6 * DAY).await;
    let mut asha = restarted.connect(&table(0));
    asha.send(join("asha", &json!({}))).await.unwrap();
    asha.send(add("naan", 40)).await.unwrap();
    asha.settle().await;
    asha.disconnect();
    sleep(A_WHILE).await;
    pass(&restarted, 6 * DAY).await;
    assert_eq!(status(&restarted, &table(0)).await, Status::Active);
    pass(&restarted, 2 * DAY).await;
    assert_eq!(status(&restarted, &table(0)).await, Status::Expired);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_clock_tells_nobody_and_stores_nothing() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    pass(&restaurant, HOUR).await;
    let before = facts(&restaurant).await;
    for _ in 0..20 {
        leap(&restaurant, 30 * DAY).await;
    }
    hears_nothing(&mut asha).await;
    assert_eq!(facts(&restaurant).await, before);
}

#[derive(Debug)]
enum Set {
    Ahead(Duration),
    Back(Duration),
}

fn turn(restaurant: &Simulation, set: &Set) {
    let now = restaurant.clock().now().get();
    restaurant.clock().set(UnixMillis::new(match set {
        Set::Ahead(by) => now + millis(*by),
        Set::Back(by) => now - millis(*by),
    }));
}

/// Advances the clock, and lets every timer read it.
async fn pass(restaurant: &Simulation, time: Duration) {
    restaurant.clock().advance(time);
    sleep(A_WHILE).await;
}

/// Sets the clock forward without elapsed time, and lets every timer read it.
async fn leap(restaurant: &Simulation, by: Duration) {
    turn(restaurant, &Set::Ahead(by));
    sleep(A_WHILE).await;
}

fn table(number: usize) -> RoomKey {
    RoomKey::new("main", &format!("table-{number}")).unwrap()
}

/// Creates this many open orders, whose guests have disconnected.
async fn open_orders(restaurant: &Simulation, many: usize) -> Vec<RoomKey> {
    let rooms: Vec<_> = (0..many).map(table).collect();
    for room in &rooms {
        let mut asha = restaurant.connect(room);
        asha.join("asha", "Asha").await.unwrap();
        asha.send(add("thali", 250)).await.unwrap();
        asha.settle().await;
    }
    sleep(A_WHILE).await;
    assert_eq!(restaurant.host().loaded_rooms(), 0);
    rooms
}

async fn status(restaurant: &Simulation, room: &RoomKey) -> Status {
    restaurant.stored_order(room).await.unwrap().status()
}

async fn ended(restaurant: &Simulation, rooms: &[RoomKey]) -> usize {
    let mut ended = 0;
    for room in rooms {
        ended += usize::from(status(restaurant, room).await != Status::Active);
    }
    ended
}

fn deadline_in(time: Duration) -> String {
    json!({ "type": "set_deadline", "data": { "in": millis(time), "reminders": [600_000] } }).to_string()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

/// Returns the facts that the clock has recorded.
async fn by_the_clock(restaurant: &Simulation) -> Vec<Fact> {
    let facts = facts(restaurant).await.into_iter().map(|fact| decode_fact(&fact).unwrap());
    facts.filter(|Recorded { by, .. }| *by == Actor::Clock).map(|recorded| recorded.fact).collect()
}
