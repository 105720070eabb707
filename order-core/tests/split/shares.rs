//! Who pays what of a bill: the laws of every rule, and people who come and go.

use std::collections::BTreeSet;

use order_core::split::{CustomShares, Rest, SplitRule, shares};
use order_core::{Amount, Code, Participant, ParticipantId};
use proptest::prelude::*;

use crate::support::amounts::{amounts_by_id, owed};
use crate::support::part_laws::{assert_laws, weight};
use crate::support::table::{self, Table, charges_message};

proptest! {
    #![proptest_config(table::runs(400))]

    #[test]
    fn every_rule_shares_a_bill_by_the_laws(bill in bill()) {
        let table = bill.table(&bill.seating);
        let order = &table.order;
        let shares = shares(order);
        let total = order.total().minor_units();
        let amounts: Vec<i64> = shares.list().iter().map(|share| share.amount().minor_units()).collect();

        let on_the_bill: Vec<_> = order
            .people()
            .iter()
            .filter(|person| !person.has_left() || bill.has_part_of_a_dish(person.id().as_str()))
            .map(Participant::id)
            .collect();
        let listed: Vec<_> = shares.list().iter().map(|share| share.participant().id()).collect();
        prop_assert_eq!(listed, on_the_bill);
        prop_assert_eq!(amounts.iter().sum::<i64>() + shares.unallocated().minor_units(), total);
        prop_assert!(amounts.iter().all(|&amount| amount >= 0), "{:?}", amounts);

        let ids: Vec<_> = shares.list().iter().map(|share| share.participant().id()).collect();
        let unallocated = shares.unallocated().minor_units();
        // The part of a person who is off the bill is one more claim, which is unassigned.
        let mut with_nobody = amounts.clone();
        with_nobody.push(unallocated);
        match order.split_rule() {
            SplitRule::Equal | SplitRule::Custom(None) => {
                prop_assert_eq!(unallocated, 0);
                assert_laws(total, &vec![1; ids.len()], &amounts);
            }
            SplitRule::Itemized => {
                let own: Vec<_> = ids.iter().map(|id| bill.dishes_of(id.as_str())).collect();
                assert_near(&amounts, &own, PARTS);
                prop_assert_eq!(unallocated, 0);
            }
            SplitRule::Custom(Some(CustomShares::Amounts(agreed))) => {
                let own: Vec<_> = ids.iter().map(|id| agreed.get(id).map_or(0, |own| own.minor_units())).collect();
                prop_assert_eq!(amounts, own);
            }
            SplitRule::Custom(Some(CustomShares::Percentages(parts))) => {
                let mut claims: Vec<_> =
                    ids.iter().map(|id| parts.get(id).map_or(0, |part| part.millionths())).collect();
                claims.push(100_000_000 - claims.iter().sum::<u64>());
                assert_laws(total, &claims, &with_nobody);
            }
            SplitRule::Custom(Some(CustomShares::Weights(weights))) => {
                let claims: Vec<_> =
                    ids.iter().map(|id| weights.get(id).map_or(0, |weight| weight.millionths())).collect();
                if claims.iter().any(|&claim| claim > 0) {
                    prop_assert_eq!(unallocated, 0);
                    assert_laws(total, &claims, &amounts);
                } else {
                    prop_assert_eq!(unallocated, total);
                }
            }
            SplitRule::Adjusted(adjustments) => {
                let heads = ids.len() as i128;
                let rest = i128::from(total) - adjustments.values().map(|own| i128::from(own.minor_units())).sum::<i128>();
                let own = |id| adjustments.get(id).map_or(0, |own: &Amount| i128::from(own.minor_units()));
                let mut exact: Vec<_> = ids.iter().map(|id| own(id) * heads + rest).collect();
                exact.push(i128::from(total) * heads - exact.iter().sum::<i128>());
                assert_near(&with_nobody, &exact, heads);
            }
            SplitRule::Cover { covers, rest } => {
                let payer_of = |id: &ParticipantId| match covers.get(id) {
                    Some(payer) => ids.iter().position(|other| *other == payer).unwrap_or(ids.len()),
                    None => ids.iter().position(|other| *other == id).unwrap(),
                };
                let mut heads = vec![0_u64; ids.len() + 1];
                let mut own = vec![0_i128; ids.len() + 1];
                for id in &ids {
                    heads[payer_of(id)] += 1;
                    own[payer_of(id)] += bill.dishes_of(id.as_str());
                }
                match rest {
                    Rest::Equal => assert_laws(total, &heads, &with_nobody),
                    Rest::Itemized => assert_near(&with_nobody, &own, PARTS),
                }
            }
        }
    }

    #[test]
    fn who_joined_first_makes_no_difference_to_anybodys_share(bill in bill()) {
        let mut reversed = bill.seating.clone();
        reversed.reverse();
        let (table, other) = (bill.table(&bill.seating), bill.table(&reversed));
        prop_assert_eq!(amounts_by_id(&table), amounts_by_id(&other));
        prop_assert_eq!(amounts_by_id(&table), amounts_by_id(&bill.table(&bill.seating)));
    }
}

