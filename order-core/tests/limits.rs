//! The bounds of an order, each met to the last unit and not passed; and one example for each code.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod table;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use order_core::split::shares;
use order_core::stored::{decode_order, encode_order};
use order_core::{Code, Currency, MAX_ITEMS, MAX_PARTICIPANTS, MAX_TEXT_BYTES, max_order_total};
use table::{
    FINALIZE, LEAVE, Table, add_message, join_message, quantity_message, remove_message, split_message,
};

#[test]
fn only_the_first_to_join_chooses_the_currency() {
    let join = |who: &str, currency: &str| {
        format!(
            r#"{{"type":"join","participantId":"{who}","participantName":"x","data":{{"currency":{currency}}}}}"#
        )
    };
    for (code, digits, finest, too_fine, ceiling) in [
        ("JPY", 0, "1", "0.1", 9_999_999_999),
        ("INR", 2, "0.01", "0.001", 999_999_999_999),
        ("KWD", 3, "0.001", "0.0001", 9_999_999_999_999),
        ("CLF", 4, "0.0001", "0.00001", 99_999_999_999_999),
    ] {
        let mut table = Table::empty();
        table.accept("asha", &join("asha", &format!("\"{code}\"")));
        assert_eq!((table.order.currency().code(), table.order.currency().minor_digits()), (code, digits));
        assert_eq!(max_order_total(table.order.currency()).minor_units(), ceiling);
        table.add("asha", "i1", finest, "1");
        assert_eq!(table.order.total().minor_units(), 1, "{code}");
        assert_eq!(table.refuse("asha", &add_message("i2", too_fine, "1")).code(), Code::BadPrice, "{code}");
        assert_eq!(table.refuse("ben", &join("ben", "\"USD\"")).code(), Code::BadCurrency, "{code}");
        table.accept("ben", &join("ben", &format!("\"{code}\"")));
    }
    let mut table = Table::empty();
    for currency in ["\"\"", "\"inr\"", "\"XAU\"", "\"ZZZ\"", "\"INRX\"", "\"₹\""] {
        assert_eq!(table.refuse("asha", &join("asha", currency)).code(), Code::BadCurrency, "{currency}");
    }
    assert_eq!(table.refuse("asha", &join("asha", "1")).code(), Code::BadField);
    table.join("asha");
    assert_eq!(table.order.currency(), Currency::default());
}

