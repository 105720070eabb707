//! Random sequences of valid and invalid messages, compared with a simple model of an
//! order.

use std::collections::BTreeSet;

use order_core::fact::{
    ChargeFact, ChargesSet, ClaimFact, DishFact, Fact, ItemAdded, ItemCorrected, PeopleFact, TableFact,
};
use order_core::split::{Weight, shares};
use order_core::stored::{decode_fact, decode_order, encode_fact, encode_order};
use order_core::text::Text;
use order_core::{
    Actor, Amount, CommitError, Currency, Decision, Item, ItemId, Order, ParticipantId, Price, Quantity,
    Recorded, Role, Status, UnixMillis, commit,
};
use proptest::prelude::*;

use crate::support::model::{Model, Step, steps};
use crate::support::table::{self, Table};

proptest! {
    #![proptest_config(table::runs(200))]

    #[test]
    fn any_sequence_of_messages_keeps_the_order_right_and_its_log_true(
        steps in steps(),
        snapshot in any::<prop::sample::Index>(),
    ) {
        let mut table = Table::empty();
        let mut model = Model::default();
        let mut snapshots = vec![table.bytes()];
        for step in &steps {
            take(&mut table, &mut model, step);
            snapshots.push(table.bytes());
        }

        let live = table.bytes();
        prop_assert_eq!(encode_order(&table.replayed()).unwrap(), live.clone());

        let mut restored = decode_order(&snapshots[snapshot.index(snapshots.len())]).unwrap();
        let known = restored.seq();
        for recorded in table.log.iter().filter(|recorded| recorded.seq > known) {
            commit(&mut restored, recorded).unwrap();
        }
        prop_assert_eq!(&restored, &table.order);
        prop_assert_eq!(encode_order(&restored).unwrap(), live);
        assert_no_wrong_fact_is_committed(&table.order);
    }
}

/// Sends one message. The model and the order must agree on whether it is accepted, and the
/// order must be consistent after it.
fn take(table: &mut Table, model: &mut Model, step: &Step) {
    let (who, message) = (step.who(), step.message(model));
    let faults = model.faults(step);
    let before = table.bytes();
    let judged = table.judge(who, &message);
    assert_eq!(table.bytes(), before, "judging {message} changed the order");
    match judged {
        Err(rejection) => {
            assert!(faults.contains(&rejection.code()), "{who}: {message}: {rejection}, not {faults:?}");
            assert!(rejection.to_string().len() < 500, "{rejection}");
        }
        Ok(decision) => {
            assert!(faults.is_empty(), "{who}: {message}: granted in spite of {faults:?}");
            let is_new = model.take(step, table.now);
            let is_recorded = matches!(decision, Decision::Record(_));
            assert_eq!(is_recorded, is_new, "{who}: {message}: what says nothing new is no fact");
            if let Decision::Record(recorded) = decision {
                assert_eq!(decode_fact(&encode_fact(&recorded).unwrap()).as_ref(), Ok(&recorded));
                commit(&mut table.order, &recorded).unwrap();
                table.log.push(recorded);
            }
        }
    }
    model.assert_describes(&table.order);
    assert_invariants(&table.order, table.log.len());
}

fn assert_invariants(order: &Order, facts: usize) {
    assert_eq!(order.seq(), facts as u64);
    assert_eq!(Amount::checked_sum(order.items().map(order_core::Item::total)), Some(order.total()));
    let ids: BTreeSet<_> = order.items().map(order_core::Item::id).collect();
    assert_eq!(ids.len(), order.items().len(), "an item's id stands twice");

    let owners: Vec<_> =
        order.participants().filter(|person| order.role(person.id()) == Some(Role::Owner)).collect();
    assert_eq!(owners.len(), usize::from(order.participants().next().is_some()));
    assert_eq!(order.owner(), owners.first().copied());

    let shares = shares(order);
    let allocated = Amount::checked_sum(shares.list().iter().map(order_core::split::Share::amount)).unwrap();
    assert_eq!(allocated.checked_add(shares.unallocated()), Some(shares.amount_due()));
    for person in order.people() {
        let has_part = |item: &&Item| order.shared_by(item).any(|(sharer, _)| sharer == person);
        let own: Vec<_> = order.items().filter(has_part).collect();
        let share = shares.of(person.id());
        // Whose dishes never came stays on a bill that is final.
        if order.status() == Status::Active || order.corrections().is_empty() {
            assert_eq!(share.is_some(), !own.is_empty() || !person.has_left());
        }
        assert_eq!(share.map(|share| share.items().to_vec()).unwrap_or_default(), own);
    }
    for item in order.items() {
        let seats: Vec<_> = order
            .shared_by(item)
            .map(|(sharer, weight)| {
                assert!(weight.millionths() > 0, "a part of nothing");
                order.people().iter().position(|person| person == sharer)
            })
            .collect();
        assert!(seats.windows(2).all(|pair| pair[0] < pair[1]), "{seats:?} are not in the order of joining");
    }
    if order.status() == Status::Finalized {
        assert_eq!(shares.unallocated(), Amount::ZERO);
        assert_eq!(order.unassigned().count(), 0);
        assert!(order.items().len() > 0 || !order.corrections().is_empty());
    }
    assert!(order.created_at() <= order.updated_at());
}

