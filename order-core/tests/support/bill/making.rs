//! Makes bills from choices. They are consistent, except that a charge may have no base.

use std::collections::{BTreeMap, BTreeSet};

use order_core::bill::{
    AmountRounding, Basis, Bill, Charge, ChargeKind, ChargeOptions, ChargeValue, Discounts, Dish, OddUnits,
    RoundedPer,
};
use order_core::split::{CustomShares, Percentage, Rest, SplitRule, Weight};
use order_core::text::Text;
use order_core::{Amount, Currency, ItemId, OrderId, ParticipantId, max_order_total};
use rust_decimal::Decimal;

use super::choices::Choices;

/// The limits of the bills to make.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    pub diners: u64,
    pub dishes: u64,
    pub charges: u64,
    /// Whether weights may be so large that exact quotas do not fit in 128 bits.
    pub wild: bool,
}

impl Sizes {
    pub const USUAL: Self = Self { diners: 8, dishes: 9, charges: 4, wild: true };
}

/// Makes a bill within these limits.
pub fn bill(choices: &mut impl Choices, sizes: Sizes) -> Bill {
    let currency = choices.one_of(&["INR", "JPY", "KWD", "CLF"]);
    let order = OrderId::new(&format!("order-{}", choices.below(1_000_000))).unwrap();
    let mut bill = Bill::new(order, Currency::from_code(currency).unwrap());
    let diners = usize::try_from(choices.between(1, sizes.diners)).unwrap();
    bill.diners = (0..diners).map(person).collect();
    choices.shuffle(&mut bill.diners);
    let negative = choices.one_in(6);
    let mut maker = Maker { choices, diners, negative, wild: sizes.wild, ceiling: 0 };
    bill.dishes = maker.dishes(bill.currency, sizes.dishes);
    let sum = |bill: &Bill| bill.dishes.iter().map(|dish| dish.amount.minor_units()).sum::<i64>();
    if maker.choices.one_in(20) {
        maker.give_back(&mut bill.dishes);
        if sum(&bill) == 0 {
            bill.dishes.clear();
        }
    }
    let total = sum(&bill);
    // A charge without a base cannot be negative.
    maker.negative = total < 0;
    bill.split = maker.split(total);
    bill.charges = maker.charges(&bill, sizes.charges);
    bill.tips = maker.tips();
    bill.without_service =
        if maker.choices.one_in(3) { maker.some_people().into_iter().collect() } else { BTreeSet::new() };
    bill.round_to = maker.round_to(bill.currency);
    // Last, so that earlier inputs of the fuzzer, which end before, make the same bills.
    maker.options(&mut bill);
    bill
}

/// Makes a bill of many cheap dishes, each shared by two or three diners: odd units often
/// cannot go to the largest remainder and must be passed on.
pub fn sparse_bill(choices: &mut impl Choices) -> Bill {
    let order = OrderId::new(&format!("order-{}", choices.below(1_000_000))).unwrap();
    let diners = usize::try_from(choices.between(4, 10)).unwrap();
    let dishes = choices.between(2, 16);
    let mut maker = Maker { choices, diners, negative: false, wild: false, ceiling: 0 };
    let dishes = (0..dishes)
        .map(|number| {
            let mut people: Vec<_> = (0..diners).map(person).collect();
            maker.choices.shuffle(&mut people);
            people.truncate(2 + maker.choices.place(2));
            Dish {
                id: ItemId::new(&format!("d{number}")).unwrap(),
                dish_type: Text::default(),
                amount: maker.amount_below(10),
                shared_by: people
                    .into_iter()
                    .map(|id| (id, weight(maker.choices.between(1, 3) * 1_000_000)))
                    .collect(),
            }
        })
        .collect();
    Bill {
        diners: (0..diners).map(person).collect(),
        dishes,
        split: SplitRule::Itemized,
        ..Bill::new(order, Currency::default())
    }
}

