//! Dishes that discounts cover in full.
//!
//! Such dishes and the discounts on them come to nothing for everybody. They are rounded apart from the other lines, so that
//! nobody has a larger part of the discounts than of the dishes. Rounded together, somebody could have one unit more of a
//! discount and one more of a fee.

use super::Pricing;
use crate::divide::charge::ChargeKind;
use crate::divide::exact::Exact;
use crate::divide::line::Label;

impl<T: Exact> Pricing<'_, T> {
    /// The places of lines that together come to nothing for each row: all dishes with all discounts, or some dishes each
    /// with its discounts.
    pub(super) fn covered(&self) -> Vec<Vec<usize>> {
        let charges = self.bill.extras.charges;
        let is_discount = |place: usize| match charges.get(place).map(|charge| &charge.kind) {
            Some(ChargeKind::Discount { item }) => Some(item.as_ref()),
            Some(
                ChargeKind::Tax { .. }
                | ChargeKind::Service { .. }
                | ChargeKind::Tip { .. }
                | ChargeKind::Fee { .. },
            )
            | None => None,
        };
        if !(0..charges.len()).any(|place| is_discount(place).is_some()) {
            return Vec::new();
        }
        let lines = || self.priced.lines.iter().map(|(label, _)| *label).enumerate();
        if self.before != 0 && self.after == 0 {
            let belongs = |(_, label): &(usize, Label)| match label {
                Label::Dish(_) | Label::Dishes => true,
                Label::Charge(place) => is_discount(*place).is_some(),
                Label::OwnTip(_) | Label::RoundOff => false,
            };
            return vec![lines().filter(belongs).map(|(line, _)| line).collect()];
        }
        let dishes = self.bill.dishes.iter().zip(&self.prices).enumerate();
        let covered = dishes.filter(|(_, (dish, price))| **price == 0 && dish.amount.minor_units() != 0);
        let group = |(number, (dish, _)): (usize, (&crate::divide::StatedDish<'_>, &i64))| {
            let belongs = |(_, label): &(usize, Label)| match label {
                Label::Dish(other) => *other == number,
                Label::Charge(place) => is_discount(*place) == Some(Some(dish.id)),
                Label::Dishes | Label::OwnTip(_) | Label::RoundOff => false,
            };
            lines().filter(belongs).map(|(line, _)| line).collect()
        };
        covered.map(group).collect()
    }
}
