//! Texts that an order caches are the same as texts that are written again.

use order_core::stored::{decode_order, encode_order};
use order_core::wire::v2::{self, Welcome};
use order_core::wire::{self, Frame};
use order_core::{CommandId, Order, ParticipantId, Presence, UnixMillis};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::model::{Model, steps};
use crate::support::table::{self, Table};

proptest! {
    #![proptest_config(table::runs(50))]

    #[test]
    fn after_any_message_the_state_is_spliced_as_it_would_be_written_uncached(steps in steps()) {
        let mut table = Table::empty();
        let mut model = Model::default();
        let mut presence = Presence::new();
        presence.connect(&ParticipantId::new("ben").unwrap());
        for step in &steps {
            let before = table.order.clone();
            let said_before = sync(&before, &presence);
            if table.say(step.who(), &step.message(&model)).is_ok() {
                model.take(step, table.now);
            }
            prop_assert_eq!(sync(&table.order, &presence), sync(&uncached(&table.order), &presence));
            // Orders share their common items. A change to one must not affect the other.
            prop_assert_eq!(&sync(&before, &presence), &said_before);
            prop_assert_eq!(sync(&uncached(&before), &presence), said_before);
            if let Some(last) = table.log.last() {
                let (now, fresh) = (&table.order, uncached(&table.order));
                prop_assert_eq!(
                    wire::fact_message(now, &presence, last),
                    wire::fact_message(&fresh, &presence, last)
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(table::runs(50))]

    /// The cache has no visible effect: not when people connect and disconnect, not when the
    /// same text is asked for again, and not by which of the texts with common parts is asked
    /// for first.
    #[test]
    fn whoever_comes_or_goes_every_text_is_what_would_be_written_uncached(
        steps in steps(),
        asks in vec((0_usize..4, any::<bool>(), 0_usize..6), 1..40),
    ) {
        let mut table = Table::empty();
        let mut model = Model::default();
        let mut presence = Presence::new();
        let mut asks = asks.into_iter().cycle();
        for step in &steps {
            if table.say(step.who(), &step.message(&model)).is_ok() {
                model.take(step, table.now);
            }
            for (who, comes, asked) in asks.by_ref().take(5) {
                let who = ParticipantId::new(["asha", "ben", "chitra", "dev"][who]).unwrap();
                let is_news = if comes { presence.connect(&who) } else { presence.disconnect(&who) };
                let told = ask(&table.order, &presence, &who, asked);
                prop_assert_eq!(told, ask(&uncached(&table.order), &presence, &who, asked), "news: {}", is_news);
                prop_assert_eq!(wire::public_view(&table.order), wire::public_view(&uncached(&table.order)));
                if asked == 5 {
                    table.order.forget_texts();
                    prop_assert!(!table.order.keeps_texts());
                }
            }
        }
    }
}

/// Asks as `who` for one of the messages that use the cache most.
fn ask(order: &Order, presence: &Presence, who: &ParticipantId, asked: usize) -> String {
    let now = UnixMillis::new(77);
    let id = CommandId::new("c-1").unwrap();
    let frame = match asked {
        0 => wire::sync(order, presence, now),
        1 => wire::joined(order, presence, who, now),
        2 => wire::presence_changed(order, presence, &[asha(), who.clone()], now),
        3 => v2::bill(order, Some(&id)),
        4 => {
            let about =
                Welcome { participant: who, resume_token: "token", missed: None, cursor: "cursor", now };
            v2::welcome(order, presence, &about)
        }
        _ => {
            assert_eq!(v2::checksum(&v2::state_text(order)), checksum_of(&v2::checksum_answer(order, None)));
            v2::state(order, presence, "cursor", None)
        }
    };
    let text = frame.text_for(who);
    assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
    assert_eq!(frame.len(), frame.text().len());
    text
}

fn asha() -> ParticipantId {
    ParticipantId::new("asha").unwrap()
}

fn checksum_of(answer: &str) -> String {
    serde_json::from_str::<serde_json::Value>(answer).unwrap()["checksum"].as_str().unwrap().to_owned()
}

#[test]
fn messages_share_the_text_until_the_order_changes() {
    let mut table = Table::of(&["asha", "ben"]);
    let mut presence = Presence::new();
    let shared = |frame: &Frame| frame.shared().unwrap().clone();
    let before = shared(&sync(&table.order, &presence));
    presence.connect(&ParticipantId::new("ben").unwrap());
    assert!(before.is_same(&shared(&sync(&table.order, &presence))));
    for text in [v2::bill(&table.order, None), v2::state(&table.order, &presence, "cursor", None)] {
        let again = if text.text().contains("bill") {
            v2::bill(&table.order, None)
        } else {
            v2::state(&table.order, &Presence::new(), "cursor", None)
        };
        assert!(shared(&text).is_same(&shared(&again)));
    }
    table.add("ben", "dosa", "80", "1");
    assert!(!table.order.keeps_texts());
    assert!(!before.is_same(&shared(&sync(&table.order, &presence))));
}

#[test]
fn strangers_share_their_view_until_the_order_changes() {
    let mut table = Table::of(&["asha", "ben"]);
    let before = wire::public_view(&table.order);
    assert!(table.order.keeps_texts());
    assert!(before.is_same(&wire::public_view(&table.order)));
    table.add("ben", "dosa", "80", "1");
    let after = wire::public_view(&table.order);
    assert!(!before.contains("dosa") && after.contains("dosa"));
    assert!(after.is_same(&wire::public_view(&table.order)));
    table.order.forget_texts();
    assert!(!table.order.keeps_texts());
    assert_eq!(wire::public_view(&table.order), after);
}

#[test]
fn dishes_are_shown_under_the_new_name_of_whoever_changed_it() {
    let mut table = Table::of(&["asha", "ben"]);
    let dish = r#"{"type":"add_item","data":{"dishName":"Thali","price":99.5,"quantity":1}}"#;
    table.say("ben", dish).unwrap();
    let presence = Presence::new();
    assert!(!sync(&table.order, &presence).text().contains("Benedict"));

    let renamed = r#"{"type":"join","participantId":"ben","participantName":"Benedict \"B\"","data":{}}"#;
    table.say("ben", renamed).unwrap();

    let text = sync(&table.order, &presence).text();
    assert_eq!(text, sync(&uncached(&table.order), &presence).text());
    // Among the participants, with the dish, and among the splits.
    assert_eq!(text.matches(r#"Name":"Benedict \"B\"""#).count(), 2, "{text}");
    assert_eq!(text.matches(r#""name":"Benedict \"B\"""#).count(), 1, "{text}");
}

#[test]
fn what_is_kept_is_no_part_of_an_order() {
    let mut table = Table::of(&["asha"]);
    let dish = r#"{"type":"add_item","data":{"dishName":"Thali","price":99.5,"quantity":1}}"#;
    table.say("asha", dish).unwrap();
    let silent = uncached(&table.order);
    sync(&table.order, &Presence::new());
    assert_eq!(table.order, silent);
    assert_eq!(format!("{:?}", table.order), format!("{silent:?}"));
}

fn sync(order: &Order, presence: &Presence) -> Frame {
    wire::sync(order, presence, UnixMillis::new(77))
}

/// The same order with an empty cache.
fn uncached(order: &Order) -> Order {
    decode_order(&encode_order(order).unwrap()).unwrap()
}
