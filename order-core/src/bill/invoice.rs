//! What an invoice says beside a bill's lines: what each tax is on, and the taxable value of each dish.

use std::collections::BTreeMap;

use super::division::Division;
use super::on_its_own::{Bill, Dish};
use crate::divide::{
    Charge, ChargeKind, ChargeValue, Discounts, Line, LineKind, Percentage, RowWeight, Spread, spread,
};
use crate::rejection::{Code, Rejection};
use crate::value::text::Text;
use crate::{Amount, ItemId};

/// The taxes and the dishes of an invoice. All amounts are whole minor units, and sum to the lines of the bill: the taxable
/// values of the dishes to the dishes less all discounts and less the taxes in prices, and each tax to its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    taxes: Vec<InvoiceTax>,
    dishes: Vec<InvoiceDish>,
}

impl Invoice {
    /// The taxes, in the order in which the bill lists them.
    pub fn taxes(&self) -> &[InvoiceTax] {
        &self.taxes
    }

    /// The dishes, in the order of the bill.
    pub fn dishes(&self) -> &[InvoiceDish] {
        &self.dishes
    }
}

/// One tax of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceTax {
    name: Text,
    value: ChargeValue,
    inclusive: bool,
    net: Amount,
    tax: Amount,
}

impl InvoiceTax {
    /// The name of the tax.
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// Its rate in percent, or its fixed amount.
    pub fn value(&self) -> ChargeValue {
        self.value
    }

    /// Whether prices include it.
    pub fn is_inclusive(&self) -> bool {
        self.inclusive
    }

    /// What the tax is on: the taxable values of its dishes, and the services and fees that it names. A tax that is added to
    /// prices is on what discounts leave of them (or on all of them, if it says so), with the taxes that they include.
    pub fn net(&self) -> Amount {
        self.net
    }

    /// The tax: the amount of its line.
    pub fn tax(&self) -> Amount {
        self.tax
    }

    /// The net amount and this tax. Other taxes on the same dishes are not part of it.
    pub fn gross(&self) -> Amount {
        // Both are within the bounds of a total.
        self.net.checked_add(self.tax).unwrap_or(self.net)
    }
}

/// One dish of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceDish {
    id: ItemId,
    amount: Amount,
    discount: Amount,
    included: Amount,
}

impl InvoiceDish {
    /// The id of the dish.
    pub fn id(&self) -> &ItemId {
        &self.id
    }

    /// The price of all pieces together.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// What discounts take off it: those on the dish, and its part of those on the order.
    pub fn discount(&self) -> Amount {
        self.discount
    }

    /// Its part of the taxes that prices include.
    pub fn included(&self) -> Amount {
        self.included
    }

    /// What discounts leave of the price.
    pub fn discounted(&self) -> Amount {
        // All are within the bounds of a total.
        self.amount.checked_sub(self.discount).unwrap_or(self.amount)
    }

    /// The taxable value: the price less discounts and less the taxes that it includes.
    pub fn taxable(&self) -> Amount {
        self.discounted().checked_sub(self.included).unwrap_or(self.amount)
    }
}

/// Works out the invoice of a bill and of its division by [`divide`](fn@super::divide).
///
/// Discounts on the order, and taxes in prices, are divided over the dishes that they are of in exact proportion, first over
/// groups of dishes with the same taxes, then over the dishes of each. Each group and each dish is rounded down or up, so that
/// what a tax is on is never further than a minor unit for each group from its exact value.
///
/// # Errors
/// When the numbers are too large ([`Code::BillTooFine`]). A division of another bill gives amounts without meaning. Does not
/// panic.
pub fn invoice(bill: &Bill, division: &Division) -> Result<Invoice, Rejection> {
    work_out(bill, division).ok_or_else(|| Code::BillTooFine.into())
}

/// Dishes with the same taxes.
#[derive(Default)]
struct Group {
    /// By charge: whether it is a tax on them.
    taxes: Vec<bool>,
    /// The places of the dishes.
    dishes: Vec<usize>,
    /// Their price after discounts on dishes.
    price: i64,
}

