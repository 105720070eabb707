//! Messages that cannot be read. `Table::refuse` asserts for each of them that the order, its
//! sequence number and its log stay exactly as they were.

use order_core::wire::{self, Refused};
use order_core::{Code, ItemId};

use crate::support::table::{
    Table, assign_message, charges_message, claim_message, split_message, tip_message, unclaim_message,
};

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
                refused.push(wire::decode(&message, fresh).unwrap_err());
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

/// The sender's name and time are ignored outside a join, and some clients send anything
/// there.
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

/// JSON texts that are not valid participant ids.
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
