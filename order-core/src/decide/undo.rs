//! Taking one's own last change back.
//!
//! Whatever is asked of a change is asked of its undoing: whether it is allowed, and whether the order stays within its bounds.

use rust_decimal::Decimal;

use super::deadline::whole;
use super::{charges, claims, dishes, in_charge, policy};
use crate::ParticipantId;
use crate::command::Actor;
use crate::commit::undo::LastChange;
use crate::fact::Fact;
use crate::order::Order;
use crate::rejection::{Code, Rejection};

/// What takes back the last change of `by`, who is at the table. `seq`: which change they think that is.
pub(super) fn undo(
    order: &Order,
    actor: &Actor,
    by: &ParticipantId,
    seq: Option<Decimal>,
) -> Result<Fact, Rejection> {
    let last = order.seat_of(by).and_then(|seat| order.last_changes.get(&seat));
    let LastChange { seq: last, back } = last.ok_or(Code::NothingToUndo)?;
    if seq.is_some_and(|seq| whole(seq) != Some(*last)) {
        return Err(conflict(format!("your last change is {last}")).field("data.seq"));
    }
    let back = back
        .as_deref()
        .ok_or_else(|| conflict("the same was changed since, or whom it concerns has gone".to_owned()))?;
    match back {
        Fact::ItemRemoved { item } => {
            policy::may_edit(order, by, dishes::find(order, item)?)?;
            Ok(back.clone())
        }
        Fact::ItemRestored(restored) => {
            dishes::restore(order, by, restored)?;
            Ok(back.clone())
        }
        Fact::QuantityUpdated { item, quantity } => {
            dishes::update_quantity(order, by, item, Decimal::from(quantity.pieces()))
        }
        Fact::ItemShared { item, shared_by } => {
            policy::unlocked(order, by)?;
            if !claims::is_own_part(order, by, item, shared_by) {
                in_charge(order, actor)?;
            }
            claims::share_as_before(order, item, shared_by)
        }
        Fact::ChargesSet(set) => {
            in_charge(order, actor)?;
            charges::still_fit(order, set)?;
            Ok(back.clone())
        }
        // As it was, even where what was agreed does not cover the total any more; the state shows what is missing.
        Fact::SplitUpdated { .. } => {
            policy::may_settle(order, by)?;
            Ok(back.clone())
        }
        Fact::TipSet { .. } | Fact::ServiceWaived { .. } => Ok(back.clone()),
        // Nothing else is kept to be taken back.
        _ => Err(Code::NothingToUndo.into()),
    }
}

pub(super) fn conflict(why: String) -> Rejection {
    Rejection::new(Code::UndoConflict).because(why)
}
