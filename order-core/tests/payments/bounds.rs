//! Ids, numbers and bounds.

use order_core::payment::{MAX_PAYMENT_PARTS, MAX_PAYMENTS, MAX_REFUNDS};
use order_core::stored::decode_order;
use order_core::{Code, max_order_total};

use crate::support::paying::{are_sums, backend_refused, of_200, pay, payment, refund, state};
use crate::support::table::{FINALIZE, Table};

#[test]
fn a_payment_counts_once_however_often_it_is_sent() {
    let mut table = of_200();
    let message = pay(r#"{"paymentId":"p1","amount":10,"payer":"asha"}"#);
    table.accept("asha", &message);
    assert_eq!(table.refuse("asha", &message).code(), Code::PaymentIdTaken);
    let rejection = backend_refused(&mut table, &pay(r#"{"paymentId":"p1","amount":0}"#));
    assert_eq!((rejection.code(), rejection.field_name()), (Code::PaymentIdTaken, Some("data.paymentId")));
    // An item may have the same id.
    table.add("asha", "p1", "10", "1");
    table.accept("asha", &pay(r#"{"amount":10}"#));
    table.accept("asha", &pay(r#"{"amount":10}"#));
    let state = state(&table);
    let ids: Vec<_> =
        state.at("payments").list().iter().map(|payment| payment.at("paymentId").text()).collect();
    assert_eq!((ids.len(), ids[0]), (3, "p1"));
    assert!(ids[1] != ids[2] && ids[1].starts_with("made-"), "{ids:?}");
}

#[test]
fn an_amount_is_exact_and_above_zero_or_refused() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":50}"#));
    for amount in [
        "0",
        "0.00",
        "-0",
        "-1",
        "0.001",
        "1e-9",
        "10000000000",
        "1e30",
        "99999999999999999999",
        "\"10\"",
        "null",
        "[1]",
        "true",
    ] {
        for message in [
            pay(&format!(r#"{{"amount":{amount}}}"#)),
            pay(&format!(r#"{{"amount":10,"for":{{"asha":{amount}}}}}"#)),
            refund("p1", Some(amount)),
        ] {
            assert_eq!(table.refuse("asha", &message).code(), Code::BadPayment, "{message}");
        }
    }
    for amount in ["01", "+1", ".5", "NaN", "1_000"] {
        assert_eq!(table.refuse("asha", &pay(&format!(r#"{{"amount":{amount}}}"#))).code(), Code::BadJson);
    }
    assert_eq!(table.refuse("asha", &pay("{}")).code(), Code::MissingField);
    table.accept("asha", &pay(r#"{"paymentId":"p2","amount":1.5e1}"#));
    table.accept("asha", &pay(r#"{"paymentId":"p3","amount":0.0100}"#));
    assert_eq!(payment(&table, "p2").at("amount").number(), "15");
    assert_eq!(payment(&table, "p3").at("amount").number(), "0.01");
}

#[test]
fn every_field_of_a_payment_is_what_it_should_be_or_refused() {
    let mut table = of_200();
    for (data, code) in [
        (r#"{"amount":1,"for":"ben"}"#, Code::BadField),
        (r#"{"amount":1,"for":1}"#, Code::BadField),
        (r#"{"amount":1,"for":[]}"#, Code::BadField),
        (r#"{"amount":1,"for":{}}"#, Code::BadField),
        (r#"{"amount":1,"for":[1]}"#, Code::BadField),
        (r#"{"amount":1,"for":[null]}"#, Code::BadField),
        (r#"{"amount":1,"payer":1}"#, Code::BadField),
        (r#"{"amount":1,"status":"failed"}"#, Code::BadField),
        (r#"{"amount":1,"status":true}"#, Code::BadField),
        (r#"{"amount":1,"excess":"Tip"}"#, Code::BadField),
        (r#"{"amount":1,"excess":true}"#, Code::BadField),
        (r#"{"amount":1,"paymentId":""}"#, Code::BadField),
        (r#"{"amount":1,"paymentId":"a b"}"#, Code::BadField),
        (r#"{"amount":1,"paymentId":7}"#, Code::BadField),
        (r#"{"amount":1,"method":7}"#, Code::BadField),
    ] {
        assert_eq!(table.refuse("asha", &pay(data)).code(), code, "{data}");
    }
    for (key, most) in [("method", 40), ("reference", 128)] {
        let message = |length: usize| pay(&format!(r#"{{"amount":1,"{key}":"{}"}}"#, "क".repeat(length)));
        assert_eq!(table.refuse("asha", &message(most + 1)).code(), Code::BadText, "{key}");
        table.accept("asha", &message(most));
    }
    let long = "p".repeat(65);
    assert_eq!(
        table.refuse("asha", &pay(&format!(r#"{{"amount":1,"paymentId":"{long}"}}"#))).code(),
        Code::BadField
    );
    table.accept("asha", &pay(&format!(r#"{{"amount":1,"paymentId":"{}"}}"#, &long[1..])));
    // A field that is `null` counts as absent.
    table.accept(
        "asha",
        &pay(r#"{"paymentId":null,"amount":1,"for":null,"payer":null,"method":null,"reference":"","status":null,"excess":null}"#),
    );
    let state = state(&table);
    let last = state.at("payments").list().last().unwrap();
    assert_eq!((last.get("method"), last.get("reference")), (None, None));
    assert_eq!(last.at("status").text(), "paid");
}

#[test]
fn payments_are_as_fine_as_their_currency() {
    for (currency, price, finest, too_fine) in [
        ("JPY", "3", "1", "0.5"),
        ("KWD", "0.003", "0.001", "0.0001"),
        ("CLF", "0.0003", "0.0001", "0.00001"),
    ] {
        let mut table = Table::empty();
        table.accept(
            "asha",
            &format!(
                r#"{{"type":"join","participantId":"asha","participantName":"Asha","data":{{"currency":"{currency}"}}}}"#
            ),
        );
        table.add("asha", "i1", price, "1");
        let message = |amount: &str| pay(&format!(r#"{{"paymentId":"p1","amount":{amount}}}"#));
        assert_eq!(table.refuse("asha", &message(too_fine)).code(), Code::BadPayment, "{currency}");
        table.accept("asha", &message(finest));
        assert_eq!(payment(&table, "p1").at("amount").number(), finest);
        assert_eq!(state(&table).at("balanceDue").minor_units(table.order.currency().minor_digits()), 2);
    }
}

#[test]
fn a_bill_beyond_the_ceiling_of_a_payment_is_paid_in_several() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "most", "9999999.99", "999");
    table.accept(
        "asha",
        r#"{"type":"set_charges","data":{"charges":[{"name":"a","kind":"tax","percent":100},{"name":"b","kind":"tax","percent":100}]}}"#,
    );
    assert_eq!(state(&table).at("amountDue").number(), "29969999970.03");
    assert_eq!(table.refuse("asha", &pay(r#"{"amount":29969999970.03}"#)).code(), Code::BadPayment);
    let most = max_order_total(table.order.currency()).display(table.order.currency()).to_string();
    assert_eq!(most, "9999999999.99");
    for _ in 0..2 {
        table.accept("asha", &pay(&format!(r#"{{"amount":{most}}}"#)));
    }
    are_sums(&table, "19999999999.98", "9969999970.05", false);
    table.accept("asha", &pay(r#"{"amount":9969999970.05}"#));
    table.accept("asha", FINALIZE);
    are_sums(&table, "29969999970.03", "0", true);
}

#[test]
fn an_order_takes_a_thousand_payments_and_a_thousand_refunds() {
    let mut table = of_200();
    let number = |payment: usize| pay(&format!(r#"{{"paymentId":"p{payment}","amount":0.02}}"#));
    for payment in 0..MAX_PAYMENTS {
        table.accept("asha", &number(payment));
    }
    assert_eq!(table.refuse("asha", &number(MAX_PAYMENTS)).code(), Code::TooManyPayments);
    assert_eq!(table.refuse("asha", &number(MAX_PAYMENTS - 1)).code(), Code::PaymentIdTaken, "sent twice");
    for payment in 0..MAX_REFUNDS {
        table.accept("asha", &refund(&format!("p{payment}"), Some("0.01")));
    }
    assert_eq!(table.refuse("asha", &refund("p0", None)).code(), Code::TooManyPayments);
    are_sums(&table, "10", "190", false);
    assert_eq!(decode_order(&table.bytes()).as_ref(), Ok(&table.order));
}

#[test]
fn an_order_takes_payments_of_four_thousand_shares() {
    let people: Vec<_> = (0..100).map(|number| format!("p{number}")).collect();
    let mut table = Table::of(&people.iter().map(String::as_str).collect::<Vec<_>>());
    table.add("p0", "feast", "10000", "1");
    let all = format!("[\"{}\"]", people.join("\",\""));
    for _ in 0..MAX_PAYMENT_PARTS / 100 - 1 {
        table.accept("p0", &pay(&format!(r#"{{"amount":100,"for":{all}}}"#)));
    }
    table.accept("p0", &pay(r#"{"amount":61}"#));
    let one = pay(r#"{"amount":0.01,"for":["p1"]}"#);
    for _ in 1..100 {
        table.accept("p0", &one);
    }
    let rejection = table.refuse("p0", &one);
    assert_eq!(rejection.code(), Code::TooManyPayments);
    assert!(rejection.to_string().contains("4000 shares"), "{rejection}");
    // A tip pays no share.
    table.accept("p0", &pay(r#"{"amount":10,"excess":"tip"}"#));
}
