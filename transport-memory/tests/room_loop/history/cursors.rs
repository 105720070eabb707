//! A cursor identifies its history: a client that resumes after a backup was restored, or
//! on a log that continued differently, gets exactly what it missed, or the full state.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::stored::{LogPosition, decode_fact, decode_snapshot, encode_order};
use order_core::wire::v2;
use order_core::{Order, OrderId, commit};
use order_host::log::{
    AppendError, ChainKey, Layer, Layered, Link, MemoryLog, RoomLog as _, Snapshot, StoredFact,
};
use order_host::{Cursor, Opening, Protocol, ResumeKey, Settings};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::time::sleep;
use transport_memory::{Client, Closed, Faults, Simulation};

use crate::support::table::{add, cursor, room, seated};

/// Longer than a room without sockets stays in memory.
const A_WHILE: Duration = Duration::from_secs(130);

#[tokio::test(start_paused = true)]
async fn where_histories_have_parted_a_client_gets_the_full_state_and_before_that_what_it_missed() {
    let first = restaurant(MemoryLog::new());
    let mut asha = joined(&first).await;
    order(&mut asha, "shared").await;
    let fork = restaurant(first.log().inner().copied());
    // Both are in memory, at the same time of the same clock.
    let mut ben = joined(&fork).await;
    let shared = cursor(&first, 2).await;
    assert_eq!(shared, cursor(&fork, 2).await);
    for (client, name) in [(&mut asha, "here"), (&mut ben, "there")] {
        for number in 0..3 {
            order(client, &format!("{name}-{number}")).await;
        }
    }
    for (there, other) in [(&fork, &first), (&first, &fork)] {
        for seq in 3..=5 {
            let welcome = comes_back(there, &cursor(other, seq).await.text()).await;
            assert_eq!((&welcome["resumed"], &welcome["state"]["seq"]), (&json!(false), &json!(5)), "{seq}");
            let welcome = comes_back(there, &cursor(there, seq).await.text()).await;
            assert_eq!(welcome["events"].as_array().unwrap().len() as u64, 5 - seq);
        }
    }
    // The fork has all its events since the beginning in memory.
    let welcome = comes_back(&fork, &shared.text()).await;
    assert_eq!(
        (&welcome["resumed"], &welcome["cursor"]),
        (&json!(true), &json!(cursor(&fork, 5).await.text()))
    );
    assert_eq!(welcome["events"][0]["put"]["items"]["dishName"], "there-0");
}

