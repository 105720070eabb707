//! Charges and discounts.

use super::share_number::Percentage;
use crate::value::text::Text;
use crate::value::{Amount, ItemId};

/// The most charges that one bill can have.
pub const MAX_CHARGES: usize = 32;
/// The most taxes that the prices of one bill can contain. Dishes that contain other taxes than others make the exact
/// bill long.
pub const MAX_INCLUSIVE_TAXES: usize = 6;

/// One charge of a bill: a tax, a service charge, a tip, a discount or a fee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The name of its line, such as `CGST`.
    pub name: Text,
    /// What it is, and of what it is taken.
    pub kind: ChargeKind,
    /// How much.
    pub value: ChargeValue,
}

impl Charge {
    /// Whether this is a discount on one dish, which ends with that dish.
    pub(crate) fn is_discount_on(&self, item: &ItemId) -> bool {
        matches!(&self.kind, ChargeKind::Discount { item: Some(on) } if on == item)
    }
}

/// How much a charge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargeValue {
    /// So many percent of what it is taken of, rounded half up to the minor unit: 2.5 % of 90.20 is 2.26.
    Percent(Percentage),
    /// A fixed amount.
    Amount(Amount),
}

/// How a charge that belongs to no dish is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Basis {
    /// In proportion to what each has of the dishes.
    #[default]
    Share,
    /// The same for each.
    Head,
}

impl Basis {
    /// The basis's name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Head => "head",
        }
    }
}

/// What a charge is. Whatever order the charges stand in, they are worked out in this one:
/// discounts on items, discounts on the order, then everything else, of what the discounts have left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChargeKind {
    /// One head of a tax.
    Tax {
        /// Whether prices contain it. It is then shown, but adds nothing to what is due. Of 105.00 with 5 %
        /// contained, 5.00 is tax; several heads on one dish are contained side by side.
        inclusive: bool,
        /// The types of dish that it is on (`veg`), and nothing where there is no such dish; of none, it is on all dishes.
        /// Neither service charges, fees nor tips are taxed.
        dish_types: Vec<Text>,
    },
    /// A service charge, by share.
    Service {
        /// Whether each diner may do without it. Their part falls away: the others do not pay more.
        optional: bool,
    },
    /// A tip of the whole table.
    Tip {
        /// How it is divided.
        by: Basis,
    },
    /// A discount, at most what it is on.
    Discount {
        /// The item that it is on; of none, it is on the order, by share.
        item: Option<ItemId>,
    },
    /// A fee, such as for delivery.
    Fee {
        /// How it is divided.
        by: Basis,
    },
}

impl ChargeKind {
    /// The kind's name in the protocol.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Tax { .. } => "tax",
            Self::Service { .. } => "service",
            Self::Tip { .. } => "tip",
            Self::Discount { .. } => "discount",
            Self::Fee { .. } => "fee",
        }
    }
}
