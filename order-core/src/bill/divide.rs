//! Dividing a bill on its own.

use std::collections::BTreeMap;

use super::check::{check_charges, check_claims, check_ids, unknown_participant};
use super::division::{Division, Parts};
use super::on_its_own::Bill;
use crate::ParticipantId;
use crate::divide::{
    DishLines, Extras, Line, Lines, People, StatedDish, StatedRule, Statement, TieRank, Weight,
};
use crate::rejection::{Code, Rejection};
use crate::value::Seat;
use crate::value::text::Text;

/// Divides a bill on its own. The laws that hold for every result are those of [`bill`](crate::bill).
///
/// # Errors
/// When the bill contradicts itself: no diners, unknown or repeated people, shares that do not add up, a
/// charge on nothing. The refusal says by how much, where there is a sum to miss. Does not panic.
pub fn divide(bill: &Bill) -> Result<Division, Rejection> {
    let rows = Rows::of(bill)?;
    let seats = &rows.by_id;
    let total = bill.total()?;
    bill.split.check(total, bill.currency, |id| seats.contains_key(id))?;
    check_charges(bill, total, seats)?;
    let claims = claims(bill, seats)?;

    let on_bill: Vec<usize> = (0..bill.diners.len()).collect();
    let people = People { rows: bill.diners.len(), on_bill: &on_bill, row_of: &|id| seats.get(id).copied() };
    let dishes = bill.dishes.iter().zip(claims.iter()).map(|(dish, claims)| StatedDish {
        id: &dish.id,
        kind: dish.dish_type.as_str(),
        amount: dish.amount,
        claims,
    });
    let extras = Extras {
        charges: &bill.charges,
        tips: bill.tips.iter().filter_map(|(id, &tip)| Some((*seats.get(id)?, tip))).collect(),
        waived: bill.without_service.iter().filter_map(|id| seats.get(id).copied()).collect(),
        round_to: bill.round_to.or(bill.round_shares_to),
        round_shares: bill.round_shares_to.is_some(),
        odd_units: bill.odd_units,
        order: &bill.order,
    };
    let statement = Statement::new(&bill.split, total, &people, dishes.collect(), extras);
    // Rows are in the order of their ranks already.
    let rank = |row: usize| (row < bill.diners.len()).then_some(row);
    let divided = statement.divide(DishLines::Each, rank).ok_or(Code::BillTooFine)?;
    if let Some(charge) = divided.on_nothing(&bill.charges).next() {
        return Err(charge.on_nothing(bill.currency));
    }
    let by_dishes = matches!(statement.terms.rule, StatedRule::Claims);
    let diners = bill.diners.iter().zip(&rows.of_diners).map(|(id, &row)| (id.clone(), divided.due.row(row)));
    let unassigned_dishes = bill
        .dishes
        .iter()
        .zip(claims.iter())
        .filter(|(_, claims)| by_dishes && claims.is_empty())
        .map(|(dish, _)| dish.id.clone());
    Ok(Division {
        total,
        amount_due: divided.due.sum(),
        unassigned: divided.due.row(bill.diners.len()),
        diners: diners.collect(),
        lines: named(bill, &divided.due),
        included: named(bill, &divided.included),
        parts: Parts::new(&rows.diners, &divided.due),
        included_parts: Parts::new(&rows.diners, &divided.included),
        unassigned_dishes: unassigned_dishes.collect(),
    })
}

/// The rows of a bill's diners: by rank, so that the order in which a bill names people moves no part of anything.
struct Rows<'bill> {
    by_id: BTreeMap<&'bill ParticipantId, usize>,
    /// By diner as listed: the row.
    of_diners: Vec<usize>,
    /// By row: the place of its diner in the list.
    diners: Vec<usize>,
}

impl<'bill> Rows<'bill> {
    fn of(bill: &'bill Bill) -> Result<Self, Rejection> {
        if bill.diners.is_empty() {
            return Err(Rejection::new(Code::NobodyToPay)
                .field("participants")
                .expected("at least one person"));
        }
        let ranked = bill.diners.iter().enumerate();
        let mut ranked: Vec<_> =
            ranked.map(|(place, diner)| (TieRank::new(&bill.order, diner), place)).collect();
        ranked.sort_unstable();
        let diners: Vec<usize> = ranked.into_iter().map(|(_, place)| place).collect();
        let mut of_diners = vec![0; diners.len()];
        for (row, &place) in diners.iter().enumerate() {
            if let Some(of_diner) = of_diners.get_mut(place) {
                *of_diner = row;
            }
        }
        let by_id: BTreeMap<_, _> = bill.diners.iter().zip(of_diners.iter().copied()).collect();
        if by_id.len() == bill.diners.len() {
            return Ok(Self { by_id, of_diners, diners });
        }
        Err(Rejection::new(Code::ConflictingClaims)
            .field("participants")
            .because("somebody is listed twice")
            .expected("each person once"))
    }
}

/// The claims on the dishes of a bill, grouped by dish, each dish's in the order of rows.
struct Claims {
    all: Vec<(Seat, Weight)>,
    /// By dish: the end of its claims.
    ends: Vec<usize>,
}

impl Claims {
    /// The claims on each dish.
    fn iter(&self) -> impl Iterator<Item = &[(Seat, Weight)]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| self.all.get(start..end).unwrap_or_default())
    }
}

/// The claims on the dishes of a bill, checked.
fn claims(bill: &Bill, seats: &BTreeMap<&ParticipantId, usize>) -> Result<Claims, Rejection> {
    check_ids(&bill.dishes)?;
    let mut claims = Claims {
        all: Vec::with_capacity(bill.dishes.iter().map(|dish| dish.shared_by.len()).sum()),
        ends: Vec::with_capacity(bill.dishes.len()),
    };
    for dish in &bill.dishes {
        let start = claims.all.len();
        for (id, weight) in &dish.shared_by {
            claims
                .all
                .push((Seat(*seats.get(id).ok_or_else(|| unknown_participant().field("items"))?), *weight));
        }
        let own = claims.all.get_mut(start..).unwrap_or_default();
        own.sort_unstable_by_key(|(seat, _)| *seat);
        check_claims(own).map_err(|rejection| rejection.field("items"))?;
        claims.ends.push(claims.all.len());
    }
    Ok(claims)
}

/// The lines with their names.
fn named(bill: &Bill, lines: &Lines) -> Vec<Line> {
    let dish = |place: usize| bill.dishes.get(place).map(|dish| Text::from(dish.id.clone()));
    let named = lines.iter().filter_map(|(label, amount, _)| {
        label.name(&bill.charges, dish).map(|(name, kind)| Line::new(name, kind, amount))
    });
    named.collect()
}
