//! From a split rule to the proportions in which a bill is divided.

use std::collections::BTreeMap;

use super::rule::{CustomShares, Rest, SplitRule};
use super::share_number::Percentage;
use crate::value::{Amount, ParticipantId};

/// The people of a bill as rows.
pub(crate) struct People<'bill> {
    /// How many rows there are for people. The row after them is for what is unassigned.
    pub(crate) rows: usize,
    /// The rows of those on the bill.
    pub(crate) on_bill: &'bill [usize],
    /// Finds the row of somebody on the bill.
    pub(crate) row_of: &'bill dyn Fn(&ParticipantId) -> Option<usize>,
}

/// How the dishes are divided among the rows.
pub(crate) enum StatedRule {
    /// Each dish is divided among the people who claim it.
    Claims,
    /// All dishes are divided by the same weights.
    Alike(Vec<(usize, i128)>),
}

/// Who pays how much of every dish. Rows are the people and, after them, what is unassigned.
pub(crate) struct Terms {
    pub(crate) rule: StatedRule,
    /// By row: the row that pays for it.
    pub(crate) payers: Vec<usize>,
    /// How many heads each row pays for.
    pub(crate) heads: Vec<(usize, i64)>,
    /// Agreed amounts that there is no dish to divide over.
    pub(crate) agreed: Option<Vec<(usize, i64)>>,
}

impl SplitRule {
    /// The rule's terms for dishes of this total.
    pub(crate) fn terms(&self, total: Amount, people: &People<'_>) -> Terms {
        let &People { rows, on_bill, row_of } = people;
        let each = || on_bill.iter().map(|&row| (row, 1_i128));
        let all_heads = || on_bill.iter().map(|&row| (row, 1)).collect::<Vec<(usize, i64)>>();
        let total = i128::from(total.minor_units());
        match self {
            Self::Equal | Self::Custom(None) => Terms::alike(each().collect()).heads(all_heads()),
            Self::Itemized => Terms::of(StatedRule::Claims).heads(all_heads()),
            Self::Custom(Some(CustomShares::Amounts(amounts))) => {
                let agreed = on_rows(amounts, row_of, |amount| i128::from(amount.minor_units()));
                let heads = paying(&agreed);
                // If all agreed amounts are zero, everybody still pays a part of a fee.
                let nothing = amounts.values().all(|&amount| amount == Amount::ZERO);
                let heads = if nothing { all_heads() } else { heads };
                Terms::agreed(agreed, total, 1, rows).heads(heads)
            }
            Self::Custom(Some(CustomShares::Percentages(parts))) => {
                let parts = on_rows(parts, row_of, |part| i128::from(part.millionths()));
                let whole = i128::from(Percentage::HUNDRED.millionths());
                let heads = paying(&parts);
                Terms::alike(and_unassigned(parts, whole, rows)).heads(heads)
            }
            Self::Custom(Some(CustomShares::Weights(weights))) => {
                let weights = on_rows(weights, row_of, |weight| i128::from(weight.millionths()));
                let heads = paying(&weights);
                Terms::alike(weights).heads(heads)
            }
            Self::Adjusted(adjustments) => {
                let people = i128::try_from(on_bill.len()).unwrap_or_default();
                let all = i128::from(sum(adjustments.values().copied()).minor_units());
                // Should they come to more than there is, the unassigned part makes up for it.
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
                    // The payer is gone: this part is unassigned until the table sets another rule.
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
}

impl Terms {
    fn of(rule: StatedRule) -> Self {
        Self { rule, payers: Vec::new(), heads: Vec::new(), agreed: None }
    }

    fn alike(weights: Vec<(usize, i128)>) -> Self {
        Self::of(StatedRule::Alike(weights))
    }

    /// So much for each row, in units of `1 / scale`; what is left of `total` is unassigned.
    fn agreed(shares: Vec<(usize, i128)>, total: i128, scale: i128, rows: usize) -> Self {
        let whole = total.saturating_mul(scale);
        if total != 0 {
            return Self::alike(and_unassigned(shares, whole, rows));
        }
        let scale = scale.max(1);
        let units = |share: i128| share.checked_div(scale).and_then(|share| i64::try_from(share).ok());
        let agreed = and_unassigned(shares, whole, rows)
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

/// Adds the row of what is unassigned, with what the others leave of `whole`.
fn and_unassigned(mut shares: Vec<(usize, i128)>, whole: i128, rows: usize) -> Vec<(usize, i128)> {
    let given = shares.iter().fold(0_i128, |sum, (_, share)| sum.saturating_add(*share));
    shares.push((rows, whole.saturating_sub(given)));
    shares
}

/// The rows that pay anything, as one head each.
fn paying(shares: &[(usize, i128)]) -> Vec<(usize, i64)> {
    shares.iter().filter(|(_, share)| *share != 0).map(|&(row, _)| (row, 1)).collect()
}

fn sum(amounts: impl Iterator<Item = Amount>) -> Amount {
    // Each is far below the range of an amount.
    Amount::checked_sum(amounts).unwrap_or_default()
}
