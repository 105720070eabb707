//! How payments are stored and shown.

use order_core::stored::{decode_fact, decode_order, encode_fact};
use order_core::{Presence, UnixMillis, wire};

use crate::support::paying::{backend, of_200, pay, update};
use crate::support::table::{FINALIZE, Table};

#[test]
fn the_stored_form_of_payments_stays_what_it_is() {
    let mut table = of_200();
    table.now = 5_000;
    let first = table.log.len();
    table.accept(
        "asha",
        &pay(
            r#"{"paymentId":"p1","amount":165.5,"for":["ben","asha"],"payer":"chi","method":"card","reference":"txn 7","status":"pending","excess":"tip"}"#,
        ),
    );
    table.accept("asha", &update("p1", "paid"));
    table.accept(
        "asha",
        r#"{"type":"refund_payment","data":{"paymentId":"p1","refundId":"r1","amount":16.55}}"#,
    );
    backend(&mut table, &pay(r#"{"paymentId":"p2","amount":40,"for":["chi"]}"#));
    let stored: Vec<_> = table.log[first..]
        .iter()
        .map(|fact| String::from_utf8(encode_fact(fact).unwrap()).unwrap())
        .collect();
    assert_eq!(
        stored,
        [
            r#"{"v":2,"seq":8,"at":5001,"by":"asha","fact":{"payment_recorded":{"payment":"p1","payer":"chi","amount":16550,"parts":[["ben",6000],["asha",10000]],"tip":550,"method":"card","reference":"txn 7","status":"pending"}}}"#,
            r#"{"v":2,"seq":9,"at":5002,"by":"asha","fact":{"payment_updated":{"payment":"p1","status":"paid"}}}"#,
            r#"{"v":2,"seq":10,"at":5003,"by":"asha","fact":{"payment_refunded":{"payment":"p1","refund":"r1","amount":1655,"parts":[["asha",691],["ben",414]],"tip":550}}}"#,
            r#"{"v":2,"seq":11,"at":5004,"by":null,"fact":{"payment_recorded":{"payment":"p2","payer":"chi","amount":4000,"parts":[["chi",4000]],"tip":0,"status":"paid"}}}"#,
        ]
    );
    for (fact, text) in table.log[first..].iter().zip(&stored) {
        assert_eq!(decode_fact(text.as_bytes()).as_ref(), Ok(fact));
    }
    let order = String::from_utf8(table.bytes()).unwrap();
    let payments = r#""payments":[{"id":"p1","payer":2,"amount":16550,"parts":[[0,10000,691],[1,6000,414]],"tip":550,"tip_refunded":550,"refunds":[["r1",1655]],"method":"card","reference":"txn 7","status":"paid","by":0,"at":5001},{"id":"p2","payer":2,"amount":4000,"parts":[[2,4000,0]],"tip":0,"tip_refunded":0,"refunds":[],"method":null,"reference":null,"status":"paid","by":null,"at":5004}]"#;
    assert!(order.contains(payments), "{order}");
    assert_eq!(decode_order(order.as_bytes()).as_ref(), Ok(&table.order));
    assert_eq!(table.replayed(), table.order);
}

#[test]
fn an_order_that_was_stored_before_there_were_payments_is_read() {
    let mut table = of_200();
    let fact =
        String::from_utf8(encode_fact(&table.log[0]).unwrap()).unwrap().replacen("\"v\":2", "\"v\":1", 1);
    assert_eq!(decode_fact(fact.as_bytes()).as_ref(), Ok(&table.log[0]));
    let order = String::from_utf8(table.bytes()).unwrap();
    let old = order.replacen("\"v\":2", "\"v\":1", 1).replacen(",\"payments\":[]", "", 1);
    assert!(old.len() < order.len());
    table.order = decode_order(old.as_bytes()).unwrap();
    table.accept("asha", &pay(r#"{"amount":100}"#));
}

#[test]
fn a_stored_payment_of_nobody_is_damaged() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":100}"#));
    let order = String::from_utf8(table.bytes()).unwrap();
    for (from, to) in [
        ("\"payer\":0", "\"payer\":3"),
        ("\"parts\":[[0,10000,0]]", "\"parts\":[[3,10000,0]]"),
        ("\"status\":\"paid\",\"by\":0", "\"status\":\"paid\",\"by\":3"),
    ] {
        assert!(order.contains(from), "{order}");
        assert!(decode_order(order.replacen(from, to, 1).as_bytes()).is_err(), "{to}");
    }
}

#[test]
fn everybody_is_told_of_a_payment_and_of_the_order_with_it() {
    let mut table = of_200();
    table.now = 5_000;
    table.accept(
        "asha",
        &pay(
            r#"{"paymentId":"p1","amount":61,"payer":"ben","method":"upi","reference":"u/1","excess":"tip"}"#,
        ),
    );
    let payment = r#"{"paymentId":"p1","payer":"ben","payerName":"Name of ben","amount":61,"for":{"ben":60},"tip":1,"method":"upi","reference":"u/1","status":"paid","recordedBy":"owner","recordedAt":5001}"#;
    let expected = r#"{"type":"payment_recorded","participantId":"asha","participantName":"Name of asha","data":{"paymentId":"p1","payment":"#;
    told(&table, expected, payment, 5_001);

    table.accept(
        "asha",
        r#"{"type":"refund_payment","data":{"paymentId":"p1","refundId":"r1","amount":30.5}}"#,
    );
    let refunded = payment.replacen(
        r#""tip":1,"#,
        r#""tip":1,"tipRefunded":1,"refunded":30.5,"refunds":[{"refundId":"r1","amount":30.5}],"#,
        1,
    );
    told(&table, &expected.replacen("payment_recorded", "payment_refunded", 1), &refunded, 5_002);

    backend(&mut table, &pay(r#"{"paymentId":"p2","amount":40,"for":["chi"],"status":"pending"}"#));
    let pending = r#"{"paymentId":"p2","payer":"chi","payerName":"Name of chi","amount":40,"for":{"chi":40},"status":"pending","recordedBy":"backend","recordedAt":5003}"#;
    let backends = r#"{"type":"payment_recorded","participantId":"","participantName":"","data":{"paymentId":"p2","payment":"#;
    told(&table, backends, pending, 5_003);

    backend(&mut table, &update("p2", "failed"));
    let failed = pending.replacen("pending", "failed", 1);
    told(&table, &backends.replacen("payment_recorded", "payment_updated", 1), &failed, 5_004);
}

#[test]
fn a_stranger_sees_nothing_of_payments() {
    let mut table = of_200();
    table.accept(
        "asha",
        &pay(r#"{"paymentId":"PAYMENT","amount":61,"payer":"ben","reference":"REFERENCE","excess":"tip"}"#),
    );
    table.accept("asha", FINALIZE);
    let view = wire::public_view(&table.order);
    for secret in ["PAYMENT", "REFERENCE", "Name of", "paid", "settle", "splits"] {
        assert!(!view.contains(secret), "{secret} in {view}");
    }
}

/// Asserts that the message about the last fact has this beginning, then a payment, then
/// the state.
#[track_caller]
fn told(table: &Table, begins: &str, payment: &str, at: u64) {
    let message = wire::fact_message(&table.order, &Presence::new(), table.log.last().unwrap());
    let sync = wire::sync(&table.order, &Presence::new(), UnixMillis::new(at)).text();
    let state = sync.strip_prefix(r#"{"type":"sync","data":"#).unwrap();
    let state = state.strip_suffix(&format!(r#","timestamp":{at}}}"#)).unwrap();
    let expected = format!(r#"{begins}{payment},"orderState":{state}}},"timestamp":{at}}}"#);
    assert_eq!(message.text(), expected);
}
