//! The output gate: nothing is shown before it is stored.

use std::time::Duration;

use order_host::RoomKey;
use order_host::log::RoomLog as _;
use serde_json::json;
use tokio::time::{Instant, sleep};
use transport_memory::{AppendFault, Client, Closed, LogFaults, Simulation};

use crate::support::table::{
    add, add_with_command, code, facts, hears_nothing, join, kinds, only, restaurant, room, seated, told,
};

const READS_FAIL: LogFaults = LogFaults {
    failing_read: 1_000,
    failing_append: 0,
    max_append_time: Duration::ZERO,
    read_time: Duration::ZERO,
};

/// Checks that the next command works, and that all clients agree on the result.
async fn goes_on(restaurant: &Simulation, asha: &mut Client, ben: &mut Client) {
    asha.send(add("goes-on", 10)).await.unwrap();
    assert_eq!(only(asha).await.kind(), "item_added");
    assert_eq!(only(ben).await.kind(), "item_added");
    assert_eq!(asha.state(), ben.state());
    let order = restaurant.stored_order(&room()).await.unwrap();
    assert_eq!(told(asha)["seq"].as_u64(), Some(order.seq()));
    assert_eq!(told(asha)["items"].as_array().map(Vec::len), Some(order.items().len()));
}

#[tokio::test(start_paused = true)]
async fn commands_that_come_at_once_share_one_write() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    restaurant.log().fail_next_append(AppendFault::Failed);
    asha.send(add("dal", 120)).await.unwrap();
    ben.send(add("roti", 30)).await.unwrap();
    for client in [&mut asha, &mut ben] {
        assert_eq!(code(&only(client).await), "storage_unavailable", "one write failed, and it was both's");
    }
    goes_on(&restaurant, &mut asha, &mut ben).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_append_is_told_to_its_sender_alone_and_changes_nothing() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    let before = facts(&restaurant).await;
    for text in [
        add_with_command("dal", 120, "dal").as_str(),
        r#"{"type":"update_split","id":"dal","data":{"splitType":"itemized"}}"#,
        r#"{"type":"leave","id":"dal"}"#,
    ] {
        restaurant.log().fail_next_append(AppendFault::Failed);
        asha.send(text).await.unwrap();
        let error = only(&mut asha).await;
        assert_eq!((code(&error).as_str(), &error.json()["id"]), ("storage_unavailable", &json!("dal")));
        hears_nothing(&mut ben).await;
        assert_eq!(facts(&restaurant).await, before);
    }
    let view = restaurant.host().public_view(&room()).await.unwrap();
    assert_eq!(view, restaurant.restarted(2).host().public_view(&room()).await.unwrap());
    goes_on(&restaurant, &mut asha, &mut ben).await;
}

#[tokio::test(start_paused = true)]
async fn a_join_that_cannot_be_stored_leaves_a_stranger_at_the_door() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let mut ben = restaurant.connect(&room());
    restaurant.log().fail_next_append(AppendFault::Failed);
    ben.send(join("ben", &json!({}))).await.unwrap();
    assert_eq!(code(&only(&mut ben).await), "storage_unavailable");
    hears_nothing(&mut asha).await;
    ben.send(add("dal", 120)).await.unwrap();
    assert_eq!(code(&only(&mut ben).await), "join_first");
    ben.join("ben", "Ben").await.unwrap();
    assert_eq!(only(&mut asha).await.kind(), "participant_joined");
    goes_on(&restaurant, &mut asha, &mut ben).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_append_disturbs_nobody_even_if_nothing_can_be_read_either() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    restaurant.log().set_faults(READS_FAIL);
    restaurant.log().fail_next_append(AppendFault::Failed);
    asha.send(add("dal", 120)).await.unwrap();
    assert_eq!(code(&only(&mut asha).await), "storage_unavailable");
    hears_nothing(&mut ben).await;
    goes_on(&restaurant, &mut asha, &mut ben).await;
}

