//! Ways to share a dish that are refused. `Table::refuse` asserts for each of them that the order, its
//! sequence number and its log stay exactly as they were.

use order_core::{Code, ParticipantId};

use crate::support::table::{
    FINALIZE, Table, assign_message, claim_message, remove_message, unclaim_message,
};

#[test]
fn only_a_weight_above_zero_is_a_part_of_a_dish() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "10", "1");
    for weight in [
        "0",
        "-0",
        "0e5",
        "-1",
        "-0.000001",
        "0.0000001",
        "1e-400",
        "1000000.1",
        "1e7",
        "1e308",
        "\"1\"",
        "true",
        "[1]",
        "{}",
    ] {
        let rejection = table.refuse("ben", &weighted(weight));
        assert_eq!(rejection.code(), Code::BadSplit, "{weight}");
        assert_eq!(rejection.field_name(), Some("data.weight"), "{weight}");
    }
    for (weight, millionths) in
        [("0.000001", 1), ("1000000", 1_000_000_000_000), ("2.50", 2_500_000), ("null", 1_000_000)]
    {
        table.accept("ben", &weighted(weight));
        assert_eq!(parts(&table, "i1"), [("asha".to_owned(), 1_000_000), ("ben".to_owned(), millionths)]);
    }
}

#[test]
fn a_dish_can_be_claimed_again_with_another_weight_but_only_be_given_up_once() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "10", "1");
    table.accept("ben", &weighted("2"));
    table.accept("ben", &weighted("3"));
    table.accept("ben", &weighted("3"));
    assert_eq!(parts(&table, "i1"), [("asha".to_owned(), 1_000_000), ("ben".to_owned(), 3_000_000)]);
    table.accept("ben", &unclaim_message("i1"));
    let rejection = table.refuse("ben", &unclaim_message("i1"));
    assert_eq!(rejection.code(), Code::NotClaimed);
    assert_eq!(rejection.to_string(), "You have not claimed this dish.");
    table.accept("asha", &unclaim_message("i1"));
    assert_eq!(table.refuse("asha", &unclaim_message("i1")).code(), Code::NotClaimed);
}

