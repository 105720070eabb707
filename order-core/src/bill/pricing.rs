//! What each line of a bill comes to, and by which weights it is divided.

use std::collections::BTreeMap;

use super::charge::{Basis, Charge, ChargeKind, ChargeValue};
use super::exact::{Exact, div_round, lcm};
use super::rounding::Column;
use super::statement::{Label, StatedDish, StatedRule, Statement};
use super::weights::{DishWeights, Weights};
use crate::Amount;
use crate::split::Percentage;

/// A hundred percent in millionths of a percent.
const HUNDRED: i64 = 100_000_000;

/// A line of a bill and how it is divided.
pub(super) type PricedLine = (Label, Column);

/// A bill whose lines are known, ready to be divided.
pub(super) struct Priced<T> {
    pub(super) weights: Vec<Weights<T>>,
    /// What is due, line by line, the dishes first.
    pub(super) lines: Vec<PricedLine>,
    /// Taxes that the prices contain.
    pub(super) included: Vec<PricedLine>,
    /// Charges that are taken of nothing, or of less than nothing for some.
    pub(super) on_nothing: Vec<usize>,
}

impl<T: Exact> Priced<T> {
    /// Where everybody has the same part of each dish: the lines with all dishes in one, and the dishes.
    pub(super) fn dishes_together(&self) -> Option<(Vec<PricedLine>, &[PricedLine])> {
        let is_dish = |(label, _): &&PricedLine| matches!(label, Label::Dish(_));
        let (dishes, others) = self.lines.split_at_checked(self.lines.iter().take_while(is_dish).count())?;
        let (_, Column { weights, .. }) = *dishes.first()?;
        if dishes.iter().any(|(_, column)| column.weights != weights) || !self.weights.get(weights)?.equal {
            return None;
        }
        let amount = dishes.iter().try_fold(0_i64, |sum, (_, column)| sum.checked_add(column.amount))?;
        let together = std::iter::once((Label::Dishes, Column { amount, weights }));
        Some((together.chain(others.iter().copied()).collect(), dishes))
    }
}

/// Works out what each line comes to. Nothing when a number is too large for `T`.
pub(super) fn price<T: Exact>(bill: &Statement<'_>) -> Option<Priced<T>> {
    let mut pricing = Pricing::<T>::of_dishes(bill)?;
    pricing.discounts()?;
    pricing.charges()?;
    pricing.tips()?;
    pricing.round_off()?;
    Some(pricing.priced)
}

/// A sum over dishes that a charge can be taken of.
#[derive(Clone)]
struct Base<T> {
    /// The place of the weights by which it belongs to the diners; meaningless while it comes to nothing.
    weights: usize,
    /// What it comes to.
    value: T,
}

impl<T: Exact> Base<T> {
    fn is_nothing(&self) -> bool {
        self.value.is_zero()
    }
}

struct Pricing<'bill, T> {
    bill: &'bill Statement<'bill>,
    priced: Priced<T>,
    /// The place of the weights by which each dish is divided.
    dish_weights: Vec<usize>,
    /// What each dish costs once discounts on it are taken off.
    prices: Vec<i64>,
    /// What all dishes cost then, and once discounts on the order are taken off, too.
    before: i64,
    after: i64,
    /// The lines of charges, in the order of the bill.
    of_charges: Vec<Option<Column>>,
    /// All dishes together.
    all: Base<T>,
    /// The common denominator of all dishes' weights.
    denominator: T,
}

