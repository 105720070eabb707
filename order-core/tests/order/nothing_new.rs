//! A command that says what the order says already changes nothing: no fact, no mark of readiness that falls, no other
//! last change to undo.

use order_core::Decision;

use crate::support::table::{
    FINALIZE, READY, Table, WAIVE, add_message, assign_message, charges_message, claim_message, edit_message,
    quantity_message, split_message, tip_message,
};

const ITEMIZED: &str = r#"{"splitType":"itemized"}"#;
const SERVICE: &str = r#"{"name":"Service","kind":"service","percent":10}"#;

#[test]
fn a_bill_command_that_says_the_same_again_changes_nothing() {
    for message in [
        quantity_message("dosa", "3"),
        edit_message("dosa", r#""dishName":"Rava dosa""#),
        claim_message("dosa"),
        assign_message("dosa", r#"{"asha":1,"ben":2}"#),
        split_message(ITEMIZED),
        split_message(r#"{"splitType":"custom","weights":{"asha":2,"ben":1}}"#),
        split_message(r#"{"splitType":"cover","covers":{"ben":"asha"},"rest":"itemized"}"#),
        charges_message(SERVICE),
        tip_message(r#""percent":10"#),
        WAIVE.to_owned(),
    ] {
        let mut table = table_of_two();
        assert!(matches!(table.accept("asha", &message), Decision::Record(_)), "{message}");
        table.accept("ben", READY);
        let before = table.bytes();

        assert_eq!(table.accept("asha", &message), Decision::Unchanged, "{message}");

        assert_eq!(table.bytes(), before, "{message}");
        assert_eq!(table.order.ready().count(), 1, "Ben agreed to this very bill: {message}");
    }
}

#[test]
fn the_same_in_other_words_changes_nothing_either() {
    let mut table = table_of_two();
    for (first, again) in [
        (quantity_message("dosa", "3"), quantity_message("dosa", "30e-1")),
        (assign_message("dosa", r#"["asha","ben"]"#), assign_message("dosa", r#"{"ben":1,"asha":1.0}"#)),
        (assign_message("dosa", r#"{"ben":1}"#), assign_message("dosa", r#"{"ben":1,"asha":0}"#)),
        (tip_message(r#""amount":5"#), tip_message(r#""amount":5.00"#)),
        (tip_message(""), tip_message(r#""percent":null,"amount":null"#)),
        (
            split_message(r#"{"splitType":"custom","weights":{"asha":2}}"#),
            split_message(r#"{"splitType":"custom"}"#),
        ),
        (charges_message(SERVICE), charges_message(&SERVICE.replace("10", "10.0"))),
    ] {
        table.accept("asha", &first);
        assert_eq!(table.accept("asha", &again), Decision::Unchanged, "{again}");
    }
}

#[test]
fn what_it_repeats_stays_the_change_that_undo_takes_back() {
    let mut table = table_of_two();
    table.accept("asha", &quantity_message("dosa", "3"));
    table.accept("asha", &split_message(r#"{"splitType":"equal"}"#));
    table.accept("asha", &tip_message(""));

    table.accept("asha", r#"{"type":"undo"}"#);

    assert_eq!(table.order.items().next().unwrap().quantity().pieces(), 1);
}

#[test]
fn a_repeated_command_that_could_not_be_given_is_refused_all_the_same() {
    let mut table = table_of_two();
    table.accept("asha", &split_message(ITEMIZED));
    table.accept("asha", FINALIZE);
    for message in
        [quantity_message("dosa", "1"), split_message(ITEMIZED), tip_message(""), claim_message("dosa")]
    {
        table.refuse("asha", &message);
    }
}

fn table_of_two() -> Table {
    let mut table = Table::of(&["asha", "ben"]);
    table.accept("ben", &add_message("dosa", "80", "1"));
    table
}
