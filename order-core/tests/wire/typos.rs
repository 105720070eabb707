//! Fields that no command has: refused where a typo would move money, and ignored elsewhere, as clients of the TypeScript
//! server need it. `Table::refuse` asserts that nothing changed.

use order_core::split::shares;
use order_core::{Code, Rejection};

use crate::support::paying::{of_200, pay};
use crate::support::table::{Table, split_message, tip_message};

#[test]
fn a_typo_in_a_command_that_moves_money_is_refused_with_its_path() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":50}"#));
    table.accept("asha", &pay(r#"{"paymentId":"p2","amount":10,"status":"pending"}"#));
    table.accept("asha", &tip_message(r#""amount":5"#));
    for (kind, data, code, field) in [
        ("record_payment", r#"{"amount":500,"exces":"tip"}"#, Code::BadPayment, "data.exces"),
        ("record_payment", r#"{"amount":5,"For":["ben"]}"#, Code::BadPayment, "data.For"),
        ("record_payment", r#"{"amount":5,"state":"pending"}"#, Code::BadPayment, "data.state"),
        ("record_payment", r#"{"amount":5,"paidBy":"ben"}"#, Code::BadPayment, "data.paidBy"),
        (
            "update_payment",
            r#"{"paymentId":"p2","status":"paid","amount":5}"#,
            Code::BadPayment,
            "data.amount",
        ),
        // All of it would be given back.
        ("refund_payment", r#"{"paymentId":"p1","amout":20}"#, Code::BadPayment, "data.amout"),
        ("refund_payment", r#"{"paymentId":"p1","amout":null}"#, Code::BadPayment, "data.amout"),
        ("claim_item", r#"{"itemId":"i1","wieght":2}"#, Code::BadField, "data.wieght"),
        (
            "assign_item",
            r#"{"itemId":"i1","sharedBy":["ben"],"weights":{"ben":2}}"#,
            Code::BadField,
            "data.weights",
        ),
        ("waive_service", r#"{"waived":true,"for":"ben"}"#, Code::BadField, "data.for"),
        ("set_limit", r#"{"participantId":"ben","limt":500}"#, Code::BadLimit, "data.limt"),
        ("set_limit", r#"{"for":"each","limt":500}"#, Code::BadLimit, "data.limt"),
        ("set_deadline", r#"{"inn":60000}"#, Code::BadDeadline, "data.inn"),
        ("set_deadline", r#"{"in":60000,"than":"finalize"}"#, Code::BadDeadline, "data.than"),
        ("refund_payment", r#"{"paymentId":"p1","amount":1,"deu":false}"#, Code::BadPayment, "data.deu"),
        ("correct_item", r#"{"itemId":"i1","reason":"cold","quanttiy":1}"#, Code::BadField, "data.quanttiy"),
        ("undo", r#"{"sequ":3}"#, Code::BadField, "data.sequ"),
    ] {
        let rejection = table.refuse("asha", &message(kind, data));
        assert_eq!((rejection.code(), rejection.field_name()), (code, Some(field)), "{kind} {data}");
        assert!(rejection.what_was_expected().unwrap().starts_with("only the fields "), "{kind} {data}");
    }
    let join = r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{"deadline":{"inn":60000}}}"#;
    assert_eq!(Table::empty().refuse("asha", join).field_name(), Some("data.deadline.inn"));
}

#[test]
fn a_typo_in_a_split_divides_nothing_otherwise() {
    let mut table = of_200();
    for (data, field) in [
        (r#"{"splitType":"custom","percentage":{"asha":60,"ben":40}}"#, "data.percentage"),
        (r#"{"splitType":"custom","Amounts":{"asha":200}}"#, "data.Amounts"),
        (r#"{"splitType":"custom","weights":{"asha":1},"wieghts":{"ben":1}}"#, "data.wieghts"),
        (r#"{"splitType":"cover","covers":{"ben":"asha"},"reset":"itemized"}"#, "data.reset"),
        (r#"{"splitType":"cover","cover":{"ben":"asha"}}"#, "data.cover"),
        (r#"{"splitType":"adjustments","adjustments":{"ben":20},"note":"wine"}"#, "data.note"),
    ] {
        let rejection = table.refuse("asha", &split_message(data));
        assert_eq!((rejection.code(), rejection.field_name()), (Code::BadSplit, Some(field)), "{data}");
    }
}

#[test]
fn what_old_clients_add_to_the_commands_that_they_know_is_ignored() {
    let mut table = Table::empty();
    for (kind, data) in [
        ("join", r#"{"phone":"1","device":{"os":"x"},"currencyCode":"EUR"}"#),
        (
            "add_item",
            r#"{"id":"i1","dishName":"Dosa","quantity":1,"price":10,"itemTotal":10,"tags":[{}],"sharedby":["x"]}"#,
        ),
        ("update_quantity", r#"{"itemId":"i1","quantity":2,"by":"asha"}"#),
        ("update_split", r#"{"splitType":"itemized","shares":{"asha":1},"x":null}"#),
        ("update_split", r#"{"splitType":"custom","label":"half","people":["asha"],"count":2}"#),
        ("update_split", r#"{"splitType":"equal","participants":[{"id":"asha"}]}"#),
        ("set_ready", r#"{"ready":true,"mood":"hungry"}"#),
        ("finalize", r#"{"total":20,"splits":{"asha":20}}"#),
    ] {
        let text = format!(
            r#"{{"type":"{kind}","participantId":"asha","participantName":"Asha","app":{{"v":1}},"data":{data}}}"#
        );
        drop(table.say("asha", &text).unwrap_or_else(|refused| panic!("{text}: {refused}")));
    }
    assert_eq!(shares(&table.order).amount_due().minor_units(), 2_000);
}

#[test]
fn the_name_of_an_unknown_field_is_repeated_only_if_it_is_short_and_all_of_it_is_seen() {
    let mut table = of_200();
    let mut refuse = |key: &str| -> Rejection {
        let data = serde_json::json!({ key: 1 });
        table.refuse("asha", &message("set_tip", &data.to_string()))
    };
    assert_eq!(refuse("प्रतिशत").field_name(), Some("data.प्रतिशत"));
    assert_eq!(refuse(&"x".repeat(60)).field_name(), Some(format!("data.{}", "x".repeat(60)).as_str()));
    for hidden in
        ["x".repeat(61), "per\u{202E}cent".to_owned(), "a\u{1b}[2J".to_owned(), " ".to_owned(), String::new()]
    {
        let rejection = refuse(&hidden);
        assert_eq!((rejection.code(), rejection.field_name()), (Code::BadCharge, Some("data")), "{hidden:?}");
        assert!(rejection.to_string().contains("has no such field"), "{rejection}");
    }
}

fn message(kind: &str, data: &str) -> String {
    format!(r#"{{"type":"{kind}","data":{data}}}"#)
}
