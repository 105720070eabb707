//! Pending payments.

use order_core::Code;

use crate::support::paying::{
    are_sums, backend, is_share, of_200, paid_for, pay, payment, refund, unchanged, update,
};

#[test]
fn what_is_on_its_way_is_not_due_again() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"card","amount":60,"for":["ben"],"status":"pending"}"#));
    is_share(&table, "ben", ["60", "0", "60", "60", "pending"]);
    are_sums(&table, "0", "200", false);
    for data in [
        r#"{"amount":60,"for":["ben"]}"#,
        r#"{"amount":0.01,"payer":"ben"}"#,
        r#"{"amount":1,"for":{"ben":1}}"#,
        r#"{"amount":60,"for":["ben"],"status":"pending"}"#,
        // It must not become a tip either: the card may fail.
        r#"{"amount":60,"for":["ben"],"excess":"tip"}"#,
        r#"{"amount":60,"for":{"ben":60},"excess":"tip"}"#,
        r#"{"amount":70,"payer":"ben","excess":"tip"}"#,
        r#"{"amount":161,"for":["asha","ben"],"excess":"tip"}"#,
    ] {
        let rejection = table.refuse("asha", &pay(data));
        assert_eq!(rejection.code(), Code::Overpayment, "{data}");
        assert!(rejection.to_string().contains("60 of what is due is already on its way"), "{rejection}");
    }
    table.accept("asha", &pay(r#"{"paymentId":"all","amount":100,"for":["asha","ben"],"excess":"tip"}"#));
    assert_eq!(paid_for(&table, "all"), "asha 100");
    table.accept("asha", &update("card", "paid"));
    is_share(&table, "ben", ["60", "60", "0", "0", "paid"]);
    assert_eq!(table.refuse("asha", &pay(r#"{"amount":60,"for":["ben"]}"#)).code(), Code::Overpayment);
    are_sums(&table, "160", "40", false);
}

#[test]
fn what_is_partly_on_its_way_can_be_paid_for_the_rest() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"amount":20,"for":["ben"],"status":"pending"}"#));
    is_share(&table, "ben", ["60", "0", "20", "60", "unpaid"]);
    table.accept("asha", &pay(r#"{"amount":10,"for":["ben"]}"#));
    is_share(&table, "ben", ["60", "10", "20", "50", "unpaid"]);
    assert_eq!(table.refuse("asha", &pay(r#"{"amount":30.01,"for":["ben"]}"#)).code(), Code::Overpayment);
    table.accept("asha", &pay(r#"{"amount":30,"for":["ben"],"excess":"tip"}"#));
    is_share(&table, "ben", ["60", "40", "20", "20", "pending"]);
}

#[test]
fn a_payment_that_failed_is_due_again_and_one_that_arrives_late_after_all_counts() {
    let mut table = of_200();
    backend(
        &mut table,
        &pay(r#"{"paymentId":"card","amount":70,"for":["ben"],"status":"pending","excess":"tip"}"#),
    );
    backend(&mut table, &update("card", "failed"));
    is_share(&table, "ben", ["60", "0", "0", "60", "unpaid"]);
    assert_eq!(payment(&table, "card").at("status").text(), "failed");
    table.accept("asha", &pay(r#"{"paymentId":"cash","amount":60,"payer":"ben"}"#));
    backend(&mut table, &update("card", "paid"));
    is_share(&table, "ben", ["60", "120", "0", "-60", "paid"]);
    are_sums(&table, "120", "80", false);
    assert_eq!(payment(&table, "card").at("tip").number(), "10");
    // The restaurant has ben's money twice and refunds one: his share is still paid.
    backend(&mut table, &refund("card", Some("60")));
    is_share(&table, "ben", ["60", "60", "0", "0", "paid"]);
}

#[test]
fn what_a_payment_became_is_said_twice_without_harm_and_never_taken_back() {
    let mut table = of_200();
    for (id, status) in [("arrived", "paid"), ("lost", "failed")] {
        table.accept("asha", &pay(&format!(r#"{{"paymentId":"{id}","amount":10,"status":"pending"}}"#)));
        table.accept("asha", &update(id, status));
        let facts = table.log.len();
        let again = table.accept("asha", &update(id, status));
        unchanged(&table, &again, facts);
        let again = backend(&mut table, &update(id, status));
        unchanged(&table, &again, facts);
    }
    table.accept("asha", &pay(r#"{"paymentId":"cash","amount":10}"#));
    for id in ["arrived", "cash"] {
        let rejection = table.refuse("asha", &update(id, "failed"));
        assert_eq!(
            (rejection.code(), rejection.field_name()),
            (Code::BadPayment, Some("data.status")),
            "{id}"
        );
    }
    table.accept("asha", &refund("cash", None));
    assert_eq!(table.refuse("asha", &update("cash", "failed")).code(), Code::BadPayment);
    assert_eq!(table.refuse("asha", &update("none", "paid")).code(), Code::PaymentNotFound);
    for status in ["pending", "Paid", "", "refunded"] {
        let rejection = table.refuse("asha", &update("arrived", status));
        assert_eq!(
            (rejection.code(), rejection.field_name()),
            (Code::BadField, Some("data.status")),
            "{status}"
        );
    }
    let without = r#"{"type":"update_payment","data":{"paymentId":"arrived"}}"#;
    assert_eq!(table.refuse("asha", without).code(), Code::MissingField);
    let without = r#"{"type":"update_payment","data":{"status":"paid"}}"#;
    assert_eq!(table.refuse("asha", without).field_name(), Some("data.paymentId"));
}
