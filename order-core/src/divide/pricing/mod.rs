//! What each line of a bill comes to, and by which weights it is divided.

mod classes;

use std::collections::BTreeMap;

use self::classes::{Class, Dishes, classes};
use super::charge::{Basis, Charge, ChargeKind, ChargeValue};
use super::custom::Percentage;
use super::exact::{Exact, div_round, lcm};
use super::rounding::Column;
use super::statement::{Label, StatedRule, Statement};
use super::weights::{DishWeights, Weights};
use crate::Amount;

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
        let (weights, dishes, others) = self.alike()?;
        if !self.weights.get(weights)?.equal {
            return None;
        }
        let amount = dishes.iter().try_fold(0_i64, |sum, (_, column)| sum.checked_add(column.amount))?;
        let together = std::iter::once((Label::Dishes, Column { amount, weights }));
        Some((together.chain(others.iter().copied()).collect(), dishes))
    }

    /// Where all dishes are divided by the same weights: these, the dishes and the other lines.
    pub(super) fn alike(&self) -> Option<(usize, &[PricedLine], &[PricedLine])> {
        let is_dish = |(label, _): &&PricedLine| matches!(label, Label::Dish(_));
        let (dishes, others) = self.lines.split_at_checked(self.lines.iter().take_while(is_dish).count())?;
        let (_, Column { weights, .. }) = *dishes.first()?;
        let alike = dishes.iter().all(|(_, column)| column.weights == weights);
        alike.then_some((weights, dishes, others))
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
    /// The dishes by the taxes that are on them, once discounts on dishes are taken off.
    classes: Vec<Class<T>>,
    /// Of which dishes of which classes a sum was asked for before, and whether of their prices without the taxes that they contain.
    bases: BTreeMap<(bool, Vec<bool>), Base<T>>,
    /// The place of weights that are the same for each diner, and by which those pay who do not do without a service charge.
    heads: Option<usize>,
    paying: Option<Paying<T>>,
    /// What each dish costs once discounts on it are taken off.
    prices: Vec<i64>,
    /// What all dishes cost then, and once discounts on the order are taken off, too.
    before: i64,
    after: i64,
    /// The lines of charges, in the order of the bill.
    of_charges: Vec<Option<Column>>,
    /// All dishes together.
    all: Base<T>,
    /// How many of the weights are those of dishes, and their common denominator.
    of_dishes: usize,
    denominator: T,
}

