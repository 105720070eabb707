//! Reading never panics, whatever a client sends.

use std::fs;

use order_core::{Actor, Decision, ItemId, ParticipantId, Presence, UnixMillis, commit, decide, wire};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::json::Json;
use crate::support::table::{
    self, FINALIZE, Table, WAIVE, add_message, assign_message, join_message, quantity_message,
    remove_message, split_message, tip_message, unclaim_message,
};

proptest! {
    #![proptest_config(table::runs(400))]

    #[test]
    fn no_text_at_all_makes_reading_panic(text in any::<String>()) {
        read_and_judge(&text);
    }

    #[test]
    fn no_json_at_all_makes_reading_panic(value in any_json(), kind in kind(), data in any_json()) {
        read_and_judge(&value.to_string());
        read_and_judge(&json!({"type": kind, "participantId": "asha", "data": value, "x": data}).to_string());
    }

    #[test]
    fn no_damaged_message_makes_reading_panic(
        message in prop::sample::select(messages()),
        cut in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        with in prop_oneof![Just(String::new()), "[\\[\\]{}\",:0-9eE+.-]{1,3}", any::<String>()],
    ) {
        let text: Vec<char> = message.chars().collect();
        let (a, b) = (cut.index(text.len()), from.index(text.len()));
        let (before, after) = (&text[..a.min(b)], &text[a.max(b)..]);
        let damaged: String = before.iter().copied().chain(with.chars()).chain(after.iter().copied()).collect();
        read_and_judge(&damaged);
    }
}

#[test]
fn no_message_that_the_fuzzer_found_makes_reading_panic() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/decode");
    let Ok(files) = fs::read_dir(corpus) else {
        eprintln!("SKIPPED: there is no {corpus}; the published crate has none");
        return;
    };
    let mut read = 0;
    for file in files {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        read_and_judge(&String::from_utf8_lossy(&bytes));
        read += 1;
    }
    assert!(read > 0, "{corpus} is empty");
}

/// One message of each kind, all of which are accepted.
fn messages() -> Vec<String> {
    let messages = vec![
        join_message("asha"),
        add_message("i2", "12.50", "2"),
        quantity_message("i1", "3"),
        remove_message("i1"),
        split_message(r#"{"splitType":"itemized"}"#),
        split_message(r#"{"splitType":"custom","amounts":{"asha":10}}"#),
        split_message(r#"{"splitType":"custom","percentages":{"asha":1e2}}"#),
        split_message(r#"{"splitType":"custom","weights":{"asha":0.5}}"#),
        split_message(r#"{"splitType":"adjustments","adjustments":{"asha":10}}"#),
        split_message(r#"{"splitType":"cover","covers":{"ben":"asha"},"rest":"itemized"}"#),
        r#"{"type":"add_item","data":{"dishName":"Naan","price":1,"quantity":1,"sharedBy":{"asha":0.5,"ben":1}}}"#.to_owned(),
        r#"{"type":"claim_item","data":{"itemId":"i1","weight":2.5}}"#.to_owned(),
        unclaim_message("i1"),
        assign_message("i1", r#"["asha","ben"]"#),
        r#"{"type":"set_charges","data":{"charges":[{"name":"GST","kind":"tax","percent":2.5,"inclusive":true,"dishTypes":["veg"]},{"name":"Off","kind":"discount","amount":1,"itemId":"i1"},{"name":"Fee","kind":"fee","amount":1,"by":"head"}],"roundTo":0.5}}"#.to_owned(),
        tip_message(r#""percent":12.5"#),
        WAIVE.to_owned(),
        r#"{"type":"record_payment","data":{"paymentId":"p1","amount":5,"payer":"ben","for":{"asha":3,"ben":2},"method":"card","reference":"x","status":"pending"}}"#.to_owned(),
        FINALIZE.to_owned(),
    ];
    for message in &messages {
        small_order().accept("asha", message);
    }
    messages
}

fn small_order() -> Table {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "10", "1");
    table
}

/// Reads a text and, if it is a message, judges it on a small order. Any result must be
/// writable.
fn read_and_judge(text: &str) {
    let mut table = small_order();
    let rejection = match wire::decode_command(text, || ItemId::new("fresh").unwrap()) {
        Err(refused) => refused.rejection,
        Ok(inbound) => {
            let actor = Actor::participant(id("asha"));
            match decide(&table.order, UnixMillis::new(9), &actor, &inbound.command) {
                Err(rejection) => rejection,
                Ok(Decision::Unchanged | Decision::Repeated { .. }) => return,
                Ok(Decision::Record(recorded)) => {
                    commit(&mut table.order, &recorded).unwrap();
                    let frame = wire::fact_message(&table.order, &Presence::new(), &recorded);
                    Json::parse(&frame.text_for(&id("asha")));
                    return;
                }
            }
        }
    };
    let error = wire::error(&rejection, None, UnixMillis::new(9));
    assert_eq!(Json::parse(&error).at("data.code").text(), rejection.code().as_str());
    assert!(error.len() < 1_000, "{error}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        "[a-z]{0,3}",
        prop::sample::select(vec![
            "type",
            "id",
            "data",
            "participantId",
            "participantName",
            "phone",
            "currency",
            "dishName",
            "price",
            "quantity",
            "itemId",
            "splitType",
            "amounts",
            "percentages",
            "weights",
            "adjustments",
            "covers",
            "rest",
            "customization",
            "sharedBy",
            "weight",
            "charges",
            "roundTo",
            "name",
            "kind",
            "percent",
            "amount",
            "inclusive",
            "dishTypes",
            "optional",
            "by",
            "waived",
            "paymentId",
            "payer",
            "for",
            "status",
            "excess",
            "refundId",
            "transferId",
            "to",
            "confirmed",
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "equal",
            "itemized",
            "custom",
            "adjustments",
            "cover",
            "asha",
            "ben",
            "i1",
            "INR",
            "tax",
            "service",
            "tip",
            "discount",
            "fee",
            "head",
            "paid",
            "pending",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn kind() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "join",
        "add_item",
        "remove_item",
        "update_quantity",
        "claim_item",
        "unclaim_item",
        "assign_item",
        "update_split",
        "set_charges",
        "set_tip",
        "waive_service",
        "record_payment",
        "update_payment",
        "refund_payment",
        "record_transfer",
        "answer_transfer",
        "cancel_transfer",
        "finalize",
        "leave",
        "nope",
    ])
}

fn id(id: &str) -> ParticipantId {
    ParticipantId::new(id).unwrap()
}
