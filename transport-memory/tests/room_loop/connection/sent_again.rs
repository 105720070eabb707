//! A repeated command gets its first answer, whatever other command used its id meanwhile.

use order_host::{Opening, Protocol};
use serde_json::{Value, json};
use transport_memory::{Client, Simulation};

use crate::support::table::{facts, restaurant, room};

/// The kinds of outcome, and for each two different commands with one id, at a table whose
/// owner is `asha`.
const COMMANDS: [(&str, [&str; 2]); 3] = [
    (
        "recorded",
        [
            r#"{"type":"add_item","id":"x","data":{"dishName":"Dosa","price":100,"quantity":1}}"#,
            r#"{"type":"update_split","id":"x","data":{"splitType":"itemized"}}"#,
        ],
    ),
    (
        "unchanged",
        [r#"{"type":"unlock_order","id":"x"}"#, r#"{"type":"set_ready","id":"x","data":{"ready":false}}"#],
    ),
    (
        "item_not_found",
        [
            r#"{"type":"remove_item","id":"x","data":{"itemId":"nothing"}}"#,
            r#"{"type":"remove_item","id":"x","data":{"itemId":"other"}}"#,
        ],
    ),
];

#[tokio::test(start_paused = true)]
async fn the_first_answer_counts_after_any_other_command_under_the_same_id() {
    for protocol in [Protocol::V1, Protocol::V2] {
        for (outcome, [a, _]) in COMMANDS {
            for (other, [_, b]) in COMMANDS {
                let context = format!("{protocol:?}: {outcome}, then {other}");
                let restaurant = restaurant();
                let mut asha = sits(&restaurant, protocol).await;
                let first = answer(&mut asha, a).await;
                is_first(&first, outcome, &context);
                // The order continues, so the next sequence number would be another.
                answer(&mut asha, &dish("between")).await;
                let before = facts(&restaurant).await;
                for _ in 0..2 {
                    assert_eq!(answer(&mut asha, b).await["code"], "command_id_reused", "{context}");
                    assert_eq!(answer(&mut asha, a).await, again(&first, outcome), "{context}");
                }
                let mut tablet = sits(&restaurant, protocol).await;
                assert_eq!(answer(&mut tablet, b).await["code"], "command_id_reused", "{context}");
                assert_eq!(answer(&mut tablet, a).await, again(&first, outcome), "{context}");
                assert_eq!(facts(&restaurant).await, before, "{context}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_answer_counts_among_commands_that_come_together_too() {
    for protocol in [Protocol::V1, Protocol::V2] {
        for (outcome, [a, _]) in COMMANDS {
            for (_, [_, b]) in COMMANDS {
                let restaurant = restaurant();
                let mut asha = sits(&restaurant, protocol).await;
                restaurant.log().hold();
                for text in [&dish("y"), a, b, a, b, a] {
                    asha.send(text).await.unwrap();
                }
                restaurant.log().release();
                let answers: Vec<_> = asha
                    .settle()
                    .await
                    .iter()
                    .filter_map(|message| answer_in(&message.json(), "x"))
                    .collect();
                is_first(&answers[0], outcome, a);
                let (reused, again) = (&answers[1], again(&answers[0], outcome));
                assert_eq!(reused["code"], "command_id_reused");
                assert_eq!(answers[1..], [reused, &again, reused, &again].map(Value::clone), "{protocol:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_happened_keeps_its_answer_after_the_room_is_loaded_again() {
    for protocol in [Protocol::V1, Protocol::V2] {
        let (_, [a, b]) = COMMANDS[0];
        let before = restaurant();
        let mut asha = sits(&before, protocol).await;
        let first = answer(&mut asha, a).await;
        assert_eq!(answer(&mut asha, b).await["code"], "command_id_reused");
        let after = before.restarted(2);
        let mut asha = sits(&after, protocol).await;
        let stored = facts(&after).await;
        for _ in 0..2 {
            assert_eq!(answer(&mut asha, b).await["code"], "command_id_reused");
            assert_eq!(answer(&mut asha, a).await, again(&first, "recorded"));
        }
        assert_eq!(facts(&after).await, stored);
    }
}

/// Remembered answers are lost when the room is unloaded. Then the id belongs to the next
/// command that uses it.
#[tokio::test(start_paused = true)]
async fn what_became_no_fact_is_judged_anew_after_the_room_is_loaded_again() {
    for protocol in [Protocol::V1, Protocol::V2] {
        for (outcome, [a, _]) in &COMMANDS[1..] {
            for (other, [_, b]) in COMMANDS {
                let restaurant = restaurant();
                let mut asha = sits(&restaurant, protocol).await;
                is_first(&answer(&mut asha, a).await, outcome, a);
                let restaurant = restaurant.restarted(2);
                let mut asha = sits(&restaurant, protocol).await;
                let first = answer(&mut asha, b).await;
                is_first(&first, other, b);
                let before = facts(&restaurant).await;
                for _ in 0..2 {
                    assert_eq!(answer(&mut asha, a).await["code"], "command_id_reused");
                    assert_eq!(answer(&mut asha, b).await, again(&first, other));
                }
                assert_eq!(facts(&restaurant).await, before);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_join_keeps_its_first_answer_after_another_command_under_its_id_and_the_other_way_round() {
    const JOIN: &str =
        r#"{"type":"join","id":"x","participantId":"asha","participantName":"Asha","data":{}}"#;
    for protocol in [Protocol::V1, Protocol::V2] {
        for (other, [a, b]) in COMMANDS {
            // The join is first: it records a fact, or changes nothing.
            for comes_back in [false, true] {
                let restaurant = restaurant();
                if comes_back {
                    sits(&restaurant, protocol).await;
                }
                let mut asha = open(&restaurant, protocol);
                let first = answer(&mut asha, JOIN).await;
                let outcome = if comes_back { "unchanged" } else { "recorded" };
                is_first(&first, outcome, JOIN);
                answer(&mut asha, &dish("between")).await;
                let before = facts(&restaurant).await;
                for _ in 0..2 {
                    assert_eq!(answer(&mut asha, b).await["code"], "command_id_reused", "{other}");
                    assert_eq!(answer(&mut asha, JOIN).await, again(&first, outcome), "{other}");
                }
                assert_eq!(facts(&restaurant).await, before);
            }
            // The join is second.
            let restaurant = restaurant();
            let mut asha = sits(&restaurant, protocol).await;
            let first = answer(&mut asha, a).await;
            let before = facts(&restaurant).await;
            for _ in 0..2 {
                assert_eq!(answer(&mut asha, JOIN).await["code"], "command_id_reused", "{other}");
                assert_eq!(answer(&mut asha, a).await, again(&first, other), "{other}");
            }
            assert_eq!(facts(&restaurant).await, before);
        }
    }
}

fn is_first(answer: &Value, outcome: &str, context: &str) {
    match outcome {
        "recorded" | "unchanged" => {
            assert!(answer["seq"].is_u64() && answer["repeated"].is_null(), "{context}: {answer}");
        }
        code => assert_eq!(answer["code"], code, "{context}"),
    }
}

/// Returns the expected answer to the repeated command.
fn again(first: &Value, outcome: &str) -> Value {
    let mut answer = first.clone();
    if outcome == "recorded" {
        answer["repeated"] = json!(true);
    }
    answer
}

fn dish(id: &str) -> String {
    json!({ "type": "add_item", "id": id, "data": { "dishName": id, "price": 1, "quantity": 1 } }).to_string()
}

fn open(restaurant: &Simulation, protocol: Protocol) -> Client {
    restaurant.open(&room(), Opening { protocol, ..Opening::default() })
}

/// Opens a socket of `asha`, who is at the table.
async fn sits(restaurant: &Simulation, protocol: Protocol) -> Client {
    let mut client = open(restaurant, protocol);
    let join = json!({ "type": "join", "id": "join", "participantId": "asha", "participantName": "Asha", "data": {} });
    answer(&mut client, &join.to_string()).await;
    client
}

/// Sends a command, and returns its answer without other fields.
async fn answer(client: &mut Client, text: &str) -> Value {
    client.send(text).await.unwrap();
    let command: Value = serde_json::from_str(text).unwrap();
    let id = command["id"].as_str().unwrap();
    let heard = client.settle().await;
    let answers: Vec<_> = heard.iter().filter_map(|message| answer_in(&message.json(), id)).collect();
    assert_eq!(answers.len(), 1, "{text}: {heard:?}");
    answers[0].clone()
}

/// Returns the answer to the command with this id, if this message is one.
fn answer_in(message: &Value, id: &str) -> Option<Value> {
    let is_answer = matches!(message["type"].as_str(), Some("ack" | "error" | "reject"));
    let is_wanted = is_answer && message["id"] == id;
    let about = message.get("data").unwrap_or(message);
    is_wanted.then(|| json!({ "code": about["code"], "seq": about["seq"], "repeated": about["repeated"] }))
}
