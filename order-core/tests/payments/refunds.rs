//! Refunds.

use order_core::stored::{decode_fact, encode_fact};
use order_core::{Code, commit};

use crate::support::paying::{are_sums, is_share, of_200, paid_for, pay, payment, refund, update};
use crate::support::table::{quantity_message, remove_message};

#[test]
fn a_payment_is_given_back_in_part_and_in_full_and_never_twice() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":160,"for":["asha","ben"]}"#));
    table.accept("asha", &refund("p1", Some("16")));
    is_share(&table, "asha", ["100", "90", "0", "10", "unpaid"]);
    is_share(&table, "ben", ["60", "54", "0", "6", "unpaid"]);
    assert_eq!(payment(&table, "p1").at("refunded").number(), "16");
    assert_eq!(payment(&table, "p1").at("amount").number(), "160");
    assert_eq!(paid_for(&table, "p1"), "asha 100, ben 60", "what it was when it was paid");
    let rejection = table.refuse("asha", &refund("p1", Some("144.01")));
    assert_eq!((rejection.code(), rejection.field_name()), (Code::BadPayment, Some("data.amount")));
    assert_eq!(rejection.what_was_expected(), Some("at most 144"));
    table.accept("asha", &refund("p1", Some("0.01")));
    table.accept("asha", &refund("p1", None));
    are_sums(&table, "0", "200", false);
    assert_eq!(payment(&table, "p1").at("refunded").number(), "160");
    let refunds = payment(&table, "p1");
    let amounts: Vec<_> =
        refunds.at("refunds").list().iter().map(|refund| refund.at("amount").number()).collect();
    assert_eq!(amounts, ["16", "0.01", "143.99"]);
    for amount in [None, Some("0.01")] {
        let rejection = table.refuse("asha", &refund("p1", amount));
        assert_eq!((rejection.code(), rejection.field_name()), (Code::BadPayment, Some("data.paymentId")));
        assert!(rejection.to_string().contains("it is refunded"), "{rejection}");
    }
    table.accept("asha", &pay(r#"{"amount":160,"for":["asha","ben"]}"#));
}

#[test]
fn only_a_payment_that_arrived_is_given_back() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"card","amount":60,"status":"pending"}"#));
    assert_eq!(table.refuse("asha", &refund("card", Some("1"))).code(), Code::BadPayment);
    table.accept("asha", &update("card", "failed"));
    let rejection = table.refuse("asha", &refund("card", None));
    assert!(rejection.to_string().contains("it is failed"), "{rejection}");
    assert_eq!(table.refuse("asha", &refund("none", None)).code(), Code::PaymentNotFound);
    let without = r#"{"type":"refund_payment","data":{"amount":1}}"#;
    assert_eq!(table.refuse("asha", without).field_name(), Some("data.paymentId"));
}

