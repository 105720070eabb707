//! Valid messages that this person may not send, or not at this time.

use super::{Cases, KINDS, Seat};

pub(super) fn by_the_wrong_person(cases: &mut Cases) {
    for (kind, data) in [
        ("set_charges", r#"{"charges":[{"name":"Mine","kind":"fee","amount":1000}]}"#),
        ("set_charges", r#"{"charges":[{"name":"Free","kind":"discount","percent":100}]}"#),
        ("assign_item", r#"{"itemId":"dal","sharedBy":["asha-4711-id"]}"#),
        ("record_payment", r#"{"amount":260}"#),
        ("record_payment", r#"{"amount":1,"payer":"asha-4711-id"}"#),
        ("update_payment", r#"{"paymentId":"p","status":"paid"}"#),
        ("refund_payment", r#"{"paymentId":"p"}"#),
        ("lock_order", "{}"),
        ("unlock_order", "{}"),
        ("remove_participant", r#"{"participantId":"asha-4711-id","dishes":"remove"}"#),
        ("remove_participant", r#"{"participantId":"ben-4711-id","dishes":"keep"}"#),
        ("readmit_participant", r#"{"participantId":"ben-4711-id"}"#),
        ("hand_over", r#"{"participantId":"eve"}"#),
        ("set_limit", r#"{"participantId":"asha-4711-id","limit":0}"#),
        ("set_rules", r#"{"finalizeWhenReady":true}"#),
        ("set_deadline", r#"{"in":1000,"then":"finalize"}"#),
        ("set_deadline", "{}"),
    ] {
        cases.both("what is the owner's to say", "not_owner", kind, data);
    }
    for (kind, data, code) in [
        ("remove_item", r#"{"itemId":"dal"}"#, "not_yours"),
        ("remove_item", r#"{"itemId":"lassi"}"#, "not_yours"),
        ("update_quantity", r#"{"itemId":"dal","quantity":0}"#, "not_yours"),
        ("update_quantity", r#"{"itemId":"lassi","quantity":99}"#, "not_yours"),
        ("update_split", r#"{"splitType":"custom","weights":{"asha-4711-id":1}}"#, "not_owner"),
        ("finalize", "{}", "not_owner"),
    ] {
        cases.from(
            Seat::HostedGuest,
            "a guest of a hosted table",
            code,
            format!(r#"{{"type":"{kind}","data":{data}}}"#),
        );
    }
    for (kind, data) in [
        ("add_item", r#"{"dishName":"Dal","price":1,"quantity":1}"#),
        ("remove_item", r#"{"itemId":"dal"}"#),
        ("update_quantity", r#"{"itemId":"dal","quantity":2}"#),
        ("claim_item", r#"{"itemId":"dal"}"#),
        ("unclaim_item", r#"{"itemId":"dal"}"#),
    ] {
        cases.from(
            Seat::LockedGuest,
            "a guest of a locked table",
            "order_locked",
            format!(r#"{{"type":"{kind}","data":{data}}}"#),
        );
    }
    // Impersonation: a socket acts only as the participant with whom it joined.
    for id in ["asha-4711-id", "ben-4711-id", "eva", "EVE", "eve2"] {
        let join = |more: &str| {
            format!(r#"{{"type":"join",{more}"participantId":"{id}","participantName":"Eve","data":{{}}}}"#)
        };
        cases.text("to join as somebody else", "already_joined", join(""));
        if id != "eva" {
            cases.from(Seat::GuestV2, "to join as somebody else", "already_joined", join(r#""id":"imp","#));
        }
    }
    for id in ["7", "[]", "{}", r#""""#, r#""eve\u200b""#, r#""a\u0000b""#] {
        for (seat, id_of_command) in
            [(Seat::Guest, ""), (Seat::GuestV2, r#""id":"nobody","#), (Seat::Stranger, "")]
        {
            let text = format!(r#"{{"type":"finalize",{id_of_command}"participantId":{id}}}"#);
            cases.from(seat, "in the name of an id that cannot be", "bad_field", text);
        }
        let text = format!(r#"{{"type":"get_bill","participantId":{id}}}"#);
        cases.from(Seat::GuestV2, "in the name of an id that cannot be", "bad_field", text);
    }
    cases.both("what one has no part in", "not_claimed", "unclaim_item", r#"{"itemId":"dal"}"#);
    cases.both("what somebody else did", "nothing_to_undo", "undo", "{}");
    cases.both("what somebody else did", "nothing_to_undo", "undo", r#"{"seq":3}"#);
}

pub(super) fn at_the_wrong_time(cases: &mut Cases) {
    for (number, (kind, data)) in KINDS.iter().enumerate() {
        let early = format!(r#"{{"type":"{kind}","participantId":"asha-4711-id","data":{data}}}"#);
        cases.from(Seat::Stranger, "before joining", "join_first", early);
        let early =
            format!(r#"{{"type":"{kind}","id":"s{number}","participantId":"asha-4711-id","data":{data}}}"#);
        cases.from(Seat::StrangerV2, "before joining", "join_first", early);
        // A command of the owner is refused for that reason first.
        let code = match *kind {
            "assign_item" | "set_charges" | "record_payment" | "lock_order" | "hand_over" | "set_limit"
            | "set_deadline" => "not_owner",
            _ => "order_finalized",
        };
        cases.from(
            Seat::FinalizedGuest,
            "after the end",
            code,
            format!(r#"{{"type":"{kind}","data":{data}}}"#),
        );
    }
    for request in ["get_state", "get_bill", "get_checksum", "history"] {
        cases.from(
            Seat::StrangerV2,
            "to look before joining",
            "join_first",
            format!(r#"{{"type":"{request}"}}"#),
        );
    }
    cases.from(Seat::Stranger, "to look before joining", "join_first", r#"{"type":"history"}"#);
    cases.from(
        Seat::StrangerV2,
        "to be seen before joining",
        "join_first",
        r#"{"type":"presence","data":{"typing":true}}"#,
    );
    for (data, code) in [
        (r#""participantName":"Eve","data":{}"#, "missing_field"),
        (r#""participantId":"","participantName":"Eve","data":{}"#, "bad_field"),
        (r#""participantId":7,"participantName":"Eve","data":{}"#, "bad_field"),
        (r#""participantId":"a\u0000b","participantName":"Eve","data":{}"#, "bad_field"),
        (r#""participantId":"a\u202eb","participantName":"Eve","data":{}"#, "bad_field"),
        (r#""participantId":"new","participantName":"","data":{}"#, "bad_text"),
        (r#""participantId":"new","participantName":"\u200b\u202e","data":{}"#, "bad_text"),
        (r#""participantId":"new","participantName":7,"data":{}"#, "bad_field"),
        (r#""participantId":"new","data":{}"#, "missing_field"),
        (r#""participantId":"new","participantName":"Eve""#, "missing_field"),
        (r#""participantId":"new","participantName":"Eve","data":[]"#, "bad_field"),
        (r#""participantId":"new","participantName":"Eve","data":{"currency":"JPY"}"#, "bad_currency"),
        (r#""participantId":"new","participantName":"Eve","data":{"currency":"???"}"#, "bad_currency"),
        (r#""participantId":"new","participantName":"Eve","data":{"phone":7}"#, "bad_field"),
        (r#""participantId":"new","participantName":"Eve","data":{"policy":"mine"}"#, "bad_field"),
        (r#""participantId":"new","participantName":"Eve","data":{"deadline":7}"#, "bad_field"),
    ] {
        cases.from(Seat::Stranger, "a join that cannot be", code, format!(r#"{{"type":"join",{data}}}"#));
    }
    let long = "p".repeat(129);
    cases.from(
        Seat::Stranger,
        "a join that cannot be",
        "bad_field",
        format!(r#"{{"type":"join","participantId":"{long}","participantName":"Eve","data":{{}}}}"#),
    );
    let long = "n".repeat(81);
    cases.from(
        Seat::Stranger,
        "a join that cannot be",
        "bad_text",
        format!(r#"{{"type":"join","participantId":"new","participantName":"{long}","data":{{}}}}"#),
    );
}
