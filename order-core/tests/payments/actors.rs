//! Who may record payments and change them.

use order_core::Code;

use crate::support::paying::{
    are_sums, backend, backend_refused, is_share, of_200, pay, payment, refund, sums, update,
};
use crate::support::table::{
    FINALIZE, LEAVE, Table, add_message, join_message, quantity_message, remove_message, split_message,
};

#[test]
fn the_owner_and_the_back_end_record_payments_and_nobody_else_does() {
    let mut table = of_200();
    table.join("dev");
    table.leave("dev");
    table.accept("asha", &pay(r#"{"paymentId":"card","amount":10,"status":"pending"}"#));
    table.accept("asha", &pay(r#"{"paymentId":"cash","amount":20}"#));
    for (message, paid) in [
        (pay(r#"{"paymentId":"new","amount":30,"payer":"asha"}"#), "50"),
        (update("card", "paid"), "30"),
        (refund("cash", Some("5")), "15"),
    ] {
        assert_eq!(table.refuse("ben", &message).code(), Code::NotOwner, "{message}");
        assert_eq!(table.refuse("dev", &message).code(), Code::JoinFirst, "{message}");
        assert_eq!(table.refuse("nobody", &message).code(), Code::JoinFirst, "{message}");
        let mut by_owner = table.clone();
        by_owner.accept("asha", &message);
        assert_eq!(sums(&by_owner).0, paid);
        let mut by_backend = table.clone();
        backend(&mut by_backend, &message);
        assert_eq!(sums(&by_backend).0, paid);
    }
}

#[test]
fn whoever_owns_the_order_now_records_payments() {
    let mut table = of_200();
    table.leave("asha");
    assert_eq!(table.refuse("asha", &pay(r#"{"amount":10}"#)).code(), Code::JoinFirst);
    table.accept("ben", &pay(r#"{"paymentId":"p1","amount":60}"#));
    is_share(&table, "ben", ["60", "60", "0", "0", "paid"]);
    table.join("asha");
    assert_eq!(table.refuse("asha", &pay(r#"{"amount":10}"#)).code(), Code::NotOwner);
}

#[test]
fn the_back_end_says_nothing_before_somebody_has_joined() {
    let mut table = Table::empty();
    for message in [
        pay(r#"{"amount":10,"payer":"asha"}"#),
        update("p1", "paid"),
        refund("p1", None),
        r#"{"type":"set_charges","data":{"charges":[]}}"#.to_owned(),
        r#"{"type":"assign_item","data":{"itemId":"i1","sharedBy":["asha"]}}"#.to_owned(),
    ] {
        assert_eq!(backend_refused(&mut table, &message).code(), Code::JoinFirst, "{message}");
    }
}

#[test]
fn the_back_end_sits_at_no_table() {
    let mut table = of_200();
    for message in [
        join_message("asha"),
        add_message("i9", "10", "1"),
        remove_message("asha-dish"),
        quantity_message("asha-dish", "2"),
        r#"{"type":"claim_item","data":{"itemId":"asha-dish"}}"#.to_owned(),
        r#"{"type":"set_tip","data":{"amount":1}}"#.to_owned(),
        r#"{"type":"waive_service","data":{"waived":true}}"#.to_owned(),
        split_message(r#"{"splitType":"equal"}"#),
        FINALIZE.to_owned(),
        LEAVE.to_owned(),
    ] {
        assert_eq!(backend_refused(&mut table, &message).code(), Code::JoinFirst, "{message}");
    }
}

#[test]
fn what_the_back_end_recorded_only_the_back_end_changes() {
    let mut table = of_200();
    backend(&mut table, &pay(r#"{"paymentId":"card","amount":60,"for":["ben"],"status":"pending"}"#));
    backend(&mut table, &pay(r#"{"paymentId":"cash","amount":40,"for":["chi"]}"#));
    table.accept("asha", &pay(r#"{"paymentId":"own","amount":100,"status":"pending"}"#));
    assert_eq!(payment(&table, "card").at("recordedBy").text(), "backend");
    assert_eq!(payment(&table, "own").at("recordedBy").text(), "owner");
    for message in
        [update("card", "paid"), update("card", "failed"), update("cash", "paid"), refund("cash", None)]
    {
        assert_eq!(table.refuse("asha", &message).code(), Code::BackendOnly, "{message}");
    }
    backend(&mut table, &update("card", "paid"));
    backend(&mut table, &refund("cash", None));
    backend(&mut table, &update("own", "paid"));
    backend(&mut table, &refund("own", Some("1")));
    are_sums(&table, "159", "41", false);
}

#[test]
fn a_finalized_order_takes_payments_and_nothing_else() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"early","amount":60,"for":["ben"],"status":"pending"}"#));
    table.accept("asha", FINALIZE);
    are_sums(&table, "0", "200", false);
    for message in [
        add_message("i9", "10", "1"),
        remove_message("asha-dish"),
        quantity_message("asha-dish", "2"),
        r#"{"type":"claim_item","data":{"itemId":"asha-dish"}}"#.to_owned(),
        r#"{"type":"unclaim_item","data":{"itemId":"asha-dish"}}"#.to_owned(),
        r#"{"type":"assign_item","data":{"itemId":"asha-dish","sharedBy":["ben"]}}"#.to_owned(),
        r#"{"type":"set_charges","data":{"charges":[]}}"#.to_owned(),
        r#"{"type":"set_tip","data":{"amount":1}}"#.to_owned(),
        r#"{"type":"waive_service","data":{"waived":true}}"#.to_owned(),
        split_message(r#"{"splitType":"equal"}"#),
        FINALIZE.to_owned(),
        LEAVE.to_owned(),
    ] {
        assert_eq!(table.refuse("asha", &message).code(), Code::OrderFinalized, "{message}");
    }
    for message in [
        r#"{"type":"set_charges","data":{"charges":[]}}"#,
        r#"{"type":"assign_item","data":{"itemId":"x","sharedBy":[]}}"#,
    ] {
        assert_eq!(backend_refused(&mut table, message).code(), Code::OrderFinalized, "{message}");
    }
    assert_eq!(table.refuse("ben", &pay(r#"{"amount":1}"#)).code(), Code::NotOwner);
    table.accept("asha", &update("early", "paid"));
    table.accept("asha", &pay(r#"{"paymentId":"late","amount":140,"for":["asha","chi"]}"#));
    are_sums(&table, "200", "0", true);
    backend(&mut table, &refund("late", Some("0.01")));
    are_sums(&table, "199.99", "0.01", false);
}
