//! Orders that are opened again after they were finalized or expired.

use std::time::Duration;

use order_core::fact::TableFact;
use order_core::stored::{decode_order, encode_order};
use order_core::wire::{fact_message, v2};
use order_core::{Code, Decision, Fact, Lifetimes, Presence, Status};

use crate::support::folding::{CURSOR, Document};
use crate::support::json::Json;
use crate::support::paying::{is_share, pay, refund, refund_for_good, state};
use crate::support::table::{
    FINALIZE, LEAVE, LOCK, READY, REOPEN, Table, correct_message, join_message, remove_message,
};

/// Asha's thali of 300, and Ben's lassi of 100.
fn dinner() -> Table {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "thali", "300", "1");
    table.add("ben", "lassi", "100", "1");
    table
}

const LIFETIMES: Lifetimes =
    Lifetimes { expire_after: Some(Duration::from_secs(1)), archive_after: Some(Duration::from_secs(5)) };

#[test]
fn a_finalized_order_is_opened_again_and_its_second_bill_is_a_revision() {
    let mut table = dinner();
    table.accept("asha", FINALIZE);
    assert_eq!((table.order.revision(), state(&table).get("revision").is_some()), (1, false));
    table.accept("asha", REOPEN);
    assert_eq!(table.order.status(), Status::Active);
    assert!(state(&table).get("revision").is_none() && state(&table).get("settlement").is_none());
    table.add("ben", "naan", "40", "1");
    table.accept("ben", FINALIZE);
    assert_eq!(state(&table).at("revision").whole(), 2);
    assert_eq!(state(&table).at("amountDue").number(), "440");
    table.accept("asha", REOPEN);
    assert_eq!(state(&table).at("revision").whole(), 2, "until there is another");
    table.accept("asha", FINALIZE);
    assert_eq!(state(&table).at("revision").whole(), 3);
    assert_eq!(table.replayed(), table.order);
    assert_eq!(decode_order(&encode_order(&table.order).unwrap()).as_ref(), Ok(&table.order));
}

#[test]
fn the_owner_and_the_back_end_reopen_an_order() {
    let mut table = dinner();
    assert_eq!(table.accept("asha", REOPEN), Decision::Unchanged, "it is open");
    assert_eq!(table.refuse("ben", REOPEN).code(), Code::NotOwner);
    table.accept("asha", FINALIZE);
    assert_eq!(table.refuse("ben", REOPEN).code(), Code::NotOwner);
    assert_eq!(table.refuse("eve", REOPEN).code(), Code::JoinFirst);
    table.say_from_backend(REOPEN).unwrap();
    assert_eq!(table.order.status(), Status::Active);
}

