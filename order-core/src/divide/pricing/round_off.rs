//! The line that rounds a bill to the smallest coin.

use super::{Owed, Pricing};
use crate::divide::exact::{Exact, div_round, lcm};
use crate::divide::line::Label;
use crate::divide::rounding::Column;
use crate::divide::terms::StatedRule;
use crate::divide::weights::Weights;
use crate::value::Amount;

impl<T: Exact> Pricing<'_, T> {
    /// The line that makes the whole bill a multiple of the smallest coin, halves away from zero. Divided in proportion to
    /// what each owes without it, so that no share changes its sign. Where each share is rounded to the coin, the line is
    /// what that leaves of each, so it waits until the others are rounded.
    pub(super) fn round_off(&mut self) -> Option<()> {
        let Some(unit) = self.bill.extras.round_to.map(Amount::minor_units).filter(|&unit| unit > 0) else {
            return Some(());
        };
        let sum =
            self.priced.lines.iter().try_fold(0_i64, |sum, (_, column)| sum.checked_add(column.amount))?;
        let coins = div_round(&i128::from(sum), &i128::from(unit))?;
        let rounded = coins.checked_mul(i128::from(unit))?;
        let amount = i64::try_from(rounded.checked_sub(i128::from(sum))?).ok()?;
        let (parts, common) = self.owed()?;
        if self.bill.extras.round_shares {
            let total = i64::try_from(rounded).ok()?;
            self.priced.owed = Some(Owed { parts, unit: common, coin: unit, total });
            return Some(());
        }
        let owed = Weights::of(parts)?;
        let weights = if owed.is_nothing() { self.heads()? } else { self.add(owed) };
        self.priced.lines.push((Label::RoundOff, Column { amount, weights }));
        Some(())
    }

    /// How much each row owes of all lines so far, and the common denominator.
    fn owed(&self) -> Option<(Vec<(usize, T)>, T)> {
        // Lines that are divided alike are summed first.
        let mut amounts: Vec<i128> = vec![0; self.priced.weights.len()];
        for (_, column) in &self.priced.lines {
            let sum = amounts.get_mut(column.weights)?;
            *sum = sum.checked_add(column.amount.into())?;
        }
        let together = match self.bill.terms.rule {
            // Each row's part of all dishes and the discounts on them is known already.
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

    /// How much each row owes if these amounts are divided by the weights with the same index.
    fn owed_of(&self, amounts: &[i128]) -> Option<(Vec<(usize, T)>, T)> {
        let used = || self.priced.weights.iter().zip(amounts).filter(|(_, amount)| **amount != 0);
        let common = used().try_fold(T::one(), |common, (weights, _)| lcm(&common, &weights.total))?;
        let mut owed: Vec<(usize, T)> =
            (0..=self.bill.unassigned_row()).map(|row| (row, T::zero())).collect();
        for (Weights { entries, total, .. }, &amount) in used() {
            let factor = T::from(amount).checked_mul(&common.quotient(total).0)?;
            for (row, weight) in entries {
                let (_, sum) = owed.get_mut(*row)?;
                sum.add_to(&factor.checked_mul(weight)?)?;
            }
        }
        Some((owed, common))
    }
}
