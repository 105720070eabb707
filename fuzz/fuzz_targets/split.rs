//! Fuzzes the division of any amount by any weights: the laws of a split hold.
#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use order_core::fact::{DishFact, Fact, ItemAdded, Joined, PeopleFact};
use order_core::split::{
    ApportionError, Claim, CustomShares, Percentage, Rest, SplitRule, Weight, apportion, shares,
};
use order_core::text::Text;
use order_core::{
    Actor, Amount, Currency, ItemId, Order, OrderId, ParticipantId, Price, Quantity, Recorded, Role,
    UnixMillis, commit,
};
use rust_decimal::Decimal;

#[derive(Debug, Arbitrary)]
struct Input {
    total: i64,
    weights: Vec<Claimed>,
    bill: Bill,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Claimed {
    Small(u8),
    Large(u64),
}

#[derive(Debug, Arbitrary)]
struct Bill {
    order: u8,
    /// The price of each person's dish (in paise), and whether they then left.
    people: Vec<(u32, bool)>,
    rule: Rule,
}

#[derive(Debug, Arbitrary)]
enum Rule {
    Equal,
    Itemized,
    Amounts(Vec<u32>),
    /// Cut points between 0 and a hundred million.
    Percentages(Vec<u32>),
    Weights(Vec<u32>),
    Adjusted(Vec<u32>),
    /// The first person covers everybody else; whether by dishes.
    Cover(bool),
}

fuzz_target!(|input: Input| {
    let weights: Vec<u64> = input
        .weights
        .iter()
        .map(|weight| match *weight {
            Claimed::Small(weight) => u64::from(weight % 4),
            Claimed::Large(weight) => weight,
        })
        .collect();
    let parts = divide(input.total, &weights);
    if weights.iter().all(|&weight| weight == 0) && input.total != 0 {
        assert_eq!(parts, Err(ApportionError::NoWeight));
    } else {
        let parts = parts.unwrap();
        assert_laws(input.total, &weights, &parts);
        if let Some(mirrored) = input.total.checked_neg() {
            let mirrored = divide(mirrored, &weights).unwrap();
            assert!(mirrored.iter().zip(&parts).all(|(a, b)| i128::from(*a) == -i128::from(*b)));
        }
        let turned = turned(input.total, &weights);
        assert_eq!(turned, parts, "listed the other way round, the claims get other parts");
    }
    input.bill.assert_shared();
});

fn divide(total: i64, weights: &[u64]) -> Result<Vec<i64>, ApportionError> {
    let claims: Vec<_> = weights.iter().enumerate().map(|(tie, &weight)| Claim { weight, tie }).collect();
    let parts = apportion(Amount::from_minor_units(total), &claims)?;
    Ok(parts.into_iter().map(Amount::minor_units).collect())
}

fn turned(total: i64, weights: &[u64]) -> Vec<i64> {
    let claims: Vec<_> =
        weights.iter().enumerate().rev().map(|(tie, &weight)| Claim { weight, tie }).collect();
    let parts = apportion(Amount::from_minor_units(total), &claims).unwrap();
    parts.into_iter().rev().map(Amount::minor_units).collect()
}

/// Checks that each part is its quota rounded down or up, that a weight of zero gets zero, and
/// that equal weights differ by at most one.
fn assert_laws(total: i64, weights: &[u64], parts: &[i64]) {
    assert_eq!(parts.len(), weights.len());
    assert_eq!(parts.iter().map(|&part| i128::from(part)).sum::<i128>(), i128::from(total));
    let sum: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    let mut extremes: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for (&part, &weight) in parts.iter().zip(weights) {
        assert!(part == 0 || (part < 0) == (total < 0));
        let magnitude = part.unsigned_abs();
        let (least, most) = extremes.entry(weight).or_insert((magnitude, magnitude));
        *least = magnitude.min(*least);
        *most = magnitude.max(*most);
        if weight == 0 || sum == 0 {
            assert_eq!(part, 0);
            continue;
        }
        let product = u128::from(total.unsigned_abs()) * u128::from(weight);
        let above = u128::from(magnitude).checked_sub(product / sum).unwrap();
        assert!(above == 0 || (above == 1 && product % sum > 0));
    }
    assert!(extremes.values().all(|(least, most)| most - least <= 1));
}

impl Bill {
    fn assert_shared(&self) {
        let order = self.order(false);
        let shares = shares(&order);
        let total = order.total().minor_units();
        let amounts: Vec<i64> = shares.list().iter().map(|share| share.amount().minor_units()).collect();
        let unallocated = shares.unallocated().minor_units();
        assert_eq!(amounts.iter().sum::<i64>() + unallocated, total);
        assert!(amounts.iter().all(|&amount| amount >= 0));
        for share in shares.list() {
            let own = Amount::checked_sum(share.items().iter().map(|item| item.total())).unwrap();
            assert!(*order.split_rule() != SplitRule::Itemized || own == share.amount());
        }
        let ids = shares.list().iter().map(|share| share.participant().id());
        match order.split_rule() {
            SplitRule::Equal | SplitRule::Custom(None) => {
                assert_laws(total - unallocated, &vec![1; amounts.len()], &amounts);
            }
            SplitRule::Custom(Some(CustomShares::Weights(weights))) => {
                let weights: Vec<u64> =
                    ids.map(|id| weights.get(id).map_or(0, |weight| weight.millionths())).collect();
                assert_laws(total - unallocated, &weights, &amounts);
                assert!(unallocated == 0 || weights.iter().all(|&weight| weight == 0));
            }
            SplitRule::Custom(Some(CustomShares::Percentages(parts))) => {
                let mut weights: Vec<u64> =
                    ids.map(|id| parts.get(id).map_or(0, |part| part.millionths())).collect();
                weights.push(100_000_000 - weights.iter().sum::<u64>());
                assert_laws(total, &weights, &[amounts.as_slice(), &[unallocated]].concat());
            }
            SplitRule::Cover { covers, .. } => {
                assert!(covers.keys().all(|covered| {
                    shares.of(covered).is_none_or(|share| share.amount() == Amount::ZERO)
                }));
            }
            SplitRule::Adjusted(more) => {
                // Apart from their extra amounts, all pay the same.
                let own = |id: &ParticipantId| more.get(id).map_or(0, |own| own.minor_units());
                let rest: Vec<i64> = ids.zip(&amounts).map(|(id, amount)| amount - own(id)).collect();
                let (least, most) = (rest.iter().min(), rest.iter().max());
                assert!(least.zip(most).is_none_or(|(least, most)| most - least <= 1));
            }
            SplitRule::Itemized | SplitRule::Custom(Some(CustomShares::Amounts(_))) => {}
        }
        // No share depends on the order of seats.
        let other = self.order(true);
        let others = order_core::split::shares(&other);
        for share in shares.list() {
            let same = others.of(share.participant().id()).unwrap();
            assert_eq!(same.amount(), share.amount());
        }
    }

