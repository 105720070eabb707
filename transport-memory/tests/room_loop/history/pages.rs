//! The history of an order, for its participants, a page at a time.

use std::time::Duration;

use order_core::ParticipantId;
use order_core::wire::HistoryPage;
use order_host::{HistoryError, Opening, Protocol, RoomKey};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use transport_memory::{Client, Faults, LogFaults, Simulation};

use crate::support::table::{add, code, facts, hears_nothing, kinds, only, restaurant, room, seated};

#[tokio::test(start_paused = true)]
async fn pages_cover_the_log_once_and_in_order_in_both_protocols() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let mut ben = joined_v2(&restaurant, "ben").await;
    for number in 0..260 {
        asha.send(add(&format!("dal-{number}"), 1)).await.unwrap();
    }
    asha.send(r#"{"type":"remove_item","data":{"itemId":"dal-7"}}"#).await.unwrap();
    asha.settle().await;
    ben.settle().await;
    let stored = facts(&restaurant).await.len() as u64;
    for limit in [1_u64, 7, 50, 199, 200] {
        for client in [&mut asha, &mut ben] {
            let mut seen = Vec::new();
            let mut before = None;
            loop {
                let page = page(client, &json!({ "before": before, "limit": limit })).await;
                let entries = page["entries"].as_array().unwrap();
                let seqs: Vec<_> = entries.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect();
                before = Some(seqs[0]);
                seen.splice(0..0, seqs);
                if page["more"] == false {
                    break;
                }
                assert_eq!(entries.len() as u64, limit);
                if limit == 1 && seen.len() > 5 {
                    break;
                }
            }
            let first = seen[0];
            assert_eq!(seen, (first..=stored).collect::<Vec<_>>());
            assert!(limit == 1 || first == 1);
        }
    }
    let last = page(&mut asha, &json!({ "limit": 1 })).await;
    assert_eq!(
        last["entries"][0],
        json!({ "seq": stored, "at": 1_700_000_000_000_u64, "by": "asha", "byName": "ASHA", "event": "item_removed", "itemId": "dal-7", "dishName": "dal-7", "quantity": 1 }),
        "what is gone is called what it was"
    );
    let ordinary = page(&mut asha, &json!({})).await;
    assert_eq!((ordinary["entries"].as_array().unwrap().len(), &ordinary["more"]), (50, &json!(true)));
}

#[tokio::test(start_paused = true)]
async fn a_page_of_long_entries_has_fewer_of_them() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let long_ids: Vec<_> = (0..40).map(|number| format!("{number:0>100}")).collect();
    for id in &long_ids {
        restaurant.connect(&room()).join(id, "Somebody").await.unwrap();
    }
    asha.send(add("platter", 100)).await.unwrap();
    for number in 0..200 {
        let shared_by = &long_ids[number % 2..];
        let shared = json!({ "type": "assign_item", "data": { "itemId": "platter", "sharedBy": shared_by } });
        asha.send(shared.to_string()).await.unwrap();
    }
    asha.settle().await;
    let last = facts(&restaurant).await.len() as u64;
    let mut next = last;
    let mut pages = 0;
    while next > 0 {
        let page = page(&mut asha, &json!({ "before": next + 1, "limit": 200 })).await;
        assert!(page.to_string().len() < 300 * 1024, "{}", page.to_string().len());
        for entry in page["entries"].as_array().unwrap().iter().rev() {
            assert_eq!(entry["seq"], next);
            next -= 1;
        }
        assert_eq!(page["more"], next > 0);
        pages += 1;
    }
    assert!((4..10).contains(&pages), "{pages} pages of {last} entries");
}

