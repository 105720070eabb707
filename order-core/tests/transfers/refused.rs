//! What cannot be recorded as a transfer, and how many can.

use order_core::stored::decode_order;
use order_core::transfer::MAX_TRANSFERS;
use order_core::{Code, OrderBounds};

use crate::support::friends::{answer, cancel, one_paid_all, send, statuses};

#[test]
fn an_amount_is_exact_and_above_zero_or_refused() {
    let mut table = one_paid_all();
    for amount in ["0", "0.00", "-0", "-1", "0.001", "1e-9", "10000000000", "1e30", "\"10\"", "null", "[1]"] {
        let rejection = table.refuse("ben", &send("b1", "asha", amount));
        assert_eq!(
            (rejection.code(), rejection.field_name()),
            (Code::BadTransfer, Some("data.amount")),
            "{amount}"
        );
    }
    table.accept("ben", &send("b1", "asha", "1.5e1"));
    assert_eq!(statuses(&table), ["b1 ben to asha 15 pending"]);
}

#[test]
fn a_transfer_is_between_two_people_who_joined() {
    let mut table = one_paid_all();
    let to_self = table.refuse("ben", &send("b1", "ben", "10"));
    assert_eq!((to_self.code(), to_self.field_name()), (Code::BadTransfer, Some("data.to")));
    let unknown = table.refuse("ben", &send("b1", "zoe", "10"));
    assert_eq!((unknown.code(), unknown.field_name()), (Code::UnknownParticipant, Some("data.to")));
    for (data, code) in [
        (r#"{"amount":10}"#, Code::MissingField),
        (r#"{"to":"asha"}"#, Code::MissingField),
        (r#"{"to":1,"amount":10}"#, Code::BadField),
        (r#"{"to":"asha","amount":10,"transferId":"a b"}"#, Code::BadField),
        (r#"{"to":"asha","amount":10,"method":7}"#, Code::BadField),
    ] {
        let message = format!(r#"{{"type":"record_transfer","data":{data}}}"#);
        assert_eq!(table.refuse("ben", &message).code(), code, "{data}");
    }
    let long = "x".repeat(300);
    let message =
        format!(r#"{{"type":"record_transfer","data":{{"to":"asha","amount":1,"reference":"{long}"}}}}"#);
    assert_eq!(table.refuse("ben", &message).code(), Code::BadText);
    for data in
        [r#"{"transferId":"b1"}"#, r#"{"confirmed":true}"#, r#"{"transferId":"b1","confirmed":"yes"}"#]
    {
        let message = format!(r#"{{"type":"answer_transfer","data":{data}}}"#);
        assert!(
            [Code::MissingField, Code::BadField].contains(&table.refuse("asha", &message).code()),
            "{data}"
        );
    }
}

#[test]
fn a_transfer_counts_once_however_often_it_is_sent() {
    let mut table = one_paid_all();
    table.accept("ben", &send("t1", "asha", "10"));
    for who in ["ben", "chi"] {
        let rejection = table.refuse(who, &send("t1", "asha", "10"));
        assert_eq!(
            (rejection.code(), rejection.field_name()),
            (Code::TransferIdTaken, Some("data.transferId")),
            "{who}"
        );
    }
    table.accept("asha", &answer("t1", false));
    assert_eq!(table.refuse("ben", &send("t1", "asha", "10")).code(), Code::TransferIdTaken, "denied");
}

/// A quarter of what is left: with none of the others' yet, that is reached at 200 of 1,000.
#[test]
fn one_person_cannot_use_up_the_transfers_of_the_others() {
    let mut table = one_paid_all();
    for number in 0..200 {
        let id = format!("b{number}");
        table.accept("ben", &send(&id, "asha", "0.01"));
        table.accept("ben", &cancel(&id));
    }
    let rejection = table.refuse("ben", &send("over", "asha", "0.01"));
    assert_eq!(rejection.code(), Code::TooManyTransfers);
    assert!(rejection.what_was_expected().unwrap().starts_with("at most 1000 transfers"), "{rejection}");
    assert_eq!(MAX_TRANSFERS, 1_000);
    table.accept("chi", &send("c1", "asha", "40"));
    table.accept("asha", &answer("c1", true));
    let restored = decode_order(&table.bytes()).unwrap();
    assert_eq!(restored, table.order);
    assert!(OrderBounds::default().check(&table.order, table.log.last().unwrap()).is_ok());
}
