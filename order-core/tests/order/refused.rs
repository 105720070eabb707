//! What is refused, with which code, example by example. `Table::refuse` asserts for each of them that the
//! order, its sequence number and its log stay exactly as they were.

use order_core::wire::{self, Refused};
use order_core::{Code, ItemId, Status};

use crate::support::table::{
    FINALIZE, LEAVE, Table, WAIVE, add_message, assign_message, charges_message, claim_message, join_message,
    quantity_message, remove_message, split_message, tip_message, unclaim_message,
};

#[test]
fn a_price_that_is_not_an_exact_amount_in_bounds_is_refused() {
    let mut table = Table::of(&["asha"]);
    for price in [
        "-0.01",
        "-5",
        "0.001",
        "299.99000000000001",
        "299.995",
        "1e-400",
        "1e999999999",
        "-1e999999999",
        "1e308",
        "10000000",
        "9999999.999",
        "9007199254740992",
        "\"299\"",
        "\"\"",
        "null",
        "true",
        "[]",
        "{}",
    ] {
        let rejection = table.refuse("asha", &add_message("i1", price, "1"));
        assert_eq!(rejection.code(), Code::BadPrice, "{price}");
        assert_eq!(rejection.field_name(), Some("data.price"), "{price}");
        assert!(rejection.what_was_expected().unwrap().starts_with("a number"), "{price}");
    }
    for not_json in ["NaN", "Infinity", "-Infinity", "+5", ".5", "5.", "0x10", "1_000", "01"] {
        assert_eq!(
            table.refuse("asha", &add_message("i1", not_json, "1")).code(),
            Code::BadJson,
            "{not_json}"
        );
    }
    for (number, (price, minor_units)) in [
        ("0", 0),
        ("-0", 0),
        ("0.1", 10),
        ("2.99e2", 29_900),
        ("299.990", 29_999),
        ("9999999.99", 999_999_999),
        ("1E+2", 10_000),
        ("100e-2", 100),
        ("0.00000e5", 0),
    ]
    .into_iter()
    .enumerate()
    {
        table.add("asha", &format!("fine-{number}"), price, "1");
        assert_eq!(table.order.items().last().unwrap().total().minor_units(), minor_units, "{price}");
    }
}

#[test]
fn a_quantity_that_is_not_a_whole_number_from_1_to_999_is_refused() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "here", "10", "1");
    for quantity in ["-1", "1.5", "1000", "70000", "65537", "1e308", "1e-400", "\"2\"", "null", "true", "[1]"]
    {
        for message in [add_message("i1", "10", quantity), quantity_message("here", quantity)] {
            let rejection = table.refuse("asha", &message);
            assert_eq!(rejection.code(), Code::BadQuantity, "{message}");
            assert_eq!(rejection.field_name(), Some("data.quantity"), "{message}");
        }
    }
    assert_eq!(table.refuse("asha", &add_message("i1", "10", "0")).code(), Code::BadQuantity);
    for (quantity, pieces) in [("1.0", 1), ("20e-1", 2), ("999", 999), ("9.99e2", 999)] {
        table.accept("asha", &quantity_message("here", quantity));
        assert_eq!(table.order.items().next().unwrap().quantity().pieces(), pieces, "{quantity}");
    }
}

