//! Commands about charges, discounts and tips.

use rust_decimal::Decimal;

use crate::bill::ChargeKind;
use crate::value::text::Text;

/// A command about charges, discounts and tips.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChargeCommand {
    /// Set all charges of the order. The owner's to say.
    Set(SetCharges),
    /// Give a tip of one's own.
    SetTip {
        /// How much; nothing takes it back.
        tip: Option<ChargeAmount>,
    },
    /// Do without optional service charges, or pay them after all.
    WaiveService {
        /// Whether to do without.
        waived: bool,
    },
}

/// The charges of an order, in place of those that it had.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SetCharges {
    /// The charges.
    pub charges: Vec<NewCharge>,
    /// The smallest coin in which the bill is paid, in whole units.
    pub round_to: Option<Decimal>,
}

/// A charge to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCharge {
    /// The name of its line.
    pub name: Text,
    /// What it is, and of what it is taken.
    pub kind: ChargeKind,
    /// How much.
    pub value: ChargeAmount,
}

/// How much a charge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargeAmount {
    /// So many percent.
    Percent(Decimal),
    /// A fixed amount in whole units.
    Amount(Decimal),
}
