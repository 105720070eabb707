//! Commands about charges, discounts and tips.

use rust_decimal::Decimal;

use crate::bill::{ChargeKind, ChargeOptions, OddUnits};
use crate::value::text::Text;

/// A command about charges, discounts and tips.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChargeCommand {
    /// Replaces all charges of the order. For the owner and the back end.
    Set(SetCharges),
    /// Sets or removes one's own tip.
    SetTip {
        /// The tip; `None` removes it.
        tip: Option<ChargeAmount>,
    },
    /// Opts out of optional service charges, or back in.
    WaiveService {
        /// Whether to opt out.
        waived: bool,
    },
}

/// The new charges of an order, replacing the old ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SetCharges {
    /// The charges.
    pub charges: Vec<NewCharge>,
    /// The smallest coin to which the bill is rounded, in whole units.
    pub round_to: Option<Decimal>,
    /// The smallest coin to which each share is rounded, in whole units. The bill is rounded to it, too.
    pub round_shares_to: Option<Decimal>,
    /// Who gets the units that are left once every quota is rounded down.
    pub odd_units: OddUnits,
}

/// A charge to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCharge {
    /// The charge's name on the bill.
    pub name: Text,
    /// What it is, and what it applies to.
    pub kind: ChargeKind,
    /// How much.
    pub value: ChargeAmount,
    /// What it is on, and how its amount is rounded.
    pub options: ChargeOptions,
}

/// The size of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargeAmount {
    /// A percentage.
    Percent(Decimal),
    /// A fixed amount in whole units.
    Amount(Decimal),
}
