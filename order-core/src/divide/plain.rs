//! Bills that need no matrix.

use super::apportion::{Claim, apportion};
use super::odd_units::OddUnits;
use super::statement::{Statement, ranked};
use super::terms::StatedRule;
use crate::value::Amount;

impl Statement<'_> {
    /// Each row's amount on a bill that needs no matrix: it has only dishes, which all share
    /// equally or which one person each claims. The result equals that of [`Statement::divide`],
    /// for much less work. `None`: the bill is not that simple.
    pub(crate) fn plain_rows<K: Ord>(&self, rank: impl Fn(usize) -> Option<K>) -> Option<Vec<Amount>> {
        let extras = &self.extras;
        if !extras.charges.is_empty()
            || !extras.tips.is_empty()
            || extras.round_to.is_some()
            || extras.odd_units != OddUnits::LargestRemainder
        {
            return None;
        }
        let tie = ranked(rank);
        let mut rows = vec![Amount::ZERO; self.people.checked_add(1)?];
        match &self.terms.rule {
            StatedRule::Alike(weights) => {
                let (_, first) = weights.first().filter(|(_, first)| *first > 0)?;
                if weights.iter().any(|(_, weight)| weight != first) {
                    return None;
                }
                let total = Amount::checked_sum(self.dishes.iter().map(|dish| dish.amount))?;
                let claims: Vec<_> =
                    weights.iter().map(|&(row, _)| Claim { weight: 1, tie: tie(row) }).collect();
                for (&(row, _), part) in weights.iter().zip(apportion(total, &claims).ok()?) {
                    *rows.get_mut(row)? = part;
                }
            }
            StatedRule::Claims => {
                for dish in &self.dishes {
                    let row = match dish.claims {
                        [] => self.unassigned_row(),
                        [(seat, _)] => self.payer(seat.0),
                        _ => return None,
                    };
                    let sum = rows.get_mut(row)?;
                    *sum = sum.checked_add(dish.amount)?;
                }
            }
        }
        Some(rows)
    }
}