impl Group {
    fn is_taxed(&self, charge: usize) -> bool {
        self.taxes.get(charge).copied().unwrap_or_default()
    }
}

fn work_out(bill: &Bill, division: &Division) -> Option<Invoice> {
    let amounts = Amounts::of(bill, division);
    let mut discounts: Vec<i64> = vec![0; bill.dishes.len()];
    let mut on_order = 0_i64;
    for (place, charge) in bill.charges.iter().enumerate() {
        let ChargeKind::Discount { item } = &charge.kind else { continue };
        let off = amounts.of_charge(place).checked_neg()?;
        match item {
            None => on_order = on_order.checked_add(off)?,
            Some(item) => {
                let dish = bill.dishes.iter().position(|dish| dish.id == *item)?;
                let discount = discounts.get_mut(dish)?;
                *discount = discount.checked_add(off)?;
            }
        }
    }
    let price = |place: usize| {
        let amount = bill.dishes.get(place)?.amount.minor_units();
        amount.checked_sub(*discounts.get(place)?)
    };
    let prices = (0..bill.dishes.len()).map(price).collect::<Option<Vec<i64>>>()?;
    let groups = groups(bill, &prices)?;

    // Over the groups: the discounts on the order, then each tax in prices.
    let inclusive: Vec<usize> = (0..bill.charges.len()).filter(|&place| is_inclusive(bill, place)).collect();
    let by_price = groups.iter().map(|group| RowWeight { number: group.price, divisor: 1 });
    let mut columns = vec![Spread { amount: on_order, weights: by_price.collect() }];
    for &place in &inclusive {
        let weights = groups.iter().map(|group| untaxed(bill, group, place)).collect::<Option<_>>()?;
        columns.push(Spread { amount: amounts.of_charge(place), weights });
    }
    let parts = spread(groups.len(), &columns)?;

    // Over the dishes of each group.
    let mut included: Vec<i64> = vec![0; bill.dishes.len()];
    for (group, parts) in groups.iter().zip(&parts) {
        let (off, taxes) = parts.split_first()?;
        let taxes = taxes.iter().try_fold(0_i64, |sum, &tax| sum.checked_add(tax))?;
        let column = |amount: i64| {
            let weight = |&dish: &usize| Some(RowWeight { number: *prices.get(dish)?, divisor: 1 });
            Some(Spread { amount, weights: group.dishes.iter().map(weight).collect::<Option<_>>()? })
        };
        let parts = spread(group.dishes.len(), &[column(*off)?, column(taxes)?])?;
        for (&dish, part) in group.dishes.iter().zip(parts) {
            let [off, tax] = part.try_into().ok()?;
            let discount = discounts.get_mut(dish)?;
            *discount = discount.checked_add(off)?;
            *included.get_mut(dish)? = tax;
        }
    }
    let line = |((dish, &discount), &included): ((&Dish, &i64), &i64)| InvoiceDish {
        id: dish.id.clone(),
        amount: dish.amount,
        discount: Amount::from_minor_units(discount),
        included: Amount::from_minor_units(included),
    };
    let dishes: Vec<_> = bill.dishes.iter().zip(&discounts).zip(&included).map(line).collect();
    let tax = |(place, charge): (usize, &Charge)| {
        let ChargeKind::Tax { inclusive, .. } = charge.kind else { return None };
        let base = &charge.options.on;
        let taxed = groups.iter().filter(|group| base.dishes && group.is_taxed(place));
        let taxed = taxed.flat_map(|group| &group.dishes);
        let of = match (inclusive, base.discounts) {
            (true, _) => InvoiceDish::taxable,
            (false, Discounts::After) => InvoiceDish::discounted,
            (false, Discounts::Before) => InvoiceDish::amount,
        };
        let values = taxed.filter_map(|&dish| dishes.get(dish)).map(of).chain(named(&base.charges, division));
        Some(InvoiceTax {
            name: charge.name.clone(),
            value: charge.value,
            inclusive,
            net: Amount::checked_sum(values).unwrap_or_default(),
            tax: Amount::from_minor_units(amounts.of_charge(place)),
        })
    };
    Some(Invoice { taxes: bill.charges.iter().enumerate().filter_map(tax).collect(), dishes })
}

