//! The participant of a socket, and what the socket sees before and after it joins.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use order_host::{Door, NotYet, Opening, Settings};
use serde_json::json;
use transport_memory::{AppendFault, Faults, Simulation};

use crate::support::table::{
    add, code, facts, hears_nothing, join, kinds, only, restaurant, room, seated, state, told,
};

#[tokio::test(start_paused = true)]
async fn the_first_to_join_owns_the_order_and_gets_its_state_and_then_that_they_joined() {
    let restaurant = restaurant();
    let mut asha = restaurant.connect(&room());
    asha.send(join("asha", &json!({ "circleId": "c1", "tenantId": "t1" }))).await.unwrap();
    let heard = asha.settle().await;
    assert_eq!(kinds(&heard), ["sync", "participant_joined"]);
    assert_eq!(heard[0].state(), heard[1].state());
    let joined = heard[1].json();
    assert_eq!((&joined["participantId"], &joined["participantName"]), (&json!("asha"), &json!("ASHA")));
    assert_eq!(joined["data"]["role"], "owner");
    let state = state(&heard[0]);
    assert_eq!(state["ownerId"], "asha");
    assert_eq!((&state["circleId"], &state["tenantId"]), (&json!("c1"), &json!("t1")));
    assert_eq!((&state["sessionId"], &state["currency"]), (&json!("table-7"), &json!("INR")));
    assert_eq!(state["participants"][0]["isOnline"], true);
    assert_eq!(state["seq"], 1);
}

#[tokio::test(start_paused = true)]
async fn who_comes_later_is_a_member_and_everybody_hears_of_it() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let mut ben = restaurant.connect(&room());
    let joined = ben.join("ben", "Ben").await.unwrap();
    assert_eq!(joined.json()["data"]["role"], "member");
    let news = only(&mut asha).await;
    assert_eq!(news, joined);
    assert_eq!(state(&news)["ownerId"], "asha");
}

