//! Bills as lines of JSON, and the answers to them.

use order_core::MAX_ITEM_ID_BYTES;
use order_core::wire::{BillLine, MAX_BILL_ITEMS, MAX_BILL_PEOPLE};
use serde_json::{Value, json};

#[test]
fn a_total_is_answered_by_one_line_with_all_digits_of_the_currency() {
    let line = r#"{"orderId":"o1","currency":"INR","participants":["ben","asha"],"total":"100.1"}"#;
    assert_eq!(
        answer(line),
        r#"{"orderId":"o1","total":"100.10","amountDue":"100.10","shares":["#.to_owned()
            + r#"{"participantId":"ben","amount":"50.05","lines":[{"name":"Dishes","amount":"50.05"}]},"#
            + r#"{"participantId":"asha","amount":"50.05","lines":[{"name":"Dishes","amount":"50.05"}]}],"#
            + r#""lines":[{"name":"Dishes","amount":"100.10"}]}"#
    );
}

#[test]
fn an_order_id_comes_back_only_if_it_was_given() {
    assert_eq!(divided(&json!({"orderId": "o1", "participants": ["a"], "total": "1"}))["orderId"], "o1");
    assert_eq!(divided(&json!({"participants": ["a"], "total": "1"})).get("orderId"), None);
    let refused = refused(&json!({"orderId": "o1", "participants": [], "total": "1"}));
    assert_eq!(refused["orderId"], "o1");
}

#[test]
fn the_order_id_decides_who_gets_an_odd_unit() {
    let first = |order: String| {
        let bill = json!({"orderId": order, "participants": ["a", "b"], "total": "0.01"});
        amounts(&divided(&bill))[0] == "0.01"
    };
    let favoured = (0..100).filter(|number| first(format!("o{number}"))).count();
    assert!((20..80).contains(&favoured), "{favoured} of 100");
}

#[test]
fn participants_keep_their_order_and_pay_the_same_in_any_other() {
    let (there, back) = (["d", "a", "c", "b"], ["b", "c", "a", "d"]);
    let bill = |people: [&str; 4]| divided(&json!({"participants": people, "total": "100.02"}));
    let (there, mut back) = (shares(&bill(there)), shares(&bill(back)));
    assert_eq!(there.iter().map(|(id, _)| id.as_str()).collect::<String>(), "dacb");
    back.reverse();
    assert_eq!(there, back);
}

