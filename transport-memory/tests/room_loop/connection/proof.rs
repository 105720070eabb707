//! Transfers between friends need a socket that is proved to be its participant: it made them, came back with a token that
//! such a socket got, or signed in. One that only names somebody speaks for them in everything else.

use order_core::ParticipantId;
use order_host::{Identity, Opening, Protocol};
use serde_json::{Value, json};
use transport_memory::{Client, Message, Simulation};

use crate::support::table::{add, code, facts, hears_nothing, join, kinds, restaurant, room, seated, told};

#[tokio::test(start_paused = true)]
async fn friends_pay_back_what_one_has_paid() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = dined(&restaurant).await;
    assert_eq!(told(&ben)["settlement"][0]["amount"], json!(60));
    ben.send(record("b1", 60)).await.unwrap();
    let heard = [asha.settle().await, ben.settle().await];
    assert_eq!(kinds(&heard[0]), ["transfer_recorded"]);
    assert_eq!(kinds(&heard[1]), ["transfer_recorded", "ack"]);
    asha.send(answer("b1", true)).await.unwrap();
    assert_eq!(kinds(&ben.settle().await), ["transfer_answered"]);
    let state = told(&ben);
    assert_eq!((&state["settlement"], &state["allSettled"]), (&json!([]), &json!(true)));
    assert_eq!(state["transfers"][0]["status"], "confirmed");
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_only_names_somebody_moves_no_money_of_theirs() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = dined(&restaurant).await;
    ben.send(record("b1", 10)).await.unwrap();
    ben.settle().await;
    asha.settle().await;
    let before = facts(&restaurant).await;
    for protocol in [Protocol::V1, Protocol::V2] {
        for (who, message) in [
            ("ben", record("b2", 10)),
            ("ben", cancel("b1")),
            ("asha", answer("b1", true)),
            ("asha", answer("b1", false)),
        ] {
            let mut eve = named(&restaurant, protocol, who).await;
            eve.send(message.clone()).await.unwrap();
            let heard = eve.settle().await;
            assert_eq!(codes(&heard), ["not_proved"], "{message}");
            assert!(heard[0].text().contains("resume token"), "it says what to do: {}", heard[0].text());
        }
    }
    assert_eq!(facts(&restaurant).await, before);
    hears_nothing(&mut asha).await;
    hears_nothing(&mut ben).await;
    // In everything else it speaks for whom it names.
    let mut eve = named(&restaurant, Protocol::V1, "ben").await;
    eve.send(r#"{"type":"history"}"#).await.unwrap();
    assert_eq!(kinds(&eve.settle().await), ["history"]);
}

