//! Laws of the rules of a table, for any messages of its people.

use order_core::command::{Command, TableCommand};
use order_core::fact::ChargeFact;
use order_core::split::shares;
use order_core::{
    Actor, Amount, CommandId, Decision, Fact, Item, Order, ParticipantId, Policy, Recorded, Stamp,
    UnixMillis, commit, decide_once,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

use crate::support::model::{Model, steps};
use crate::support::table::{self, Table};

proptest! {
    #![proptest_config(table::runs(300))]

    #[test]
    fn whatever_people_send_the_rules_of_the_table_hold(
        steps in steps(),
        undone in prop::collection::vec(prop::option::of(any::<prop::sample::Index>()), 30),
    ) {
        let mut table = Table::empty();
        let mut model = Model::default();
        for (step, undone) in steps.iter().zip(undone.iter().cycle()) {
            let people = table.order.people();
            if let Some(undoer) = undone.filter(|_| !people.is_empty()).map(|any| any.get(people).id().to_string()) {
                // On a copy: the model does not know of it.
                let mut table = table.clone();
                let before = table.order.clone();
                if let Ok(Decision::Record(recorded)) = table.say(&undoer, r#"{"type":"undo"}"#) {
                    assert_lawful(&before, &table.order, &recorded);
                }
            }
            let before = table.order.clone();
            let message = step.message(&model);
            let Ok(decision) = table.say(step.who(), &message) else { continue };
            model.take(step, table.now);
            if let Decision::Record(recorded) = decision {
                assert_lawful(&before, &table.order, &recorded);
            }
        }
    }
}

fn assert_lawful(before: &Order, after: &Order, recorded: &Recorded) {
    let who = recorded.by.id().unwrap();
    let owned = before.owner().is_none_or(|owner| owner.id() == who);
    if !owned {
        if before.policy() == Policy::Hosted {
            assert_eq!(of_others(before, who), of_others(after, who), "{recorded:?}");
            assert_eq!(before.split_rule(), after.split_rule(), "{recorded:?}");
        }
        if before.is_locked() {
            assert!(before.items().eq(after.items()), "{recorded:?}");
        }
        let own: BTreeMap<_, _> = before.limits().map(|(person, limit)| (person.id(), limit)).collect();
        for person in after.people() {
            let Some(limit) = own.get(person.id()).copied().or(before.limit_each()) else { continue };
            let (was, is) = (before.added_total(person.id()), after.added_total(person.id()));
            assert!(is <= limit.max(was), "{}: {is:?} of {limit:?}: {recorded:?}", person.name());
        }
        if let Some(limit) = before.limit_table() {
            let (was, is) = (before.total(), after.total());
            assert!(is <= limit.max(was), "the table: {is:?} of {limit:?}: {recorded:?}");
        }
    }
    // A person who is ready agreed to their current share. A tip or a waived service charge can
    // change others' shares by a round-off, which does not need their agreement.
    let own =
        matches!(recorded.fact, Fact::Charge(ChargeFact::TipSet { .. } | ChargeFact::ServiceWaived { .. }));
    let (were, are) = (amounts(before), amounts(after));
    for person in after.ready() {
        assert!(!person.has_left());
        assert!(own || person.id() == who || were.get(person.id()) == are.get(person.id()), "{recorded:?}");
    }
    assert!(after.removed().all(|person| person.has_left() && after.owner() != Some(person)));
    assert_eq!(after.owner().is_some(), after.participants().next().is_some());
    assert!(after.owner().is_none_or(|owner| !owner.has_left()));
}

/// The dishes that others added, each as text without `who`'s own claim, which they may
/// change themselves.
fn of_others(order: &Order, who: &ParticipantId) -> Vec<String> {
    let others = order.items().filter(|item| order.added_by(item).is_some_and(|adder| adder.id() != who));
    let dish = |item: &Item| {
        let claims = order.shared_by(item).filter(|(person, _)| person.id() != who);
        let claims: Vec<_> = claims.map(|(person, weight)| (person.id(), weight)).collect();
        format!("{:?} {:?} {:?} {claims:?}", item.id(), item.quantity(), item.price())
    };
    others.map(dish).collect()
}

fn amounts(order: &Order) -> BTreeMap<ParticipantId, Amount> {
    shares(order).list().iter().map(|share| (share.participant().id().clone(), share.amount())).collect()
}

/// A command with an id takes effect once, also one of the owner.
#[test]
fn what_the_owner_says_with_an_id_happens_once() {
    let mut table = Table::of(&["asha", "ben"]);
    let asha = Actor::participant(ParticipantId::new("asha").unwrap());
    let stamp = Stamp::new(CommandId::new("c1").unwrap(), 7);
    let lock = |locked| Command::Table(TableCommand::Lock { locked });
    let at = UnixMillis::new(5_000);
    let Ok(Decision::Record(locked)) = decide_once(&table.order, at, &asha, &stamp, &lock(true)) else {
        panic!("not granted")
    };
    commit(&mut table.order, &locked).unwrap();
    table.log.push(locked);
    table.accept("asha", r#"{"type":"unlock_order"}"#);
    let again = decide_once(&table.order, at, &asha, &stamp, &lock(true));
    assert_eq!(again, Ok(Decision::Repeated { seq: 3 }));
    assert!(!table.order.is_locked());
    assert_eq!(table.replayed(), table.order);
}