#[tokio::test(start_paused = true)]
async fn an_append_whose_answer_is_lost_but_which_is_stored_is_shown_once() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    restaurant.log().fail_next_append(AppendFault::UnknownStored);
    asha.send(add("dal", 120)).await.unwrap();
    assert_eq!(only(&mut asha).await.kind(), "item_added");
    assert_eq!(only(&mut ben).await.kind(), "item_added");
    assert_eq!(facts(&restaurant).await.len(), 3);
    goes_on(&restaurant, &mut asha, &mut ben).await;
}

#[tokio::test(start_paused = true)]
async fn an_append_whose_answer_is_lost_and_which_is_not_stored_is_refused() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    restaurant.log().fail_next_append(AppendFault::UnknownNotStored);
    asha.send(add("dal", 120)).await.unwrap();
    assert_eq!(code(&only(&mut asha).await), "storage_unavailable");
    hears_nothing(&mut ben).await;
    assert_eq!(facts(&restaurant).await.len(), 2);
    goes_on(&restaurant, &mut asha, &mut ben).await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_found_out_is_called_uncertain_and_the_room_starts_afresh() {
    for (fault, items) in [(AppendFault::UnknownStored, 1), (AppendFault::UnknownNotStored, 0)] {
        let restaurant = restaurant();
        let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
        restaurant.log().set_faults(READS_FAIL);
        restaurant.log().fail_next_append(fault);
        asha.send(add("dal", 120)).await.unwrap();
        assert_eq!(code(&asha.recv().await.unwrap()), "storage_uncertain");
        assert_eq!(asha.recv().await, Err(Closed::Unavailable));
        assert_eq!(ben.recv().await, Err(Closed::Unavailable), "nobody is shown anything");
        restaurant.calm();
        let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
        assert_eq!(told(&asha)["items"].as_array().unwrap().len(), items);
        goes_on(&restaurant, &mut asha, &mut ben).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_knocks_while_a_room_gives_up_is_sent_away_too() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    restaurant.log().hold();
    asha.send(add("dal", 120)).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    // All of this queues at the room, which handles it at once.
    restaurant.log().set_faults(READS_FAIL);
    asha.send(add("naan", 40)).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    let mut ben = restaurant.connect(&room());
    sleep(Duration::from_millis(1)).await;
    ben.send(join("ben", &json!({}))).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    restaurant.log().fail_next_append(AppendFault::UnknownNotStored);
    restaurant.log().release();
    assert_eq!(kinds(&asha.settle().await), ["item_added", "error"]);
    assert_eq!(asha.recv().await, Err(Closed::Unavailable));
    let sent_away = tokio::time::timeout(Duration::from_secs(60), ben.recv()).await;
    assert_eq!(sent_away, Ok(Err(Closed::Unavailable)));
    restaurant.calm();
    seated(&restaurant, ["asha", "ben"]).await;
}

#[tokio::test(start_paused = true)]
async fn when_somebody_else_wrote_to_the_room_everybody_gets_the_truth() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    let elsewhere = restaurant.restarted(2);
    let [mut chitra] = seated(&elsewhere, ["chitra"]).await;
    chitra.send(add("soup", 80)).await.unwrap();
    chitra.recv_until("item_added").await.unwrap();

    asha.send(add("dal", 120)).await.unwrap();
    let heard = asha.settle().await;
    assert_eq!(kinds(&heard), ["error", "sync"]);
    assert_eq!(code(&heard[0]), "storage_unavailable");
    assert_eq!(only(&mut ben).await.kind(), "sync");
    for client in [&asha, &ben] {
        assert_eq!(told(client)["items"].as_array().unwrap().len(), 1);
        assert_eq!(told(client)["items"][0]["id"], "soup");
        assert_eq!(told(client)["participants"].as_array().unwrap().len(), 3);
    }
    goes_on(&restaurant, &mut asha, &mut ben).await;
}

