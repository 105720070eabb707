//! The restaurant's back end, which needs no socket: its messages are stored, shown and
//! answered.

use std::time::Duration;

use order_host::RoomKey;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use transport_memory::{AppendFault, Client, Closed, LogFaults, Simulation};

use crate::support::table::{
    add, code, facts, hears_nothing, join, kinds, only, restaurant, room, seated, state, told,
};

#[tokio::test(start_paused = true)]
async fn what_the_back_end_records_everybody_is_told_once_and_in_order() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = dined(&restaurant).await;
    let mut seq = told(&asha)["seq"].as_u64().unwrap();
    for (message, kind) in [
        (pay("card", 60, "pending"), "payment_recorded"),
        (update("card", "paid"), "payment_updated"),
        (refund("card", "r1", 10), "payment_refunded"),
    ] {
        let answer = restaurant.host().backend(&room(), &message).await.unwrap();
        let (to_asha, to_ben) = (only(&mut asha).await, only(&mut ben).await);
        assert_eq!(to_asha.kind(), kind);
        assert_eq!(to_asha.text(), to_ben.text());
        assert_eq!(to_ben.text(), answer, "nobody here told a phone number");
        assert_eq!(to_asha.json()["participantId"], json!(""));
        seq += 1;
        assert_eq!(state(&to_asha)["seq"], json!(seq));
    }
    let order = restaurant.stored_order(&room()).await.unwrap();
    assert_eq!(told(&asha)["seq"].as_u64(), Some(order.seq()));
    assert_eq!(told(&asha)["paid"], json!(50));
}

#[tokio::test(start_paused = true)]
async fn the_back_end_is_answered_what_the_phones_get_without_their_own_numbers() {
    let restaurant = restaurant();
    let mut asha = restaurant.connect(&room());
    asha.send(join("asha", &json!({ "phone": "+91 98765 43210" }))).await.unwrap();
    asha.send(add("dal", 120)).await.unwrap();
    asha.recv_until("item_added").await.unwrap();
    let answer = restaurant.host().backend(&room(), &pay("p1", 120, "paid")).await.unwrap();
    let heard = only(&mut asha).await;
    assert!(heard.text().contains("+91 98765 43210"));
    assert_eq!(heard.text().replacen("+91 98765 43210", "", 1), answer);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_the_back_ends_alone() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = dined(&restaurant).await;
    let before = facts(&restaurant).await;
    for (message, code, id) in [
        (
            json!({ "type": "record_payment", "id": "c1", "data": { "amount": 500, "payer": "asha" } }),
            "overpayment",
            "c1",
        ),
        (json!({ "type": "record_payment", "id": "c2", "data": { "amount": 1 } }), "missing_field", "c2"),
        (
            json!({ "type": "update_payment", "id": "c3", "data": { "paymentId": "p", "status": "paid" } }),
            "payment_not_found",
            "c3",
        ),
        (json!({ "type": "finalize", "id": "c4" }), "join_first", "c4"),
        (json!({ "type": "leave", "id": "c5", "participantId": "asha" }), "join_first", "c5"),
        (
            json!({ "type": "join", "id": "c6", "participantId": "asha", "participantName": "A", "data": {} }),
            "join_first",
            "c6",
        ),
        (
            json!({ "type": "add_item", "id": "c7", "participantId": "asha", "data": { "dishName": "x", "price": 1, "quantity": 1 } }),
            "join_first",
            "c7",
        ),
        (json!({ "type": "dance", "id": "c8" }), "unknown_type", "c8"),
        (json!({ "type": "record_payment", "id": "c9", "data": { "amount": "1" } }), "bad_payment", "c9"),
    ] {
        let refusal = restaurant.host().backend(&room(), &message.to_string()).await.unwrap_err();
        assert_eq!(refused(&refusal), (code.to_owned(), json!(id)));
        hears_nothing(&mut asha).await;
        hears_nothing(&mut ben).await;
    }
    let refusal = restaurant.host().backend(&room(), "{").await.unwrap_err();
    assert_eq!(refused(&refusal), ("bad_json".to_owned(), Value::Null));
    assert_eq!(facts(&restaurant).await, before);
}