/// Asserts that facts which are not the next of this order's log leave it exactly
/// unchanged.
fn assert_no_wrong_fact_is_committed(order: &Order) {
    let by = order.people().first().map_or_else(|| id("asha"), |person| person.id().clone());
    let next = order.seq() + 1;
    let removal = |item: &str| Fact::Dish(DishFact::Removed { item: ItemId::new(item).unwrap() });
    let update = |item: &str| {
        Fact::Dish(DishFact::QuantityUpdated {
            item: ItemId::new(item).unwrap(),
            quantity: Quantity::new(1).unwrap(),
        })
    };
    let shared = |item: &str, who: ParticipantId| {
        Fact::Claim(ClaimFact::Shared {
            item: ItemId::new(item).unwrap(),
            shared_by: vec![(who, Weight::ONE)],
        })
    };
    let by = Actor::participant(by);
    let stranger = Actor::participant(id("stranger"));
    let mut wrong = vec![
        (next, &by, removal("never-added"), CommitError::UnknownItem),
        (next, &by, update("never-added"), CommitError::UnknownItem),
        (
            next,
            &by,
            Fact::People(PeopleFact::Left { owner: Some(id("stranger")) }),
            CommitError::UnknownPerson,
        ),
        (next, &by, shared("never-added", id("stranger")), CommitError::UnknownPerson),
        (next, &stranger, added("new"), CommitError::UnknownPerson),
        (next, &stranger, Fact::People(PeopleFact::Left { owner: None }), CommitError::UnknownPerson),
        (next, &stranger, Fact::Charge(ChargeFact::TipSet { tip: None }), CommitError::UnknownPerson),
        (
            next,
            &stranger,
            Fact::Charge(ChargeFact::ServiceWaived { waived: true }),
            CommitError::UnknownPerson,
        ),
        (next, &Actor::Backend, added("new"), CommitError::UnknownPerson),
        (next, &Actor::Backend, Fact::People(PeopleFact::Left { owner: None }), CommitError::UnknownPerson),
        (next, &Actor::Backend, Fact::Charge(ChargeFact::TipSet { tip: None }), CommitError::UnknownPerson),
        (
            next,
            &Actor::Backend,
            Fact::Charge(ChargeFact::ServiceWaived { waived: false }),
            CommitError::UnknownPerson,
        ),
    ];
    if let Some(person) = order.people().first() {
        wrong.push((next, &by, shared("never-added", person.id().clone()), CommitError::UnknownItem));
    }
    if let Some(item) = order.items().next() {
        wrong.push((next, &by, added(item.id().as_str()), CommitError::ItemExists));
        wrong.push((next, &by, shared(item.id().as_str(), id("stranger")), CommitError::UnknownPerson));
    }
    for seq in [0, order.seq(), next + 1, u64::MAX] {
        let error = CommitError::OutOfOrder { last: order.seq(), found: seq };
        wrong.push((seq, &by, Fact::Table(TableFact::Finalized { on_bill: None }), error));
    }
    if order.status() == Status::Finalized {
        for case in &mut wrong {
            if case.0 == next {
                case.3 = CommitError::Closed;
            }
        }
        wrong.push((next, &by, Fact::People(PeopleFact::Left { owner: None }), CommitError::Closed));
        let nothing = ChargesSet::default();
        wrong.push((next, &Actor::Backend, Fact::Charge(ChargeFact::Set(nothing)), CommitError::Closed));
    }
    let none_came = ItemCorrected {
        item: ItemId::new("never-added").unwrap(),
        quantity: None,
        reason: Text::clean("cold", 10).unwrap(),
        split: None,
    };
    wrong.push((next, &by, Fact::Dish(DishFact::Corrected(Box::new(none_came))), CommitError::UnknownItem));
    if order.status() == Status::Active {
        wrong.push((next, &by, Fact::Table(TableFact::Reopened { deadline: None }), CommitError::Closed));
        if !order.people().is_empty() {
            let twice = DishFact::AllAdded(vec![new_dish("new"), new_dish("new")]);
            wrong.push((next, &by, Fact::Dish(twice), CommitError::ItemExists));
        }
        let gone = [order.items().next().map_or("never-added", |item| item.id().as_str()), "never-added"];
        let items = gone.map(|id| ItemId::new(id).unwrap()).to_vec();
        wrong.push((next, &by, Fact::Dish(DishFact::AllRemoved { items }), CommitError::UnknownItem));
    }
    let before = encode_order(order).unwrap();
    for (seq, by, fact, error) in wrong {
        let recorded = Recorded { seq, at: UnixMillis::new(u64::MAX), by: by.clone(), stamp: None, fact };
        let mut order = order.clone();
        assert_eq!(commit(&mut order, &recorded), Err(error), "{recorded:?}");
        assert_eq!(encode_order(&order).unwrap(), before, "{recorded:?} left a trace");
    }
}

#[test]
fn a_clock_that_was_set_back_does_not_make_the_log_run_backwards() {
    let mut table = Table::of(&["asha"]);
    let joined = table.order.updated_at();
    table.now = 0;
    table.add("asha", "i1", "1", "1");
    assert_eq!(table.log[1].at, joined);
    assert_eq!(table.order.updated_at(), joined);
}

fn id(id: &str) -> ParticipantId {
    ParticipantId::new(id).unwrap()
}

fn added(item: &str) -> Fact {
    Fact::Dish(DishFact::Added(new_dish(item)))
}

fn new_dish(item: &str) -> ItemAdded {
    ItemAdded {
        item: ItemId::new(item).unwrap(),
        dish_name: Text::clean("Dosa", 10).unwrap(),
        dish_type: Text::default(),
        quantity: Quantity::new(1).unwrap(),
        price: Price::new(Amount::from_minor_units(1), Currency::default()).unwrap(),
        customization: None,
        shared_by: Vec::new(),
    }
}
