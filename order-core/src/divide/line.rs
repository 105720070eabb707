//! Lines of a bill.

use std::sync::LazyLock;

use super::charge::{Charge, ChargeKind};
use crate::value::Amount;
use crate::value::text::Text;

/// Names of lines without a name of their own. Made once: a full state names the same line for each person.
static DISHES: LazyLock<Text> = LazyLock::new(|| Text::from_stored("Dishes"));
static OWN_TIP: LazyLock<Text> = LazyLock::new(|| Text::from_stored("Tip"));
static ROUND_OFF: LazyLock<Text> = LazyLock::new(|| Text::from_stored("Round-off"));

/// The kind of a bill's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineKind {
    /// A dish.
    Dish,
    /// All dishes together.
    Dishes,
    /// One component of a tax.
    Tax,
    /// A service charge.
    Service,
    /// A tip.
    Tip,
    /// A discount: below zero.
    Discount,
    /// A fee.
    Fee,
    /// The rounding of the bill to the smallest coin.
    RoundOff,
}

impl LineKind {
    /// The kind's name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dish => "dish",
            Self::Dishes => "dishes",
            Self::Tax => "tax",
            Self::Service => "service",
            Self::Tip => "tip",
            Self::Discount => "discount",
            Self::Fee => "fee",
            Self::RoundOff => "round_off",
        }
    }
}

impl From<&ChargeKind> for LineKind {
    fn from(kind: &ChargeKind) -> Self {
        match kind {
            ChargeKind::Tax { .. } => Self::Tax,
            ChargeKind::Service { .. } => Self::Service,
            ChargeKind::Tip { .. } => Self::Tip,
            ChargeKind::Discount { .. } => Self::Discount,
            ChargeKind::Fee { .. } => Self::Fee,
        }
    }
}

/// A line of a bill, or somebody's part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    name: Text,
    kind: LineKind,
    amount: Amount,
}

impl Line {
    pub(crate) fn new(name: Text, kind: LineKind, amount: Amount) -> Self {
        Self { name, kind, amount }
    }

    /// Creates the line for all dishes together.
    pub(crate) fn dishes(amount: Amount) -> Self {
        Self::new(DISHES.clone(), LineKind::Dishes, amount)
    }

    /// The dish's id, or the charge's name.
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// The line's kind.
    pub fn kind(&self) -> LineKind {
        self.kind
    }

    /// Its amount.
    pub fn amount(&self) -> Amount {
        self.amount
    }
}

/// What a line of the matrix is, before it has a name. Numbers are places: of a dish, of a charge, of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Dish(usize),
    /// All dishes together.
    Dishes,
    Charge(usize),
    OwnTip(usize),
    RoundOff,
}

impl Label {
    /// Where the line stands on a bill; equal for lines that keep their order.
    pub(crate) fn place(self) -> (usize, usize) {
        match self {
            Self::Dishes => (0, 0),
            Self::Dish(place) => (1, place),
            Self::Charge(place) => (2, place),
            Self::OwnTip(_) => (3, 0),
            Self::RoundOff => (4, 0),
        }
    }

    /// The line's name and kind. `dish` names a dish, if dishes are lines of their own.
    pub(crate) fn name(
        self,
        charges: &[Charge],
        dish: impl FnOnce(usize) -> Option<Text>,
    ) -> Option<(Text, LineKind)> {
        match self {
            Self::Dish(place) => dish(place).map(|name| (name, LineKind::Dish)),
            Self::Dishes => Some((DISHES.clone(), LineKind::Dishes)),
            Self::Charge(place) => {
                charges.get(place).map(|charge| (charge.name.clone(), LineKind::from(&charge.kind)))
            }
            Self::OwnTip(_) => Some((OWN_TIP.clone(), LineKind::Tip)),
            Self::RoundOff => Some((ROUND_OFF.clone(), LineKind::RoundOff)),
        }
    }
}
