//! The stored form of the rule by which the bill is shared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fact::StoredFact;
use super::version::StoredError;
use crate::split::{CustomShares, Percentage, Rest, SplitRule, Weight};
use crate::{Amount, ParticipantId};

/// A split rule. Shares are lists of pairs, so that nothing a client chose becomes a key of the
/// document: some JSON readers give certain keys a meaning.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoredSplit {
    Equal,
    Itemized,
    Custom,
    /// Minor units, by person.
    Amounts(Vec<(String, i64)>),
    /// Millionths of a percent, by person.
    Percentages(Vec<(String, u64)>),
    /// Weights in millionths.
    Weights(Vec<(String, u64)>),
    /// Extra minor units, by person.
    Adjusted(Vec<(String, i64)>),
    /// Who is covered, and by whom.
    Cover {
        covers: Vec<(String, String)>,
        by_dishes: bool,
    },
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredSplitUpdated {
    split: StoredSplit,
}

pub(super) fn store(split: &SplitRule) -> StoredFact {
    StoredFact::SplitUpdated(StoredSplitUpdated { split: split.into() })
}

impl StoredSplitUpdated {
    pub(super) fn read(self) -> Result<SplitRule, StoredError> {
        self.split.try_into()
    }
}

impl From<&SplitRule> for StoredSplit {
    fn from(split: &SplitRule) -> Self {
        match split {
            SplitRule::Equal => Self::Equal,
            SplitRule::Itemized => Self::Itemized,
            SplitRule::Custom(None) => Self::Custom,
            SplitRule::Custom(Some(CustomShares::Amounts(amounts))) => {
                Self::Amounts(by_participant(amounts, |amount| amount.minor_units()))
            }
            SplitRule::Custom(Some(CustomShares::Percentages(parts))) => {
                Self::Percentages(by_participant(parts, |part| part.millionths()))
            }
            SplitRule::Custom(Some(CustomShares::Weights(weights))) => {
                Self::Weights(by_participant(weights, |weight| weight.millionths()))
            }
            SplitRule::Adjusted(amounts) => {
                Self::Adjusted(by_participant(amounts, |amount| amount.minor_units()))
            }
            SplitRule::Cover { covers, rest } => Self::Cover {
                covers: by_participant(covers, |payer| payer.as_str().to_owned()),
                by_dishes: *rest == Rest::Itemized,
            },
        }
    }
}

impl TryFrom<StoredSplit> for SplitRule {
    type Error = StoredError;

    fn try_from(split: StoredSplit) -> Result<Self, StoredError> {
        let amount = |units| Some(Amount::from_minor_units(units));
        Ok(match split {
            StoredSplit::Equal => Self::Equal,
            StoredSplit::Itemized => Self::Itemized,
            StoredSplit::Custom => Self::Custom(None),
            StoredSplit::Amounts(amounts) => {
                Self::Custom(Some(CustomShares::Amounts(read_by_participant(amounts, amount)?)))
            }
            StoredSplit::Percentages(parts) => Self::Custom(Some(CustomShares::Percentages(
                read_by_participant(parts, Percentage::from_millionths)?,
            ))),
            StoredSplit::Weights(weights) => Self::Custom(Some(CustomShares::Weights(read_by_participant(
                weights,
                Weight::from_millionths,
            )?))),
            StoredSplit::Adjusted(amounts) => Self::Adjusted(read_by_participant(amounts, amount)?),
            StoredSplit::Cover { covers, by_dishes } => Self::Cover {
                covers: read_by_participant(covers, |payer| Some(ParticipantId::from_stored(&payer)))?,
                rest: if by_dishes { Rest::Itemized } else { Rest::Equal },
            },
        })
    }
}

fn by_participant<T, N>(numbers: &BTreeMap<ParticipantId, T>, number: impl Fn(&T) -> N) -> Vec<(String, N)> {
    numbers.iter().map(|(id, value)| (id.as_str().to_owned(), number(value))).collect()
}

fn read_by_participant<N, T>(
    numbers: Vec<(String, N)>,
    value: impl Fn(N) -> Option<T>,
) -> Result<BTreeMap<ParticipantId, T>, StoredError> {
    numbers
        .into_iter()
        .map(|(id, number)| {
            Ok((ParticipantId::from_stored(&id), value(number).ok_or(StoredError::Damaged("share"))?))
        })
        .collect()
}
