//! Keeps an order from messages: decide, store, commit; and gets it back from what was stored.
//!
//! `cargo run -p order-core --example keep_an_order`

use std::error::Error;

use order_core::split::shares;
use order_core::stored::{decode_fact, encode_fact};
use order_core::{Actor, Currency, Decision, ItemId, Order, OrderId, UnixMillis, commit, decide, wire};

const MESSAGES: [&str; 4] = [
    r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{}}"#,
    r#"{"type":"join","participantId":"ben","participantName":"Ben","data":{}}"#,
    r#"{"type":"add_item","participantId":"ben","data":{"dishName":"Thali","price":99.99,"quantity":1}}"#,
    r#"{"type":"add_item","participantId":"ben","data":{"dishName":"Lassi","price":-1,"quantity":1}}"#,
];

fn main() -> Result<(), Box<dyn Error>> {
    // Stands for a file or a database.
    let mut log: Vec<Vec<u8>> = Vec::new();
    let empty = Order::new(OrderId::new("table-7")?, Currency::default());
    let mut order = empty.clone();
    let mut refused = Vec::new();

    for (number, text) in MESSAGES.into_iter().enumerate() {
        // Time and fresh ids come from outside.
        let now = UnixMillis::new(1_800_000_000_000);
        let id = ItemId::new(&format!("item-{number}"))?;
        let message = match wire::decode_command(text, || id) {
            Ok(message) => message,
            Err(error) => {
                refused.push(error.rejection);
                continue;
            }
        };
        let actor = message.participant.map(Actor::participant).ok_or("nobody is named")?;
        match decide(&order, now, &actor, &message.command) {
            Ok(Decision::Record(fact)) => {
                // Store the fact before anybody is shown what it changes.
                log.push(encode_fact(&fact)?);
                commit(&mut order, &fact)?;
            }
            // Granted, and nothing changes: there is nothing to store.
            Ok(Decision::Unchanged | Decision::Repeated { .. }) => {}
            Err(rejection) => refused.push(rejection),
        }
    }

    assert_eq!(order.items().len(), 1);
    assert_eq!(refused.len(), 1, "a price below zero");
    for rejection in refused {
        println!("refused: {rejection}");
    }
    for share in shares(&order).list() {
        println!("{} pays {}", share.participant().name(), share.amount().display(order.currency()));
    }

    // After a restart: the same facts give the same order.
    let mut replayed = empty;
    for bytes in &log {
        commit(&mut replayed, &decode_fact(bytes)?)?;
    }
    assert_eq!(replayed, order);
    Ok(())
}

#[test]
fn it_holds() {
    main().unwrap();
}
