//! Shared dishes and charges, at a table where everybody acts at once.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;
use transport_memory::Client;

use crate::support::table::{
    add, code, facts, hears_nothing, join, kinds, only, restaurant, room, seated, told,
};

const FINALIZE: &str = r#"{"type":"finalize"}"#;

fn claim(item: &str) -> String {
    json!({ "type": "claim_item", "data": { "itemId": item } }).to_string()
}

fn unclaim(item: &str) -> String {
    json!({ "type": "unclaim_item", "data": { "itemId": item } }).to_string()
}

#[tokio::test(start_paused = true)]
async fn two_phones_that_claim_one_dish_at_once_both_share_it() {
    let restaurant = restaurant();
    let [mut asha, mut ben, mut chitra] = seated(&restaurant, ["asha", "ben", "chitra"]).await;
    asha.send(r#"{"type":"update_split","data":{"splitType":"itemized"}}"#).await.unwrap();
    asha.send(add("wine", 90)).await.unwrap();
    asha.send(unclaim("wine")).await.unwrap();
    for phone in [&mut asha, &mut ben, &mut chitra] {
        phone.settle().await;
    }

    // Neither has seen the other's command when they send.
    ben.send(claim("wine")).await.unwrap();
    chitra.send(claim("wine")).await.unwrap();
    let heard = asha.settle().await;
    assert_eq!(kinds(&heard), ["item_shared", "item_shared"]);
    assert_eq!(heard[0].json()["data"]["sharedBy"], json!({ "ben": 1 }));
    assert_eq!(heard[1].json()["data"]["sharedBy"], json!({ "ben": 1, "chitra": 1 }));
    everybody_sees(&mut [&mut asha, &mut ben, &mut chitra], |state| {
        assert_eq!(state["items"][0]["sharedBy"], json!({ "ben": 1, "chitra": 1 }));
        assert_eq!(amounts(state), [("asha", 0), ("ben", 45), ("chitra", 45)]);
        assert_eq!(state.get("unassigned"), None);
    })
    .await;
    let stored = restaurant.stored_order(&room()).await.unwrap();
    assert_eq!(stored.shared_by(stored.items().next().unwrap()).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_whole_table_can_claim_one_dish_in_the_same_moment() {
    let restaurant = restaurant();
    let people: Vec<String> = (0..20).map(|number| format!("p{number:02}")).collect();
    let mut phones = Vec::new();
    for person in &people {
        let mut phone = restaurant.connect(&room());
        phone.join(person, person).await.unwrap();
        phones.push(phone);
    }
    phones[0].send(add("platter", 100)).await.unwrap();
    for phone in &mut phones {
        phone.settle().await;
    }
    for phone in &mut phones {
        phone.send(claim("platter")).await.unwrap();
    }
    let mut phones: Vec<&mut Client> = phones.iter_mut().collect();
    everybody_sees(&mut phones, |state| {
        let sharers = state["items"][0]["sharedBy"].as_object().unwrap();
        assert_eq!(sharers.keys().collect::<Vec<_>>(), people.iter().collect::<Vec<_>>());
        assert_eq!(state["unallocated"], json!(0));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn finalize_is_refused_while_a_dish_is_nobodys_and_only_its_sender_hears_of_it() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    asha.send(add("dal", 120)).await.unwrap();
    asha.send(add("naan", 40)).await.unwrap();
    asha.send(unclaim("naan")).await.unwrap();
    asha.settle().await;
    ben.settle().await;
    let before = facts(&restaurant).await;

    ben.send(FINALIZE).await.unwrap();
    let refused = only(&mut ben).await;
    assert_eq!(code(&refused), "unassigned");
    assert_eq!(refused.json()["data"]["unallocated"], json!(40));
    hears_nothing(&mut asha).await;
    assert_eq!(facts(&restaurant).await, before);
    assert_eq!(told(&ben)["unassigned"], json!(["naan"]));

    // Sent together: decided one after the other, each as if those before it were committed.
    for text in [FINALIZE, claim("naan").as_str(), FINALIZE, claim("dal").as_str()] {
        ben.send(text).await.unwrap();
    }
    let heard = ben.settle().await;
    assert_eq!(kinds(&heard), ["error", "item_shared", "order_finalized", "error"]);
    assert_eq!((code(&heard[0]), code(&heard[3])), ("unassigned".to_owned(), "order_finalized".to_owned()));
    assert_eq!(kinds(&asha.settle().await), ["item_shared", "order_finalized"]);
}

#[tokio::test(start_paused = true)]
async fn a_member_who_sets_charges_is_refused_and_nobody_else_hears_of_it() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    let set = json!({
        "type": "set_charges",
        "data": { "charges": [{ "name": "GST", "kind": "tax", "percent": 5 }], "roundTo": 1 },
    });
    ben.send(set.to_string()).await.unwrap();
    assert_eq!(code(&only(&mut ben).await), "not_owner");
    hears_nothing(&mut asha).await;
    asha.send(set.to_string()).await.unwrap();
    assert_eq!(only(&mut asha).await.kind(), "charges_updated");
    assert_eq!(only(&mut ben).await.kind(), "charges_updated");
    assert_eq!(told(&ben)["charges"][0]["name"], "GST");
}

#[tokio::test(start_paused = true)]
async fn claims_and_charges_of_the_first_join_are_there_when_the_room_comes_back() {
    let restaurant = restaurant();
    let mut asha = restaurant.connect(&room());
    let charges = json!([{ "name": "Service", "kind": "service", "percent": 10 }]);
    asha.send(join("asha", &json!({ "charges": charges, "roundTo": 0.5 }))).await.unwrap();
    asha.recv_until("participant_joined").await.unwrap();
    let [mut ben] = seated(&restaurant, ["ben"]).await;
    asha.send(add("dal", 99)).await.unwrap();
    for text in [
        claim("dal").as_str(),
        r#"{"type":"waive_service","data":{"waived":true}}"#,
        r#"{"type":"set_tip","data":{"percent":7.5}}"#,
        r#"{"type":"update_split","data":{"splitType":"cover","covers":{"asha":"ben"},"rest":"itemized"}}"#,
    ] {
        ben.send(text).await.unwrap();
    }
    ben.recv_until("split_updated").await.unwrap();
    asha.settle().await;
    let state = told(&asha);
    assert_eq!(state["charges"][0]["percent"], json!(10));
    asha.disconnect();
    ben.disconnect();
    sleep(Duration::from_secs(125)).await;
    assert_eq!(restaurant.host().loaded_rooms(), 0);
    let [asha, ben] = seated(&restaurant, ["asha", "ben"]).await;
    assert_eq!(told(&asha), state);
    assert_eq!(told(&ben), state);
}

/// Checks that every phone was sent the same state, and checks that state.
async fn everybody_sees(phones: &mut [&mut Client], check: impl Fn(&Value)) {
    let mut states = Vec::new();
    for phone in phones {
        phone.settle().await;
        states.push(told(phone));
    }
    check(&states[0]);
    assert!(states.iter().all(|state| *state == states[0]), "{states:#?}");
}

/// Returns who pays how many whole rupees.
fn amounts(state: &Value) -> Vec<(&str, u64)> {
    let shares = state["splits"].as_array().unwrap();
    let share = |share: &'_ Value| share["amount"].as_u64().unwrap();
    shares.iter().map(|entry| (entry["participantId"].as_str().unwrap(), share(entry))).collect()
}
