//! The results of expensive bills never change.

use order_core::bill::{Bill, Dish, divide};
use order_core::split::shares;
use order_core::wire::v2;
use order_core::{Code, Order, ParticipantId};

use crate::support::bill::choices::Seeded;
use crate::support::dear::{Dear, WORST, digest, double_the_first, is_within_bounds, round_by_chance};

/// For each bill, a digest of what every diner pays, as computed by the first version of
/// the algorithm, without optimizations. A line names a seed of [`Dear::any`] or one of
/// [`WORST`].
const DIGESTS: &str = include_str!("dear_digests.txt");

#[test]
fn dear_bills_are_divided_as_before_to_the_last_unit() {
    let mut choices = Seeded::new(1);
    let any = (0..40).map(|number| (number.to_string(), Dear::any(&mut choices)));
    let worst = WORST.iter().map(|(name, dear)| ((*name).to_owned(), *dear));
    let digests = any.chain(worst).map(|(name, dear)| {
        let order = dear.order();
        assert!(is_within_bounds(&order), "{name} is no order that there can be");
        format!("{:016x} {name}", digest(&v2::bill(&order, None).text()))
    });
    let digests: Vec<_> = digests.collect();
    assert_eq!(digests, DIGESTS.lines().collect::<Vec<_>>());
}

/// An order combines dishes that a standalone bill computes one by one.
#[test]
fn an_order_and_a_bill_on_its_own_are_divided_alike() {
    compare_orders_with_bills(|order| order);
}

/// Up to a number of cells that no ordinary table has.
#[test]
fn an_order_and_a_bill_on_its_own_are_rounded_by_the_same_chance() {
    compare_orders_with_bills(|mut order| {
        round_by_chance(&mut order);
        order
    });
}

fn compare_orders_with_bills(changed: impl Fn(Order) -> Order) {
    let mut choices = Seeded::new(7);
    let mut divided = 0;
    for _ in 0..40 {
        let dear = Dear::any(&mut choices);
        // Smaller, because a standalone bill has a cell for every dish of every person.
        let dear = Dear { dishes: dear.dishes.min(150), people: dear.people.clamp(8, 60), ..dear };
        let order = changed(dear.order());
        let division = match divide(&bill(&order)) {
            Ok(division) => division,
            Err(rejection) => {
                assert_eq!(rejection.code(), Code::ChargeOnNothing, "{dear:?}");
                continue;
            }
        };
        let of_order = shares(&order);
        let of_order: Vec<_> =
            of_order.list().iter().map(|share| (share.participant().id(), share.amount())).collect();
        let alone: Vec<(&ParticipantId, _)> =
            division.shares().map(|share| (share.participant(), share.amount())).collect();
        assert_eq!(of_order, alone, "{dear:?}");
        divided += 1;
    }
    assert!(divided > 30, "{divided}");
}

#[test]
fn what_an_order_keeps_of_its_bill_is_forgotten_with_the_next_change() {
    let dear = Dear { people: 6, dishes: 12, sharers: 3, ..WORST[0].1 };
    let mut order = dear.order();
    let before = v2::bill(&order, None);
    assert_eq!(v2::bill(&order, None), before, "asked for again, it is the same");
    assert_eq!(v2::bill(&order.clone(), None), before, "a copy works it out again");
    double_the_first(&mut order);
    let after = v2::bill(&order, None);
    assert_ne!(after, before);
    assert_eq!(v2::bill(&order.clone(), None), after);
}

fn bill(order: &Order) -> Bill {
    Bill {
        diners: order.people().iter().map(|person| person.id().clone()).collect(),
        dishes: order
            .items()
            .map(|item| Dish {
                id: item.id().clone(),
                dish_type: item.dish_type().clone(),
                amount: item.total(),
                shared_by: order
                    .shared_by(item)
                    .map(|(person, weight)| (person.id().clone(), weight))
                    .collect(),
            })
            .collect(),
        split: order.split_rule().clone(),
        charges: order.charges().to_vec(),
        tips: order.tips().map(|(person, tip)| (person.id().clone(), tip)).collect(),
        without_service: order.without_service().map(|person| person.id().clone()).collect(),
        round_to: order.round_to(),
        odd_units: order.odd_units(),
        ..Bill::new(order.id().clone(), order.currency())
    }
}
