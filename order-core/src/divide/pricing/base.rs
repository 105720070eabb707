//! Sums over dishes that charges are taken of.

use super::Pricing;
use super::classes::Class;
use super::included::Contained;
use crate::divide::exact::Exact;
use crate::divide::terms::StatedRule;
use crate::divide::weights::Weights;

/// A sum over dishes that a charge can apply to.
#[derive(Clone)]
pub(super) struct Base<T> {
    /// The index of the weights that divide it among the diners; meaningless while its value is
    /// zero.
    pub(super) weights: usize,
    /// Its amount.
    pub(super) value: T,
}

impl<T: Exact> Base<T> {
    pub(super) fn is_nothing(&self) -> bool {
        self.value.is_zero()
    }
}

impl<T: Exact> Pricing<'_, T> {
    /// The sum of the dishes of some classes, with the weights that divide it. With `contained`,
    /// without the taxes included in prices.
    pub(super) fn base(
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

    /// The sum of the chosen `classes` and, unless it is zero or all dishes are divided alike, its
    /// weights.
    fn new_base(&self, classes: &[Class<T>], chosen: &[bool]) -> Option<(T, Option<Weights<T>>)> {
        let mut chosen = classes.iter().zip(chosen).filter(|(_, chosen)| **chosen).map(|(class, _)| class);
        let mut value = T::zero();
        chosen.clone().try_for_each(|class| value.add_to(&class.value))?;
        if value.is_zero() || matches!(self.bill.terms.rule, StatedRule::Alike(_)) {
            return Some((value, None));
        }
        if let (Some(only), None) = (chosen.clone().next(), chosen.clone().nth(1)) {
            return Some((value, Some(Weights::of(only.parts.clone())?)));
        }
        let mut entries: Vec<(usize, T)> =
            (0..=self.bill.unassigned_row()).map(|row| (row, T::zero())).collect();
        chosen.try_for_each(|class| {
            class.parts.iter().try_for_each(|(row, part)| entries.get_mut(*row)?.1.add_to(part))
        })?;
        Some((value, Some(Weights::of(entries)?)))
    }
}
