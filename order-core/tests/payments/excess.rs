//! More than is due, and tips.

use order_core::{Code, UnixMillis, wire};

use crate::support::json::Json;
use crate::support::paying::{
    are_sums, is_share, of_200, of_two, paid_for, pay, payment, refund, settlement, state,
};
use crate::support::table::{FINALIZE, remove_message};

#[test]
fn more_than_is_due_is_refused_and_by_how_much_is_told() {
    let mut table = of_200();
    for (data, excess, most) in [
        (r#"{"amount":100.01}"#, -1, "100"),
        (r#"{"amount":60.5,"for":["ben"]}"#, -50, "60"),
        (r#"{"amount":250,"for":["asha","ben","chi"]}"#, -5_000, "200"),
        (r#"{"amount":100.01,"for":{"asha":40,"ben":60.01}}"#, -1, "60"),
        (r#"{"amount":9999999999.99}"#, -999_999_989_999, "100"),
    ] {
        let rejection = table.refuse("asha", &pay(data));
        assert_eq!(rejection.code(), Code::Overpayment, "{data}");
        assert_eq!(rejection.missing_amount().unwrap().0.minor_units(), excess, "{data}");
        let expected = format!("at most {most}, or the excess marked as a tip");
        assert_eq!(rejection.what_was_expected(), Some(expected.as_str()), "{data}");
    }
    let rejection = table.refuse("asha", &pay(r#"{"amount":60.5,"for":["ben"]}"#));
    let error = Json::parse(&wire::error(&rejection, None, UnixMillis::new(1)));
    assert_eq!(error.at("data.unallocated").number(), "-0.5");
    assert_eq!(
        error.at("error").text(),
        "The payment is more than is due: 60.5 is 0.5 too much. Expected: at most 60, or the excess marked as a tip."
    );
    table.accept("asha", &pay(r#"{"amount":60,"for":["ben"]}"#));
    let rejection = table.refuse("asha", &pay(r#"{"amount":0.01,"for":{"ben":0.01}}"#));
    assert_eq!((rejection.code(), rejection.field_name()), (Code::Overpayment, Some("data.for")));
}

#[test]
fn an_excess_that_is_marked_as_a_tip_pays_nobodys_share() {
    for (data, parts, tip) in [
        (r#""amount":110"#, "asha 100", "10"),
        (r#""amount":61.25,"for":["ben"]"#, "ben 60", "1.25"),
        (r#""amount":210,"for":["asha","chi","ben"]"#, "asha 100, ben 60, chi 40", "10"),
        (r#""amount":105,"for":{"chi":45,"ben":60}"#, "ben 60, chi 40", "5"),
        (r#""amount":105,"for":{"chi":30,"ben":50}"#, "ben 50, chi 30", "25"),
    ] {
        let mut table = of_200();
        let before = state(&table).at("amountDue").number().to_owned();
        table.accept("asha", &pay(&format!(r#"{{"paymentId":"p1",{data},"excess":"tip"}}"#)));
        assert_eq!(paid_for(&table, "p1"), parts, "{data}");
        assert_eq!(payment(&table, "p1").at("tip").number(), tip, "{data}");
        let after = state(&table);
        assert_eq!(after.at("amountDue").number(), before, "{data}");
        let splits: i64 = after.at("splits").list().iter().map(|split| split.at("paid").minor_units(2)).sum();
        assert_eq!(after.at("paid").minor_units(2), splits, "{data}");
        assert_eq!(after.at("balanceDue").minor_units(2), 20_000 - splits, "{data}");
    }
}

#[test]
fn whoever_owes_nothing_may_still_give_a_tip() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"amount":100}"#));
    table.accept("asha", &pay(r#"{"paymentId":"p2","amount":5,"excess":"tip"}"#));
    assert_eq!((paid_for(&table, "p2").as_str(), payment(&table, "p2").at("tip").number()), ("", "5"));
    is_share(&table, "asha", ["100", "100", "0", "0", "paid"]);
    are_sums(&table, "100", "100", false);
}

#[test]
fn a_tip_is_its_givers_own_and_nobody_owes_it() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"amount":250,"for":["asha","ben","chi"],"payer":"chi","excess":"tip"}"#));
    table.accept("asha", FINALIZE);
    assert_eq!(settlement(&table), ["asha to chi 100", "ben to chi 60"]);
}

#[test]
fn a_tip_marked_where_nothing_is_left_over_is_none() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":60,"for":["ben"],"excess":"tip"}"#));
    assert_eq!(payment(&table, "p1").get("tip"), None);
}

#[test]
fn nobody_pays_the_restaurant_more_than_the_bill_whatever_single_shares_are() {
    // asha has paid 50 of a share that is now 0, so ben owes her, not the restaurant.
    let mut table = of_two(["50", "50"]);
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":50}"#));
    table.split("asha", r#"{"splitType":"custom","amounts":{"asha":0,"ben":100}}"#);
    for data in [r#"{"amount":51,"for":["ben"]}"#, r#"{"amount":100,"for":{"ben":100}}"#] {
        let rejection = table.refuse("asha", &pay(data));
        assert_eq!(rejection.code(), Code::Overpayment, "{data}");
        assert_eq!(rejection.what_was_expected(), Some("at most 50"), "{data}");
    }
    table.accept("asha", &pay(r#"{"paymentId":"p2","amount":50,"payer":"ben"}"#));
    is_share(&table, "asha", ["0", "50", "0", "-50", "paid"]);
    is_share(&table, "ben", ["100", "50", "0", "50", "unpaid"]);
    assert_eq!(table.refuse("asha", &pay(r#"{"amount":50,"for":["ben"]}"#)).code(), Code::Overpayment);
    table.accept("asha", FINALIZE);
    are_sums(&table, "100", "0", true);
    assert_eq!(settlement(&table), ["ben to asha 50"]);
    // Unless the restaurant refunds asha.
    table.accept("asha", &refund("p1", None));
    are_sums(&table, "50", "50", false);
    assert_eq!(settlement(&table), ["ben to restaurant 50"]);
    table.accept("asha", &pay(r#"{"amount":50,"payer":"ben"}"#));
    are_sums(&table, "100", "0", true);
    assert_eq!(settlement(&table), [""; 0]);
}

#[test]
fn shares_that_were_agreed_for_more_than_the_bill_are_not_all_paid() {
    let mut table = of_two(["50", "50"]);
    table.split("asha", r#"{"splitType":"custom","amounts":{"asha":50,"ben":50}}"#);
    table.accept("ben", &remove_message("ben-dish"));
    assert_eq!(state(&table).at("unallocated").number(), "-50");
    table.accept("asha", &pay(r#"{"amount":50}"#));
    are_sums(&table, "50", "0", false);
    assert_eq!(table.refuse("asha", &pay(r#"{"amount":50,"for":["ben"]}"#)).code(), Code::Overpayment);
}
