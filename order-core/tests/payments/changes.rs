//! Payments while the bill changes, people come and go, and the order is finalized.

use order_core::Code;
use order_core::stored::decode_order;

use crate::support::paying::{
    are_sums, backend, is_share, of_200, pay, payment, refund, settlement, split_of, state, update,
};
use crate::support::table::{
    FINALIZE, Table, charges_message, quantity_message, remove_message, send_away_message,
};

#[test]
fn a_bill_that_shrinks_after_it_was_paid_leaves_a_credit_that_the_restaurant_owes() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"amount":200,"for":["asha","ben","chi"],"payer":"ben"}"#));
    table.accept("asha", &quantity_message("asha-dish", "0"));
    table.add("asha", "soup", "30", "1");
    is_share(&table, "asha", ["30", "100", "0", "-70", "paid"]);
    are_sums(&table, "200", "0", false);
    table.accept("asha", FINALIZE);
    are_sums(&table, "200", "0", true);
    // ben paid 200 of a bill of 130, of which 60 are his.
    assert_eq!(settlement(&table), ["restaurant to ben 70", "chi to ben 40", "asha to ben 30"]);
}

#[test]
fn a_bill_that_grows_after_it_was_paid_is_due_for_what_came_on_top() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"amount":200,"for":["asha","ben","chi"]}"#));
    are_sums(&table, "200", "0", false);
    table.add("chi", "tea", "12.34", "1");
    is_share(&table, "chi", ["52.34", "40", "0", "12.34", "unpaid"]);
    are_sums(&table, "200", "12.34", false);
    assert_eq!(table.refuse("asha", &pay(r#"{"amount":12.35,"for":["chi"]}"#)).code(), Code::Overpayment);
    table.accept("asha", &pay(r#"{"amount":12.34,"for":["chi"]}"#));
    table.accept("asha", FINALIZE);
    are_sums(&table, "212.34", "0", true);
}

#[test]
fn who_paid_and_left_is_owed_what_they_paid_and_keeps_a_name() {
    let mut table = of_200();
    table.join("dev");
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":60,"payer":"dev","for":["ben"]}"#));
    table.leave("dev");
    table.accept("asha", &pay(r#"{"paymentId":"p2","amount":40,"payer":"dev","for":["chi"]}"#));
    assert!(split_of(&table, "dev").is_none());
    assert_eq!(payment(&table, "p1").at("payerName").text(), "Name of dev");
    table.accept("asha", FINALIZE);
    assert_eq!(settlement(&table), ["asha to dev 100", "ben to restaurant 60", "chi to restaurant 40"]);
    let state = state(&table);
    let first = &state.at("settlement").list()[0];
    assert_eq!((first.at("fromName").text(), first.at("toName").text()), ("Name of asha", "Name of dev"));
}

#[test]
fn who_is_paid_for_and_leaves_without_dishes_stays_on_the_bill() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":160,"for":["asha","ben"]}"#));
    table.accept("ben", &remove_message("ben-dish"));
    table.leave("ben");
    is_share(&table, "ben", ["0", "60", "0", "-60", "paid"]);
    are_sums(&table, "160", "0", false);
    table.accept("asha", &refund("p1", Some("60")));
    assert!(split_of(&table, "ben").is_none(), "nothing is paid for him any more");
    are_sums(&table, "100", "40", false);
    is_share(&table, "asha", ["100", "100", "0", "0", "paid"]);
}

#[test]
fn who_is_removed_while_a_payment_of_their_share_is_on_its_way_stays_on_the_bill_unless_it_fails() {
    let mut table = Table::of(&["asha", "ben"]);
    backend(&mut table, &charges_message(r#"{"name":"Cover","kind":"fee","amount":20}"#));
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":10,"for":["ben"],"status":"pending"}"#));
    table.accept("asha", &send_away_message("ben", "remove"));
    is_share(&table, "ben", ["10", "0", "10", "10", "pending"]);
    table.accept("asha", &update("p1", "failed"));
    assert!(split_of(&table, "ben").is_none(), "nothing is on its way for him any more");
    is_share(&table, "asha", ["20", "0", "0", "20", "unpaid"]);
    table.accept("asha", &update("p1", "paid"));
    is_share(&table, "ben", ["10", "10", "0", "0", "paid"]);
}

#[test]
fn who_left_but_has_a_dish_is_still_paid_for() {
    let mut table = of_200();
    table.leave("ben");
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":60,"for":["ben"]}"#));
    table.accept("asha", &pay(r#"{"paymentId":"p2","amount":40,"for":["chi"],"payer":"ben"}"#));
    is_share(&table, "ben", ["60", "60", "0", "0", "paid"]);
}

#[test]
fn an_order_is_settled_when_it_is_finalized_and_nothing_is_due() {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"amount":160,"for":["asha","ben"]}"#));
    table.accept("asha", &pay(r#"{"paymentId":"card","amount":40,"for":["chi"],"status":"pending"}"#));
    are_sums(&table, "160", "40", false);
    table.accept("asha", FINALIZE);
    are_sums(&table, "160", "40", false);
    // asha has paid 160 of 100; chi's 40 have not arrived.
    assert_eq!(settlement(&table), ["ben to asha 60", "chi to restaurant 40"]);
    table.accept("asha", &update("card", "paid"));
    are_sums(&table, "200", "0", true);
}

#[test]
fn a_bill_of_nothing_is_settled_at_once() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "water", "0", "1");
    table.accept("asha", FINALIZE);
    are_sums(&table, "0", "0", true);
    is_share(&table, "asha", ["0", "0", "0", "0", "paid"]);
    assert_eq!(settlement(&table), [""; 0]);
    assert_eq!(table.refuse("asha", &pay(r#"{"amount":0.01}"#)).code(), Code::Overpayment);
    table.accept("asha", &pay(r#"{"amount":0.01,"excess":"tip"}"#));
}

#[test]
fn the_state_tells_of_payments_once_there_are_some_and_once_the_bill_stands() {
    const OF_THE_STATE: [&str; 4] = ["payments", "paid", "balanceDue", "settled"];
    const OF_A_SPLIT: [&str; 4] = ["paid", "pending", "balance", "paymentStatus"];
    let told = |table: &Table| {
        let state = state(table);
        let split = &state.at("splits").list()[0];
        let all = OF_THE_STATE.iter().filter(|key| state.get(key).is_some()).count()
            + OF_A_SPLIT.iter().filter(|key| split.get(key).is_some()).count();
        (all, state.get("settlement").is_some())
    };
    let mut table = of_200();
    assert_eq!(told(&table), (0, false));
    let mut finalized = table.clone();
    finalized.accept("asha", FINALIZE);
    assert_eq!(told(&finalized), (8, true));
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":1,"status":"pending"}"#));
    assert_eq!(told(&table), (8, false));
    table.accept("asha", &update("p1", "failed"));
    assert_eq!(told(&table), (8, false));
}

#[test]
fn a_bill_that_stands_stands_whatever_becomes_of_payments() {
    let (arrives, fails, back) = (update("p1", "paid"), update("p1", "failed"), refund("p1", None));
    for (before, after) in [
        (vec![], vec![&fails, &arrives]),
        (vec![], vec![&arrives, &back]),
        (vec![&arrives], vec![&back]),
        (vec![&fails], vec![&arrives, &back]),
        (vec![&arrives, &back], vec![]),
    ] {
        let mut table = Table::of(&["asha", "ben", "chi"]);
        table.add("asha", "feast", "90", "1");
        table.accept("asha", &pay(r#"{"paymentId":"p1","amount":30,"payer":"ben","status":"pending"}"#));
        for message in before {
            table.accept("asha", message);
        }
        table.leave("ben");
        table.accept("asha", FINALIZE);
        let shares = |table: &Table| {
            let state = state(table);
            let splits = state.at("splits").list().iter();
            let amounts = splits.map(|split| split.at("amount").number().to_owned());
            (state.at("unallocated").number().to_owned(), amounts.collect::<Vec<_>>())
        };
        let final_shares = shares(&table);
        for message in after {
            table.accept("asha", message);
            assert_eq!(shares(&table), final_shares, "after {message}");
        }
        assert_eq!(table.replayed(), table.order);
        let read = decode_order(&table.bytes()).unwrap();
        assert_eq!(read, table.order);
        table.order = read;
        assert_eq!(shares(&table), final_shares);
    }
}

#[test]
fn who_comes_late_to_a_bill_that_stands_by_a_payment_that_had_failed_changes_nobodys_share() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("asha", "feast", "90", "1");
    table.accept("asha", &pay(r#"{"paymentId":"p1","amount":30,"payer":"ben","status":"pending"}"#));
    table.accept("asha", &update("p1", "failed"));
    table.leave("ben");
    table.accept("asha", FINALIZE);
    table.accept("asha", &pay(r#"{"amount":90,"for":["asha","chi"]}"#));
    are_sums(&table, "90", "0", true);
    table.accept("asha", &update("p1", "paid"));
    is_share(&table, "asha", ["45", "45", "0", "0", "paid"]);
    is_share(&table, "chi", ["45", "45", "0", "0", "paid"]);
    are_sums(&table, "120", "0", true);
    assert_eq!(settlement(&table), ["chi to asha 45", "restaurant to ben 30"]);
}

#[test]
fn no_payment_changes_anybodys_share_of_a_finalized_bill() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("asha", "feast", "90", "1");
    table.accept(
        "asha",
        &pay(r#"{"paymentId":"p1","amount":30,"payer":"ben","for":["ben"],"status":"pending"}"#),
    );
    table.leave("ben");
    table.accept("asha", FINALIZE);
    table.accept("asha", &update("p1", "failed"));
    for who in ["asha", "ben", "chi"] {
        is_share(&table, who, ["30", "0", "0", "30", "unpaid"]);
    }
    assert_eq!(table.replayed(), table.order);
}
