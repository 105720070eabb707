//! Taking one's own last change back.
//!
//! Whatever is asked of a change is asked of its undoing: whether it is allowed, and whether the order stays within its bounds.

use rust_decimal::Decimal;

use super::deadline::whole;
use super::rights::{in_charge, may_edit, may_settle, present, unlocked};
use super::{charges, claims, dishes};
use crate::command::Actor;
use crate::commit::undo::LastChange;
use crate::fact::{ChargeFact, ClaimFact, DishFact, Fact};
use crate::order::Order;
use crate::rejection::{Code, Rejection};

/// Decides what takes back the actor's last change. `seq`: the fact that the client takes that change to be.
pub(super) fn decide(order: &Order, actor: &Actor, seq: Option<Decimal>) -> Result<Fact, Rejection> {
    let by = present(order, actor)?;
    let last = order.seat_of(by).and_then(|seat| order.last_changes.get(&seat));
    let LastChange { seq: last, back } = last.ok_or(Code::NothingToUndo)?;
    if seq.is_some_and(|seq| whole(seq) != Some(*last)) {
        return Err(Rejection::undo_conflict(format!("your last change is {last}")).field("data.seq"));
    }
    let back = back.as_deref().ok_or_else(|| {
        Rejection::undo_conflict("the same was changed since, or whom it concerns has gone")
    })?;
    match back {
        Fact::Dish(DishFact::Removed { item }) => {
            may_edit(order, by, dishes::find(order, item)?)?;
            Ok(back.clone())
        }
        Fact::Dish(DishFact::Restored(restored)) => {
            dishes::restore(order, by, restored)?;
            Ok(back.clone())
        }
        Fact::Dish(DishFact::QuantityUpdated { item, quantity }) => {
            dishes::update_quantity(order, by, item, Decimal::from(quantity.pieces()))
        }
        Fact::Claim(ClaimFact::Shared { item, shared_by }) => {
            unlocked(order, by)?;
            if !claims::is_own_part(order, by, item, shared_by) {
                in_charge(order, actor)?;
            }
            claims::share_as_before(order, item, shared_by)
        }
        Fact::Charge(ChargeFact::Set(set)) => {
            in_charge(order, actor)?;
            charges::still_fit(order, set)?;
            Ok(back.clone())
        }
        // As it was, even where what was agreed does not cover the total any more; the state shows what is missing.
        Fact::Split(_) => {
            may_settle(order, by)?;
            Ok(back.clone())
        }
        Fact::Charge(ChargeFact::TipSet { .. }) | Fact::Charge(ChargeFact::ServiceWaived { .. }) => {
            Ok(back.clone())
        }
        // Nothing else is kept to be taken back.
        _ => Err(Code::NothingToUndo.into()),
    }
}
