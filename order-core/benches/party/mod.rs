//! Orders for benchmarks.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "a module of several benches, each of which uses its own part of it"
)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a bench may panic")]

use std::time::Duration;

use criterion::Criterion;
use order_core::{
    Actor, Currency, Decision, ItemId, Order, OrderId, ParticipantId, Recorded, Rejection, UnixMillis,
    commit, decide, wire,
};

/// Short runs, so that all benches together take well below three minutes.
pub fn criterion() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(40)
        .configure_from_args()
}

/// An order with this many people and items. People take turns adding items.
pub fn order(people: usize, items: usize) -> Order {
    let mut order = Order::new(OrderId::new("session_xyz").unwrap(), Currency::default());
    for number in 0..people {
        let join = format!(
            r#"{{"type":"join","participantId":"{0}","participantName":"Guest {number}","data":{{"circleId":"circle_abc123","tenantId":"restaurant_id","phone":"98765432{number}"}}}}"#,
            person(number)
        );
        apply(&mut order, &person(number), &join).unwrap();
    }
    for number in 0..items {
        let add = add_message(&format!("item_{number}"), 10_000 + number);
        apply(&mut order, &person(number % people), &add).unwrap();
    }
    order
}

pub fn person(number: usize) -> String {
    format!("tenant_98765432{number}")
}

pub fn add_message(id: &str, paise: usize) -> String {
    format!(
        r#"{{"type":"add_item","participantId":"tenant_987654320","participantName":"Guest 0","timestamp":1234567890,"data":{{"id":"{id}","dishName":"Chicken Biryani","dishType":"non-veg","quantity":2,"price":{}.{:02},"customization":"Extra spicy"}}}}"#,
        paise / 100,
        paise % 100
    )
}

pub fn update_message(id: &str, quantity: usize) -> String {
    format!(
        r#"{{"type":"update_quantity","participantId":"tenant_987654320","participantName":"Guest 0","timestamp":1234567890,"data":{{"itemId":"{id}","quantity":{quantity}}}}}"#
    )
}

/// Does what a room does with a message, except storing and broadcasting.
pub fn apply(order: &mut Order, who: &str, text: &str) -> Result<Recorded, Rejection> {
    let message =
        wire::decode_command(text, || ItemId::new("fresh").unwrap()).map_err(|refused| refused.rejection)?;
    let actor = Actor::participant(ParticipantId::new(who).unwrap());
    match decide(order, UnixMillis::new(1_800_000_000_000), &actor, &message.command)? {
        Decision::Record(recorded) => {
            commit(order, &recorded).unwrap();
            Ok(recorded)
        }
        Decision::Unchanged | Decision::Repeated { .. } => panic!("{text} changed nothing"),
    }
}
