//! Corrections: a dish that never came, or was wrong, is taken off a bill that is final.

use std::time::Duration;

use order_core::fact::DishFact;
use order_core::split::shares;
use order_core::stored::{decode_order, encode_order};
use order_core::wire::{fact_message, history_entry, v2};
use order_core::{
    Code, Decision, Fact, Lifetimes, MAX_CORRECTED_CLAIMS, MAX_CORRECTIONS, MAX_PARTICIPANTS, Presence,
};
use proptest::prelude::*;

use crate::support::folding::{CURSOR, Document};
use crate::support::json::Json;
use crate::support::paying::{are_sums, is_share, pay, settlement, state};
use crate::support::table::{
    self, FINALIZE, LEAVE, LOCK, READY, REOPEN, Table, charges_message, correct_message, edit_message,
    remove_message, split_message,
};

/// Asha's thali of 300, and two lassis of 100 that Ben has alone; finalized.
fn finalized(split: &str) -> Table {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "thali", "300", "1");
    table.add("ben", "lassi", "100", "2");
    table.split("asha", split);
    table.accept("asha", FINALIZE);
    table
}

const ITEMIZED: &str = r#"{"splitType":"itemized"}"#;

#[test]
fn a_dish_that_never_came_is_taken_off_a_bill_that_is_final() {
    let mut table = finalized(ITEMIZED);
    table.accept("asha", &correct_message("lassi", r#","quantity":1"#));
    is_share(&table, "ben", ["100", "0", "0", "100", "unpaid"]);
    are_sums(&table, "0", "400", false);
    table.accept("asha", &correct_message("lassi", ""));
    is_share(&table, "ben", ["0", "0", "0", "0", "paid"]);
    are_sums(&table, "0", "300", false);
    assert_eq!(settlement(&table), ["asha to restaurant 300"]);
    // What was there stays readable.
    let state = state(&table);
    let corrections = state.at("corrections").list();
    let told = |correction: &Json| {
        let number = |key: &str| correction.at(key).number().to_owned();
        [number("price"), number("quantity"), number("to")].join(" ")
    };
    assert_eq!(corrections.iter().map(told).collect::<Vec<_>>(), ["100 2 1", "100 1 0"]);
    assert_eq!(corrections[1].at("dishName").text(), "Dosa");
    assert_eq!(corrections[1].at("reason").text(), "It never came");
    assert_eq!(corrections[1].at("sharedBy").fields()[0].0, "ben");
    assert_eq!(corrections[1].at("by").text(), "asha");
    assert_eq!(table.order.corrections()[1].taken_off().minor_units(), 10_000);
    assert_eq!(table.replayed(), table.order);
    assert_eq!(decode_order(&encode_order(&table.order).unwrap()).as_ref(), Ok(&table.order));
}

#[test]
fn what_was_paid_for_a_dish_that_never_came_is_owed_back() {
    let mut table = finalized(ITEMIZED);
    table.accept("asha", &pay(r#"{"amount":500,"for":["asha","ben"]}"#));
    table.accept("asha", &correct_message("lassi", ""));
    is_share(&table, "ben", ["0", "200", "0", "-200", "paid"]);
    // Asha has spent 500 for her 300.
    assert_eq!(settlement(&table), ["restaurant to asha 200"]);
    are_sums(&table, "500", "0", true);
}

#[test]
fn agreed_amounts_are_scaled_to_what_came() {
    let mut table = finalized(r#"{"splitType":"custom","amounts":{"asha":350,"ben":150}}"#);
    table.accept("asha", &correct_message("lassi", r#","quantity":1"#));
    // 400 of 500: four fifths of each.
    is_share(&table, "asha", ["280", "0", "0", "280", "unpaid"]);
    is_share(&table, "ben", ["120", "0", "0", "120", "unpaid"]);
    let Some(Fact::Dish(DishFact::Corrected(corrected))) = table.log.last().map(|recorded| &recorded.fact)
    else {
        panic!("no correction");
    };
    assert_eq!(corrected.split.as_ref(), Some(table.order.split_rule()), "the fact spells it out");
    table.accept("asha", &correct_message("thali", ""));
    table.accept("asha", &correct_message("lassi", ""));
    is_share(&table, "asha", ["0", "0", "0", "0", "paid"]);
    assert_eq!(table.order.items().len(), 0, "a bill that is final may have no dish left");
}

#[test]
fn extra_amounts_stay_while_they_fit_and_are_scaled_when_they_do_not() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "momo", "1", "11");
    table.split("asha", r#"{"splitType":"adjustments","adjustments":{"ben":8}}"#);
    table.accept("asha", FINALIZE);
    table.accept("asha", &correct_message("momo", r#","quantity":9"#));
    // 8 for Ben, and half of the 1 that is left for each.
    is_share(&table, "asha", ["0.5", "0", "0", "0.5", "unpaid"]);
    is_share(&table, "ben", ["8.5", "0", "0", "8.5", "unpaid"]);
    table.accept("asha", &correct_message("momo", r#","quantity":1"#));
    is_share(&table, "asha", ["0", "0", "0", "0", "paid"]);
    is_share(&table, "ben", ["1", "0", "0", "1", "unpaid"]);
}

#[test]
fn rules_in_proportion_follow_by_themselves() {
    for (split, asha, ben) in [
        (r#"{"splitType":"equal"}"#, "200", "200"),
        (r#"{"splitType":"custom","percentages":{"asha":75,"ben":25}}"#, "300", "100"),
        (r#"{"splitType":"custom","weights":{"asha":1,"ben":3}}"#, "100", "300"),
        (r#"{"splitType":"cover","covers":{"ben":"asha"}}"#, "400", "0"),
    ] {
        let mut table = finalized(split);
        table.accept("asha", &correct_message("lassi", r#","quantity":1"#));
        let amount = |who: &str| state_amount(&table, who);
        assert_eq!((amount("asha"), amount("ben")), (asha.to_owned(), ben.to_owned()), "{split}");
        let Some(Fact::Dish(DishFact::Corrected(corrected))) = table.log.last().map(|last| &last.fact) else {
            panic!("no correction");
        };
        assert_eq!(corrected.split, None);
    }
}

#[test]
fn who_is_on_a_bill_that_is_final_stays_on_it() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "thali", "300", "1");
    table.add("ben", "lassi", "100", "1");
    table.accept("ben", LEAVE);
    table.accept("asha", FINALIZE);
    table.accept("asha", &correct_message("lassi", ""));
    is_share(&table, "ben", ["150", "0", "0", "150", "unpaid"]);
}

#[test]
fn a_discount_on_a_dish_that_never_came_goes_with_it() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "thali", "300", "1");
    table.add("asha", "lassi", "100", "2");
    let discount = r#"{"name":"Happy hour","kind":"discount","percent":50,"itemId":"lassi"}"#;
    table.accept("asha", &charges_message(discount));
    table.accept("asha", FINALIZE);
    table.accept("asha", &correct_message("lassi", r#","quantity":1"#));
    are_sums(&table, "0", "350", false);
    table.accept("asha", &correct_message("lassi", ""));
    are_sums(&table, "0", "300", false);
    assert!(table.order.charges().is_empty());
}

#[test]
fn a_correction_that_leaves_a_charge_on_nothing_says_to_reopen() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "thali", "300", "1");
    table.accept("asha", &charges_message(r#"{"name":"Service","kind":"service","amount":5}"#));
    table.accept("asha", FINALIZE);
    let rejection = table.refuse("asha", &correct_message("thali", ""));
    assert_eq!(rejection.code(), Code::ChargeOnNothing);
    assert!(rejection.what_was_expected().unwrap().starts_with("reopen"), "{rejection}");
    table.accept("asha", REOPEN);
    table.accept("asha", &remove_message("thali"));
}

#[test]
fn the_owner_and_the_back_end_correct_a_bill_that_is_final() {
    let mut table = finalized(ITEMIZED);
    assert_eq!(table.refuse("ben", &correct_message("lassi", "")).code(), Code::NotOwner);
    assert_eq!(table.refuse("eve", &correct_message("lassi", "")).code(), Code::JoinFirst);
    table.say_from_backend(&correct_message("lassi", "")).unwrap();
    assert_eq!(*state(&table).at("corrections").list()[0].at("by"), Json::Null);
}

#[test]
fn while_the_order_is_open_only_the_back_end_corrects() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("ben", "lassi", "100", "2");
    table.split("asha", r#"{"splitType":"custom","amounts":{"asha":50,"ben":150}}"#);
    for who in ["asha", "ben"] {
        let rejection = table.refuse(who, &correct_message("lassi", ""));
        assert_eq!(rejection.code(), Code::NotFinalized);
        assert!(rejection.what_was_expected().unwrap().contains("remove_item"), "{rejection}");
    }
    table.accept("ben", &edit_message("lassi", r#""customization":"cold""#));
    table.accept("ben", READY);
    table.accept("asha", LOCK);
    table.say_from_backend(&correct_message("lassi", r#","quantity":1"#)).unwrap();
    assert_eq!(state(&table).at("unallocated").number(), "-100", "guests agree on new shares");
    assert_eq!(table.order.ready().count(), 0, "they agreed to another bill");
    assert_eq!(table.refuse("ben", r#"{"type":"undo"}"#).code(), Code::UndoConflict);
    assert_eq!(table.replayed(), table.order);
}

#[test]
fn an_expired_order_is_corrected_and_an_archived_one_is_not() {
    let lifetimes = Lifetimes { expire_after: Some(Duration::ZERO), archive_after: Some(Duration::ZERO) };
    let mut table = finalized(ITEMIZED);
    table.wait_until(table.now, &lifetimes);
    assert_eq!(table.refuse("asha", &correct_message("lassi", "")).code(), Code::OrderArchived);
    let mut table = Table::of(&["asha"]);
    table.add("asha", "thali", "300", "1");
    table.wait_until(table.now, &lifetimes);
    table.accept("asha", &correct_message("thali", ""));
    assert_eq!(table.order.total().minor_units(), 0);
}

#[test]
fn a_correction_takes_something_off_and_says_why() {
    let mut table = finalized(ITEMIZED);
    for (data, code, field) in [
        (r#""itemId":"naan","reason":"x""#, Code::ItemNotFound, "data.itemId"),
        (r#""itemId":"lassi""#, Code::MissingField, "data.reason"),
        (r#""itemId":"lassi","reason":" ""#, Code::BadText, "data.reason"),
        (r#""itemId":"lassi","reason":"x","quantity":3"#, Code::BadQuantity, "data.quantity"),
        (r#""itemId":"lassi","reason":"x","quantity":0.5"#, Code::BadQuantity, "data.quantity"),
        (r#""itemId":"lassi","reason":"x","quantity":-1"#, Code::BadQuantity, "data.quantity"),
        (r#""itemId":"lassi","reason":"x","quantity":null"#, Code::BadQuantity, "data.quantity"),
    ] {
        let rejection = table.refuse("asha", &format!(r#"{{"type":"correct_item","data":{{{data}}}}}"#));
        assert_eq!((rejection.code(), rejection.field_name()), (code, Some(field)), "{data}");
    }
    let long =
        format!(r#"{{"type":"correct_item","data":{{"itemId":"lassi","reason":"{}"}}}}"#, "x".repeat(201));
    assert_eq!(table.refuse("asha", &long).code(), Code::BadText);
    let facts = table.log.len();
    assert_eq!(table.accept("asha", &correct_message("lassi", r#","quantity":2"#)), Decision::Unchanged);
    assert_eq!(table.log.len(), facts, "as many as were ordered came");
}

#[test]
fn an_order_holds_100_corrections_and_no_more() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "momo", "1", "999");
    table.accept("asha", FINALIZE);
    for number in 1..=MAX_CORRECTIONS {
        table.accept("asha", &correct_message("momo", &format!(r#","quantity":{}"#, 999 - number)));
    }
    assert_eq!(MAX_CORRECTIONS, 100);
    assert_eq!(table.refuse("asha", &correct_message("momo", "")).code(), Code::OrderTooLarge);
}

#[test]
fn corrections_hold_2000_claims_and_no_more() {
    let mut table = Table::empty();
    let people: Vec<_> = (0..MAX_PARTICIPANTS).map(|number| format!("p{number}")).collect();
    for person in &people {
        table.join(person);
    }
    table.accept(
        "p0",
        &format!(
            r#"{{"type":"add_item","data":{{"id":"cake","dishName":"Cake","price":10,"quantity":20,"sharedBy":{people:?}}}}}"#
        ),
    );
    table.accept("p0", FINALIZE);
    assert_eq!(MAX_CORRECTED_CLAIMS, 8 * MAX_PARTICIPANTS);
    for number in 1..=8 {
        table.accept("p0", &correct_message("cake", &format!(r#","quantity":{}"#, 20 - number)));
    }
    assert_eq!(table.refuse("p0", &correct_message("cake", "")).code(), Code::OrderTooLarge);
}

#[test]
fn both_protocols_and_the_history_tell_what_was_corrected_and_why() {
    let mut table = finalized(r#"{"splitType":"custom","amounts":{"asha":350,"ben":150}}"#);
    let mut phone = Document::parse(&v2::state_text(&table.order));
    for (more, event, to) in [(r#","quantity":1"#, "quantity_updated", 1), ("", "item_removed", 0)] {
        let before = table.order.clone();
        table.accept("asha", &correct_message("lassi", more));
        let recorded = table.log.last().unwrap();
        let told = v2::event(&table.order, recorded, CURSOR);
        assert_eq!(Json::parse(&told).at("event").text(), "item_corrected");
        phone.fold(&told);
        assert_eq!(phone.text(), v2::state_text(&table.order), "{told}");
        let first = Json::parse(&fact_message(&table.order, &Presence::new(), recorded).text());
        assert_eq!(first.at("type").text(), event);
        assert_eq!(first.at("data").at("reason").text(), "It never came");
        let entry = Json::parse(&history_entry(&before, recorded));
        assert_eq!(entry.at("event").text(), "item_corrected");
        assert_eq!(entry.at("to").whole(), to);
        assert_eq!(entry.at("reason").text(), "It never came");
    }
}

proptest! {
    #![proptest_config(table::runs(60))]

    #[test]
    fn shares_sum_before_and_after_every_correction(
        prices in prop::collection::vec((0_i64..100_000, 1_u16..20), 1..5),
        parts in prop::collection::vec(0_i64..1_000, 3),
        adjusted in any::<bool>(),
        came in prop::collection::vec((any::<prop::sample::Index>(), 0_u16..20), 1..8),
    ) {
        let mut table = Table::of(&["asha", "ben", "chi"]);
        for (number, (price, pieces)) in prices.iter().enumerate() {
            table.add("asha", &format!("d{number}"), &format!("{price}e-2"), &pieces.to_string());
        }
        let total = table.order.total().minor_units();
        // Any three amounts that sum to the total, or come to at most it.
        let all: i64 = parts.iter().sum::<i64>().max(1);
        let (asha, ben) = (total * parts[0] / all, total * parts[1] / all);
        let amounts = format!(r#"{{"asha":{asha}e-2,"ben":{ben}e-2,"chi":{}e-2}}"#, total - asha - ben);
        let extra = format!(r#"{{"asha":{asha}e-2,"ben":{ben}e-2}}"#);
        let data = if adjusted {
            format!(r#"{{"splitType":"adjustments","adjustments":{extra}}}"#)
        } else {
            format!(r#"{{"splitType":"custom","amounts":{amounts}}}"#)
        };
        table.accept("asha", &split_message(&data));
        table.accept("asha", FINALIZE);
        for (dish, pieces) in came {
            let dish = format!("d{}", dish.index(prices.len()));
            drop(table.say("asha", &correct_message(&dish, &format!(r#","quantity":{pieces}"#))));
            let shares = shares(&table.order);
            prop_assert_eq!(shares.unallocated().minor_units(), 0);
            prop_assert_eq!(shares.amount_due(), table.order.total());
            prop_assert!(shares.list().iter().all(|share| share.amount().minor_units() >= 0));
        }
        prop_assert_eq!(table.replayed(), table.order);
    }
}

fn state_amount(table: &Table, who: &str) -> String {
    let state = state(table);
    let split = state.at("splits").list().iter().find(|split| split.at("participantId").text() == who);
    split.unwrap().at("amount").number().to_owned()
}
