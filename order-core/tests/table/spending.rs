//! Limits on what people may add: one person's own, the one for each, and the one of the table.

use order_core::{Code, Decision, stored, wire};

use crate::support::table::{
    LEAVE, Table, add_items_message, add_message, hand_over_message, limit_for_message, limit_message,
    quantity_message, remove_message,
};

const UNDO: &str = r#"{"type":"undo"}"#;

#[test]
fn the_limit_for_each_binds_everybody_at_the_table_and_those_who_join_later() {
    let mut table = Table::of(&["asha", "ben"]);
    table.accept("asha", &limit_for_message("each", "100"));
    table.join("chi");
    for guest in ["ben", "chi"] {
        // 60.50 of 100 leaves 39.50.
        table.add(guest, &format!("dosa-{guest}"), "60.50", "1");
        let refused = table.refuse(guest, &add_message("naan", "39.51", "1"));
        assert_limit(&refused, "the limit for each is 100, and 39.5 is left", (10_000, 3_950));
        table.add(guest, &format!("naan-{guest}"), "39.50", "1");
    }
    assert_eq!(table.order.total().minor_units(), 20_000);
}

#[test]
fn a_persons_own_limit_goes_before_the_one_for_each() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.accept("asha", &limit_for_message("each", "100"));
    table.accept("asha", &limit_message("ben", "300"));
    table.accept("asha", &limit_message("chi", "50"));
    table.add("ben", "thali", "250", "1");
    let refused = table.refuse("ben", &add_message("dosa", "80", "1"));
    assert_limit(&refused, "the limit of Name of ben is 300, and 50 is left", (30_000, 5_000));
    let refused = table.refuse("chi", &add_message("dosa", "80", "1"));
    assert_limit(&refused, "the limit of Name of chi is 50, and 50 is left", (5_000, 5_000));
    // Without limits of their own, they have the one for each.
    table.accept("asha", &limit_message("ben", "null"));
    table.accept("asha", &limit_message("chi", "null"));
    let refused = table.refuse("ben", &add_message("water", "1", "1"));
    assert_limit(&refused, "the limit for each is 100, and 0 is left", (10_000, 0));
    table.add("chi", "dosa", "80", "1");
}

#[test]
fn the_limit_of_the_table_is_on_all_dishes_beside_the_other_limits() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.accept("asha", &limit_for_message("table", "500"));
    table.accept("asha", &limit_for_message("each", "300"));
    table.add("asha", "thali", "250", "1");
    table.add("ben", "dosa", "80", "2");
    // 250 + 160 = 410.
    let refused = table.refuse("chi", &add_message("feast", "90.01", "1"));
    assert_limit(&refused, "the limit of the table is 500, and 90 is left", (50_000, 9_000));
    // 80 more for ben, who has 140 left, but 80 + 80 is above the 90 of the table.
    assert_eq!(table.refuse("ben", &quantity_message("dosa", "4")).code(), Code::OverLimit);
    table.accept("ben", &quantity_message("dosa", "3"));
    table.add("chi", "naan", "10", "1");
    assert_eq!(table.order.total().minor_units(), 50_000);
    assert_eq!(table.refuse("chi", &add_message("more", "0.01", "1")).code(), Code::OverLimit);
    table.add("chi", "tap-water", "0", "1");
    // Where both are passed, the refusal names the person's.
    let refused = table.refuse("chi", &add_message("gold", "1000", "1"));
    assert_limit(&refused, "the limit for each is 300, and 290 is left", (30_000, 29_000));
}

#[test]
fn neither_limit_binds_the_owner() {
    let mut table = Table::of(&["asha", "ben"]);
    table.accept("asha", &limit_for_message("each", "0"));
    table.accept("asha", &limit_for_message("table", "0"));
    table.add("asha", "thali", "250", "1");
    table.accept("asha", &quantity_message("thali", "3"));
    // More of the owner's dish is more for the owner: a guest cannot ask for it.
    assert_eq!(table.refuse("ben", &quantity_message("thali", "4")).code(), Code::OverLimit);
    table.accept("asha", &hand_over_message("ben"));
    assert_eq!(table.refuse("asha", &quantity_message("thali", "4")).code(), Code::OverLimit);
    table.add("ben", "dosa", "80", "1");
    table.accept("ben", LEAVE);
    table.add("asha", "naan", "40", "1");
}

#[test]
fn a_limit_below_what_is_there_takes_nothing_off_and_lets_less_be_ordered() {
    for whose in ["each", "table"] {
        let mut table = Table::of(&["asha", "ben"]);
        table.add("ben", "dosa", "80", "5");
        table.accept("asha", &limit_for_message(whose, "100"));
        assert_eq!(table.order.total().minor_units(), 40_000);
        let refused = table.refuse("ben", &add_message("naan", "1", "1"));
        assert_eq!(refused.passed_limit().unwrap().left.minor_units(), 0);
        table.accept("ben", &quantity_message("dosa", "4"));
        assert_eq!(table.refuse("ben", &quantity_message("dosa", "5")).code(), Code::OverLimit);
        table.accept("ben", &quantity_message("dosa", "1"));
        table.add("ben", "naan", "20", "1");
        table.accept("asha", &limit_for_message(whose, "null"));
        assert_eq!((table.order.limit_each(), table.order.limit_table()), (None, None));
        table.add("ben", "feast", "5000", "1");
    }
}

