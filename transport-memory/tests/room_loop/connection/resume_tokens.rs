//! In the first protocol, a `sync` has a resume token if the socket is proved to be its
//! participant.

use order_core::ParticipantId;
use order_host::{Identity, Opening, Protocol, Settings};
use serde_json::{Value, json};
use transport_memory::{Client, Faults, Message, Simulation};

use crate::support::table::{add, add_with_command, facts, join, kinds, restaurant, room, seated};

#[tokio::test(start_paused = true)]
async fn who_joins_as_somebody_new_gets_a_token_that_lets_another_socket_speak_as_them() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let mut ben = restaurant.connect(&room());
    ben.send(join("ben", &json!({ "phone": "98765" }))).await.unwrap();
    let heard = ben.settle().await;
    assert_eq!(kinds(&heard), ["sync", "participant_joined"]);
    assert_eq!(heard[0].json()["data"]["participants"][1]["phone"], "98765");
    let token = token(&heard[0]).unwrap();
    assert_eq!(token_count(&heard), 1, "only the sync has it");
    let others = asha.settle().await;
    assert_eq!((kinds(&others), token_count(&others)), (vec!["participant_joined"], 0));

    for protocol in [Protocol::V1, Protocol::V2] {
        let mut back = comes_back(&restaurant, protocol, &token);
        let greeting = back.settle().await;
        let dish = format!("dal-{protocol:?}");
        back.send(add_with_command(&dish, 10, &dish)).await.unwrap();
        assert_eq!(asha.recv_until("item_added").await.unwrap().json()["participantId"], "ben");
        assert_eq!(greeting[0].json()["resumeToken"], token.as_str(), "it has proved who it is");
    }
}

#[tokio::test(start_paused = true)]
async fn who_only_names_somebody_who_is_there_gets_no_token() {
    let restaurant = restaurant();
    let mut asha = restaurant.connect(&room());
    let own =
        json!({ "type": "join", "id": "j1", "participantId": "asha", "participantName": "Asha", "data": {} });
    asha.send(own.to_string()).await.unwrap();
    assert_eq!(token_count(&asha.settle().await), 1);
    let before = facts(&restaurant).await;
    let mut named = own.clone();
    named["participantName"] = json!("Asha K");
    let mut nameless = own.clone();
    nameless["id"] = json!("j2");
    nameless.as_object_mut().unwrap().remove("participantName");
    // The same `join` again, one that changes nothing, and one that changes the name.
    named["id"] = json!("j3");
    for join in [own, nameless, named] {
        let mut other = restaurant.connect(&room());
        other.send(join.to_string()).await.unwrap();
        let heard = other.settle().await;
        assert_eq!(kinds(&heard), ["sync", "participant_joined", "ack"], "{join}");
        assert_eq!(token_count(&heard), 0, "{join}");
        // No token with a later state either.
        other.send(r#"{"type":"unlock_order"}"#).await.unwrap();
        let heard = other.settle().await;
        assert_eq!((kinds(&heard), token_count(&heard)), (vec!["sync"], 0), "{join}");
    }
    assert_eq!(facts(&restaurant).await.len(), before.len() + 1);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_made_one_participant_gets_no_token_of_another() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let mut eve = restaurant.connect(&room());
    for (who, has_token) in [("eve", true), ("asha", false), ("eve", true)] {
        eve.send(join(who, &json!({}))).await.unwrap();
        let heard = eve.settle().await;
        assert_eq!(token(&heard[0]).is_some(), has_token, "{who}");
        eve.send(r#"{"type":"leave"}"#).await.unwrap();
        assert_eq!(token_count(&eve.settle().await), 0);
    }
    assert_eq!(token_count(&asha.settle().await), 0);
}

#[tokio::test(start_paused = true)]
async fn a_token_proves_its_own_participant_also_after_they_have_left() {
    let restaurant = restaurant();
    let mut ben = restaurant.connect(&room());
    ben.send(join("ben", &json!({}))).await.unwrap();
    let heard = ben.settle().await;
    let own = token(&heard[0]).unwrap();
    ben.send(r#"{"type":"leave"}"#).await.unwrap();
    ben.settle().await;
    for (who, presented, expected) in
        [("ben", own.as_str(), Some(own.clone())), ("ben", &own[1..], None), ("ben", "", None)]
    {
        let mut back = comes_back(&restaurant, Protocol::V1, presented);
        assert!(back.settle().await.is_empty());
        back.send(join(who, &json!({}))).await.unwrap();
        assert_eq!(token(&back.settle().await[0]), expected, "{who} with {presented}");
        back.send(r#"{"type":"leave"}"#).await.unwrap();
        back.settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_signed_in_gets_a_token_on_every_socket() {
    let restaurant = restaurant();
    let mut first = None;
    for _ in 0..2 {
        let identity = Some(Identity::new(ParticipantId::new("asha").unwrap()));
        let mut asha = restaurant.open(&room(), Opening { identity, ..Opening::default() });
        asha.send(join("asha", &json!({}))).await.unwrap();
        let token = token(&asha.settle().await[0]).unwrap();
        assert_eq!(*first.get_or_insert(token.clone()), token);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sync_in_place_of_what_was_missed_has_the_token_again_for_whoever_had_it() {
    let mut settings = Settings::default();
    settings.outbox_bytes = 4 * 1024;
    let restaurant = Simulation::with_settings(1, Faults::default(), settings);
    let [mut asha, mut maker, mut namer] = seated(&restaurant, ["asha", "slow", "slow"]).await;
    for number in 0..60 {
        asha.send(add(&format!("i{number}"), 10)).await.unwrap();
        asha.recv_until("item_added").await.unwrap();
    }
    for (slow, tokens) in [(&mut maker, 1), (&mut namer, 0)] {
        let heard = slow.settle().await;
        assert!(kinds(&heard).contains(&"sync"), "it fell behind");
        assert_eq!(token_count(&heard), tokens);
    }
}

fn comes_back(restaurant: &Simulation, protocol: Protocol, token: &str) -> Client {
    restaurant.open(&room(), Opening { protocol, resume_token: Some(token.to_owned()), ..Opening::default() })
}

/// Returns the resume token of a `sync`, from its envelope.
fn token(message: &Message) -> Option<String> {
    assert_eq!(message.kind(), "sync");
    message.json().get("resumeToken").and_then(Value::as_str).map(str::to_owned)
}

fn token_count(heard: &[Message]) -> usize {
    heard.iter().filter(|message| message.text().contains("resumeToken")).count()
}
