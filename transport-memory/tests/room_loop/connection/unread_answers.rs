//! A socket that fell behind still gets the answers to its commands, or the state tells it
//! to send them again.

use std::collections::BTreeMap;
use std::time::Duration;

use order_host::{Opening, Protocol, Settings};
use serde_json::{Value, json};
use transport_memory::{AppendFault, Client, Closed, Faults, LogFaults, Message, Simulation};

use crate::support::table::{facts, kinds, room};

const PROTOCOLS: [Protocol; 2] = [Protocol::V1, Protocol::V2];

#[tokio::test(start_paused = true)]
async fn a_hundred_commands_that_are_sent_without_reading_are_all_answered_once_and_in_order() {
    for protocol in PROTOCOLS {
        for outbox_bytes in [2, 16, 64, 1024].map(|kib| kib * 1024) {
            let context = format!("{protocol:?}, {outbox_bytes} bytes");
            let restaurant = with_an_outbox_of(outbox_bytes);
            let mut asha = sits(&restaurant, protocol).await;
            for number in 0..100 {
                // One command of three is refused.
                let item = if number % 3 == 2 { "nothing".to_owned() } else { format!("i{number}") };
                let data = json!({ "id": item, "itemId": item, "dishName": item, "price": 1, "quantity": 1 });
                let kind = if number % 3 == 2 { "remove_item" } else { "add_item" };
                let command = json!({ "type": kind, "id": format!("c{number}"), "data": data });
                asha.send(command.to_string()).await.unwrap();
            }
            // The room handles all of it before anything is read.
            tokio::time::sleep(Duration::from_secs(1)).await;
            let heard = asha.settle().await;

            if outbox_bytes == 2 * 1024 {
                assert!(
                    kinds(&heard).iter().any(|kind| matches!(*kind, "sync" | "state")),
                    "{context}: {:?}",
                    kinds(&heard)
                );
            }
            let answers: Vec<_> = heard.iter().filter_map(answer).collect();
            let expected: Vec<_> = (0..100)
                .map(|number| {
                    let what = if number % 3 == 2 { "item_not_found" } else { "ack" };
                    (format!("c{number}"), what.to_owned())
                })
                .collect();
            assert_eq!(answers, expected, "{context}");
            assert!(heard.iter().all(|message| message.json()["answersLost"].is_null()), "{context}");
            nothing_is_answered_before_it_is_seen(&heard, &context);
            assert_eq!(facts(&restaurant).await.len(), 1 + 67, "{context}");
            asha.send(split("last", "itemized")).await.unwrap();
            assert_eq!(asha.settle().await.iter().find_map(answer).unwrap().1, "ack", "the socket is open");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_fell_behind_and_is_closed_hears_of_no_change_that_it_was_not_shown() {
    const COMMANDS: usize = 100;
    for protocol in PROTOCOLS {
        for restarts in [true, false] {
            let context = format!("{protocol:?}, restarts: {restarts}");
            let restaurant = with_an_outbox_of(2 * 1024);
            let mut asha = sits(&restaurant, protocol).await;
            let command = |number: usize| split(&format!("c{number}"), ["itemized", "equal"][number % 2]);
            for number in 0..COMMANDS {
                asha.send(command(number)).await.unwrap();
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            let closed = close(&restaurant, &mut asha, restarts).await;

            let heard = asha.settle().await;
            assert_eq!(asha.recv().await, Err(closed), "{context}");
            nothing_is_answered_before_it_is_seen(&heard, &context);
            let mut answered = BTreeMap::new();
            count(&heard, &mut answered);
            assert!(answered.len() < COMMANDS, "{context}");

            let restarted = restaurant.restarted(2);
            let mut asha = sits(&restarted, protocol).await;
            for number in 0..COMMANDS {
                if !answered.contains_key(&format!("c{number}")) {
                    asha.send(command(number)).await.unwrap();
                    count(&asha.settle().await, &mut answered);
                }
            }
            assert!((0..COMMANDS).all(|number| answered.get(&format!("c{number}")) == Some(&1)), "{context}");
            assert_eq!(facts(&restarted).await.len(), 1 + COMMANDS, "{context}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn when_too_many_answers_wait_the_state_says_to_send_again_and_everything_happens_once() {
    const COMMANDS: usize = 2_600;
    for protocol in PROTOCOLS {
        let restaurant = with_an_outbox_of(64 * 1024);
        let mut asha = sits(&restaurant, protocol).await;
        let command = |number: usize| split(&format!("c{number}"), ["itemized", "equal"][number % 2]);
        for number in 0..COMMANDS {
            asha.send(command(number)).await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut answered = BTreeMap::<String, usize>::new();
        let mut is_told = false;
        for message in asha.settle().await {
            if let Some((id, what)) = answer(&message) {
                assert!(
                    what == "ack" && !is_told,
                    "what was not answered before it is not answered after it"
                );
                *answered.entry(id).or_default() += 1;
            }
            let message = message.json();
            if message["answersLost"] == true {
                assert!(matches!(message["type"].as_str(), Some("sync" | "state")), "{message}");
                assert!(!is_told, "it is said once");
                is_told = true;
            }
        }
        assert!(is_told && answered.len() < COMMANDS, "{} answers", answered.len());
        assert_eq!(facts(&restaurant).await.len(), 1 + COMMANDS);

        for number in 0..COMMANDS {
            let id = format!("c{number}");
            if !answered.contains_key(&id) {
                asha.send(command(number)).await.unwrap();
                if number % 500 == 0 {
                    count(&asha.settle().await, &mut answered);
                }
            }
        }
        count(&asha.settle().await, &mut answered);
        assert_eq!(answered.len(), COMMANDS);
        assert!(answered.values().all(|times| *times == 1), "each was answered once");
        assert_eq!(facts(&restaurant).await.len(), 1 + COMMANDS, "and happened once");
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_sit_here_is_told_that_answers_are_lost_without_the_state() {
    for protocol in PROTOCOLS {
        for has_left in [false, true] {
            let restaurant = with_an_outbox_of(64 * 1024);
            let mut ben =
                if has_left { sits(&restaurant, protocol).await } else { open(&restaurant, protocol) };
            if has_left {
                ben.send(r#"{"type":"leave","id":"bye"}"#).await.unwrap();
                ben.settle().await;
            }
            for number in 0..3_000 {
                ben.send(split(&format!("c{number}"), "equal")).await.unwrap();
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            let heard = ben.settle().await;
            let lost: Vec<_> =
                heard.iter().map(Message::json).filter(|message| message["answersLost"] == true).collect();
            assert_eq!(lost.len(), 1, "{protocol:?}, has left: {has_left}");
            let about = lost[0].get("data").unwrap_or(&lost[0]);
            assert_eq!(about["code"], "join_first");
            assert!(heard.len() < 3_000 && heard.iter().all(|message| message.state().is_none()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bill_that_was_dropped_is_to_be_asked_for_again() {
    let restaurant = with_an_outbox_of(2 * 1024);
    let mut asha = sits(&restaurant, Protocol::V2).await;
    for number in 0..100 {
        asha.send(json!({ "type": "get_bill", "id": format!("q{number}") }).to_string()).await.unwrap();
        asha.send(split(&format!("c{number}"), ["itemized", "equal"][number % 2])).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let heard: Vec<_> = asha.settle().await.iter().map(Message::json).collect();
    let bills = heard.iter().filter(|message| message["type"] == "bill").count();
    assert!(bills < 100);
    let told = heard.iter().find(|message| message["answersLost"] == true).unwrap();
    assert_eq!(told["type"], "state");
    asha.send(json!({ "type": "get_bill", "id": "again" }).to_string()).await.unwrap();
    assert_eq!(asha.recv_until("bill").await.unwrap().json()["id"], "again");
}

fn with_an_outbox_of(bytes: usize) -> Simulation {
    let mut settings = Settings::default();
    settings.outbox_bytes = bytes;
    Simulation::with_settings(1, Faults::default(), settings)
}

fn open(restaurant: &Simulation, protocol: Protocol) -> Client {
    restaurant.open(&room(), Opening { protocol, ..Opening::default() })
}

/// Opens a socket of somebody at the table.
async fn sits(restaurant: &Simulation, protocol: Protocol) -> Client {
    let mut client = open(restaurant, protocol);
    let join = json!({ "type": "join", "id": "join", "participantId": "asha", "participantName": "Asha", "data": {} });
    client.send(join.to_string()).await.unwrap();
    client.settle().await;
    client
}

/// Has the server close the socket of `asha`: because it restarts, or because it does not know whether it stored a command.
async fn close(restaurant: &Simulation, asha: &mut Client, restarts: bool) -> Closed {
    if restarts {
        restaurant.host().drain().await;
        return Closed::Restart;
    }
    restaurant.log().set_faults(LogFaults { failing_read: 1_000, ..LogFaults::default() });
    restaurant.log().fail_next_append(AppendFault::UnknownNotStored);
    let uncertain = json!({ "type": "set_tip", "id": "uncertain", "data": { "amount": 7 } });
    asha.send(uncertain.to_string()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    restaurant.calm();
    Closed::Unavailable
}

fn split(id: &str, kind: &str) -> String {
    json!({ "type": "update_split", "id": id, "data": { "splitType": kind } }).to_string()
}

/// Returns the id of the command that a message answers, and `ack` or the code of the
/// refusal.
fn answer(message: &Message) -> Option<(String, String)> {
    let message = message.json();
    let about = message.get("data").unwrap_or(&message);
    let what = match message["type"].as_str()? {
        "ack" => "ack",
        "error" | "reject" => about["code"].as_str()?,
        _ => return None,
    };
    Some((message["id"].as_str()?.to_owned(), what.to_owned()))
}

fn nothing_is_answered_before_it_is_seen(heard: &[Message], context: &str) {
    let mut seen = 0;
    for message in heard.iter().map(Message::json) {
        seen = seen.max(seq(&message));
        assert!(message["type"] != "ack" || acked(&message) <= seen, "{context}: {message}");
    }
}

fn count(heard: &[Message], answered: &mut BTreeMap<String, usize>) {
    for (id, _) in heard.iter().filter_map(answer) {
        *answered.entry(id).or_default() += 1;
    }
}

/// Returns the sequence number in an `ack`.
fn acked(message: &Value) -> u64 {
    message.get("data").unwrap_or(message)["seq"].as_u64().unwrap()
}

/// Returns the last sequence number that a message shows; 0 if it shows none.
fn seq(message: &Value) -> u64 {
    if message["type"] == "ack" {
        return 0;
    }
    let places = ["/seq", "/data/seq", "/data/orderState/seq"];
    places.iter().find_map(|place| message.pointer(place)?.as_u64()).unwrap_or_default()
}