/// Makes a bill of up to six taxes in its prices, often fixed and more than the prices, and up to two discounts.
pub fn bill_of_included(choices: &mut impl Choices) -> Bill {
    let usual = bill(choices, Sizes { charges: 0, dishes: 5, ..Sizes::USUAL });
    let total: i64 = usual.dishes.iter().map(|dish| dish.amount.minor_units()).sum();
    let taxes = choices.between(1, 6);
    let discounts = choices.below(3);
    let mut maker =
        Maker { choices, diners: usual.diners.len(), negative: total < 0, wild: false, ceiling: 0 };
    let of = total.unsigned_abs().min(4_000_000_000);
    let sizes = [of / 3, of / 2, of, of * 2];
    let mut charges: Vec<_> = (0..taxes)
        .map(|number| {
            let value = match maker.choices.below(4) {
                0 => percent(100_000_000),
                1 => maker.value(),
                _ => ChargeValue::Amount(maker.fixed(&sizes)),
            };
            let kind = ChargeKind::Tax { inclusive: true, dish_types: maker.dish_types() };
            Charge { name: text(&format!("t{number}")), kind, value, options: ChargeOptions::default() }
        })
        .collect();
    for number in 0..discounts {
        let value = match maker.choices.below(3) {
            0 => percent(100_000_000),
            1 => percent(50_000_000),
            _ => ChargeValue::Amount(maker.fixed(&sizes)),
        };
        let item = match usual.dishes.len() {
            0 => None,
            _ if of_both_signs(&usual) || maker.choices.one_in(2) => None,
            dishes => Some(usual.dishes[maker.choices.place(dishes)].id.clone()),
        };
        charges.push(Charge {
            name: text(&format!("off{number}")),
            kind: ChargeKind::Discount { item },
            value,
            options: ChargeOptions::default(),
        });
    }
    maker.choices.shuffle(&mut charges);
    Bill { charges, ..usual }
}

pub fn person(number: usize) -> ParticipantId {
    ParticipantId::new(&format!("p{number}")).unwrap()
}

struct Maker<'choices, C> {
    choices: &'choices mut C,
    diners: usize,
    negative: bool,
    wild: bool,
    /// The highest price at which all dishes together stay below the ceiling.
    ceiling: u64,
}

