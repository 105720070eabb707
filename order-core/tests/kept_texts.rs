//! What an order keeps of texts that were written before is what would be written anew.

use order_core::stored::{decode_order, encode_order};
use order_core::wire::{self, Frame};
use order_core::{Order, ParticipantId, Presence, UnixMillis};
use proptest::prelude::*;

use crate::model::{Model, steps};
use crate::table::{self, Table};

proptest! {
    #![proptest_config(table::runs(50))]

    #[test]
    fn after_any_message_the_state_is_spliced_as_it_would_be_written_anew(steps in steps()) {
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
            prop_assert_eq!(sync(&table.order, &presence), sync(&anew(&table.order), &presence));
            // Orders share the items that they have in common. To change one leaves the other as it was.
            prop_assert_eq!(&sync(&before, &presence), &said_before);
            prop_assert_eq!(sync(&anew(&before), &presence), said_before);
            if let Some(last) = table.log.last() {
                let (now, fresh) = (&table.order, anew(&table.order));
                prop_assert_eq!(
                    wire::fact_message(now, &presence, last),
                    wire::fact_message(&fresh, &presence, last)
                );
            }
        }
    }
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

    let text = sync(&table.order, &presence).text().to_owned();
    assert_eq!(text, sync(&anew(&table.order), &presence).text());
    // Among the participants, beside the dish, and among the splits.
    assert_eq!(text.matches(r#"Name":"Benedict \"B\"""#).count(), 2, "{text}");
    assert_eq!(text.matches(r#""name":"Benedict \"B\"""#).count(), 1, "{text}");
}

#[test]
fn what_is_kept_is_no_part_of_an_order() {
    let mut table = Table::of(&["asha"]);
    let dish = r#"{"type":"add_item","data":{"dishName":"Thali","price":99.5,"quantity":1}}"#;
    table.say("asha", dish).unwrap();
    let silent = anew(&table.order);
    sync(&table.order, &Presence::new());
    assert_eq!(table.order, silent);
    assert_eq!(format!("{:?}", table.order), format!("{silent:?}"));
}

fn sync(order: &Order, presence: &Presence) -> Frame {
    wire::sync(order, presence, UnixMillis::new(77))
}

/// The same order, of which nothing has been written yet.
fn anew(order: &Order) -> Order {
    decode_order(&encode_order(order).unwrap()).unwrap()
}
