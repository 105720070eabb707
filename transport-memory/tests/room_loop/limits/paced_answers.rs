//! A participant's answers are rate-limited by their cost, over all their sockets, and
//! nobody else is affected.

use std::time::Duration;

use order_core::ParticipantId;
use order_core::wire::HistoryPage;
use order_host::{HistoryError, Opening, Pace, Protocol, Settings};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use transport_memory::{Client, Faults, LogFaults, Message, Simulation};

use crate::support::table::{add, add_with_command, facts, join, kinds, room, seated};

/// The rate of a participant's budget of answers.
const RATE: u32 = 1_000;
/// Its burst.
const BURST: u32 = 20_000;
/// After this time every budget is full again.
const REST: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn each_question_is_refused_when_too_much_was_answered_and_taken_after_as_long_as_it_says() {
    for question in ["get_bill", "get_state", "get_checksum", "history"] {
        let restaurant = paced();
        let mut asha = seated_v2(&restaurant, "asha").await;
        let mut ben = seated_v2(&restaurant, "ben").await;
        asha.settle().await;
        sleep(REST).await;
        let before = facts(&restaurant).await;
        let ask = json!({ "type": question, "id": "q" }).to_string();
        let mut bytes = 0;
        let refusal = loop {
            asha.send(ask.clone()).await.unwrap();
            let answer = asha.recv().await.unwrap();
            if answer.kind() == "reject" {
                break answer.json();
            }
            bytes += answer.text().len();
            assert!(bytes < BURST as usize * 2, "{question}: {bytes} bytes");
        };
        assert!(bytes >= BURST as usize / 2, "{question}: {bytes} bytes");
        assert_eq!((&refusal["code"], &refusal["id"]), (&json!("rate_limited"), &json!("q")), "{question}");
        let bound = "at most 1000 bytes of answers a second to one participant, 20000 at once";
        assert_eq!(refusal["expected"], bound, "{question}");

        // Others are answered.
        ben.send(ask.clone()).await.unwrap();
        assert_ne!(ben.recv().await.unwrap().kind(), "reject", "{question}");
        // After the time in the refusal, she is answered too.
        sleep(Duration::from_millis(refusal["retryAfter"].as_u64().unwrap())).await;
        asha.send(ask).await.unwrap();
        assert_ne!(asha.recv().await.unwrap().kind(), "reject", "{question}");
        assert_eq!(facts(&restaurant).await, before, "{question}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_sockets_of_a_person_share_what_they_are_answered_and_may_order_all_the_same() {
    let restaurant = paced();
    let mut phones = Vec::new();
    for _ in 0..4 {
        phones.push(seated_v2(&restaurant, "asha").await);
        sleep(REST).await;
    }
    for phone in &mut phones {
        phone.settle().await;
    }
    let mut refused = 0;
    let mut bytes = 0;
    for _ in 0..50 {
        for phone in &mut phones {
            phone.send(r#"{"type":"get_state","id":"q"}"#).await.unwrap();
            let answer = phone.recv().await.unwrap();
            refused += usize::from(answer.kind() == "reject");
            bytes += if answer.kind() == "state" { answer.text().len() } else { 0 };
        }
    }
    // The first socket created her. The others only name her, and share a separate budget.
    assert!(refused > 0 && bytes < BURST as usize * 3, "{refused} refused, {bytes} bytes");
    phones[0].send(json!({ "type": "add_item", "id": "c1", "data": { "dishName": "dal", "price": 10, "quantity": 1 } }).to_string()).await.unwrap();
    assert_eq!(kinds(&phones[0].settle().await), ["event", "ack"]);
}

#[tokio::test(start_paused = true)]
async fn joining_again_and_again_is_refused_and_changes_nothing() {
    for on_one_socket in [true, false] {
        let restaurant = paced_by(100);
        let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
        sleep(REST * 60).await;
        let before = facts(&restaurant).await;
        let mut bytes = 0;
        let refusal = loop {
            if !on_one_socket {
                asha = restaurant.connect(&room());
            }
            asha.send(join("asha", &json!({}))).await.unwrap();
            let heard = asha.settle().await;
            if let Some(refusal) = heard.iter().find(|message| message.kind() == "error") {
                break refusal.json();
            }
            bytes += heard.iter().map(|message| message.text().len()).sum::<usize>();
            assert!(bytes < BURST as usize * 2, "{bytes} bytes");
        };
        assert_eq!(refusal["data"]["code"], "rate_limited");
        ben.send(join("ben", &json!({}))).await.unwrap();
        assert!(kinds(&ben.settle().await).contains(&"sync"));
        sleep(Duration::from_millis(refusal["data"]["retryAfter"].as_u64().unwrap())).await;
        asha.send(join("asha", &json!({}))).await.unwrap();
        assert!(kinds(&asha.settle().await).contains(&"sync"));
        assert_eq!(facts(&restaurant).await, before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_that_changes_nothing_is_no_way_to_the_state() {
    let restaurant = paced();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    sleep(REST).await;
    let before = facts(&restaurant).await;
    let mut states = 0;
    let refusal = loop {
        asha.send(r#"{"type":"unlock_order"}"#).await.unwrap();
        let answer = asha.recv().await.unwrap();
        if answer.kind() == "error" {
            break answer.json();
        }
        assert_eq!(answer.kind(), "sync");
        states += answer.text().len();
        assert!(states < BURST as usize * 2);
    };
    assert_eq!(refusal["data"]["code"], "rate_limited");
    assert_eq!(facts(&restaurant).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_comes_back_again_and_again_is_seated_after_a_while_and_loses_nothing() {
    let restaurant = paced_by(RATE * 10);
    let mut first = restaurant.connect(&room());
    first.send(join("asha", &json!({}))).await.unwrap();
    let token = first.settle().await[0].json()["resumeToken"].as_str().unwrap().to_owned();
    sleep(REST).await;
    let comes_back = || {
        let resume_token = Some(token.clone());
        restaurant.open(&room(), Opening { resume_token, ..Opening::default() })
    };
    let begun = Instant::now();
    let mut bytes = 0;
    for number in 0..30 {
        let mut phone = comes_back();
        phone.send(add(&format!("dal-{number}"), 1)).await.unwrap();
        let heard = phone.recv_until("sync").await.unwrap();
        bytes += heard.text().len();
        phone.recv_until("item_added").await.unwrap();
        phone.disconnect();
    }
    assert_eq!(facts(&restaurant).await.len(), 31, "all that was sent happened");
    let most = u64::from(BURST) + begun.elapsed().as_secs() * u64::from(RATE) * 10;
    assert!(bytes as u64 <= most + 40_000, "{bytes} bytes in {:?}", begun.elapsed());
    assert!(begun.elapsed() > Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_is_gone_before_its_turn_is_not_seated_and_one_that_waits_is_sent_away_at_a_restart() {
    // So slow that a few bytes take long.
    let restaurant = paced_by(10);
    let mut asha = seated_v2(&restaurant, "asha").await;
    let [mut ben] = seated(&restaurant, ["ben"]).await;
    asha.send(r#"{"type":"get_state","id":"q"}"#).await.unwrap();
    let welcome = asha.settle().await;
    assert!(!welcome.is_empty());
    let token = restaurant_token(&mut asha).await;
    owe_much(&mut asha).await;
    asha.disconnect();
    sleep(Duration::from_millis(10)).await;
    ben.settle().await;
    let opening =
        || Opening { resume_token: Some(token.clone()), protocol: Protocol::V2, ..Opening::default() };
    let mut gone = restaurant.open(&room(), opening());
    assert!(gone.settle().await.is_empty(), "too early");
    gone.disconnect();
    sleep(REST * 60).await;
    assert_eq!(kinds(&ben.settle().await), Vec::<&str>::new(), "nobody came");

    let mut asha = restaurant.open(&room(), opening());
    asha.recv_until("welcome").await.unwrap();
    owe_much(&mut asha).await;
    let mut waits = restaurant.open(&room(), opening());
    assert!(waits.settle().await.is_empty());
    let begun = Instant::now();
    restaurant.host().drain().await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert!(waits.recv().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_falls_behind_again_and_again_gets_its_state_after_a_while() {
    let mut settings = Settings::default();
    settings.participant_answers = Pace::new(RATE * 10, BURST);
    settings.outbox_bytes = 8 * 1024;
    let restaurant = Simulation::with_settings(1, Faults::default(), settings);
    let [mut asha, mut slow] = seated(&restaurant, ["asha", "slow"]).await;
    let mut bytes = 0;
    let begun = Instant::now();
    for round in 0..20 {
        for number in 0..20 {
            asha.send(add(&format!("dal-{round}-{number}"), 1)).await.unwrap();
            asha.recv_until("item_added").await.unwrap();
        }
        let heard = slow.recv_until("sync").await.unwrap();
        bytes += heard.text().len();
        slow.settle().await;
    }
    assert_eq!(slow.state(), asha.state());
    let most = u64::from(BURST) + (begun.elapsed().as_secs() + 1) * u64::from(RATE) * 10;
    assert!(bytes as u64 <= most + 200_000, "{bytes} bytes in {:?}", begun.elapsed());
    assert!(begun.elapsed() > Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn histories_over_http_are_of_the_same_budget() {
    let restaurant = paced();
    let mut asha = seated_v2(&restaurant, "asha").await;
    let who = ParticipantId::new("asha").unwrap();
    let page = HistoryPage::from_texts(None, None).unwrap();
    let host = restaurant.host();
    assert!(host.history(&room(), Some(&who), page).await.is_ok());
    owe_much(&mut asha).await;
    let Err(HistoryError::TooMuch(early)) = host.history(&room(), Some(&who), page).await else {
        panic!("too early");
    };
    assert!(host.history(&room(), None, page).await.is_ok(), "the back end is not bounded");
    sleep(early.wait).await;
    assert!(host.history(&room(), Some(&who), page).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_look_at_an_order_for_its_history_costs_those_who_ask_and_nothing_is_done_for_who_asks_too_early()
{
    let paced = paced();
    seated_v2(&paced, "asha").await;
    let restaurant = paced.restarted(2);
    let (host, stranger) = (restaurant.host(), ParticipantId::new("stranger").unwrap());
    let page = HistoryPage::from_texts(None, None).unwrap();
    let before = facts(&restaurant).await;
    restaurant.log().set_faults(LogFaults { read_time: Duration::from_secs(1), ..LogFaults::default() });
    let loads = restaurant.log().loads();
    assert_eq!(host.history(&room(), Some(&stranger), page).await, Err(HistoryError::NotAtTheTable));
    let begun = Instant::now();
    let Err(HistoryError::TooMuch(early)) = host.history(&room(), Some(&stranger), page).await else {
        panic!("the look was free");
    };
    assert_eq!((begun.elapsed(), restaurant.log().loads() - loads), (Duration::ZERO, 1));
    assert_eq!(facts(&restaurant).await, before);
    sleep(early.wait).await;
    assert_eq!(host.history(&room(), Some(&stranger), page).await, Err(HistoryError::NotAtTheTable));
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_waits_for_its_seat_is_read_meanwhile_and_what_it_sends_happens_then() {
    // So slow that a few bytes take long.
    let restaurant = paced_by(10);
    let mut asha = seated_v2(&restaurant, "asha").await;
    let token = restaurant_token(&mut asha).await;
    owe_much(&mut asha).await;
    asha.disconnect();
    let before = facts(&restaurant).await.len();
    let mut waits = comes_back(&restaurant, &token);
    for number in 0..64 {
        waits.send(dish(number)).await.unwrap();
    }
    waits.send("ping").await.unwrap();
    assert_eq!(waits.recv().await.unwrap().text(), "pong");
    waits.send(dish(64)).await.unwrap();
    let refusal = waits.recv().await.unwrap().json();
    assert_eq!((&refusal["code"], &refusal["id"]), (&json!("rate_limited"), &json!("c64")));
    assert_eq!(facts(&restaurant).await.len(), before);

    // Longer than messages before a first `join` are kept.
    let wait = Duration::from_millis(refusal["retryAfter"].as_u64().unwrap());
    assert!(wait > Duration::from_secs(5), "{wait:?}");
    sleep(wait / 2).await;
    assert!(waits.settle().await.is_empty());
    sleep(wait).await;
    waits.send(dish(64)).await.unwrap();
    let heard = waits.settle().await;
    assert_eq!(heard[0].kind(), "welcome");
    let acks = heard.iter().filter(|message| message.kind() == "ack");
    let ids: Vec<Value> = acks.map(|ack| ack.json()["id"].clone()).collect();
    let all: Vec<Value> = (0..65).map(|number| json!(format!("c{number}"))).collect();
    assert_eq!(ids, all, "in order");
    assert_eq!(facts(&restaurant).await.len(), before + 65);
}

#[tokio::test(start_paused = true)]
async fn what_a_phone_sent_that_waits_for_its_seat_goes_with_it_and_its_join_is_answered_at_once() {
    let restaurant = paced_by(10);
    let mut asha = seated_v2(&restaurant, "asha").await;
    let token = restaurant_token(&mut asha).await;
    owe_much(&mut asha).await;
    asha.disconnect();
    let before = facts(&restaurant).await;
    let mut gone = comes_back(&restaurant, &token);
    gone.send(dish(0)).await.unwrap();
    assert!(gone.settle().await.is_empty());
    gone.disconnect();

    let mut joins = comes_back(&restaurant, &token);
    joins.send(dish(1)).await.unwrap();
    joins
        .send(r#"{"type":"join","id":"j9","participantId":"asha","participantName":"asha","data":{}}"#)
        .await
        .unwrap();
    let heard = joins.settle().await;
    let codes: Vec<_> =
        heard.iter().map(Message::json).map(|told| (told["id"].clone(), told["code"].clone())).collect();
    assert_eq!(
        codes,
        [(json!("j9"), json!("rate_limited")), (json!("c1"), json!("join_first"))],
        "as after any `join` that is refused"
    );
    joins.disconnect();
    sleep(REST * 60).await;
    assert_eq!(facts(&restaurant).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_phone_whose_owner_leaves_while_it_waits_for_its_seat_is_told_to_join() {
    let restaurant = paced_by(10);
    let mut asha = seated_v2(&restaurant, "asha").await;
    let token = restaurant_token(&mut asha).await;
    owe_much(&mut asha).await;
    let mut waits = comes_back(&restaurant, &token);
    waits.send(dish(0)).await.unwrap();
    assert!(waits.settle().await.is_empty());
    asha.send(r#"{"type":"leave","id":"bye"}"#).await.unwrap();
    asha.recv_until("ack").await.unwrap();
    let before = facts(&restaurant).await;
    sleep(REST * 60).await;
    let refusal = waits.recv().await.unwrap().json();
    assert_eq!((&refusal["code"], &refusal["id"]), (&json!("join_first"), &json!("c0")));
    assert_eq!(facts(&restaurant).await, before);
}

#[tokio::test(start_paused = true)]
async fn somebody_who_only_names_her_uses_up_nothing_of_what_she_is_answered() {
    let restaurant = paced_by(10);
    let mut asha = seated_v2(&restaurant, "asha").await;
    let token = restaurant_token(&mut asha).await;
    asha.disconnect();
    sleep(REST * 60).await;
    let before = facts(&restaurant).await;
    let mut tablemate = restaurant.connect(&room());
    tablemate.send(join("asha", &json!({}))).await.unwrap();
    loop {
        tablemate.send(r#"{"type":"unlock_order"}"#).await.unwrap();
        if kinds(&tablemate.settle().await).contains(&"error") {
            break;
        }
    }

    let mut asha = comes_back(&restaurant, &token);
    assert_eq!(asha.recv().await.unwrap().kind(), "welcome");
    asha.send(r#"{"type":"get_state","id":"q"}"#).await.unwrap();
    asha.recv_until("state").await.unwrap();
    let (who, page) = (ParticipantId::new("asha").unwrap(), HistoryPage::from_texts(None, None).unwrap());
    assert!(restaurant.host().history(&room(), Some(&who), page).await.is_ok());
    // Other sockets that only name her do not use her budget either.
    let mut another = restaurant.connect(&room());
    another.send(join("asha", &json!({}))).await.unwrap();
    assert_eq!(kinds(&another.settle().await), ["error"]);
    // Her first join by name uses another name, which is a fact.
    assert!(facts(&restaurant).await.len() <= before.len() + 1);
}

#[tokio::test(start_paused = true)]
async fn joining_as_somebody_new_costs_nothing_of_what_is_answered() {
    let questions =
        [(Protocol::V1, r#"{"type":"unlock_order"}"#), (Protocol::V2, r#"{"type":"get_state","id":"q"}"#)];
    for (protocol, question) in questions {
        let mut settings = Settings::default();
        settings.participant_answers = Pace::new(1, 1);
        let restaurant = Simulation::with_settings(1, Faults::default(), settings);
        let mut asha = restaurant.open(&room(), Opening { protocol, ..Opening::default() });
        asha.send(r#"{"type":"join","id":"j","participantId":"asha","participantName":"Asha","data":{}}"#)
            .await
            .unwrap();
        asha.settle().await;
        for answer in [["sync", "state"].as_slice(), ["error", "reject"].as_slice()] {
            asha.send(question).await.unwrap();
            let heard = asha.recv().await.unwrap();
            assert!(answer.contains(&heard.kind()), "{protocol:?}: {}", heard.kind());
        }
    }
}

fn dish(number: usize) -> String {
    add_with_command(&format!("i{number}"), 1, &format!("c{number}"))
}

/// Opens a `stonepot.v2` socket with a resume token.
fn comes_back(restaurant: &Simulation, token: &str) -> Client {
    let resume_token = Some(token.to_owned());
    restaurant.open(&room(), Opening { resume_token, protocol: Protocol::V2, ..Opening::default() })
}

fn paced() -> Simulation {
    paced_by(RATE)
}

fn paced_by(rate: u32) -> Simulation {
    let mut settings = Settings::default();
    settings.participant_answers = Pace::new(rate, BURST);
    Simulation::with_settings(1, Faults::default(), settings)
}

async fn seated_v2(restaurant: &Simulation, who: &str) -> Client {
    let mut client = restaurant.open(&room(), Opening { protocol: Protocol::V2, ..Opening::default() });
    let join = json!({ "type": "join", "id": "j", "participantId": who, "participantName": who, "data": {} });
    client.send(join.to_string()).await.unwrap();
    assert_eq!(kinds(&client.settle().await), ["welcome", "ack"]);
    client
}

/// Sends requests until one is refused.
async fn owe_much(asha: &mut Client) {
    loop {
        asha.send(r#"{"type":"get_state","id":"q"}"#).await.unwrap();
        if asha.recv().await.unwrap().kind() == "reject" {
            return;
        }
    }
}

/// Joins again to get her resume token.
async fn restaurant_token(asha: &mut Client) -> String {
    let join =
        json!({ "type": "join", "id": "j2", "participantId": "asha", "participantName": "asha", "data": {} });
    asha.send(join.to_string()).await.unwrap();
    let heard: Vec<Value> = asha.settle().await.iter().map(Message::json).collect();
    heard[0]["resumeToken"].as_str().unwrap().to_owned()
}
