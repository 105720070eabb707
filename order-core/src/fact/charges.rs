//! Facts about charges, discounts and tips.

use super::traits::{Marks, Traits};
use crate::Amount;
use crate::bill::{Charge, ChargeValue, OddUnits};

/// A fact about charges, discounts and tips.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChargeFact {
    /// The charges of the order changed.
    Set(ChargesSet),
    /// Somebody set or removed their own tip.
    TipSet {
        /// The new tip; `None`: it was removed.
        tip: Option<ChargeValue>,
    },
    /// Somebody opted out of optional service charges, or back in.
    ServiceWaived {
        /// Whether they opted out.
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChargesSet {
    /// The charges from now on.
    pub charges: Vec<Charge>,
    /// The smallest coin to which the bill is rounded from now on.
    pub round_to: Option<Amount>,
    /// Whether each share is rounded to that coin, too.
    pub round_shares: bool,
    /// Who gets the units that are left once every quota is rounded down.
    pub odd_units: OddUnits,
}
