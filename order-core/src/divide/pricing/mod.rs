//! Computes the amount of each line of a bill, and the weights by which it is divided.

mod base;
mod classes;
mod covered;
mod included;
mod named;
mod round_off;
mod service;
mod worth;

use std::collections::BTreeMap;

use self::base::Base;
use self::classes::{Class, Dishes, classes};
use self::named::Named;
use self::service::Paying;
use self::worth::part_of;
use super::charge::{Basis, ChargeKind, ChargeValue};
use super::exact::Exact;
use super::line::Label;
use super::rounding::Column;
use super::statement::Statement;
use super::weights::{DishWeights, Weights};

/// A line of a bill and how it is divided.
pub(super) type PricedLine = (Label, Column);

/// A bill whose lines are computed, ready to be divided.
pub(super) struct Priced<T> {
    pub(super) weights: Vec<Weights<T>>,
    /// The lines that are due, the dishes first.
    pub(super) lines: Vec<PricedLine>,
    /// Taxes included in prices.
    pub(super) included: Vec<PricedLine>,
    /// Places of lines that are rounded apart from the others, since they come to nothing for everybody.
    pub(super) covered: Vec<Vec<usize>>,
    /// What each owes, where shares are rounded to a coin.
    pub(super) owed: Option<Owed<T>>,
    /// Charges that have nothing to be divided over, or to which some contribute less than zero.
    pub(super) on_nothing: Vec<usize>,
}

/// What each row owes of a bill whose shares are rounded to a coin.
pub(super) struct Owed<T> {
    /// By row, without the round-off, in units of one divided by `unit`.
    pub(super) parts: Vec<(usize, T)>,
    pub(super) unit: T,
    /// The smallest coin, in minor units.
    pub(super) coin: i64,
    /// What is due: a multiple of the coin.
    pub(super) total: i64,
}

/// Some lines of a priced bill.
pub(super) struct SomeLines<'bill, T> {
    pub(super) weights: &'bill [Weights<T>],
    pub(super) lines: &'bill [PricedLine],
}

impl<'bill, T: Exact> SomeLines<'bill, T> {
    /// If everybody has the same part of each dish: the lines with all dishes in one, and the
    /// dishes.
    pub(super) fn dishes_together(&self) -> Option<(Vec<PricedLine>, &'bill [PricedLine])> {
        let (weights, dishes, others) = self.alike()?;
        if !self.weights.get(weights)?.equal {
            return None;
        }
        let amount = dishes.iter().try_fold(0_i64, |sum, (_, column)| sum.checked_add(column.amount))?;
        let together = std::iter::once((Label::Dishes, Column { amount, weights }));
        Some((together.chain(others.iter().copied()).collect(), dishes))
    }

    /// How many cells the lines have.
    pub(super) fn cells(&self) -> Option<usize> {
        self.lines.iter().try_fold(0_usize, |sum, (_, column)| {
            sum.checked_add(self.weights.get(column.weights)?.entries.len())
        })
    }

    /// The lines with dishes that are divided alike in one line.
    pub(super) fn grouped(&self) -> Option<Vec<PricedLine>> {
        let mut sums: BTreeMap<usize, i64> = BTreeMap::new();
        let mut others = Vec::new();
        for (label, column) in self.lines {
            if let Label::Dish(_) = label {
                let sum = sums.entry(column.weights).or_default();
                *sum = sum.checked_add(column.amount)?;
            } else {
                others.push((*label, *column));
            }
        }
        // Weights may be there twice, if people were named in another order.
        let mut dishes: BTreeMap<Vec<&(usize, T)>, Column> = BTreeMap::new();
        for (weights, amount) in sums {
            let mut parts: Vec<_> = self.weights.get(weights)?.entries.iter().collect();
            parts.sort_unstable();
            let column = dishes.entry(parts).or_insert(Column { amount: 0, weights });
            column.amount = column.amount.checked_add(amount)?;
        }
        let dishes = dishes.into_values().map(|column| (Label::Dishes, column));
        Some(dishes.chain(others).collect())
    }

    /// If all dishes are divided by the same weights: these, the dishes and the other lines.
    pub(super) fn alike(&self) -> Option<(usize, &'bill [PricedLine], &'bill [PricedLine])> {
        let is_dish = |(label, _): &&PricedLine| matches!(label, Label::Dish(_));
        let (dishes, others) = self.lines.split_at_checked(self.lines.iter().take_while(is_dish).count())?;
        let (_, Column { weights, .. }) = *dishes.first()?;
        let alike = dishes.iter().all(|(_, column)| column.weights == weights);
        alike.then_some((weights, dishes, others))
    }
}

/// Computes what each line comes to. `None` when a number is too large for `T`.
pub(super) fn price<T: Exact>(bill: &Statement<'_>) -> Option<Priced<T>> {
    let mut pricing = Pricing::<T>::of_dishes(bill)?;
    pricing.discounts()?;
    pricing.charges()?;
    pricing.tips()?;
    pricing.priced.covered = pricing.covered();
    pricing.round_off()?;
    Some(pricing.priced)
}