#[test]
fn an_order_holds_its_ceiling_to_the_paisa_and_no_more() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "most", "9999999.99", "999");
    table.add("asha", "more", "9999999.99", "1");
    assert_eq!(table.refuse("asha", &add_message("over", "10", "1")).code(), Code::TotalTooLarge);
    table.add("asha", "rest", "9.99", "1");
    assert_eq!(table.order.total(), max_order_total(table.order.currency()));

    assert_eq!(table.refuse("asha", &add_message("over", "0.01", "1")).code(), Code::TotalTooLarge);
    assert_eq!(table.refuse("asha", &quantity_message("rest", "2")).code(), Code::TotalTooLarge);
    table.add("asha", "free", "0", "999");
    for split in ["equal", "itemized", "custom"] {
        table.split("asha", &format!(r#"{{"splitType":"{split}"}}"#));
        let shared = shares(&table.order);
        assert_eq!(shared.list()[0].amount(), table.order.total());
    }
    table.split("asha", r#"{"splitType":"custom","amounts":{"asha":9999999999.99}}"#);
    table.accept("asha", &quantity_message("rest", "1"));
    table.accept("asha", FINALIZE);
}

#[test]
fn an_order_holds_5000_items_and_no_more() {
    let mut table = Table::of(&["asha"]);
    for number in 0..MAX_ITEMS {
        table.add("asha", &format!("i{number}"), "0.01", "1");
    }
    assert_eq!(MAX_ITEMS, 5_000);
    let rejection = table.refuse("asha", &add_message("over", "0.01", "1"));
    assert_eq!(rejection.code(), Code::TooManyItems);
    assert_eq!(table.order.total().minor_units(), 5_000);
    table.accept("asha", &remove_message("i17"));
    table.add("asha", "again", "0.01", "1");
}

/// An order of a dish with a customization of 500 characters of four bytes each.
fn wordy(item: &str) -> String {
    let customization = "🍛".repeat(500);
    format!(
        r#"{{"type":"add_item","data":{{"id":"{item}","dishName":"x","price":1,"quantity":1,"customization":"{customization}"}}}}"#
    )
}

fn verbose_table() -> Table {
    let mut table = Table::of(&["asha"]);
    for number in 0..MAX_TEXT_BYTES / 2_001 {
        table.accept("asha", &wordy(&format!("i{number}")));
    }
    table
}

#[test]
fn an_order_holds_a_mebibyte_of_text_and_no_more() {
    let mut table = verbose_table();
    assert_eq!(table.refuse("asha", &wordy("over")).code(), Code::OrderTooLarge);
    table.add("asha", "short", "1", "1");
    table.accept("asha", &remove_message("i7"));
    table.accept("asha", &wordy("again"));
    let reloaded = decode_order(&encode_order(&table.order).unwrap()).unwrap();
    assert_eq!(reloaded, table.order, "what is left is counted the same when it is read again");
}

#[test]
fn an_order_seats_250_people_and_no_more() {
    let mut table = Table::empty();
    for number in 0..MAX_PARTICIPANTS {
        table.join(&format!("p{number}"));
    }
    assert_eq!(MAX_PARTICIPANTS, 250);
    assert_eq!(table.refuse("late", &join_message("late")).code(), Code::TooManyParticipants);
    table.leave("p7");
    assert_eq!(
        table.refuse("late", &join_message("late")).code(),
        Code::TooManyParticipants,
        "p7 may come back"
    );
    table.join("p7");

    table.add("p0", "i1", "0.99", "1");
    let everyone = (0..MAX_PARTICIPANTS).fold(String::new(), |mut text, number| {
        write!(text, r#"{}"p{number}":1"#, if number == 0 { "" } else { "," }).unwrap();
        text
    });
    table.split("p0", &format!(r#"{{"splitType":"custom","weights":{{{everyone}}}}}"#));
    let shared = shares(&table.order);
    assert_eq!(shared.list().iter().filter(|share| share.amount().minor_units() == 1).count(), 99);
}

/// One example for each code that the core itself gives; the others are the host's, which knows of sockets
/// and storage.
#[test]
fn every_code_of_the_core_has_an_example() {
    let of_the_host =
        [Code::BinaryNotSupported, Code::AlreadyJoined, Code::StorageUnavailable, Code::StorageUncertain];
    let mut full = Table::empty();
    for number in 0..MAX_PARTICIPANTS {
        full.join(&format!("p{number}"));
    }
    let mut crowded = Table::of(&["asha"]);
    for number in 0..MAX_ITEMS {
        crowded.add("asha", &format!("i{number}"), "0", "1");
    }
    let mut dear = Table::of(&["asha"]);
    dear.add("asha", "i1", "9999999.99", "999");
    let mut closed = Table::of(&["asha"]);
    closed.add("asha", "i1", "1", "1");
    closed.accept("asha", FINALIZE);
    let mut open = Table::of(&["asha"]);
    open.add("asha", "i1", "1", "1");
    let deep = "[".repeat(20) + &"]".repeat(20);
    let keys: Vec<String> = (0..600).map(|key| format!(r#""{key}":0"#)).collect();
    let split = |shares: &str| split_message(&format!(r#"{{"splitType":"custom",{shares}}}"#));

    let mut codes = BTreeSet::new();
    let mut refuse = |table: &mut Table, message: &str| {
        codes.insert(table.refuse("asha", message).code());
    };
    refuse(&mut open, "{");
    refuse(&mut open, "[]");
    refuse(&mut open, &format!(r#"{{"x":{deep}}}"#));
    refuse(&mut open, r#"{"a":1,"a":1}"#);
    refuse(&mut open, &format!("{{{}}}", keys.join(",")));
    refuse(&mut open, r#"{"type":"nope"}"#);
    refuse(&mut open, "{}");
    refuse(&mut open, r#"{"type":1}"#);
    refuse(&mut open, r#"{"type":"join","participantId":"asha","participantName":"","data":{}}"#);
    refuse(&mut open, &add_message("i2", "-1", "1"));
    refuse(&mut open, &add_message("i2", "1", "0"));
    refuse(&mut open, r#"{"type":"join","participantId":"asha","data":{"currency":"JPY"}}"#);
    refuse(&mut open, &split(r#""weights":{"asha":0}"#));
    refuse(&mut Table::of(&["ben"]), LEAVE);
    refuse(&mut closed, LEAVE);
    refuse(&mut Table::of(&["asha"]), FINALIZE);
    refuse(&mut open, &split(r#""amounts":{"asha":2}"#));
    refuse(&mut open, &remove_message("nope"));
    refuse(&mut open, &add_message("i1", "1", "1"));
    refuse(&mut open, &split(r#""weights":{"ben":1}"#));
    refuse(&mut crowded, &add_message("over", "1", "1"));
    refuse(&mut verbose_table(), &wordy("over"));
    refuse(&mut full, &join_message("asha"));
    refuse(&mut dear, &add_message("over", "9999999.99", "2"));

    let expected: BTreeSet<_> =
        Code::ALL.iter().copied().filter(|code| !of_the_host.contains(code)).collect();
    assert_eq!(codes, expected);
}
