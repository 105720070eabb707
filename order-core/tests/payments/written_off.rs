//! Refunds that are not due again: the restaurant writes them off.

use order_core::Code;
use order_core::payment::PaymentStatus;
use proptest::prelude::*;

use crate::support::books::{Bill, Books};
use crate::support::json::Json;
use crate::support::paying::{
    are_sums, is_share, of_two, pay, payment, refund, refund_for_good, settlement, split_of, state,
};
use crate::support::story::{close, step_after_the_meal, story};
use crate::support::table::{self, FINALIZE, LEAVE, REOPEN, Table, correct_message, quantity_message};

/// 500 paid by one card, for Asha's 300 and Ben's 200.
fn paid_by_one_card() -> Table {
    let mut table = of_two(["300", "200"]);
    table.accept("asha", FINALIZE);
    table.accept("asha", &pay(r#"{"paymentId":"card","amount":500,"for":["asha","ben"]}"#));
    table
}

#[test]
fn what_is_due_again_is_due_of_each_share_and_net_of_one_person() {
    let mut table = paid_by_one_card();
    table.accept("asha", &refund("card", Some("200")));
    // 3 to 2 of 200: Asha's share lacks 120 and Ben's 80.
    is_share(&table, "asha", ["300", "180", "0", "120", "unpaid"]);
    is_share(&table, "ben", ["200", "120", "0", "80", "unpaid"]);
    are_sums(&table, "300", "200", false);
    // Asha has spent 300, which is her share. Ben has spent nothing.
    assert_eq!(settlement(&table), ["ben to restaurant 200"]);
}

#[test]
fn what_is_not_due_again_is_written_off_each_share() {
    let mut table = paid_by_one_card();
    table.accept("asha", &refund_for_good("card", Some("200")));
    is_share(&table, "asha", ["300", "180", "0", "0", "paid"]);
    is_share(&table, "ben", ["200", "120", "0", "0", "paid"]);
    are_sums(&table, "300", "0", true);
    let written_off = |who: &str| split_of(&table, who).unwrap().at("writtenOff").number().to_owned();
    assert_eq!((written_off("asha"), written_off("ben")), ("120".to_owned(), "80".to_owned()));
    assert_eq!(state(&table).at("writtenOff").number(), "200");
    assert_eq!(state(&table).at("amountDue").number(), "500", "the bill is what it was");
    // Of 500 less 200, Asha bears 180 and Ben 120. Asha has spent 300.
    assert_eq!(settlement(&table), ["ben to asha 120"]);
    let refunded = payment(&table, "card");
    assert_eq!(refunded.at("refunds").list()[0].get("due").map(Json::truth), Some(false));
    assert_eq!(table.replayed(), table.order);
}

#[test]
fn what_was_written_off_cannot_be_paid() {
    let mut table = paid_by_one_card();
    table.accept("asha", &refund_for_good("card", Some("200")));
    for data in [r#"{"amount":200,"for":["asha","ben"]}"#, r#"{"amount":0.01,"payer":"ben"}"#] {
        assert_eq!(table.refuse("asha", &pay(data)).code(), Code::Overpayment, "{data}");
    }
    assert_eq!(table.refuse("asha", REOPEN).code(), Code::OrderSettled);
}

#[test]
fn what_was_beyond_the_shares_is_given_back_and_nothing_written_off() {
    let mut table = of_two(["300", "200"]);
    table.accept("asha", &pay(r#"{"paymentId":"card","amount":520,"for":["asha","ben"],"excess":"tip"}"#));
    table.accept("asha", &quantity_message("ben-dish", "0"));
    // Ben's 200 and the tip of 20.
    table.accept("asha", &refund_for_good("card", Some("220")));
    assert!(split_of(&table, "asha").unwrap().get("writtenOff").is_none());
    is_share(&table, "asha", ["300", "300", "0", "0", "paid"]);
    is_share(&table, "ben", ["0", "0", "0", "0", "paid"]);
    assert!(state(&table).get("writtenOff").is_none());
    table.accept("asha", &refund_for_good("card", Some("50")));
    is_share(&table, "asha", ["300", "250", "0", "0", "paid"]);
}

#[test]
fn no_more_is_written_off_than_the_share() {
    let mut table = paid_by_one_card();
    table.accept("asha", &refund_for_good("card", Some("200")));
    table.accept("asha", &correct_message("ben-dish", ""));
    // Of Ben's share nothing is left that could be written off: the 120 that were paid of it go back.
    is_share(&table, "ben", ["0", "120", "0", "-120", "paid"]);
    is_share(&table, "asha", ["300", "180", "0", "0", "paid"]);
    assert_eq!(state(&table).at("writtenOff").number(), "120");
    assert_eq!(settlement(&table), ["restaurant to asha 120"]);
    are_sums(&table, "300", "0", true);
}

#[test]
fn a_guest_who_left_stays_on_an_open_bill_for_what_was_written_off() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "thali", "300", "1");
    table.accept("asha", &pay(r#"{"paymentId":"cash","amount":150,"payer":"ben","for":["ben"]}"#));
    table.accept("asha", &refund_for_good("cash", None));
    table.accept("ben", LEAVE);
    is_share(&table, "ben", ["150", "0", "0", "0", "paid"]);
    is_share(&table, "asha", ["150", "0", "0", "150", "unpaid"]);
}

proptest! {
    #![proptest_config(table::runs(60))]

    /// What people owe, less what was written off, less what they have spent, is what the restaurant is owed; and the
    /// settlement empties it, whatever happens to a bill that is final.
    #[test]
    fn after_the_meal_the_sums_stay_right(
        story in story(),
        steps in prop::collection::vec(step_after_the_meal(), 0..25),
    ) {
        let mut books = Books::default();
        let mut table = story.sit_down(&[0, 1, 2, 3, 4, 5]);
        for step in &story.steps {
            step.take_and_check(&mut table, &mut books);
        }
        close(&mut table);
        for step in &steps {
            step.take_and_check(&mut table, &mut books);
            let bill = Bill::of(&table);
            if bill.finalized {
                prop_assert_eq!(bill.unallocated, 0, "after {:?}", step);
                prop_assert_eq!(open_sums(&table, &bill, &books), vec![0_i64; 0], "after {:?}", step);
            }
        }
        prop_assert_eq!(table.replayed(), table.order);
    }
}

/// What is left of what each person and the restaurant are owed, after the settlement.
fn open_sums(table: &Table, bill: &Bill, books: &Books) -> Vec<i64> {
    let mut owed = std::collections::BTreeMap::<String, i64>::new();
    let mut restaurant = 0;
    for (who, split) in &bill.splits {
        *owed.entry(who.clone()).or_default() -= split.amount - split.written_off;
        restaurant += split.amount - split.written_off;
    }
    for paid in books.payments.values().filter(|payment| payment.status == PaymentStatus::Paid) {
        let kept: i64 = paid.parts.values().sum();
        *owed.entry(paid.payer.clone()).or_default() += kept;
        restaurant -= kept;
    }
    assert_eq!(restaurant.max(0), bill.due, "the restaurant is owed what is due");
    for transfer in state(table).at("settlement").list() {
        let amount = transfer.at("amount").minor_units(2);
        for (side, sign) in [("from", 1), ("to", -1)] {
            match transfer.at(side) {
                Json::Null => restaurant += sign * amount,
                who => *owed.get_mut(who.text()).unwrap() += sign * amount,
            }
        }
    }
    owed.into_values().chain([restaurant]).filter(|amount| *amount != 0).collect()
}