#[tokio::test(start_paused = true)]
async fn an_append_that_lost_its_answer_to_another_writer_is_not_taken_for_stored() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    let elsewhere = restaurant.restarted(2);
    let [mut chitra] = seated(&elsewhere, ["chitra"]).await;
    restaurant.log().fail_next_append(AppendFault::UnknownStored);
    asha.send(add("dal", 120)).await.unwrap();
    let heard = asha.settle().await;
    assert_eq!(kinds(&heard), ["error", "sync"]);
    assert_eq!(only(&mut ben).await.kind(), "sync");
    assert_eq!(told(&ben)["items"], json!([]));
    hears_nothing(&mut chitra).await;
    goes_on(&restaurant, &mut asha, &mut ben).await;
}

#[tokio::test(start_paused = true)]
async fn of_commands_stored_together_nothing_is_shown_when_that_fails() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    restaurant.log().hold();
    asha.send(add("first", 10)).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    for text in [
        r#"{"type":"remove_item","id":"none","data":{"itemId":"none"}}"#,
        &add_with_command("dal", 120, "dal"),
        // Refused only because of the one before it, which was not stored: the refusal does not
        // hold.
        &add_with_command("dal", 120, "again"),
        r#"{"type":"remove_item","id":"taken","data":{"itemId":"dal"}}"#,
        r#"{"type":"dance","id":"dance"}"#,
        &add_with_command("naan", 40, "naan"),
    ] {
        asha.send(text).await.unwrap();
    }
    sleep(Duration::from_millis(1)).await;
    restaurant.log().fail_next_append(AppendFault::Failed);
    restaurant.log().release();
    let heard = asha.settle().await;
    assert_eq!(heard[0].kind(), "item_added");
    let answers: Vec<_> = heard[1..].iter().map(|error| (error.json()["id"].clone(), code(error))).collect();
    let unavailable = "storage_unavailable";
    let expected = [
        ("none", "item_not_found"),
        ("dal", unavailable),
        ("again", unavailable),
        ("taken", unavailable),
        ("dance", "unknown_type"),
        ("naan", unavailable),
    ];
    assert_eq!(answers, expected.map(|(id, code)| (json!(id), code.to_owned())));
    assert_eq!(kinds(&ben.settle().await), ["item_added"], "of the first alone");
    assert_eq!(facts(&restaurant).await.len(), 3);
    goes_on(&restaurant, &mut asha, &mut ben).await;
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_cannot_be_saved_costs_nothing() {
    let restaurant = restaurant();
    let [asha] = seated(&restaurant, ["asha"]).await;
    asha.disconnect();
    restaurant.log().set_faults(LogFaults { failing_append: 1_000, ..LogFaults::default() });
    sleep(Duration::from_secs(125)).await;
    assert_eq!(restaurant.host().loaded_rooms(), 0);
    assert_eq!(restaurant.log().inner().load_snapshot(&room()).await.unwrap(), None);
    restaurant.calm();
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    goes_on(&restaurant, &mut asha, &mut ben).await;
}

#[tokio::test(start_paused = true)]
async fn a_few_rooms_are_read_again_at_a_time() {
    let restaurant = restaurant();
    let mut tables = Vec::new();
    for number in 0..16 {
        let mut asha = restaurant.connect(&RoomKey::new("main", &format!("table-{number}")).unwrap());
        asha.join("asha", "Asha").await.unwrap();
        asha.settle().await;
        tables.push(asha);
    }
    for _ in &tables {
        restaurant.log().fail_next_append(AppendFault::UnknownNotStored);
    }
    let read_time = Duration::from_secs(1);
    restaurant.log().set_faults(LogFaults { read_time, ..LogFaults::default() });
    let begun = Instant::now();
    for asha in &mut tables {
        asha.send(add("dal", 120)).await.unwrap();
    }
    sleep(read_time / 2).await;
    for asha in &mut tables {
        asha.send(add("naan", 40)).await.unwrap();
    }
    for asha in &mut tables {
        assert_eq!(code(&asha.recv().await.unwrap()), "storage_unavailable");
        assert_eq!(asha.recv().await.unwrap().kind(), "item_added");
    }
    assert!(
        begun.elapsed() >= read_time * 3,
        "read back, and then read again in two turns: {:?}",
        begun.elapsed()
    );
}