#[tokio::test(start_paused = true)]
async fn only_those_at_the_table_read_it_and_nobody_else_hears_of_it() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    let before = facts(&restaurant).await;
    let mut stranger = restaurant.connect(&room());
    stranger.send(r#"{"type":"history","id":"h1","data":{}}"#).await.unwrap();
    let refused = only(&mut stranger).await;
    assert_eq!((code(&refused), &refused.json()["id"]), ("join_first".to_owned(), &json!("h1")));
    hears_nothing(&mut ben).await;
    asha.send(r#"{"type":"remove_participant","data":{"participantId":"ben","dishes":"keep"}}"#)
        .await
        .unwrap();
    ben.settle().await;
    asha.settle().await;
    ben.send(r#"{"type":"history"}"#).await.unwrap();
    assert_eq!(code(&only(&mut ben).await), "join_first");
    hears_nothing(&mut asha).await;
    assert_eq!(facts(&restaurant).await.len(), before.len() + 1);
    let host = restaurant.host();
    let page = order_core::wire::HistoryPage::from_texts(None, None).unwrap();
    let asker = |who: &str| order_core::ParticipantId::new(who).unwrap();
    assert!(host.history(&room(), Some(&asker("asha")), page).await.is_ok());
    assert!(host.history(&room(), None, page).await.is_ok(), "the back end");
    for who in ["ben", "chitra"] {
        let refused = host.history(&room(), Some(&asker(who)), page).await;
        assert_eq!(refused, Err(HistoryError::NotAtTheTable), "{who}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_person_reads_one_history_at_a_time_on_however_many_sockets_and_over_http() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    let mut second = restaurant.connect(&room());
    second.join("asha", "Asha").await.unwrap();
    asha.settle().await;
    ben.settle().await;
    slow_reads(&restaurant);
    asha.send(r#"{"type":"history","id":"h"}"#).await.unwrap();
    sleep(Duration::from_millis(10)).await;
    second.send(r#"{"type":"history","id":"h"}"#).await.unwrap();
    assert_eq!(code(&second.recv().await.unwrap()), "rate_limited");
    let host = restaurant.host();
    let page = order_core::wire::HistoryPage::from_texts(None, None).unwrap();
    let asker = |who: &str| order_core::ParticipantId::new(who).unwrap();
    let refused = host.history(&room(), Some(&asker("asha")), page).await;
    assert_eq!(refused, Err(HistoryError::Busy));
    // Others may read theirs, up to sixteen for one order.
    let ask = |who: Option<String>| {
        let (host, who) = (host.clone(), who.map(|who| asker(&who)));
        tokio::spawn(async move { host.history(&room(), who.as_ref(), page).await })
    };
    let backend = ask(None);
    let guests: Vec<_> = (0..16).map(|number| ask(Some(format!("guest-{number}")))).collect();
    assert!(backend.await.unwrap().is_ok());
    let mut busy = 0;
    for guest in guests {
        match guest.await.unwrap() {
            Err(HistoryError::NotAtTheTable) => {}
            other => {
                assert_eq!(other, Err(HistoryError::Busy));
                busy += 1;
            }
        }
    }
    assert_eq!(busy, 2, "there is no place beside asha, the back end and fourteen others");
    assert_eq!(asha.recv().await.unwrap().kind(), "history");
}

#[tokio::test(start_paused = true)]
async fn nobody_goes_on_reading_for_a_socket_that_is_gone_nor_holds_up_a_restart() {
    for drains in [false, true] {
        let restaurant = restaurant();
        let [mut asha] = seated(&restaurant, ["asha"]).await;
        for number in 0..1_000 {
            asha.send(add(&format!("dal-{number}"), 1)).await.unwrap();
            asha.settle().await;
        }
        slow_reads(&restaurant);
        asha.send(r#"{"type":"history","id":"h"}"#).await.unwrap();
        sleep(READ_TIME / 2).await;
        if drains {
            let began = Instant::now();
            restaurant.host().drain().await;
            assert!(began.elapsed() <= READ_TIME, "not the ten reads that it takes: {:?}", began.elapsed());
        } else {
            asha.disconnect();
            let mut again = restaurant.connect(&room());
            again.join("asha", "Asha").await.unwrap();
            again.settle().await;
            sleep(READ_TIME).await;
            again.send(r#"{"type":"history","id":"h"}"#).await.unwrap();
            assert_eq!(again.recv().await.unwrap().kind(), "history", "she has her place again");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_history_does_not_wait_for_the_end_of_long_ones() {
    let restaurant = restaurant();
    let long = ["long-1", "long-2", "long-3"].map(|name| RoomKey::new("main", name).unwrap());
    let mut readers = Vec::new();
    for room in &long {
        let mut reader = restaurant.connect(room);
        reader.join("asha", "Asha").await.unwrap();
        for number in 0..1_000 {
            reader.send(add(&format!("dal-{number}"), 1)).await.unwrap();
            reader.settle().await;
        }
        readers.push(reader);
    }
    let [mut ben] = seated(&restaurant, ["ben"]).await;
    slow_reads(&restaurant);
    for reader in &mut readers {
        reader.send(r#"{"type":"history","id":"h"}"#).await.unwrap();
    }
    sleep(READ_TIME / 2).await;
    let began = Instant::now();
    ben.send(r#"{"type":"history","id":"h"}"#).await.unwrap();
    assert_eq!(ben.recv().await.unwrap().kind(), "history");
    assert!(began.elapsed() <= READ_TIME * 3, "{:?}", began.elapsed());
    for reader in &mut readers {
        assert_eq!(reader.recv().await.unwrap().kind(), "history");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_cannot_be_is_refused() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    for data in [
        r#"{"limit":0}"#,
        r#"{"limit":201}"#,
        r#"{"limit":"5"}"#,
        r#"{"limit":1.5}"#,
        r#"{"before":0}"#,
        r#"{"before":-1}"#,
        r#"{"before":[]}"#,
        r#"{"before":99999999999999999999}"#,
    ] {
        asha.send(format!(r#"{{"type":"history","data":{data}}}"#)).await.unwrap();
        let refused = only(&mut asha).await;
        assert_eq!(code(&refused), "bad_field", "{data}");
        assert!(refused.json()["data"]["field"].as_str().unwrap().starts_with("data."), "{data}");
    }
    asha.send(r#"{"type":"history","data":[]}"#).await.unwrap();
    assert_eq!(code(&only(&mut asha).await), "bad_field");
    let empty = page(&mut asha, &json!({ "before": 1 })).await;
    assert_eq!((&empty["entries"], &empty["more"]), (&json!([]), &json!(false)));
}

#[tokio::test(start_paused = true)]
async fn a_table_does_not_wait_for_a_history_and_one_socket_asks_for_one_at_a_time() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    for _ in 0..3 {
        asha.send(r#"{"type":"history","id":"h"}"#).await.unwrap();
    }
    ben.send(add("dal", 1)).await.unwrap();
    assert_eq!(kinds(&ben.settle().await), ["item_added"]);
    let heard = asha.settle().await;
    let answers = |kind: &str| heard.iter().filter(|message| message.kind() == kind).count();
    assert_eq!((answers("item_added"), answers("history") + answers("error")), (1, 3), "{:?}", kinds(&heard));
    assert!(answers("history") >= 1 && answers("error") >= 1, "{:?}", kinds(&heard));
    for message in heard.iter().filter(|message| message.kind() == "error") {
        assert_eq!(code(message), "rate_limited");
        assert_eq!(message.json()["data"]["retryAfter"], 1_000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_history_that_cannot_be_read_says_so() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    restaurant.log().set_faults(LogFaults { failing_read: 1_000, ..LogFaults::default() });
    asha.send(r#"{"type":"history","id":"h"}"#).await.unwrap();
    assert_eq!(code(&only(&mut asha).await), "storage_unavailable");
    restaurant.log().set_faults(Faults::default().log);
    assert_eq!(page(&mut asha, &json!({})).await["entries"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_history_is_read_from_the_log_once_whatever_is_asked_for_and_while_people_order() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    let mut chitra = joined_v2(&restaurant, "chitra").await;
    for number in 0..300 {
        asha.send(add(&format!("dal-{number}"), 1)).await.unwrap();
    }
    for client in [&mut asha, &mut ben, &mut chitra] {
        client.settle().await;
    }
    let whole = page(&mut asha, &json!({ "limit": 200 })).await;
    restaurant.log().set_faults(LogFaults { failing_read: 1_000, ..LogFaults::default() });
    assert_eq!(page(&mut ben, &json!({ "limit": 200 })).await, whole);
    let early = page(&mut chitra, &json!({ "before": 5 })).await;
    assert_eq!((early["entries"].as_array().unwrap().len(), &early["more"]), (4, &json!(false)));
    // The room adds what happens meanwhile.
    asha.send(r#"{"type":"remove_item","data":{"itemId":"dal-7"}}"#).await.unwrap();
    for client in [&mut asha, &mut ben] {
        client.settle().await;
        let last = page(client, &json!({ "limit": 2 })).await;
        assert_eq!(last["entries"][1]["event"], "item_removed");
        assert_eq!(last["entries"][1]["dishName"], "dal-7", "what is gone is called what it was");
        assert_eq!(last["entries"][0], whole["entries"][199]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_history_over_http_of_an_order_in_memory_is_read_from_the_log_once_while_people_order() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let (host, who) = (restaurant.host(), ParticipantId::new("asha").unwrap());
    let whole = HistoryPage { before: None, limit: 200 };
    assert!(host.history(&room(), Some(&who), whole).await.is_ok());
    restaurant.log().set_faults(LogFaults { failing_read: 1_000, ..LogFaults::default() });
    for number in 0..5 {
        asha.send(add(&format!("dal-{number}"), 1)).await.unwrap();
        assert_eq!(only(&mut asha).await.kind(), "item_added");
        for asker in [Some(&who), None] {
            let page: Value =
                serde_json::from_str(&host.history(&room(), asker, whole).await.unwrap()).unwrap();
            assert_eq!(page["entries"].as_array().unwrap().len(), number + 2);
            assert_eq!(page["entries"][number + 1]["dishName"], format!("dal-{number}"));
        }
    }
    let stranger = ParticipantId::new("stranger").unwrap();
    let refused = host.history(&room(), Some(&stranger), whole).await;
    assert_eq!(refused, Err(HistoryError::NotAtTheTable), "the room knows, without the log");
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_of_a_history_is_what_the_log_says() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let mut pages = Vec::new();
    for round in 0..5 {
        for number in 0..20 {
            asha.send(add(&format!("dal-{round}-{number}"), 1)).await.unwrap();
        }
        asha.send(format!(r#"{{"type":"remove_item","data":{{"itemId":"dal-{round}-3"}}}}"#)).await.unwrap();
        asha.settle().await;
        pages.push(page(&mut asha, &json!({ "limit": 200 })).await);
        // Unloaded and loaded again, with a gap in what the room has reported.
        if round == 2 {
            asha.disconnect();
            sleep(Duration::from_secs(130)).await;
            assert_eq!(restaurant.host().loaded_rooms(), 0);
            [asha] = seated(&restaurant, ["asha"]).await;
            asha.send(add("naan", 1)).await.unwrap();
            asha.settle().await;
        }
    }
    // Another process has nothing cached.
    let other = restaurant.restarted(2);
    let [mut asha] = seated(&other, ["asha"]).await;
    let last = facts(&restaurant).await.len();
    for told in pages {
        let entries = told["entries"].as_array().unwrap();
        let end = entries.last().unwrap()["seq"].as_u64().unwrap();
        assert!(end <= last as u64);
        assert_eq!(page(&mut asha, &json!({ "before": end + 1, "limit": 200 })).await, told);
    }
}

/// The duration of a read of the log, where reads are slow.
const READ_TIME: Duration = Duration::from_secs(1);

fn slow_reads(restaurant: &Simulation) {
    restaurant.log().set_faults(LogFaults { read_time: READ_TIME, ..LogFaults::default() });
}

/// Requests a page of the history, in either protocol.
async fn page(client: &mut Client, data: &Value) -> Value {
    client.send(json!({ "type": "history", "id": "h", "data": data }).to_string()).await.unwrap();
    let mut answer = only(client).await.json();
    assert_eq!((&answer["type"], &answer["id"]), (&json!("history"), &json!("h")));
    if answer["data"].is_object() { answer["data"].take() } else { answer }
}

async fn joined_v2(restaurant: &Simulation, who: &str) -> Client {
    let mut client = restaurant.open(&room(), Opening { protocol: Protocol::V2, ..Opening::default() });
    let join = json!({ "type": "join", "id": "j", "participantId": who, "participantName": who, "data": {} });
    client.send(join.to_string()).await.unwrap();
    client.settle().await;
    client
}