#[test]
fn a_hundred_rupees_among_three_neither_lose_nor_gain_a_paisa() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("asha", "i1", "100", "1");
    let mut amounts: Vec<_> = amounts_by_id(&table).into_values().collect();
    amounts.sort_unstable();
    assert_eq!(amounts, [3_333, 3_333, 3_334]);
}

#[test]
fn the_odd_paisa_does_not_always_hit_the_same_person() {
    let mut unlucky = BTreeSet::new();
    for number in 0..40 {
        let mut table = Table::named(&format!("table-{number}"));
        for person in ["asha", "ben", "chi"] {
            table.join(person);
        }
        table.add("asha", "i1", "100", "1");
        unlucky.extend(amounts_by_id(&table).into_iter().filter(|(_, amount)| *amount == 3_334));
    }
    assert_eq!(unlucky.len(), 3, "{unlucky:?}");
}

#[test]
fn a_guest_who_left_still_owes_for_dishes_that_stay() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("ben", "i1", "90", "1");
    table.leave("ben");
    table.leave("chi");
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 4_500), ("ben", 4_500)]));
    table.split("asha", r#"{"splitType":"itemized"}"#);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 0), ("ben", 9_000)]));
    table.accept("asha", &table::remove_message("i1"));
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 0)]));
}

#[test]
fn percentages_and_weights_are_shares_of_whatever_the_total_becomes() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "200", "1");
    table.split("asha", r#"{"splitType":"custom","percentages":{"asha":60,"ben":40}}"#);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 12_000), ("ben", 8_000)]));
    table.add("ben", "i2", "0.01", "1");
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 12_001), ("ben", 8_000)]));
    table.split("ben", r#"{"splitType":"custom","weights":{"asha":0,"ben":0.5}}"#);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 0), ("ben", 20_001)]));
}

#[test]
fn the_percentages_of_who_is_off_the_bill_are_unallocated() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "200", "1");
    table.split("asha", r#"{"splitType":"custom","percentages":{"asha":60,"ben":40}}"#);
    table.leave("ben");
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 12_000)]));
    assert_eq!(shares(&table.order).unallocated().minor_units(), 8_000);
}

#[test]
fn so_much_more_for_some_and_the_rest_equally() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "100", "1");
    table.split("asha", r#"{"splitType":"adjustments","adjustments":{"ben":20}}"#);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 4_000), ("ben", 6_000)]));
    table.split("asha", r#"{"splitType":"adjustments","adjustments":{"ben":0.01,"asha":99.98}}"#);
    let amounts = amounts_by_id(&table);
    assert!([9_998, 9_999].contains(&amounts["asha"]) && [1, 2].contains(&amounts["ben"]), "{amounts:?}");
    // A later guest shares the rest.
    table.join("chi");
    table.split("asha", r#"{"splitType":"adjustments","adjustments":{"ben":40}}"#);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 2_000), ("ben", 6_000), ("chi", 2_000)]));
}

#[test]
fn what_was_adjusted_for_who_is_gone_is_unallocated_and_no_other_share_goes_below_zero() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("asha", "i1", "100", "1");
    table.add("asha", "i2", "50", "1");
    table.split("asha", r#"{"splitType":"adjustments","adjustments":{"ben":30,"chi":60}}"#);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 2_000), ("ben", 5_000), ("chi", 8_000)]));
    table.leave("chi");
    // The rest beyond the adjustments is shared by those who remain.
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 3_000), ("ben", 6_000)]));
    assert_eq!(shares(&table.order).unallocated().minor_units(), 6_000);
    table.join("chi");
    table.accept("asha", &table::remove_message("i1"));
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 0), ("ben", 3_000), ("chi", 6_000)]));
    assert_eq!(shares(&table.order).unallocated().minor_units(), -4_000);
}

