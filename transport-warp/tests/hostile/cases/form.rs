//! Input that is not a message, or not one of the protocol.

use serde_json::Value;

use super::{Cases, KINDS, Seat};

pub(super) fn broken_json(cases: &mut Cases) {
    for text in [
        "{",
        "}",
        "",
        " ",
        "{]",
        "[",
        r#"{"type"}"#,
        r#"{"type":}"#,
        r#"{"type":"join""#,
        r#"{"type":"join",}"#,
        r#"{type:"join"}"#,
        r"{'type':'join'}",
        r#"{"type":"join"}}"#,
        r#"{"type":"join"} {}"#,
        r#"{"type":"leave"}//"#,
        r#"{"a":01}"#,
        r#"{"a":+1}"#,
        r#"{"a":.5}"#,
        r#"{"a":5.}"#,
        r#"{"a":0x10}"#,
        r#"{"a":1_000}"#,
        r#"{"a":NaN}"#,
        r#"{"a":Infinity}"#,
        r#"{"a":-}"#,
        r#"{"a":1e}"#,
        r#"{"a":undefined}"#,
        r#"{"a":True}"#,
        r#"{"a":"\x"}"#,
        r#"{"a":"\u12"}"#,
        "{\"a\":\"\u{1}\"}",
        "{\"a\":\"line\nbreak\"}",
        "\u{feff}{\"type\":\"leave\"}",
        "pong",
        "PING",
        "ping ",
        "GET / HTTP/1.1",
        "<message/>",
        "type=leave",
        "\u{0}",
    ] {
        cases.text("broken JSON", "bad_json", text);
    }
    for text in [
        "[]",
        "null",
        "true",
        "0",
        "-1.5",
        r#""leave""#,
        r#"[{"type":"leave"}]"#,
        r#"["leave"]"#,
        "[[[[]]]]",
        r#""{}""#,
    ] {
        cases.text("no object", "not_an_object", text);
        cases.from(Seat::GuestV2, "no object", "not_an_object", format!("{text} "));
    }
}

pub(super) fn bombs(cases: &mut Cases) {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        for depth in [17, 100, 10_000] {
            let inner = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            cases.text("a depth bomb", "too_deep", format!(r#"{{"type":"leave","x":{inner}}}"#));
            cases.text(
                "a depth bomb",
                "too_deep",
                format!(r#"{{"type":"add_item","data":{{"price":{inner}}}}}"#),
            );
        }
    }
    let many: Vec<_> = (0..600).map(|key| format!(r#""k{key}":0"#)).collect();
    cases.text("too many keys", "too_many_keys", format!("{{{}}}", many.join(",")));
    cases.both("too many keys", "too_many_keys", "add_item", &format!("{{{}}}", many.join(",")));
    for data in [
        r#"{"price":1,"price":2}"#,
        r#"{"a":{"b":1,"b":1}}"#,
        r#"{"price":1,"pri\u0063e":2}"#,
        r#"{"sharedBy":{"eve":1,"eve":2}}"#,
    ] {
        cases.both("a key twice", "duplicate_key", "add_item", data);
    }
    cases.text("a key twice", "duplicate_key", r#"{"type":"leave","type":"finalize"}"#);
    cases.text("a key twice", "duplicate_key", r#"{"type":"leave","data":{},"data":{}}"#);
    for kind in [
        "",
        "LEAVE",
        "leave ",
        "__proto__",
        "constructor",
        "toString",
        "sync",
        "welcome",
        "ack",
        "error",
        "order_finalized",
        "admin",
        "eval",
        "participant_left",
    ] {
        cases.both("an unknown type", "unknown_type", kind, "{}");
    }
    let long = "A".repeat(60_000);
    cases.text("an unknown type", "unknown_type", format!(r#"{{"type":"{long}"}}"#));
    for text in [r#"{"type":null}"#, r#"{"data":{}}"#, "{}", r#"{"Type":"leave"}"#] {
        cases.text("no type", "missing_field", text);
    }
    for kind in ["7", "[]", "{}", "true"] {
        cases.text("a type that is no text", "bad_field", format!(r#"{{"type":{kind}}}"#));
    }
}

/// Each field of each message, in turn with values of wrong types.
pub(super) fn wrong_types(cases: &mut Cases) {
    for (kind, data) in KINDS {
        for whole in ["7", "[]", r#""{}""#, "true"] {
            // These messages ignore their data.
            if matches!(kind, "finalize" | "leave" | "lock_order") {
                continue;
            }
            cases.text(
                "data that are no object",
                "bad_field",
                format!(r#"{{"type":"{kind}","data":{whole}}}"#),
            );
        }
        let Value::Object(fields) = serde_json::from_str(data).unwrap() else { continue };
        for field in fields
            .keys()
            .filter(|field| matches!(field.as_str(), "itemId" | "dishName" | "participantId" | "ready"))
        {
            let mut wrong = fields.clone();
            wrong.insert(field.clone(), Value::Array(vec![]));
            cases.text(
                "a field of another type",
                "bad_field",
                format!(r#"{{"type":"{kind}","data":{}}}"#, Value::Object(wrong)),
            );
        }
    }
}

pub(super) fn replays_and_requests(cases: &mut Cases) {
    // An id that was used may come again only with the same message.
    let stolen = r#"{"type":"join","id":"join-eve","participantId":"eve","participantName":"Eve","data":{"phone":"1"}}"#;
    cases.text("another message under an old id", "command_id_reused", stolen);
    let stolen =
        r#"{"type":"join","id":"join-eva","participantId":"eva","participantName":"Eva II","data":{}}"#;
    cases.from(Seat::GuestV2, "another message under an old id", "command_id_reused", stolen);
    for id in [r#""""#, "7", "[]", "{}", "true", r#""a\u0000""#, r#""a\u202e""#] {
        cases.text("an id that cannot be", "bad_field", format!(r#"{{"type":"finalize","id":{id}}}"#));
        cases.from(
            Seat::GuestV2,
            "an id that cannot be",
            "bad_field",
            format!(r#"{{"type":"finalize","data":{{}},"id":{id}}}"#),
        );
    }
    cases.text(
        "an id that is too long",
        "bad_field",
        format!(r#"{{"type":"leave","id":"{}"}}"#, "i".repeat(65)),
    );
    for (kind, data) in KINDS {
        cases.from(Seat::GuestV2, "no id", "missing_field", format!(r#"{{"type":"{kind}","data":{data}}}"#));
    }
    for data in ["7", "[]", r#"{"typing":7}"#, r#"{"speaking":"yes"}"#] {
        cases.from(
            Seat::GuestV2,
            "presence that cannot be",
            "bad_field",
            format!(r#"{{"type":"presence","data":{data}}}"#),
        );
    }
    cases.from(Seat::GuestV2, "presence that cannot be", "missing_field", r#"{"type":"presence"}"#);
    for page in [
        r#"{"limit":0}"#,
        r#"{"limit":1e3}"#,
        r#"{"limit":"5"}"#,
        r#"{"before":0}"#,
        r#"{"before":-5}"#,
        r#"{"before":{}}"#,
        "[]",
        "7",
    ] {
        cases.text("a page that cannot be", "bad_field", format!(r#"{{"type":"history","data":{page}}}"#));
        cases.from(
            Seat::GuestV2,
            "a page that cannot be",
            "bad_field",
            format!(r#"{{"type":"history","data":{page}}}"#),
        );
    }
}
