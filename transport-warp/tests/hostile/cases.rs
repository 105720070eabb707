//! The hostile messages: what each is, from where it comes, and with which code it is refused.

use serde_json::Value;

use crate::scene::{FINALIZED, HOSTED, LOCKED, OPEN};

/// From where a message comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seat {
    /// Somebody who knows the address and has not joined.
    Stranger,
    StrangerV2,
    /// Somebody who has joined, and owns nothing.
    Guest,
    GuestV2,
    /// The same, where the owner edits all.
    HostedGuest,
    /// The same, at a table that the owner has locked.
    LockedGuest,
    /// Who was part of an order that is finalized.
    FinalizedGuest,
}

impl Seat {
    pub(crate) fn room(self) -> &'static str {
        match self {
            Self::Stranger | Self::StrangerV2 | Self::Guest | Self::GuestV2 => OPEN,
            Self::HostedGuest => HOSTED,
            Self::LockedGuest => LOCKED,
            Self::FinalizedGuest => FINALIZED,
        }
    }

    pub(crate) fn speaks_v2(self) -> bool {
        matches!(self, Self::StrangerV2 | Self::GuestV2)
    }

    /// As whom it joins.
    pub(crate) fn who(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Stranger | Self::StrangerV2 => None,
            Self::Guest | Self::HostedGuest | Self::LockedGuest => Some(("eve", "Eve")),
            Self::GuestV2 => Some(("eva", "Eva")),
            Self::FinalizedGuest => Some(("ben-4711-id", "Benazir")),
        }
    }
}

pub(crate) struct Case {
    pub(crate) what: &'static str,
    pub(crate) seat: Seat,
    pub(crate) text: String,
    pub(crate) code: &'static str,
}

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Cases(Vec::new());
    broken_json(&mut cases);
    bombs(&mut cases);
    prices(&mut cases);
    ids_and_texts(&mut cases);
    splits(&mut cases);
    charges_and_payments(&mut cases);
    by_the_wrong_person(&mut cases);
    at_the_wrong_time(&mut cases);
    wrong_types(&mut cases);
    replays_and_requests(&mut cases);
    cases.0
}

struct Cases(Vec<Case>);

impl Cases {
    fn from(&mut self, seat: Seat, what: &'static str, code: &'static str, text: impl Into<String>) {
        self.0.push(Case { what, seat, text: text.into(), code });
    }

    /// From a guest, in the first protocol.
    fn text(&mut self, what: &'static str, code: &'static str, text: impl Into<String>) {
        self.from(Seat::Guest, what, code, text);
    }

    /// From a guest in both protocols: in the second with an id.
    fn both(&mut self, what: &'static str, code: &'static str, kind: &str, data: &str) {
        self.text(what, code, format!(r#"{{"type":"{kind}","data":{data}}}"#));
        let id = self.0.len();
        self.from(Seat::GuestV2, what, code, format!(r#"{{"type":"{kind}","id":"h{id}","data":{data}}}"#));
    }
}

fn broken_json(cases: &mut Cases) {
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
        r#"{'type':'join'}"#,
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

fn bombs(cases: &mut Cases) {
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

fn prices(cases: &mut Cases) {
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

fn ids_and_texts(cases: &mut Cases) {
    let dish = |more: &str| format!(r#"{{"dishName":"Dal","price":1,"quantity":1,{more}}}"#);
    // To add a dish again is no way to change its price.
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

fn splits(cases: &mut Cases) {
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

fn charges_and_payments(cases: &mut Cases) {
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

fn by_the_wrong_person(cases: &mut Cases) {
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
    // Impersonation: a socket speaks as whom it joined, and as nobody else.
    for id in ["asha-4711-id", "ben-4711-id", "eva", "EVE", "eve2"] {
        let join = |more: &str| {
            format!(r#"{{"type":"join",{more}"participantId":"{id}","participantName":"Eve","data":{{}}}}"#)
        };
        cases.text("to join as somebody else", "already_joined", join(""));
        if id != "eva" {
            cases.from(Seat::GuestV2, "to join as somebody else", "already_joined", join(r#""id":"imp","#));
        }
    }
    cases.both("what one has no part in", "not_claimed", "unclaim_item", r#"{"itemId":"dal"}"#);
    cases.both("what somebody else did", "nothing_to_undo", "undo", "{}");
    cases.both("what somebody else did", "nothing_to_undo", "undo", r#"{"seq":3}"#);
}

/// Every kind of message, with data that would do.
const KINDS: [(&str, &str); 19] = [
    ("add_item", r#"{"dishName":"Dal","price":1,"quantity":1}"#),
    ("remove_item", r#"{"itemId":"dal"}"#),
    ("update_quantity", r#"{"itemId":"dal","quantity":2}"#),
    ("claim_item", r#"{"itemId":"dal"}"#),
    ("unclaim_item", r#"{"itemId":"dal"}"#),
    ("update_split", r#"{"splitType":"equal"}"#),
    ("set_tip", r#"{"amount":1}"#),
    ("waive_service", r#"{"waived":true}"#),
    ("set_ready", r#"{"ready":true}"#),
    ("finalize", "{}"),
    ("leave", "{}"),
    ("undo", "{}"),
    ("assign_item", r#"{"itemId":"dal","sharedBy":["eve"]}"#),
    ("set_charges", r#"{"charges":[]}"#),
    ("record_payment", r#"{"amount":1}"#),
    ("lock_order", "{}"),
    ("hand_over", r#"{"participantId":"eve"}"#),
    ("set_limit", r#"{"participantId":"eve"}"#),
    ("set_deadline", r#"{"in":60000}"#),
];

fn at_the_wrong_time(cases: &mut Cases) {
    for (number, (kind, data)) in KINDS.iter().enumerate() {
        let early = format!(r#"{{"type":"{kind}","participantId":"asha-4711-id","data":{data}}}"#);
        cases.from(Seat::Stranger, "before joining", "join_first", early);
        let early =
            format!(r#"{{"type":"{kind}","id":"s{number}","participantId":"asha-4711-id","data":{data}}}"#);
        cases.from(Seat::StrangerV2, "before joining", "join_first", early);
        // What is the owner's is refused as that.
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

/// Each field of each message, in turn, as something that it is not.
fn wrong_types(cases: &mut Cases) {
    for (kind, data) in KINDS {
        for whole in ["7", "[]", r#""{}""#, "true"] {
            // Messages that need no data look at none.
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

fn replays_and_requests(cases: &mut Cases) {
    // The id of what was ordered first is its own, and only with the same message.
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
    for since in ["-1", "1.5", r#""1""#, "[]", "1e3", "99999999999999999999"] {
        let join = format!(
            r#"{{"type":"join","id":"j{}","participantId":"new","participantName":"x","since":{since},"data":{{}}}}"#,
            since.len()
        );
        cases.from(Seat::StrangerV2, "a place in the log that cannot be", "bad_field", join);
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
