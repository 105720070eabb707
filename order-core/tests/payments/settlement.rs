//! Random bills, shared and paid in any way: what is due, who owes whom, and what the log
//! contains of it.

use std::collections::BTreeMap;

use order_core::payment::PaymentStatus;
use order_core::split::TieRank;
use order_core::stored::{decode_order, encode_order};
use order_core::{OrderId, ParticipantId};
use proptest::prelude::*;

use crate::support::books::{Bill, Books};
use crate::support::json::Json;
use crate::support::paying::{of_200, pay, refund, settlement, split_of, state, update};
use crate::support::story::{close, story};
use crate::support::table::{self, FINALIZE, Table};

proptest! {
    #![proptest_config(table::runs(50))]

    #[test]
    fn whatever_happens_the_sums_are_right(story in story()) {
        let mut books = Books::default();
        let mut table = story.sit_down(&[0, 1, 2, 3, 4, 5]);
        for step in &story.steps {
            step.take_and_check(&mut table, &mut books);
        }
        close(&mut table);
        let before = Bill::of(&table);
        books.agree_with(&before);
        for step in &story.later {
            step.take_and_check(&mut table, &mut books);
            let after = Bill::of(&table);
            prop_assert_eq!((before.amount_due, before.shares()), (after.amount_due, after.shares()));
        }
        prop_assert_eq!(encode_order(&table.replayed()).unwrap(), table.bytes());
        let read = decode_order(&table.bytes());
        prop_assert_eq!(read.as_ref(), Ok(&table.order));
    }

    #[test]
    fn a_settlement_leaves_nobody_owing_anything(story in story()) {
        let table = story.told(&[0, 1, 2, 3, 4, 5]);
        let mut owed = owed(&table);
        let people_with_a_balance = owed.values().filter(|amount| **amount != 0).count();
        let transfers = transfers(&table);
        prop_assert!(transfers.len() <= people_with_a_balance.saturating_sub(1), "{:?}", transfers);
        for (from, to, amount) in &transfers {
            prop_assert!(*amount > 0 && from != to);
            prop_assert!(transfers.iter().all(|(other, ..)| other != to), "{} pays and is paid", to);
            *owed.get_mut(from).unwrap() += amount;
            *owed.get_mut(to).unwrap() -= amount;
        }
        prop_assert!(owed.values().all(|amount| *amount == 0), "{:?} after {:?}", owed, transfers);
    }

    #[test]
    fn a_settlement_is_by_the_rule_that_is_stated(story in story()) {
        let table = story.told(&[0, 1, 2, 3, 4, 5]);
        prop_assert_eq!(transfers(&table), greedy(table.order.id(), owed(&table)));
    }

    #[test]
    fn who_joined_first_makes_no_difference(
        story in story(),
        seating in Just([0, 1, 2, 3, 4, 5]).prop_shuffle(),
    ) {
        let (table, other) = (story.told(&[0, 1, 2, 3, 4, 5]), story.told(&seating));
        prop_assert_eq!(transfers(&table), transfers(&other));
        let (bill, others) = (Bill::of(&table), Bill::of(&other));
        prop_assert_eq!(bill.splits, others.splits);
        prop_assert_eq!((bill.due, bill.paid, bill.settled), (others.due, others.paid, others.settled));
    }
}

