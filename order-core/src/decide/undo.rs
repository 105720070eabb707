//! Decides the undo of one's own last change.
//!
//! An undo is checked like the change itself: whether it is allowed, and whether the order
//! stays within its limits.

use rust_decimal::Decimal;

use super::deadline::whole;
use super::rights::{may_settle, present};
use super::{charges, claims, dishes};
use crate::command::Actor;
use crate::fact::Fact;
use crate::order::Order;
use crate::order::last_change::LastChange;
use crate::rejection::{Code, Rejection};

/// Decides what takes back the actor's last change. `seq`: the fact that the client takes that change to be.
pub(super) fn decide(order: &Order, actor: &Actor, seq: Option<Decimal>) -> Result<Fact, Rejection> {
    let by = present(order, actor)?;
    let last = order.seat_of(by).and_then(|seat| order.last_changes.get(&seat));
    let LastChange { seq: last, back } = last.ok_or(Code::NothingToUndo)?;
    if seq.is_some_and(|seq| whole(seq) != Some(*last)) {
        return Err(
            Rejection::undo_conflict(format!("your last change is now number {last}")).field("data.seq")
        );
    }
    let back = back
        .as_deref()
        .ok_or_else(|| Rejection::undo_conflict("it was changed again, or somebody it concerns has left"))?;
    match back {
        Fact::Dish(back) => dishes::undo(order, by, back).map(Fact::Dish),
        Fact::Claim(back) => claims::undo(order, actor, by, back).map(Fact::Claim),
        // The old rule returns even if agreed shares no longer cover the total; the state shows
        // what is missing.
        Fact::Split(back) => {
            may_settle(order, by)?;
            Ok(Fact::Split(back.clone()))
        }
        Fact::Charge(back) => charges::undo(order, actor, back).map(Fact::Charge),
        // Nothing of these is kept to be taken back.
        Fact::People(_) | Fact::Payment(_) | Fact::Transfer(_) | Fact::Table(_) => {
            Err(Code::NothingToUndo.into())
        }
    }
}