impl<C: Choices> Maker<'_, C> {
    fn signed(&self, magnitude: u64) -> i64 {
        let magnitude = i64::try_from(magnitude).unwrap();
        if self.negative { -magnitude } else { magnitude }
    }

    fn amount(&self, magnitude: u64) -> Amount {
        Amount::from_minor_units(self.signed(magnitude))
    }

    fn amount_below(&mut self, bound: u64) -> Amount {
        let magnitude = self.choices.below(bound);
        self.amount(magnitude)
    }

    fn dishes(&mut self, currency: Currency, most: u64) -> Vec<Dish> {
        let count = self.choices.below(most + 1);
        let ceiling = u64::try_from(max_order_total(currency).minor_units()).unwrap();
        self.ceiling = ceiling / count.max(1);
        // Some bills have only cheap dishes, some repeat one price, some use the highest price.
        let flavour = self.choices.below(6);
        let usual = self.choices.between(1, 100);
        (0..count)
            .map(|number| {
                let price = match flavour {
                    0 => self.choices.below(4),
                    1 => usual,
                    2 => self.ceiling - self.choices.below(3),
                    _ => self.price(),
                };
                let id = ItemId::new(&format!("d{number}")).unwrap();
                Dish {
                    id,
                    dish_type: text(self.choices.one_of(&["", "veg", "bar"])),
                    amount: self.amount(price),
                    shared_by: self.claims(),
                }
            })
            .collect()
    }

    /// Refunds some dishes: their price is subtracted.
    fn give_back(&mut self, dishes: &mut [Dish]) {
        for dish in dishes {
            if self.choices.one_in(3) {
                dish.amount = Amount::from_minor_units(-dish.amount.minor_units());
            }
        }
    }

    fn price(&mut self) -> u64 {
        match self.choices.below(6) {
            0 => self.choices.below(2),
            1 => self.choices.between(1, 20) * 10,
            2 => self.choices.below(self.ceiling + 1),
            3 => self.choices.below(1_000),
            _ => self.choices.below(100_000),
        }
    }

    fn claims(&mut self) -> Vec<(ParticipantId, Weight)> {
        let people = match self.choices.below(8) {
            0 => return Vec::new(),
            1 | 2 => vec![person(self.choices.place(self.diners))],
            3 => (0..self.diners).map(person).collect(),
            _ => self.some_people(),
        };
        let flavour = self.choices.below(if self.wild { 5 } else { 4 });
        let mut claims: Vec<_> = people.into_iter().map(|id| (id, self.weight(flavour))).collect();
        if let Some((_, first)) = claims.first_mut()
            && first.millionths() == 0
        {
            *first = Weight::ONE;
        }
        claims
    }

    fn weight(&mut self, flavour: u64) -> Weight {
        match flavour {
            0 | 1 => Weight::ONE,
            2 => weight(self.choices.below(4) * 1_000_000),
            3 => weight(self.choices.below(8) * 500_000),
            _ => self.wild_weight(),
        }
    }

    fn wild_weight(&mut self) -> Weight {
        match self.choices.below(5) {
            0 => weight(self.choices.below(2)),
            1 => weight(1_000_000_000_000),
            2 => weight(self.choices.below(1_000)),
            _ => weight(self.choices.below(1_000_000_000_001)),
        }
    }

    /// Some of the diners, at least one, in any order.
    fn some_people(&mut self) -> Vec<ParticipantId> {
        let mut people: Vec<_> = (0..self.diners).map(person).collect();
        self.choices.shuffle(&mut people);
        people.truncate(1 + self.choices.place(self.diners));
        people
    }

    fn split(&mut self, total: i64) -> SplitRule {
        match self.choices.below(12) {
            0 | 1 => SplitRule::Equal,
            2..=4 => SplitRule::Itemized,
            5 => SplitRule::Custom(None),
            6 => SplitRule::Custom(Some(CustomShares::Amounts(self.amounts(total)))),
            7 => SplitRule::Custom(Some(CustomShares::Percentages(self.percentages()))),
            8 => SplitRule::Custom(Some(CustomShares::Weights(self.weights()))),
            9 => SplitRule::Adjusted(self.adjustments(total)),
            // With one diner, there is no other to cover.
            _ if self.diners == 1 => SplitRule::Itemized,
            10 => SplitRule::Cover { covers: self.covers(), rest: Rest::Equal },
            _ => SplitRule::Cover { covers: self.covers(), rest: Rest::Itemized },
        }
    }

    /// Cuts the total into amounts, of which some may be 0.
    fn amounts(&mut self, total: i64) -> BTreeMap<ParticipantId, Amount> {
        let people = self.some_people();
        let pieces = self.cut(total.unsigned_abs(), people.len());
        let amount = |piece: i64| Amount::from_minor_units(if total < 0 { -piece } else { piece });
        people.into_iter().zip(pieces).map(|(id, piece)| (id, amount(piece))).collect()
    }

    fn cut(&mut self, whole: u64, pieces: usize) -> Vec<i64> {
        let mut places: Vec<u64> = (1..pieces)
            .map(|_| if self.choices.one_in(4) { 0 } else { self.choices.below(whole + 1) })
            .collect();
        places.extend([0, whole]);
        places.sort_unstable();
        places.windows(2).map(|pair| i64::try_from(pair[1] - pair[0]).unwrap()).collect()
    }

    fn percentages(&mut self) -> BTreeMap<ParticipantId, Percentage> {
        let people = self.some_people();
        // Whole percents, or millionths of a percent.
        let (whole, scale) = if self.choices.one_in(2) { (100, 0) } else { (100_000_000, 6) };
        let pieces = self.cut(whole, people.len());
        let percent = |piece| Percentage::from_decimal(Decimal::new(piece, scale)).unwrap();
        people.into_iter().zip(pieces).map(|(id, piece)| (id, percent(piece))).collect()
    }

    fn weights(&mut self) -> BTreeMap<ParticipantId, Weight> {
        let flavour = self.choices.below(if self.wild { 5 } else { 4 });
        let mut weights: BTreeMap<_, _> =
            self.some_people().into_iter().map(|id| (id, self.weight(flavour))).collect();
        if weights.values().all(|weight| weight.millionths() == 0) {
            for weight in weights.values_mut() {
                *weight = Weight::ONE;
            }
        }
        weights
    }

    /// Adjustments that sum to at most the total.
    fn adjustments(&mut self, total: i64) -> BTreeMap<ParticipantId, Amount> {
        let people = self.some_people();
        let each = total.unsigned_abs() / u64::try_from(people.len()).unwrap();
        let most = if self.choices.one_in(2) { each.min(10) } else { each };
        people
            .into_iter()
            .map(|id| {
                let more = self.choices.below(most + 1);
                (id, self.amount(more))
            })
            .collect()
    }

    /// Some diners cover some of the others; a payer is never covered.
    fn covers(&mut self) -> BTreeMap<ParticipantId, ParticipantId> {
        let mut people: Vec<_> = (0..self.diners).map(person).collect();
        self.choices.shuffle(&mut people);
        let payers = 1 + self.choices.place(self.diners);
        let (payers, covered) = people.split_at(payers);
        let mut covers = BTreeMap::new();
        for id in covered {
            covers.insert(id.clone(), payers[self.choices.place(payers.len())].clone());
        }
        if covers.is_empty() && self.diners > 1 {
            covers.insert(payers[0].clone(), payers[1].clone());
        }
        covers
    }

    fn charges(&mut self, bill: &Bill, most: u64) -> Vec<Charge> {
        (0..self.choices.below(most + 1))
            .map(|number| {
                let by = self.choices.one_of(&[Basis::Share, Basis::Head]);
                let kind = match self.choices.below(9) {
                    0..=2 => ChargeKind::Tax { inclusive: false, dish_types: self.dish_types() },
                    3 => ChargeKind::Tax { inclusive: true, dish_types: self.dish_types() },
                    4 | 5 => ChargeKind::Service { optional: self.choices.one_in(2) },
                    6 => ChargeKind::Tip { by },
                    7 => ChargeKind::Fee { by },
                    _ if bill.dishes.is_empty() || of_both_signs(bill) || self.choices.one_in(2) => {
                        ChargeKind::Discount { item: None }
                    }
                    _ => {
                        let dish = self.choices.place(bill.dishes.len());
                        ChargeKind::Discount { item: Some(bill.dishes[dish].id.clone()) }
                    }
                };
                Charge::new(text(&format!("c{number}")), kind, self.value())
            })
            .collect()
    }

    fn dish_types(&mut self) -> Vec<Text> {
        match self.choices.below(4) {
            0 => vec![text("veg")],
            1 => vec![text("veg"), text("bar")],
            _ => Vec::new(),
        }
    }

    fn value(&mut self) -> ChargeValue {
        match self.choices.below(8) {
            0 => ChargeValue::Amount(self.amount(0)),
            1 => ChargeValue::Amount(self.amount_below(100)),
            2 => ChargeValue::Amount(self.amount_below(10_000)),
            3 => percent(self.choices.below(100_000_001)),
            4 => percent(self.choices.one_of(&[0, 100, 50]) * 1_000_000),
            _ => percent(self.choices.one_of(&[2_500_000, 5_000_000, 9_000_000, 12_500_000, 33_333_333])),
        }
    }

    /// An amount of up to one of these sizes.
    fn fixed(&mut self, sizes: &[u64]) -> Amount {
        let most = self.choices.one_of(sizes);
        self.amount_below(most + 1)
    }

    fn tips(&mut self) -> BTreeMap<ParticipantId, ChargeValue> {
        if !self.choices.one_in(3) {
            return BTreeMap::new();
        }
        self.some_people().into_iter().map(|id| (id, self.value())).collect()
    }

    fn round_to(&mut self, currency: Currency) -> Option<Amount> {
        let whole = currency.minor_per_whole();
        let coin = match self.choices.below(10) {
            0 | 1 => whole,
            2 => 5,
            3 => whole * 10,
            4 => i64::try_from(self.choices.between(1, 100_000)).unwrap(),
            _ => return None,
        };
        Some(Amount::from_minor_units(coin))
    }
}

