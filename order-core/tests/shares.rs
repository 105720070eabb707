//! Who pays what of a bill: the laws for every rule, and people who come and go.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod laws;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use laws::{assert_laws, weight};
use order_core::split::{CustomShares, Share, SplitRule, shares};
use order_core::{Amount, Participant, ParticipantId};
use proptest::prelude::*;
use table::Table;

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
            .filter(|person| !person.has_left() || bill.owns_a_dish(person.id().as_str()))
            .map(Participant::id)
            .collect();
        let listed: Vec<_> = shares.list().iter().map(|share| share.participant().id()).collect();
        prop_assert_eq!(listed, on_the_bill);
        prop_assert_eq!(amounts.iter().sum::<i64>() + shares.unallocated().minor_units(), total);
        prop_assert!(amounts.iter().all(|&amount| amount >= 0), "{:?}", amounts);

        let claim_of = |id: &ParticipantId| -> Option<u64> {
            match order.split_rule() {
                SplitRule::Equal | SplitRule::Custom(None) => Some(1),
                SplitRule::Itemized | SplitRule::Custom(Some(CustomShares::Amounts(_))) => None,
                SplitRule::Custom(Some(CustomShares::Percentages(parts))) => {
                    Some(parts.get(id).map_or(0, |part| part.millionths()))
                }
                SplitRule::Custom(Some(CustomShares::Weights(weights))) => {
                    Some(weights.get(id).map_or(0, |weight| weight.millionths()))
                }
            }
        };
        let claims: Option<Vec<u64>> =
            shares.list().iter().map(|share| claim_of(share.participant().id())).collect();
        match order.split_rule() {
            SplitRule::Itemized => {
                for share in shares.list() {
                    let own = bill.dishes_of(share.participant().id().as_str());
                    prop_assert_eq!(share.amount().minor_units(), own);
                }
                prop_assert_eq!(shares.unallocated(), Amount::ZERO);
            }
            SplitRule::Custom(Some(CustomShares::Amounts(agreed))) => {
                for share in shares.list() {
                    let amount = agreed.get(share.participant().id()).copied().unwrap_or_default();
                    prop_assert_eq!(share.amount(), amount);
                }
            }
            SplitRule::Custom(Some(CustomShares::Percentages(_))) => {
                // Whoever is off the bill takes their percentages with them: one more claim, by nobody.
                let mut claims = claims.unwrap();
                claims.push(100_000_000 - claims.iter().sum::<u64>());
                let mut parts = amounts.clone();
                parts.push(shares.unallocated().minor_units());
                assert_laws(total, &claims, &parts);
            }
            SplitRule::Equal | SplitRule::Custom(_) => {
                let claims = claims.unwrap();
                if claims.iter().any(|&claim| claim > 0) {
                    prop_assert_eq!(shares.unallocated(), Amount::ZERO);
                    assert_laws(total, &claims, &amounts);
                } else {
                    prop_assert_eq!(shares.unallocated(), order.total());
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

const PEOPLE: [&str; 8] = ["asha", "ben", "chi", "dev", "eli", "fay", "gia", "hal"];

/// A bill: who is there, what each ordered, the rule, and who left after it was set.
#[derive(Debug, Clone)]
struct Bill {
    order: u32,
    seating: Vec<usize>,
    /// Who ordered, the price in paise, and how many.
    dishes: Vec<(usize, i64, i64)>,
    rule: Rule,
    /// What is ordered after the rule is set.
    late: Vec<(usize, i64, i64)>,
    leavers: Vec<bool>,
}

#[derive(Debug, Clone)]
enum Rule {
    Equal,
    Itemized,
    Unset,
    /// The total, cut at these places in thousandths.
    Amounts(Vec<i64>),
    Percentages(Vec<i64>),
    Weights(Vec<u64>),
}

fn bill() -> impl Strategy<Value = Bill> {
    (1_usize..=PEOPLE.len()).prop_flat_map(|people| {
        // A few dishes at the highest price stay below the ceiling only in small quantities.
        let cheap = (0..people, 0_i64..300, 1_i64..=999);
        let dear = (0..people, 0_i64..=999_999_999, 1_i64..=90);
        let dish = prop_oneof![cheap, dear];
        let cuts = || prop::collection::vec(0_i64..=1_000, people - 1);
        let rule = prop_oneof![
            Just(Rule::Equal),
            Just(Rule::Itemized),
            Just(Rule::Unset),
            cuts().prop_map(Rule::Amounts),
            cuts().prop_map(Rule::Percentages),
            prop::collection::vec(weight(), people).prop_map(Rule::Weights),
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

    fn all_dishes(&self) -> impl Iterator<Item = &(usize, i64, i64)> {
        self.dishes.iter().chain(&self.late)
    }

    fn dishes_of(&self, id: &str) -> i64 {
        self.all_dishes().filter(|dish| PEOPLE[dish.0] == id).map(|dish| dish.1 * dish.2).sum()
    }

    fn owns_a_dish(&self, id: &str) -> bool {
        self.all_dishes().any(|dish| PEOPLE[dish.0] == id)
    }
}

fn add(table: &mut Table, number: usize, &(person, price, quantity): &(usize, i64, i64)) {
    table.add(PEOPLE[person], &format!("i{number}"), &format!("{price}e-2"), &quantity.to_string());
}

/// `total` cut into pieces at so many thousandths of it.
fn pieces(total: i64, cuts: &[i64]) -> Vec<i64> {
    let mut places: Vec<i64> = cuts.iter().map(|cut| total / 1_000 * cut).collect();
    places.extend([0, total]);
    places.sort_unstable();
    places.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn amounts_by_id(table: &Table) -> BTreeMap<String, i64> {
    let shares = shares(&table.order);
    let amount =
        |share: &Share<'_>| (share.participant().id().as_str().to_owned(), share.amount().minor_units());
    shares.list().iter().map(amount).collect()
}

fn owed(amounts: &[(&str, i64)]) -> BTreeMap<String, i64> {
    amounts.iter().map(|&(id, amount)| (id.to_owned(), amount)).collect()
}
