//! Service charges.

use super::Pricing;
use crate::divide::charge::ChargeValue;
use crate::divide::exact::Exact;
use crate::divide::rounding::Column;
use crate::divide::weights::Weights;

/// The rows that pay an optional service charge.
#[derive(Clone)]
pub(super) struct Paying<T> {
    /// Their part of all dishes, in units of one divided by the total of these dishes' weights.
    part: T,
    /// The index of their weights; `None`: they have no part.
    weights: Option<usize>,
}

impl<T: Exact> Pricing<'_, T> {
    pub(super) fn service(&mut self, place: usize, value: ChargeValue, optional: bool) -> Option<()> {
        let all = self.all.clone();
        if !optional || self.bill.extras.waived.is_empty() || all.is_nothing() {
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

    /// Computes who pays optional service charges. It is the same for each of these charges.
    fn pay_service(&mut self) -> Option<Paying<T>> {
        let entries = &self.priced.weights.get(self.all.weights)?.entries;
        let paying: Vec<_> =
            entries.iter().filter(|(row, _)| !self.bill.extras.waived.contains(row)).cloned().collect();
        let part = paying.iter().try_fold(T::zero(), |sum, (_, weight)| sum.checked_add(weight))?;
        let weights = Weights::of(paying)?;
        let weights = (!weights.is_nothing()).then(|| self.add(weights));
        Some(self.paying.insert(Paying { part, weights }).clone())
    }
}
