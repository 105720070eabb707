//! Facts about charges, discounts and tips.

use crate::Amount;
use crate::bill::{Charge, ChargeValue};

/// A fact about charges, discounts and tips.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChargeFact {
    /// The order has other charges.
    Set(ChargesSet),
    /// Somebody gives a tip of their own, or takes it back.
    TipSet {
        /// How much from now on.
        tip: Option<ChargeValue>,
    },
    /// Somebody does without optional service charges, or pays them after all.
    ServiceWaived {
        /// Whether they do without.
        waived: bool,
    },
}

/// All charges of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargesSet {
    /// The charges from now on.
    pub charges: Vec<Charge>,
    /// The smallest coin in which the bill is paid from now on.
    pub round_to: Option<Amount>,
}