/// Those who pay an optional service charge.
#[derive(Clone)]
struct Paying<T> {
    /// What they have of all dishes, in units of one divided by the total of the weights of these.
    part: T,
    /// The place of their weights; none where that is nothing.
    weights: Option<usize>,
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
            of_dishes: dishes.list.len(),
            denominator: dishes.denominator,
            dish_weights: dishes.of,
            classes: Vec::new(),
            bases: BTreeMap::new(),
            heads: None,
            paying: None,
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
            let dishes = Dishes {
                weights: &self.priced.weights,
                denominator: &self.denominator,
                of: &self.dish_weights,
                prices: &self.prices,
            };
            self.classes = classes(bill, &dishes)?;
            self.all = self.base(None, |_| true)?;
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
                        self.base(None, |class| class.is_taxed(place))?
                    };
                    let none_of_them =
                        !dish_types.is_empty() && !self.classes.iter().any(|class| class.is_taxed(place));
                    let amount = if none_of_them { 0 } else { self.worth(charge.value, &base)? };
                    self.by_share(place, amount, &base);
                }
                ChargeKind::Tax { inclusive: true, .. } => {
                    let contained = match &mut contained {
                        Some(contained) => contained,
                        none => none.insert(self.contained()?),
                    };
                    self.included(place, charge, contained)?;
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
        let base = self.base(Some(contained), |class| class.is_taxed(place))?;
        let amount = match charge.value {
            // No more than the prices are, whose part it is.
            ChargeValue::Amount(_) => {
                let mut taxed = self.classes.iter().filter(|class| class.is_taxed(place));
                let prices = taxed.try_fold(T::zero(), |sum, class| sum.checked_add(&class.value))?;
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

    /// What of each dish's price is not tax.
    fn contained(&self) -> Option<Contained<T>> {
        let whole = |class: &Class<T>| Some(T::from(HUNDRED.checked_add(self.contained_in(class)?)?));
        let wholes = self.classes.iter().map(whole).collect::<Option<Vec<T>>>()?;
        let common = wholes.iter().try_fold(T::one(), |common, whole| lcm(&common, whole))?;
        let scaled = |(class, whole): (&Class<T>, &T)| class.scaled(&common.quotient(whole).0);
        let classes = self.classes.iter().zip(&wholes).map(scaled).collect::<Option<_>>()?;
        Some(Contained { classes, common })
    }

    /// The millionths of a percent that the prices of these dishes contain as tax.
    fn contained_in(&self, class: &Class<T>) -> Option<i64> {
        let taxes = self.bill.charges.iter().enumerate().filter(|(place, _)| class.is_taxed(*place));
        let mut taxes = taxes.map(|(_, charge)| (&charge.kind, charge.value));
        taxes.try_fold(0_i64, |sum, tax| match tax {
            (ChargeKind::Tax { inclusive: true, .. }, ChargeValue::Percent(percent)) => {
                sum.checked_add(i64::try_from(percent.millionths()).ok()?)
            }
            _ => Some(sum),
        })
    }

    fn service(&mut self, place: usize, value: ChargeValue, optional: bool) -> Option<()> {
        let all = self.all.clone();
        if !optional || self.bill.waived.is_empty() || all.is_nothing() {
            let amount = self.worth(value, &all)?;
            self.by_share(place, amount, &all);
            return Some(());
        }
        let paying = match &self.paying {
            Some(paying) => paying.clone(),
            None => self.pay_service()?,
        };
        let total = &self.priced.weights.get(all.weights)?.total;
        let amount = self.worth_of_part(value, &paying.part, total)?;
        if let Some(weights) = paying.weights {
            self.set(place, Column { amount, weights });
        }
        Some(())
    }

    /// Who pays optional service charges. The same for each charge.
    fn pay_service(&mut self) -> Option<Paying<T>> {
        let entries = &self.priced.weights.get(self.all.weights)?.entries;
        let paying: Vec<_> =
            entries.iter().filter(|(row, _)| !self.bill.waived.contains(row)).cloned().collect();
        let part = paying.iter().try_fold(T::zero(), |sum, (_, weight)| sum.checked_add(weight))?;
        let weights = Weights::of(paying)?;
        let weights = (!weights.is_nothing()).then(|| self.add(weights));
        Some(self.paying.insert(Paying { part, weights }).clone())
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
        let mut amounts: Vec<i128> = vec![0; self.priced.weights.len()];
        for (_, column) in &self.priced.lines {
            let sum = amounts.get_mut(column.weights)?;
            *sum = sum.checked_add(column.amount.into())?;
        }
        let together = match self.bill.rule {
            // What each has of all dishes, and of discounts on them, is known already.
            StatedRule::Claims if !self.all.is_nothing() => {
                let mut amounts = amounts.clone();
                amounts.get_mut(..self.of_dishes)?.fill(0);
                let all = amounts.get_mut(self.all.weights)?;
                *all = all.checked_add(self.before.into())?;
                self.owed_of(&amounts)
            }
            StatedRule::Claims | StatedRule::Alike(_) => None,
        };
        together.or_else(|| self.owed_of(&amounts))
    }

    /// What each owes where so much is divided by each of the weights.
    fn owed_of(&self, amounts: &[i128]) -> Option<Weights<T>> {
        let used = || self.priced.weights.iter().zip(amounts).filter(|(_, amount)| **amount != 0);
        let common = used().try_fold(T::one(), |common, (weights, _)| lcm(&common, &weights.total))?;
        let mut owed: Vec<(usize, T)> = (0..=self.bill.nobody()).map(|row| (row, T::zero())).collect();
        for (Weights { entries, total, .. }, &amount) in used() {
            let factor = T::from(amount).checked_mul(&common.quotient(total).0)?;
            for (row, weight) in entries {
                let (_, sum) = owed.get_mut(*row)?;
                sum.add_to(&factor.checked_mul(weight)?)?;
            }
        }
        Weights::of(owed)
    }

    /// The sum of the dishes of some classes, in the proportions in which these are divided; where it is asked for, of what their
    /// prices contain without taxes.
    fn base(
        &mut self,
        contained: Option<&Contained<T>>,
        is_in: impl Fn(&Class<T>) -> bool,
    ) -> Option<Base<T>> {
        let chosen: Vec<bool> = self.classes.iter().map(is_in).collect();
        let known = (contained.is_some(), chosen);
        if let Some(base) = self.bases.get(&known) {
            return Some(base.clone());
        }
        let base =
            self.new_base(contained.map_or(&self.classes, |contained| &contained.classes), &known.1)?;
        let base = match base {
            (value, Some(weights)) => Base { value, weights: self.add(weights) },
            (value, None) => Base { value, weights: 0 },
        };
        self.bases.insert(known, base.clone());
        Some(base)
    }

    /// What those of `classes` come to that are chosen and, unless that is nothing or all dishes are divided alike, the weights.
    fn new_base(&self, classes: &[Class<T>], chosen: &[bool]) -> Option<(T, Option<Weights<T>>)> {
        let mut chosen = classes.iter().zip(chosen).filter(|(_, chosen)| **chosen).map(|(class, _)| class);
        let mut value = T::zero();
        chosen.clone().try_for_each(|class| value.add_to(&class.value))?;
        if value.is_zero() || matches!(self.bill.rule, StatedRule::Alike(_)) {
            return Some((value, None));
        }
        if let (Some(only), None) = (chosen.clone().next(), chosen.clone().nth(1)) {
            return Some((value, Some(Weights::of(only.parts.clone())?)));
        }
        let mut entries: Vec<(usize, T)> = (0..=self.bill.nobody()).map(|row| (row, T::zero())).collect();
        chosen.try_for_each(|class| {
            class.parts.iter().try_for_each(|(row, part)| entries.get_mut(*row)?.1.add_to(part))
        })?;
        Some((value, Some(Weights::of(entries)?)))
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
        if let Some(heads) = self.heads {
            return Some(heads);
        }
        let entries = self.bill.heads.iter().map(|&(row, heads)| (row, T::from(heads))).collect();
        let weights = Weights::of(entries)?;
        let weights = if weights.is_nothing() { Weights::whole(self.bill.nobody()) } else { weights };
        let place = self.add(weights);
        Some(*self.heads.insert(place))
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

/// What of each dish's price is not tax, as a fraction of a common denominator.
struct Contained<T> {
    /// The dishes, with their prices multiplied by the common denominator, and divided by a hundred percent and the taxes that
    /// they contain.
    classes: Vec<Class<T>>,
    common: T,
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