#[tokio::test(start_paused = true)]
async fn a_token_proves_as_much_as_the_socket_that_got_it() {
    let restaurant = restaurant();
    let mut asha = restaurant.connect(&room());
    asha.send(join("asha", &json!({}))).await.unwrap();
    asha.settle().await;
    let mut ben = restaurant.open(&room(), Opening { protocol: Protocol::V2, ..Opening::default() });
    ben.send(join_with_id("ben")).await.unwrap();
    let own = token(&ben.settle().await);
    pay_all(&restaurant, &mut asha).await;

    let mut eve = restaurant.open(&room(), Opening { protocol: Protocol::V2, ..Opening::default() });
    eve.send(join_with_id("ben")).await.unwrap();
    let named = token(&eve.settle().await);
    assert_ne!(named, own);
    for protocol in [Protocol::V1, Protocol::V2] {
        let mut back = comes_back(&restaurant, protocol, &named);
        let heard = back.settle().await;
        assert!(["sync", "welcome"].contains(&heard[0].kind()), "it is seated");
        back.send(record("e1", 10)).await.unwrap();
        assert_eq!(codes(&back.settle().await), ["not_proved"]);
    }
    // Whatever the socket gets as it comes back proves no more.
    let again = token(&comes_back(&restaurant, Protocol::V2, &named).settle().await);
    assert_eq!(again, named);

    for (protocol, id) in [(Protocol::V1, "b1"), (Protocol::V2, "b2")] {
        let mut back = comes_back(&restaurant, protocol, &own);
        assert_eq!(token(&back.settle().await), own);
        back.send(record(id, 10)).await.unwrap();
        assert!(codes(&back.settle().await).is_empty());
    }
    asha.settle().await;
    assert_eq!(told(&asha)["transfers"].as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_want_of_a_proof_is_no_final_answer() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = dined(&restaurant).await;
    let mut eve = named(&restaurant, Protocol::V1, "ben").await;
    eve.send(record("b1", 60)).await.unwrap();
    assert_eq!(codes(&eve.settle().await), ["not_proved"]);
    // The same command, with the same id, from the socket that made ben.
    ben.send(record("b1", 60)).await.unwrap();
    assert!(kinds(&ben.settle().await).contains(&"transfer_recorded"));
    // And once it has happened, anybody who sends it again hears that, as of any command.
    eve.settle().await;
    eve.send(record("b1", 60)).await.unwrap();
    let heard = eve.settle().await;
    assert_eq!(kinds(&heard), ["ack"]);
    assert_eq!(heard[0].json()["data"]["repeated"], json!(true));
    asha.settle().await;
    assert_eq!(told(&asha)["transfers"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn somebody_who_left_comes_back_with_their_token_to_pay_back() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let mut ben = restaurant.connect(&room());
    ben.send(join("ben", &json!({}))).await.unwrap();
    let own = token(&ben.settle().await);
    ben.send(add("lassi", 60)).await.unwrap();
    ben.settle().await;
    ben.send(r#"{"type":"leave"}"#).await.unwrap();
    ben.settle().await;
    asha.send(r#"{"type":"update_split","data":{"splitType":"itemized"}}"#).await.unwrap();
    asha.send(json!({"type":"record_payment","data":{"amount":60,"payer":"asha","for":["ben"]}}).to_string())
        .await
        .unwrap();
    asha.send(r#"{"type":"finalize"}"#).await.unwrap();
    asha.settle().await;
    let mut back = comes_back(&restaurant, Protocol::V1, &own);
    back.send(join("ben", &json!({}))).await.unwrap();
    back.settle().await;
    back.send(record("b1", 60)).await.unwrap();
    assert!(kinds(&back.settle().await).contains(&"transfer_recorded"));
}

#[tokio::test(start_paused = true)]
async fn who_signed_in_has_proved_who_they_are() {
    let restaurant = restaurant();
    let identity = |who: &str| Identity::new(ParticipantId::new(who).unwrap());
    let signed_in =
        |who: &str| restaurant.open(&room(), Opening { identity: Some(identity(who)), ..Opening::default() });
    let [mut asha, mut ben] = ["asha", "ben"].map(signed_in);
    for (client, who) in [(&mut asha, "asha"), (&mut ben, "ben")] {
        client.send(join(who, &json!({}))).await.unwrap();
        client.settle().await;
    }
    pay_all(&restaurant, &mut asha).await;
    let mut another = signed_in("ben");
    another.send(record("b1", 10)).await.unwrap();
    assert!(kinds(&another.settle().await).contains(&"transfer_recorded"));
}

#[tokio::test(start_paused = true)]
async fn the_back_end_says_nothing_of_what_friends_pay_back() {
    let restaurant = restaurant();
    let [_asha, mut ben] = dined(&restaurant).await;
    ben.send(record("b1", 10)).await.unwrap();
    ben.settle().await;
    let before = facts(&restaurant).await;
    for message in [record("x1", 10), answer("b1", true), cancel("b1")] {
        let refusal = restaurant.host().backend(&room(), &message).await.unwrap_err();
        let refusal: Value = serde_json::from_str(&refusal).unwrap();
        assert_eq!(refusal["data"]["code"], "join_first", "{message}");
    }
    assert_eq!(facts(&restaurant).await, before);
}

/// asha and ben ate for 120 and share it equally; asha paid all of it.
async fn dined(restaurant: &Simulation) -> [Client; 2] {
    let [mut asha, mut ben] = seated(restaurant, ["asha", "ben"]).await;
    pay_all(restaurant, &mut asha).await;
    ben.settle().await;
    [asha, ben]
}

async fn pay_all(restaurant: &Simulation, asha: &mut Client) {
    asha.send(add("thali", 120)).await.unwrap();
    asha.send(r#"{"type":"finalize"}"#).await.unwrap();
    asha.settle().await;
    let pay = json!({"type":"record_payment","data":{"amount":120,"payer":"asha","for":["asha","ben"]}});
    restaurant.host().backend(&room(), &pay.to_string()).await.unwrap();
    asha.settle().await;
}

/// A socket that joins as somebody who is there.
async fn named(restaurant: &Simulation, protocol: Protocol, who: &str) -> Client {
    let mut socket = restaurant.open(&room(), Opening { protocol, ..Opening::default() });
    socket.send(join_with_id(who)).await.unwrap();
    socket.settle().await;
    socket
}

fn comes_back(restaurant: &Simulation, protocol: Protocol, token: &str) -> Client {
    restaurant.open(&room(), Opening { protocol, resume_token: Some(token.to_owned()), ..Opening::default() })
}

fn join_with_id(who: &str) -> String {
    json!({ "type": "join", "id": "j", "participantId": who, "data": {}, "participantName": who.to_uppercase() })
        .to_string()
}

fn record(id: &str, amount: u32) -> String {
    let data = json!({ "transferId": id, "to": "asha", "amount": amount });
    json!({ "type": "record_transfer", "id": id, "data": data }).to_string()
}

fn answer(id: &str, confirmed: bool) -> String {
    let data = json!({ "transferId": id, "confirmed": confirmed });
    json!({ "type": "answer_transfer", "id": format!("answer-{confirmed}"), "data": data }).to_string()
}

fn cancel(id: &str) -> String {
    json!({ "type": "cancel_transfer", "id": "cancel", "data": { "transferId": id } }).to_string()
}

fn token(heard: &[Message]) -> String {
    heard[0].json()["resumeToken"].as_str().unwrap().to_owned()
}

/// The codes of the refusals, in either protocol.
fn codes(heard: &[Message]) -> Vec<String> {
    let refusals = heard.iter().filter(|message| ["error", "reject"].contains(&message.kind()));
    refusals
        .map(|message| match message.kind() {
            "error" => code(message),
            _ => message.json()["code"].as_str().unwrap().to_owned(),
        })
        .collect()
}
