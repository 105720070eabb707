//! Facts about charges, discounts and tips.

use super::traits::{Marks, Traits};
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

impl ChargeFact {
    pub(crate) fn traits(&self) -> Traits {
        match self {
            Self::Set(_) => Traits::of("charges_updated").drops(Marks::KeepAuthors),
            // A tip, and a service charge that somebody does without, change no other share.
            Self::TipSet { .. } => Traits::of("tip_updated"),
            Self::ServiceWaived { .. } => Traits::of("service_waived"),
        }
    }
}

/// All charges of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargesSet {
    /// The charges from now on.
    pub charges: Vec<Charge>,
    /// The smallest coin in which the bill is paid from now on.
    pub round_to: Option<Amount>,
}
