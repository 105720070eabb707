//! Tables where sending the whole order to everybody takes many mebibytes, and tables of
//! many people.

use std::time::Duration;

use order_host::{Opening, Pace, Protocol, Settings};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use transport_memory::{Client, Faults, Message, Simulation};

use crate::support::table::{
    add, add_with_command, facts, hears_nothing, join, kinds, only, restaurant, room, seated, told,
};

/// Longer than presence changes are collected, and longer than the longest pause in these
/// tests.
const LATER: Duration = Duration::from_secs(6);

/// More sockets than a small table has.
const MANY: usize = 70;

const TYPES: &str = r#"{"type":"presence","data":{"typing":true}}"#;

#[tokio::test(start_paused = true)]
async fn changes_at_a_large_table_are_shown_to_their_senders_at_once_and_to_the_others_together() {
    let restaurant = restaurant();
    let [mut asha, mut ben, mut chitra] = large_table(&restaurant, ["asha", "ben", "chitra"]).await;

    asha.send(add("first", 10)).await.unwrap();
    for phone in [&mut asha, &mut ben, &mut chitra] {
        assert_eq!(phone.recv().await.unwrap().kind(), "item_added", "the first is shown to all at once");
    }
    let begun = Instant::now();
    asha.send(add_with_command("second", 10, "c-2")).await.unwrap();
    ben.send(add("third", 10)).await.unwrap();
    assert_eq!(kinds(&[asha.recv().await.unwrap(), asha.recv().await.unwrap()]), ["item_added", "ack"]);
    // Ben has not been shown what asha ordered before.
    let ben_sees = ben.recv().await.unwrap();
    assert_eq!((ben_sees.kind(), dishes(&ben_sees).as_str()), ("sync", "first second third"));
    assert!(begun.elapsed() < Duration::from_millis(5), "no sender waits");
    chitra.send(r#"{"type":"remove_item","data":{"itemId":"first"}}"#).await.unwrap();
    let chitra_sees = chitra.recv().await.unwrap();
    assert_eq!((chitra_sees.kind(), dishes(&chitra_sees).as_str()), ("sync", "second third"));

    // A client with the newest order gets nothing more.
    hears_nothing(&mut chitra).await;
    for phone in [&mut asha, &mut ben] {
        let sync = only(phone).await;
        assert_eq!((sync.kind(), dishes(&sync).as_str()), ("sync", "second third"));
    }
    assert_eq!(told(&asha), told(&chitra));
    // After a while everything is shown at once again.
    sleep(LATER).await;
    asha.send(add("last", 10)).await.unwrap();
    for phone in [&mut asha, &mut ben, &mut chitra] {
        assert_eq!(only(phone).await.kind(), "item_added");
    }
}

#[tokio::test(start_paused = true)]
async fn however_many_changes_there_are_a_large_table_is_sent_few_messages() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = large_table(&restaurant, ["asha", "ben"]).await;
    let begun = Instant::now();
    for number in 0..200 {
        asha.send(add_with_command(&format!("i{number}"), 10, &format!("c{number}"))).await.unwrap();
        asha.recv_until("ack").await.unwrap();
        sleep(Duration::from_millis(5)).await;
    }
    asha.settle().await;
    let heard = ben.settle().await;
    // A message with the order to twelve sockets is 10 MiB in total, at 256 MiB a second.
    let most = 2 + begun.elapsed().as_millis() / 35;
    assert!((2..=most).contains(&(heard.len() as u128)), "{} messages", heard.len());
    assert_eq!(kinds(&heard)[1..], vec!["sync"; heard.len() - 1]);
    assert_eq!(told(&ben)["seq"], told(&asha)["seq"]);
}