impl<'bill, T: Exact> Pricing<'bill, T> {
    fn of_dishes(bill: &'bill Statement<'bill>) -> Option<Self> {
        let dishes = DishWeights::new(bill)?;
        let prices: Vec<i64> = bill.dishes.iter().map(|dish| dish.amount.minor_units()).collect();
        let columns = prices.iter().zip(&dishes.of).map(|(&amount, &weights)| Column { amount, weights });
        // Room for charges, tips and the round-off.
        let others = bill.charges.len().checked_add(bill.tips.len())?.checked_add(1)?;
        let mut lines = Vec::with_capacity(prices.len().checked_add(others)?);
        lines.extend(columns.enumerate().map(|(dish, column)| (Label::Dish(dish), column)));
        Some(Self {
            bill,
            of_charges: vec![None; bill.charges.len()],
            all: Base { weights: 0, value: T::zero() },
            denominator: dishes.denominator,
            dish_weights: dishes.of,
            priced: Priced { weights: dishes.list, lines, included: Vec::new(), on_nothing: Vec::new() },
            prices,
            before: 0,
            after: 0,
        })
    }

    fn discounts(&mut self) -> Option<()> {
        let bill = self.bill;
        for (place, charge) in bill.charges.iter().enumerate() {
            if let ChargeKind::Discount { item: Some(item) } = &charge.kind
                && let Some(dish) = bill.dishes.iter().position(|dish| dish.id == item)
            {
                let price = self.prices.get_mut(dish)?;
                let off = part_of(charge.value, *price)?;
                *price = price.checked_sub(off)?;
                let weights = *self.dish_weights.get(dish)?;
                self.set(place, Column { amount: off.checked_neg()?, weights });
            }
        }
        self.before = self.prices.iter().try_fold(0_i64, |sum, &price| sum.checked_add(price))?;
        self.after = self.before;
        if !bill.charges.is_empty() || !bill.tips.is_empty() || bill.round_to.is_some() {
            let values: Vec<_> = self.prices.iter().map(|&price| T::from(price)).collect();
            self.all = self.base(&values)?;
        }
        for (place, charge) in bill.charges.iter().enumerate() {
            if matches!(charge.kind, ChargeKind::Discount { item: None }) {
                let off = part_of(charge.value, self.after)?;
                self.after = self.after.checked_sub(off)?;
                let all = self.all.clone();
                self.by_share(place, off.checked_neg()?, &all);
            }
        }
        Some(())
    }

    fn charges(&mut self) -> Option<()> {
        let bill = self.bill;
        let mut contained = None;
        for (place, charge) in bill.charges.iter().enumerate() {
            match &charge.kind {
                ChargeKind::Discount { .. } => {}
                ChargeKind::Tax { inclusive: false, dish_types } => {
                    let base = if dish_types.is_empty() {
                        self.all.clone()
                    } else {
                        self.base(&self.taxed(charge))?
                    };
                    let none_of_them =
                        !dish_types.is_empty() && !bill.dishes.iter().any(|dish| is_on(charge, dish.kind));
                    let amount = if none_of_them { 0 } else { self.worth(charge.value, &base)? };
                    self.by_share(place, amount, &base);
                }
                ChargeKind::Tax { inclusive: true, .. } => {
                    if contained.is_none() {
                        contained = Some(Contained::new(bill)?);
                    }
                    self.included(place, charge, contained.as_ref()?)?;
                }
                ChargeKind::Service { optional } => self.service(place, charge.value, *optional)?,
                ChargeKind::Tip { by } | ChargeKind::Fee { by } => {
                    let all = self.all.clone();
                    let amount = self.worth(charge.value, &all)?;
                    match by {
                        Basis::Share => self.by_share(place, amount, &all),
                        Basis::Head => {
                            let weights = self.heads()?;
                            self.set(place, Column { amount, weights });
                        }
                    }
                }
            }
        }
        for (place, column) in std::mem::take(&mut self.of_charges).into_iter().enumerate() {
            if let Some(column) = column {
                self.priced.lines.push((Label::Charge(place), column));
            }
        }
        Some(())
    }

