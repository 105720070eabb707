//! The payer of a payment, and the shares that it pays.

use order_core::Code;
use proptest::prelude::*;

use crate::support::paying::{
    are_sums, backend, backend_refused, is_share, of_200, paid_for, pay, payment, settlement, units,
};
use crate::support::table::{FINALIZE, Table, runs};

#[test]
fn the_owner_who_records_a_payment_has_paid_it_unless_somebody_is_named() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":60,"for":["ben"]}"#));
    table.accept("asha", &pay(r#"{"paymentId":"p2","amount":40,"payer":"chi"}"#));
    let payer = |table: &Table, id: &str| payment(table, id).at("payer").text().to_owned();
    assert_eq!((payer(&table, "p1"), paid_for(&table, "p1")), ("asha".to_owned(), "ben 60".to_owned()));
    assert_eq!((payer(&table, "p2"), paid_for(&table, "p2")), ("chi".to_owned(), "chi 40".to_owned()));
}

#[test]
fn whose_share_the_back_end_names_has_paid_it_unless_somebody_else_is_named() {
    let mut table = of_200();
    backend(&mut table, &pay(r#"{"paymentId":"p1","amount":10,"for":["ben"]}"#));
    backend(&mut table, &pay(r#"{"paymentId":"p2","amount":10,"for":{"ben":10}}"#));
    backend(&mut table, &pay(r#"{"paymentId":"p3","amount":10,"for":["ben"],"payer":"chi"}"#));
    backend(&mut table, &pay(r#"{"paymentId":"p4","amount":10,"payer":"chi"}"#));
    let payers: Vec<_> =
        ["p1", "p2", "p3", "p4"].iter().map(|id| payment(&table, id).at("payer").text().to_owned()).collect();
    assert_eq!(payers, ["ben", "ben", "chi", "chi"]);
    for data in [
        r#"{"amount":10}"#,
        r#"{"amount":10,"for":["ben","chi"]}"#,
        r#"{"amount":10,"for":{"ben":5,"chi":5}}"#,
    ] {
        let rejection = backend_refused(&mut table, &pay(data));
        assert_eq!(
            (rejection.code(), rejection.field_name()),
            (Code::MissingField, Some("data.payer")),
            "{data}"
        );
    }
}

#[test]
fn a_payment_pays_the_payers_share_those_of_a_list_or_the_amounts_of_an_object() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"own","amount":30}"#));
    table.accept("asha", &pay(r#"{"paymentId":"list","amount":130,"for":["ben","asha"]}"#));
    table.accept("asha", &pay(r#"{"paymentId":"object","amount":20.5,"for":{"chi":20.5}}"#));
    assert_eq!(paid_for(&table, "own"), "asha 30");
    assert_eq!(paid_for(&table, "list"), "asha 70, ben 60");
    assert_eq!(paid_for(&table, "object"), "chi 20.5");
    is_share(&table, "asha", ["100", "100", "0", "0", "paid"]);
    is_share(&table, "ben", ["60", "60", "0", "0", "paid"]);
    is_share(&table, "chi", ["40", "20.5", "0", "19.5", "unpaid"]);
    are_sums(&table, "180.5", "19.5", false);
}

#[test]
fn a_list_that_does_not_suffice_is_divided_in_proportion_to_what_is_due() {
    let mut table = of_200();
    // 16.665, 9.999 and 6.666: the largest fractions are rounded up.
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":33.33,"for":["chi","asha","ben"]}"#));
    assert_eq!(paid_for(&table, "p1"), "asha 16.66, ben 10, chi 6.67");
    table.accept("asha", &pay(r#"{"paymentId":"p2","amount":0.01,"for":["chi","asha","ben"]}"#));
    assert_eq!(paid_for(&table, "p2"), "asha 0.01", "people who get nothing of it are not in it");
    table.accept("asha", &pay(r#"{"paymentId":"p3","amount":166.66,"for":["chi","asha","ben"]}"#));
    are_sums(&table, "200", "0", false);
}

#[test]
fn who_is_listed_and_owes_nothing_takes_nothing_of_a_payment() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"amount":60,"for":["ben"]}"#));
    table.accept("asha", &pay(r#"{"paymentId":"p2","amount":70,"for":["asha","ben"]}"#));
    assert_eq!(paid_for(&table, "p2"), "asha 70");
    let rejection = table.refuse("asha", &pay(r#"{"amount":0.01,"for":["ben"]}"#));
    assert_eq!(rejection.code(), Code::Overpayment);
}

#[test]
fn several_pay_one_bill() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"amount":25,"for":["ben"],"payer":"asha"}"#));
    table.accept("asha", &pay(r#"{"amount":25,"for":["ben"],"payer":"chi"}"#));
    table.accept("asha", &pay(r#"{"amount":10,"for":["ben"],"payer":"ben"}"#));
    is_share(&table, "ben", ["60", "60", "0", "0", "paid"]);
    table.accept("asha", &pay(r#"{"amount":140,"for":["asha","chi"],"payer":"ben"}"#));
    table.accept("asha", FINALIZE);
    are_sums(&table, "200", "0", true);
    // asha paid 25 of 100, ben 150 of 60, chi 25 of 40.
    assert_eq!(settlement(&table), ["asha to ben 75", "chi to ben 15"]);
}

#[test]
fn people_who_cannot_pay_or_be_paid_for_are_refused() {
    let mut table = of_200();
    table.join("dev");
    table.leave("dev");
    for (data, field) in [
        (r#"{"amount":1,"payer":"nobody"}"#, Some("data.payer")),
        (r#"{"amount":1,"payer":"nobody","for":["ben"]}"#, Some("data.payer")),
        (r#"{"amount":1,"payer":"dev"}"#, Some("data.payer")),
        (r#"{"amount":1,"for":["nobody"]}"#, Some("data.for")),
        (r#"{"amount":1,"for":["ben","nobody"]}"#, Some("data.for")),
        (r#"{"amount":1,"for":["dev"]}"#, Some("data.for")),
        (r#"{"amount":1,"for":{"nobody":1}}"#, Some("data.for")),
        (r#"{"amount":1,"for":{"dev":1}}"#, Some("data.for")),
        (r#"{"amount":1,"for":[""]}"#, None),
        (r#"{"amount":1,"payer":""}"#, None),
    ] {
        let rejection = table.refuse("asha", &pay(data));
        assert_eq!(rejection.code(), Code::UnknownParticipant, "{data}");
        assert!(field.is_none() || rejection.field_name() == field, "{data}: {rejection:?}");
    }
    let rejection = table.refuse("asha", &pay(r#"{"amount":1,"for":["ben","chi","ben"]}"#));
    assert_eq!((rejection.code(), rejection.field_name()), (Code::ConflictingClaims, Some("data.for")));
    let rejection = table.refuse("asha", &pay(r#"{"amount":1,"for":{"ben":1,"ben":1}}"#));
    assert_eq!(rejection.code(), Code::DuplicateKey);
}

#[test]
fn the_amounts_of_an_object_must_add_up_to_the_payment() {
    let mut table = of_200();
    for (data, unallocated) in [
        (r#"{"amount":50,"for":{"ben":30,"chi":20.01}}"#, -1),
        (r#"{"amount":50,"for":{"ben":30,"chi":20.01},"excess":"tip"}"#, -1),
        (r#"{"amount":50,"for":{"ben":30,"chi":19.99}}"#, 1),
        (r#"{"amount":50,"for":{"ben":30}}"#, 2_000),
    ] {
        let rejection = table.refuse("asha", &pay(data));
        assert_eq!(
            (rejection.code(), rejection.field_name()),
            (Code::BadPayment, Some("data.for")),
            "{data}"
        );
        assert_eq!(rejection.missing_amount().unwrap().0.minor_units(), unallocated, "{data}");
    }
    table.accept(
        "asha",
        &pay(r#"{"paymentId":"p1","amount":50,"for":{"ben":30,"chi":19.99},"excess":"tip"}"#),
    );
    assert_eq!(paid_for(&table, "p1"), "ben 30, chi 19.99");
    assert_eq!(payment(&table, "p1").at("tip").number(), "0.01");
}

proptest! {
    #![proptest_config(runs(100))]

    /// Several payments, each divided over what is due: checks sums, bounds and proportions by
    /// cross-multiplication.
    #[test]
    fn what_a_list_is_paid_adds_up_and_is_in_proportion(
        prices in prop::collection::vec(0_i64..20_000, 1..8),
        payments in prop::collection::vec((1_i64..30_000, any::<bool>()), 1..4),
    ) {
        let people: Vec<_> = (0..prices.len()).map(|number| format!("p{number}")).collect();
        let mut table = Table::of(&people.iter().map(String::as_str).collect::<Vec<_>>());
        for (who, price) in people.iter().zip(&prices) {
            table.add(who, &format!("dish-{who}"), &units(*price), "1");
        }
        table.split("p0", r#"{"splitType":"itemized"}"#);
        let mut open = prices.clone();
        for (number, (amount, pending)) in payments.iter().enumerate() {
            let status = if *pending { "pending" } else { "paid" };
            let data = format!(
                r#"{{"paymentId":"{number}","amount":{},"for":["{}"],"status":"{status}"}}"#,
                units(*amount),
                people.join("\",\""),
            );
            let all: i64 = open.iter().sum();
            if *amount > all {
                prop_assert_eq!(table.refuse("p0", &pay(&data)).code(), Code::Overpayment);
                continue;
            }
            table.accept("p0", &pay(&data));
            let paid = payment(&table, &number.to_string());
            let parts: Vec<_> = people
                .iter()
                .map(|who| paid.at("for").get(who).map_or(0, |part| part.minor_units(2)))
                .collect();
            prop_assert_eq!(parts.iter().sum::<i64>(), *amount);
            for (part, open) in parts.iter().zip(&open) {
                let off = i128::from(*part) * i128::from(all) - i128::from(*amount) * i128::from(*open);
                prop_assert!(*part <= *open && off.abs() < i128::from(all), "{} of {}", part, open);
            }
            for (open, part) in open.iter_mut().zip(parts) {
                *open -= part;
            }
        }
    }
}
