//! Rules by which a bill is shared.

use std::collections::BTreeMap;

use super::share_number::{Percentage, Weight};
use crate::value::{Amount, ParticipantId};

/// The rule by which an order's total is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SplitRule {
    /// All people on the bill pay the same: 100.00 among three is 33.34, 33.33 and 33.33.
    Equal,
    /// Everybody pays for their own dishes, and for their part of the dishes that they share.
    Itemized,
    /// Amounts, percentages or weights that the table agreed on. Until some are set, as
    /// [`SplitRule::Equal`].
    Custom(Option<CustomShares>),
    /// Some pay an extra amount, the rest is shared equally: 100.00 among two, of whom one had wine
    /// for 20.00, is 60.00 and 40.00.
    Adjusted(BTreeMap<ParticipantId, Amount>),
    /// Some pay for others as well: 100.00 among three, of whom one covers another, is 66.67 and 33.33.
    Cover {
        /// Who is covered, and by whom.
        covers: BTreeMap<ParticipantId, ParticipantId>,
        /// How the bill is shared before some take over the shares of others.
        rest: Rest,
    },
}

/// Shares that a table agreed on. A person who is not named pays nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomShares {
    /// Fixed amounts: `{asha: 120.00, ben: 80.00}`.
    Amounts(BTreeMap<ParticipantId, Amount>),
    /// Parts of a hundred: `{asha: 60, ben: 40}` of 200.00 is 120.00 and 80.00.
    Percentages(BTreeMap<ParticipantId, Percentage>),
    /// Parts of whatever they sum to: `{asha: 3, ben: 2}` of 200.00 is 120.00 and 80.00.
    Weights(BTreeMap<ParticipantId, Weight>),
}

/// How a bill is shared before some take over the shares of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rest {
    /// As [`SplitRule::Equal`].
    Equal,
    /// As [`SplitRule::Itemized`].
    Itemized,
}

impl Rest {
    /// The rule's name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Itemized => "itemized",
        }
    }
}

impl SplitRule {
    /// The rule's name for clients that know `equal`, `itemized` and `custom` only.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Itemized => "itemized",
            Self::Custom(_) | Self::Adjusted(_) | Self::Cover { .. } => "custom",
        }
    }

    /// The rule's own name in the protocol.
    pub fn mode(&self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Itemized => "itemized",
            Self::Custom(_) => "custom",
            Self::Adjusted(_) => "adjustments",
            Self::Cover { .. } => "cover",
        }
    }
}