/// The amounts of the services and fees of these names. One that all decline has no line.
fn named<'bill>(names: &'bill [Text], division: &'bill Division) -> impl Iterator<Item = Amount> + 'bill {
    let is_one = |line: &&Line| matches!(line.kind(), LineKind::Service | LineKind::Fee);
    let line = move |name: &Text| division.lines().iter().filter(is_one).find(|line| line.name() == name);
    names.iter().filter_map(line).map(Line::amount)
}

/// The amounts of discounts and taxes, by charge. Each of them has a line, in listed order.
struct Amounts(BTreeMap<usize, i64>);

impl Amounts {
    fn of(bill: &Bill, division: &Division) -> Self {
        let places = |is_one: &dyn Fn(&ChargeKind) -> bool| {
            let charges = bill.charges.iter().enumerate().filter(|(_, charge)| is_one(&charge.kind));
            charges.map(|(place, _)| place).collect::<Vec<_>>()
        };
        let is_due = |kind: &ChargeKind| match kind {
            ChargeKind::Discount { .. } => true,
            ChargeKind::Tax { inclusive, .. } => !inclusive,
            ChargeKind::Service { .. } | ChargeKind::Tip { .. } | ChargeKind::Fee { .. } => false,
        };
        let is_line = |line: &&Line| matches!(line.kind(), LineKind::Discount | LineKind::Tax);
        let is_contained = |kind: &ChargeKind| matches!(kind, ChargeKind::Tax { inclusive: true, .. });
        let due = places(&is_due).into_iter().zip(division.lines().iter().filter(is_line));
        let contained = places(&is_contained).into_iter().zip(division.included());
        Self(due.chain(contained).map(|(place, line)| (place, line.amount().minor_units())).collect())
    }

    fn of_charge(&self, place: usize) -> i64 {
        self.0.get(&place).copied().unwrap_or_default()
    }
}

fn is_inclusive(bill: &Bill, place: usize) -> bool {
    bill.charges
        .get(place)
        .is_some_and(|charge| matches!(charge.kind, ChargeKind::Tax { inclusive: true, .. }))
}

fn groups(bill: &Bill, prices: &[i64]) -> Option<Vec<Group>> {
    let mut groups: BTreeMap<Vec<bool>, Group> = BTreeMap::new();
    for (place, (dish, price)) in bill.dishes.iter().zip(prices).enumerate() {
        let is_taxed = |charge: &Charge| match &charge.kind {
            ChargeKind::Tax { dish_types, .. } => {
                dish_types.is_empty() || dish_types.contains(&dish.dish_type)
            }
            ChargeKind::Service { .. }
            | ChargeKind::Tip { .. }
            | ChargeKind::Discount { .. }
            | ChargeKind::Fee { .. } => false,
        };
        let taxes: Vec<bool> = bill.charges.iter().map(is_taxed).collect();
        let group = groups.entry(taxes.clone()).or_default();
        group.taxes = taxes;
        group.dishes.push(place);
        group.price = group.price.checked_add(*price)?;
    }
    Some(groups.into_values().collect())
}

/// The weight of a group in a tax in prices: its price without such taxes, if the tax is on it.
fn untaxed(bill: &Bill, group: &Group, tax: usize) -> Option<RowWeight> {
    if !group.is_taxed(tax) {
        return Some(RowWeight { number: 0, divisor: 1 });
    }
    let mut whole = Percentage::HUNDRED.millionths();
    for (place, charge) in bill.charges.iter().enumerate() {
        if let ChargeValue::Percent(percent) = charge.value
            && is_inclusive(bill, place)
            && group.is_taxed(place)
        {
            whole = whole.checked_add(percent.millionths())?;
        }
    }
    Some(RowWeight { number: group.price, divisor: i64::try_from(whole).ok()? })
}
