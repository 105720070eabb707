//! Decides the rule by which the bill is shared.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::amounts::{amount_up_to, bad_amount};
use super::rights::{may_settle, present};
use crate::command::{AgreedShares, UpdateSplit};
use crate::fact::Fact;
use crate::order::Order;
use crate::rejection::{Code, Rejection};
use crate::split::{CustomShares, Percentage, SHARE_DECIMALS, ShareNumberError, SplitRule, Weight, shares};
use crate::{Actor, Amount, ParticipantId, max_order_total};

/// Decides a command to share the bill by another rule; `None`: it is shared by that rule already.
pub(super) fn decide(order: &Order, actor: &Actor, update: &UpdateSplit) -> Result<Option<Fact>, Rejection> {
    may_settle(order, present(order, actor)?)?;
    let rule = self::update(order, update)?;
    Ok((rule != order.split).then_some(Fact::Split(rule)))
}

fn update(order: &Order, update: &UpdateSplit) -> Result<SplitRule, Rejection> {
    let rule = match update {
        UpdateSplit::Equal => SplitRule::Equal,
        UpdateSplit::Itemized => SplitRule::Itemized,
        UpdateSplit::Custom(Some(agreed)) => SplitRule::Custom(Some(read_agreed(order, agreed)?)),
        // Agreed shares stay as they are, even if they no longer cover the total.
        UpdateSplit::Custom(None) => {
            return Ok(match &order.split {
                // Clients that know three rules see all of these as custom.
                SplitRule::Custom(_) | SplitRule::Adjusted(_) | SplitRule::Cover { .. } => {
                    order.split.clone()
                }
                SplitRule::Equal | SplitRule::Itemized => SplitRule::Custom(None),
            });
        }
        UpdateSplit::Adjusted(adjustments) => {
            SplitRule::Adjusted(amounts(order, "data.adjustments", adjustments)?)
        }
        UpdateSplit::Cover { covers, rest } => SplitRule::Cover { covers: covers.clone(), rest: *rest },
    };
    let shares = shares(order);
    rule.check(order.total, order.currency, |id| shares.of(id).is_some())?;
    Ok(rule)
}

fn read_agreed(order: &Order, agreed: &AgreedShares) -> Result<CustomShares, Rejection> {
    Ok(match agreed {
        AgreedShares::Amounts(numbers) => CustomShares::Amounts(amounts(order, "data.amounts", numbers)?),
        AgreedShares::Percentages(numbers) => {
            let expected = format!("numbers from 0 to 100 with at most {SHARE_DECIMALS} decimals");
            CustomShares::Percentages(
                each(numbers, Percentage::from_decimal)
                    .map_err(|error| bad_number("data.percentages", error, expected))?,
            )
        }
        AgreedShares::Weights(numbers) => CustomShares::Weights(
            each(numbers, Weight::from_decimal)
                .map_err(|error| bad_number("data.weights", error, expected_weight()))?,
        ),
    })
}

/// What a weight should be.
pub(super) fn expected_weight() -> String {
    format!("numbers from 0 to 1000000 with at most {SHARE_DECIMALS} decimals")
}

pub(super) fn bad_number(field: &'static str, error: ShareNumberError, expected: String) -> Rejection {
    Rejection::new(Code::BadSplit).field(field).because(error.to_string()).expected(expected)
}

fn amounts(
    order: &Order,
    field: &'static str,
    numbers: &BTreeMap<ParticipantId, Decimal>,
) -> Result<BTreeMap<ParticipantId, Amount>, Rejection> {
    let max = max_order_total(order.currency);
    each(numbers, |number| amount_up_to(number, max, order.currency))
        .map_err(|error| bad_amount(order.currency, Code::BadSplit, field, error))
}

fn each<T, E>(
    numbers: &BTreeMap<ParticipantId, Decimal>,
    read: impl Fn(Decimal) -> Result<T, E>,
) -> Result<BTreeMap<ParticipantId, T>, E> {
    numbers.iter().map(|(id, &number)| Ok((id.clone(), read(number)?))).collect()
}
