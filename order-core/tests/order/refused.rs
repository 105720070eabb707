//! Refused messages with their codes, example by example. `Table::refuse` asserts for each
//! that the order, its sequence number and its log stay exactly the same.

use order_core::{Code, Status};

use crate::support::table::{
    FINALIZE, LEAVE, Table, WAIVE, add_message, assign_message, charges_message, claim_message, join_message,
    quantity_message, remove_message, split_message, tip_message, unclaim_message,
};

#[test]
fn a_text_that_is_empty_or_too_long_is_refused() {
    let mut table = Table::of(&["asha"]);
    let add = |name: &str, kind: &str, customization: &str| {
        format!(
            r#"{{"type":"add_item","data":{{"dishName":"{name}","dishType":"{kind}","price":1,"quantity":1,"customization":"{customization}"}}}}"#
        )
    };
    let join = |name: &str, phone: &str| {
        format!(
            r#"{{"type":"join","participantId":"ben","participantName":"{name}","data":{{"phone":"{phone}"}}}}"#
        )
    };
    let long = "ß".repeat(501);
    for (message, field) in [
        (add("", "", ""), "data.dishName"),
        (add("   ", "", ""), "data.dishName"),
        (add("\\u200b\\u202e\\ufeff\\u0000", "", ""), "data.dishName"),
        (add(&long[..242], "", ""), "data.dishName"),
        (add("Dosa", &long[..82], ""), "data.dishType"),
        (add("Dosa", "", &long), "data.customization"),
        (join("", ""), "participantName"),
        (join("\\u2066\\u2069", ""), "participantName"),
        (join(&long[..162], ""), "participantName"),
        (join("Ben", &long[..66]), "data.phone"),
    ] {
        let rejection = table.refuse(if message.contains("join") { "ben" } else { "asha" }, &message);
        assert_eq!((rejection.code(), rejection.field_name()), (Code::BadText, Some(field)), "{message}");
        assert!(rejection.to_string().len() < 200, "{rejection}");
    }
    table.accept("asha", &add(&long[..240], &long[..80], &long[..1_000]));
    table.accept("ben", &join(&long[..160], &long[..64]));
}

#[test]
fn nobody_does_anything_before_joining_or_after_leaving() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "10", "1");
    table.leave("ben");
    for who in ["ben", "stranger"] {
        for message in [
            &add_message("i2", "10", "1"),
            &remove_message("i1"),
            &quantity_message("i1", "3"),
            &claim_message("i1"),
            &unclaim_message("i1"),
            &assign_message("i1", "[]"),
            &charges_message(""),
            &tip_message(""),
            WAIVE,
            &split_message(r#"{"splitType":"itemized"}"#),
            &split_message(r#"{"splitType":"adjustments","adjustments":{"asha":1}}"#),
            &split_message(r#"{"splitType":"cover","covers":{"ben":"asha"}}"#),
            FINALIZE,
            LEAVE,
        ] {
            assert_eq!(table.refuse(who, message).code(), Code::JoinFirst, "{who}: {message}");
        }
    }
}

#[test]
fn who_left_a_finalized_order_is_never_told_to_join_it_first() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "10", "1");
    table.leave("ben");
    table.accept("asha", FINALIZE);
    // Joining would not help: they may only look.
    let payment = r#"{"type":"record_payment","data":{"amount":10}}"#;
    for (message, code) in [
        (payment, Code::NotOwner),
        (&assign_message("i1", "[]"), Code::NotOwner),
        (&charges_message(""), Code::NotOwner),
        (&add_message("i2", "10", "1"), Code::OrderFinalized),
        (LEAVE, Code::OrderFinalized),
    ] {
        assert_eq!(table.refuse("ben", message).code(), code, "{message}");
    }
}

#[test]
fn after_finalize_nothing_changes() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "10", "1");
    table.accept("ben", FINALIZE);
    assert_eq!(table.order.status(), Status::Finalized);
    for message in [
        &add_message("i2", "10", "1"),
        &remove_message("i1"),
        &quantity_message("i1", "3"),
        &claim_message("i1"),
        &unclaim_message("i1"),
        &assign_message("i1", "[]"),
        &charges_message(""),
        &tip_message(""),
        WAIVE,
        &split_message(r#"{"splitType":"itemized"}"#),
        &split_message(r#"{"splitType":"adjustments","adjustments":{"asha":1}}"#),
        &split_message(r#"{"splitType":"cover","covers":{"ben":"asha"}}"#),
        FINALIZE,
        LEAVE,
    ] {
        assert_eq!(table.refuse("asha", message).code(), Code::OrderFinalized, "{message}");
    }
    for message in [&charges_message(""), &assign_message("i1", "[]")] {
        assert_eq!(table.refuse_from_backend(message).code(), Code::OrderFinalized, "{message}");
    }
    assert_eq!(table.refuse("chi", &join_message("chi")).code(), Code::OrderFinalized);
}

#[test]
fn an_empty_order_cannot_be_finalized() {
    let mut table = Table::of(&["asha"]);
    assert_eq!(table.refuse("asha", FINALIZE).code(), Code::OrderEmpty);
    table.add("asha", "i1", "10", "1");
    table.accept("asha", &remove_message("i1"));
    assert_eq!(table.refuse("asha", FINALIZE).code(), Code::OrderEmpty);
    table.add("asha", "free", "0", "1");
    table.accept("asha", FINALIZE);
}
