//! Checks that a split rule covers what it shares.

use std::collections::BTreeMap;

use super::unknown_participant;
use crate::divide::{CustomShares, Percentage, SplitRule, decimal_of_millionths};
use crate::rejection::{Code, Rejection};
use crate::{Amount, Currency, ParticipantId};

impl SplitRule {
    /// Checks that dishes of this total can be shared so by those of whom `knows` is true.
    pub(crate) fn check(
        &self,
        total: Amount,
        currency: Currency,
        knows: impl Fn(&ParticipantId) -> bool,
    ) -> Result<(), Rejection> {
        match self {
            Self::Equal | Self::Itemized | Self::Custom(None) => Ok(()),
            Self::Custom(Some(CustomShares::Amounts(amounts))) => {
                named(amounts.keys(), knows)?;
                same_sign(amounts, total, "data.amounts")?;
                let unallocated = amounts
                    .values()
                    .try_fold(total, |rest, &amount| rest.checked_sub(amount))
                    .ok_or(Code::TotalTooLarge)?;
                match unallocated {
                    Amount::ZERO => Ok(()),
                    unallocated => {
                        Err(does_not_cover("the dishes", total, unallocated, currency).field("data.amounts"))
                    }
                }
            }
            Self::Custom(Some(CustomShares::Percentages(parts))) => {
                named(parts.keys(), knows)?;
                let sum: u64 = parts.values().fold(0, |sum, part| sum.saturating_add(part.millionths()));
                let hundred = Percentage::HUNDRED.millionths();
                if sum == hundred {
                    return Ok(());
                }
                let clause = if sum < hundred { "short of 100" } else { "more than 100" };
                let decimal = decimal_of_millionths;
                Err(Rejection::new(Code::BadSplit)
                    .field("data.percentages")
                    .because(format!(
                        "the percentages add up to {}, {} {clause}",
                        decimal(sum),
                        decimal(sum.abs_diff(hundred))
                    ))
                    .expected("percentages that add up to exactly 100"))
            }
            Self::Custom(Some(CustomShares::Weights(weights))) => {
                named(weights.keys(), knows)?;
                if weights.values().any(|weight| weight.millionths() > 0) {
                    return Ok(());
                }
                Err(Rejection::new(Code::BadSplit)
                    .field("data.weights")
                    .because("all weights are 0")
                    .expected("at least one weight above 0"))
            }
            Self::Adjusted(adjustments) => {
                named(adjustments.keys(), knows)?;
                same_sign(adjustments, total, "data.adjustments")?;
                // Each is far below the range of an amount.
                let agreed = Amount::checked_sum(adjustments.values().copied()).unwrap_or_default();
                let rest = total.checked_sub(agreed).unwrap_or_default();
                if rest == Amount::ZERO || rest.is_negative() == total.is_negative() {
                    return Ok(());
                }
                Err(does_not_cover("the dishes", total, rest, currency).field("data.adjustments"))
            }
            Self::Cover { covers, .. } => {
                named(covers.keys().chain(covers.values()), knows)?;
                match covers.values().find(|payer| covers.contains_key(payer)) {
                    None => Ok(()),
                    Some(_) => Err(Rejection::new(Code::ConflictingClaims)
                        .field("data.covers")
                        .because("somebody who pays for others is also covered")
                        .expected("payers who are not covered themselves")),
                }
            }
        }
    }
}

/// Checks that somebody is named, and only people who are on the bill.
fn named<'id>(
    mut ids: impl Iterator<Item = &'id ParticipantId>,
    knows: impl Fn(&ParticipantId) -> bool,
) -> Result<(), Rejection> {
    let Some(first) = ids.next() else {
        return Err(Rejection::new(Code::BadSplit)
            .because("nobody is named")
            .expected("an entry for each person who pays"));
    };
    if knows(first) && ids.all(&knows) {
        return Ok(());
    }
    Err(unknown_participant())
}

/// Checks that no amount has the other sign than the total: no one is paid out of what the others pay.
fn same_sign(
    amounts: &BTreeMap<ParticipantId, Amount>,
    total: Amount,
    field: &'static str,
) -> Result<(), Rejection> {
    let refund = total.is_negative();
    if amounts.values().all(|&amount| amount == Amount::ZERO || amount.is_negative() == refund) {
        return Ok(());
    }
    let (because, expected) = if refund {
        ("an amount is above 0", "amounts of 0 or less, as the total is negative")
    } else {
        ("an amount is negative", "amounts of 0 or more")
    };
    Err(Rejection::new(Code::BadSplit).field(field).because(because).expected(expected))
}

/// Rejects shares that miss `total`, which is the total of `what`.
pub(crate) fn does_not_cover(
    what: &str,
    total: Amount,
    unallocated: Amount,
    currency: Currency,
) -> Rejection {
    let more = unallocated.is_negative() != total.is_negative();
    let clause = if more { "too high by" } else { "too low by" };
    let missing = Amount::from_minor_units(unallocated.minor_units().saturating_abs());
    Rejection::new(Code::Unallocated)
        .because(format!(
            "{what} come to {}, and the shares are {clause} {}",
            total.display(currency),
            missing.display(currency)
        ))
        .unallocated(unallocated, currency)
}
