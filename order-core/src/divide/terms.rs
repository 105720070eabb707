//! From a rule to the proportions in which a bill is divided.

use std::collections::BTreeMap;

use super::custom::{CustomShares, Percentage};
use super::rule::{Rest, SplitRule};
use super::statement::StatedRule;
use crate::rejection::{Code, Rejection};
use crate::{Amount, Currency, ParticipantId};

/// Who pays how much of every dish. Rows are the people on the bill and, after them, nobody.
pub(crate) struct Terms {
    pub(crate) rule: StatedRule,
    /// By row: who pays for it.
    pub(crate) payers: Vec<usize>,
    /// How many heads each row pays for.
    pub(crate) heads: Vec<(usize, i64)>,
    /// Amounts that were agreed on, where there is no dish to divide them over.
    pub(crate) agreed: Option<Vec<(usize, i64)>>,
}

impl SplitRule {
    /// The rule's terms for dishes of this total and `rows` people, of whom `row_of` finds those on the bill.
    pub(crate) fn terms(
        &self,
        total: Amount,
        rows: usize,
        on_bill: &[usize],
        row_of: &dyn Fn(&ParticipantId) -> Option<usize>,
    ) -> Terms {
        let each = || on_bill.iter().map(|&row| (row, 1_i128));
        let all_heads = || on_bill.iter().map(|&row| (row, 1)).collect::<Vec<(usize, i64)>>();
        let total = i128::from(total.minor_units());
        match self {
            Self::Equal | Self::Custom(None) => Terms::alike(each().collect()).heads(all_heads()),
            Self::Itemized => Terms::of(StatedRule::Claims).heads(all_heads()),
            Self::Custom(Some(CustomShares::Amounts(amounts))) => {
                let agreed = on_rows(amounts, row_of, |amount| i128::from(amount.minor_units()));
                let heads = paying(&agreed);
                // Where all agreed on nothing, a fee is still for everybody.
                let nothing = amounts.values().all(|&amount| amount == Amount::ZERO);
                let heads = if nothing { all_heads() } else { heads };
                Terms::agreed(agreed, total, 1, rows).heads(heads)
            }
            Self::Custom(Some(CustomShares::Percentages(parts))) => {
                let parts = on_rows(parts, row_of, |part| i128::from(part.millionths()));
                let whole = i128::from(Percentage::HUNDRED.millionths());
                let heads = paying(&parts);
                Terms::alike(and_nobody(parts, whole, rows)).heads(heads)
            }
            Self::Custom(Some(CustomShares::Weights(weights))) => {
                let weights = on_rows(weights, row_of, |weight| i128::from(weight.millionths()));
                let heads = paying(&weights);
                Terms::alike(weights).heads(heads)
            }
            Self::Adjusted(adjustments) => {
                let people = i128::try_from(on_bill.len()).unwrap_or_default();
                let all = i128::from(sum(adjustments.values().copied()).minor_units());
                // Should they come to more than there is, nobody's share makes up for it.
                let rest = if (all > total) == (total >= 0) { 0 } else { total.saturating_sub(all) };
                let extra = on_rows(adjustments, row_of, |amount| i128::from(amount.minor_units()));
                let shares = each()
                    .map(|(row, _)| {
                        let own = extra.iter().find(|(other, _)| *other == row).map_or(0, |(_, own)| *own);
                        (row, own.saturating_mul(people).saturating_add(rest))
                    })
                    .collect();
                Terms::agreed(shares, total, people, rows).heads(all_heads())
            }
            Self::Cover { covers, rest } => {
                let mut payers: Vec<usize> = (0..rows).collect();
                for (covered, payer) in covers {
                    // Whoever should pay is gone: until the table agrees anew, nobody does.
                    let payer = row_of(payer).unwrap_or(rows);
                    if let Some(slot) = row_of(covered).and_then(|row| payers.get_mut(row)) {
                        *slot = payer;
                    }
                }
                let mut heads: BTreeMap<usize, i64> = BTreeMap::new();
                for row in on_bill {
                    let head = heads.entry(payers.get(*row).copied().unwrap_or(*row)).or_default();
                    *head = head.saturating_add(1);
                }
                let heads: Vec<_> = heads.into_iter().collect();
                let rule = match rest {
                    Rest::Equal => StatedRule::Alike(
                        heads.iter().map(|&(row, heads)| (row, i128::from(heads))).collect(),
                    ),
                    Rest::Itemized => StatedRule::Claims,
                };
                Terms { rule, payers, heads, agreed: None }
            }
        }
    }