impl<C: Choices> Maker<'_, C> {
    /// Sets what charges are on, how they are rounded, and how shares are; sometimes lets a discount cover its dishes.
    fn options(&mut self, bill: &mut Bill) {
        if self.choices.one_in(6) {
            cover_dishes(bill);
        }
        if self.choices.one_in(3) {
            for place in 0..bill.charges.len() {
                self.options_of(bill, place);
            }
            // A charge may be listed before those that it is on.
            self.choices.shuffle(&mut bill.charges);
        }
        let (in_coins, by_chance) = (self.choices.one_in(4), self.choices.one_in(4));
        if in_coins {
            bill.round_shares_to = bill.round_to.or(Some(Amount::from_minor_units(5)));
            bill.round_to = bill.round_to.filter(|_| self.choices.one_in(2));
        } else if by_chance {
            bill.odd_units = OddUnits::Unbiased;
        }
    }

    fn options_of(&mut self, bill: &mut Bill, place: usize) {
        let earlier: Vec<Text> = bill.charges[..place]
            .iter()
            .filter(|charge| matches!(charge.kind, ChargeKind::Service { .. } | ChargeKind::Fee { .. }))
            .map(|charge| charge.name.clone())
            .collect();
        let charge = &mut bill.charges[place];
        let percent = matches!(charge.value, ChargeValue::Percent(_));
        let (tax, inclusive, of_types) = match &charge.kind {
            ChargeKind::Tax { inclusive, dish_types } => (true, *inclusive, !dish_types.is_empty()),
            _ => (false, false, false),
        };
        if percent {
            charge.options.rounding = self.choices.one_of(&[
                AmountRounding::HalfUp,
                AmountRounding::HalfUp,
                AmountRounding::HalfEven,
                AmountRounding::Down,
            ]);
            if tax && self.choices.one_in(3) {
                charge.options.per = RoundedPer::Line;
            }
        }
        if inclusive || !(percent || tax) || matches!(charge.kind, ChargeKind::Discount { .. }) {
            return;
        }
        let on = &mut charge.options.on;
        on.charges = earlier.into_iter().filter(|_| self.choices.one_in(2)).collect();
        self.choices.shuffle(&mut on.charges);
        if self.choices.one_in(3) {
            on.discounts = Discounts::Before;
        } else if !of_types && !on.charges.is_empty() && self.choices.one_in(3) {
            on.dishes = false;
        }
        if let ChargeKind::Service { optional } = &mut charge.kind {
            *optional &= on.charges.is_empty() && on.dishes;
        }
    }
}

