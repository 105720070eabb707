//! The stored form of facts and orders: what a log keeps, for as long as an order is worth keeping.
//!
//! It is JSON of its own, apart from the protocol: amounts are whole minor units, and every document names
//! the version that it was written in. A document of an earlier version is brought up to the current one, one
//! version at a time, before it is read; one of a later version is refused.
//!
//! What was stored is taken as it is, even where today's rules for clients are stricter: an old log gives the
//! same order for ever.

mod charges;
mod fact;
mod order;
mod payments;
mod table;
mod version;

pub use fact::{decode_fact, encode_fact};
pub use order::{
    LogPosition, decode_order, decode_snapshot, decode_without_commands, encode_order, encode_snapshot,
};
pub use version::StoredError;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::split::{CustomShares, Percentage, Rest, SplitRule, Weight};
use crate::value::text::Text;
use crate::{Amount, Currency, ParticipantId};

/// A currency as it was when the order was made: amounts are in its minor units, whatever becomes of the
/// standard.
#[derive(Debug, Serialize, Deserialize)]
struct StoredCurrency {
    code: String,
    minor_digits: u8,
}

impl From<&Currency> for StoredCurrency {
    fn from(currency: &Currency) -> Self {
        Self { code: currency.code().to_owned(), minor_digits: currency.minor_digits() }
    }
}

impl TryFrom<&StoredCurrency> for Currency {
    type Error = StoredError;

    fn try_from(stored: &StoredCurrency) -> Result<Self, StoredError> {
        Self::from_stored(&stored.code, stored.minor_digits).ok_or(StoredError::Damaged("currency"))
    }
}

/// The rule of a split. Shares are lists of pairs: nothing that a client chose is ever a key of the document,
/// where some of what reads JSON would give it a meaning.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredSplit {
    Equal,
    Itemized,
    Custom,
    /// Minor units of each.
    Amounts(Vec<(String, i64)>),
    /// Millionths of a percent of each.
    Percentages(Vec<(String, u64)>),
    /// Millionths of a weight of each.
    Weights(Vec<(String, u64)>),
    /// Minor units more of each.
    Adjusted(Vec<(String, i64)>),
    /// Who is covered, and by whom.
    Cover {
        covers: Vec<(String, String)>,
        by_dishes: bool,
    },
}

impl From<&SplitRule> for StoredSplit {
    fn from(split: &SplitRule) -> Self {
        match split {
            SplitRule::Equal => Self::Equal,
            SplitRule::Itemized => Self::Itemized,
            SplitRule::Custom(None) => Self::Custom,
            SplitRule::Custom(Some(CustomShares::Amounts(amounts))) => {
                Self::Amounts(stored(amounts, |amount| amount.minor_units()))
            }
            SplitRule::Custom(Some(CustomShares::Percentages(parts))) => {
                Self::Percentages(stored(parts, |part| part.millionths()))
            }
            SplitRule::Custom(Some(CustomShares::Weights(weights))) => {
                Self::Weights(stored(weights, |weight| weight.millionths()))
            }
            SplitRule::Adjusted(amounts) => Self::Adjusted(stored(amounts, |amount| amount.minor_units())),
            SplitRule::Cover { covers, rest } => Self::Cover {
                covers: stored(covers, |payer| payer.as_str().to_owned()),
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
                Self::Custom(Some(CustomShares::Amounts(read(amounts, amount)?)))
            }
            StoredSplit::Percentages(parts) => {
                Self::Custom(Some(CustomShares::Percentages(read(parts, Percentage::from_millionths)?)))
            }
            StoredSplit::Weights(weights) => {
                Self::Custom(Some(CustomShares::Weights(read(weights, Weight::from_millionths)?)))
            }
            StoredSplit::Adjusted(amounts) => Self::Adjusted(read(amounts, amount)?),
            StoredSplit::Cover { covers, by_dishes } => Self::Cover {
                covers: read(covers, |payer| Some(ParticipantId::from_stored(&payer)))?,
                rest: if by_dishes { Rest::Itemized } else { Rest::Equal },
            },
        })
    }
}

fn stored<T, N>(numbers: &BTreeMap<ParticipantId, T>, number: impl Fn(&T) -> N) -> Vec<(String, N)> {
    numbers.iter().map(|(id, value)| (id.as_str().to_owned(), number(value))).collect()
}

fn read<N, T>(
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

fn read_weight(millionths: u64) -> Result<Weight, StoredError> {
    Weight::from_millionths(millionths).ok_or(StoredError::Damaged("weight"))
}

fn owned(text: &Text) -> String {
    text.as_str().to_owned()
}
