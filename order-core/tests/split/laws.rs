//! The laws of dividing an amount by weights, for random ones and for every small one.

use std::collections::BTreeMap;

use order_core::Amount;
use order_core::split::{ApportionError, Claim, apportion};
use proptest::prelude::*;

use crate::support::part_laws::{assert_laws, weight};
use crate::support::table;

proptest! {
    #![proptest_config(table::runs(200))]

    #[test]
    fn parts_keep_the_laws_for_amounts_and_weights_of_any_order(
        total in -100_000_000_000_000_i64..100_000_000_000_000,
        weights in weights(40),
    ) {
        assert_laws(total, &weights, &divide(total, &weights));
    }

    #[test]
    fn parts_keep_the_laws_at_the_edges_of_the_integers(
        total in prop_oneof![any::<i64>(), Just(i64::MAX), Just(i64::MIN), Just(i64::MIN + 1)],
        weights in prop::collection::vec(prop_oneof![any::<u64>(), Just(u64::MAX), Just(0), Just(1)], 1..12),
    ) {
        prop_assume!(weights.iter().any(|&weight| weight > 0));
        let parts = divide(total, &weights);
        // Cross-multiplying would overflow here, so each part is compared with its quota rounded
        // down.
        let magnitude = u128::from(total.unsigned_abs());
        let sum: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
        for (&part, &weight) in parts.iter().zip(&weights) {
            let product = magnitude * u128::from(weight);
            let (floor, fraction) = (product / sum, product % sum);
            let above = u128::from(part.unsigned_abs()).checked_sub(floor).unwrap();
            prop_assert!(above == 0 || (above == 1 && fraction > 0), "{part} of {product}/{sum}");
            prop_assert!(part == 0 || (part < 0) == (total < 0));
        }
        prop_assert_eq!(parts.iter().map(|&part| i128::from(part)).sum::<i128>(), i128::from(total));
    }

    #[test]
    fn a_negative_total_is_the_mirror_of_the_positive_one(
        total in 0..i64::MAX,
        weights in weights(20),
    ) {
        let mirrored: Vec<_> = divide(-total, &weights).into_iter().map(|part| -part).collect();
        prop_assert_eq!(mirrored, divide(total, &weights));
    }

    #[test]
    fn the_order_of_the_claims_makes_no_difference(
        total in any::<i64>(),
        (weights, order) in weights(20).prop_flat_map(|weights| {
            let places: Vec<usize> = (0..weights.len()).collect();
            (Just(weights), Just(places).prop_shuffle())
        }),
    ) {
        let parts = divide(total, &weights);
        let shuffled: Vec<_> = order.iter().map(|&place| Claim { weight: weights[place], tie: place }).collect();
        let shuffled_parts = apportion(Amount::from_minor_units(total), &shuffled);
        let expected: Vec<_> = order.iter().map(|&place| Amount::from_minor_units(parts[place])).collect();
        prop_assert_eq!(shuffled_parts, Ok(expected));
    }

    #[test]
    fn money_that_nobody_claims_is_refused(total in any::<i64>(), people in 0_usize..5) {
        prop_assume!(total != 0);
        let claims: Vec<_> = (0..people).map(|tie| Claim { weight: 0, tie }).collect();
        prop_assert_eq!(apportion(Amount::from_minor_units(total), &claims), Err(ApportionError::NoWeight));
    }
}

/// With the largest-remainder method, moving a unit never makes a division fairer. Sums of
/// squared deviations from the quotas are separable and convex: if no move of a single unit
/// reduces the sum, no other division has a smaller one. Neither quotas nor fractions are
/// computed here.
#[test]
fn every_division_of_a_small_total_is_the_fairest_there_is() {
    for people in 1..=6 {
        for weights in ascending_weights(people) {
            for total in 0..=200 {
                let parts = match (divide_or_refuse(total, &weights), weights.iter().sum::<u64>()) {
                    (Err(error), 0) => {
                        assert_eq!(error, ApportionError::NoWeight);
                        assert!(total > 0);
                        continue;
                    }
                    (Ok(parts), 0) => {
                        assert!(total == 0 && parts.iter().all(|&part| part == 0));
                        continue;
                    }
                    (parts, _) => parts.unwrap(),
                };
                assert_laws(total, &weights, &parts);
                let cost = squared_deviation(total, &weights, &parts);
                for from in 0..people {
                    for to in 0..people {
                        if from == to || parts[from] == 0 {
                            continue;
                        }
                        let mut moved = parts.clone();
                        moved[from] -= 1;
                        moved[to] += 1;
                        let other = squared_deviation(total, &weights, &moved);
                        assert!(cost <= other, "{total} by {weights:?}: {moved:?} is fairer than {parts:?}");
                        // Equally fair, but with the unit for a claim that is earlier by its tie.
                        assert!(cost < other || from < to, "{total} by {weights:?}: {parts:?} ignores ties");
                    }
                }
            }
        }
    }
}