#[test]
fn a_refund_counts_once_however_often_it_is_sent() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":60}"#));
    table.accept("asha", &pay(r#"{"paymentId":"p2","amount":40}"#));
    let send = |id: &str, amount: &str| {
        format!(r#"{{"type":"refund_payment","data":{{"paymentId":"{id}","refundId":"r1"{amount}}}}}"#)
    };
    table.accept("asha", &send("p1", r#","amount":10"#));
    for amount in [r#","amount":10"#, r#","amount":9999"#, ""] {
        let rejection = table.refuse("asha", &send("p1", amount));
        assert_eq!((rejection.code(), rejection.field_name()), (Code::PaymentIdTaken, Some("data.refundId")));
    }
    table.accept("asha", &send("p2", ""));
    assert_eq!(
        table.refuse("asha", &send("p2", "")).code(),
        Code::PaymentIdTaken,
        "though nothing is left of it"
    );
    are_sums(&table, "50", "150", false);
}

#[test]
fn a_tip_is_given_back_before_what_pays_the_shares() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":125,"excess":"tip"}"#));
    table.accept("asha", &refund("p1", Some("12.5")));
    is_share(&table, "asha", ["100", "100", "0", "0", "paid"]);
    assert_eq!(payment(&table, "p1").at("tipRefunded").number(), "12.5");
    // 12.5 of the tip are left.
    table.accept("asha", &refund("p1", Some("22.5")));
    is_share(&table, "asha", ["100", "90", "0", "10", "unpaid"]);
    assert_eq!(payment(&table, "p1").at("tipRefunded").number(), "25");
    table.accept("asha", &refund("p1", None));
    is_share(&table, "asha", ["100", "0", "0", "100", "unpaid"]);
    assert_eq!(payment(&table, "p1").at("refunded").number(), "125");
}

#[test]
fn what_was_paid_beyond_a_share_is_given_back_first() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":160,"for":["asha","ben"]}"#));
    table.accept("ben", &remove_message("ben-dish"));
    is_share(&table, "ben", ["0", "60", "0", "-60", "paid"]);
    are_sums(&table, "160", "0", false);
    table.accept("asha", &refund("p1", Some("20")));
    is_share(&table, "ben", ["0", "40", "0", "-40", "paid"]);
    table.accept("asha", &refund("p1", Some("45")));
    is_share(&table, "ben", ["0", "0", "0", "0", "paid"]);
    is_share(&table, "asha", ["100", "95", "0", "5", "unpaid"]);
    are_sums(&table, "95", "45", false);
}

#[test]
fn what_was_paid_beyond_a_share_is_given_back_before_the_tip() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":180,"for":["asha","ben"],"excess":"tip"}"#));
    table.accept("ben", &remove_message("ben-dish"));
    table.accept("asha", &refund("p1", Some("60")));
    assert!(payment(&table, "p1").get("tipRefunded").is_none(), "the 60 of a dish that is gone");
    is_share(&table, "ben", ["0", "0", "0", "0", "paid"]);
    table.accept("asha", &refund("p1", Some("30")));
    assert_eq!(payment(&table, "p1").at("tipRefunded").number(), "20");
    is_share(&table, "asha", ["100", "90", "0", "10", "unpaid"]);
}

/// A fact spells out what it takes back, so a log of a release that took tips in proportion keeps its meaning.
#[test]
fn a_refund_of_an_earlier_release_is_replayed_as_it_was() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":125,"excess":"tip"}"#));
    let seq = table.order.seq() + 1;
    let stored = format!(
        r#"{{"v":2,"seq":{seq},"at":9000,"by":"asha","fact":{{"payment_refunded":{{"payment":"p1","refund":"r1","amount":1250,"parts":[["asha",1000]],"tip":250}}}}}}"#
    );
    let recorded = decode_fact(stored.as_bytes()).unwrap();
    assert_eq!(encode_fact(&recorded).unwrap(), stored.as_bytes());
    commit(&mut table.order, &recorded).unwrap();
    table.log.push(recorded);
    is_share(&table, "asha", ["100", "90", "0", "10", "unpaid"]);
    assert_eq!(payment(&table, "p1").at("tipRefunded").number(), "2.5");
    assert_eq!(table.replayed(), table.order);
}

#[test]
fn of_what_two_payments_paid_beyond_a_share_each_gives_back_at_most_its_own() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"mine","amount":130,"for":{"asha":100,"ben":30}}"#));
    table.accept("asha", &pay(r#"{"paymentId":"his","amount":30,"payer":"ben"}"#));
    table.accept("ben", &quantity_message("ben-dish", "0"));
    table.accept("asha", &refund("mine", Some("40")));
    // 30 of ben's credit come from this payment; the other 10 are of asha's share.
    is_share(&table, "ben", ["0", "30", "0", "-30", "paid"]);
    is_share(&table, "asha", ["100", "90", "0", "10", "unpaid"]);
    table.accept("asha", &refund("his", None));
    is_share(&table, "ben", ["0", "0", "0", "0", "paid"]);
}
