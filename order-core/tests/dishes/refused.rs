//! Dishes that are refused, and how their texts are cleaned. `Table::refuse` asserts for each of them that the order, its
//! sequence number and its log stay exactly as they were.

use order_core::Code;

use crate::support::table::{Table, add_message, quantity_message, remove_message};

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
