//! What a socket sends before its first `join` is kept until the `join`.

use std::time::Duration;

use order_core::ParticipantId;
use order_host::{Identity, Opening, Protocol};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use transport_memory::{AppendFault, Client, Message, Simulation};

use crate::support::table::{add_with_command, facts, hears_nothing, kinds, restaurant, room, seated};

const PROTOCOLS: [Protocol; 2] = [Protocol::V1, Protocol::V2];

/// How many commands are kept.
const MOST: usize = 64;

#[tokio::test(start_paused = true)]
async fn what_came_before_the_join_is_carried_out_in_order_right_after_it() {
    for protocol in PROTOCOLS {
        let restaurant = restaurant();
        let mut ben = open(&restaurant, protocol);
        for number in 0..MOST {
            ben.send(dish(number)).await.unwrap();
        }
        assert_eq!(restaurant.host().loaded_rooms(), 0);
        ben.send(join("ben")).await.unwrap();
        ben.send(dish(MOST)).await.unwrap();
        let heard = ben.settle().await;
        let greeting: &[&str] = if protocol == Protocol::V2 {
            &["welcome", "ack"]
        } else {
            &["sync", "participant_joined", "ack"]
        };
        assert_eq!(&kinds(&heard)[..greeting.len()], greeting);
        let acks: Vec<_> = answers(&heard).into_iter().skip(1).collect();
        let expected: Vec<_> = (0..=MOST).map(|number| (format!("c{number}"), "ack".to_owned())).collect();
        assert_eq!(acks, expected);
        assert_eq!(facts(&restaurant).await.len(), 1 + MOST + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_join_that_does_not_come_within_a_second_is_not_waited_for() {
    for protocol in PROTOCOLS {
        let restaurant = restaurant();
        let mut ben = open(&restaurant, protocol);
        let began = Instant::now();
        ben.send(dish(0)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(900)).await;
        ben.send(r#"{"type":"history","id":"c1"}"#).await.unwrap();
        let heard = [ben.recv().await.unwrap(), ben.recv().await.unwrap()];
        assert_eq!(answers(&heard), refused(0..2));
        assert!((1_000..1_010).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
        assert_eq!(restaurant.host().loaded_rooms(), 0);
        assert!(facts(&restaurant).await.is_empty());
        // Later messages are kept again.
        ben.send(dish(2)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(900)).await;
        ben.send(join("ben")).await.unwrap();
        assert!(answers(&ben.settle().await).contains(&("c2".to_owned(), "ack".to_owned())));
        assert_eq!(facts(&restaurant).await.len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_join_that_is_refused_ends_the_wait() {
    for protocol in PROTOCOLS {
        let restaurant = restaurant();
        let [mut asha] = seated(&restaurant, ["asha"]).await;
        let before = facts(&restaurant).await;
        let mut ben = open(&restaurant, protocol);
        ben.send(dish(0)).await.unwrap();
        ben.send(dish(1)).await.unwrap();
        let nameless = json!({ "type": "join", "id": "join", "participantId": "ben", "data": {} });
        ben.send(nameless.to_string()).await.unwrap();
        let began = Instant::now();
        let mut heard = Vec::new();
        for _ in 0..3 {
            heard.push(ben.recv().await.unwrap());
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        let [join, waited @ ..] = &answers(&heard)[..] else { panic!("nothing came") };
        assert_eq!(*join, ("join".to_owned(), "missing_field".to_owned()));
        assert_eq!(waited, refused(0..2));
        // The first join has come, so nothing waits for another one.
        ben.send(dish(2)).await.unwrap();
        assert_eq!(answers(&[ben.recv().await.unwrap()]), refused(2..3));
        assert_eq!(began.elapsed(), Duration::ZERO);
        hears_nothing(&mut asha).await;
        assert_eq!(facts(&restaurant).await, before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_join_that_could_not_be_stored_ends_the_wait_too() {
    let restaurant = restaurant();
    seated(&restaurant, ["asha"]).await;
    let before = facts(&restaurant).await;
    let mut ben = open(&restaurant, Protocol::V1);
    ben.send(dish(0)).await.unwrap();
    restaurant.log().fail_next_append(AppendFault::Failed);
    ben.send(join("ben")).await.unwrap();
    let expected = [("join".to_owned(), "storage_unavailable".to_owned()), refused(0..1)[0].clone()];
    assert_eq!(answers(&ben.settle().await), expected);
    assert_eq!(facts(&restaurant).await, before);
}

#[tokio::test(start_paused = true)]
async fn no_more_waits_than_may_and_the_rest_is_refused_at_once() {
    for protocol in PROTOCOLS {
        let restaurant = restaurant();
        let mut ben = open(&restaurant, protocol);
        let began = Instant::now();
        for number in 0..MOST + 3 {
            ben.send(dish(number)).await.unwrap();
        }
        let mut heard = Vec::new();
        for _ in 0..3 {
            heard.push(ben.recv().await.unwrap());
        }
        assert_eq!(answers(&heard), refused(MOST..MOST + 3));
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(answers(&ben.settle().await), refused(0..MOST));
        assert_eq!(restaurant.host().loaded_rooms(), 0);

        // The limit in bytes works in the same way: the excess is refused, and what still fits is
        // kept.
        let mut large = open(&restaurant, protocol);
        for number in 0..3 {
            let dish = format!("{}{}", dish(number), " ".repeat(100 * 1024));
            large.send(dish).await.unwrap();
        }
        assert_eq!(answers(&[large.recv().await.unwrap()]), refused(2..3));
        large.send(join("ben")).await.unwrap();
        let acks: Vec<_> = answers(&large.settle().await).into_iter().skip(1).collect();
        assert_eq!(acks, [("c0".to_owned(), "ack".to_owned()), ("c1".to_owned(), "ack".to_owned())]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_and_pings_are_answered_at_once_and_end_no_wait() {
    for protocol in PROTOCOLS {
        let restaurant = restaurant();
        let mut ben = open(&restaurant, protocol);
        let began = Instant::now();
        ben.send(dish(0)).await.unwrap();
        for text in ["{", r#"{"type":"join","id":"c9","data":{}}"#, r#"{"type":"dance","id":"c9"}"#, "ping"] {
            ben.send(text).await.unwrap();
            let heard = ben.recv().await.unwrap();
            assert_ne!(heard.json()["id"], "c0", "{text}");
        }
        ben.send_binary().await.unwrap();
        ben.recv().await.unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO);
        ben.send(join("ben")).await.unwrap();
        let heard = answers(&ben.settle().await);
        assert_eq!(heard[1..], [("c0".to_owned(), "ack".to_owned())]);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_wait_too_and_are_answered_in_their_place() {
    let restaurant = restaurant();
    let mut ben = open(&restaurant, Protocol::V2);
    for (number, kind) in ["get_state", "get_bill", "get_checksum", "history"].iter().enumerate() {
        ben.send(dish(number)).await.unwrap();
        ben.send(json!({ "type": kind, "id": format!("r{number}") }).to_string()).await.unwrap();
    }
    ben.send(join("ben")).await.unwrap();
    let heard = ben.settle().await;
    for (number, kind) in ["state", "bill", "checksum", "history"].iter().enumerate() {
        let answer = heard.iter().map(Message::json).find(|it| it["id"] == format!("r{number}")).unwrap();
        assert_eq!(answer["type"], *kind);
        if *kind != "history" {
            assert_eq!(answer["seq"], number + 2);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_wait_ends_with_the_socket() {
    for protocol in PROTOCOLS {
        let restaurant = restaurant();
        let [mut asha] = seated(&restaurant, ["asha"]).await;
        let before = facts(&restaurant).await;
        let mut gone = open(&restaurant, protocol);
        gone.send(dish(0)).await.unwrap();
        gone.disconnect();
        let mut ben = open(&restaurant, protocol);
        ben.send(join("ben")).await.unwrap();
        ben.settle().await;
        assert_eq!(facts(&restaurant).await.len(), before.len() + 1, "only the join");
        assert!(asha.settle().await.iter().all(|message| message.kind() != "item_added"));
    }
}

#[tokio::test(start_paused = true)]
async fn who_signed_in_and_sits_at_the_table_does_not_wait() {
    for protocol in PROTOCOLS {
        let restaurant = restaurant();
        let [mut asha] = seated(&restaurant, ["asha"]).await;
        let mut tablet = signed_in(&restaurant, protocol, "asha");
        tablet.send(dish(0)).await.unwrap();
        let ack = async { while tablet.recv().await.unwrap().json()["id"] != "c0" {} };
        timeout(Duration::from_millis(1), ack).await.expect("it is answered at once");
        assert_eq!(asha.recv_until("item_added").await.unwrap().json()["participantId"], "asha");
    }
}

/// With sign-in too, a client library sends what it queued before the page can join.
#[tokio::test(start_paused = true)]
async fn what_somebody_sent_who_signed_in_and_is_new_to_the_table_waits() {
    for protocol in PROTOCOLS {
        let restaurant = restaurant();
        seated(&restaurant, ["asha"]).await;
        let mut ben = signed_in(&restaurant, protocol, "ben");
        ben.send(dish(0)).await.unwrap();
        ben.send(join("ben")).await.unwrap();
        let heard = ben.settle().await;
        let done = [("join".to_owned(), "ack".to_owned()), ("c0".to_owned(), "ack".to_owned())];
        assert_eq!(answers(&heard), done);
        let greetings = kinds(&heard).iter().filter(|kind| matches!(**kind, "sync" | "welcome")).count();
        assert_eq!(greetings, 1);
        let mut chitra = signed_in(&restaurant, protocol, "chitra");
        chitra.send(dish(1)).await.unwrap();
        assert_eq!(answers(&chitra.settle().await), refused(1..2));
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_sent_who_comes_back_after_they_left_waits_for_their_join() {
    for protocol in PROTOCOLS {
        let restaurant = restaurant();
        let mut ben = open(&restaurant, Protocol::V2);
        ben.send(join("ben")).await.unwrap();
        let token = ben.settle().await[0].json()["resumeToken"].as_str().unwrap().to_owned();
        let back = || Opening { protocol, resume_token: Some(token.clone()), ..Opening::default() };
        let mut seated = restaurant.open(&room(), back());
        seated.send(dish(0)).await.unwrap();
        assert_eq!(answers(&seated.settle().await), [("c0".to_owned(), "ack".to_owned())]);
        ben.send(r#"{"type":"leave","id":"bye"}"#).await.unwrap();
        ben.settle().await;

        let mut left = restaurant.open(&room(), back());
        hears_nothing(&mut left).await;
        left.send(dish(1)).await.unwrap();
        left.send(join("ben")).await.unwrap();
        assert!(answers(&left.settle().await).contains(&("c1".to_owned(), "ack".to_owned())));
    }
}

fn open(restaurant: &Simulation, protocol: Protocol) -> Client {
    restaurant.open(&room(), Opening { protocol, ..Opening::default() })
}

fn signed_in(restaurant: &Simulation, protocol: Protocol, who: &str) -> Client {
    let identity = Some(Identity::new(ParticipantId::new(who).unwrap()));
    restaurant.open(&room(), Opening { protocol, identity, ..Opening::default() })
}

fn dish(number: usize) -> String {
    add_with_command(&format!("i{number}"), 10, &format!("c{number}"))
}

fn join(who: &str) -> String {
    json!({ "type": "join", "id": "join", "participantId": who, "participantName": who, "data": {} })
        .to_string()
}

/// Returns the answers to commands, in order: `ack`, or the code of the refusal.
fn answers(heard: &[Message]) -> Vec<(String, String)> {
    let answer = |message: &Message| {
        let message = message.json();
        let about = message.get("data").unwrap_or(&message);
        let what = match message["type"].as_str()? {
            "ack" => &message["type"],
            "error" | "reject" => &about["code"],
            _ => return None,
        };
        Some((message["id"].as_str().unwrap_or_default().to_owned(), Value::as_str(what)?.to_owned()))
    };
    heard.iter().filter_map(answer).collect()
}

fn refused(numbers: std::ops::Range<usize>) -> Vec<(String, String)> {
    numbers.map(|number| (format!("c{number}"), "join_first".to_owned())).collect()
}