    /// A tax that prices contain. Of a dish with heads of 5 and 10 percent, 5/115 and 10/115 of its price.
    fn included(&mut self, place: usize, charge: &Charge, contained: &Contained<T>) -> Option<()> {
        let scaled: Vec<T> = self
            .taxed(charge)
            .iter()
            .zip(&contained.scales)
            .map(|(price, scale)| price.checked_mul(scale))
            .collect::<Option<_>>()?;
        let base = self.base(&scaled)?;
        let amount = match charge.value {
            // No more than the prices are, whose part it is.
            ChargeValue::Amount(_) => {
                let prices =
                    self.taxed(charge).iter().try_fold(T::zero(), |sum, price| sum.checked_add(price))?;
                part_of(charge.value, prices.to_i64()?)?
            }
            ChargeValue::Percent(percent) => {
                // The denominators are hundreds of percent themselves.
                self.percent(percent, &base.value.checked_mul(&T::from(HUNDRED))?, &contained.common)?
            }
        };
        let weights = self.weights_or_nobody(place, amount, &base);
        self.priced.included.push((Label::Charge(place), Column { amount, weights }));
        Some(())
    }

    fn service(&mut self, place: usize, value: ChargeValue, optional: bool) -> Option<()> {
        let all = self.all.clone();
        if !optional || self.bill.waived.is_empty() || all.is_nothing() {
            let amount = self.worth(value, &all)?;
            self.by_share(place, amount, &all);
            return Some(());
        }
        let Weights { entries, total, .. } = self.priced.weights.get(all.weights)?;
        let paying: Vec<_> =
            entries.iter().filter(|(row, _)| !self.bill.waived.contains(row)).cloned().collect();
        let part = paying.iter().try_fold(T::zero(), |sum, (_, weight)| sum.checked_add(weight))?;
        let amount = self.worth_of_part(value, &part, total)?;
        let weights = Weights::of(paying)?;
        if !weights.is_nothing() {
            let weights = self.add(weights);
            self.set(place, Column { amount, weights });
        }
        Some(())
    }

    /// What diners give on their own, and pay themselves whoever covers them.
    fn tips(&mut self) -> Option<()> {
        for &(row, value) in &self.bill.tips {
            let amount = match value {
                ChargeValue::Amount(amount) => amount.minor_units(),
                ChargeValue::Percent(_) if self.all.is_nothing() => 0,
                ChargeValue::Percent(_) => {
                    let Weights { entries, total, .. } = self.priced.weights.get(self.all.weights)?;
                    match entries.iter().find(|(other, _)| *other == row) {
                        Some((_, own)) => self.worth_of_part(value, own, total)?,
                        None => 0,
                    }
                }
            };
            let weights = self.add(Weights::whole(row));
            self.priced.lines.push((Label::OwnTip(row), Column { amount, weights }));
        }
        Some(())
    }

    /// The line that makes the whole bill a multiple of the smallest coin, halves away from zero. Divided in proportion to
    /// what each owes without it, so that it turns nobody's share around.
    fn round_off(&mut self) -> Option<()> {
        let Some(unit) = self.bill.round_to.map(Amount::minor_units).filter(|&unit| unit > 0) else {
            return Some(());
        };
        let sum =
            self.priced.lines.iter().try_fold(0_i64, |sum, (_, column)| sum.checked_add(column.amount))?;
        let coins = div_round(&i128::from(sum), &i128::from(unit))?;
        let rounded = coins.checked_mul(i128::from(unit))?;
        let amount = i64::try_from(rounded.checked_sub(i128::from(sum))?).ok()?;
        let owed = self.owed()?;
        let weights = if owed.is_nothing() { self.heads()? } else { self.add(owed) };
        self.priced.lines.push((Label::RoundOff, Column { amount, weights }));
        Some(())
    }

    /// What each owes of all lines so far.
    fn owed(&self) -> Option<Weights<T>> {
        // Lines that are divided alike are taken together.
        let mut amounts: Vec<T> = self.priced.weights.iter().map(|_| T::zero()).collect();
        for (_, column) in &self.priced.lines {
            let sum = amounts.get_mut(column.weights)?;
            *sum = sum.checked_add(&T::from(column.amount))?;
        }
        let used = || self.priced.weights.iter().zip(&amounts).filter(|(_, amount)| !amount.is_zero());
        let common = used().try_fold(T::one(), |common, (weights, _)| lcm(&common, &weights.total))?;
        let mut owed: Vec<(usize, T)> = (0..=self.bill.nobody()).map(|row| (row, T::zero())).collect();
        for (Weights { entries, total, .. }, amount) in used() {
            let factor = amount.checked_mul(&common.quotient(total).0)?;
            for (row, weight) in entries {
                let (_, sum) = owed.get_mut(*row)?;
                *sum = sum.checked_add(&factor.checked_mul(weight)?)?;
            }
        }
        Weights::of(owed)
    }