struct Pricing<'bill, T> {
    bill: &'bill Statement<'bill>,
    priced: Priced<T>,
    /// By dish: the index of its weights.
    dish_weights: Vec<usize>,
    /// The dishes grouped by the taxes on them, after discounts on dishes.
    classes: Vec<Class<T>>,
    /// Cached sums. The key: whether the taxes included in prices are left out, and which classes
    /// are summed.
    bases: BTreeMap<(bool, Vec<bool>), Base<T>>,
    /// Cached: the bases that charges with options of their own are on.
    named: Named<T>,
    /// Cached: the index of the weights by head, and who pays optional service charges.
    heads: Option<usize>,
    paying: Option<Paying<T>>,
    /// The price of each dish after discounts on it.
    prices: Vec<i64>,
    /// The price of all dishes after discounts on dishes, and after discounts on the order as well.
    before: i64,
    after: i64,
    /// The lines of the charges, in bill order.
    of_charges: Vec<Option<Column>>,
    /// All dishes together.
    all: Base<T>,
    /// How many of the weights belong to dishes, and the common denominator of these.
    of_dishes: usize,
    denominator: T,
}

impl<'bill, T: Exact> Pricing<'bill, T> {
    fn of_dishes(bill: &'bill Statement<'bill>) -> Option<Self> {
        let dishes = DishWeights::new(bill)?;
        let prices: Vec<i64> = bill.dishes.iter().map(|dish| dish.amount.minor_units()).collect();
        let columns = prices.iter().zip(&dishes.of).map(|(&amount, &weights)| Column { amount, weights });
        // Room for charges, tips and the round-off.
        let others = bill.extras.charges.len().checked_add(bill.extras.tips.len())?.checked_add(1)?;
        let mut lines = Vec::with_capacity(prices.len().checked_add(others)?);
        lines.extend(columns.enumerate().map(|(dish, column)| (Label::Dish(dish), column)));
        Some(Self {
            bill,
            of_charges: vec![None; bill.extras.charges.len()],
            all: Base { weights: 0, value: T::zero() },
            of_dishes: dishes.list.len(),
            denominator: dishes.denominator,
            dish_weights: dishes.of,
            classes: Vec::new(),
            bases: BTreeMap::new(),
            named: Named::default(),
            heads: None,
            paying: None,
            priced: Priced {
                weights: dishes.list,
                lines,
                included: Vec::new(),
                covered: Vec::new(),
                owed: None,
                on_nothing: Vec::new(),
            },
            prices,
            before: 0,
            after: 0,
        })
    }

    fn discounts(&mut self) -> Option<()> {
        let bill = self.bill;
        for (place, charge) in bill.extras.charges.iter().enumerate() {
            if let ChargeKind::Discount { item: Some(item) } = &charge.kind
                && let Some(dish) = bill.dishes.iter().position(|dish| dish.id == item)
            {
                let price = self.prices.get_mut(dish)?;
                let off = part_of(charge.value, *price, charge.options.rounding)?;
                *price = price.checked_sub(off)?;
                let weights = *self.dish_weights.get(dish)?;
                self.set(place, Column { amount: off.checked_neg()?, weights });
            }
        }
        self.before = self.prices.iter().try_fold(0_i64, |sum, &price| sum.checked_add(price))?;
        self.after = self.before;
        if !bill.extras.charges.is_empty() || !bill.extras.tips.is_empty() || bill.extras.round_to.is_some() {
            let dishes = Dishes {
                weights: &self.priced.weights,
                denominator: &self.denominator,
                of: &self.dish_weights,
                prices: &self.prices,
            };
            self.classes = classes(bill, &dishes)?;
            self.all = self.base(None, |_| true)?;
        }
        for (place, charge) in bill.extras.charges.iter().enumerate() {
            if matches!(charge.kind, ChargeKind::Discount { item: None }) {
                let off = part_of(charge.value, self.after, charge.options.rounding)?;
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
        let mut own_base = Vec::new();
        for (place, charge) in bill.extras.charges.iter().enumerate() {
            if !charge.options.is_default() && named::has_base(&charge.kind) {
                own_base.push(place);
                continue;
            }
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
        self.with_bases(own_base)?;
        for (place, column) in std::mem::take(&mut self.of_charges).into_iter().enumerate() {
            if let Some(column) = column {
                self.priced.lines.push((Label::Charge(place), column));
            }
        }
        Some(())
    }

    /// Adds the tips of single diners, who pay them themselves even where another covers their share.
    fn tips(&mut self) -> Option<()> {
        for &(row, value) in &self.bill.extras.tips {
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

    fn by_share(&mut self, place: usize, amount: i64, base: &Base<T>) {
        let weights = self.weights_or_unassigned(place, amount, base);
        self.set(place, Column { amount, weights });
    }

    fn weights_or_unassigned(&mut self, place: usize, amount: i64, base: &Base<T>) -> usize {
        if !base.is_nothing() {
            // In proportion to a negative sum, some would be paid many times the charge by the
            // others.
            let unassigned = self.bill.unassigned_row();
            let lopsided = |weights: &Weights<T>| {
                weights.entries.iter().any(|(row, weight)| *weight < T::zero() && *row != unassigned)
            };
            if amount != 0 && self.priced.weights.get(base.weights).is_some_and(lopsided) {
                self.priced.on_nothing.push(place);
            }
            return base.weights;
        }
        if amount != 0 {
            self.priced.on_nothing.push(place);
        }
        self.add(Weights::whole(self.bill.unassigned_row()))
    }

    /// The index of the weights by head.
    fn heads(&mut self) -> Option<usize> {
        if let Some(heads) = self.heads {
            return Some(heads);
        }
        let entries = self.bill.terms.heads.iter().map(|&(row, heads)| (row, T::from(heads))).collect();
        let weights = Weights::of(entries)?;
        let weights = if weights.is_nothing() { Weights::whole(self.bill.unassigned_row()) } else { weights };
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
