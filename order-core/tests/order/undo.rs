//! Undoing one's own last change: it restores what was before, breaks no rule, and keeps
//! the changes of others.

use order_core::fact::{ChargeFact, ClaimFact, DishFact};
use order_core::split::{Share, shares};
use order_core::stored::{decode_order, encode_order};
use order_core::wire::v2::{event, state_text};
use order_core::{Amount, Code, Currency, Decision, Fact, Item, Order, Participant, commit};
use proptest::prelude::*;
use std::collections::BTreeMap;

use crate::support::folding::{CURSOR, Document};
use crate::support::model::{Model, steps};
use crate::support::table::{
    self, FINALIZE, LEAVE, LOCK, Table, UNLOCK, add_message, assign_message, charges_message, claim_message,
    hand_over_message, join_message, limit_message, quantity_message, readmit_message, remove_message,
    send_away_message, split_message, tip_message, unclaim_message,
};

const UNDO: &str = r#"{"type":"undo"}"#;
const HALF_OFF: &str = r#"{"name":"Happy hour","kind":"discount","percent":50,"itemId":"wine"}"#;

/// The contents of a bill, without the order of dishes and without ready marks.
fn bill(order: &Order) -> BTreeMap<String, String> {
    let mut bill = BTreeMap::new();
    for item in order.items() {
        let claims: Vec<_> = order.shared_by(item).map(|(person, weight)| (person.id(), weight)).collect();
        let adder = order.added_by(item).map(Participant::id);
        let dish = (
            item.dish_name(),
            item.dish_type(),
            item.quantity(),
            item.price(),
            item.customization(),
            item.added_at(),
        );
        bill.insert(format!("item {}", item.id()), format!("{dish:?} {adder:?} {claims:?}"));
    }
    bill.insert("charges".to_owned(), format!("{:?} {:?}", order.charges(), order.round_to()));
    let tips: Vec<_> = order.tips().map(|(person, tip)| (person.id(), tip)).collect();
    let without: Vec<_> = order.without_service().map(Participant::id).collect();
    bill.insert("own".to_owned(), format!("{tips:?} {without:?}"));
    bill.insert("split".to_owned(), format!("{:?} {:?}", order.split_rule(), order.total()));
    bill
}

proptest! {
    #![proptest_config(table::runs(300))]

    #[test]
    fn what_is_taken_back_at_once_is_as_before_and_can_be_done_again(steps in steps()) {
        let mut table = Table::empty();
        let mut model = Model::default();
        for step in &steps {
            let before = bill(&table.order);
            let Ok(Decision::Record(recorded)) = table.say(step.who(), &step.message(&model)) else { continue };
            model.take(step, table.now);
            let mut other = table.clone();
            if !is_undoable(&recorded.fact) || other.say(step.who(), UNDO).is_err() {
                continue;
            }
            prop_assert_eq!(bill(&other.order), before, "{:?}", recorded.fact);
            other.accept(step.who(), UNDO);
            prop_assert_eq!(bill(&other.order), bill(&table.order), "done again: {:?}", recorded.fact);
        }
    }

    #[test]
    fn undoing_keeps_every_promise_of_an_order(
        steps in steps(),
        undone in prop::collection::vec((0..4_usize, any::<bool>()), 40),
    ) {
        let mut table = Table::empty();
        let mut model = Model::default();
        let who = ["asha", "ben", "chi", "dev"];
        for (step, (undoer, undoes)) in steps.iter().zip(undone.iter().cycle()) {
            // The model ignores undo: it only provides plausible messages.
            let _ = table.say(step.who(), &step.message(&model));
            model = Model::default();
            let undoer = table.order.people().get(*undoer).map_or(who[*undoer].to_owned(), |person| person.id().as_str().to_owned());
            if !undoes {
                continue;
            }
            let before = table.bytes();
            if let Err(rejection) = table.say(&undoer, UNDO) {
                prop_assert_eq!(table.bytes(), before, "a refused undo changes nothing: {}", rejection);
                continue;
            }
            let shares = shares(&table.order);
            let sum = Amount::checked_sum(shares.list().iter().map(Share::amount)).unwrap();
            prop_assert_eq!(sum.checked_add(shares.unallocated()), Some(shares.amount_due()));
            let total = Amount::checked_sum(table.order.items().map(Item::total)).unwrap();
            prop_assert_eq!(table.order.total(), total);
        }
        prop_assert_eq!(encode_order(&table.replayed()).unwrap(), table.bytes());
        prop_assert_eq!(decode_order(&table.bytes()), Ok(table.order.clone()));
        let mut order = Order::new(table.order.id().clone(), Currency::default());
        let mut document = Document::parse(&state_text(&order));
        for recorded in &table.log {
            commit(&mut order, recorded).unwrap();
            document.fold(&event(&order, recorded, CURSOR));
            prop_assert_eq!(document.text(), state_text(&order), "after {:?}", recorded);
        }
    }
}