#[tokio::test(start_paused = true)]
async fn after_an_older_backup_was_put_back_nobody_is_shown_what_was_lost() {
    let first = restaurant(MemoryLog::new());
    let mut asha = joined(&first).await;
    order(&mut asha, "kept").await;
    let backup = first.log().inner().copied();
    order(&mut asha, "lost").await;
    order(&mut asha, "lost, too").await;
    let (third, fourth) = (cursor(&first, 3).await, cursor(&first, 4).await);

    let restored = restaurant(backup);
    let welcome = comes_back(&restored, &fourth.text()).await;
    assert_eq!(
        (&welcome["resumed"], &welcome["state"]["seq"]),
        (&json!(false), &json!(2)),
        "ahead of the log"
    );
    let mut asha = joined(&restored).await;
    order(&mut asha, "another").await;
    order(&mut asha, "and another").await;
    for cursor in [third, fourth] {
        let welcome = comes_back(&restored, &cursor.text()).await;
        assert_eq!((&welcome["resumed"], &welcome["state"]["seq"]), (&json!(false), &json!(4)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_cursor_of_this_room_gets_the_full_state_and_is_no_error() {
    let restaurant = restaurant(MemoryLog::new());
    let mut asha = joined(&restaurant).await;
    order(&mut asha, "dosa").await;
    let here = cursor(&restaurant, 2).await.text();
    let chain = restaurant.log().inner().chain_key().await.unwrap();
    let other_room = order_host::RoomKey::new("main", "another").unwrap();
    let other_key = ChainKey::new([1; 16]);
    let wrong = [
        json!(0),
        json!(1),
        json!(2),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!("2"),
        json!("0"),
        json!(""),
        json!(true),
        json!([]),
        json!({}),
        json!("x".repeat(24)),
        json!(&here[1..]),
        json!(format!("{here}A")),
        json!(here.to_lowercase()),
        json!(Cursor::new(2, chain.start(&other_room)).text()),
        json!(Cursor::new(2, other_key.start(&room())).text()),
        json!(Cursor::new(1, Link::new([0; 16])).text()),
        json!(Cursor::new(u64::MAX, Link::new([0; 16])).text()),
    ];
    for since in wrong {
        let welcome = joins_since(&restaurant, &since).await;
        assert_eq!((&welcome["resumed"], &welcome["state"]["seq"]), (&json!(false), &json!(2)), "{since}");
        assert_eq!(welcome["cursor"], here);
    }
    let welcome = joins_since(&restaurant, &json!(here)).await;
    assert_eq!((&welcome["resumed"], &welcome["events"]), (&json!(true), &json!([])));
}

#[tokio::test(start_paused = true)]
async fn every_message_with_an_event_or_the_document_says_where_the_history_is() {
    let restaurant = restaurant(MemoryLog::new());
    let mut asha = joined(&restaurant).await;
    let event = order(&mut asha, "dosa").await;
    let here = cursor(&restaurant, 2).await.text();
    assert_eq!(event["cursor"], here);
    asha.send(r#"{"type":"get_state"}"#).await.unwrap();
    let state = asha.recv_until("state").await.unwrap().json();
    assert_eq!((&state["cursor"], state["state"].get("cursor")), (&json!(here), None));
    asha.send(r#"{"type":"leave","id":"bye"}"#).await.unwrap();
    let left = asha.recv_until("event").await.unwrap().json();
    assert_eq!(left["cursor"], cursor(&restaurant, 3).await.text());
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_of_another_history_is_passed_over() {
    let first = restaurant(MemoryLog::new());
    let asha = joined(&first).await;
    asha.disconnect();
    let fork = restaurant(first.log().inner().copied());
    for (restaurant, dish) in [(&first, "here"), (&fork, "there")] {
        // The same number of facts, at the same time: only their histories differ.
        let [mut asha] = seated(restaurant, ["asha"]).await;
        asha.send(add(dish, 10)).await.unwrap();
        asha.recv_until("item_added").await.unwrap();
        asha.disconnect();
        sleep(A_WHILE).await;
    }
    let snapshot = first.log().load_snapshot(&room()).await.unwrap().expect("it was left by the room");
    fork.log().save_snapshot(&room(), snapshot).await.unwrap();

    let [mut ben] = seated(&fork.restarted(2), ["ben"]).await;
    ben.send(r#"{"type":"join","participantId":"ben","data":{}}"#).await.unwrap();
    let shown = ben.recv_until("sync").await.unwrap().json();
    assert_eq!(shown["data"]["items"][0]["dishName"], "there");
}

#[tokio::test(start_paused = true)]
async fn an_order_of_an_earlier_release_is_linked_from_its_first_fact_on() {
    let restaurant = restaurant(MemoryLog::new());
    let mut asha = joined(&restaurant).await;
    for number in 0..300 {
        order(&mut asha, &format!("dish {number}")).await;
    }
    asha.disconnect();
    let chain = restaurant.log().inner().chain_key().await.unwrap();
    let linked = facts_of(&restaurant).await;
    let order_then = restaurant.stored_order(&room()).await.unwrap();
    let state = encode_order(&order_then).unwrap();
    // With a snapshot and without one. The previous release counted bytes, the one before it
    // did not.
    let snapshots = [None, Some(Snapshot { seq: order_then.seq(), state })];
    for snapshot in snapshots {
        let old = MemoryLog::with_chain_key(chain);
        let bare = linked.iter().map(|fact| fact.bytes.clone().into()).collect();
        old.append(&room(), 0, bare).await.unwrap();
        if let Some(snapshot) = snapshot {
            old.save_snapshot(&room(), snapshot).await.unwrap();
        }
        let old = self::restaurant(old);
        let mut asha = joined(&old).await;
        let event = self::order(&mut asha, "new").await;
        let stored = facts_of(&old).await;
        assert!(stored[..301].iter().all(|fact| fact.link.is_none()), "what is stored stays as it is");
        let expected = chain.next(linked[300].link.unwrap(), &stored[301].bytes);
        assert_eq!((stored.len(), stored[301].link), (302, Some(expected)));
        assert_eq!(event["cursor"], Cursor::new(302, expected).text());
        asha.disconnect();
        sleep(A_WHILE).await;
        let left = old.log().load_snapshot(&room()).await.unwrap().unwrap();
        let position = decode_snapshot(&left.state).unwrap().1;
        let bytes = stored.iter().map(|fact| fact.bytes.len() as u64).sum();
        assert_eq!(position, LogPosition { bytes: Some(bytes), link: Some(*expected.bytes()) });
        let welcome = comes_back(&old.restarted(2), &Cursor::new(302, expected).text()).await;
        assert_eq!(welcome["resumed"], true, "the same after a restart");
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_whose_facts_do_not_follow_from_each_other_does_not_open() {
    let restaurant = restaurant(MemoryLog::new());
    let mut asha = joined(&restaurant).await;
    for name in ["dosa", "naan", "dal", "rice"] {
        order(&mut asha, name).await;
    }
    let chain = restaurant.log().inner().chain_key().await.unwrap();
    let facts = facts_of(&restaurant).await;
    let replaced = |at: usize, from: &str, to: &str| {
        let mut facts = facts.clone();
        let text = String::from_utf8(facts[at].bytes.clone()).unwrap();
        assert!(text.contains(from));
        facts[at].bytes = text.replace(from, to).into_bytes();
        facts
    };
    let mut swapped_links = facts.clone();
    (swapped_links[2].link, swapped_links[3].link) = (facts[3].link, facts[2].link);
    let mut one_bit = facts.clone();
    let mut link = *facts[4].link.unwrap().bytes();
    link[15] ^= 1;
    one_bit[4].link = Some(Link::new(link));
    let mut unlinked = replaced(2, "naan", "moon");
    unlinked[2].link = None;
    for damaged in
        [replaced(1, "dosa", "rosa"), replaced(4, "rice", "mice"), swapped_links, one_bit, unlinked]
    {
        let log = MemoryLog::with_chain_key(chain);
        log.append(&room(), 0, damaged.clone()).await.unwrap();
        let damaged_one = self::restaurant(log);
        let mut asha = v2_client(&damaged_one);
        asha.send(join(&json!(null))).await.unwrap();
        assert_eq!(asha.recv().await.unwrap_err(), Closed::Unavailable);
        assert!(damaged_one.host().public_view(&room()).await.is_err());
        assert_eq!(facts_of(&damaged_one).await, damaged, "nothing is added to it");
    }
    // The same with another key.
    let log = MemoryLog::new();
    log.append(&room(), 0, facts).await.unwrap();
    let mut asha = v2_client(&self::restaurant(log));
    let _ = asha.send(join(&json!(null))).await;
    assert_eq!(asha.recv().await.unwrap_err(), Closed::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn facts_that_may_be_stored_count_only_in_the_history_that_they_were_made_for() {
    // The log reports an unknown outcome, and has the facts with other links than requested.
    let log = Arc::new(MemoryLog::new());
    let host = order_host::Host::new(Arc::new(Layered(Relinks(log.clone()))), settings());
    let bus = transport_memory::Bus::new();
    bus.serve(host);
    let mut asha = bus.open(room(), Opening { protocol: Protocol::V2, ..Opening::default() });
    asha.send(join(&json!(null))).await.unwrap();
    assert!(asha.recv().await.is_err() || asha.settle().await.iter().all(|heard| heard.kind() != "ack"));
}

/// A log that stores facts with the links of another history, and then reports an unknown
/// outcome.
struct Relinks(Arc<MemoryLog>);

#[async_trait]
impl Layer for Relinks {
    type Below = MemoryLog;

    fn below(&self) -> &MemoryLog {
        &self.0
    }

    async fn append(
        &self,
        room: &order_host::RoomKey,
        expected: u64,
        facts: Vec<StoredFact>,
    ) -> Result<u64, AppendError> {
        let relinked = facts.into_iter().map(|fact| StoredFact { link: Some(Link::new([9; 16])), ..fact });
        self.0.append(room, expected, relinked.collect()).await?;
        Err(AppendError::Unknown("the answer is lost".to_owned()))
    }
}

/// A random step of hosts and clients.
#[derive(Debug, Clone)]
enum Step {
    /// Somebody orders.
    Order(Index),
    /// A copy of the log gets a host of its own.
    Fork(Index),
    /// A backup with this many facts is restored for a host of its own.
    PutBack(Index, Index),
    Restart(Index),
    /// A client resumes with its cursor, possibly from another host.
    ComeBack(Index, Index),
}

/// What a client remembers: its cursor, and the facts in its document.
struct Remembered {
    cursor: String,
    facts: Vec<StoredFact>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_client_gets_exactly_what_it_missed_or_the_full_state(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(live(steps))?;
    }
}

fn step() -> impl Strategy<Value = Step> {
    let at = any::<Index>;
    prop_oneof![
        4 => at().prop_map(Step::Order),
        1 => at().prop_map(Step::Fork),
        1 => (at(), at()).prop_map(|(from, facts)| Step::PutBack(from, facts)),
        1 => at().prop_map(Step::Restart),
        4 => (at(), at()).prop_map(|(to, what)| Step::ComeBack(to, what)),
    ]
}

async fn live(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut restaurants = vec![restaurant(MemoryLog::new())];
    let mut remembered = Vec::new();
    let mut orders = 0;
    joined(&restaurants[0]).await;
    for step in steps {
        match step {
            Step::Order(at) => {
                let there = &restaurants[at.index(restaurants.len())];
                let mut asha = joined(there).await;
                orders += 1;
                let event = order(&mut asha, &format!("dish {orders}")).await;
                let cursor = event["cursor"].as_str().unwrap().to_owned();
                remembered.push(Remembered { cursor, facts: facts_of(there).await });
            }
            Step::Fork(at) => {
                let from = &restaurants[at.index(restaurants.len())];
                let fork = restaurant(from.log().inner().copied());
                joined(&fork).await;
                restaurants.push(fork);
            }
            Step::PutBack(at, facts) => {
                let from = &restaurants[at.index(restaurants.len())];
                let mut kept = facts_of(from).await;
                kept.truncate(facts.index(kept.len() + 1));
                let log = MemoryLog::with_chain_key(from.log().inner().chain_key().await.unwrap());
                log.append(&room(), 0, kept).await.unwrap();
                let put_back = restaurant(log);
                joined(&put_back).await;
                restaurants.push(put_back);
            }
            Step::Restart(at) => {
                let at = at.index(restaurants.len());
                restaurants[at].crash().await;
                restaurants[at] = restaurants[at].restarted(9);
                joined(&restaurants[at]).await;
            }
            Step::ComeBack(..) if remembered.is_empty() => {}
            Step::ComeBack(to, what) => {
                let there = &restaurants[to.index(restaurants.len())];
                let has = &remembered[what.index(remembered.len())];
                let welcome = comes_back(there, &has.cursor).await;
                is_exact(there, has, &welcome).await?;
            }
        }
    }
    Ok(())
}

/// Checks what a client was told against the log.
async fn is_exact(there: &Simulation, has: &Remembered, welcome: &Value) -> Result<(), TestCaseError> {
    let facts = facts_of(there).await;
    let mut order = Order::new(OrderId::new(room().room()).unwrap(), settings().currency);
    let mut link = there.log().inner().chain_key().await.unwrap().start(&room());
    let mut events = Vec::new();
    for fact in &facts {
        let recorded = decode_fact(&fact.bytes).unwrap();
        commit(&mut order, &recorded).unwrap();
        link = fact.link.unwrap();
        let event = v2::event(&order, &recorded, &Cursor::new(order.seq(), link).text());
        events.push(serde_json::from_str::<Value>(&event).unwrap());
    }
    prop_assert_eq!(&welcome["cursor"], &json!(Cursor::new(order.seq(), link).text()));
    prop_assert_eq!(&welcome["seq"], &json!(order.seq()));
    if welcome["resumed"] == true {
        prop_assert!(facts.starts_with(&has.facts), "what it has is of another history");
        prop_assert_eq!(&welcome["events"], &json!(events[has.facts.len()..]));
    } else {
        prop_assert_eq!(&welcome["checksum"], &json!(v2::checksum(&v2::state_text(&order))));
        prop_assert!(welcome.get("events").is_none());
    }
    Ok(())
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.resume_key = ResumeKey::new([7; 32]);
    settings
}

/// All hosts have the same time, so that facts of different histories resemble each other.
fn restaurant(log: MemoryLog) -> Simulation {
    Simulation::over(log, 1, Faults::default(), settings())
}

fn v2_client(restaurant: &Simulation) -> Client {
    restaurant.open(&room(), Opening { protocol: Protocol::V2, ..Opening::default() })
}

fn join(since: &Value) -> String {
    json!({ "type": "join", "id": "j", "participantId": "asha", "participantName": "asha", "since": since, "data": {} })
        .to_string()
}

async fn joins_since(restaurant: &Simulation, since: &Value) -> Value {
    let mut asha = v2_client(restaurant);
    asha.send(join(since)).await.unwrap();
    let welcome = asha.recv_until("welcome").await.unwrap().json();
    asha.recv_until("ack").await.unwrap();
    welcome
}

async fn joined(restaurant: &Simulation) -> Client {
    let mut asha = v2_client(restaurant);
    asha.send(join(&json!(null))).await.unwrap();
    asha.recv_until("ack").await.unwrap();
    asha
}

/// Orders a dish, and returns the event.
async fn order(client: &mut Client, name: &str) -> Value {
    let id = name.replace([' ', ','], "-");
    let data = json!({ "id": id, "dishName": name, "price": 100, "quantity": 1 });
    let dish = json!({ "type": "add_item", "id": format!("c-{id}"), "data": data });
    client.send(dish.to_string()).await.unwrap();
    client.recv_until("event").await.unwrap().json()
}

/// Resumes with this cursor, and returns the welcome.
async fn comes_back(restaurant: &Simulation, cursor: &str) -> Value {
    let token = {
        let mut asha = v2_client(restaurant);
        asha.send(join(&json!(null))).await.unwrap();
        asha.recv_until("welcome").await.unwrap().json()["resumeToken"].as_str().unwrap().to_owned()
    };
    let since = Cursor::parse(cursor);
    let opening = Opening { protocol: Protocol::V2, resume_token: Some(token), since, ..Opening::default() };
    let mut back = restaurant.open(&room(), opening);
    back.recv_until("welcome").await.unwrap().json()
}

async fn facts_of(restaurant: &Simulation) -> Vec<StoredFact> {
    restaurant.log().inner().read(&room(), 0, usize::MAX).await.unwrap()
}