    /// Builds the order from facts.
    fn order(&self, turned: bool) -> Order {
        let id = OrderId::new(&format!("order-{}", self.order)).unwrap();
        let mut order = Order::new(id, Currency::default());
        let mut people: Vec<_> = self.people.iter().take(12).enumerate().collect();
        if turned {
            people.reverse();
        }
        for (number, _) in &people {
            let joined = Joined {
                deadline: None,
                name: Text::default(),
                phone: None,
                role: if order.seq() == 0 { Role::Owner } else { Role::Member },
                circle_id: None,
                tenant_id: None,
                currency: None,
                charges: None,
                rules: None,
            };
            record(&mut order, *number, Fact::People(PeopleFact::Joined(joined)));
        }
        for (number, (price, _)) in &people {
            let price = Amount::from_minor_units(i64::from(*price % 1_000_000_000));
            let Ok(price) = Price::new(price, Currency::default()) else { continue };
            if price.amount() > Amount::ZERO {
                let added = ItemAdded {
                    item: ItemId::new(&format!("i{number}")).unwrap(),
                    dish_name: Text::default(),
                    dish_type: Text::default(),
                    quantity: Quantity::new(1).unwrap(),
                    price,
                    customization: None,
                    shared_by: vec![(person(*number), Weight::ONE)],
                };
                record(&mut order, *number, Fact::Dish(DishFact::Added(added)));
            }
        }
        if let Some(split) = self.rule.split(self.people.len().min(12)) {
            record(&mut order, 0, Fact::Split(split));
        }
        for (number, _) in people.iter().filter(|(_, (_, left))| *left) {
            record(&mut order, *number, Fact::People(PeopleFact::Left { owner: None }));
        }
        order
    }
}

impl Rule {
    fn split(&self, people: usize) -> Option<SplitRule> {
        let named = |numbers: &[u32]| -> Vec<(ParticipantId, u32)> {
            numbers.iter().take(people).enumerate().map(|(number, &value)| (person(number), value)).collect()
        };
        let custom = match self {
            Self::Equal => return Some(SplitRule::Equal),
            Self::Itemized => return Some(SplitRule::Itemized),
            Self::Adjusted(numbers) => {
                let more = named(numbers).into_iter();
                return Some(SplitRule::Adjusted(
                    more.map(|(id, value)| (id, Amount::from_minor_units(i64::from(value)))).collect(),
                ));
            }
            Self::Cover(by_dishes) => {
                return Some(SplitRule::Cover {
                    covers: (1..people).map(|number| (person(number), person(0))).collect(),
                    rest: if *by_dishes { Rest::Itemized } else { Rest::Equal },
                });
            }
            Self::Amounts(numbers) => CustomShares::Amounts(
                named(numbers)
                    .into_iter()
                    .map(|(id, value)| (id, Amount::from_minor_units(i64::from(value))))
                    .collect(),
            ),
            Self::Percentages(cuts) => {
                let mut places: Vec<u32> =
                    cuts.iter().take(people.checked_sub(1)?).map(|cut| cut % 100_000_001).collect();
                places.extend([0, 100_000_000]);
                places.sort_unstable();
                let pieces: Vec<u32> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
                let part = |value| Percentage::from_decimal(Decimal::new(i64::from(value), 6)).unwrap();
                CustomShares::Percentages(
                    named(&pieces).into_iter().map(|(id, value)| (id, part(value))).collect(),
                )
            }
            Self::Weights(numbers) => {
                let weight = |value| Weight::from_decimal(Decimal::new(i64::from(value), 6)).unwrap();
                CustomShares::Weights(
                    named(numbers).into_iter().map(|(id, value)| (id, weight(value))).collect(),
                )
            }
        };
        Some(SplitRule::Custom(Some(custom)))
    }
}

fn person(number: usize) -> ParticipantId {
    ParticipantId::new(&format!("p{number}")).unwrap()
}

fn record(order: &mut Order, by: usize, fact: Fact) {
    let by = Actor::participant(person(by));
    let recorded = Recorded { seq: order.seq() + 1, at: UnixMillis::new(1), by, stamp: None, fact };
    commit(order, &recorded).unwrap();
}