#[test]
fn several_dishes_at_once_are_within_the_limits_together_or_none_is_added() {
    for whose in ["each", "table"] {
        let mut table = Table::of(&["asha", "ben"]);
        table.accept("asha", &limit_for_message(whose, "100"));
        let dishes = |price| {
            ["a", "b"].map(|id| format!(r#""id":"{id}","dishName":"Dish","price":{price},"quantity":1"#))
        };
        let add = |price| add_items_message(&dishes(price).each_ref().map(String::as_str));
        assert_eq!(table.refuse("ben", &add("50.01")).code(), Code::OverLimit);
        table.accept("ben", &add("50"));
        assert_eq!(table.order.total().minor_units(), 10_000);
    }
}

#[test]
fn undo_brings_back_only_what_is_within_the_limits() {
    for whose in ["each", "table"] {
        for change in [remove_message("dosa"), quantity_message("dosa", "1")] {
            let mut table = Table::of(&["asha", "ben"]);
            table.add("ben", "dosa", "80", "2");
            table.accept("ben", &change);
            table.accept("asha", &limit_for_message(whose, "159.99"));
            assert_eq!(table.refuse("ben", UNDO).code(), Code::OverLimit, "{whose} {change}");
            table.accept("asha", &limit_for_message(whose, "160"));
            table.accept("ben", UNDO);
            assert_eq!(table.order.total().minor_units(), 16_000);
        }
    }
}

#[test]
fn a_limit_that_is_there_already_is_not_set_again() {
    for whose in ["each", "table"] {
        let mut table = Table::of(&["asha", "ben"]);
        let none = format!(r#"{{"type":"set_limit","data":{{"for":"{whose}"}}}}"#);
        assert_eq!(table.accept("asha", &none), Decision::Unchanged);
        table.accept("asha", &limit_for_message(whose, "5"));
        assert_eq!(table.accept("asha", &limit_for_message(whose, "5.00")), Decision::Unchanged);
        table.accept("asha", &none);
        assert_eq!(table.accept("asha", &none), Decision::Unchanged);
        assert_eq!(table.replayed(), table.order);
    }
}

#[test]
fn a_limit_of_somebody_else_than_one_person_each_or_the_table_is_refused() {
    let mut table = Table::of(&["asha", "ben"]);
    for (data, code, field) in [
        (r#"{"limit":5}"#, Code::MissingField, "data.participantId"),
        (r#"{"participantId":null,"for":null}"#, Code::MissingField, "data.participantId"),
        (r#"{"participantId":"ben","for":"each","limit":5}"#, Code::BadField, "data.for"),
        (r#"{"participantId":"ben","for":"nobody","limit":5}"#, Code::BadField, "data.for"),
        (r#"{"for":"Each","limit":5}"#, Code::BadField, "data.for"),
        (r#"{"for":"","limit":5}"#, Code::BadField, "data.for"),
        (r#"{"for":["each"],"limit":5}"#, Code::BadField, "data.for"),
        (r#"{"for":"each","limt":5}"#, Code::BadLimit, "data.limt"),
        (r#"{"for":"each","limit":-1}"#, Code::BadLimit, "data.limit"),
        (r#"{"for":"table","limit":0.001}"#, Code::BadLimit, "data.limit"),
        (r#"{"for":"table","limit":"5"}"#, Code::BadLimit, "data.limit"),
    ] {
        let refused = table.refuse("asha", &format!(r#"{{"type":"set_limit","data":{data}}}"#));
        assert_eq!((refused.code(), refused.field_name()), (code, Some(field)), "{data}");
    }
    for whose in ["each", "table"] {
        assert_eq!(table.refuse("ben", &limit_for_message(whose, "5")).code(), Code::NotOwner);
        assert!(table.say_from_backend(&limit_for_message(whose, "5")).is_ok());
    }
}

/// What knew only the limits of persons sees the bytes that it knows.
#[test]
fn where_only_persons_have_limits_nothing_says_of_others() {
    let mut table = Table::of(&["asha", "ben"]);
    let texts = |table: &Table| {
        let now = order_core::UnixMillis::new(1);
        [
            wire::sync(&table.order, &order_core::Presence::new(), now).text(),
            wire::v2::state_text(&table.order),
            String::from_utf8(table.bytes()).unwrap(),
        ]
    };
    table.accept("asha", &limit_message("ben", "5"));
    let before = texts(&table);
    for word in ["limitEach", "limitTable", "limit_each", "limit_table"] {
        assert!(before.iter().all(|text| !text.contains(word)), "{word}");
    }
    table.accept("asha", &limit_for_message("each", "6"));
    table.accept("asha", &limit_for_message("table", "7"));
    let [sync, state, snapshot] = texts(&table);
    for text in [sync, state] {
        assert!(text.contains(r#""limitEach":6,"limitTable":7"#), "{text}");
    }
    assert!(snapshot.contains(r#""limit_each":600,"limit_table":700"#), "{snapshot}");
    assert_eq!(stored::decode_order(snapshot.as_bytes()).as_ref(), Ok(&table.order));
    for limit in ["600", "700"] {
        let negative = snapshot.replacen(&format!(":{limit}"), &format!(":-{limit}"), 1);
        let damaged = stored::decode_order(negative.as_bytes());
        assert_eq!(damaged, Err(stored::StoredError::Damaged("limit")));
    }
}

fn assert_limit(refused: &order_core::Rejection, text: &str, (limit, left): (i64, i64)) {
    assert_eq!(refused.code(), Code::OverLimit);
    let passed = refused.passed_limit().unwrap();
    assert_eq!((passed.limit.minor_units(), passed.left.minor_units()), (limit, left));
    assert!(refused.to_string().contains(text), "{refused}");
}
