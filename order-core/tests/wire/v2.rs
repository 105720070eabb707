//! `stonepot.v2`: applied events give the state document byte for byte, and are small.

use order_core::command::TableCommand;
use order_core::stored::{decode_order, encode_order};
use order_core::wire::v2::{self, Welcome, checksum, checksum_answer, event, state_text, welcome};
use order_core::wire::{self, Inbound, Request};
use order_core::{
    Actor, Code, Command, Currency, Decision, ItemId, Order, OrderId, ParticipantId, Presence, UnixMillis,
    commit,
};
use proptest::prelude::*;

use crate::support::folding::{CURSOR, Document};
use crate::support::json::Json;
use crate::support::model::{Model, steps};
use crate::support::table::{self, Table};

proptest! {
    #![proptest_config(table::runs(200))]

    #[test]
    fn events_of_any_script_fold_onto_any_earlier_state_to_the_later_one(
        steps in steps(),
        from in any::<prop::sample::Index>(),
    ) {
        let mut table = Table::empty();
        let mut model = Model::default();
        for step in &steps {
            let message = step.message(&model);
            if table.say(step.who(), &message).is_ok() {
                model.take(step, table.now);
            }
        }

        let start = from.index(table.log.len() + 1);
        let mut order = empty(&table);
        for recorded in &table.log[..start] {
            commit(&mut order, recorded).unwrap();
        }
        let mut document = Document::parse(&state_text(&order));
        for recorded in &table.log[start..] {
            commit(&mut order, recorded).unwrap();
            document.fold(&event(&order, recorded, CURSOR));
            prop_assert_eq!(document.text(), state_text(&order), "after {:?}", recorded);
        }
        prop_assert_eq!(document.text(), state_text(&table.order));
        let restored = decode_order(&encode_order(&table.order).unwrap()).unwrap();
        prop_assert_eq!(document.text(), state_text(&restored), "a snapshot shows the same");
    }
}
#[test]
fn who_has_signed_in_need_not_say_again_who_joins() {
    let fresh = || ItemId::new("fresh").unwrap();
    let ann = ParticipantId::new("ann").unwrap();
    let read = |text: &str| {
        let Ok(Inbound::Command(message)) = v2::decode_from(Some(&ann), text, fresh) else {
            panic!("{text}")
        };
        let v1 = wire::decode_from(Some(&ann), text, fresh);
        assert_eq!(v1, Ok(Inbound::Command(message.clone())), "the same in both protocols");
        message
    };
    let named = read(r#"{"type":"join","id":"j","participantId":"ann","participantName":"Ann","data":{}}"#);
    for text in [
        r#"{"type":"join","id":"j","participantName":"Ann","data":{}}"#,
        r#"{"type":"join","id":"j","participantId":null,"participantName":"Ann","data":{}}"#,
    ] {
        assert_eq!(read(text), named, "the same command, whose id counts once");
        assert_eq!(v2::decode(text, fresh).unwrap_err().rejection.code(), Code::MissingField);
        assert_eq!(wire::decode(text, fresh).unwrap_err().rejection.code(), Code::MissingField);
    }
    let empty = r#"{"type":"join","id":"j","participantId":"","participantName":"Ann","data":{}}"#;
    assert_eq!(v2::decode_from(Some(&ann), empty, fresh).unwrap_err().rejection.code(), Code::BadField);
}

#[test]
fn a_cursor_stands_in_the_envelope_and_not_in_the_document() {
    let table = Table::of(&["asha"]);
    let (asha, nobody) = (ParticipantId::new("asha").unwrap(), Presence::new());
    let about = Welcome {
        participant: &asha,
        resume_token: "token",
        missed: None,
        cursor: CURSOR,
        now: UnixMillis::new(1),
    };
    for text in [
        event(&table.order, table.log.last().unwrap(), CURSOR),
        v2::state(&table.order, &nobody, CURSOR, None).text(),
        welcome(&table.order, &nobody, &about).text(),
    ] {
        let message = Json::parse(&text);
        assert_eq!((message.at("cursor").text(), message.at("seq").whole()), (CURSOR, 1), "{text}");
        assert_eq!(text.matches(CURSOR).count(), 1, "{text}");
    }
}

#[test]
fn whatever_a_join_says_of_where_it_left_the_join_is_read() {
    let fresh = || ItemId::new("fresh").unwrap();
    let read = |since: &str| {
        let text = format!(
            r#"{{"type":"join","id":"j","participantId":"a","participantName":"A","data":{{}},"since":{since}}}"#
        );
        let Ok(Inbound::Command(message)) = v2::decode(&text, fresh) else { panic!("{text}") };
        assert!(message.is_join());
        message.since
    };
    assert_eq!(read("\"AAAA\""), Some("AAAA".to_owned()));
    assert_eq!(read(r#""7""#), Some("7".to_owned()));
    assert_eq!(read(r#""\u0041""#), Some("A".to_owned()));
    for other in [
        "null",
        "0",
        "7",
        "-1",
        "1.5",
        "1e3",
        "99999999999999999999",
        "true",
        "[]",
        "{}",
        "[7]",
        r#""\ud800""#,
    ] {
        assert_eq!(read(other), None, "{other}");
    }
}

#[test]
fn an_event_holds_nobodys_phone_and_a_welcome_only_ones_own() {
    let mut table = Table::empty();
    for (who, phone) in [("asha", "9111111111"), ("ben", "9222222222")] {
        let join = format!(
            r#"{{"type":"join","participantId":"{who}","participantName":"{who}","data":{{"phone":"{phone}"}}}}"#
        );
        table.accept(who, &join);
    }
    table.add("ben", "dosa", "89.5", "2");
    let mut order = empty(&table);
    for recorded in &table.log {
        commit(&mut order, recorded).unwrap();
        let text = event(&order, recorded, CURSOR);
        assert!(!text.contains("9111111111") && !text.contains("9222222222"), "{text}");
    }
    assert!(!state_text(&order).contains("9111111111"));
    let ben = ParticipantId::new("ben").unwrap();
    let about = Welcome {
        participant: &ben,
        resume_token: "token",
        missed: None,
        cursor: CURSOR,
        now: UnixMillis::new(1),
    };
    let text = welcome(&order, &Presence::new(), &about).text();
    assert!(text.contains("9222222222") && !text.contains("9111111111"), "{text}");
}

#[test]
fn an_event_about_an_ordinary_dish_takes_less_than_340_bytes() {
    let mut table = Table::empty();
    table.accept(
        "tenant_9876543210",
        r#"{"type":"join","participantId":"tenant_9876543210","participantName":"John Doe","data":{}}"#,
    );
    table.now = 1_800_000_000_000;
    let add = r#"{"type":"add_item","data":{"dishName":"Chicken Biryani","dishType":"non-veg","quantity":2,"price":299,"customization":"Extra spicy","id":"item_1a2b3c4d5e6f7g8h"}}"#;
    table.accept("tenant_9876543210", add);
    let text = event(&table.order, table.log.last().unwrap(), CURSOR);
    assert!(text.len() < 340, "{} bytes: {text}", text.len());
}

#[test]
fn a_checksum_is_the_crc_32_of_the_document() {
    assert_eq!(checksum("123456789"), "cbf43926", "the check value of CRC-32/ISO-HDLC");
    let table = Table::of(&["asha"]);
    let answer = Json::parse(&checksum_answer(&table.order, None));
    assert_eq!(answer.at("checksum").text(), checksum(&state_text(&table.order)));
    assert_eq!(answer.at("seq").whole(), table.order.seq());
}

#[test]
fn a_command_needs_an_id_and_a_request_does_not() {
    let fresh = || ItemId::new("fresh").unwrap();
    let refused = v2::decode(r#"{"type":"finalize"}"#, fresh).unwrap_err();
    assert_eq!((refused.rejection.code(), refused.id), (Code::MissingField, None));
    let Ok(Inbound::Command(message)) = v2::decode(r#"{"type":"finalize","id":"c1"}"#, fresh) else {
        panic!("no command")
    };
    assert_eq!(
        (message.command.clone(), message.since.clone()),
        (Command::Table(TableCommand::Finalize), None)
    );
    assert_eq!(message.id().unwrap().as_str(), "c1");
    for (text, request) in [
        (r#"{"type":"get_bill"}"#, Request::Bill),
        (r#"{"type":"get_state"}"#, Request::State),
        (r#"{"type":"get_checksum"}"#, Request::Checksum),
        (
            r#"{"type":"presence","data":{"typing":true}}"#,
            Request::Presence { typing: Some(true), speaking: None },
        ),
    ] {
        assert_eq!(
            v2::decode(text, fresh),
            Ok(Inbound::Request { id: None, participant: None, request }),
            "{text}"
        );
    }
    for wrong in [
        r#"{"type":"presence"}"#,
        r#"{"type":"presence","data":{"typing":1}}"#,
        r#"{"type":"join","id":"","participantId":"a","participantName":"A","data":{}}"#,
        r#"{"type":"dance","id":"d"}"#,
        "[]",
    ] {
        assert!(v2::decode(wrong, fresh).is_err(), "{wrong}");
    }
}

#[test]
fn a_bill_sums_to_what_is_due() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("asha", "dosa", "100", "1");
    let bill = Json::parse(&v2::bill(&table.order, None).text());
    let parts: Vec<_> =
        bill.at("splits").list().iter().map(|split| split.at("amount").minor_units(2)).collect();
    assert_eq!(parts.iter().sum::<i64>(), 10_000);
    assert_eq!(bill.at("amountDue").minor_units(2), 10_000);
}

#[test]
fn whoever_is_not_there_cannot_be_marked() {
    let mut presence = Presence::new();
    let asha = ParticipantId::new("asha").unwrap();
    assert!(!presence.mark(&asha, Some(true), None));
    presence.connect(&asha);
    assert!(presence.mark(&asha, Some(true), None));
    assert!(!presence.mark(&asha, Some(true), None), "that is no news");
    presence.disconnect(&asha);
    presence.connect(&asha);
    assert!(!presence.markers(&asha).typing, "who comes back does nothing yet");
}

fn empty(table: &Table) -> Order {
    Order::new(OrderId::new(table.order.id().as_str()).unwrap(), Currency::default())
}

#[test]
fn the_back_end_is_nobody_at_the_table() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "dosa", "100", "1");
    let decision = table.say_from_backend(r#"{"type":"record_payment","data":{"amount":10,"payer":"asha"}}"#);
    let Ok(Decision::Record(recorded)) = decision else { panic!("{decision:?}") };
    assert_eq!(recorded.by, Actor::Backend);
    let text = event(&table.order, &recorded, CURSOR);
    assert!(text.contains(r#""by":null"#), "{text}");
}