    /// Whether dishes of this total can be shared so by those of whom `knows` is true.
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
                let decimal = super::custom::to_decimal;
                Err(Rejection::new(Code::BadSplit)
                    .field("data.percentages")
                    .because(format!(
                        "they add up to {}, {} {clause}",
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
                    .because("all of them are 0")
                    .expected("at least one weight above 0"))
            }
            Self::Adjusted(adjustments) => {
                named(adjustments.keys(), knows)?;
                same_sign(adjustments, total, "data.adjustments")?;
                let rest = total.checked_sub(sum(adjustments.values().copied())).unwrap_or_default();
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
                        .because("somebody who pays for another is covered as well")
                        .expected("payers who are not covered themselves")),
                }
            }
        }
    }
}

impl Terms {
    fn of(rule: StatedRule) -> Self {
        Self { rule, payers: Vec::new(), heads: Vec::new(), agreed: None }
    }

    fn alike(weights: Vec<(usize, i128)>) -> Self {
        Self::of(StatedRule::Alike(weights))
    }

    /// So much for each row, in units of `1 / scale`; what is left of `total` is nobody's.
    fn agreed(shares: Vec<(usize, i128)>, total: i128, scale: i128, rows: usize) -> Self {
        let whole = total.saturating_mul(scale);
        if total != 0 {
            return Self::alike(and_nobody(shares, whole, rows));
        }
        let scale = scale.max(1);
        let units = |share: i128| share.checked_div(scale).and_then(|share| i64::try_from(share).ok());
        let agreed = and_nobody(shares, whole, rows)
            .into_iter()
            .map(|(row, share)| (row, units(share).unwrap_or_default()))
            .collect();
        Self { agreed: Some(agreed), ..Self::alike(Vec::new()) }
    }

    fn heads(self, heads: Vec<(usize, i64)>) -> Self {
        Self { heads, ..self }
    }
}

fn on_rows<T>(
    numbers: &BTreeMap<ParticipantId, T>,
    row_of: &dyn Fn(&ParticipantId) -> Option<usize>,
    value: impl Fn(&T) -> i128,
) -> Vec<(usize, i128)> {
    numbers.iter().filter_map(|(id, number)| Some((row_of(id)?, value(number)))).collect()
}

/// Adds the row of nobody, with what the others leave of `whole`.
fn and_nobody(mut shares: Vec<(usize, i128)>, whole: i128, rows: usize) -> Vec<(usize, i128)> {
    let given = shares.iter().fold(0_i128, |sum, (_, share)| sum.saturating_add(*share));
    shares.push((rows, whole.saturating_sub(given)));
    shares
}

/// Those who pay anything, one head each.
fn paying(shares: &[(usize, i128)]) -> Vec<(usize, i64)> {
    shares.iter().filter(|(_, share)| *share != 0).map(|&(row, _)| (row, 1)).collect()
}

fn sum(amounts: impl Iterator<Item = Amount>) -> Amount {
    // Each is far below the range of an amount.
    Amount::checked_sum(amounts).unwrap_or_default()
}

/// Whether anybody is named, and only people who are on the bill.
fn named<'id>(
    mut ids: impl Iterator<Item = &'id ParticipantId>,
    knows: impl Fn(&ParticipantId) -> bool,
) -> Result<(), Rejection> {
    let Some(first) = ids.next() else {
        return Err(Rejection::new(Code::BadSplit)
            .because("nobody is named")
            .expected("an entry for each who pays"));
    };
    if knows(first) && ids.all(&knows) {
        return Ok(());
    }
    Err(Rejection::new(Code::UnknownParticipant).expected("ids of people on the bill"))
}

/// Nobody is paid out of what the others pay.
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
        ("one of them is above zero", "amounts of 0 or less, as the total is")
    } else {
        ("one of them is negative", "amounts of 0 or more")
    };
    Err(Rejection::new(Code::BadSplit).field(field).because(because).expected(expected))
}

/// A refusal that says by how much shares miss `total`, which is what `what` come to.
pub(crate) fn does_not_cover(
    what: &str,
    total: Amount,
    unallocated: Amount,
    currency: Currency,
) -> Rejection {
    let more = unallocated.is_negative() != total.is_negative();
    let clause = if more { "more than that by" } else { "short of that by" };
    let missing = Amount::from_minor_units(unallocated.minor_units().saturating_abs());
    Rejection::new(Code::Unallocated)
        .because(format!(
            "{what} come to {}, and the shares are {clause} {}",
            total.display(currency),
            missing.display(currency)
        ))
        .unallocated(unallocated, currency)
}
