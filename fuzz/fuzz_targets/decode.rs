//! Fuzzes any bytes as a client's message. A message that decodes is decided on a small order.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use order_core::stored::{decode_fact, encode_fact, encode_order};
use order_core::wire::{self, v2};
use order_core::{
    Actor, CommandId, Currency, Decision, ItemId, Order, OrderId, ParticipantId, Presence, Rejection,
    UnixMillis, commit, decide,
};
use serde::de::IgnoredAny;

/// An order of two people, one of whom ordered a dish.
static ORDER: LazyLock<Order> = LazyLock::new(|| {
    let mut order = Order::new(OrderId::new("table-7").unwrap(), Currency::default());
    for text in [
        r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{"phone":"1"}}"#,
        r#"{"type":"join","participantId":"ben","participantName":"Ben","data":{}}"#,
        r#"{"type":"add_item","participantId":"ben","data":{"id":"i1","dishName":"Dosa","price":100,"quantity":1}}"#,
    ] {
        let message = wire::decode_command(text, fresh).unwrap();
        let actor = Actor::participant(message.participant.unwrap());
        let Ok(Decision::Record(fact)) = decide(&order, UnixMillis::new(1), &actor, &message.command) else {
            unreachable!()
        };
        commit(&mut order, &fact).unwrap();
    }
    order
});

fuzz_target!(|data: &[u8]| {
    // The socket refuses text that is not UTF-8.
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(refused) = v2::decode(text, fresh) {
        let answer = v2::reject(&refused.rejection, refused.id.as_ref());
        assert!(serde_json::from_str::<IgnoredAny>(&answer).is_ok());
    }
    let message = match wire::decode_command(text, fresh) {
        Ok(message) => message,
        Err(refused) => return refuse(&refused.rejection, refused.id.as_ref()),
    };
    assert!(serde_json::from_str::<IgnoredAny>(text).is_ok(), "what is no JSON was understood");
    let asha = ParticipantId::new("asha").unwrap();
    let before = encode_order(&ORDER).unwrap();
    let decision = decide(&ORDER, UnixMillis::new(2), &Actor::participant(asha.clone()), &message.command);
    assert_eq!(encode_order(&ORDER).unwrap(), before);
    match decision {
        Err(rejection) => refuse(&rejection, message.id()),
        Ok(Decision::Unchanged | Decision::Repeated { .. }) => {}
        Ok(Decision::Record(recorded)) => {
            assert_eq!(decode_fact(&encode_fact(&recorded).unwrap()).as_ref(), Ok(&recorded));
            let mut order = ORDER.clone();
            commit(&mut order, &recorded).unwrap();
            let frame = wire::fact_message(&order, &Presence::new(), &recorded);
            assert!(serde_json::from_str::<IgnoredAny>(&frame.text()).is_ok());
            assert!(serde_json::from_str::<IgnoredAny>(&frame.text_for(&asha)).is_ok());
            assert!(serde_json::from_str::<IgnoredAny>(&wire::public_view(&order)).is_ok());
            assert!(
                serde_json::from_str::<IgnoredAny>(&v2::event(&order, &recorded, "AAAAAAECABAgMEBQYHCAkKCw"))
                    .is_ok()
            );
            assert!(serde_json::from_str::<IgnoredAny>(&v2::state_text(&order)).is_ok());
        }
    }
});

fn fresh() -> ItemId {
    ItemId::new("fresh").unwrap()
}

fn refuse(rejection: &Rejection, id: Option<&CommandId>) {
    let text = wire::error(rejection, id, UnixMillis::new(2));
    assert!(serde_json::from_str::<IgnoredAny>(&text).is_ok());
    assert!(text.len() < 1_500, "a refusal of {} bytes", text.len());
}
