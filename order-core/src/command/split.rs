//! Commands about the rule by which the bill is shared.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::ParticipantId;
use crate::split::Rest;

/// The rule by which to share from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateSplit {
    /// Everybody the same.
    Equal,
    /// Each what they added.
    Itemized,
    /// As agreed. With nothing given, the shares of a split that is custom already stand; else equally.
    Custom(Option<AgreedShares>),
    /// So much more for some, in whole units, the rest equally.
    Adjusted(BTreeMap<ParticipantId, Decimal>),
    /// Some pay for others as well.
    Cover {
        /// Who is covered, and by whom.
        covers: BTreeMap<ParticipantId, ParticipantId>,
        /// How all is shared before that.
        rest: Rest,
    },
}

/// What was agreed, in the client's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgreedShares {
    /// Amounts in whole units, which add up to the total.
    Amounts(BTreeMap<ParticipantId, Decimal>),
    /// Percentages, which add up to 100.
    Percentages(BTreeMap<ParticipantId, Decimal>),
    /// Weights, at least one of them above zero.
    Weights(BTreeMap<ParticipantId, Decimal>),
}