#[test]
fn numbers_are_strings_or_json_numbers_and_both_are_exact() {
    for total in ["100.00", "\"100.00\"", "\"1e2\"", "1e2", "100.0000000", "\"\\u0031\\u0030\\u0030\""] {
        let answer = answer(&format!(r#"{{"participants":["a"],"total":{total}}}"#));
        assert!(answer.contains(r#""amountDue":"100.00""#), "{total}: {answer}");
    }
    for total in [
        "299.99000000000001",
        "\"299.99000000000001\"",
        "1e-400",
        "0.001",
        "\"1_000\"",
        "\" 1\"",
        "\"+5\"",
        "\"\"",
        "true",
        "[]",
        "1e40",
        "\"١\"",
        "\"NaN\"",
    ] {
        let line = format!(r#"{{"participants":["a"],"total":{total}}}"#);
        assert_eq!(code(&refusal(&line)), ("bad_price", "total"), "{total}");
    }
}

#[test]
fn every_number_of_a_bill_may_be_a_string() {
    let bill = |number: fn(&str) -> Value| {
        json!({
            "participants": ["a", "b"], "minorDigits": number("3"), "roundTo": number("0.01"),
            "items": [
                {"id": "x", "price": number("1.005"), "quantity": number("3"), "sharedBy": {"a": number("1.5"), "b": number("2")}},
                {"id": "y", "price": number("-0.5"), "addedBy": "b"},
            ],
            "total": number("2.515"),
            "split": {"type": "custom", "percentages": {"a": number("12.5"), "b": number("87.5")}},
            "charges": [
                {"name": "GST", "kind": "tax", "percent": number("5")},
                {"name": "fee", "kind": "fee", "amount": number("0.3")},
            ],
        })
    };
    let as_text = answer(&bill(|number| json!(number)).to_string());
    let as_number = answer(&bill(|number| serde_json::from_str(number).unwrap()).to_string());
    assert_eq!(as_text, as_number);
    assert!(as_text.contains(r#""amountDue":"2.940""#), "{as_text}");
}

#[test]
fn a_currency_has_the_digits_of_iso_4217_or_those_that_are_given() {
    let due = |currency: &Value, total: &str| {
        let mut bill = json!({"participants": ["a", "b", "c"], "total": total});
        bill.as_object_mut().unwrap().extend(currency.as_object().unwrap().clone());
        divided(&bill)["amountDue"].as_str().unwrap().to_owned()
    };
    for (currency, total, due_then) in [
        (json!({}), "10", "10.00"),
        (json!({"currency": "JPY"}), "10", "10"),
        (json!({"currency": "INR"}), "10", "10.00"),
        (json!({"currency": "KWD"}), "10", "10.000"),
        (json!({"currency": "CLF"}), "10.0001", "10.0001"),
        (json!({"minorDigits": 0}), "10", "10"),
        (json!({"minorDigits": "1"}), "10.1", "10.1"),
        (json!({"minorDigits": 4}), "0.0001", "0.0001"),
        (json!({"currency": "KWD", "minorDigits": 3}), "1", "1.000"),
    ] {
        assert_eq!(due(&currency, total), due_then, "{currency}");
    }
    for (bill, code_and_field) in [
        (json!({"currency": "KWD", "minorDigits": 2}), ("bad_currency", "minorDigits")),
        (json!({"minorDigits": 5}), ("bad_currency", "minorDigits")),
        (json!({"minorDigits": -1}), ("bad_currency", "minorDigits")),
        (json!({"minorDigits": "2.5"}), ("bad_currency", "minorDigits")),
        (json!({"minorDigits": "many"}), ("bad_currency", "minorDigits")),
        (json!({"currency": "inr"}), ("bad_currency", "currency")),
        (json!({"currency": "XAU"}), ("bad_currency", "currency")),
        (json!({"currency": 356}), ("bad_field", "currency")),
    ] {
        assert_eq!(code(&refused(&bill)), code_and_field, "{bill}");
    }
    for (currency, total) in [("JPY", "1.5"), ("INR", "1.005"), ("KWD", "1.0005"), ("CLF", "1.00005")] {
        let bill = json!({"currency": currency, "participants": ["a"], "total": total});
        assert_eq!(code(&refused(&bill)), ("bad_price", "total"), "{currency}");
    }
}

#[test]
fn a_bill_below_zero_mirrors_the_one_above() {
    let splits = [
        json!({"type": "equal"}),
        json!({"type": "itemized"}),
        json!({"type": "custom", "weights": {"a": "1", "b": "0.5", "c": 7}}),
        json!({"type": "custom", "percentages": {"a": "33.333333", "b": "33.333333", "c": "33.333334"}}),
        json!({"type": "custom", "amounts": {"a": "±0.01", "c": "±30.04"}}),
        json!({"type": "adjustments", "adjustments": {"b": "±7.77"}}),
        json!({"type": "cover", "covers": {"a": "c"}, "rest": "itemized"}),
    ];
    for split in splits {
        let bill = json!({
            "participants": ["a", "b", "c"],
            "items": [
                {"id": "x", "price": "±10.01", "quantity": 2, "addedBy": "a"},
                {"id": "y", "price": "±10.03", "sharedBy": ["a", "b", "c"]},
            ],
            "split": split,
            "charges": [
                {"name": "GST", "kind": "tax", "percent": "2.5"},
                {"name": "off", "kind": "discount", "amount": "±1.01"},
                {"name": "tip", "kind": "tip", "amount": "±3", "participantId": "b"},
                {"name": "fee", "kind": "fee", "amount": "±1"},
            ],
            "roundTo": "0.5",
        })
        .to_string();
        let above = answer(&bill.replace('±', ""));
        let below: Value = serde_json::from_str(&answer(&bill.replace('±', "-"))).unwrap();
        assert!(above.contains(r#""total":"30.05""#), "{above}");
        let mut mirrored: Value = serde_json::from_str(&above).unwrap();
        mirror(&mut mirrored);
        assert_eq!(below, mirrored, "{split}");
    }
}

#[test]
fn of_one_unit_among_ninety_seven_one_pays_it_and_the_others_nothing() {
    let people: Vec<_> = (0..97).map(|number| format!("p{number}")).collect();
    let answer = divided(&json!({"participants": people, "total": "0.01"}));
    let mut amounts = amounts(&answer);
    amounts.sort();
    assert_eq!(amounts.len(), 97);
    assert_eq!((amounts[95].as_str(), amounts[96].as_str()), ("0.00", "0.01"));
    let lines = |share: &Value| share["lines"].as_array().unwrap().len();
    assert_eq!(answer["shares"].as_array().unwrap().iter().map(lines).sum::<usize>(), 1);
}

#[test]
fn nothing_is_divided_into_nothing() {
    for split in [
        json!({"type": "equal"}),
        json!({"type": "itemized"}),
        json!({"type": "custom", "weights": {"a": 1}}),
        json!({"type": "custom", "amounts": {"a": "0.00"}}),
        json!({"type": "adjustments", "adjustments": {"a": 0}}),
        json!({"type": "cover", "covers": {"a": "b"}}),
    ] {
        for what in [json!({"total": "0"}), json!({"items": []}), json!({"items": [], "total": 0})] {
            let mut bill = what;
            bill["participants"] = json!(["a", "b"]);
            bill["split"] = split.clone();
            let answer = divided(&bill);
            assert_eq!(answer["amountDue"], "0.00");
            assert_eq!(amounts(&answer), ["0.00", "0.00"], "{bill}");
        }
    }
}

#[test]
fn one_person_pays_all_and_nobody_is_refused() {
    assert_eq!(
        amounts(&divided(&json!({"participants": ["a"], "total": "9999999999.99"}))),
        ["9999999999.99"]
    );
    let answer = refused(&json!({"participants": [], "total": "1"}));
    assert_eq!(code(&answer), ("nobody_to_pay", "participants"));
}

#[test]
fn each_pays_for_what_is_theirs_and_what_is_nobodys_is_told() {
    let answer = divided(&json!({
        "participants": ["a", "b", "c"],
        "items": [
            {"id": "Masala Dosa", "price": "10.50", "quantity": 3, "addedBy": "a"},
            {"id": "naan", "price": "6", "addedBy": "a", "sharedBy": ["b", "c"]},
            {"id": "wine", "price": "9", "sharedBy": {"a": "2", "b": "1", "c": 0}},
            {"id": "left", "price": "4"},
            {"id": "refused", "price": "5", "addedBy": "a", "sharedBy": []},
            {"id": "free", "price": "0", "addedBy": null, "sharedBy": {}},
        ],
        "split": {"type": "itemized"},
    }));
    assert_eq!(answer["total"], "55.50");
    assert_eq!(amounts(&answer), ["37.50", "6.00", "3.00"]);
    assert_eq!(
        answer["shares"][0]["lines"],
        json!([{"name": "Masala Dosa", "amount": "31.50"}, {"name": "wine", "amount": "6.00"}])
    );
    assert_eq!(answer["unassigned"], "9.00");
    assert_eq!(answer["unassignedItems"], json!(["left", "refused", "free"]));
}

#[test]
fn whose_a_dish_is_means_nothing_where_all_is_shared_alike() {
    let bill = json!({
        "participants": ["a", "b"],
        "items": [{"id": "x", "price": "3", "addedBy": "a"}, {"id": "left", "price": "4"}],
    });
    let answer = divided(&bill);
    assert_eq!(amounts(&answer), ["3.50", "3.50"]);
    assert_eq!((answer.get("unassigned"), answer.get("unassignedItems")), (None, None));
}

#[test]
fn a_total_alone_is_nobodys_where_each_pays_for_their_own_dishes() {
    let answer = divided(&json!({"participants": ["a", "b"], "total": "10", "split": {"type": "itemized"}}));
    assert_eq!(amounts(&answer), ["0.00", "0.00"]);
    assert_eq!(answer["unassigned"], "10.00");
    // It is not an item that a client could look up.
    assert_eq!(answer.get("unassignedItems"), None);
}

#[test]
fn every_type_of_split_divides() {
    for (split, expected) in [
        (json!({"type": "equal"}), ["33.34", "33.33", "33.33"]),
        (json!({"type": "itemized"}), ["60.00", "25.00", "15.00"]),
        (json!({"type": "custom", "amounts": {"a": "99.99", "c": "0.01"}}), ["99.99", "0.00", "0.01"]),
        (json!({"type": "custom", "percentages": {"a": 12.5, "b": 87.5}}), ["12.50", "87.50", "0.00"]),
        (json!({"type": "custom", "weights": {"a": "0.5", "b": 2, "c": "2.5"}}), ["10.00", "40.00", "50.00"]),
        (json!({"type": "adjustments", "adjustments": {"b": "10"}}), ["30.00", "40.00", "30.00"]),
        (json!({"type": "cover", "covers": {"a": "b"}, "rest": "itemized"}), ["0.00", "85.00", "15.00"]),
    ] {
        let bill = json!({
            "participants": ["a", "b", "c"],
            "items": [
                {"id": "x", "price": "50", "addedBy": "a"},
                {"id": "y", "price": "20", "sharedBy": ["a", "b"]},
                {"id": "z", "price": "30", "sharedBy": ["b", "c"]},
            ],
            "split": split,
        });
        let mut actual = amounts(&divided(&bill));
        let mut expected = expected.map(str::to_owned);
        if split["type"] == "equal" {
            // Another test checks who gets the odd unit.
            actual.sort();
            expected.sort();
        }
        assert_eq!(actual, expected, "{split}");
    }
    let cover =
        json!({"participants": ["a", "b"], "total": "9", "split": {"type": "cover", "covers": {"a": "b"}}});
    assert_eq!(amounts(&divided(&cover)), ["0.00", "9.00"]);
}

#[test]
fn a_split_that_is_none_is_refused_with_what_is_missing() {
    for (split, code_and_field) in [
        (json!("equal"), ("bad_field", "split")),
        (json!({}), ("missing_field", "split.type")),
        (json!({"type": "fair"}), ("bad_field", "split.type")),
        (json!({"type": "custom"}), ("missing_field", "split.amounts")),
        (json!({"type": "custom", "amounts": {}}), ("bad_split", "")),
        (json!({"type": "custom", "amounts": {"a": 10}, "weights": {"a": 1}}), ("bad_split", "split")),
        (json!({"type": "custom", "amounts": [10]}), ("bad_field", "split.amounts")),
        (json!({"type": "custom", "amounts": {"a": "ten"}}), ("bad_split", "split.amounts")),
        (json!({"type": "custom", "amounts": {"a": "9.995", "b": "0.005"}}), ("bad_split", "split.amounts")),
        (json!({"type": "custom", "amounts": {"a": "11", "b": "-1"}}), ("bad_split", "split.amounts")),
        (json!({"type": "custom", "amounts": {"zed": "10"}}), ("unknown_participant", "split.amounts")),
        (json!({"type": "custom", "percentages": {"a": "99.99"}}), ("bad_split", "split.percentages")),
        (
            json!({"type": "custom", "percentages": {"a": "50", "b": "50.01"}}),
            ("bad_split", "split.percentages"),
        ),
        (json!({"type": "custom", "percentages": {"a": "100.01"}}), ("bad_split", "split.percentages")),
        (json!({"type": "custom", "weights": {"a": "-1", "b": 2}}), ("bad_split", "split.weights")),
        (json!({"type": "custom", "weights": {"a": 0, "b": 0}}), ("bad_split", "split.weights")),
        (json!({"type": "custom", "weights": {"a": "0.0000001"}}), ("bad_split", "split.weights")),
        (json!({"type": "custom", "weights": {"zed": 1}}), ("unknown_participant", "split.weights")),
        (json!({"type": "equal", "weights": {"a": 1}}), ("bad_split", "split.weights")),
        (
            json!({"type": "custom", "weights": {"a": 1}, "adjustments": {"a": 1}}),
            ("bad_split", "split.adjustments"),
        ),
        (json!({"type": "itemized", "rest": "equal"}), ("bad_split", "split.rest")),
        (json!({"type": "adjustments"}), ("missing_field", "split.adjustments")),
        (json!({"type": "adjustments", "adjustments": {"a": "-1"}}), ("bad_split", "split.adjustments")),
        (json!({"type": "cover"}), ("missing_field", "split.covers")),
        (json!({"type": "cover", "covers": {"a": "zed"}}), ("unknown_participant", "split.covers")),
        (json!({"type": "cover", "covers": {"zed": "a"}}), ("unknown_participant", "split.covers")),
        (json!({"type": "cover", "covers": {"a": "b", "b": "a"}}), ("conflicting_claims", "split.covers")),
        (json!({"type": "cover", "covers": {"a": 1}}), ("bad_field", "split.covers")),
        (json!({"type": "cover", "covers": {"a": "b"}, "rest": "fair"}), ("bad_field", "split.rest")),
    ] {
        let bill = json!({"participants": ["a", "b"], "total": "10", "split": split});
        assert_eq!(code(&refused(&bill)), code_and_field, "{split}");
    }
}

#[test]
fn shares_that_miss_the_total_say_by_how_much() {
    for (total, shares, missing) in [
        ("10", json!({"type": "custom", "amounts": {"a": "4", "b": "5.5"}}), "0.50"),
        ("10", json!({"type": "custom", "amounts": {"a": "4", "b": "6.01"}}), "-0.01"),
        ("-10", json!({"type": "custom", "amounts": {"a": "-4"}}), "-6.00"),
        ("10", json!({"type": "adjustments", "adjustments": {"a": "12.5"}}), "-2.50"),
    ] {
        let answer = refused(&json!({"participants": ["a", "b"], "total": total, "split": shares}));
        assert_eq!(answer["error"]["code"], "unallocated");
        assert_eq!(answer["error"]["unallocated"], missing, "{shares}");
    }
}

#[test]
fn a_total_beside_items_must_be_their_sum() {
    let bill = |total: &str| json!({"participants": ["a"], "items": [{"id": "x", "price": "4.50", "quantity": 2}], "total": total});
    assert_eq!(divided(&bill("9.0"))["total"], "9.00");
    for (total, difference, said) in [("10", "1.00", "1 more"), ("8.99", "-0.01", "0.01 less")] {
        let answer = refused(&bill(total));
        assert_eq!(code(&answer), ("bad_field", "total"));
        assert_eq!(answer["error"]["unallocated"], difference);
        assert!(answer["error"]["message"].as_str().unwrap().contains(said), "{answer}");
    }
    assert_eq!(code(&refused(&json!({"participants": ["a"]}))), ("missing_field", "items"));
    let nulls = json!({"participants": ["a"], "items": null, "total": null});
    assert_eq!(code(&refused(&nulls)), ("missing_field", "items"));
}

#[test]
fn gst_is_rounded_head_by_head_and_the_whole_to_the_rupee() {
    let answer = divided(&json!({
        "participants": ["ann", "ben"],
        "items": [
            {"id": "thali", "price": "180.50", "addedBy": "ann"},
            {"id": "naan", "price": "60.25", "sharedBy": ["ann", "ben"]},
        ],
        "split": {"type": "itemized"},
        "charges": [
            {"name": "CGST", "kind": "tax", "percent": "2.5"},
            {"name": "SGST", "kind": "tax", "percent": "2.5"},
        ],
        "roundTo": "1.00",
    }));
    assert_eq!((&answer["total"], &answer["amountDue"]), (&json!("240.75"), &json!("253.00")));
    assert_eq!(
        answer["lines"],
        json!([
            {"name": "thali", "amount": "180.50"},
            {"name": "naan", "amount": "60.25"},
            {"name": "CGST", "amount": "6.02"},
            {"name": "SGST", "amount": "6.02"},
            {"name": "Round-off", "amount": "0.21"},
        ])
    );
    assert_eq!(amounts(&answer), ["221.34", "31.66"]);
}

#[test]
fn every_kind_of_charge_is_read() {
    let answer = divided(&json!({
        "participants": ["a", "b"],
        "items": [
            {"id": "dal", "price": "105", "addedBy": "a", "dishType": "veg"},
            {"id": "rum & coke", "price": "220", "addedBy": "b", "dishType": " drink "},
        ],
        "split": {"type": "itemized"},
        "charges": [
            {"name": "GST", "kind": "tax", "percent": "5", "inclusive": true, "dishTypes": ["veg"]},
            {"name": "VAT", "kind": "tax", "percent": "10", "dishTypes": ["drink"]},
            {"name": "Happy hour", "kind": "discount", "amount": "20", "itemId": "rum & coke"},
            {"name": "Voucher", "kind": "discount", "percent": "0"},
            {"name": "Service", "kind": "service", "percent": "10"},
            {"name": "Cover charge", "kind": "service", "amount": "6.10", "optional": false},
            {"name": "Delivery", "kind": "fee", "amount": "30"},
            {"name": "Packing", "kind": "fee", "amount": "3.05", "by": "share"},
            {"name": "Kitchen", "kind": "tip", "amount": "8", "by": "head"},
            {"name": "Mine", "kind": "tip", "percent": "10", "participantId": "a"},
        ],
        "withoutService": ["a"],
    }));
    assert_eq!(answer["total"], "325.00");
    assert_eq!(
        answer["shares"][0]["lines"],
        json!([
            {"name": "dal", "amount": "105.00"},
            {"name": "Cover charge", "amount": "2.10"},
            {"name": "Delivery", "amount": "15.00"},
            {"name": "Packing", "amount": "1.05"},
            {"name": "Kitchen", "amount": "4.00"},
            {"name": "Tip", "amount": "10.50"},
        ])
    );
    assert_eq!(
        answer["shares"][1]["lines"],
        json!([
            {"name": "rum & coke", "amount": "220.00"},
            {"name": "VAT", "amount": "20.00"},
            {"name": "Happy hour", "amount": "-20.00"},
            {"name": "Service", "amount": "20.00"},
            {"name": "Cover charge", "amount": "4.00"},
            {"name": "Delivery", "amount": "15.00"},
            {"name": "Packing", "amount": "2.00"},
            {"name": "Kitchen", "amount": "4.00"},
        ])
    );
    assert_eq!(answer["included"], json!([{"name": "GST", "amount": "5.00"}]));
    assert_eq!(answer["shares"][0]["included"], json!([{"name": "GST", "amount": "5.00"}]));
    assert_eq!(answer["shares"][1].get("included"), None);
}

#[test]
fn a_charge_that_cannot_be_is_refused_with_its_place() {
    for (charge, code_and_field) in [
        (json!(1), ("bad_field", "charges")),
        (json!({"kind": "tax", "percent": 5}), ("missing_field", "charges[1].name")),
        (json!({"name": "x", "percent": 5}), ("missing_field", "charges[1].kind")),
        (json!({"name": "x", "kind": "bribe", "percent": 5}), ("bad_field", "charges[1].kind")),
        (json!({"name": "x", "kind": "tax"}), ("missing_field", "charges[1].percent")),
        (
            json!({"name": "x", "kind": "tax", "percent": 5, "amount": 5}),
            ("bad_charge", "charges[1].percent"),
        ),
        (json!({"name": "x", "kind": "tax", "percent": "100.01"}), ("bad_charge", "charges[1].percent")),
        (json!({"name": "x", "kind": "tax", "percent": "-5"}), ("bad_charge", "charges[1].percent")),
        (json!({"name": "x", "kind": "tax", "percent": "five"}), ("bad_charge", "charges[1].percent")),
        (json!({"name": "x", "kind": "fee", "amount": "0.005"}), ("bad_charge", "charges[1].amount")),
        (json!({"name": "x", "kind": "fee", "amount": "-5"}), ("bad_charge", "charges")),
        (json!({"name": "x", "kind": "fee", "amount": "1", "by": "mood"}), ("bad_field", "charges[1].by")),
        (
            json!({"name": "x", "kind": "discount", "amount": "1", "itemId": "y"}),
            ("item_not_found", "charges"),
        ),
        (
            json!({"name": "x", "kind": "fee", "amount": "1", "participantId": "a"}),
            ("bad_charge", "charges[1].participantId"),
        ),
        (
            json!({"name": "x", "kind": "tip", "amount": "1", "participantId": "zed"}),
            ("unknown_participant", "charges[1].participantId"),
        ),
        (
            json!({"name": "x", "kind": "tip", "amount": "1", "participantId": "b"}),
            ("bad_charge", "charges[1].participantId"),
        ),
    ] {
        let own = json!({"name": "Mine", "kind": "tip", "amount": "1", "participantId": "b"});
        let bill = json!({
            "participants": ["a", "b"],
            "items": [{"id": "x", "price": "10", "addedBy": "a"}],
            "charges": [own, charge],
        });
        assert_eq!(code(&refused(&bill)), code_and_field, "{charge}");
    }
    let all = |more: Value| {
        let mut bill = json!({"participants": ["a", "b"], "total": "0"});
        bill.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        refused(&bill)
    };
    for coin in ["0", "-1", "0.001", "one"] {
        assert_eq!(code(&all(json!({"roundTo": coin}))), ("bad_charge", "roundTo"), "{coin}");
    }
    assert_eq!(code(&all(json!({"withoutService": ["zed"]}))), ("unknown_participant", "withoutService"));
    let charges =
        |count: usize| json!({"charges": vec![json!({"name": "x", "kind": "tax", "percent": 1}); count]});
    assert_eq!(code(&all(charges(33))).0, "too_many_charges");
    assert_eq!(code(&all(charges(1_033))).0, "too_many_charges");
    // The bill lists no items, so no discount can name its only line.
    let discount = json!({"charges": [{"name": "x", "kind": "discount", "percent": 1, "itemId": "Dishes"}]});
    assert_eq!(code(&all(discount)), ("item_not_found", "charges"));
    let on_nothing = all(json!({"charges": [{"name": "x", "kind": "tax", "amount": "1.50"}]}));
    assert_eq!(
        (code(&on_nothing).0, &on_nothing["error"]["unallocated"]),
        ("charge_on_nothing", &json!("1.50"))
    );
}

#[test]
fn a_line_says_what_a_charge_is_on_and_how_shares_are_rounded() {
    let bill = |charges: Value| {
        json!({
            "participants": ["asha", "ben"],
            "items": [{"id": "thali", "price": "600", "addedBy": "asha"}, {"id": "naan", "price": "400", "addedBy": "ben"}],
            "split": {"type": "itemized"},
            "charges": charges,
        })
    };
    let service = json!({"name": "Service", "kind": "service", "percent": "10"});
    let gst = json!({"name": "GST", "kind": "tax", "percent": "5", "on": ["dishes", "Service"], "rounding": "down"});
    let mut whole = bill(json!([service, gst]));
    let answer = divided(&whole);
    adds_up(&answer);
    assert_eq!(answer["amountDue"], "1155.00");
    assert_eq!(amounts(&answer), ["693.00", "462.00"]);

    // 693 and 462 in coins of 10: 69.3 and 46.2 coins, of 116 in all.
    whole["roundSharesTo"] = json!("10");
    let answer = divided(&whole);
    adds_up(&answer);
    assert_eq!(
        (answer["amountDue"].as_str(), amounts(&answer)),
        (Some("1160.00"), vec!["700.00".into(), "460.00".into()])
    );
    whole["rounding"] = json!("unbiased");
    assert_eq!(code(&refused(&whole)), ("bad_charge", "rounding"));
    whole["roundSharesTo"] = Value::Null;
    adds_up(&divided(&whole));
    whole["rounding"] = json!("fair");
    assert_eq!(code(&refused(&whole)), ("bad_field", "rounding"));

    // A path counts the tips of single diners, too.
    let tip = json!({"name": "Tip", "kind": "tip", "percent": "5", "participantId": "ben"});
    let no_service = json!({"name": "GST", "kind": "tax", "percent": "5", "on": ["Service"]});
    assert_eq!(code(&refused(&bill(json!([tip, no_service])))), ("bad_charge", "charges[1].on"));
    let tip_on =
        json!({"name": "Tip", "kind": "tip", "percent": "5", "participantId": "ben", "discounts": "before"});
    assert_eq!(code(&refused(&bill(json!([tip_on])))), ("bad_charge", "charges[0].participantId"));
}

#[test]
fn an_item_that_cannot_be_is_refused_with_its_place() {
    for (item, code_and_field) in [
        (json!(1), ("bad_field", "items")),
        (json!({"price": 1}), ("missing_field", "items[1].id")),
        (json!({"id": "", "price": 1}), ("bad_field", "items[1].id")),
        (json!({"id": "a\u{202E}b", "price": 1}), ("bad_field", "items[1].id")),
        (json!({"id": "x".repeat(129), "price": 1}), ("bad_field", "items[1].id")),
        (json!({"id": 7, "price": 1}), ("bad_field", "items[1].id")),
        (json!({"id": "first", "price": 1}), ("item_id_taken", "")),
        (json!({"id": "x"}), ("missing_field", "items[1].price")),
        (json!({"id": "x", "price": null}), ("bad_price", "items[1].price")),
        (json!({"id": "x", "price": "0.005"}), ("bad_price", "items[1].price")),
        (json!({"id": "x", "price": "10000000000"}), ("bad_price", "items[1].price")),
        (json!({"id": "x", "price": "9999999999.99", "quantity": 2}), ("total_too_large", "items[1].price")),
        (json!({"id": "x", "price": 1, "quantity": 0}), ("bad_quantity", "items[1].quantity")),
        (json!({"id": "x", "price": 1, "quantity": "1.5"}), ("bad_quantity", "items[1].quantity")),
        (json!({"id": "x", "price": 1, "quantity": 1000}), ("bad_quantity", "items[1].quantity")),
        (json!({"id": "x", "price": 1, "addedBy": "zed"}), ("unknown_participant", "items[1].addedBy")),
        (
            json!({"id": "x", "price": 1, "sharedBy": ["a", "zed"]}),
            ("unknown_participant", "items[1].sharedBy"),
        ),
        (
            json!({"id": "x", "price": 1, "sharedBy": {"zed": 1}}),
            ("unknown_participant", "items[1].sharedBy"),
        ),
        (json!({"id": "x", "price": 1, "sharedBy": "a"}), ("bad_field", "items[1].sharedBy")),
        (json!({"id": "x", "price": 1, "sharedBy": [1]}), ("bad_field", "items[1].sharedBy")),
        (json!({"id": "x", "price": 1, "sharedBy": ["a", "b", "a"]}), ("conflicting_claims", "items")),
        (json!({"id": "x", "price": 1, "sharedBy": {"a": 0, "b": "0"}}), ("bad_split", "items")),
        (json!({"id": "x", "price": 1, "sharedBy": {"a": "-1"}}), ("bad_split", "items[1].sharedBy")),
        (json!({"id": "x", "price": 1, "sharedBy": {"a": "half"}}), ("bad_split", "items[1].sharedBy")),
        (json!({"id": "x", "price": 1, "dishType": "x".repeat(41)}), ("bad_text", "items[1].dishType")),
    ] {
        let items = json!([{"id": "first", "price": 1}, item]);
        let answer = refused(&json!({"orderId": "o", "participants": ["a", "b"], "items": items}));
        assert_eq!(code(&answer), code_and_field, "{item}");
        assert_eq!(answer["orderId"], "o", "{item}");
    }
}

#[test]
fn what_is_no_bill_is_refused() {
    for (line, code_and_field) in [
        ("{", ("bad_json", "")),
        ("", ("bad_json", "")),
        ("\u{FEFF}{}", ("bad_json", "")),
        ("[]", ("not_an_object", "")),
        ("{}", ("missing_field", "participants")),
        (r#"{"participants":"a","total":1}"#, ("bad_field", "participants")),
        (r#"{"participants":[1],"total":1}"#, ("bad_field", "participants")),
        (r#"{"participants":["a",""],"total":1}"#, ("bad_field", "participants[1]")),
        (r#"{"participants":["a\u0000"],"total":1}"#, ("bad_field", "participants[0]")),
        (r#"{"participants":["a","b","a"],"total":1}"#, ("conflicting_claims", "participants")),
        (r#"{"participants":["a"],"total":1,"total":1}"#, ("duplicate_key", "")),
        (r#"{"participants":["a"],"items":{},"total":1}"#, ("bad_field", "items")),
        (r#"{"participants":["a"],"total":1,"x":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}"#, ("too_deep", "")),
        (r#"{"orderId":7,"participants":["a"],"total":1}"#, ("bad_field", "orderId")),
        (r#"{"orderId":"","participants":["a"],"total":1}"#, ("bad_field", "orderId")),
    ] {
        let answer = refusal(line);
        assert_eq!(code(&answer), code_and_field, "{line}");
        assert_eq!(answer.get("orderId"), None, "{line}");
    }
}

#[test]
fn a_refusal_repeats_no_id_that_nobody_can_have() {
    let asked = |id: String| {
        let line =
            json!({"participants": ["a"], "items": [{"id": "x", "price": 1, "addedBy": id}]}).to_string();
        refusal(&line)["error"]["message"].as_str().unwrap().to_owned()
    };
    assert!(asked("zed".to_owned()).contains(": zed."));
    assert!(!asked("\u{1b}[2J".to_owned()).contains("[2J"));
    assert!(asked("x".repeat(100_000)).len() < 200);
}

#[test]
fn an_item_of_a_bill_may_be_called_anything_that_can_be_seen() {
    let longer_than_in_an_order = "x".repeat(MAX_ITEM_ID_BYTES + 1);
    for id in ["Masala Dosa", "<b>\"O'Brien\"</b> \\", "寿司", "पनीर टिक्का", &longer_than_in_an_order]
    {
        let bill = json!({"participants": ["a"], "items": [{"id": id, "price": 1, "addedBy": "a"}]});
        assert_eq!(divided(&bill)["lines"][0]["name"], id);
    }
}

#[test]
fn a_note_may_be_on_anything_and_no_other_key_that_is_not_known() {
    let line = r#"{"note":2,"participants":["a"],"items":[{"id":"x","price":1,"note":{"dishName":"X","tags":[{}]}}],
        "split":{"type":"equal","note":null},"charges":[{"name":"n","kind":"tax","percent":0,"note":"hsn 9963"}]}"#;
    let plain = r#"{"participants":["a"],"items":[{"id":"x","price":1}],"charges":[{"name":"n","kind":"tax","percent":0}]}"#;
    assert_eq!(answer(line), answer(plain));
    let bill = json!({
        "orderId": "o", "participants": ["a", "b"],
        "items": [{"id": "x", "price": 10, "addedBy": "a"}, {"id": "y", "price": 10, "addedBy": "b"}],
        "split": {"type": "cover", "covers": {"a": "b"}},
        "charges": [{"name": "n", "kind": "tax", "percent": 5}, {"name": "m", "kind": "tip", "amount": 1}],
    });
    for (place, key, code_then) in [
        ("", "charge", "bad_field"),
        ("", "roundto", "bad_field"),
        ("", "Split", "bad_field"),
        ("", "minordigits", "bad_field"),
        ("", "withoutservice", "bad_field"),
        ("", "v", "bad_field"),
        ("/items/1", "dishtype", "bad_field"),
        ("/items/1", "dishName", "bad_field"),
        ("/items/1", "qty", "bad_field"),
        ("/items/1", "sharedby", "bad_field"),
        ("/split", "reset", "bad_split"),
        ("/split", "percentage", "bad_split"),
        ("/charges/1", "inclusiv", "bad_charge"),
        ("/charges/1", "participantID", "bad_charge"),
        ("/charges/1", "itemID", "bad_charge"),
    ] {
        for value in [json!(null), json!(true), json!({"a": 1})] {
            let mut bill = bill.clone();
            bill.pointer_mut(place).unwrap()[key] = value;
            let path = match place.trim_start_matches('/').split_once('/') {
                Some((list, number)) => format!("{list}[{number}].{key}"),
                None if place.is_empty() => key.to_owned(),
                None => format!("{}.{key}", &place[1..]),
            };
            let answer = refused(&bill);
            assert_eq!(code(&answer), (code_then, path.as_str()));
            assert_eq!(answer["orderId"], "o");
            assert!(
                answer["error"]["expected"].as_str().unwrap().starts_with("only the fields "),
                "{answer}"
            );
        }
    }
}

#[test]
fn the_types_of_dishes_that_a_tax_names_are_compared_as_they_are_written() {
    let tax = |types: Value| {
        let answer = divided(&json!({
            "participants": ["a"],
            "items": [
                {"id": "x", "price": 100, "dishType": "veg"},
                {"id": "y", "price": 10, "dishType": " \u{200b}Veg "},
                {"id": "z", "price": 1},
            ],
            "charges": [{"name": "n", "kind": "tax", "percent": 10, "dishTypes": types}],
        }));
        answer["lines"][3]["amount"].as_str().unwrap().to_owned()
    };
    assert_eq!(tax(json!(["veg"])), "10.00");
    assert_eq!(tax(json!(["  veg"])), "10.00");
    assert_eq!(tax(json!(["Veg"])), "1.00");
    assert_eq!(tax(json!(["VEG"])), "0.00");
    assert_eq!(tax(json!(["ve g"])), "0.00");
    assert_eq!(tax(json!(["veg", "Veg", "veg"])), "11.00");
    assert_eq!(tax(json!([""])), "0.10", "dishes without a type");
    assert_eq!(tax(json!([])), "11.10", "all dishes");
}

#[test]
fn the_bill_of_the_readme_is_divided_as_printed_there() {
    let answer = divided(&json!({
        "orderId": "table-7", "participants": ["asha", "ben"],
        "items": [
            {"id": "thali", "price": "180.50", "addedBy": "asha"},
            {"id": "naan", "price": "60.25", "sharedBy": ["asha", "ben"]},
        ],
        "split": {"type": "itemized"},
        "charges": [
            {"name": "CGST", "kind": "tax", "percent": "2.5"},
            {"name": "SGST", "kind": "tax", "percent": "2.5"},
        ],
        "roundTo": "1",
    }));
    let parts = |share: usize| -> Vec<String> {
        let lines = answer["shares"][share]["lines"].as_array().unwrap().iter();
        lines.map(|line| format!("{} {}", line["name"], line["amount"]).replace('"', "")).collect()
    };
    assert_eq!(parts(0), ["thali 180.50", "naan 30.12", "CGST 5.27", "SGST 5.26", "Round-off 0.19"]);
    assert_eq!(parts(1), ["naan 30.13", "CGST 0.75", "SGST 0.76", "Round-off 0.02"]);
}

#[test]
fn however_people_and_sharers_are_named_nobodys_part_of_any_line_moves() {
    let bill = |people: [&str; 3], [x, y, z]: [Value; 3]| {
        let answer = divided(&json!({
            "orderId": "o", "participants": people,
            "items": [
                {"id": "x", "price": "10.01", "sharedBy": x},
                {"id": "y", "price": "0.02", "sharedBy": y},
                {"id": "z", "price": "7.00", "sharedBy": z},
            ],
            "split": {"type": "itemized"},
            "charges": [
                {"name": "Service", "kind": "service", "percent": "7.5"},
                {"name": "VAT", "kind": "tax", "percent": "19", "inclusive": true},
            ],
        }));
        let mut shares = answer["shares"].as_array().unwrap().clone();
        shares.sort_by_key(|share| share["participantId"].to_string());
        shares
    };
    let first =
        bill(["a", "b", "c"], [json!(["a", "b"]), json!(["a", "b"]), json!({"a": 1, "b": 1, "c": 2})]);
    for people in
        [["a", "b", "c"], ["a", "c", "b"], ["b", "a", "c"], ["b", "c", "a"], ["c", "a", "b"], ["c", "b", "a"]]
    {
        for x in [["a", "b"], ["b", "a"]] {
            for y in [["a", "b"], ["b", "a"]] {
                let z = json!({"c": 2, "b": 1, "a": 1});
                assert_eq!(bill(people, [json!(x), json!(y), z]), first, "{people:?} {x:?} {y:?}");
            }
        }
    }
}

#[test]
fn bills_are_bounded_and_a_bill_at_the_bounds_is_divided() {
    let people = |count: usize| (0..count).map(|number| format!("p{number}")).collect::<Vec<_>>();
    let weights: Value = people(MAX_BILL_PEOPLE).into_iter().map(|id| (id, json!("1.5"))).collect();
    let answer = divided(&json!({
        "participants": people(MAX_BILL_PEOPLE),
        "items": [{"id": "x", "price": "10.00", "sharedBy": weights}],
        "split": {"type": "custom", "weights": weights},
    }));
    assert!(amounts(&answer).iter().all(|amount| amount == "0.01"));
    let more: Value = people(1_025).into_iter().map(|id| (id, json!(1))).collect();
    let split = json!({"type": "custom", "weights": more});
    assert_eq!(
        code(&refused(&json!({"participants": ["p0"], "total": 1, "split": split}))),
        ("too_many_keys", "")
    );
    let answer = refused(&json!({"participants": people(MAX_BILL_PEOPLE + 1), "total": 1}));
    assert_eq!(code(&answer), ("too_many_participants", "participants"));

    let items =
        |count: usize| (0..count).map(|n| json!({"id": n.to_string(), "price": "0.01"})).collect::<Vec<_>>();
    let answer = divided(&json!({"participants": ["a"], "items": items(MAX_BILL_ITEMS)}));
    assert_eq!(answer["amountDue"], "100.00");
    let answer = refused(&json!({"participants": ["a"], "items": items(MAX_BILL_ITEMS + 1)}));
    assert_eq!(code(&answer), ("too_many_items", "items"));

    // Sums on the way to a total may exceed the ceiling; the total may not.
    let most = |sign: &str| json!({"id": format!("most{sign}"), "price": format!("{sign}9999999999.99")});
    let one = |price: &str| json!({"id": "one", "price": price});
    let total = |items: Value| json!({"participants": ["a"], "items": items});
    assert_eq!(divided(&total(json!([most(""), one("0.01"), most("-")])))["total"], "0.01");
    assert_eq!(code(&refused(&total(json!([most(""), one("0.01")])))).0, "total_too_large");
    assert_eq!(code(&refused(&total(json!([most("-"), one("-0.01")])))).0, "total_too_large");
}

/// The answer to a bill that can be divided.
fn answer(line: &str) -> String {
    let bill = BillLine::read(line).unwrap_or_else(|refused| panic!("{}: {line}", refused.answer()));
    let division = bill.divide().unwrap_or_else(|refused| panic!("{}: {line}", refused.answer()));
    let answer = bill.answer(&division);
    assert!(!answer.contains('\n'));
    answer
}

/// The answer to a bill, after checking that it adds up.
fn divided(bill: &Value) -> Value {
    let answer = serde_json::from_str(&answer(&bill.to_string())).unwrap();
    adds_up(&answer);
    answer
}

fn refusal(line: &str) -> Value {
    let answer = match BillLine::read(line) {
        Err(refused) => refused.answer(),
        Ok(bill) => match bill.divide() {
            Err(refused) => refused.answer(),
            Ok(division) => panic!("{} for {line}", bill.answer(&division)),
        },
    };
    assert!(!answer.contains('\n'));
    serde_json::from_str(&answer).unwrap()
}

fn refused(bill: &Value) -> Value {
    refusal(&bill.to_string())
}

fn code(answer: &Value) -> (&str, &str) {
    let error = &answer["error"];
    (error["code"].as_str().unwrap(), error.get("field").map_or("", |field| field.as_str().unwrap()))
}

fn shares(answer: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let shares = answer["shares"].as_array().unwrap().iter();
    shares.map(|share| (text(&share["participantId"]), text(&share["amount"]))).collect()
}

fn amounts(answer: &Value) -> Vec<String> {
    shares(answer).into_iter().map(|(_, amount)| amount).collect()
}

/// Asserts that rows and columns of the answer add up.
fn adds_up(answer: &Value) {
    let due = units(&answer["amountDue"]);
    let shares = answer["shares"].as_array().unwrap();
    for share in shares {
        assert_eq!(sum(&share["lines"]), units(&share["amount"]), "{share}");
    }
    let unassigned = answer.get("unassigned").map_or(0, units);
    assert_eq!(
        shares.iter().map(|share| units(&share["amount"])).sum::<i128>() + unassigned,
        due,
        "{answer}"
    );
    assert_eq!(sum(&answer["lines"]), due, "{answer}");
}

fn sum(lines: &Value) -> i128 {
    lines.as_array().unwrap().iter().map(|line| units(&line["amount"])).sum()
}

/// An amount of an answer in minor units; it always has all digits of the currency.
fn units(amount: &Value) -> i128 {
    amount.as_str().unwrap().replace('.', "").parse().unwrap()
}

/// Changes the sign of every amount.
fn mirror(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value.as_str() {
                    Some(amount)
                        if ["amount", "total", "amountDue", "unassigned"].contains(&key.as_str()) =>
                    {
                        let zero = amount.bytes().all(|byte| matches!(byte, b'0' | b'.' | b'-'));
                        *value = match amount.strip_prefix('-') {
                            Some(above) => json!(above),
                            None if zero => json!(amount),
                            None => json!(format!("-{amount}")),
                        };
                    }
                    _ => mirror(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(mirror),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
