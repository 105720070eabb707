//! Ways to split a bill that are refused. `Table::refuse` asserts for each of them that the order, its
//! sequence number and its log stay exactly as they were.

use order_core::Code;
use order_core::split::shares;

use crate::support::table::{FINALIZE, Table, remove_message, split_message};

#[test]
fn custom_amounts_that_no_longer_add_up_stop_finalize_until_they_do() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "100", "1");
    table.split("asha", r#"{"splitType":"custom","amounts":{"asha":60.5,"ben":39.50}}"#);
    let unallocated = |table: &Table| order_core::split::shares(&table.order).unallocated().minor_units();
    assert_eq!(unallocated(&table), 0);

    table.add("ben", "i2", "5.25", "2");
    assert_eq!(unallocated(&table), 1_050);
    let rejection = table.refuse("asha", FINALIZE);
    assert_eq!(rejection.code(), Code::Unallocated);
    assert_eq!(rejection.missing_amount().map(|(amount, _)| amount.minor_units()), Some(1_050));
    assert!(rejection.to_string().contains("too low by 10.5"), "{rejection}");

    table.accept("asha", &remove_message("i1"));
    assert_eq!(unallocated(&table), -8_950);
    let rejection = table.refuse("asha", FINALIZE);
    assert_eq!(rejection.missing_amount().map(|(amount, _)| amount.minor_units()), Some(-8_950));
    assert!(rejection.to_string().contains("too high by 89.5"), "{rejection}");

    table.split("ben", r#"{"splitType":"custom","amounts":{"ben":10.5}}"#);
    table.accept("asha", FINALIZE);
}

#[test]
fn amounts_percentages_and_weights_that_cannot_be_shares_are_refused() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("asha", "i1", "100", "1");
    table.leave("chi");
    for (shares, code) in [
        (r#""amounts":{"asha":60,"ben":39.99}"#, Code::Unallocated),
        (r#""amounts":{"asha":60,"ben":40.01}"#, Code::Unallocated),
        (r#""amounts":{"asha":110,"ben":-10}"#, Code::BadSplit),
        (r#""amounts":{"asha":99.999,"ben":0.001}"#, Code::BadSplit),
        (r#""amounts":{"asha":10000000000}"#, Code::BadSplit),
        (r#""amounts":{"asha":"100"}"#, Code::BadSplit),
        (r#""amounts":{"asha":null,"ben":100}"#, Code::BadSplit),
        (r#""amounts":{"asha":1e999999999}"#, Code::BadSplit),
        (r#""amounts":{}"#, Code::BadSplit),
        (r#""amounts":{"stranger":100}"#, Code::UnknownParticipant),
        (r#""amounts":{"chi":100}"#, Code::UnknownParticipant),
        (r#""amounts":{"":100}"#, Code::UnknownParticipant),
        (r#""amounts":[100]"#, Code::BadField),
        (r#""amounts":100"#, Code::BadField),
        (r#""percentages":{"asha":50,"ben":49.999999}"#, Code::BadSplit),
        (r#""percentages":{"asha":50,"ben":50.000001}"#, Code::BadSplit),
        (r#""percentages":{"asha":99.9999999,"ben":0.0000001}"#, Code::BadSplit),
        (r#""percentages":{"asha":150,"ben":-50}"#, Code::BadSplit),
        (r#""percentages":{"asha":100,"chi":0}"#, Code::UnknownParticipant),
        (r#""weights":{"asha":0,"ben":0}"#, Code::BadSplit),
        (r#""weights":{"asha":-1,"ben":2}"#, Code::BadSplit),
        (r#""weights":{"asha":1000000.1}"#, Code::BadSplit),
        (r#""weights":{"asha":0.0000001}"#, Code::BadSplit),
        (r#""weights":{"asha":1,"asha":2}"#, Code::DuplicateKey),
        (r#""amounts":{"asha":100},"weights":{"asha":1}"#, Code::BadSplit),
    ] {
        let message = split_message(&format!(r#"{{"splitType":"custom",{shares}}}"#));
        assert_eq!(table.refuse("asha", &message).code(), code, "{message}");
    }
    for data in
        [r#"{"splitType":"equal","weights":{"asha":1}}"#, r#"{"splitType":"itemized","amounts":{"asha":1}}"#]
    {
        assert_eq!(table.refuse("asha", &split_message(data)).code(), Code::BadSplit, "{data}");
    }
}

#[test]
fn a_split_type_that_is_none_of_the_five_is_refused() {
    let mut table = Table::of(&["asha"]);
    for data in [
        r#"{"splitType":"nonsense"}"#,
        r#"{"splitType":"EQUAL"}"#,
        r#"{"splitType":""}"#,
        r#"{"splitType":1}"#,
    ] {
        assert_eq!(table.refuse("asha", &split_message(data)).code(), Code::BadField, "{data}");
    }
    for data in ["{}", r#"{"splitType":null}"#] {
        assert_eq!(table.refuse("asha", &split_message(data)).code(), Code::MissingField, "{data}");
    }
}

#[test]
fn adjustments_are_amounts_of_people_on_the_bill_that_the_dishes_cover() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("asha", "i1", "100", "1");
    table.leave("chi");
    for (adjustments, code) in [
        (r#"{"asha":60,"ben":40.01}"#, Code::Unallocated),
        (r#"{"asha":100.01}"#, Code::Unallocated),
        (r#"{"asha":9999999999.99,"ben":9999999999.99}"#, Code::Unallocated),
        (r#"{"asha":-1}"#, Code::BadSplit),
        (r#"{"asha":0.001}"#, Code::BadSplit),
        (r#"{"asha":10000000000}"#, Code::BadSplit),
        (r#"{"asha":"1"}"#, Code::BadSplit),
        (r#"{"asha":null}"#, Code::BadSplit),
        (r#"{"asha":1e-400}"#, Code::BadSplit),
        ("{}", Code::BadSplit),
        (r#"{"stranger":1}"#, Code::UnknownParticipant),
        (r#"{"chi":0}"#, Code::UnknownParticipant),
        (r#"{"":1}"#, Code::UnknownParticipant),
        (r#"{"asha":1,"asha":2}"#, Code::DuplicateKey),
        ("[1]", Code::BadField),
        ("1", Code::BadField),
        ("null", Code::MissingField),
    ] {
        let message = split_message(&format!(r#"{{"splitType":"adjustments","adjustments":{adjustments}}}"#));
        assert_eq!(table.refuse("asha", &message).code(), code, "{message}");
    }
    let over = split_message(r#"{"splitType":"adjustments","adjustments":{"asha":70,"ben":50.5}}"#);
    let rejection = table.refuse("asha", &over);
    assert_eq!(rejection.missing_amount().map(|(amount, _)| amount.minor_units()), Some(-2_050));
    assert!(rejection.to_string().contains("too high by 20.5"), "{rejection}");
    let mixed =
        split_message(r#"{"splitType":"adjustments","adjustments":{"asha":1},"amounts":{"asha":100}}"#);
    assert_eq!(table.refuse("asha", &mixed).code(), Code::BadSplit);
    table.split("asha", r#"{"splitType":"adjustments","adjustments":{"asha":60,"ben":40}}"#);
}

#[test]
fn adjustments_that_dishes_no_longer_cover_stop_finalize() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "100", "1");
    table.add("ben", "i2", "10", "1");
    table.split("asha", r#"{"splitType":"adjustments","adjustments":{"ben":60}}"#);
    table.accept("asha", &remove_message("i1"));
    assert_eq!(shares(&table.order).unallocated().minor_units(), -5_000);
    let rejection = table.refuse("asha", FINALIZE);
    assert_eq!(rejection.code(), Code::Unallocated);
    assert_eq!(rejection.missing_amount().map(|(amount, _)| amount.minor_units()), Some(-5_000));
    table.split("asha", r#"{"splitType":"adjustments","adjustments":{"ben":10}}"#);
    table.accept("asha", FINALIZE);
}

#[test]
fn whoever_pays_for_others_pays_for_themselves() {
    let mut table = Table::of(&["asha", "ben", "chi", "dev"]);
    table.add("asha", "i1", "100", "1");
    table.leave("dev");
    for (covers, code) in [
        (r#"{"asha":"asha"}"#, Code::ConflictingClaims),
        (r#"{"asha":"ben","ben":"asha"}"#, Code::ConflictingClaims),
        (r#"{"asha":"ben","ben":"chi"}"#, Code::ConflictingClaims),
        (r#"{"asha":"ben","ben":"ben"}"#, Code::ConflictingClaims),
        (r#"{"asha":"ben","chi":"asha"}"#, Code::ConflictingClaims),
        (r#"{"asha":"dev"}"#, Code::UnknownParticipant),
        (r#"{"dev":"asha"}"#, Code::UnknownParticipant),
        (r#"{"asha":"stranger"}"#, Code::UnknownParticipant),
        (r#"{"":"asha"}"#, Code::UnknownParticipant),
        (r#"{"asha":""}"#, Code::UnknownParticipant),
        ("{}", Code::BadSplit),
        (r#"{"asha":"ben","asha":"chi"}"#, Code::DuplicateKey),
        (r#"{"asha":1}"#, Code::BadField),
        (r#"{"asha":null}"#, Code::BadField),
        (r#"{"asha":["ben"]}"#, Code::BadField),
        (r#"["asha"]"#, Code::BadField),
        (r#""asha""#, Code::BadField),
        ("null", Code::MissingField),
    ] {
        let message = split_message(&format!(r#"{{"splitType":"cover","covers":{covers}}}"#));
        assert_eq!(table.refuse("asha", &message).code(), code, "{message}");
    }
    for (rest, code) in [
        (r#""custom""#, Code::BadField),
        (r#""Equal""#, Code::BadField),
        (r#""""#, Code::BadField),
        ("1", Code::BadField),
        (r#"["equal"]"#, Code::BadField),
    ] {
        let message =
            split_message(&format!(r#"{{"splitType":"cover","covers":{{"asha":"ben"}},"rest":{rest}}}"#));
        assert_eq!(table.refuse("asha", &message).code(), code, "{message}");
    }
    for rest in ["null", r#""equal""#, r#""itemized""#] {
        table.split(
            "asha",
            &format!(r#"{{"splitType":"cover","covers":{{"asha":"ben","chi":"ben"}},"rest":{rest}}}"#),
        );
    }
    let mixed = split_message(r#"{"splitType":"cover","covers":{"asha":"ben"},"weights":{"asha":1}}"#);
    assert_eq!(table.refuse("asha", &mixed).code(), Code::BadSplit);
}

#[test]
fn a_split_says_one_thing() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "100", "1");
    let said = [
        r#""amounts":{"asha":100}"#,
        r#""percentages":{"asha":100}"#,
        r#""weights":{"asha":1}"#,
        r#""adjustments":{"asha":1}"#,
        r#""covers":{"asha":"ben"}"#,
    ];
    for (place, one) in said.iter().enumerate() {
        for other in &said[place + 1..] {
            for kind in ["equal", "itemized", "custom", "adjustments", "cover"] {
                let message = split_message(&format!(r#"{{"splitType":"{kind}",{one},{other}}}"#));
                assert_eq!(table.refuse("asha", &message).code(), Code::BadSplit, "{message}");
            }
        }
        for kind in ["equal", "itemized"] {
            let message = split_message(&format!(r#"{{"splitType":"{kind}",{one}}}"#));
            assert_eq!(table.refuse("asha", &message).code(), Code::BadSplit, "{message}");
        }
    }
}

/// The newer rules can be sent back as the state has them, and a client that knows only
/// three rules does not change them.
#[test]
fn whoever_knows_only_custom_keeps_adjustments_and_covers() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "100", "1");
    for (data, mode) in [
        (r#"{"splitType":"custom","adjustments":{"asha":50}}"#, "adjustments"),
        (r#"{"splitType":"custom","covers":{"asha":"ben"},"rest":"itemized"}"#, "cover"),
    ] {
        table.split("asha", data);
        let rule = table.order.split_rule().clone();
        assert_eq!((rule.as_str(), rule.mode()), ("custom", mode));
        table.split("ben", r#"{"splitType":"custom"}"#);
        assert_eq!(table.order.split_rule(), &rule);
    }
}