/// A discount of 100 % makes every sum zero, however little the shares fit the dishes.
#[test]
fn shares_that_fit_no_line_are_not_finalized_although_they_sum() {
    for (split, gone) in [
        (r#"{"splitType":"adjustments","adjustments":{"asha":8}}"#, "10"),
        (r#"{"splitType":"custom","amounts":{"asha":11}}"#, "10"),
    ] {
        let mut table = Table::of(&["asha", "ben"]);
        table.add("asha", "i1", gone, "1");
        table.add("asha", "i2", "1", "1");
        table.split("asha", split);
        table.accept("asha", &charges_message(r#"{"name":"On us","kind":"discount","percent":100}"#));
        table.accept("asha", &table::remove_message("i1"));
        assert_eq!(shares(&table.order).unallocated(), Amount::ZERO);

        let refused = table.refuse("asha", table::FINALIZE);

        assert_eq!(refused.code(), Code::Unallocated);
        assert!(
            refused.to_string().contains("Dishes come to 1, and the shares are too high by"),
            "{refused}"
        );
        table.split("asha", r#"{"splitType":"equal"}"#);
        table.accept("asha", table::FINALIZE);
    }
}

#[test]
fn some_pay_for_others_as_well() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("asha", "i1", "100", "1");
    table.split("asha", r#"{"splitType":"cover","covers":{"ben":"asha"}}"#);
    let amounts = amounts_by_id(&table);
    assert_eq!((amounts["asha"], amounts["ben"], amounts["chi"]), (6_667, 0, 3_333));

    table.add("ben", "i2", "7", "1");
    table.add("chi", "i3", "5", "1");
    table.split("asha", r#"{"splitType":"cover","covers":{"ben":"chi","asha":"chi"},"rest":"itemized"}"#);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 0), ("ben", 0), ("chi", 11_200)]));
    table.split("asha", r#"{"splitType":"cover","covers":{"ben":"chi"},"rest":"itemized"}"#);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 10_000), ("ben", 0), ("chi", 1_200)]));
    // A payer also pays the fees by head of those they cover.
    table.accept("asha", &charges_message(r#"{"name":"Delivery","kind":"fee","amount":9}"#));
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 10_300), ("ben", 0), ("chi", 1_800)]));
}

#[test]
fn who_is_covered_by_somebody_who_is_gone_is_paid_by_nobody() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("asha", "i1", "90", "1");
    table.split("asha", r#"{"splitType":"cover","covers":{"ben":"chi"}}"#);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 3_000), ("ben", 0), ("chi", 6_000)]));
    table.leave("chi");
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 4_500), ("ben", 0)]));
    assert_eq!(shares(&table.order).unallocated().minor_units(), 4_500);
    assert_eq!(table.refuse("asha", table::FINALIZE).code(), Code::Unallocated);
    table.split("ben", r#"{"splitType":"equal"}"#);
    table.accept("asha", table::FINALIZE);
}

const PEOPLE: [&str; 8] = ["asha", "ben", "chi", "dev", "eli", "fay", "gia", "hal"];

/// The number of parts of a dish: divisible by any number of people who share it.
const PARTS: i128 = 840;

/// A bill: its people, their dishes, the rule, and who left after it was set.
#[derive(Debug, Clone)]
struct Bill {
    order: u32,
    seating: Vec<usize>,
    dishes: Vec<Dish>,
    rule: Rule,
    /// The dishes ordered after the rule is set.
    late: Vec<Dish>,
    leavers: Vec<bool>,
}

#[derive(Debug, Clone)]
struct Dish {
    by: usize,
    /// In paise.
    price: i64,
    pieces: i64,
    /// Those who share it equally; empty: only the person who ordered it.
    sharers: Vec<usize>,
}

#[derive(Debug, Clone)]
enum Rule {
    Equal,
    Itemized,
    Unset,
    /// The total, cut at these thousandths.
    Amounts(Vec<i64>),
    Percentages(Vec<i64>),
    Weights(Vec<u64>),
    /// A part of the total, cut at these thousandths.
    Adjustments(i64, Vec<i64>),
    /// For each person whether the next one who pays covers them; and whether the rest is
    /// divided by dishes.
    Cover(Vec<bool>, bool),
}

fn bill() -> impl Strategy<Value = Bill> {
    (1_usize..=PEOPLE.len()).prop_flat_map(|people| {
        // At the highest price, only small quantities of a few dishes stay below the ceiling.
        let cheap = (0_i64..300, 1_i64..=999);
        let dear = (0_i64..=999_999_999, 1_i64..=90);
        let everybody: Vec<usize> = (0..people).collect();
        let sharers = prop_oneof![Just(Vec::new()), prop::sample::subsequence(everybody, 0..=people)];
        let dish = (0..people, prop_oneof![cheap, dear], sharers)
            .prop_map(|(by, (price, pieces), sharers)| Dish { by, price, pieces, sharers });
        let cuts = || prop::collection::vec(0_i64..=1_000, people - 1);
        let rule = prop_oneof![
            Just(Rule::Equal),
            Just(Rule::Itemized),
            Just(Rule::Unset),
            cuts().prop_map(Rule::Amounts),
            cuts().prop_map(Rule::Percentages),
            prop::collection::vec(weight(), people).prop_map(Rule::Weights),
            (0_i64..=1_000, cuts()).prop_map(|(part, cuts)| Rule::Adjustments(part, cuts)),
            (prop::collection::vec(any::<bool>(), people), any::<bool>())
                .prop_map(|(covered, by_dishes)| Rule::Cover(covered, by_dishes)),
        ];
        (
            any::<u32>(),
            Just((0..people).collect::<Vec<_>>()).prop_shuffle(),
            prop::collection::vec(dish.clone(), 0..8),
            rule,
            prop::collection::vec(dish, 0..2),
            prop::collection::vec(prop::bool::weighted(0.3), people),
        )
            .prop_map(|(order, seating, dishes, rule, late, leavers)| Bill {
                order,
                seating,
                dishes,
                rule,
                late,
                leavers,
            })
    })
}

impl Bill {
    fn table(&self, seating: &[usize]) -> Table {
        let mut table = Table::named(&format!("order-{}", self.order));
        for &person in seating {
            table.join(PEOPLE[person]);
        }
        for (number, dish) in self.dishes.iter().enumerate() {
            add(&mut table, number, dish);
        }
        let total = table.order.total().minor_units();
        let by_person = |numbers: Vec<String>| {
            let entries: Vec<_> =
                numbers.iter().zip(PEOPLE).map(|(number, id)| format!(r#""{id}":{number}"#)).collect();
            format!("{{{}}}", entries.join(","))
        };
        let data = match &self.rule {
            Rule::Equal => r#"{"splitType":"equal"}"#.to_owned(),
            Rule::Itemized => r#"{"splitType":"itemized"}"#.to_owned(),
            Rule::Unset => r#"{"splitType":"custom"}"#.to_owned(),
            Rule::Amounts(cuts) => {
                let amounts = pieces(total, cuts).into_iter().map(|part| format!("{part}e-2")).collect();
                format!(r#"{{"splitType":"custom","amounts":{}}}"#, by_person(amounts))
            }
            Rule::Percentages(cuts) => {
                let parts = pieces(100_000_000, cuts).into_iter().map(|part| format!("{part}e-6")).collect();
                format!(r#"{{"splitType":"custom","percentages":{}}}"#, by_person(parts))
            }
            Rule::Adjustments(part, cuts) => {
                let all = total / 1_000 * part;
                let amounts = pieces(all, cuts).into_iter().map(|part| format!("{part}e-2")).collect();
                format!(r#"{{"splitType":"adjustments","adjustments":{}}}"#, by_person(amounts))
            }
            Rule::Cover(covered, by_dishes) => cover(covered, *by_dishes),
            Rule::Weights(weights) if weights.iter().all(|&weight| weight == 0) => {
                r#"{"splitType":"equal"}"#.to_owned()
            }
            Rule::Weights(weights) => {
                let weights = weights.iter().map(|weight| format!("{weight}e-6")).collect();
                format!(r#"{{"splitType":"custom","weights":{}}}"#, by_person(weights))
            }
        };
        table.split(PEOPLE[seating[0]], &data);
        for (number, dish) in self.late.iter().enumerate() {
            add(&mut table, self.dishes.len() + number, dish);
        }
        for (person, _) in PEOPLE.iter().zip(&self.leavers).filter(|(_, leaves)| **leaves) {
            table.leave(person);
        }
        table
    }

    fn all_dishes(&self) -> impl Iterator<Item = &Dish> {
        self.dishes.iter().chain(&self.late)
    }

    /// A person's part of the dishes, in [`PARTS`] of a paisa.
    fn dishes_of(&self, id: &str) -> i128 {
        self.all_dishes().map(|dish| dish.part_of(id)).sum()
    }

    fn has_part_of_a_dish(&self, id: &str) -> bool {
        self.all_dishes().any(|dish| dish.whose().iter().any(|person| PEOPLE[*person] == id))
    }
}

impl Dish {
    fn whose(&self) -> &[usize] {
        if self.sharers.is_empty() { std::slice::from_ref(&self.by) } else { &self.sharers }
    }

    fn part_of(&self, id: &str) -> i128 {
        let whose = self.whose();
        let shares = whose.iter().any(|person| PEOPLE[*person] == id);
        let part = i128::from(self.price * self.pieces) * PARTS / whose.len() as i128;
        if shares { part } else { 0 }
    }
}

fn add(table: &mut Table, number: usize, dish: &Dish) {
    let sharers: Vec<_> = dish.sharers.iter().map(|person| PEOPLE[*person]).collect();
    let shared_by = if sharers.is_empty() { String::new() } else { format!(r#","sharedBy":{sharers:?}"#) };
    let (price, quantity) = (dish.price, dish.pieces);
    let message = format!(
        r#"{{"type":"add_item","data":{{"id":"i{number}","dishName":"Dosa","price":{price}e-2,"quantity":{quantity}{shared_by}}}}}"#
    );
    table.accept(PEOPLE[dish.by], &message);
}

/// A rule in which each covered person is covered by the next one who is not; an equal
/// split if there is none.
fn cover(covered: &[bool], by_dishes: bool) -> String {
    let payers: Vec<usize> = (0..covered.len()).filter(|person| !covered[*person]).collect();
    let entries: Vec<_> = (0..covered.len())
        .filter(|person| covered[*person])
        .filter_map(|person| {
            let payer = payers.iter().find(|payer| **payer > person).or(payers.first())?;
            Some(format!(r#""{}":"{}""#, PEOPLE[person], PEOPLE[*payer]))
        })
        .collect();
    let rest = if by_dishes { "itemized" } else { "equal" };
    if entries.is_empty() {
        return format!(r#"{{"splitType":"{rest}"}}"#);
    }
    format!(r#"{{"splitType":"cover","covers":{{{}}},"rest":"{rest}"}}"#, entries.join(","))
}

/// Asserts that every amount is less than a minor unit from its exact value, given in
/// `parts` of a unit.
fn assert_near(amounts: &[i64], exact: &[i128], parts: i128) {
    assert_eq!(amounts.len(), exact.len());
    for (amount, exact) in amounts.iter().zip(exact) {
        let off = i128::from(*amount) * parts - exact;
        // Without people on the bill there are no parts, and the unassigned amount is 0.
        assert!(off.abs() < parts.max(1), "{amounts:?} is not {exact:?}/{parts}");
    }
}

/// Cuts `total` into pieces at these thousandths.
fn pieces(total: i64, cuts: &[i64]) -> Vec<i64> {
    let mut places: Vec<i64> = cuts.iter().map(|cut| total / 1_000 * cut).collect();
    places.extend([0, total]);
    places.sort_unstable();
    places.windows(2).map(|pair| pair[1] - pair[0]).collect()
}
