//! A table in memory, with helpers for tests.

use order_host::log::RoomLog as _;
use order_host::{Cursor, RoomKey};
use serde_json::{Value, json};
use transport_memory::{Client, Faults, Message, Simulation};

/// Creates a simulation without faults.
pub(crate) fn restaurant() -> Simulation {
    Simulation::new(1, Faults::default())
}

pub(crate) fn room() -> RoomKey {
    RoomKey::new("main", "table-7").unwrap()
}

/// Connects these participants, who join in turn and hear of each other.
pub(crate) async fn seated<const N: usize>(restaurant: &Simulation, participants: [&str; N]) -> [Client; N] {
    let mut clients = participants.map(|_| restaurant.connect(&room()));
    for (client, participant) in clients.iter_mut().zip(participants) {
        client.join(participant, &participant.to_uppercase()).await.unwrap();
    }
    for client in &mut clients {
        client.settle().await;
    }
    clients
}

pub(crate) fn join(participant: &str, data: &Value) -> String {
    json!({ "type": "join", "participantId": participant, "participantName": participant.to_uppercase(), "data": data })
        .to_string()
}

/// Returns an order of one piece, with an id that is also the dish's name.
pub(crate) fn add(item: &str, price: u32) -> String {
    dish(item, price).to_string()
}

/// The same with a command id, which the answer repeats.
pub(crate) fn add_with_command(item: &str, price: u32, command: &str) -> String {
    let mut message = dish(item, price);
    message["id"] = json!(command);
    message.to_string()
}

fn dish(item: &str, price: u32) -> Value {
    json!({
        "type": "add_item",
        "data": { "id": item, "dishName": item, "dishType": "veg", "price": price, "quantity": 1 },
    })
}

pub(crate) fn kinds(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(Message::kind).collect()
}

pub(crate) fn code(message: &Message) -> String {
    assert_eq!(message.kind(), "error", "{}", message.text());
    message.json()["data"]["code"].as_str().unwrap().to_owned()
}

/// Returns the message's state as a JSON value.
pub(crate) fn state(message: &Message) -> Value {
    serde_json::from_str(&message.state().unwrap()).unwrap()
}

/// Returns the state that the client last received, as a JSON value.
pub(crate) fn told(client: &Client) -> Value {
    serde_json::from_str(&client.state().unwrap()).unwrap()
}

/// Returns the only message that comes.
pub(crate) async fn only(client: &mut Client) -> Message {
    let mut messages = client.settle().await;
    assert_eq!(messages.len(), 1, "{:?}", kinds(&messages));
    messages.remove(0)
}

pub(crate) async fn hears_nothing(client: &mut Client) {
    let heard = client.settle().await;
    assert!(heard.is_empty(), "{:?}", kinds(&heard));
}

/// Returns the stored facts, to check that none was added.
pub(crate) async fn facts(restaurant: &Simulation) -> Vec<Vec<u8>> {
    let facts = restaurant.log().inner().read(&room(), 0, usize::MAX).await.unwrap();
    facts.into_iter().map(|fact| fact.bytes).collect()
}

/// Returns the cursor of a client that has the order as of this fact.
pub(crate) async fn cursor(restaurant: &Simulation, seq: u64) -> Cursor {
    let log = restaurant.log().inner();
    let facts = log.read(&room(), seq.saturating_sub(1), 1).await.unwrap();
    let start = log.chain_key().await.unwrap().start(&room());
    let link = if seq == 0 { start } else { facts[0].link.unwrap() };
    Cursor::new(seq, link)
}