/// Covers every list of weights, not only the ascending ones above: the same claims in
/// another order.
#[test]
fn every_division_of_a_small_total_is_the_same_however_its_claims_are_listed() {
    for people in 1..=6_u32 {
        let ascending: BTreeMap<Vec<u64>, Vec<_>> = ascending_weights(people as usize)
            .into_iter()
            .map(|weights| {
                let divisions = (0..=200).map(|total| divide_or_refuse(total, &weights)).collect();
                (weights, divisions)
            })
            .collect();
        for number in 0..4_u64.pow(people) {
            let weights: Vec<u64> = (0..people).map(|place| number / 4_u64.pow(place) % 4).collect();
            let mut places: Vec<usize> = (0..weights.len()).collect();
            places.sort_by_key(|&place| weights[place]);
            let mut claims: Vec<_> = weights.iter().map(|&weight| Claim { weight, tie: 0 }).collect();
            for (rank, &place) in places.iter().enumerate() {
                claims[place].tie = rank;
            }
            let sorted: Vec<u64> = places.iter().map(|&place| weights[place]).collect();
            for (total, expected) in ascending[&sorted].iter().enumerate() {
                let total = Amount::from_minor_units(i64::try_from(total).unwrap());
                let reordered = apportion(total, &claims)
                    .map(|parts| places.iter().map(|&place| parts[place].minor_units()).collect::<Vec<_>>());
                assert_eq!(&reordered, expected, "{total:?} by {weights:?}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "a part is a whole unit off its quota")]
fn the_laws_catch_whoever_gets_two_odd_units() {
    assert_laws(5, &[1, 1, 1], &[3, 1, 1]);
}

#[test]
#[should_panic(expected = "assertion `left == right` failed")]
fn the_laws_catch_rounding_each_part_for_itself() {
    assert_laws(100, &[1, 1, 1], &[33, 33, 33]);
}

/// Weights of which at least one is above 0.
fn weights(most: usize) -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(weight(), 1..most).prop_map(|mut weights| {
        if weights.iter().all(|&weight| weight == 0) {
            weights[0] = 1;
        }
        weights
    })
}

fn divide(total: i64, weights: &[u64]) -> Vec<i64> {
    divide_or_refuse(total, weights).unwrap()
}

/// Divides, using the index in the list as the tie.
fn divide_or_refuse(total: i64, weights: &[u64]) -> Result<Vec<i64>, ApportionError> {
    let claims: Vec<_> = weights.iter().enumerate().map(|(tie, &weight)| Claim { weight, tie }).collect();
    let parts = apportion(Amount::from_minor_units(total), &claims)?;
    Ok(parts.into_iter().map(Amount::minor_units).collect())
}

fn squared_deviation(total: i64, weights: &[u64], parts: &[i64]) -> i64 {
    let sum = i64::try_from(weights.iter().sum::<u64>()).unwrap();
    let off = |part: i64, weight: u64| part * sum - total * i64::try_from(weight).unwrap();
    parts.iter().zip(weights).map(|(&part, &weight)| off(part, weight).pow(2)).sum()
}

/// Every ascending list of this many weights from 0 to 3.
fn ascending_weights(people: usize) -> Vec<Vec<u64>> {
    let mut lists: Vec<Vec<u64>> = vec![Vec::new()];
    for _ in 0..people {
        lists = lists
            .into_iter()
            .flat_map(|list| {
                let least = list.last().copied().unwrap_or(0);
                (least..=3).map(move |weight| [list.clone(), vec![weight]].concat())
            })
            .collect();
    }
    lists
}
