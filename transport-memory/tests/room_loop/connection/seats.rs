//! Seats of people who were added without a phone: who learns the code, and who takes the seat with it.

use order_core::ParticipantId;
use order_host::{Identity, Opening};
use serde_json::json;
use transport_memory::{Client, Message};

use crate::support::table::{code, facts, join, kinds, only, restaurant, room, seated, told};

#[tokio::test(start_paused = true)]
async fn a_seat_is_taken_once_with_the_code_that_the_sponsor_is_told() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    ben.send(add("dadi")).await.unwrap();
    assert_eq!(kinds(&ben.settle().await), ["participant_added"]);
    assert_eq!(only(&mut asha).await.kind(), "participant_added");
    let (of_sponsor, of_owner) = (code_for(&mut ben, "dadi").await, code_for(&mut asha, "dadi").await);
    assert_eq!(of_sponsor, of_owner);
    assert_eq!(of_sponsor.len(), 12);

    let mut dadi = restaurant.connect(&room());
    for wrong in [json!({}), json!({ "code": "000000000000" }), json!({ "code": &of_sponsor[1..] })] {
        dadi.send(join("dadi", &wrong)).await.unwrap();
        assert_eq!(code(&only(&mut dadi).await), "wrong_code", "{wrong}");
    }
    let typed = format!("{} {}-{}", &of_sponsor[..4].to_uppercase(), &of_sponsor[4..8], &of_sponsor[8..]);
    dadi.send(join("dadi", &json!({ "code": typed }))).await.unwrap();
    let heard = dadi.settle().await;
    assert_eq!(kinds(&heard), ["sync", "participant_joined"]);
    assert!(heard[0].json()["resumeToken"].is_string(), "they have proved who they are");
    let person = &told(&dadi)["participants"][2];
    assert_eq!((&person["addedBy"], person.get("vacant")), (&json!("ben"), None));

    // The seat is taken: the code is worth nothing more, and nobody is told it again.
    let mut eve = restaurant.connect(&room());
    eve.send(join("dadi", &json!({ "code": of_sponsor }))).await.unwrap();
    let heard = eve.settle().await;
    assert!(heard[0].json().get("resumeToken").is_none(), "they only name somebody who is there");
    ben.settle().await;
    ben.send(ask("dadi")).await.unwrap();
    assert_eq!(code(&only(&mut ben).await), "unknown_participant");
}

#[tokio::test(start_paused = true)]
async fn only_the_sponsor_and_the_owner_who_have_proved_it_are_told_the_code() {
    let restaurant = restaurant();
    let [mut asha, mut ben, mut chi] = seated(&restaurant, ["asha", "ben", "chi"]).await;
    ben.send(add("dadi")).await.unwrap();
    for client in [&mut asha, &mut ben, &mut chi] {
        client.settle().await;
    }
    let before = facts(&restaurant).await;
    chi.send(ask("dadi")).await.unwrap();
    assert_eq!(code(&only(&mut chi).await), "not_owner");
    for who in ["asha", "ben"] {
        let mut eve = restaurant.connect(&room());
        eve.send(join(who, &json!({}))).await.unwrap();
        eve.settle().await;
        eve.send(ask("dadi")).await.unwrap();
        assert_eq!(code(&only(&mut eve).await), "not_proved", "{who}");
    }
    for nobody in ["asha", "zoe"] {
        ben.settle().await;
        ben.send(ask(nobody)).await.unwrap();
        assert_eq!(code(&only(&mut ben).await), "unknown_participant", "{nobody}");
    }
    assert_eq!(facts(&restaurant).await, before);
    let state = told(&asha).to_string();
    assert!(!state.contains(&code_for(&mut ben, "dadi").await), "no state has it");
}

#[tokio::test(start_paused = true)]
async fn a_code_opens_no_other_seat() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    for who in ["dadi", "nani"] {
        asha.send(add(who)).await.unwrap();
        asha.settle().await;
    }
    let dadi = code_for(&mut asha, "dadi").await;
    assert_ne!(dadi, code_for(&mut asha, "nani").await);
    let mut wrong = restaurant.connect(&room());
    wrong.send(join("nani", &json!({ "code": dadi }))).await.unwrap();
    assert_eq!(code(&only(&mut wrong).await), "wrong_code");
}

#[tokio::test(start_paused = true)]
async fn who_signed_in_needs_no_code_for_their_own_seat_and_joins_first() {
    let restaurant = restaurant();
    let identity = |who: &str| Some(Identity::new(ParticipantId::new(who).unwrap()));
    let open =
        |who: &str| restaurant.open(&room(), Opening { identity: identity(who), ..Opening::default() });
    let mut asha = open("asha");
    asha.send(join("asha", &json!({}))).await.unwrap();
    asha.settle().await;
    asha.send(add("dadi")).await.unwrap();
    asha.settle().await;
    let mut dadi = open("dadi");
    dadi.send(join("dadi", &json!({}))).await.unwrap();
    assert_eq!(kinds(&dadi.settle().await), ["sync", "participant_joined"]);
    asha.settle().await;
    assert!(told(&asha)["participants"][1].get("vacant").is_none());
}

async fn code_for(client: &mut Client, of: &str) -> String {
    client.settle().await;
    client.send(ask(of)).await.unwrap();
    let answer: Message = only(client).await;
    assert_eq!(answer.kind(), "seat_code", "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["data"]["participantId"], of);
    answer["data"]["code"].as_str().unwrap().to_owned()
}

fn add(who: &str) -> String {
    json!({ "type": "add_person", "data": { "participantId": who, "name": who.to_uppercase() } }).to_string()
}

fn ask(of: &str) -> String {
    json!({ "type": "seat_code", "data": { "participantId": of } }).to_string()
}