#[test]
fn an_order_that_is_settled_or_archived_stays_closed() {
    let mut table = dinner();
    table.accept("asha", FINALIZE);
    table.accept("asha", &pay(r#"{"paymentId":"card","amount":400,"for":["asha","ben"]}"#));
    let rejection = table.refuse("asha", REOPEN);
    assert_eq!(rejection.code(), Code::OrderSettled);
    assert!(rejection.what_was_expected().unwrap().contains("correct_item"), "{rejection}");
    table.accept("asha", &refund_for_good("card", Some("50")));
    assert_eq!(table.refuse("asha", REOPEN).code(), Code::OrderSettled, "nothing is due");
    table.accept("asha", &refund("card", Some("50")));
    table.accept("asha", REOPEN);
    table.accept("asha", FINALIZE);
    table.wait_until(table.now + 5_000, &LIFETIMES);
    assert_eq!(table.order.status(), Status::Archived);
    assert_eq!(table.refuse("asha", REOPEN).code(), Code::OrderArchived);
}

#[test]
fn payments_count_as_those_of_an_open_order() {
    let mut table = dinner();
    table.accept("asha", FINALIZE);
    table.accept("asha", &pay(r#"{"amount":200,"payer":"ben"}"#));
    table.accept("asha", REOPEN);
    is_share(&table, "ben", ["200", "200", "0", "0", "paid"]);
    table.accept("ben", &remove_message("lassi"));
    is_share(&table, "ben", ["150", "200", "0", "-50", "paid"]);
    table.accept("ben", LEAVE);
    is_share(&table, "ben", ["150", "200", "0", "-50", "paid"]);
    table.accept("asha", FINALIZE);
    assert_eq!(state(&table).at("balanceDue").number(), "100");
}

#[test]
fn people_come_back_to_an_order_that_was_reopened() {
    let mut table = dinner();
    table.accept("ben", LEAVE);
    table.accept("asha", FINALIZE);
    table.accept("asha", REOPEN);
    table.join("ben");
    table.join("chi");
    assert_eq!(table.order.participants().count(), 3);
    let mut table = dinner();
    table.wait_until(table.now + 1_000, &LIFETIMES);
    assert_eq!(table.refuse("chi", &join_message("chi")).code(), Code::OrderExpired);
    table.accept("asha", REOPEN);
    table.join("chi");
    table.accept("chi", FINALIZE);
    assert_eq!(table.order.revision(), 1, "it was never finalized before");
}

#[test]
fn marks_fall_and_nothing_from_before_is_undone() {
    let mut table = dinner();
    table.accept("asha", r#"{"type":"set_rules","data":{"finalizeWhenReady":true}}"#);
    table.accept("ben", READY);
    table.accept("asha", READY);
    assert_eq!(table.order.status(), Status::Finalized);
    table.accept("asha", REOPEN);
    assert_eq!(table.order.ready().count(), 0);
    assert_eq!(table.refuse("asha", r#"{"type":"undo"}"#).code(), Code::NothingToUndo);
    table.accept("asha", READY);
    assert_eq!(table.order.status(), Status::Active, "Ben has not said so again");
}

#[test]
fn the_life_of_an_order_begins_again_when_it_is_reopened() {
    let mut table = dinner();
    table.wait_until(table.now + 1_000, &LIFETIMES);
    assert_eq!((table.order.status(), table.order.alarm(&LIFETIMES)), (Status::Expired, None));
    table.accept("asha", REOPEN);
    assert!(table.log.last().unwrap().fact.may_move_alarm());
    let ends = table.order.alarm(&LIFETIMES).unwrap();
    assert_eq!(ends.get(), table.now + 1_000);
    table.accept("asha", FINALIZE);
    assert_eq!(table.order.alarm(&LIFETIMES).unwrap().get(), table.now + 5_000);
    table.accept("asha", REOPEN);
    assert_eq!(table.order.alarm(&LIFETIMES).unwrap().get(), table.now + 1_000);
}

#[test]
fn a_deadline_that_passed_has_no_effect_again() {
    let mut table = dinner();
    let deadline =
        r#"{"type":"set_deadline","data":{"in":100000,"then":"finalize","reminders":[60000,1000]}}"#;
    table.accept("asha", deadline);
    table.accept("asha", FINALIZE);
    let mut early = table.clone();
    // While a reminder passes, the deadline is still to come.
    early.now += 50_000;
    early.accept("asha", REOPEN);
    assert_eq!(early.order.deadline().unwrap().reminders, [1_000]);
    let happened = early.wait_until(early.now + 60_000, &Lifetimes::default());
    let finalized = |fact: &Fact| matches!(fact, Fact::Table(TableFact::Finalized { .. }));
    assert!(happened.iter().any(|recorded| finalized(&recorded.fact)), "{happened:?}");
    // While the deadline itself passes, it does nothing any more.
    table.now += 200_000;
    table.accept("asha", REOPEN);
    let deadline = table.order.deadline().unwrap();
    assert!(deadline.passed && deadline.reminders.is_empty());
    assert!(table.wait_until(table.now + 500_000, &Lifetimes::default()).is_empty());
    assert_eq!(table.replayed(), table.order);
    early.accept("asha", REOPEN);
    assert!(early.order.deadline().unwrap().passed, "one that has taken effect stays as it is");
}

#[test]
fn the_first_protocol_gets_a_sync_and_the_second_an_event() {
    let mut table = dinner();
    let mut phone = Document::parse(&v2::state_text(&table.order));
    let mut fold = |table: &Table, event: &str| {
        let told = v2::event(&table.order, table.log.last().unwrap(), CURSOR);
        assert_eq!(Json::parse(&told).at("event").text(), event);
        phone.fold(&told);
        assert_eq!(phone.text(), v2::state_text(&table.order), "{told}");
    };
    let steps = [
        (FINALIZE.to_owned(), "order_finalized"),
        (REOPEN.to_owned(), "order_reopened"),
        (FINALIZE.to_owned(), "order_finalized"),
        (correct_message("lassi", ""), "item_corrected"),
        (REOPEN.to_owned(), "order_reopened"),
        (LOCK.to_owned(), "order_locked"),
        (FINALIZE.to_owned(), "order_finalized"),
        (correct_message("thali", ""), "item_corrected"),
    ];
    for (message, event) in steps {
        table.accept("asha", &message);
        fold(&table, event);
        if event == "order_reopened" {
            let first = fact_message(&table.order, &Presence::new(), table.log.last().unwrap()).text();
            let first = Json::parse(&first);
            assert_eq!(first.at("type").text(), "sync");
            assert_eq!(first.at("data").at("status").text(), "active");
        }
    }
    // Rules that come first are before the corrections in both, and so are rules that come after them.
    let mut table = dinner();
    let mut phone = Document::parse(&v2::state_text(&table.order));
    for message in [LOCK, FINALIZE, &correct_message("lassi", ""), REOPEN, READY, FINALIZE] {
        table.accept("asha", message);
        phone.fold(&v2::event(&table.order, table.log.last().unwrap(), CURSOR));
        assert_eq!(phone.text(), v2::state_text(&table.order), "{message}");
    }
}