#[tokio::test(start_paused = true)]
async fn the_back_end_speaks_for_nobody_whatever_it_names() {
    let restaurant = restaurant();
    let [mut asha, _ben] = dined(&restaurant).await;
    let mut message: Value = serde_json::from_str(&pay("p1", 10, "paid")).unwrap();
    message["participantId"] = json!("ben");
    restaurant.host().backend(&room(), &message.to_string()).await.unwrap();
    let heard = only(&mut asha).await;
    assert_eq!(heard.json()["participantId"], json!(""));
    assert_eq!(state(&heard)["payments"][0]["recordedBy"], json!("backend"));
}

#[tokio::test(start_paused = true)]
async fn the_back_end_is_heard_where_nobody_is_connected() {
    let restaurant = restaurant();
    let [asha, ben] = dined(&restaurant).await;
    asha.disconnect();
    ben.disconnect();
    sleep(Duration::from_secs(125)).await;
    assert_eq!(restaurant.host().loaded_rooms(), 0);
    restaurant.host().backend(&room(), &pay("p1", 60, "paid")).await.unwrap();
    sleep(Duration::from_secs(125)).await;
    assert_eq!(restaurant.host().loaded_rooms(), 0, "nor does it keep the room in memory");
    let [asha, _ben] = seated(&restaurant, ["asha", "ben"]).await;
    assert_eq!(told(&asha)["paid"], json!(60));
}

