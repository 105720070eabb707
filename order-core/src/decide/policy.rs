//! Who may touch the dishes, choose the split and close the order, and how much somebody may add.
//!
//! Most orders have no rules, and then each of these is one look at that.

use crate::order::Order;
use crate::order::people::Seat;
use crate::order::table::Policy;
use crate::rejection::{Code, Limit, Rejection};
use crate::{Amount, Item, ParticipantId};

/// While the order is locked, only the owner touches the dishes.
pub(super) fn unlocked(order: &Order, by: &ParticipantId) -> Result<(), Rejection> {
    if order.is_locked() && !owns(order, by) { Err(Code::OrderLocked.into()) } else { Ok(()) }
}

/// At a hosted table each changes what they added, and the owner everything.
pub(super) fn may_edit(order: &Order, by: &ParticipantId, item: &Item) -> Result<(), Rejection> {
    unlocked(order, by)?;
    match order.policy() {
        Policy::Open => Ok(()),
        Policy::Hosted if owns(order, by) || order.added_by(item).is_some_and(|adder| adder.id == *by) => {
            Ok(())
        }
        Policy::Hosted => Err(Rejection::new(Code::NotYours).field("data.itemId")),
    }
}

/// Who may take a dish off may put it back.
pub(super) fn may_restore(
    order: &Order,
    by: &ParticipantId,
    added_by: &ParticipantId,
) -> Result<(), Rejection> {
    unlocked(order, by)?;
    match order.policy() {
        Policy::Open => Ok(()),
        Policy::Hosted if owns(order, by) || by == added_by => Ok(()),
        Policy::Hosted => Err(Code::NotYours.into()),
    }
}

/// At a hosted table the owner chooses the split and closes the order.
pub(super) fn may_settle(order: &Order, by: &ParticipantId) -> Result<(), Rejection> {
    match order.policy() {
        Policy::Open => Ok(()),
        Policy::Hosted if owns(order, by) => Ok(()),
        Policy::Hosted => Err(Code::NotOwner.into()),
    }
}

/// Whether the dishes of `adder` stay within their limit when `line` takes the place of `freed` among them. The owner, who
/// could lift the limit, is not held to it; neither is what costs no more than before, however low the limit is by now.
pub(super) fn within_limit(
    order: &Order,
    by: &ParticipantId,
    adder: impl FnOnce() -> Option<Seat>,
    freed: Amount,
    line: Amount,
) -> Result<(), Rejection> {
    let Some(rules) = order.rules.as_ref().filter(|rules| !rules.limits.is_empty()) else { return Ok(()) };
    let Some(adder) = adder() else { return Ok(()) };
    let Some(&limit) = rules.limits.get(&adder) else { return Ok(()) };
    if line <= freed || owns(order, by) {
        return Ok(());
    }
    let spent = order.added_by_seat(adder);
    let after = spent.checked_sub(freed).and_then(|rest| rest.checked_add(line));
    if after.is_some_and(|after| after <= limit) {
        return Ok(());
    }
    let left = limit.checked_sub(spent).filter(|left| !left.is_negative()).unwrap_or(Amount::ZERO);
    let name = order.at(adder).map_or("", |person| person.name.as_str());
    Err(Rejection::new(Code::OverLimit)
        .because(format!(
            "the limit of {name} is {}, of which {} is left",
            limit.display(order.currency),
            left.display(order.currency)
        ))
        .limit(Limit { limit, left, currency: order.currency }))
}

fn owns(order: &Order, who: &ParticipantId) -> bool {
    order.owner().is_some_and(|owner| owner.id == *who)
}