#[test]
fn a_dish_that_is_not_there_cannot_be_shared() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "10", "1");
    table.accept("asha", &remove_message("i1"));
    for item in ["i1", "nope"] {
        for message in [claim_message(item), unclaim_message(item), assign_message(item, "[]")] {
            let rejection = table.refuse("asha", &message);
            assert_eq!((rejection.code(), rejection.field_name()), (Code::ItemNotFound, Some("data.itemId")));
        }
    }
    for kind in ["claim_item", "unclaim_item", "assign_item"] {
        for (data, code) in [
            (r#"{"sharedBy":[]}"#, Code::MissingField),
            (r#"{"itemId":null,"sharedBy":[]}"#, Code::MissingField),
            (r#"{"itemId":1,"sharedBy":[]}"#, Code::BadField),
            (r#"{"itemId":"a b","sharedBy":[]}"#, Code::BadField),
            ("null", Code::MissingField),
            ("[]", Code::BadField),
        ] {
            let message = format!(r#"{{"type":"{kind}","data":{data}}}"#);
            assert_eq!(table.refuse("asha", &message).code(), code, "{message}");
        }
    }
}

#[test]
fn a_dish_is_shared_by_people_on_the_bill_each_once_and_one_at_least_has_part() {
    let mut table = Table::of(&["asha", "ben", "chi", "dev"]);
    table.add("asha", "i1", "10", "1");
    table.add("chi", "i2", "10", "1");
    table.leave("chi");
    table.leave("dev");
    let many = format!("[{}]", vec![r#""asha""#; 600].join(","));
    for (shared_by, code) in [
        (r#"["asha","asha"]"#, Code::ConflictingClaims),
        (r#"["asha","ben","asha"]"#, Code::ConflictingClaims),
        (&many, Code::ConflictingClaims),
        (r#"{"asha":1,"asha":2}"#, Code::DuplicateKey),
        (r#"["stranger"]"#, Code::UnknownParticipant),
        (r#"["asha","dev"]"#, Code::UnknownParticipant),
        (r#"{"asha":1,"dev":0}"#, Code::UnknownParticipant),
        (r#"[""]"#, Code::UnknownParticipant),
        (r#"["a\u0000b"]"#, Code::UnknownParticipant),
        (r#"{"":1}"#, Code::UnknownParticipant),
        (r#"{"asha":0}"#, Code::BadSplit),
        (r#"{"asha":0,"ben":-0}"#, Code::BadSplit),
        (r#"{"asha":1,"ben":-1}"#, Code::BadSplit),
        (r#"{"asha":0.0000001}"#, Code::BadSplit),
        (r#"{"asha":1000000.000001}"#, Code::BadSplit),
        (r#"{"asha":1e999999999}"#, Code::BadSplit),
        (r#"{"asha":null}"#, Code::BadSplit),
        (r#"{"asha":"1"}"#, Code::BadSplit),
        (r#"{"asha":true}"#, Code::BadSplit),
        (r#"{"asha":[1]}"#, Code::BadSplit),
        ("[1]", Code::BadField),
        ("[null]", Code::BadField),
        (r#"[["asha"]]"#, Code::BadField),
        (r#"["asha",{"ben":1}]"#, Code::BadField),
        (r#""asha""#, Code::BadField),
        ("1", Code::BadField),
        ("true", Code::BadField),
    ] {
        for message in [assign_message("i1", shared_by), add_shared("new", shared_by)] {
            assert_eq!(table.refuse("asha", &message).code(), code, "{message:.90}");
        }
    }
    let twice = table.refuse("asha", &assign_message("i1", r#"["asha","asha"]"#));
    assert_eq!(
        (twice.field_name(), twice.what_was_expected()),
        (Some("data.sharedBy"), Some("each person once"))
    );

    // A person who left but has a part in a dish can get a part in another.
    table.accept("asha", &assign_message("i1", r#"["chi","ben"]"#));
    table.accept("asha", &add_shared("i3", r#"{"chi":0.5,"ben":0}"#));
    assert_eq!(parts(&table, "i3"), [("chi".to_owned(), 500_000)]);
    // When adding, no `sharedBy` means one's own dish; when assigning, it is required.
    table.accept("asha", &add_shared("i4", "null"));
    assert_eq!(parts(&table, "i4"), [("asha".to_owned(), 1_000_000)]);
    assert_eq!(table.refuse("asha", &assign_message("i4", "null")).code(), Code::MissingField);
}

#[test]
fn a_dish_that_nobody_claims_stops_finalize_by_any_rule_until_somebody_does() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "10.25", "2");
    table.add("ben", "i2", "3", "1");
    table.accept("asha", &add_shared("i3", "[]"));
    table.accept("asha", &unclaim_message("i1"));
    for split in [
        r#"{"splitType":"equal"}"#,
        r#"{"splitType":"itemized"}"#,
        r#"{"splitType":"custom","weights":{"ben":1}}"#,
        r#"{"splitType":"adjustments","adjustments":{"ben":1}}"#,
        r#"{"splitType":"cover","covers":{"ben":"asha"}}"#,
    ] {
        table.split("asha", split);
        let rejection = table.refuse("ben", FINALIZE);
        assert_eq!(rejection.code(), Code::Unassigned, "{split}");
        assert_eq!(
            rejection.missing_amount().map(|(amount, _)| amount.minor_units()),
            Some(2_150),
            "{split}"
        );
        let text = rejection.to_string();
        assert!(text.contains("Dosa and 1 more, 21.5 in all"), "{text}");
    }
    table.accept("ben", &claim_message("i3"));
    let text = table.refuse("ben", FINALIZE).to_string();
    assert!(text.contains("Dosa") && !text.contains("more") && text.contains("20.5"), "{text}");
    table.accept("asha", &remove_message("i1"));
    table.accept("ben", FINALIZE);
}

fn weighted(weight: &str) -> String {
    format!(r#"{{"type":"claim_item","data":{{"itemId":"i1","weight":{weight}}}}}"#)
}

fn add_shared(id: &str, shared_by: &str) -> String {
    format!(
        r#"{{"type":"add_item","data":{{"id":"{id}","dishName":"Naan","price":1,"quantity":1,"sharedBy":{shared_by}}}}}"#
    )
}

/// The claims on a dish, in millionths of a weight.
fn parts(table: &Table, item: &str) -> Vec<(String, u64)> {
    let item = table.order.items().find(|other| other.id().as_str() == item).unwrap();
    let id = |id: &ParticipantId| id.as_str().to_owned();
    table.order.shared_by(item).map(|(person, weight)| (id(person.id()), weight.millionths())).collect()
}
