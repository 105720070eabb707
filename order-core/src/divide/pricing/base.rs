//! Sums over dishes that charges are taken of.

use super::Pricing;
use super::classes::Class;
use super::included::Contained;
use crate::divide::exact::Exact;
use crate::divide::terms::StatedRule;
use crate::divide::weights::Weights;

/// A sum over dishes that a charge can be taken of.
#[derive(Clone)]
pub(super) struct Base<T> {
    /// The place of the weights by which it belongs to the diners; meaningless while it comes to nothing.
    pub(super) weights: usize,
    /// What it comes to.
    pub(super) value: T,
}

impl<T: Exact> Base<T> {
    pub(super) fn is_nothing(&self) -> bool {
        self.value.is_zero()
    }
}

impl<T: Exact> Pricing<'_, T> {
    /// The sum of the dishes of some classes, in the proportions in which these are divided; where it is asked for, of what their
    /// prices contain without taxes.
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

    /// What those of `classes` come to that are chosen and, unless that is nothing or all dishes are divided alike, the weights.
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