#[tokio::test(start_paused = true)]
async fn clients_of_stonepot_v2_are_told_every_event_at_once_at_a_large_table_too() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = large_table(&restaurant, ["asha", "ben"]).await;
    let mut vik = v2(&restaurant);
    welcome(&mut vik, "vik").await;
    asha.settle().await;
    ben.settle().await;
    let begun = Instant::now();
    for number in 0..5 {
        vik.send(command(number)).await.unwrap();
        assert_eq!(kinds(&[vik.recv().await.unwrap(), vik.recv().await.unwrap()]), ["event", "ack"]);
    }
    assert!(begun.elapsed() < Duration::from_millis(5));
    // No first-protocol client sent a command, so after the first event they get one state.
    for phone in [&mut asha, &mut ben] {
        assert_eq!(kinds(&phone.settle().await), ["item_added", "sync"]);
    }
    assert_eq!(told(&asha)["seq"], told(&ben)["seq"]);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_or_is_removed_at_a_large_table_hears_it_at_once() {
    let restaurant = restaurant();
    let [mut asha, mut ben, mut chitra] = large_table(&restaurant, ["asha", "ben", "chitra"]).await;
    asha.send(add("first", 10)).await.unwrap();
    for phone in [&mut asha, &mut ben, &mut chitra] {
        phone.recv_until("item_added").await.unwrap();
    }
    let begun = Instant::now();
    ben.send(r#"{"type":"leave"}"#).await.unwrap();
    assert_eq!(ben.recv().await.unwrap().kind(), "participant_left");
    let owner = owner(&asha);
    assert_eq!(owner, "vera");
    assert!(begun.elapsed() < Duration::from_millis(5));
    hears_nothing(&mut ben).await;
    for phone in [&mut asha, &mut chitra] {
        let sync = only(phone).await;
        assert_eq!(sync.kind(), "sync");
        assert!(!sync.text().contains(r#""id":"ben""#));
    }
}

#[tokio::test(start_paused = true)]
async fn who_joins_a_large_table_is_answered_as_ever_and_the_others_learn_of_it() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = large_table(&restaurant, ["asha", "ben"]).await;
    asha.send(add("first", 10)).await.unwrap();
    asha.settle().await;
    asha.send(add("second", 10)).await.unwrap();
    asha.recv_until("item_added").await.unwrap();
    ben.settle().await;
    asha.send(add("third", 10)).await.unwrap();
    asha.recv_until("item_added").await.unwrap();

    let begun = Instant::now();
    let mut dev = restaurant.connect(&room());
    dev.send(join("dev", &json!({ "phone": "987654" }))).await.unwrap();
    let answer = [dev.recv().await.unwrap(), dev.recv().await.unwrap()];
    assert_eq!(kinds(&answer), ["sync", "participant_joined"]);
    assert!(answer.iter().all(|message| message.text().matches("987654").count() == 1));
    assert!(begun.elapsed() < Duration::from_millis(5));
    hears_nothing(&mut dev).await;
    let sync = ben.settle().await.pop().unwrap();
    assert!(sync.text().contains(r#""id":"dev""#) && !sync.text().contains("987654"));
}

#[tokio::test(start_paused = true)]
async fn what_a_large_table_was_not_shown_yet_is_shown_before_the_room_stops() {
    let restaurant = restaurant();
    let [mut asha, mut ben] = large_table(&restaurant, ["asha", "ben"]).await;
    for number in 0..3 {
        asha.send(add(&format!("i{number}"), 10)).await.unwrap();
        asha.recv_until("item_added").await.unwrap();
    }
    restaurant.host().drain().await;
    let heard = ben.settle().await;
    assert_eq!(kinds(&heard), ["item_added", "sync"]);
    assert_eq!(dishes(&heard[1]), "i0 i1 i2");
}

#[tokio::test(start_paused = true)]
async fn phones_that_drop_off_a_large_table_and_come_back_at_once_are_told_of_in_one_message() {
    let restaurant = restaurant();
    let [mut asha, ben, chitra, dev] = large_table(&restaurant, ["asha", "ben", "chitra", "dev"]).await;
    let before = facts(&restaurant).await;
    for phone in [ben, chitra, dev] {
        phone.disconnect();
        sleep(Duration::from_millis(100)).await;
    }
    let gone = only(&mut asha).await.json();
    assert_eq!(gone["type"], "presence");
    assert_eq!((&gone["participantId"], &gone["participantName"]), (&json!("dev"), &json!("DEV")));
    assert_eq!(gone["data"]["isOnline"], json!(false));
    let changed = |is_online: bool| {
        let of = |who| json!({ "participantId": who, "isOnline": is_online });
        json!([of("ben"), of("chitra"), of("dev")])
    };
    assert_eq!(gone["data"]["changed"], changed(false));
    assert_eq!(online(&gone["data"]["orderState"], &["asha", "ben", "chitra", "dev"]), ["asha"]);

    let back = seated(&restaurant, ["ben", "chitra", "dev"]).await;
    let told = only(&mut asha).await.json();
    assert_eq!(told["data"]["changed"], changed(true));
    drop(back);
    assert_eq!(facts(&restaurant).await, before);
}

#[tokio::test(start_paused = true)]
async fn who_is_back_within_a_moment_has_not_been_away() {
    let restaurant = restaurant();
    let [mut asha, ben] = large_table(&restaurant, ["asha", "ben"]).await;
    let mut many = crowd(&restaurant).await;
    asha.settle().await;
    ben.disconnect();
    sleep(Duration::from_millis(300)).await;
    let [_ben] = seated(&restaurant, ["ben"]).await;
    hears_nothing(&mut asha).await;
    hears_nothing(&mut many[0]).await;
    assert_eq!(online(&told(&asha), &["ben"]), ["ben"]);
}

#[tokio::test(start_paused = true)]
async fn who_was_shown_somebody_absent_is_told_that_they_are_back_however_soon() {
    let restaurant = restaurant();
    let mut many = crowd(&restaurant).await;
    let gone = many.pop().unwrap();
    gone.disconnect();
    sleep(Duration::from_millis(100)).await;
    // Somebody joins in between, and is shown the table without them.
    let mut vik = v2(&restaurant);
    let shown = welcome(&mut vik, "vik").await;
    let absent = format!("guest{}", MANY - 1);
    assert!(!shown["online"].to_string().contains(&absent));
    let mut back = v2(&restaurant);
    welcome(&mut back, &absent).await;
    let heard = vik.settle().await;
    let told: Vec<Value> = heard.iter().map(Message::json).collect();
    assert_eq!((&told[0]["type"], &told[0]["participantId"]), (&json!("presence"), &json!(absent)));
    assert_eq!((told.len(), &told[0]["online"]), (1, &json!(true)));
}

#[tokio::test(start_paused = true)]
async fn a_table_of_many_is_told_together_who_came_and_went_in_stonepot_v2_too() {
    let restaurant = restaurant();
    let mut many = crowd(&restaurant).await;
    let mut going = many.split_off(MANY - 3);
    let begun = Instant::now();
    drop(going.pop());
    drop(going.pop());
    let mut heard = vec![many[0].recv().await.unwrap()];
    assert!(begun.elapsed() >= Duration::from_millis(900), "it waits for others");
    heard.extend(many[0].settle().await);
    assert_eq!(kinds(&heard), ["presence", "presence"]);
    assert!(heard.iter().all(|message| message.json()["online"] == json!(false)));
    // Leaving for good is shown only as an event.
    let mut leaving = going.pop().unwrap();
    leaving.send(r#"{"type":"leave","id":"c-1"}"#).await.unwrap();
    leaving.recv_until("ack").await.unwrap();
    drop(leaving);
    assert_eq!(kinds(&many[0].settle().await), ["event"]);
}

#[tokio::test(start_paused = true)]
async fn an_ordinary_table_is_told_everything_as_it_happens() {
    let restaurant = restaurant();
    let names: Vec<String> = (0..20).map(|number| format!("guest{number}")).collect();
    let mut guests = Vec::new();
    for name in &names {
        let mut guest = restaurant.connect(&room());
        guest.join(name, name).await.unwrap();
        guests.push(guest);
    }
    let mut host = v2(&restaurant);
    welcome(&mut host, "vera").await;
    for guest in &mut guests {
        guest.settle().await;
    }
    // Each as long as a dish can be.
    for number in 0..100 {
        host.send(long_dish(number)).await.unwrap();
        host.recv_until("ack").await.unwrap();
        for guest in &mut guests {
            let heard = guest.recv().await.unwrap();
            let begins = r#"{"type":"item_added","participantId":"vera","participantName":"vera","data":{"item":{"id":"d"#;
            assert!(heard.text().starts_with(&format!("{begins}{number}\"")), "{}", heard.kind());
        }
    }
    let gone: Vec<Client> = guests.drain(10..).collect();
    let begun = Instant::now();
    for guest in gone {
        guest.disconnect();
        guests[0].recv_until("presence").await.unwrap();
    }
    assert!(begun.elapsed() < Duration::from_millis(5));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_stands_still_at_a_large_table_finds_one_state_and_its_answers() {
    let restaurant = restaurant();
    let [mut asha, mut slow] = large_table(&restaurant, ["asha", "slow"]).await;
    for number in 0..40 {
        slow.send(add_with_command(&format!("s{number}"), 10, &format!("c{number}"))).await.unwrap();
        sleep(Duration::from_millis(100)).await;
    }
    asha.settle().await;
    let heard = slow.settle().await;
    let acks = heard.iter().filter(|message| message.kind() == "ack").count();
    assert_eq!(acks, 40, "{:?}", kinds(&heard));
    assert!(kinds(&heard).contains(&"sync"));
    assert_eq!(told(&slow)["seq"], told(&asha)["seq"]);
}

#[tokio::test(start_paused = true)]
async fn somebody_who_comes_types_and_goes_within_a_moment_is_told_as_gone() {
    let restaurant = restaurant();
    let mut many = crowd(&restaurant).await;
    let guest = format!("guest{}", MANY - 1);
    many.pop().unwrap().disconnect();
    assert_eq!(kinds(&many[0].settle().await), ["presence"]);

    let mut back = v2(&restaurant);
    welcome(&mut back, &guest).await;
    sleep(Duration::from_millis(100)).await;
    back.send(TYPES).await.unwrap();
    sleep(Duration::from_millis(100)).await;
    back.disconnect();

    assert_eq!(presences(&mut many[0], &guest).await, [(true, true), (false, false)]);
}

#[tokio::test(start_paused = true)]
async fn somebody_who_typed_and_is_back_within_a_moment_is_told_as_typing_no_more() {
    for renamed in [false, true] {
        let restaurant = restaurant();
        let mut many = crowd(&restaurant).await;
        let guest = format!("guest{}", MANY - 1);
        let mut flaps = many.pop().unwrap();
        flaps.send(TYPES).await.unwrap();
        assert_eq!(presences(&mut many[0], &guest).await, [(true, true)]);

        flaps.disconnect();
        sleep(Duration::from_millis(100)).await;
        let mut back = v2(&restaurant);
        if renamed {
            let join = json!({ "type": "join", "id": "again", "participantId": guest, "participantName": "Gus", "data": {} });
            back.send(join.to_string()).await.unwrap();
            back.recv_until("ack").await.unwrap();
            many[0].recv_until("event").await.unwrap();
        } else {
            welcome(&mut back, &guest).await;
        }
        assert_eq!(presences(&mut many[0], &guest).await, [(true, false)], "renamed: {renamed}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_came_and_went_is_told_after_the_pause_also_where_it_was_to_be_told_before() {
    let restaurant = restaurant();
    let [mut asha, mut ben, chitra] = large_table(&restaurant, ["asha", "ben", "chitra"]).await;
    chitra.disconnect();
    // It is due after a second, which is during the pause that follows this dish.
    sleep(Duration::from_millis(980)).await;
    asha.send(add("first", 10)).await.unwrap();
    assert_eq!(ben.recv().await.unwrap().kind(), "item_added");
    let begun = Instant::now();
    asha.send(add("second", 10)).await.unwrap();
    let sync = ben.recv().await.unwrap();
    assert_eq!((sync.kind(), dishes(&sync).as_str()), ("sync", "first second"));
    // Eleven sockets got 900 KiB each, at 256 MiB a second.
    assert!(begun.elapsed() >= Duration::from_millis(30), "{:?}", begun.elapsed());
    hears_nothing(&mut ben).await;
}

#[tokio::test(start_paused = true)]
async fn somebody_who_orders_all_the_time_is_shown_a_large_table_no_more_often_than_answers_may_come() {
    let mut settings = Settings::default();
    settings.participant_answers = Pace::new(512 * 1024, 6 * 1024 * 1024);
    let restaurant = Simulation::with_settings(1, Faults::default(), settings);
    let [mut asha, mut ben] = large_table(&restaurant, ["asha", "ben"]).await;
    let mut bytes = 0;
    for number in 0..100 {
        asha.send(add_with_command(&format!("i{number}"), 10, &format!("c{number}"))).await.unwrap();
        // Acknowledged at once, with or without the order.
        let begun = Instant::now();
        while let message = asha.recv().await.unwrap()
            && message.kind() != "ack"
        {
            bytes += message.text().len();
        }
        assert!(begun.elapsed() < Duration::from_millis(5));
        sleep(Duration::from_millis(5)).await;
    }
    // 6 MiB of answers, and the broadcasts after each pause of about 40 ms.
    assert!(bytes < 25 * 1024 * 1024, "{bytes} bytes");
    asha.settle().await;
    ben.settle().await;
    assert_eq!(told(&asha)["seq"], told(&ben)["seq"]);
    // Once the budget is full again, everything is as before.
    sleep(LATER * 10).await;
    asha.send(add("last", 10)).await.unwrap();
    assert_eq!(only(&mut asha).await.kind(), "item_added");
}

/// Seats these participants at a table whose messages with the whole order are 900 KiB,
/// sent to twelve sockets: more than is sent without a pause.
async fn large_table<const N: usize>(restaurant: &Simulation, participants: [&str; N]) -> [Client; N] {
    let mut host = v2(restaurant);
    welcome(&mut host, "vera").await;
    for number in 0..400 {
        host.send(long_dish(number)).await.unwrap();
        host.recv_until("ack").await.unwrap();
    }
    for number in N..12 {
        let mut quiet = restaurant.connect(&room());
        quiet.join(&format!("quiet{number}"), "Quiet").await.unwrap();
        // Reads what it is sent.
        tokio::spawn(async move { while quiet.recv().await.is_ok() {} });
    }
    let mut clients = seated(restaurant, participants).await;
    sleep(LATER).await;
    for client in &mut clients {
        client.settle().await;
    }
    tokio::spawn(async move { while host.recv().await.is_ok() {} });
    clients
}

/// Seats more people than a small table has, who speak `stonepot.v2`.
async fn crowd(restaurant: &Simulation) -> Vec<Client> {
    let mut many = Vec::new();
    for number in 0..MANY {
        let mut guest = v2(restaurant);
        welcome(&mut guest, &format!("guest{number}")).await;
        many.push(guest);
    }
    for guest in &mut many {
        guest.settle().await;
    }
    many
}

/// Returns all presence messages about somebody that a socket receives: whether online, and
/// whether typing.
async fn presences(client: &mut Client, who: &str) -> Vec<(bool, bool)> {
    let heard = client.settle().await;
    let told = heard.iter().map(Message::json).filter(|told| told["participantId"] == who);
    told.map(|told| (told["online"] == true, told["typing"] == true)).collect()
}

/// Returns a dish that is as long as one can be.
fn long_dish(number: usize) -> String {
    json!({
        "type": "add_item",
        "id": format!("long{number}"),
        "data": {
            "id": format!("d{number}"), "dishName": "🍛".repeat(120), "price": 10, "quantity": 1,
            "customization": "🌶".repeat(500),
        },
    })
    .to_string()
}

fn command(number: usize) -> String {
    add_with_command(&format!("v{number}"), 10, &format!("v-{number}"))
}

fn v2(restaurant: &Simulation) -> Client {
    restaurant.open(&room(), Opening { protocol: Protocol::V2, ..Opening::default() })
}

async fn welcome(client: &mut Client, who: &str) -> Value {
    let text = json!({ "type": "join", "id": format!("join-{who}"), "participantId": who, "participantName": who, "data": {} });
    client.send(text.to_string()).await.unwrap();
    let welcome = client.recv_until("welcome").await.unwrap().json();
    client.recv_until("ack").await.unwrap();
    welcome
}

/// Returns the ids of the dishes in a message, except those of [`large_table`].
fn dishes(message: &Message) -> String {
    let state = crate::support::table::state(message);
    let ids = state["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned());
    ids.filter(|id| !id.starts_with('d')).collect::<Vec<_>>().join(" ")
}

fn owner(client: &Client) -> String {
    told(client)["ownerId"].as_str().unwrap().to_owned()
}

/// Returns which of them are online.
fn online<'a>(state: &Value, of: &[&'a str]) -> Vec<&'a str> {
    let participants = state["participants"].as_array().unwrap();
    let is_online =
        |who: &str| participants.iter().any(|person| person["id"] == *who && person["isOnline"] == true);
    of.iter().copied().filter(|who| is_online(who)).collect()
}