#[test]
fn nobody_owes_anybody_anything_when_all_paid_their_own() {
    let mut table = of_200();
    for who in ["asha", "ben", "chi"] {
        let amount = split_of(&table, who).unwrap().at("amount").number().to_owned();
        table.accept("asha", &pay(&format!(r#"{{"amount":{amount},"payer":"{who}"}}"#)));
    }
    table.accept("asha", FINALIZE);
    assert_eq!(settlement(&table), [""; 0]);
}

#[test]
fn everybody_owes_the_restaurant_when_nobody_has_paid() {
    let mut table = of_200();
    table.accept("asha", FINALIZE);
    assert_eq!(
        settlement(&table),
        ["asha to restaurant 100", "ben to restaurant 60", "chi to restaurant 40"]
    );
}

#[test]
fn between_equals_whoever_gets_odd_units_first_goes_first_and_the_restaurant_last() {
    let mut table = Table::of(&["asha", "ben", "chi", "dev"]);
    for who in ["asha", "ben", "chi", "dev"] {
        table.add(who, &format!("{who}-dish"), "50", "1");
    }
    table.split("asha", r#"{"splitType":"itemized"}"#);
    // Two of four pay for two, so two owe 50 each; one of them and the restaurant are owed 50
    // each.
    table.accept("asha", &pay(r#"{"amount":100,"for":["asha","ben"]}"#));
    table.accept("asha", &pay(r#"{"amount":50,"payer":"chi"}"#));
    table.accept("asha", FINALIZE);
    let mut debtors = ["ben", "dev"];
    debtors.sort_by_key(|who| rank(table.order.id(), who));
    let expected = [format!("{} to asha 50", debtors[0]), format!("{} to restaurant 50", debtors[1])];
    assert_eq!(settlement(&table), expected);
}

#[test]
fn what_is_on_its_way_or_failed_settles_nothing() {
    for status in ["pending", "failed"] {
        let mut table = of_200();
        table.accept("asha", &pay(r#"{"paymentId":"p1","amount":60,"for":["ben"],"status":"pending"}"#));
        if status == "failed" {
            table.accept("asha", &update("p1", "failed"));
        }
        table.accept("asha", FINALIZE);
        let expected = ["asha to restaurant 100", "ben to restaurant 60", "chi to restaurant 40"];
        assert_eq!(settlement(&table), expected, "{status}");
    }
}

#[test]
fn what_was_given_back_settles_nothing() {
    let mut table = of_200();
    table
        .accept("asha", &pay(r#"{"paymentId":"p1","amount":220,"for":["asha","ben","chi"],"excess":"tip"}"#));
    table.accept("asha", FINALIZE);
    assert_eq!(settlement(&table), ["ben to asha 60", "chi to asha 40"]);
    table.accept("asha", &refund("p1", Some("22")));
    assert_eq!(
        settlement(&table),
        ["ben to asha 60", "chi to asha 38", "chi to restaurant 2"],
        "20 of the 22 are the tip"
    );
    table.accept("asha", &refund("p1", None));
    assert_eq!(
        settlement(&table),
        ["asha to restaurant 100", "ben to restaurant 60", "chi to restaurant 40"]
    );
}

#[test]
fn who_pays_for_whom_by_the_split_is_not_owed_for_it() {
    let mut table = of_200();
    table.split("asha", r#"{"splitType":"cover","covers":{"ben":"chi"},"rest":"itemized"}"#);
    table.accept("asha", &pay(r#"{"amount":200,"for":["asha","ben","chi"],"payer":"ben"}"#));
    table.accept("asha", FINALIZE);
    // ben owes nothing himself, and has paid for the others.
    let mut debtors = ["asha", "chi"];
    debtors.sort_by_key(|who| rank(table.order.id(), who));
    assert_eq!(settlement(&table), debtors.map(|who| format!("{who} to ben 100")));
}

/// What each is owed: people for what they paid beyond their share, and the restaurant for
/// its balance. Below 0: owes.
fn owed(table: &Table) -> BTreeMap<String, i64> {
    let mut owed: BTreeMap<String, i64> = BTreeMap::from([(RESTAURANT.to_owned(), 0)]);
    let mut debt = |who: &str, to: &str, amount: i64| {
        *owed.entry(who.to_owned()).or_default() -= amount;
        *owed.entry(to.to_owned()).or_default() += amount;
    };
    for (who, split) in &Bill::of(table).splits {
        debt(who, RESTAURANT, split.amount - split.written_off);
    }
    for payment in Books::of(table).payments.values().filter(|payment| payment.status == PaymentStatus::Paid)
    {
        debt(RESTAURANT, &payment.payer, payment.parts.values().sum());
    }
    owed
}

/// The settlement in the state: from whom, to whom, how much.
fn transfers(table: &Table) -> Vec<(String, String, i64)> {
    let side = |value: &Json| match value {
        Json::Null => RESTAURANT.to_owned(),
        other => other.text().to_owned(),
    };
    let state = state(table);
    let transfers = state.at("settlement").list().iter();
    transfers.map(|of| (side(of.at("from")), side(of.at("to")), of.at("amount").minor_units(2))).collect()
}

/// The rule of the settlement: the largest debtor pays the largest creditor as much as both
/// balances allow, repeatedly.
fn greedy(order: &OrderId, mut owed: BTreeMap<String, i64>) -> Vec<(String, String, i64)> {
    let mut transfers = Vec::new();
    loop {
        let mut queue: Vec<_> = owed.iter().filter(|(_, amount)| **amount != 0).collect();
        queue.sort_by_key(|(who, amount)| (-**amount, *who == RESTAURANT, rank(order, who)));
        let Some((to, credit)) = queue.first().map(|(who, amount)| ((*who).clone(), **amount)) else {
            return transfers;
        };
        queue.sort_by_key(|(who, amount)| (**amount, *who == RESTAURANT, rank(order, who)));
        let (from, debt) = queue.first().map(|(who, amount)| ((*who).clone(), -**amount)).unwrap();
        let amount = credit.min(debt);
        *owed.get_mut(&from).unwrap() += amount;
        *owed.get_mut(&to).unwrap() -= amount;
        transfers.push((from, to, amount));
    }
}

fn rank(order: &OrderId, who: &str) -> TieRank {
    TieRank::new(order, &ParticipantId::new(who).unwrap())
}

/// No participant has this name in these tests.
const RESTAURANT: &str = "restaurant";
