//! Charges and discounts.

use super::options::ChargeOptions;
use super::share_number::Percentage;
use crate::value::text::Text;
use crate::value::{Amount, ItemId};

/// The maximum number of charges on one bill.
pub const MAX_CHARGES: usize = 32;
/// The maximum number of taxes included in the prices of one bill. Dishes that include
/// different taxes make the exact bill large.
pub const MAX_INCLUSIVE_TAXES: usize = 6;

/// One charge of a bill: a tax, a service charge, a tip, a discount or a fee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The name of its line, such as `CGST`.
    pub name: Text,
    /// What it is, and what it applies to.
    pub kind: ChargeKind,
    /// How much.
    pub value: ChargeValue,
    /// What it is on, and how its amount is rounded.
    pub options: ChargeOptions,
}

impl Charge {
    /// Creates a charge on all dishes after discounts, rounded half up.
    pub fn new(name: Text, kind: ChargeKind, value: ChargeValue) -> Self {
        Self { name, kind, value, options: ChargeOptions::default() }
    }

    /// Whether this is a discount on one dish, which ends with that dish.
    pub(crate) fn is_discount_on(&self, item: &ItemId) -> bool {
        matches!(&self.kind, ChargeKind::Discount { item: Some(on) } if on == item)
    }
}

/// The size of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargeValue {
    /// A percentage of what it applies to, rounded to the minor unit, half up unless its options say otherwise: 2.5 % of
    /// 90.20 is 2.26.
    Percent(Percentage),
    /// A fixed amount.
    Amount(Amount),
}

/// How a charge that belongs to no dish is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Basis {
    /// In proportion to each person's part of the dishes.
    #[default]
    Share,
    /// The same for each person.
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

/// The kind of a charge. In whatever order charges are listed, they are applied in this one:
/// discounts on items, discounts on the order, then everything else, on what the discounts
/// leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChargeKind {
    /// One component of a tax, such as CGST.
    Tax {
        /// Whether prices include it. It is then shown, but adds nothing to the amount due. Of
        /// 105.00 with 5 % included, 5.00 is tax; several taxes included in one price are computed
        /// side by side. Such taxes are, each and together, at most what discounts leave of the
        /// prices that they are in: in listed order, each is cut to what is left.
        inclusive: bool,
        /// The types of dish that it applies to (`veg`); empty: all dishes. If there is no such
        /// dish, the tax is zero. Service charges and fees are taxed only where its options name them, tips never.
        dish_types: Vec<Text>,
    },
    /// A service charge, divided in proportion to the dishes.
    Service {
        /// Whether each diner may do without it. Their part falls away: the others do not pay more.
        optional: bool,
    },
    /// A tip from the whole table.
    Tip {
        /// How it is divided.
        by: Basis,
    },
    /// A discount, at most the price of what it applies to.
    Discount {
        /// The item that it applies to; `None`: the whole order, divided in proportion to the
        /// dishes.
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
