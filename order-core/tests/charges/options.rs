//! What charges are on, how they and shares are rounded: as the protocols set it and tell it.

use order_core::Code;
use order_core::bill::OddUnits;
use order_core::split::shares;
use order_core::stored::{decode_order, encode_order};
use order_core::wire::v2;

use crate::support::amounts::{amounts_by_id, lines, owed};
use crate::support::folding::{CURSOR, Document};
use crate::support::table::{Table, WAIVE, charges_message, join_message};

const INDIA: &str = r#"{"name":"Service","kind":"service","percent":10,"optional":true},{"name":"CGST","kind":"tax","percent":2.5,"on":["dishes","Service"]},{"name":"SGST","kind":"tax","percent":2.5,"on":["dishes","Service"],"rounding":"half_even","per":"line"},{"name":"Packing","kind":"fee","percent":1,"by":"head","discounts":"before"}"#;

#[test]
fn a_tax_on_dishes_and_service_is_told_as_it_was_set() {
    let mut table = dinner();
    table.accept("asha", &charges_message(INDIA));
    assert_eq!(
        lines(shares(&table.order).lines())[1..],
        [
            ("service", "Service", 10_000),
            ("tax", "CGST", 2_750),
            ("tax", "SGST", 2_750),
            ("fee", "Packing", 1_000),
        ]
    );
    // Both protocols write what can be sent again; what says nothing new is left out.
    assert!(v2::state_text(&table.order).contains(&format!(r#""charges":[{INDIA}],"roundTo":null"#)));
    let again = decode_order(&encode_order(&table.order).unwrap()).unwrap();
    assert_eq!(again, table.order);
    assert_eq!(again.charges(), table.order.charges());
}

#[test]
fn the_defaults_of_a_charge_are_not_written() {
    let mut table = dinner();
    let default = r#""on":["dishes"],"discounts":"after","rounding":"half_up","per":"invoice""#;
    table
        .accept("asha", &charges_message(&format!(r#"{{"name":"GST","kind":"tax","percent":5,{default}}}"#)));
    let plain = r#"{"name":"GST","kind":"tax","percent":5}"#;
    assert!(v2::state_text(&table.order).contains(&format!(r#""charges":[{plain}]"#)));
    let stored = String::from_utf8(encode_order(&table.order).unwrap()).unwrap();
    assert!(
        !["\"on\"", "discounts", "rounding", "per_line", "\"rules\""].iter().any(|key| stored.contains(key))
    );
}

#[test]
fn what_a_charge_is_on_is_refused_with_its_path() {
    let mut table = dinner();
    let tax = |field: &str| format!(r#"{{"name":"GST","kind":"tax","percent":5,{field}}}"#);
    let fee = r#"{"name":"Packing","kind":"fee","amount":10}"#;
    for (charge, code, field) in [
        (tax(r#""on":["Service"]"#), Code::BadCharge, "data.charges[1].on"),
        (tax(r#""on":["Packing","Packing"]"#), Code::BadCharge, "data.charges[1].on"),
        (tax(r#""on":["dishes","dishes"]"#), Code::BadCharge, "data.charges[1].on"),
        (tax(r#""on":["GST"]"#), Code::BadCharge, "data.charges[1].on"),
        (tax(r#""on":[]"#), Code::BadCharge, "data.charges[1].on"),
        (tax(r#""on":null"#), Code::BadField, "data.charges[1].on"),
        (tax(r#""on":"dishes""#), Code::BadField, "data.charges[1].on"),
        (tax(r#""on":[""]"#), Code::BadField, "data.charges[1].on"),
        (tax(r#""on":["Packing"],"dishTypes":["veg"]"#), Code::BadCharge, "data.charges[1].dishTypes"),
        (tax(r#""on":["Packing"],"inclusive":true"#), Code::BadCharge, "data.charges[1].on"),
        (tax(r#""discounts":"none""#), Code::BadField, "data.charges[1].discounts"),
        (tax(r#""discounts":null"#), Code::BadField, "data.charges[1].discounts"),
        (tax(r#""rounding":"up""#), Code::BadField, "data.charges[1].rounding"),
        (tax(r#""per":"dish""#), Code::BadField, "data.charges[1].per"),
        (
            r#"{"name":"S","kind":"service","percent":5,"per":"line"}"#.to_owned(),
            Code::BadCharge,
            "data.charges[1].per",
        ),
    ] {
        let refused = table.refuse("asha", &charges_message(&format!("{fee},{charge}")));
        assert_eq!((refused.code(), refused.field_name()), (code, Some(field)), "{charge}");
        assert!(refused.what_was_expected().is_some(), "{charge}");
    }
    // The first join sets charges by the same rules.
    let mut table = Table::empty();
    let data = r#""data":{"charges":[{"name":"GST","kind":"tax","percent":5,"on":["x"]}]}"#;
    let join = format!(r#"{{"type":"join","participantId":"asha","participantName":"Asha",{data}}}"#);
    assert_eq!(table.refuse("asha", &join).field_name(), Some("data.charges[0].on"));
}

#[test]
fn each_share_is_rounded_to_the_coin_and_the_difference_is_a_line() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("asha", "fondue", "100", "1");
    table.accept("asha", r#"{"type":"set_charges","data":{"charges":[],"roundSharesTo":0.05}}"#);
    let coin = order_core::Amount::from_minor_units(5);
    assert_eq!((table.order.round_to(), table.order.round_shares_to()), (Some(coin), Some(coin)));
    let shared = shares(&table.order);
    let mut amounts: Vec<_> = shared.list().iter().map(|share| share.amount().minor_units()).collect();
    amounts.sort_unstable();
    assert_eq!(amounts, [3_330, 3_335, 3_335]);
    assert_eq!(lines(shared.lines()), [("dishes", "Dishes", 10_000), ("round_off", "Round-off", 0)]);
    for share in shared.list() {
        let sum: i64 = share.lines().iter().map(|line| line.amount().minor_units()).sum();
        assert_eq!(sum, share.amount().minor_units());
    }
    // Undoing it takes the coin back.
    table.accept("asha", r#"{"type":"undo"}"#);
    assert_eq!((table.order.round_to(), table.order.round_shares_to()), (None, None));
}

#[test]
fn clients_that_fold_events_follow_how_shares_are_rounded() {
    let mut table = dinner();
    let mut document = Document::parse(&v2::state_text(&table.order));
    for data in [
        r#""charges":[],"roundSharesTo":5"#,
        r#""charges":[],"roundTo":10,"roundSharesTo":10"#,
        r#""charges":[],"rounding":"unbiased""#,
        r#""charges":[],"rounding":"largest_remainder","roundTo":5"#,
        r#""charges":[]"#,
    ] {
        table.accept("asha", &format!(r#"{{"type":"set_charges","data":{{{data}}}}}"#));
        let text = v2::state_text(&table.order);
        document.fold(&v2::event(&table.order, table.log.last().unwrap(), CURSOR));
        assert_eq!(document.text(), text, "{data}");
        assert_eq!(table.order.round_shares_to().is_some(), data.contains("roundSharesTo"), "{data}");
        assert_eq!(table.order.odd_units() == OddUnits::Unbiased, data.contains("unbiased"), "{data}");
        assert_eq!(decode_order(&table.bytes()).unwrap(), table.order);
        assert_eq!(table.replayed(), table.order);
    }
}

#[test]
fn how_shares_are_rounded_is_refused_with_its_path() {
    let mut table = dinner();
    for (data, code, field) in [
        (r#""roundSharesTo":0"#, Code::BadCharge, "data.roundSharesTo"),
        (r#""roundSharesTo":-1"#, Code::BadCharge, "data.roundSharesTo"),
        (r#""roundSharesTo":0.001"#, Code::BadCharge, "data.roundSharesTo"),
        (r#""roundSharesTo":1,"roundTo":2"#, Code::BadCharge, "data.roundSharesTo"),
        (r#""roundSharesTo":1,"rounding":"unbiased""#, Code::BadCharge, "data.rounding"),
        (r#""rounding":"random""#, Code::BadField, "data.rounding"),
        (r#""rounding":1"#, Code::BadField, "data.rounding"),
    ] {
        let message = format!(r#"{{"type":"set_charges","data":{{"charges":[],{data}}}}}"#);
        let refused = table.refuse("asha", &message);
        assert_eq!((refused.code(), refused.field_name()), (code, Some(field)), "{data}");
    }
}

#[test]
fn by_joining_the_first_guest_says_how_shares_are_rounded() {
    let mut table = Table::empty();
    let join = |data: &str| {
        format!(r#"{{"type":"join","participantId":"asha","participantName":"Asha","data":{data}}}"#)
    };
    table.accept("asha", &join(r#"{"rounding":"unbiased"}"#));
    assert_eq!(table.order.odd_units(), OddUnits::Unbiased);
    let mut table = Table::empty();
    table.accept("asha", &join(r#"{"roundSharesTo":0.05}"#));
    assert!(table.order.round_shares_to().is_some());
}

/// Whoever is listed first, and in whichever form the order is: the shares of an unbiased bill follow from the order's id.
#[test]
fn an_unbiased_order_gives_the_odd_unit_to_each_in_their_part_of_all_orders() {
    let mut sums = [0, 0];
    for number in 0..2_000 {
        let mut table = Table::named(&format!("order-{number}"));
        table.accept("asha", &join_message("asha"));
        table.accept("ben", &join_message("ben"));
        table.add("asha", "tea", "0.01", "1");
        table.split("asha", r#"{"splitType":"custom","percentages":{"asha":90,"ben":10}}"#);
        table.accept("asha", r#"{"type":"set_charges","data":{"charges":[],"rounding":"unbiased"}}"#);
        let shared = shares(&table.order);
        for (sum, share) in sums.iter_mut().zip(shared.list()) {
            *sum += share.amount().minor_units();
        }
        let restored = decode_order(&table.bytes()).unwrap();
        assert_eq!(shares(&restored).list()[0].amount(), shared.list()[0].amount());
    }
    // Ben is to pay 200; 13.4 is a standard deviation.
    assert!((130..270).contains(&sums[1]), "{sums:?}");
    assert_eq!(sums[0] + sums[1], 2_000);
}

#[test]
fn to_decline_a_service_charge_that_is_not_there_is_remembered_and_changes_no_share() {
    let mut table = dinner();
    let before = amounts_by_id(&table);
    // There is none: accepted, and nobody pays anything else.
    table.accept("ben", WAIVE);
    assert_eq!(amounts_by_id(&table), before);
    // A mandatory one is paid by all.
    let mandatory = r#"{"name":"Service","kind":"service","percent":10,"optional":false}"#;
    table.accept("asha", &charges_message(mandatory));
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 66_000), ("ben", 44_000)]));
    // One that comes later is not Ben's.
    table.accept("asha", &charges_message(r#"{"name":"Service","kind":"service","percent":10}"#));
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 66_000), ("ben", 40_000)]));
    // Nor is it in what a tax of his is on.
    let taxed = r#"{"name":"Service","kind":"service","percent":10},{"name":"GST","kind":"tax","percent":5,"on":["dishes","Service"]}"#;
    table.accept("asha", &charges_message(taxed));
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 69_300), ("ben", 42_000)]));
}

#[test]
fn somebody_without_a_part_in_the_service_charge_may_decline_it_and_nothing_changes() {
    let mut table = Table::of(&["asha", "ben"]);
    table.split("asha", r#"{"splitType":"itemized"}"#);
    table.add("asha", "thali", "100", "1");
    table.accept("asha", &charges_message(r#"{"name":"Service","kind":"service","percent":10}"#));
    table.accept("ben", WAIVE);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 11_000), ("ben", 0)]));
}

/// Asha has 600 of a thousand, and Ben 400.
fn dinner() -> Table {
    let mut table = Table::of(&["asha", "ben"]);
    table.split("asha", r#"{"splitType":"itemized"}"#);
    table.add("asha", "thali", "600", "1");
    table.add("ben", "naan", "400", "1");
    table
}
