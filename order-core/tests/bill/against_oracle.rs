//! Generated bills against an oracle with exact fractions, and all small bills against all
//! possible roundings.

use order_core::bill::{Basis, Bill, Charge, ChargeKind, ChargeValue, Dish, divide};
use order_core::split::{Percentage, SplitRule};
use order_core::text::Text;
use order_core::{Amount, Currency, ItemId, OrderId};
use proptest::prelude::*;

use crate::support::bill::choices::{Listed, Seeded};
use crate::support::bill::laws::{amounts, check, check_choice, check_listing, check_mirror, tie};
use crate::support::bill::making::{self, Sizes, person, weight};
use crate::support::bill::oracle::expect;
use crate::support::bill::rounding::Quotas;
use crate::support::table;

proptest! {
    #![proptest_config(table::runs(800))]

    #[test]
    fn every_bill_is_divided_as_the_oracle_says(numbers in prop::collection::vec(any::<u64>(), 0..250)) {
        let bill = making::bill(&mut Listed::new(numbers), Sizes::USUAL);
        if let Err(violation) = check(&bill) {
            prop_assert!(false, "{violation}\n{bill:#?}");
        }
    }

    #[test]
    fn taxes_in_prices_are_never_more_than_discounts_leave_of_them(
        numbers in prop::collection::vec(any::<u64>(), 0..250),
        seed in any::<u64>(),
    ) {
        let bill = making::bill_of_included(&mut Listed::new(numbers));
        let checked = check(&bill).and_then(|_| check_mirror(&bill));
        if let Err(violation) = checked.and_then(|()| check_listing(&bill, &mut Seeded::new(seed))) {
            prop_assert!(false, "{violation}\n{bill:#?}");
        }
    }

    #[test]
    fn odd_units_go_to_the_largest_remainders(numbers in prop::collection::vec(any::<u64>(), 0..250)) {
        let bill = making::bill(&mut Listed::new(numbers), Sizes::USUAL);
        if let Err(violation) = check_choice(&bill) {
            prop_assert!(false, "{violation}\n{bill:#?}");
        }
    }

    #[test]
    fn odd_units_are_passed_on_to_the_largest_remainders(numbers in prop::collection::vec(any::<u64>(), 60..250)) {
        let bill = making::sparse_bill(&mut Listed::new(numbers));
        if let Err(violation) = check(&bill).and_then(|_| check_choice(&bill)) {
            prop_assert!(false, "{violation}\n{bill:#?}");
        }
    }
}

/// Two diners, up to three dishes of up to 4, and every way to share a dish with weights up
/// to 2.
#[test]
fn of_all_roundings_of_every_small_bill_of_two_the_fairest_is_taken() {
    let patterns = [&[][..], &[1, 0], &[0, 1], &[1, 1], &[1, 2], &[2, 1]];
    let mut bills = 0;
    for dishes in 1..=3 {
        bills += try_all(2, dishes, &[1, 2, 3, 4], &patterns, &[None, Some(tax()), Some(fee())]);
    }
    assert_eq!(bills, 3 * (24 + 300 + 2_600));
}

/// Three diners, two dishes, and every way to share with weights up to 2.
#[test]
fn of_all_roundings_of_every_small_bill_of_three_the_fairest_is_taken() {
    let weights = [0, 1, 2];
    let mut patterns: Vec<Vec<u64>> = vec![Vec::new()];
    for a in weights {
        for b in weights {
            // The same proportions doubled would be the same bill.
            patterns.extend(weights.iter().map(|&c| vec![a, b, c]).filter(|pattern| pattern.contains(&1)));
        }
    }
    let patterns: Vec<&[u64]> = patterns.iter().map(Vec::as_slice).collect();
    let bills = try_all(3, 2, &[1, 2, 3], &patterns, &[None, Some(tax())]);
    assert_eq!(bills, 2 * 1_830);
}

/// Four diners and three dishes that some of them share equally: no dish is shared by all,
/// so not every unit can go to the largest remainder.
#[test]
fn of_all_roundings_of_bills_that_few_share_the_fairest_is_taken() {
    let patterns: Vec<Vec<u64>> =
        (1_u64..15).map(|set| (0..4).map(|diner| set >> diner & 1).collect()).collect();
    let patterns: Vec<&[u64]> = patterns.iter().map(Vec::as_slice).collect();
    let bills = try_all(4, 3, &[1, 2], &patterns, &[None]) + try_all(4, 4, &[1], &patterns, &[None]);
    assert_eq!(bills, 4_060 + 2_380);
}

