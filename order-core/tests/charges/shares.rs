//! Who pays how much of charges, discounts and tips.

use order_core::Amount;
use order_core::split::shares;

use crate::support::amounts::{amounts_by_id, lines, owed};
use crate::support::table::{self, Table, WAIVE, charges_message, tip_message};

#[test]
fn gst_is_computed_head_by_head_and_the_whole_is_rounded_to_the_rupee() {
    let mut table = Table::of(&["asha", "ben"]);
    table.split("asha", r#"{"splitType":"itemized"}"#);
    table.add("asha", "thali", "180.5", "1");
    table.add("ben", "naan", "60.25", "1");
    let gst = r#"{"name":"CGST","kind":"tax","percent":2.5},{"name":"SGST","kind":"tax","percent":2.5}"#;
    table.accept("asha", &format!(r#"{{"type":"set_charges","data":{{"charges":[{gst}],"roundTo":1}}}}"#));
    let shares = shares(&table.order);
    assert_eq!(
        lines(shares.lines()),
        [
            ("dishes", "Dishes", 24_075),
            ("tax", "CGST", 602),
            ("tax", "SGST", 602),
            ("round_off", "Round-off", 21),
        ]
    );
    assert_eq!((table.order.total().minor_units(), shares.amount_due().minor_units()), (24_075, 25_300));
    assert_eq!(shares.unallocated(), Amount::ZERO);
}

#[test]
fn nobody_pays_more_service_because_another_does_without() {
    let mut table = Table::of(&["asha", "ben"]);
    table.split("asha", r#"{"splitType":"itemized"}"#);
    table.add("asha", "i1", "100", "1");
    table.add("ben", "i2", "50", "1");
    table.accept("asha", &charges_message(r#"{"name":"Service","kind":"service","percent":10}"#));
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 11_000), ("ben", 5_500)]));
    table.accept("ben", WAIVE);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 11_000), ("ben", 5_000)]));
    table.accept("ben", r#"{"type":"waive_service","data":{"waived":false}}"#);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 11_000), ("ben", 5_500)]));
    // A charge that is not optional is paid by all.
    table.accept("ben", WAIVE);
    let service = r#"{"name":"Service","kind":"service","percent":10,"optional":false}"#;
    table.accept("asha", &charges_message(service));
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 11_000), ("ben", 5_500)]));
}

#[test]
fn a_tip_of_ones_own_is_nobody_elses() {
    let mut table = Table::of(&["asha", "ben"]);
    table.split("asha", r#"{"splitType":"itemized"}"#);
    table.add("asha", "i1", "99.99", "1");
    table.add("ben", "i2", "50", "1");
    table.accept("asha", &tip_message(r#""percent":12.5"#));
    table.accept("ben", &tip_message(r#""amount":3"#));
    // 12.5 % of 99.99 is 12.49875.
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 11_249), ("ben", 5_300)]));
    assert_eq!(lines(shares(&table.order).lines())[1..], [("tip", "Tip", 1_250), ("tip", "Tip", 300)]);
    table.accept("asha", &tip_message(""));
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 9_999), ("ben", 5_300)]));
    // With weights, it is a percentage of the giver's part.
    table.split("asha", r#"{"splitType":"custom","weights":{"asha":1,"ben":0}}"#);
    table.accept("asha", &tip_message(r#""percent":10"#));
    table.accept("ben", &tip_message(r#""percent":10"#));
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 16_499), ("ben", 0)]));
}

#[test]
fn taxes_in_prices_are_shown_and_add_nothing() {
    let mut table = Table::of(&["asha", "ben"]);
    table.split("asha", r#"{"splitType":"itemized"}"#);
    table.add("asha", "i1", "105", "1");
    table.add("ben", "i2", "210", "1");
    table.accept("asha", &charges_message(r#"{"name":"VAT","kind":"tax","percent":5,"inclusive":true}"#));
    let shares = shares(&table.order);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 10_500), ("ben", 21_000)]));
    assert_eq!(lines(shares.included()), [("tax", "VAT", 1_500)]);
    assert_eq!(lines(shares.list()[0].included()), [("tax", "VAT", 500)]);
    assert_eq!(lines(shares.list()[1].included()), [("tax", "VAT", 1_000)]);
}

#[test]
fn a_discount_takes_off_no_more_than_there_is_and_taxes_are_on_what_it_leaves() {
    let mut table = Table::of(&["asha", "ben"]);
    table.split("asha", r#"{"splitType":"itemized"}"#);
    table.add("asha", "i1", "100", "1");
    table.add("ben", "i2", "20", "1");
    let discounts = r#"{"name":"Ladoo","kind":"discount","amount":30,"itemId":"i2"},{"name":"Half","kind":"discount","percent":50},{"name":"GST","kind":"tax","percent":18}"#;
    table.accept("asha", &charges_message(discounts));
    assert_eq!(
        lines(shares(&table.order).lines()),
        [
            ("dishes", "Dishes", 12_000),
            ("discount", "Ladoo", -2_000),
            ("discount", "Half", -5_000),
            ("tax", "GST", 900),
        ]
    );
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 5_900), ("ben", 0)]));
    // The discount has no effect until its dish comes back.
    table.accept("ben", &table::remove_message("i2"));
    assert_eq!(lines(shares(&table.order).lines())[1..], [("discount", "Half", -5_000), ("tax", "GST", 900)]);
}