    /// The prices of the dishes that a tax is on; zero for the others.
    fn taxed(&self, tax: &Charge) -> Vec<T> {
        let price = |(dish, &price): (&StatedDish<'_>, &i64)| {
            if is_on(tax, dish.kind) { T::from(price) } else { T::zero() }
        };
        self.bill.dishes.iter().zip(&self.prices).map(price).collect()
    }

    /// The sum of a value of each dish, in the proportions in which the dishes are divided.
    fn base(&mut self, values: &[T]) -> Option<Base<T>> {
        let value = values.iter().try_fold(T::zero(), |sum, value| sum.checked_add(value))?;
        if value.is_zero() || matches!(self.bill.rule, StatedRule::Alike(_)) {
            return Some(Base { weights: 0, value });
        }
        // Dishes that are divided alike are taken together.
        let mut sums: Vec<T> = self.priced.weights.iter().map(|_| T::zero()).collect();
        for (value, &weights) in values.iter().zip(&self.dish_weights) {
            let sum = sums.get_mut(weights)?;
            *sum = sum.checked_add(value)?;
        }
        let mut entries: Vec<(usize, T)> = (0..=self.bill.nobody()).map(|row| (row, T::zero())).collect();
        for (Weights { entries: parts, total, .. }, sum) in self.priced.weights.iter().zip(sums) {
            if sum.is_zero() {
                continue;
            }
            let factor = sum.checked_mul(&self.denominator.quotient(total).0)?;
            for (row, weight) in parts {
                let (_, sum) = entries.get_mut(*row)?;
                *sum = sum.checked_add(&factor.checked_mul(weight)?)?;
            }
        }
        let weights = self.add(Weights::of(entries)?);
        Some(Base { weights, value })
    }

    /// What a charge comes to that is taken of `base`.
    fn worth(&self, value: ChargeValue, base: &Base<T>) -> Option<i64> {
        match value {
            ChargeValue::Amount(amount) => Some(amount.minor_units()),
            ChargeValue::Percent(percent) => self.percent(percent, &base.value, &T::one()),
        }
    }

    /// What a charge on all dishes comes to for those who have `part` of `total` of them.
    fn worth_of_part(&self, value: ChargeValue, part: &T, total: &T) -> Option<i64> {
        match value {
            ChargeValue::Amount(amount) => {
                div_round(&T::from(amount.minor_units()).checked_mul(part)?, total)?.to_i64()
            }
            ChargeValue::Percent(percent) => self.percent(percent, &self.all.value.checked_mul(part)?, total),
        }
    }

    /// So many percent of what discounts on the order leave of `number ÷ divisor`.
    fn percent(&self, percent: Percentage, number: &T, divisor: &T) -> Option<i64> {
        let mut number = number.checked_mul(&T::from(i64::try_from(percent.millionths()).ok()?))?;
        let mut divisor = divisor.checked_mul(&T::from(HUNDRED))?;
        if self.after != self.before {
            number = number.checked_mul(&T::from(self.after.checked_mul(self.before.signum())?))?;
            divisor = divisor.checked_mul(&T::from(self.before.checked_abs()?))?;
        }
        div_round(&number, &divisor)?.to_i64()
    }

    fn by_share(&mut self, place: usize, amount: i64, base: &Base<T>) {
        let weights = self.weights_or_nobody(place, amount, base);
        self.set(place, Column { amount, weights });
    }

