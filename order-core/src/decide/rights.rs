//! Who may do what: presence at the table, ownership, the lock, the policy and the limits.
//!
//! Most orders have no rules, and then each check of the policy is one comparison.

use crate::order::people::Seat;
use crate::order::table::Policy;
use crate::order::{Order, Status};
use crate::rejection::{Code, Limit, Rejection};
use crate::{Actor, Amount, Item, Participant, ParticipantId, Role};

/// The participant whom the actor speaks for.
pub(super) fn named(actor: &Actor) -> Result<&ParticipantId, Rejection> {
    actor.id().ok_or_else(|| {
        Rejection::new(Code::JoinFirst).because("only a participant can do this, not the back end")
    })
}

/// Checks that the actor is at the table of an open order.
pub(super) fn present<'actor>(
    order: &Order,
    actor: &'actor Actor,
) -> Result<&'actor ParticipantId, Rejection> {
    let id = named(actor)?;
    let person = order.person(id).ok_or(Code::JoinFirst)?;
    still_open(order)?;
    if person.has_left() { Err(Code::JoinFirst.into()) } else { Ok(id) }
}

pub(super) fn still_open(order: &Order) -> Result<(), Rejection> {
    match order.status {
        Status::Active => Ok(()),
        Status::Finalized => Err(Code::OrderFinalized.into()),
        Status::Expired => Err(Code::OrderExpired.into()),
        Status::Archived => Err(Code::OrderArchived.into()),
    }
}

pub(super) fn not_archived(order: &Order) -> Result<(), Rejection> {
    if order.status == Status::Archived { Err(Code::OrderArchived.into()) } else { Ok(()) }
}

/// Checks that the actor is the owner or the back end: only they change what affects
/// everybody's bill.
pub(super) fn in_charge(order: &Order, actor: &Actor) -> Result<(), Rejection> {
    let id = match actor {
        Actor::Participant(id) => id,
        // The clock gives no commands.
        Actor::Clock => return Err(Code::JoinFirst.into()),
        // Before the first join there is no order, and no currency.
        Actor::Backend if order.people.is_empty() => return Err(Code::JoinFirst.into()),
        Actor::Backend => return Ok(()),
    };
    match order.role(id) {
        None => Err(Code::JoinFirst.into()),
        Some(Role::Owner) => Ok(()),
        // Nobody can rejoin a finalized order, so `join_first` would not help.
        Some(Role::Member)
            if order.status == Status::Active && order.person(id).is_some_and(Participant::has_left) =>
        {
            Err(Code::JoinFirst.into())
        }
        Some(Role::Member) => Err(Code::NotOwner.into()),
    }
}

/// Checks that the actor may correct the bill of an order that is not open, and reopen it: the back end, and the owner at a
/// table that no back end made.
pub(super) fn may_revise(order: &Order, actor: &Actor) -> Result<(), Rejection> {
    // Guests make every table today. At one that a back end made, only the back end would be in charge of this.
    in_charge(order, actor)
}

/// Checks that the order is not locked, or that `by` is the owner.
pub(super) fn unlocked(order: &Order, by: &ParticipantId) -> Result<(), Rejection> {
    if order.is_locked() && !order.is_owned_by(by) { Err(Code::OrderLocked.into()) } else { Ok(()) }
}

/// Checks that `by` may change an item. At a hosted table only the owner and the person who
/// added it may.
pub(super) fn may_edit(order: &Order, by: &ParticipantId, item: &Item) -> Result<(), Rejection> {
    unlocked(order, by)?;
    match order.policy() {
        Policy::Open => Ok(()),
        Policy::Hosted
            if order.is_owned_by(by) || order.added_by(item).is_some_and(|adder| adder.id == *by) =>
        {
            Ok(())
        }
        Policy::Hosted => Err(Rejection::new(Code::NotYours).field("data.itemId")),
    }
}

/// Checks that `by` may restore a dish. The people who may remove it may restore it.
pub(super) fn may_restore(
    order: &Order,
    by: &ParticipantId,
    added_by: &ParticipantId,
) -> Result<(), Rejection> {
    unlocked(order, by)?;
    match order.policy() {
        Policy::Open => Ok(()),
        Policy::Hosted if order.is_owned_by(by) || by == added_by => Ok(()),
        Policy::Hosted => Err(Code::NotYours.into()),
    }
}

/// Checks that `by` may choose the split and finalize. At a hosted table only the owner may.
pub(super) fn may_settle(order: &Order, by: &ParticipantId) -> Result<(), Rejection> {
    match order.policy() {
        Policy::Open => Ok(()),
        Policy::Hosted if order.is_owned_by(by) => Ok(()),
        Policy::Hosted => Err(Code::NotOwner.into()),
    }
}

/// Checks that the dishes of `adder` stay within their limit, or within the one for each if they
/// have none, and all dishes within the limit of the table, when `line` replaces `freed`. No limit
/// binds the owner, who could lift it, nor a change that costs no more than before.
pub(super) fn within_limit(
    order: &Order,
    by: &ParticipantId,
    adder: impl FnOnce() -> Option<Seat>,
    freed: Amount,
    line: Amount,
) -> Result<(), Rejection> {
    let Some(rules) = order.table.as_ref().filter(|rules| rules.has_limits()) else { return Ok(()) };
    if line <= freed || order.is_owned_by(by) {
        return Ok(());
    }
    let fits = |spent: Amount, limit: Amount| {
        let after = spent.checked_sub(freed).and_then(|rest| rest.checked_add(line));
        after.is_some_and(|after| after <= limit)
    };
    if let Some(adder) = adder() {
        let own = rules.limits.get(&adder).copied();
        if let Some(limit) = own.or(rules.limit_each) {
            let spent = order.added_by_seat(adder);
            if !fits(spent, limit) {
                let name = order.at(adder).map_or("", |person| person.name.as_str());
                let which = own.map_or("the limit for each".to_owned(), |_| format!("the limit of {name}"));
                return Err(over_limit(order, &which, limit, spent));
            }
        }
    }
    match rules.limit_table {
        Some(limit) if !fits(order.total, limit) => {
            Err(over_limit(order, "the limit of the table", limit, order.total))
        }
        Some(_) | None => Ok(()),
    }
}

/// The refusal of what would pass a limit, of which so much is spent.
fn over_limit(order: &Order, which: &str, limit: Amount, spent: Amount) -> Rejection {
    let left = limit.checked_sub(spent).filter(|left| !left.is_negative()).unwrap_or(Amount::ZERO);
    Rejection::new(Code::OverLimit)
        .because(format!(
            "{which} is {}, and {} is left",
            limit.display(order.currency),
            left.display(order.currency)
        ))
        .limit(Limit { limit, left, currency: order.currency })
}
