//! What each row of a divided bill pays, line by line.

use super::charge::Charge;
use super::line::{Label, Line};
use super::matrix::{Divided, Lines};
use crate::value::Amount;

/// A divided bill by row, with all dishes in one line.
#[derive(Debug, Clone, Default)]
pub(crate) struct DividedRows {
    /// By row: what it pays in all.
    pub(crate) rows: Vec<Amount>,
    /// What is due, line by line.
    pub(crate) lines: Vec<Line>,
    /// By row: its part of these lines.
    pub(crate) own: Vec<Vec<Line>>,
    /// Taxes included in prices.
    pub(crate) included: Vec<Line>,
    /// By row: its part of these taxes.
    pub(crate) own_included: Vec<Vec<Line>>,
    /// Charges that have nothing to be taken of.
    pub(crate) on_nothing: Vec<Line>,
    /// Agreed amounts that there is no dish to divide over.
    pub(crate) agreed: Option<Vec<(usize, i64)>>,
}

impl DividedRows {
    /// The rows of a bill with nothing on it but dishes.
    pub(crate) fn of_dishes(total: Amount, rows: Vec<Amount>) -> Self {
        let own = rows.iter().map(|&row| vec![Line::dishes(row)]).collect();
        Self { rows, own, lines: vec![Line::dishes(total)], ..Self::default() }
    }

    /// The rows of a divided bill with this many people.
    pub(crate) fn of(people: usize, charges: &[Charge], divided: &Divided) -> Self {
        let rows = (0..people).map(|row| divided.due.row(row)).collect();
        let (lines, own) = named(people, charges, &divided.due);
        let (included, own_included) = only_charges(people, charges, &divided.included);
        let on_nothing = divided.on_nothing(charges).collect();
        Self { rows, lines, own, included, own_included, on_nothing, agreed: None }
    }

    /// What the person of a row agreed to pay although there is no dish.
    pub(crate) fn agreed(&self, row: usize) -> Amount {
        let agreed = self.agreed.iter().flatten().find(|(other, _)| *other == row);
        Amount::from_minor_units(agreed.map_or(0, |(_, amount)| *amount))
    }
}

/// All dishes in one line, then the charges; and each row's part of them.
fn named(people: usize, charges: &[Charge], lines: &Lines) -> (Vec<Line>, Vec<Vec<Line>>) {
    let mut dishes = Amount::ZERO;
    let mut own_dishes = vec![Amount::ZERO; people];
    for (label, amount, cells) in lines.iter() {
        if let Label::Dish(_) | Label::Dishes = label {
            // Bounded by the order's total, which fits.
            dishes = dishes.checked_add(amount).unwrap_or_default();
            for cell in cells {
                if let Some(own) = own_dishes.get_mut(cell.row) {
                    *own = own.checked_add(Amount::from_minor_units(cell.amount)).unwrap_or_default();
                }
            }
        }
    }
    let (mut all, mut own) = only_charges(people, charges, lines);
    all.insert(0, Line::dishes(dishes));
    for (own, dishes) in own.iter_mut().zip(own_dishes) {
        own.insert(0, Line::dishes(dishes));
    }
    (all, own)
}

/// The charges, and each row's non-zero part of them.
fn only_charges(people: usize, charges: &[Charge], lines: &Lines) -> (Vec<Line>, Vec<Vec<Line>>) {
    let mut all = Vec::new();
    let mut own: Vec<Vec<Line>> = vec![Vec::new(); people];
    for (label, amount, cells) in lines.iter() {
        if label == Label::Dishes {
            continue;
        }
        let Some((name, kind)) = label.name(charges, |_| None) else { continue };
        for cell in cells.iter().filter(|cell| cell.amount != 0) {
            if let Some(own) = own.get_mut(cell.row) {
                own.push(Line::new(name.clone(), kind, Amount::from_minor_units(cell.amount)));
            }
        }
        all.push(Line::new(name, kind, amount));
    }
    (all, own)
}