fn is_undoable(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Dish(DishFact::Added(_) | DishFact::Removed { .. } | DishFact::QuantityUpdated { .. })
            | Fact::Claim(ClaimFact::Shared { .. })
            | Fact::Charge(ChargeFact::Set(_) | ChargeFact::TipSet { .. } | ChargeFact::ServiceWaived { .. })
            | Fact::Split(_)
    )
}

#[test]
fn a_dish_that_comes_back_is_as_it_was_with_its_adder_its_claims_and_its_discount() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("ben", "wine", "350", "2");
    table.add("ben", "naan", "40", "1");
    table.accept("asha", &assign_message("wine", r#"{"asha":1,"ben":3}"#));
    table.accept("asha", &charges_message(HALF_OFF));
    let before = bill(&table.order);
    table.accept("asha", &remove_message("wine"));
    assert!(table.order.charges().is_empty());
    table.accept("asha", UNDO);
    assert_eq!(bill(&table.order), before);
    let ids: Vec<_> = table.order.items().map(|item| item.id().as_str()).collect();
    assert_eq!(ids, ["naan", "wine"], "it comes last");
}

#[test]
fn only_ones_own_last_change_is_taken_back() {
    let mut table = Table::of(&["asha", "ben"]);
    assert_eq!(table.refuse("asha", UNDO).code(), Code::NothingToUndo);
    table.add("asha", "dal", "100", "1");
    table.add("ben", "naan", "40", "1");
    table.accept("asha", UNDO);
    let ids = |table: &Table| table.order.items().map(|item| item.id().to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&table), ["naan"]);
    // With `seq`, a second tap does not undo again.
    let last = table.order.seq();
    let of = |seq: u64| format!(r#"{{"type":"undo","data":{{"seq":{seq}}}}}"#);
    assert_eq!(table.refuse("asha", &of(last - 2)).code(), Code::UndoConflict);
    table.accept("asha", &of(last));
    assert_eq!(ids(&table), ["naan", "dal"]);
    assert_eq!(table.refuse("stranger", UNDO).code(), Code::JoinFirst);
    assert_eq!(table.refuse_from_backend(UNDO).code(), Code::JoinFirst);
    assert_eq!(table.refuse("ben", r#"{"type":"undo","data":{"seq":"x"}}"#).code(), Code::BadField);
    assert_eq!(table.refuse("ben", r#"{"type":"undo","data":7}"#).code(), Code::BadField);
}

#[test]
fn what_others_changed_meanwhile_is_not_taken_from_them() {
    let dal = || add_message("dal", "100", "1");
    let conflicts = [
        (vec![dal()], claim_message("dal")),
        (vec![dal(), quantity_message("dal", "2")], quantity_message("dal", "3")),
        (vec![split_message(r#"{"splitType":"itemized"}"#)], split_message(r#"{"splitType":"equal"}"#)),
        (vec![dal(), claim_message("dal")], remove_message("dal")),
        (vec![dal(), unclaim_message("dal")], claim_message("dal")),
    ];
    for (own, other) in conflicts {
        let mut table = Table::of(&["asha", "ben"]);
        for message in own {
            table.accept("asha", &message);
        }
        table.accept("ben", &other);
        assert_eq!(table.refuse("asha", UNDO).code(), Code::UndoConflict, "{other}");
        table.accept("asha", &tip_message(r#""amount":5"#));
        table.accept("asha", UNDO);
    }
    // If others have set the charges since, they stay.
    let mut table = Table::of(&["asha", "ben"]);
    table.accept("asha", &charges_message(r#"{"name":"GST","kind":"tax","percent":5}"#));
    table.say_from_backend(&charges_message("")).unwrap();
    assert_eq!(table.refuse("asha", UNDO).code(), Code::UndoConflict);
    // A dish with the same id that another guest ordered later is another dish.
    table.add("asha", "dal", "100", "1");
    table.accept("asha", &remove_message("dal"));
    table.add("ben", "dal", "90", "1");
    assert_eq!(table.refuse("asha", UNDO).code(), Code::UndoConflict);
}

#[test]
fn undoing_gets_around_no_rule_of_the_table() {
    let hosted = |change: &str| {
        let mut table = Table::empty();
        let join =
            r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{"policy":"hosted"}}"#;
        table.accept("asha", join);
        table.join("ben");
        table.add("ben", "dal", "100", "1");
        table.accept("ben", change);
        table
    };
    for change in [remove_message("dal"), quantity_message("dal", "2"), claim_message("dal")] {
        let mut table = hosted(&change);
        table.accept("asha", LOCK);
        assert_eq!(table.refuse("ben", UNDO).code(), Code::OrderLocked, "{change}");
        table.accept("asha", UNLOCK);
        table.accept("ben", UNDO);
    }
    let mut table = hosted(&remove_message("dal"));
    table.accept("asha", &limit_message("ben", "99.99"));
    assert_eq!(table.refuse("ben", UNDO).code(), Code::OverLimit);

    // A former owner, for changes that only the owner may make.
    let mut table = hosted(&claim_message("dal"));
    table.accept("asha", &assign_message("dal", r#"["asha"]"#));
    table.accept("asha", &hand_over_message("ben"));
    assert_eq!(table.refuse("asha", UNDO).code(), Code::NotOwner);
    table.accept("ben", &split_message(r#"{"splitType":"itemized"}"#));
    table.accept("ben", &hand_over_message("asha"));
    assert_eq!(table.refuse("ben", UNDO).code(), Code::NotOwner);

    // A removed guest gets no part of a dish again, unless they are still on the bill.
    let shared =
        add_message("dal", "100", "1").replace(r#""data":{"#, r#""data":{"sharedBy":["asha","chi"],"#);
    for (dishes, eats_more, is_undone) in
        [("remove", true, false), ("keep", false, false), ("keep", true, true)]
    {
        let mut table = Table::of(&["asha", "ben", "chi"]);
        if eats_more {
            table.add("chi", "naan", "40", "1");
        }
        table.accept("asha", &shared);
        table.accept("asha", &remove_message("dal"));
        table.accept("asha", &send_away_message("chi", dishes));
        if is_undone {
            table.accept("asha", UNDO);
        } else {
            assert_eq!(table.refuse("asha", UNDO).code(), Code::UndoConflict, "{dishes}");
        }
    }
}

#[test]
fn nothing_is_taken_back_of_what_is_closed_nor_by_who_is_gone() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "dal", "100", "1");
    table.add("ben", "naan", "40", "1");
    table.accept("ben", LEAVE);
    assert_eq!(table.refuse("ben", UNDO).code(), Code::JoinFirst);
    table.accept("ben", &join_message("ben"));
    assert_eq!(table.refuse("ben", UNDO).code(), Code::NothingToUndo, "that was another sitting");
    table.accept("asha", FINALIZE);
    assert_eq!(table.refuse("asha", UNDO).code(), Code::OrderFinalized);
}

#[test]
fn sending_somebody_away_is_a_change_to_their_dishes_that_ones_own_undo_does_not_get_around() {
    // A dish that was reassigned by a removal stays the new person's.
    let mut table = Table::of(&["asha", "ben", "chi", "dev"]);
    table.add("ben", "dal", "100", "1");
    table.accept("asha", &assign_message("dal", r#"["chi"]"#));
    table.accept("asha", &send_away_message("chi", r#"reassign","to":"dev"#));
    assert_eq!(table.refuse("asha", UNDO).code(), Code::UndoConflict);

    // A dish that was removed with its guest differs from a later one with the same id.
    for change in [quantity_message("dal", "2"), assign_message("dal", r#"{"chi":2}"#)] {
        let mut table = Table::of(&["asha", "ben", "chi"]);
        table.add("chi", "dal", "100", "1");
        table.accept("asha", &change);
        table.accept("asha", &send_away_message("chi", "remove"));
        assert_eq!(table.order.items().count(), 0);
        assert_eq!(table.refuse("asha", UNDO).code(), Code::UndoConflict, "{change}");
        table.add("ben", "dal", "500", "1");
        assert_eq!(table.refuse("asha", UNDO).code(), Code::UndoConflict, "{change}");
    }
}

#[test]
fn a_discount_comes_back_on_no_dish_but_the_one_that_it_was_on() {
    let other = r#"{"name":"Regulars","kind":"discount","percent":10,"itemId":"naan"}"#;
    // The dish is gone, and a later one with its id is another dish.
    let mut table = Table::of(&["asha", "ben"]);
    table.add("ben", "wine", "350", "2");
    table.accept("asha", &charges_message(HALF_OFF));
    table.accept("asha", &charges_message(""));
    table.accept("ben", &quantity_message("wine", "3"));
    let mut kept = table.clone();
    kept.accept("asha", UNDO);
    assert_eq!(kept.order.charges().len(), 1, "it is still the same wine");
    table.accept("ben", &remove_message("wine"));
    table.add("ben", "wine", "900", "1");
    assert_eq!(table.refuse("asha", UNDO).code(), Code::UndoConflict);

    // The dish of another discount was removed with its guest.
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("asha", "wine", "350", "2");
    table.add("chi", "naan", "40", "1");
    table.accept("asha", &charges_message(&format!("{HALF_OFF},{other}")));
    table.accept("asha", &remove_message("wine"));
    table.accept("asha", &send_away_message("chi", "remove"));
    assert_eq!(table.refuse("asha", UNDO).code(), Code::UndoConflict);
    assert!(table.order.charges().is_empty());
}

#[test]
fn whoever_left_and_is_not_on_the_bill_is_not_put_on_it_again() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("ben", "dal", "100", "1");
    table.accept("asha", &assign_message("dal", r#"["chi"]"#));
    table.accept("asha", &assign_message("dal", r#"["ben"]"#));
    let mut stays = table.clone();
    stays.accept("asha", UNDO);
    table.accept("chi", LEAVE);
    assert_eq!(table.refuse("asha", UNDO).code(), Code::UndoConflict);

    // The last dish of a guest who left is removed after they left.
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("ben", "dal", "100", "1");
    table.add("ben", "naan", "40", "1");
    for (dish, whose) in [("naan", "chi"), ("dal", "chi"), ("dal", "ben")] {
        table.accept("asha", &assign_message(dish, &format!(r#"["{whose}"]"#)));
    }
    table.accept("chi", LEAVE);
    let mut stays = table.clone();
    stays.accept("asha", UNDO);
    table.accept("ben", &remove_message("naan"));
    assert_eq!(table.refuse("asha", UNDO).code(), Code::UndoConflict);

    // A guest who was removed and readmitted has not come back yet.
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("ben", "dal", "100", "1");
    for whose in ["chi", "ben"] {
        table.accept("asha", &assign_message("dal", &format!(r#"["{whose}"]"#)));
    }
    table.accept("asha", &send_away_message("chi", "keep"));
    table.accept("asha", &readmit_message("chi"));
    assert_eq!(table.refuse("asha", UNDO).code(), Code::UndoConflict);

    // A guest who had already left is on the bill only by the dish, so the owner's mistake can
    // be undone.
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("chi", "dal", "100", "1");
    table.accept("chi", LEAVE);
    let before = bill(&table.order);
    table.accept("asha", &remove_message("dal"));
    // Unrelated changes of others do not matter.
    table.add("ben", "naan", "40", "1");
    table.accept("ben", &quantity_message("naan", "2"));
    table.accept("ben", &remove_message("naan"));
    table.accept("asha", UNDO);
    assert_eq!(bill(&table.order), before);
}

#[test]
fn which_change_is_meant_is_a_whole_number() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "dal", "100", "1");
    let last = table.order.seq();
    let message = format!(r#"{{"type":"undo","data":{{"seq":{last}.9}}}}"#);
    assert_eq!(table.refuse("asha", &message).code(), Code::UndoConflict);
}