/// Three and four diners who share everything equally, a fee by head, and a service charge
/// that some of them waive. Such dishes may be combined, if no diner's share changes by it.
#[test]
fn of_all_roundings_of_bills_that_all_share_the_fairest_is_taken() {
    let mut bills = 0;
    for diners in 3..=4_usize {
        for prices in [&[1][..], &[5], &[1, 1], &[2, 3], &[3, 3], &[1, 1, 1], &[2, 3, 6]] {
            let dishes: Vec<(i64, &[u64])> = prices.iter().map(|&price| (price, &[][..])).collect();
            for (fees, services) in (0..4).flat_map(|fees| (0..4).map(move |services| (fees, services))) {
                for waiving in 0..1_u32 << diners {
                    let mut bill = small_bill(diners, &dishes, None);
                    bill.split = SplitRule::Equal;
                    bill.charges = vec![charge("fee", ChargeKind::Fee { by: Basis::Head }, fees)];
                    bill.charges.push(charge("service", ChargeKind::Service { optional: true }, services));
                    let waives = |&diner: &usize| waiving >> diner & 1 == 1;
                    bill.without_service = (0..diners).filter(waives).map(person).collect();
                    if let Err(violation) = check(&bill).and_then(|_| check_choice(&bill)) {
                        panic!("{violation}\n{bill:#?}");
                    }
                    bills += 1;
                }
            }
        }
    }
    assert_eq!(bills, 7 * 16 * (8 + 16));
}

#[test]
#[should_panic(expected = "no rounding is possible")]
fn the_search_for_the_best_rows_sees_when_there_is_none() {
    let mut lines = expect(&small_bill(2, &[(1, &[1, 1])], None)).unwrap().lines;
    // Three units for two cells that can take one each.
    lines[0].amount = 3;
    Quotas::of(&lines).best(|row| row);
}

/// Divides every bill of this many dishes with these prices and ways of sharing, ignoring
/// order, and compares it with all its roundings. Returns the number of bills.
fn try_all(
    diners: usize,
    dishes: usize,
    prices: &[i64],
    patterns: &[&[u64]],
    charges: &[Option<Charge>],
) -> usize {
    let kinds: Vec<(i64, &[u64])> =
        prices.iter().flat_map(|&price| patterns.iter().map(move |&pattern| (price, pattern))).collect();
    let mut bills = 0;
    let mut chosen = vec![0; dishes];
    loop {
        let dishes: Vec<_> = chosen.iter().map(|&kind| kinds[kind]).collect();
        for charge in charges {
            bills += 1;
            compare_with_all_roundings(&small_bill(diners, &dishes, charge.as_ref()));
        }
        // The next ascending list.
        let Some(place) = chosen.iter().rposition(|&kind| kind + 1 < kinds.len()) else { return bills };
        let next = chosen[place] + 1;
        chosen[place..].fill(next);
    }
}

fn compare_with_all_roundings(bill: &Bill) {
    let division = divide(bill).unwrap();
    let quotas = Quotas::of(&expect(bill).unwrap().lines);
    let best = quotas.best_of(&quotas.every_set(), |row| tie(bill, row));
    let paid = [amounts(&division).as_slice(), &[division.unassigned().minor_units()]].concat();
    assert_eq!(paid, best, "{bill:#?}");
    assert_eq!(quotas.best(|row| tie(bill, row)), best, "the search for the best rows is wrong");
}

fn small_bill(diners: usize, dishes: &[(i64, &[u64])], charge: Option<&Charge>) -> Bill {
    Bill {
        diners: (0..diners).map(person).collect(),
        dishes: dishes
            .iter()
            .enumerate()
            .map(|(number, (price, weights))| Dish {
                id: ItemId::new(&format!("d{number}")).unwrap(),
                dish_type: Text::default(),
                amount: Amount::from_minor_units(*price),
                shared_by: weights
                    .iter()
                    .enumerate()
                    .map(|(diner, &times)| (person(diner), weight(times * 1_000_000)))
                    .collect(),
            })
            .collect(),
        split: SplitRule::Itemized,
        charges: charge.cloned().into_iter().collect(),
        ..Bill::new(OrderId::new("order-1").unwrap(), Currency::default())
    }
}

/// A tax of half of all dishes, by share.
fn tax() -> Charge {
    let half = ChargeValue::Percent(Percentage::from_decimal("50".parse().unwrap()).unwrap());
    let on_all = ChargeKind::Tax { inclusive: false, dish_types: Vec::new() };
    Charge::new(Text::clean("tax", 80).unwrap(), on_all, half)
}

/// A fee of one unit, by head.
fn fee() -> Charge {
    charge("fee", ChargeKind::Fee { by: Basis::Head }, 1)
}

fn charge(name: &str, kind: ChargeKind, minor_units: i64) -> Charge {
    let value = ChargeValue::Amount(Amount::from_minor_units(minor_units));
    Charge::new(Text::clean(name, 80).unwrap(), kind, value)
}
