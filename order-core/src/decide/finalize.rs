//! Closing the order.

use crate::Amount;
use crate::order::Order;
use crate::rejection::{Code, Rejection};
use crate::split::{does_not_cover, shares};

/// Whether the bill can stand as it is: there is one, every dish is somebody's, and the shares cover it.
pub(super) fn finalize(order: &Order) -> Result<(), Rejection> {
    if order.items.is_empty() {
        return Err(Rejection::new(Code::OrderEmpty).expected("at least one dish"));
    }
    let shares = shares(order);
    let unassigned: Vec<_> = order.unassigned().collect();
    if let Some(first) = unassigned.first() {
        let sum = Amount::checked_sum(unassigned.iter().map(|item| item.total())).unwrap_or_default();
        let others = match unassigned.len().saturating_sub(1) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        return Err(Rejection::new(Code::Unassigned)
            .because(format!("{}{others}, for {} together", first.dish_name(), sum.display(order.currency)))
            .expected("somebody to claim each dish")
            .unallocated(sum, order.currency));
    }
    if let Some(charge) = shares.on_nothing().first() {
        return Err(charge.on_nothing(order.currency));
    }
    match shares.unallocated() {
        Amount::ZERO => Ok(()),
        // As they agreed; but dishes have changed since, or somebody who was to pay has left.
        unallocated => {
            Err(does_not_cover("dishes and charges", shares.amount_due(), unallocated, order.currency)
                .expected("shares of those who are on the bill, agreed on anew"))
        }
    }
}