    fn weights_or_nobody(&mut self, place: usize, amount: i64, base: &Base<T>) -> usize {
        if !base.is_nothing() {
            // In proportion to less than nothing, some would be paid many times the charge by others.
            let nobody = self.bill.nobody();
            let lopsided = |weights: &Weights<T>| {
                weights.entries.iter().any(|(row, weight)| *weight < T::zero() && *row != nobody)
            };
            if amount != 0 && self.priced.weights.get(base.weights).is_some_and(lopsided) {
                self.priced.on_nothing.push(place);
            }
            return base.weights;
        }
        if amount != 0 {
            self.priced.on_nothing.push(place);
        }
        self.add(Weights::whole(self.bill.nobody()))
    }

    /// The place of weights that are the same for each diner.
    fn heads(&mut self) -> Option<usize> {
        let entries = self.bill.heads.iter().map(|&(row, heads)| (row, T::from(heads))).collect();
        let weights = Weights::of(entries)?;
        let weights = if weights.is_nothing() { Weights::whole(self.bill.nobody()) } else { weights };
        Some(self.add(weights))
    }

    fn add(&mut self, weights: Weights<T>) -> usize {
        let place = self.priced.weights.len();
        self.priced.weights.push(weights);
        place
    }

    fn set(&mut self, place: usize, column: Column) {
        if let Some(line) = self.of_charges.get_mut(place) {
            *line = Some(column);
        }
    }
}

/// Whether a tax is on dishes of this type.
fn is_on(charge: &Charge, dish_type: &str) -> bool {
    match &charge.kind {
        ChargeKind::Tax { dish_types, .. } => {
            dish_types.is_empty() || dish_types.iter().any(|kind| kind.as_str() == dish_type)
        }
        ChargeKind::Service { .. }
        | ChargeKind::Tip { .. }
        | ChargeKind::Discount { .. }
        | ChargeKind::Fee { .. } => true,
    }
}

/// What of each dish's price is not tax, as a fraction of a common denominator.
struct Contained<T> {
    /// By dish: the common denominator divided by a hundred percent and the taxes that the price contains.
    scales: Vec<T>,
    common: T,
}

impl<T: Exact> Contained<T> {
    fn new(bill: &Statement<'_>) -> Option<Self> {
        let mut by_type: BTreeMap<&str, T> = BTreeMap::new();
        for dish in &bill.dishes {
            if !by_type.contains_key(dish.kind) {
                by_type.insert(dish.kind, T::from(HUNDRED.checked_add(contained_in(bill, dish.kind)?)?));
            }
        }
        let mut common = T::one();
        for whole in by_type.values() {
            common = lcm(&common, whole)?;
        }
        let scales: BTreeMap<&str, T> =
            by_type.into_iter().map(|(kind, whole)| (kind, common.quotient(&whole).0)).collect();
        let scales = bill.dishes.iter().map(|dish| scales.get(dish.kind).cloned()).collect::<Option<_>>()?;
        Some(Self { scales, common })
    }
}

/// The millionths of a percent that the price of a dish of this type contains as tax.
fn contained_in(bill: &Statement<'_>, dish_type: &str) -> Option<i64> {
    bill.charges.iter().try_fold(0_i64, |sum, charge| match (&charge.kind, charge.value) {
        (ChargeKind::Tax { inclusive: true, .. }, ChargeValue::Percent(percent))
            if is_on(charge, dish_type) =>
        {
            sum.checked_add(i64::try_from(percent.millionths()).ok()?)
        }
        _ => Some(sum),
    })
}

/// So much of `price`, and never more than there is.
fn part_of(value: ChargeValue, price: i64) -> Option<i64> {
    let off = match value {
        ChargeValue::Amount(amount) => amount.minor_units(),
        ChargeValue::Percent(percent) => {
            let number = i128::from(price).checked_mul(i128::from(percent.millionths()))?;
            i64::try_from(div_round(&number, &i128::from(HUNDRED))?).ok()?
        }
    };
    Some(off.clamp(price.min(0), price.max(0)))
}