/// Makes discounts as large as what they are on.
fn cover_dishes(bill: &mut Bill) {
    let total: i64 = bill.dishes.iter().map(|dish| dish.amount.minor_units()).sum();
    for charge in &mut bill.charges {
        let ChargeKind::Discount { item } = &charge.kind else { continue };
        let on = item.as_ref().and_then(|item| bill.dishes.iter().find(|dish| dish.id == *item));
        let amount = on.map_or(total, |dish| dish.amount.minor_units());
        // A dish of the other sign is not covered: its discount would have that sign.
        if amount.signum() * total.signum() >= 0 {
            charge.value = ChargeValue::Amount(Amount::from_minor_units(amount));
        }
    }
}

/// Whether some dishes have positive prices and others negative ones.
pub fn of_both_signs(bill: &Bill) -> bool {
    let has = |sign: i64| bill.dishes.iter().any(|dish| dish.amount.minor_units().signum() == sign);
    has(1) && has(-1)
}

pub fn weight(millionths: u64) -> Weight {
    Weight::from_decimal(Decimal::new(i64::try_from(millionths).unwrap(), 6)).unwrap()
}

fn percent(millionths: u64) -> ChargeValue {
    let number = Decimal::new(i64::try_from(millionths).unwrap(), 6);
    ChargeValue::Percent(Percentage::from_decimal(number).unwrap())
}

fn text(text: &str) -> Text {
    Text::clean_or_empty(text, 80).unwrap()
}
