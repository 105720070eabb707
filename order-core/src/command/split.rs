//! Commands about the rule by which the bill is shared.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::ParticipantId;
use crate::split::Rest;

/// The new rule by which the bill is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateSplit {
    /// Everybody pays the same.
    Equal,
    /// Everybody pays for their own dishes.
    Itemized,
    /// Agreed shares. `None` keeps the custom shares that are set; if there are none, all pay the
    /// same.
    Custom(Option<AgreedShares>),
    /// Some pay extra amounts, in whole units; the rest is shared equally.
    Adjusted(BTreeMap<ParticipantId, Decimal>),
    /// Some pay for others as well.
    Cover {
        /// Who is covered, and by whom.
        covers: BTreeMap<ParticipantId, ParticipantId>,
        /// How the bill is shared before that.
        rest: Rest,
    },
}

/// The shares that the table agreed on, in the client's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgreedShares {
    /// Amounts in whole units, which add up to the total.
    Amounts(BTreeMap<ParticipantId, Decimal>),
    /// Percentages, which add up to 100.
    Percentages(BTreeMap<ParticipantId, Decimal>),
    /// Weights, at least one of them above zero.
    Weights(BTreeMap<ParticipantId, Decimal>),
}
