//! What a charge is on, and how its amount is rounded.

use crate::value::text::Text;

/// The name of the dishes in the base of a charge.
pub const DISHES: &str = "dishes";

/// What a charge is on, and how its amount is rounded. By default it is on all dishes after
/// discounts, and the line is rounded half up once for the whole bill.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChargeOptions {
    /// What it is a percentage of, and in proportion to what it is divided.
    pub on: ChargeBase,
    /// How a percentage is rounded to the minor unit.
    pub rounding: AmountRounding,
    /// What is rounded: the line, or the part of each dish.
    pub per: RoundedPer,
}

impl ChargeOptions {
    /// Whether nothing differs from the defaults.
    pub fn is_default(&self) -> bool {
        self.on.is_default() && self.rounding == AmountRounding::HalfUp && self.per == RoundedPer::Invoice
    }
}

/// What a charge is on: dishes, and lines of services and fees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeBase {
    /// Whether the dishes belong to it. The `dish_types` of a tax say which.
    pub dishes: bool,
    /// The names of services and fees of the same bill that belong to it.
    pub charges: Vec<Text>,
    /// Whether the dishes count at what discounts leave of them.
    pub discounts: Discounts,
}

impl Default for ChargeBase {
    fn default() -> Self {
        Self { dishes: true, charges: Vec::new(), discounts: Discounts::After }
    }
}

impl ChargeBase {
    /// Whether it is the dishes after discounts.
    pub fn is_default(&self) -> bool {
        self.is_dishes() && self.discounts == Discounts::After
    }

    /// Whether it is the dishes and nothing else.
    pub(crate) fn is_dishes(&self) -> bool {
        self.dishes && self.charges.is_empty()
    }

    /// The names of its parts in the protocol.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.dishes.then_some(DISHES).into_iter().chain(self.charges.iter().map(Text::as_str))
    }
}

/// At which price dishes count in the base of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Discounts {
    /// At what discounts leave of it.
    #[default]
    After,
    /// At the price before all discounts.
    Before,
}

impl Discounts {
    /// Finds the choice with this name in the protocol.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::After, Self::Before].into_iter().find(|choice| choice.as_str() == name)
    }

    /// The choice's name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::After => "after",
            Self::Before => "before",
        }
    }
}

/// How a percentage is rounded to the minor unit. A refund mirrors the bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum AmountRounding {
    /// To the nearest unit, halves away from zero: 2.5 is 3.
    #[default]
    HalfUp,
    /// To the nearest unit, halves to the even one: 2.5 is 2, and 3.5 is 4.
    HalfEven,
    /// Towards zero: 2.9 is 2.
    Down,
}

impl AmountRounding {
    /// Finds the rounding with this name in the protocol.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::HalfUp, Self::HalfEven, Self::Down].into_iter().find(|rounding| rounding.as_str() == name)
    }

    /// The rounding's name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HalfUp => "half_up",
            Self::HalfEven => "half_even",
            Self::Down => "down",
        }
    }
}

/// What of a tax is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum RoundedPer {
    /// The tax of the whole bill, once.
    #[default]
    Invoice,
    /// The tax of each dish, and of each charge that it is on. The line is their sum.
    Line,
}

impl RoundedPer {
    /// Finds the choice with this name in the protocol.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Invoice, Self::Line].into_iter().find(|choice| choice.as_str() == name)
    }

    /// The choice's name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Line => "line",
        }
    }
}
