//! Decides corrections of a bill that is final: a dish that never came, or was wrong, is taken off.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::dishes::find;
use super::rights::{may_revise, not_archived, present};
use crate::commit::commit;
use crate::fact::{DishFact, Fact, ItemCorrected, Recorded};
use crate::order::{Order, Status};
use crate::rejection::{Code, Rejection};
use crate::split::{Claim, CustomShares, SplitRule, TieRank, apportion, does_not_cover, shares};
use crate::value::text::Text;
use crate::{Actor, Amount, Item, ItemId, MAX_CORRECTED_CLAIMS, MAX_CORRECTIONS, ParticipantId, Quantity};

/// What to do where a correction would leave a bill that cannot stand.
const REOPEN: &str =
    "reopen, to change the charges or the shares first; or refund_payment with \"due\": false";

/// Decides how many pieces of a dish came. `None`: as many as are on the bill.
pub(super) fn correct(
    order: &Order,
    actor: &Actor,
    item: &ItemId,
    reason: &Text,
    quantity: Decimal,
) -> Result<Option<Fact>, Rejection> {
    not_archived(order)?;
    if let (Status::Active, Actor::Participant(_)) = (order.status, actor) {
        present(order, actor)?;
        return Err(Rejection::new(Code::NotFinalized).expected("remove_item or update_quantity"));
    }
    may_revise(order, actor)?;
    let line = find(order, item)?;
    let Some(quantity) = fewer(line, quantity)? else { return Ok(None) };
    has_room(order, line)?;
    let corrected = |split| ItemCorrected {
        item: item.clone(),
        quantity: quantity.came(),
        reason: reason.clone(),
        split,
    };
    if order.status != Status::Finalized {
        return Ok(Some(fact(corrected(None))));
    }
    let total = order.total.checked_sub(quantity.taken_off(line)).unwrap_or_default();
    let corrected = fact(corrected(fitting_split(order, total)));
    check_bill_still_stands(order, actor, &corrected)?;
    Ok(Some(corrected))
}

fn fact(corrected: ItemCorrected) -> Fact {
    Fact::Dish(DishFact::Corrected(Box::new(corrected)))
}

/// How many pieces of a line came, fewer than before.
#[derive(Clone, Copy)]
struct Fewer(u16);

impl Fewer {
    fn came(self) -> Option<Quantity> {
        Quantity::new(self.0).ok()
    }

    fn taken_off(self, line: &Item) -> Amount {
        let rest = line.price.amount().checked_mul(i64::from(self.0)).unwrap_or_default();
        line.total.checked_sub(rest).unwrap_or_default()
    }
}

/// Reads how many pieces came. `None`: all of them, so nothing is corrected.
fn fewer(line: &Item, came: Decimal) -> Result<Option<Fewer>, Rejection> {
    let before = line.quantity.pieces();
    match came.to_u16().filter(|pieces| came.is_integer() && *pieces <= before) {
        Some(pieces) => Ok((pieces < before).then_some(Fewer(pieces))),
        None => Err(Rejection::new(Code::BadQuantity)
            .field("data.quantity")
            .because(format!("{before} of this dish are on the bill"))
            .expected(format!(
                "the number that came: a whole number from 0 to {}",
                before.saturating_sub(1)
            ))),
    }
}

/// Checks that the order can remember another correction.
fn has_room(order: &Order, line: &Item) -> Result<(), Rejection> {
    let corrections = order.corrections();
    if corrections.len() >= MAX_CORRECTIONS {
        return Err(
            Rejection::new(Code::OrderTooLarge).expected(format!("at most {MAX_CORRECTIONS} corrections"))
        );
    }
    let claims = corrections.iter().map(|correction| correction.shared_by.len());
    let claims = claims.fold(line.claims.len(), usize::saturating_add);
    if claims > MAX_CORRECTED_CLAIMS {
        return Err(Rejection::new(Code::OrderTooLarge)
            .expected(format!("at most {MAX_CORRECTED_CLAIMS} claims on all corrected dishes together")));
    }
    Ok(())
}

/// The rule by which the bill is shared once its dishes come to `total`, if agreed amounts do not fit that any more. They
/// are scaled to it, so that each bears what was taken off in proportion to what they had agreed to.
fn fitting_split(order: &Order, total: Amount) -> Option<SplitRule> {
    let sum = |amounts: &BTreeMap<_, Amount>| Amount::checked_sum(amounts.values().copied());
    match &order.split {
        SplitRule::Custom(Some(CustomShares::Amounts(amounts))) if sum(amounts) != Some(total) => {
            let amounts = scaled(order, amounts, total)?;
            Some(SplitRule::Custom(Some(CustomShares::Amounts(amounts))))
        }
        SplitRule::Adjusted(amounts) if sum(amounts) > Some(total) => {
            scaled(order, amounts, total).map(SplitRule::Adjusted)
        }
        // These follow the total, or the dishes, by themselves.
        SplitRule::Custom(_)
        | SplitRule::Adjusted(_)
        | SplitRule::Equal
        | SplitRule::Itemized
        | SplitRule::Cover { .. } => None,
    }
}

/// Amounts in the same proportions that sum to `total`, by the largest remainder. Somebody off the bill has none.
fn scaled(
    order: &Order,
    amounts: &BTreeMap<ParticipantId, Amount>,
    total: Amount,
) -> Option<BTreeMap<ParticipantId, Amount>> {
    let shares = shares(order);
    let on_bill: Vec<_> = amounts.iter().filter(|(id, _)| shares.of(id).is_some()).collect();
    let claim = |&(id, amount): &(&ParticipantId, &Amount)| Claim {
        weight: amount.minor_units().unsigned_abs(),
        tie: TieRank::new(&order.id, id),
    };
    let parts = apportion(total, &on_bill.iter().map(claim).collect::<Vec<_>>()).ok()?;
    Some(on_bill.into_iter().map(|(id, _)| id.clone()).zip(parts).collect())
}

/// Checks that the shares sum to the bill after the correction, as they did before it.
fn check_bill_still_stands(order: &Order, actor: &Actor, fact: &Fact) -> Result<(), Rejection> {
    let (seq, at) = (order.seq.saturating_add(1), order.updated_at);
    let recorded = Recorded { seq, at, by: actor.clone(), stamp: None, fact: fact.clone() };
    let mut after = order.clone();
    commit(&mut after, &recorded).map_err(|_| Code::ItemNotFound)?;
    let shares = shares(&after);
    if let Some(charge) = shares.on_nothing().first() {
        return Err(charge.on_nothing(order.currency).expected(REOPEN));
    }
    match shares.unallocated() {
        Amount::ZERO => Ok(()),
        unallocated => {
            Err(does_not_cover("dishes and charges", shares.amount_due(), unallocated, order.currency)
                .expected(REOPEN))
        }
    }
}
