//! Invalid dishes, prices, shares and tips.

use super::Cases;

pub(super) fn prices(cases: &mut Cases) {
    let dish = |price: &str, quantity: &str| {
        format!(r#"{{"dishName":"Dal","price":{price},"quantity":{quantity}}}"#)
    };
    for price in [
        "-1",
        "-0.01",
        "0.001",
        "99.999",
        "1e-400",
        "1e400",
        "1e999999999",
        "-1e999999999",
        "10000000",
        "9999999.991",
        "1e7",
        "12345678901234567890",
        "0.30000000000000004",
        "299.99000000000001",
        "1e-3",
        r#""100""#,
        "[100]",
        r#"{"amount":1}"#,
        "true",
        "null",
    ] {
        cases.both("a price", "bad_price", "add_item", &dish(price, "1"));
    }
    for quantity in
        ["0", "-1", "1.5", "1000", "1e9", "1e-1", r#""2""#, "[2]", "{}", "false", "null", "999.9999999999"]
    {
        cases.both("a quantity", "bad_quantity", "add_item", &dish("1", quantity));
    }
    for quantity in ["-1", "0.5", "1000", "1e300", r#""1""#, "[]", "null"] {
        cases.both(
            "a quantity",
            "bad_quantity",
            "update_quantity",
            &format!(r#"{{"itemId":"dal","quantity":{quantity}}}"#),
        );
    }
    for missing in [
        r#"{"price":1,"quantity":1}"#,
        r#"{"dishName":"Dal","quantity":1}"#,
        r#"{"dishName":"Dal","price":1}"#,
        "{}",
    ] {
        cases.both("a dish without all that it needs", "missing_field", "add_item", missing);
    }
}

pub(super) fn ids_and_texts(cases: &mut Cases) {
    let dish = |more: &str| format!(r#"{{"dishName":"Dal","price":1,"quantity":1,{more}}}"#);
    // Adding a dish again must not change its price.
    for id in ["dal", "naan", "lassi"] {
        cases.both("an id that is taken", "item_id_taken", "add_item", &dish(&format!(r#""id":"{id}""#)));
    }
    for id in [
        "",
        "a b",
        "a\\\"b",
        "a'b",
        "<b>",
        "a\\\\b",
        "d\\u00e4l",
        "a\\u0000",
        "`id`",
        "a\\nb",
        "\\ud83c\\udf5b",
    ] {
        cases.both("an id that cannot be", "bad_field", "add_item", &dish(&format!(r#""id":"{id}""#)));
    }
    cases.both(
        "an id that is too long",
        "bad_field",
        "add_item",
        &dish(&format!(r#""id":"{}""#, "x".repeat(65))),
    );
    for kind in ["remove_item", "claim_item", "unclaim_item"] {
        for id in ["nope", "DAL", "__proto__", "0"] {
            cases.both(
                "a dish that is not there",
                "item_not_found",
                kind,
                &format!(r#"{{"itemId":"{id}"}}"#),
            );
        }
        cases.both("no dish", "missing_field", kind, "{}");
    }
    for name in
        ["", " ", "\\u200b", "\\u202e\\u202e", "\\u0000\\u0007", "\\ufeff", "\\u2066\\u2069", "\\r\\n\\t"]
    {
        cases.both(
            "a name of nothing",
            "bad_text",
            "add_item",
            &format!(r#"{{"dishName":"{name}","price":1,"quantity":1}}"#),
        );
    }
    for name in ["\\ud800", "a\\udfffb", "\\udc00\\ud800"] {
        let dish = format!(r#"{{"dishName":"{name}","price":1,"quantity":1}}"#);
        cases.both("half a surrogate pair", "bad_field", "add_item", &dish);
    }
    let long = "n".repeat(121);
    cases.both(
        "a name that is too long",
        "bad_text",
        "add_item",
        &format!(r#"{{"dishName":"{long}","price":1,"quantity":1}}"#),
    );
    cases.both(
        "a note that is too long",
        "bad_text",
        "add_item",
        &dish(&format!(r#""customization":"{}""#, "c".repeat(501))),
    );
    cases.both(
        "a kind that is too long",
        "bad_text",
        "add_item",
        &dish(&format!(r#""dishType":"{}""#, "t".repeat(41))),
    );
}

pub(super) fn splits(cases: &mut Cases) {
    for data in [
        r#"{"splitType":"custom","amounts":{"asha-4711-id":-1,"eve":261}}"#,
        r#"{"splitType":"custom","amounts":{"asha-4711-id":0.001}}"#,
        r#"{"splitType":"custom","percentages":{"asha-4711-id":101}}"#,
        r#"{"splitType":"custom","percentages":{"asha-4711-id":150,"eve":-50}}"#,
        r#"{"splitType":"custom","percentages":{"asha-4711-id":99.9999}}"#,
        r#"{"splitType":"custom","weights":{"asha-4711-id":0}}"#,
        r#"{"splitType":"custom","weights":{"asha-4711-id":-1}}"#,
        r#"{"splitType":"custom","weights":{"asha-4711-id":1e7}}"#,
        r#"{"splitType":"custom","weights":{"asha-4711-id":0.0000001}}"#,
        r#"{"splitType":"custom","weights":{"asha-4711-id":1},"amounts":{"asha-4711-id":260}}"#,
        r#"{"splitType":"equal","amounts":{"asha-4711-id":260}}"#,
    ] {
        cases.both("a split that cannot be", "bad_split", "update_split", data);
    }
    for data in [
        r#"{"splitType":"custom","amounts":{"asha-4711-id":1}}"#,
        r#"{"splitType":"custom","amounts":{"asha-4711-id":1000000}}"#,
    ] {
        cases.both("a split that does not add up", "unallocated", "update_split", data);
    }
    for data in [
        r#"{"splitType":"custom","weights":{"nobody":1}}"#,
        r#"{"splitType":"custom","percentages":{"__proto__":100}}"#,
        r#"{"splitType":"custom","amounts":{"":260}}"#,
        r#"{"splitType":"cover","covers":{"nobody":"eve"}}"#,
    ] {
        cases.both("a split with somebody who is not there", "unknown_participant", "update_split", data);
    }
    cases.both(
        "who pays for each other",
        "conflicting_claims",
        "update_split",
        r#"{"splitType":"cover","covers":{"eve":"asha-4711-id","asha-4711-id":"eve"}}"#,
    );
    cases.both("no split", "missing_field", "update_split", "{}");
    for kind in [r#""half""#, "7", "[]"] {
        cases.both(
            "a split of another kind",
            "bad_field",
            "update_split",
            &format!(r#"{{"splitType":{kind}}}"#),
        );
    }
    for weight in ["0", "-1", "1e7", "0.0000001", r#""1""#, "[]"] {
        cases.both(
            "a part that cannot be",
            "bad_split",
            "claim_item",
            &format!(r#"{{"itemId":"dal","weight":{weight}}}"#),
        );
    }
    let dish =
        |shared_by: &str| format!(r#"{{"dishName":"Dal","price":1,"quantity":1,"sharedBy":{shared_by}}}"#);
    for shared_by in [r#"["nobody"]"#, r#"{"nobody":1}"#, r#"["eve","eve\u200b"]"#, r#"[""]"#] {
        cases.both(
            "a dish of somebody who is not there",
            "unknown_participant",
            "add_item",
            &dish(shared_by),
        );
    }
    cases.both("a dish of one person twice", "conflicting_claims", "add_item", &dish(r#"["eve","eve"]"#));
    for shared_by in ["7", r#""eve""#, "[7]", "[[]]", "[null]"] {
        cases.both("people who are none", "bad_field", "add_item", &dish(shared_by));
    }
}

pub(super) fn charges_and_payments(cases: &mut Cases) {
    for tip in [
        r#"{"amount":-1}"#,
        r#"{"amount":0.001}"#,
        r#"{"percent":101}"#,
        r#"{"percent":-1}"#,
        r#"{"percent":1e-7}"#,
        r#"{"amount":"5"}"#,
        r#"{"amount":5,"percent":5}"#,
    ] {
        cases.both("a tip that cannot be", "bad_charge", "set_tip", tip);
    }
    for waived in ["1", r#""true""#, "[]"] {
        cases.both("neither yes nor no", "bad_field", "waive_service", &format!(r#"{{"waived":{waived}}}"#));
    }
    cases.both("neither yes nor no", "missing_field", "set_ready", "{}");
}