#[tokio::test(start_paused = true)]
async fn a_room_that_nobody_ever_joined_is_none_to_the_back_end() {
    let restaurant = restaurant();
    let nowhere = RoomKey::new("main", "table-99").unwrap();
    let refusal = restaurant.host().backend(&nowhere, &pay("p1", 1, "paid")).await.unwrap_err();
    assert_eq!(refused(&refusal).0, "join_first");
    assert_eq!(restaurant.host().public_view(&nowhere).await.unwrap(), None);
    sleep(Duration::from_secs(125)).await;
    assert_eq!(restaurant.host().loaded_rooms(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_cannot_be_stored_is_seen_by_nobody_and_can_be_sent_again() {
    for fault in [AppendFault::Failed, AppendFault::UnknownNotStored] {
        let restaurant = restaurant();
        let [mut asha, mut ben] = dined(&restaurant).await;
        let before = facts(&restaurant).await;
        restaurant.log().fail_next_append(fault);
        let refusal = restaurant.host().backend(&room(), &pay("p1", 60, "paid")).await.unwrap_err();
        assert_eq!(refused(&refusal), ("storage_unavailable".to_owned(), json!("p1")));
        hears_nothing(&mut asha).await;
        hears_nothing(&mut ben).await;
        assert_eq!(facts(&restaurant).await, before);
        restaurant.host().backend(&room(), &pay("p1", 60, "paid")).await.unwrap();
        assert_eq!(only(&mut ben).await.kind(), "payment_recorded");
        assert_eq!(facts(&restaurant).await.len(), before.len() + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_payment_whose_answer_the_log_lost_counts_once() {
    let restaurant = restaurant();
    let [mut asha, _ben] = dined(&restaurant).await;
    restaurant.log().fail_next_append(AppendFault::UnknownStored);
    let answer = restaurant.host().backend(&room(), &pay("p1", 60, "paid")).await.unwrap();
    assert_eq!(only(&mut asha).await.text(), answer);
    counts_no_second_time(&restaurant, "p1").await;
}

#[tokio::test(start_paused = true)]
async fn a_payment_of_which_nobody_knows_whether_it_is_stored_is_uncertain_and_counts_once_when_sent_again() {
    for fault in [AppendFault::UnknownStored, AppendFault::UnknownNotStored] {
        let restaurant = restaurant();
        let [mut asha, _ben] = dined(&restaurant).await;
        restaurant.log().set_faults(READS_FAIL);
        restaurant.log().fail_next_append(fault);
        let refusal = restaurant.host().backend(&room(), &pay("p1", 60, "paid")).await.unwrap_err();
        assert_eq!(refused(&refusal), ("storage_uncertain".to_owned(), json!("p1")));
        assert_eq!(asha.recv().await, Err(Closed::Unavailable), "nobody is shown anything");
        restaurant.calm();
        let again = restaurant.host().backend(&room(), &pay("p1", 60, "paid")).await;
        match fault {
            AppendFault::UnknownStored => {
                again.unwrap();
                counts_no_second_time(&restaurant, "p1").await;
            }
            AppendFault::UnknownNotStored | AppendFault::Failed => drop(again.unwrap()),
        }
        let [asha, _ben] = seated(&restaurant, ["asha", "ben"]).await;
        assert_eq!(
            (&told(&asha)["paid"], told(&asha)["payments"].as_array().unwrap().len()),
            (&json!(60), 1)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_that_cannot_be_read_takes_no_payment() {
    let restaurant = restaurant();
    let [asha, ben] = dined(&restaurant).await;
    let before = facts(&restaurant).await;
    let restarted = restaurant.restarted(2);
    drop((asha, ben));
    restarted.log().set_faults(READS_FAIL);
    let refusal = restarted.host().backend(&room(), &pay("p1", 60, "paid")).await.unwrap_err();
    assert!(refused(&refusal).0.starts_with("storage_"), "{refusal}");
    restarted.calm();
    assert_eq!(facts(&restarted).await, before);
    restarted.host().backend(&room(), &pay("p1", 60, "paid")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn of_what_is_delivered_twice_at_once_one_counts() {
    let restaurant = restaurant();
    let [mut asha, _ben] = dined(&restaurant).await;
    let [first, second] = at_once(&restaurant, [pay("p1", 60, "paid"), pay("p1", 60, "paid")]).await;
    assert_eq!(kinds(&asha.settle().await), ["charges_updated", "payment_recorded"]);
    assert!(first.is_ok() && second.is_ok());
    counts_no_second_time(&restaurant, "p1").await;
    assert_eq!(told(&asha)["paid"], json!(60));
}

#[tokio::test(start_paused = true)]
async fn whoever_pays_what_is_due_first_pays_it() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = dined(&restaurant).await;
    // Both are in flight at once, and each alone is valid.
    restaurant.log().hold();
    asha.send(add("water", 0)).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    asha.send(pay("cash", 100, "paid")).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    let card = say(&restaurant, pay("card", 100, "paid"));
    sleep(Duration::from_millis(1)).await;
    restaurant.log().release();
    assert_eq!(refused(&card.await.unwrap().unwrap_err()).0, "overpayment");
    assert_eq!(kinds(&ben.settle().await), ["item_added", "payment_recorded"]);
    assert_eq!(kinds(&asha.settle().await), ["item_added", "payment_recorded", "ack"]);
    assert_eq!(told(&ben)["payments"][0]["paymentId"], json!("cash"));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_rests_on_a_payment_which_was_not_stored_is_none() {
    let restaurant = restaurant();
    let [_asha, _ben] = dined(&restaurant).await;
    let messages = [pay("card", 100, "paid"), pay("cash", 100, "paid")];
    let [first, second] = at_once_and_failing(&restaurant, messages).await;
    assert_eq!(refused(&first.unwrap_err()), ("storage_unavailable".to_owned(), json!("card")));
    assert_eq!(refused(&second.unwrap_err()), ("storage_unavailable".to_owned(), json!("cash")));
}

#[tokio::test(start_paused = true)]
async fn what_is_said_twice_is_granted_once_the_first_is_stored_and_not_before() {
    let restaurant = restaurant();
    let [mut asha, _ben] = dined(&restaurant).await;
    restaurant.host().backend(&room(), &pay("p1", 60, "pending")).await.unwrap();
    asha.settle().await;
    let messages = [update("p1", "paid"), update("p1", "paid")];
    let [first, second] = at_once_and_failing(&restaurant, messages.clone()).await;
    for refusal in [first, second] {
        assert_eq!(refused(&refusal.unwrap_err()).0, "storage_unavailable");
    }
    assert_eq!(kinds(&asha.settle().await), ["charges_updated"]);

    let [first, second] = at_once(&restaurant, messages).await;
    assert_eq!(kinds(&asha.settle().await), ["charges_updated", "payment_updated"]);
    let (first, second): (Value, Value) =
        (serde_json::from_str(&first.unwrap()).unwrap(), serde_json::from_str(&second.unwrap()).unwrap());
    assert_eq!((&first["type"], &second["type"]), (&json!("payment_updated"), &json!("sync")));
    assert_eq!(second["data"]["payments"][0]["status"], json!("paid"));
    assert_eq!(first["data"]["orderState"], second["data"]);
}

#[tokio::test(start_paused = true)]
async fn an_owner_who_says_twice_what_became_of_a_payment_is_answered_with_the_state() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = dined(&restaurant).await;
    asha.send(pay("p1", 60, "pending")).await.unwrap();
    asha.send(update("p1", "paid")).await.unwrap();
    asha.send(update("p1", "paid")).await.unwrap();
    let heard = asha.settle().await;
    assert_eq!(kinds(&heard), ["payment_recorded", "ack", "payment_updated", "sync"]);
    assert_eq!(heard[2].state(), heard[3].state());
    assert_eq!(kinds(&ben.settle().await), ["payment_recorded", "payment_updated"]);
}

#[tokio::test(start_paused = true)]
async fn a_member_who_records_a_payment_is_refused_alone() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = dined(&restaurant).await;
    let before = facts(&restaurant).await;
    for message in [pay("p1", 60, "paid"), update("p1", "paid"), refund("p1", "r1", 1)] {
        ben.send(message).await.unwrap();
        assert_eq!(code(&only(&mut ben).await), "not_owner");
    }
    hears_nothing(&mut asha).await;
    assert_eq!(facts(&restaurant).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_was_accepted_is_stored_though_whoever_sent_it_is_gone() {
    let restaurant = restaurant();
    let [mut asha, _ben] = dined(&restaurant).await;
    restaurant.log().hold();
    let card = say(&restaurant, pay("card", 60, "paid"));
    sleep(Duration::from_millis(1)).await;
    card.abort();
    assert!(card.await.unwrap_err().is_cancelled());
    restaurant.log().release();
    assert_eq!(only(&mut asha).await.kind(), "payment_recorded");
    counts_no_second_time(&restaurant, "card").await;
}

#[tokio::test(start_paused = true)]
async fn a_host_that_drains_answers_what_it_accepted_and_takes_no_more() {
    let restaurant = restaurant();
    let [mut asha, _ben] = dined(&restaurant).await;
    restaurant.log().hold();
    let accepted = say(&restaurant, pay("p1", 60, "paid"));
    sleep(Duration::from_millis(1)).await;
    let host = restaurant.host().clone();
    let draining = tokio::spawn(async move { host.drain().await });
    sleep(Duration::from_millis(1)).await;
    let refusal = restaurant.host().backend(&room(), &pay("p2", 10, "paid")).await.unwrap_err();
    assert_eq!(refused(&refusal), ("storage_unavailable".to_owned(), json!("p2")));
    restaurant.log().release();
    assert!(accepted.await.unwrap().is_ok());
    draining.await.unwrap();
    assert_eq!(kinds(&asha.settle().await), ["payment_recorded"]);
    assert_eq!(asha.recv().await, Err(Closed::Restart));
    let [asha, _ben] = seated(&restaurant.restarted(2), ["asha", "ben"]).await;
    assert_eq!(told(&asha)["paid"], json!(60));
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_payments_are_what_they_were() {
    let restaurant = restaurant();
    let [mut asha, _ben] = dined(&restaurant).await;
    for message in [pay("p1", 60, "pending"), update("p1", "paid"), refund("p1", "r1", 10)] {
        restaurant.host().backend(&room(), &message).await.unwrap();
    }
    asha.settle().await;
    restaurant.host().drain().await;
    let restarted = restaurant.restarted(2);
    let [back, _ben] = seated(&restarted, ["asha", "ben"]).await;
    assert_eq!(back.state(), asha.state());
    let refusal = restarted.host().backend(&room(), &refund("p1", "r1", 10)).await.unwrap_err();
    assert_eq!(refused(&refusal).0, "payment_id_taken");
}

const READS_FAIL: LogFaults = LogFaults {
    failing_read: 1_000,
    failing_append: 0,
    max_append_time: Duration::ZERO,
    read_time: Duration::ZERO,
};

/// Seats asha and ben, who have ordered a dish of 100 each and split equally.
async fn dined(restaurant: &Simulation) -> [Client; 2] {
    let [mut asha, mut ben] = seated(restaurant, ["asha", "ben"]).await;
    asha.send(add("dal", 100)).await.unwrap();
    ben.send(add("naan", 100)).await.unwrap();
    for client in [&mut asha, &mut ben] {
        client.settle().await;
    }
    [asha, ben]
}

/// Returns a payment by asha of her own share, whose command has the same id.
fn pay(payment: &str, amount: u32, status: &str) -> String {
    let data = json!({ "paymentId": payment, "amount": amount, "payer": "asha", "status": status });
    json!({ "type": "record_payment", "id": payment, "data": data }).to_string()
}

fn update(payment: &str, status: &str) -> String {
    json!({ "type": "update_payment", "data": { "paymentId": payment, "status": status } }).to_string()
}

fn refund(payment: &str, refund: &str, amount: u32) -> String {
    let data = json!({ "paymentId": payment, "refundId": refund, "amount": amount });
    json!({ "type": "refund_payment", "data": data }).to_string()
}

/// Returns the code of a refusal, and the id of the command that it answers.
fn refused(refusal: &str) -> (String, Value) {
    let message: Value = serde_json::from_str(refusal).unwrap();
    assert_eq!(message["type"], json!("error"), "{refusal}");
    (message["data"]["code"].as_str().unwrap().to_owned(), message["id"].clone())
}

/// Sends a message of the back end. The task returns the answer.
fn say(restaurant: &Simulation, message: String) -> JoinHandle<Result<String, String>> {
    let host = restaurant.host().clone();
    tokio::spawn(async move { host.backend(&room(), &message).await })
}

/// Sends two messages of the back end, which the room handles together after an earlier
/// append.
async fn at_once(restaurant: &Simulation, messages: [String; 2]) -> [Result<String, String>; 2] {
    let answers = waiting(restaurant, messages).await;
    restaurant.log().release();
    answered(answers).await
}

/// The same, but the log fails to store their facts.
async fn at_once_and_failing(restaurant: &Simulation, messages: [String; 2]) -> [Result<String, String>; 2] {
    let answers = waiting(restaurant, messages).await;
    restaurant.log().fail_next_append(AppendFault::Failed);
    restaurant.log().release();
    answered(answers).await
}

/// Checks that a repeated message is granted without effect, and that the same payment in
/// another message is refused.
async fn counts_no_second_time(restaurant: &Simulation, payment: &str) {
    let before = facts(restaurant).await;
    let again = restaurant.host().backend(&room(), &pay(payment, 60, "paid")).await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap()["type"], "sync");
    let mut other: Value = serde_json::from_str(&pay(payment, 60, "paid")).unwrap();
    other["id"] = json!("another message");
    let refusal = restaurant.host().backend(&room(), &other.to_string()).await.unwrap_err();
    assert_eq!(refused(&refusal).0, "payment_id_taken");
    assert_eq!(facts(restaurant).await, before);
}

async fn waiting(restaurant: &Simulation, messages: [String; 2]) -> [JoinHandle<Result<String, String>>; 2] {
    restaurant.log().hold();
    let count = facts(restaurant).await.len();
    // The others queue while this is being stored.
    let fee = json!({ "name": format!("fee {count}"), "kind": "fee", "amount": 0 });
    let first = json!({ "type": "set_charges", "data": { "charges": [fee] } }).to_string();
    drop(say(restaurant, first));
    sleep(Duration::from_millis(1)).await;
    let answers = messages.map(|message| say(restaurant, message));
    sleep(Duration::from_millis(1)).await;
    assert_eq!(facts(restaurant).await.len(), count, "everything waits");
    answers
}

async fn answered(answers: [JoinHandle<Result<String, String>>; 2]) -> [Result<String, String>; 2] {
    let [first, second] = answers;
    [first.await.unwrap(), second.await.unwrap()]
}