#[tokio::test(start_paused = true)]
async fn a_stranger_is_answered_but_sees_nothing_and_loads_no_room() {
    let restaurant = restaurant();
    let mut stranger = restaurant.connect(&room());
    for (text, expected) in [
        (r#"{"type":"add_item","data":{"dishName":"Naan","price":40,"quantity":1}}"#, "join_first"),
        (r#"{"type":"finalize"}"#, "join_first"),
        (r#"{"type":"leave","participantId":"asha"}"#, "join_first"),
        (r#"{"type":"dance"}"#, "unknown_type"),
        (r#"{"type":"join","data":{}}"#, "missing_field"),
        ("{", "bad_json"),
    ] {
        stranger.send(text).await.unwrap();
        assert_eq!(code(&only(&mut stranger).await), expected, "{text}");
    }
    stranger.send_binary().await.unwrap();
    assert_eq!(code(&only(&mut stranger).await), "binary_not_supported");
    assert_eq!(restaurant.host().loaded_rooms(), 0);
    assert!(facts(&restaurant).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stranger_hears_nothing_of_what_happens_at_the_table() {
    let restaurant = restaurant();
    let mut stranger = restaurant.connect(&room());
    // This one is known to the room, but was refused.
    let mut refused = restaurant.connect(&room());
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    refused.send(r#"{"type":"join","participantId":"ben","data":{}}"#).await.unwrap();
    assert_eq!(code(&only(&mut refused).await), "missing_field");
    asha.send(add("dal", 120)).await.unwrap();
    asha.recv_until("item_added").await.unwrap();
    hears_nothing(&mut stranger).await;
    hears_nothing(&mut refused).await;
    refused.send(add("naan", 40)).await.unwrap();
    assert_eq!(code(&only(&mut refused).await), "join_first");
    stranger.disconnect();
    refused.disconnect();
    hears_nothing(&mut asha).await;
    assert_eq!(facts(&restaurant).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_names_somebody_else_is_carried_out_as_the_sockets_own() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    let mut message: serde_json::Value = serde_json::from_str(&add("dal", 120)).unwrap();
    message["participantId"] = json!("asha");
    message["participantName"] = json!("Asha");
    ben.send(message.to_string()).await.unwrap();
    let added = asha.recv_until("item_added").await.unwrap().json();
    assert_eq!((&added["participantId"], &added["participantName"]), (&json!("ben"), &json!("BEN")));
    assert_eq!(added["data"]["item"]["addedBy"], "ben");
    ben.send(r#"{"type":"leave","participantId":"asha"}"#).await.unwrap();
    let left = asha.recv_until("participant_left").await.unwrap().json();
    assert_eq!(left["participantId"], "ben");
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_has_joined_cannot_become_somebody_else() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    let before = facts(&restaurant).await;
    for other in ["asha", "chitra"] {
        ben.send(join(other, &json!({}))).await.unwrap();
        assert_eq!(code(&only(&mut ben).await), "already_joined");
    }
    hears_nothing(&mut asha).await;
    assert_eq!(facts(&restaurant).await, before);
    ben.send(add("dal", 120)).await.unwrap();
    assert_eq!(only(&mut ben).await.json()["participantId"], "ben");
}

#[tokio::test(start_paused = true)]
async fn joining_again_as_oneself_gives_the_state_again_and_tells_nobody() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    let before = facts(&restaurant).await;
    ben.send(r#"{"type":"join","participantId":"ben","data":{}}"#).await.unwrap();
    assert_eq!(kinds(&ben.settle().await), ["sync", "participant_joined"]);
    hears_nothing(&mut asha).await;
    assert_eq!(facts(&restaurant).await, before);
}

#[tokio::test(start_paused = true)]
async fn coming_back_with_nothing_but_an_id_keeps_phone_circle_and_tenant() {
    let restaurant = restaurant();
    let mut asha = restaurant.connect(&room());
    let told_once = json!({ "phone": "9876543210", "circleId": "c1", "tenantId": "t1" });
    asha.send(join("asha", &told_once)).await.unwrap();
    asha.recv_until("participant_joined").await.unwrap();
    let before = told(&asha);
    asha.disconnect();
    let mut asha = restaurant.connect(&room());
    asha.send(r#"{"type":"join","participantId":"asha","data":{}}"#).await.unwrap();
    assert_eq!(kinds(&asha.settle().await), ["sync", "participant_joined"]);
    assert_eq!(told(&asha), before);
    assert_eq!(before["participants"][0]["phone"], "9876543210");
    assert_eq!(facts(&restaurant).await.len(), 1, "nothing happened, so nothing is stored");
}

#[tokio::test(start_paused = true)]
async fn a_phone_number_is_sent_to_its_owner_alone() {
    let restaurant = restaurant();
    let mut clients = ["asha", "ben", "chitra"].map(|id| (id, restaurant.connect(&room()), Vec::new()));
    for (number, (id, client, heard)) in clients.iter_mut().enumerate() {
        client.send(join(id, &json!({ "phone": format!("98000{number}") }))).await.unwrap();
        heard.extend(client.settle().await);
    }
    for text in [
        add("dal", 120).as_str(),
        r#"{"type":"update_quantity","data":{"itemId":"dal","quantity":2}}"#,
        r#"{"type":"update_split","data":{"splitType":"itemized"}}"#,
        r#"{"type":"update_quantity","data":{"itemId":"none","quantity":2}}"#,
        r#"{"type":"leave"}"#,
    ] {
        clients[1].1.send(text).await.unwrap();
    }
    let (_, chitra, chitra_heard) = &mut clients[2];
    chitra_heard.extend(chitra.settle().await);
    let again = restaurant.connect(&room());
    let gone = std::mem::replace(chitra, again);
    gone.disconnect();
    chitra.send(r#"{"type":"join","participantId":"chitra","data":{}}"#).await.unwrap();
    for (number, (id, client, heard)) in clients.iter_mut().enumerate() {
        heard.extend(client.settle().await);
        assert!(heard.len() > 5, "{id}: {:?}", kinds(heard));
        for message in heard.iter() {
            for other in (0..3).filter(|other| *other != number) {
                let other = format!("98000{other}");
                assert!(!message.text().contains(&other), "{id} was sent {other}: {}", message.text());
            }
        }
        let own = format!(r#""phone":"98000{number}""#);
        assert!(heard.iter().any(|message| message.text().contains(&own)), "{id} lacks their own number");
    }
    let seen = restaurant.host().public_view(&room()).await.unwrap().unwrap();
    assert!(!seen.contains("98000"), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn who_tells_a_new_name_stays_who_they_are_and_everybody_hears_it() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    ben.join("ben", "Benjamin").await.unwrap();
    let news = only(&mut asha).await;
    assert_eq!(news.kind(), "participant_joined");
    let people = state(&news)["participants"].clone();
    assert_eq!(people.as_array().unwrap().len(), 2);
    assert_eq!((&people[1]["id"], &people[1]["name"]), (&json!("ben"), &json!("Benjamin")));
}

#[tokio::test(start_paused = true)]
async fn the_first_to_join_sets_the_currency_and_nobody_else_can() {
    let restaurant = restaurant();
    let mut asha = restaurant.connect(&room());
    asha.send(join("asha", &json!({ "currency": "JPY" }))).await.unwrap();
    asha.recv_until("participant_joined").await.unwrap();
    assert_eq!(told(&asha)["currency"], "JPY");
    let mut ben = restaurant.connect(&room());
    ben.send(join("ben", &json!({ "currency": "INR" }))).await.unwrap();
    assert_eq!(code(&only(&mut ben).await), "bad_currency");
    hears_nothing(&mut asha).await;
    ben.join("ben", "Ben").await.unwrap();
    asha.send(r#"{"type":"add_item","data":{"dishName":"Ramen","price":900.5,"quantity":1}}"#).await.unwrap();
    assert_eq!(code(asha.settle().await.last().unwrap()), "bad_price");
}

#[tokio::test(start_paused = true)]
async fn who_joins_an_order_of_any_size_gets_both_the_state_and_that_they_joined() {
    let mut settings = Settings::default();
    settings.outbox_bytes = 1024;
    let restaurant = Simulation::with_settings(1, Faults::default(), settings);
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    for number in 0..20 {
        asha.send(add(&format!("i{number}"), 10)).await.unwrap();
        asha.recv_until("item_added").await.unwrap();
    }
    let mut ben = restaurant.connect(&room());
    ben.send(join("ben", &json!({}))).await.unwrap();
    let heard = ben.settle().await;
    assert_eq!(kinds(&heard), ["sync", "participant_joined"]);
    assert!(heard[0].text().len() > 1024, "one alone is more than may wait");
}

#[tokio::test(start_paused = true)]
async fn somebody_new_is_asked_for_at_the_door_once_and_whoever_comes_back_is_not() {
    let restaurant = restaurant();
    let asked = Arc::new(AtomicUsize::new(0));
    let door = Door::new({
        let asked = asked.clone();
        move || match asked.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Ok(()),
            _ => Err(NotYet { bound: "at most two".to_owned(), wait: Duration::from_millis(4_999) }),
        }
    });
    let open = || restaurant.open(&room(), Opening { door: Some(door.clone()), ..Opening::default() });
    let (mut asha, mut ben, mut chi) = (open(), open(), open());
    restaurant.log().fail_next_append(AppendFault::Failed);
    asha.send(join("asha", &json!({}))).await.unwrap();
    assert_eq!(code(&only(&mut asha).await), "storage_unavailable");
    asha.join("asha", "Asha").await.unwrap();
    ben.join("ben", "Ben").await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 2, "a person who could not join after all is not asked again");
    let before = facts(&restaurant).await;
    chi.send(join("chi", &json!({}))).await.unwrap();
    let refused = only(&mut chi).await.json()["data"].clone();
    assert_eq!(
        (&refused["code"], &refused["expected"], &refused["retryAfter"]),
        (&json!("rate_limited"), &json!("at most two"), &json!(5_000))
    );
    assert_eq!(facts(&restaurant).await, before);
    ben.send(r#"{"type":"leave"}"#).await.unwrap();
    ben.settle().await;
    open().join("ben", "Ben").await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}