#[test]
fn an_update_to_zero_takes_the_item_off() {
    for zero in ["0", "-0", "0.0", "0e5"] {
        let mut table = Table::of(&["asha"]);
        table.add("asha", "i1", "10", "2");
        table.accept("asha", &quantity_message("i1", zero));
        assert_eq!((table.order.items().len(), table.order.total().minor_units()), (0, 0), "{zero}");
    }
}

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
fn a_label_that_cleaning_would_change_is_refused_in_a_join_and_is_not_another() {
    let join = |field: &str, label: &str| {
        format!(
            r#"{{"type":"join","participantId":"ben","participantName":"Ben","data":{{"{field}":{label}}}}}"#
        )
    };
    let mut table = Table::empty();
    for field in ["circleId", "tenantId"] {
        for label in [
            r#""A\u200b""#,
            r#""\ufeffA""#,
            r#"" A""#,
            r#""A ""#,
            r#""A\n""#,
            r#""A\u0000""#,
            r#""A\u00a0""#,
            r#""\u202eA""#,
            r#""A\u2069""#,
            r#""  ""#,
            r#""\u200b""#,
            r#""\u200d""#,
            &format!("\"{}\"", "x".repeat(129)),
        ] {
            let rejection = table.refuse("ben", &join(field, label));
            let named = format!("data.{field}");
            assert_eq!((rejection.code(), rejection.field_name()), (Code::BadText, Some(&*named)), "{label}");
            assert!(rejection.what_was_expected().unwrap().contains("white space"), "{label}");
        }
        assert_eq!(table.refuse("ben", &join(field, "7")).code(), Code::BadField);
        // What old clients send when they know of none.
        for nothing in ["null", r#""""#] {
            let mut table = Table::empty();
            table.accept("ben", &join(field, nothing));
            assert_eq!((table.order.circle_id(), table.order.tenant_id()), (None, None), "{nothing}");
        }
    }
    table.accept("ben", &join("circleId", r#""Café 7""#));
    assert_eq!(table.order.circle_id().unwrap().as_str(), "Café 7");
}

#[test]
fn what_hides_or_reorders_text_is_stripped_and_everything_else_is_kept() {
    let mut table = Table::of(&["asha"]);
    for (sent, kept) in [
        (r"  Chef's \u202E\u2066<b>&\u0000\u0085 \u201Cspecial\u201D  ", "Chef's <b>& “special”"),
        (r"نیم\u200Cفاصله", "نیم\u{200C}فاصله"),
        (r"👩\u200D🍳 \ud83c\udf5b", "👩\u{200D}🍳 🍛"),
        (r"a\u200Bb\uFEFFc\u2028d\u2029e\uFFFEf\uFDD0g\n\t\u007F", "abcdefg"),
        (r#"\"quoted\" \\ back"#, r#""quoted" \ back"#),
        ("寿司 हिन्दी עברית", "寿司 हिन्दी עברית"),
    ] {
        let message =
            format!(r#"{{"type":"add_item","data":{{"dishName":"{sent}","price":1,"quantity":1}}}}"#);
        table.accept("asha", &message);
        assert_eq!(table.order.items().last().unwrap().dish_name().as_str(), kept);
    }
}

#[test]
fn an_item_id_that_is_taken_or_ill_formed_is_refused() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "10", "1");
    assert_eq!(table.refuse("ben", &add_message("i1", "20", "2")).code(), Code::ItemIdTaken);
    let long = "a".repeat(65);
    for id in ["", "a b", "<i>", "a\\\"b", "a\\\\b", "caf\u{e9}", "\\u0000", &long] {
        let rejection = table.refuse("asha", &add_message(id, "10", "1"));
        assert_eq!((rejection.code(), rejection.field_name()), (Code::BadField, Some("data.id")), "{id}");
    }
    let number = r#"{"type":"add_item","data":{"id":42,"dishName":"Dosa","price":1,"quantity":1}}"#;
    assert_eq!(table.refuse("asha", number).code(), Code::BadField);
    table.accept("asha", &remove_message("i1"));
    table.add("ben", "i1", "10", "1");
}

#[test]
fn an_unknown_item_can_neither_be_removed_nor_updated() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "10", "1");
    for message in [remove_message("nope"), quantity_message("nope", "2"), quantity_message("nope", "0")] {
        let rejection = table.refuse("asha", &message);
        assert_eq!((rejection.code(), rejection.field_name()), (Code::ItemNotFound, Some("data.itemId")));
    }
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
    // Joining would not help: it lets them look and no more.
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
fn whoever_is_new_needs_a_name() {
    let mut table = Table::of(&["asha"]);
    let rejection = table.refuse("ben", r#"{"type":"join","participantId":"ben","data":{}}"#);
    assert_eq!((rejection.code(), rejection.field_name()), (Code::MissingField, Some("participantName")));
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
fn whoever_is_known_may_come_back_to_look_at_a_finalized_order() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "10", "1");
    table.leave("ben");
    table.accept("asha", FINALIZE);
    let before = table.bytes();
    for who in ["asha", "ben"] {
        let renamed = format!(
            r#"{{"type":"join","participantId":"{who}","participantName":"Other","data":{{"phone":"1"}}}}"#
        );
        table.accept(who, &renamed);
    }
    assert_eq!(table.bytes(), before);
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
    assert!(rejection.to_string().contains("short of that by 10.5"), "{rejection}");

    table.accept("asha", &remove_message("i1"));
    assert_eq!(unallocated(&table), -8_950);
    let rejection = table.refuse("asha", FINALIZE);
    assert_eq!(rejection.missing_amount().map(|(amount, _)| amount.minor_units()), Some(-8_950));
    assert!(rejection.to_string().contains("more than that by 89.5"), "{rejection}");

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
fn what_is_not_a_message_of_the_protocol_is_refused() {
    let mut table = Table::of(&["asha"]);
    let deep = format!(r#"{{"type":"leave","x":{}{}}}"#, "[".repeat(99), "]".repeat(99));
    let keys: Vec<String> = (0..600).map(|key| format!(r#""{key}":0"#)).collect();
    let wide = format!(r#"{{"type":"leave",{}}}"#, keys.join(","));
    for (message, code) in [
        ("", Code::BadJson),
        ("{not json", Code::BadJson),
        ("ping", Code::BadJson),
        ("\u{feff}{\"type\":\"leave\"}", Code::BadJson),
        (r#"{"type":"leave"} {"type":"leave"}"#, Code::BadJson),
        (r#"{"type":"leave","x":NaN}"#, Code::BadJson),
        (r#"{"type":"leave",}"#, Code::BadJson),
        ("null", Code::NotAnObject),
        ("[]", Code::NotAnObject),
        ("\"join\"", Code::NotAnObject),
        ("42", Code::NotAnObject),
        (&deep, Code::TooDeep),
        (&wide, Code::TooManyKeys),
        (r#"{"type":"leave","type":"leave"}"#, Code::DuplicateKey),
        (r#"{"type":"leave","data":{"a":1,"\u0061":2}}"#, Code::DuplicateKey),
        ("{}", Code::MissingField),
        (r#"{"type":null}"#, Code::MissingField),
        (r#"{"type":7}"#, Code::BadField),
        (r#"{"type":"nope"}"#, Code::UnknownType),
        (r#"{"type":"JOIN"}"#, Code::UnknownType),
        (r#"{"type":"sync"}"#, Code::UnknownType),
        (r#"{"type":"leave","participantId":7}"#, Code::BadField),
        (r#"{"type":"join","participantId":"","participantName":"x","data":{}}"#, Code::BadField),
        (r#"{"type":"join","participantId":"a\u0000b","participantName":"x","data":{}}"#, Code::BadField),
        (r#"{"type":"leave","id":7}"#, Code::BadField),
        (r#"{"type":"leave","id":""}"#, Code::BadField),
        (r#"{"type":"join","data":{}}"#, Code::MissingField),
        (r#"{"type":"join","participantId":"asha"}"#, Code::MissingField),
        (r#"{"type":"join","participantId":"asha","data":[]}"#, Code::BadField),
        (r#"{"type":"join","participantId":"asha","participantName":1,"data":{}}"#, Code::BadField),
        (r#"{"type":"join","participantId":"asha","data":{"phone":1}}"#, Code::BadField),
        (r#"{"type":"add_item"}"#, Code::MissingField),
        (r#"{"type":"add_item","data":null}"#, Code::MissingField),
        (r#"{"type":"add_item","data":"x"}"#, Code::BadField),
        (r#"{"type":"add_item","data":{}}"#, Code::MissingField),
        (r#"{"type":"add_item","data":{"dishName":"x","price":1}}"#, Code::MissingField),
        (r#"{"type":"add_item","data":{"dishName":"x","quantity":1}}"#, Code::MissingField),
        (r#"{"type":"add_item","data":{"dishName":["x"],"quantity":1,"price":1}}"#, Code::BadField),
        (r#"{"type":"add_item","data":{"dishName":"\ud800","quantity":1,"price":1}}"#, Code::BadField),
        (r#"{"type":"remove_item","data":{}}"#, Code::MissingField),
        (r#"{"type":"remove_item","data":{"itemId":1}}"#, Code::BadField),
        (r#"{"type":"update_quantity","data":{"itemId":"i1"}}"#, Code::MissingField),
        (r#"{"type":"update_quantity","data":{"quantity":1}}"#, Code::MissingField),
        (r#"{"type":"update_split"}"#, Code::MissingField),
    ] {
        assert_eq!(table.refuse("asha", message).code(), code, "{message:.80}");
    }
    table.accept("asha", r#" {"type" : "leave", "data":null, "future":{"field":[1]}, "id":"c-1"} "#);
}

#[test]
fn a_participant_id_that_cannot_be_is_refused_in_every_message() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "10", "1");
    for kind in KINDS {
        for id in
            BAD_PARTICIPANT_IDS.map(str::to_owned).into_iter().chain([format!("\"{}\"", "p".repeat(129))])
        {
            let message = format!(r#"{{"type":"{kind}","participantId":{id},"data":{{"itemId":"i1"}}}}"#);
            let rejection = table.refuse("asha", &message);
            assert_eq!(rejection.code(), Code::BadField, "{message}");
            assert_eq!(rejection.field_name(), Some("participantId"), "{message}");
            assert!(rejection.what_was_expected().unwrap().contains("1 to 128 bytes"), "{message}");
        }
    }
    table.accept("asha", r#"{"type":"remove_item","participantId":null,"data":{"itemId":"i1"}}"#);
    let rejection = table.refuse("asha", r#"{"type":"join","participantId":null,"data":{}}"#);
    assert_eq!((rejection.code(), rejection.field_name()), (Code::MissingField, Some("participantId")));
}

#[test]
fn a_participant_id_that_cannot_be_is_refused_in_every_request() {
    let fresh = || ItemId::new("fresh").unwrap();
    for kind in ["history", "get_state", "get_bill", "get_checksum", "presence"] {
        for id in BAD_PARTICIPANT_IDS {
            let message = format!(r#"{{"type":"{kind}","id":"q","participantId":{id},"data":{{}}}}"#);
            let mut refused = vec![wire::v2::decode(&message, fresh).unwrap_err()];
            if kind == "history" {
                refused.push(wire::decode_any(&message, fresh).unwrap_err());
            }
            for Refused { id, rejection } in refused {
                assert_eq!(id.unwrap().as_str(), "q", "{message}");
                assert_eq!(
                    (rejection.code(), rejection.field_name()),
                    (Code::BadField, Some("participantId")),
                    "{message}"
                );
            }
        }
        let absent = format!(r#"{{"type":"{kind}","participantId":null,"data":{{}}}}"#);
        assert!(wire::v2::decode(&absent, fresh).is_ok(), "{absent}");
    }
}

/// The sender's name and time do not count outside a join, and there are clients that send all sorts.
#[test]
fn a_name_and_a_time_that_do_not_count_are_not_looked_at() {
    let mut table = Table::of(&["asha"]);
    for (number, odd) in ["7", "[]", "{}", "true", "null", "\"\"", "\"\\u0000\""].into_iter().enumerate() {
        let id = format!("i{number}");
        let data = format!(r#"{{"id":"{id}","dishName":"Dosa","price":10,"quantity":1}}"#);
        table.accept(
            "asha",
            &format!(r#"{{"type":"add_item","participantName":{odd},"timestamp":{odd},"data":{data}}}"#),
        );
    }
}

#[test]
fn a_refusal_repeats_none_of_what_was_sent() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "10", "1");
    let marker = "SECRET";
    for message in [
        format!(r#"{{"type":"{marker}"}}"#),
        format!(r#"{{"type":"add_item","data":{{"dishName":"{marker}","price":"{marker}","quantity":1}}}}"#),
        format!(r#"{{"type":"remove_item","data":{{"itemId":"{marker}"}}}}"#),
        format!(r#"{{"type":"leave","{marker}":1,"{marker}":2}}"#),
        split_message(&format!(r#"{{"splitType":"{marker}"}}"#)),
        split_message(&format!(r#"{{"splitType":"custom","amounts":{{"{marker}":1}}}}"#)),
        split_message(&format!(r#"{{"splitType":"custom","weights":{{"asha":"{marker}"}}}}"#)),
        split_message(&format!(r#"{{"splitType":"adjustments","adjustments":{{"{marker}":1}}}}"#)),
        split_message(&format!(r#"{{"splitType":"cover","covers":{{"asha":"{marker}"}}}}"#)),
        split_message(&format!(r#"{{"splitType":"cover","covers":{{"ben":"asha"}},"rest":"{marker}"}}"#)),
        claim_message(marker),
        unclaim_message(marker),
        assign_message(marker, "[]"),
        assign_message("i1", &format!(r#"["{marker}"]"#)),
        assign_message("i1", &format!(r#"{{"asha":"{marker}"}}"#)),
        charges_message(&format!(r#"{{"name":"{marker}","kind":"{marker}","percent":1}}"#)),
        charges_message(&format!(r#"{{"name":"{marker}","kind":"tax","percent":"{marker}"}}"#)),
        charges_message(&format!(r#"{{"name":"{marker}","kind":"tax","percent":101}}"#)),
        charges_message(&format!(
            r#"{{"name":"{marker}","kind":"discount","percent":1,"itemId":"{marker}"}}"#
        )),
        charges_message(&format!(r#"{{"name":"{marker}","kind":"fee","amount":1,"by":"{marker}"}}"#)),
        tip_message(&format!(r#""percent":"{marker}""#)),
        format!(r#"{{"type":"join","participantId":"asha","data":{{"currency":"{marker}"}}}}"#),
        format!("{marker}{marker}"),
    ] {
        let rejection = table.refuse("asha", &message);
        assert!(!format!("{rejection} {rejection:?}").contains(marker), "{rejection:?}");
    }
}

/// Every kind of command.
const KINDS: [&str; 24] = [
    "join",
    "add_item",
    "remove_item",
    "update_quantity",
    "claim_item",
    "unclaim_item",
    "assign_item",
    "set_charges",
    "set_tip",
    "waive_service",
    "record_payment",
    "update_payment",
    "refund_payment",
    "update_split",
    "undo",
    "set_ready",
    "lock_order",
    "unlock_order",
    "remove_participant",
    "hand_over",
    "set_limit",
    "set_deadline",
    "finalize",
    "leave",
];

/// Texts of JSON that are no participant's id.
const BAD_PARTICIPANT_IDS: [&str; 19] = [
    "7",
    "0",
    "-1.5e3",
    "true",
    "false",
    "[]",
    r#"["asha"]"#,
    "{}",
    r#"{"id":"asha"}"#,
    r#""""#,
    r#"" ""#,
    r#""asha ""#,
    r#"" asha""#,
    r#""a\u0000b""#,
    r#""as\nha""#,
    r#""asha\u200b""#,
    r#""\ufeffasha""#,
    r#""a\u202eb""#,
    r#""\ud800""#,
];
