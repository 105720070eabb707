//! Judging a command: what would happen if it were carried out.

mod amounts;
mod charges;
mod claims;
mod finalize;
mod items;
mod join;
mod payments;
mod split;

use crate::command::{Actor, Command};
use crate::fact::{Fact, Recorded};
use crate::order::{Order, Status};
use crate::rejection::{Code, Rejection};
use crate::{Participant, ParticipantId, Role, UnixMillis};

/// What [`decide`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// This would happen. Store it, then [`commit`](crate::commit) it.
    Record(Recorded),
    /// Granted, and nothing changes: somebody whom the order knows came back as they were, or a payment is what it was
    /// said to be.
    Unchanged,
}

/// Says what would happen to `order` if `actor` gave `command` at `now`. Changes nothing.
///
/// # Errors
/// When the command is refused. Its [`Code`] is stable; nothing has changed.
pub fn decide(
    order: &Order,
    now: UnixMillis,
    actor: &Actor,
    command: &Command,
) -> Result<Decision, Rejection> {
    let fact = match command {
        Command::Join(join) => match join::join(order, named(actor)?, join)? {
            Some(joined) => Fact::Joined(joined),
            None => return Ok(Decision::Unchanged),
        },
        Command::AddItem(add) => Fact::ItemAdded(items::add(order, present(order, actor)?, add)?),
        Command::RemoveItem { item } => {
            present(order, actor)?;
            items::find(order, item)?;
            Fact::ItemRemoved { item: item.clone() }
        }
        Command::UpdateQuantity { item, quantity } => {
            present(order, actor)?;
            items::update_quantity(order, item, *quantity)?
        }
        Command::ClaimItem { item, weight } => claims::claim(order, present(order, actor)?, item, *weight)?,
        Command::UnclaimItem { item } => claims::unclaim(order, present(order, actor)?, item)?,
        Command::AssignItem { item, shared_by } => {
            in_charge(order, actor)?;
            still_open(order)?;
            claims::assign(order, item, shared_by)?
        }
        Command::UpdateSplit(update) => {
            present(order, actor)?;
            Fact::SplitUpdated { split: split::update(order, update)? }
        }
        Command::SetCharges(set) => {
            in_charge(order, actor)?;
            still_open(order)?;
            Fact::ChargesSet(charges::set(order, order.currency, set)?)
        }
        Command::SetTip { tip } => {
            present(order, actor)?;
            charges::tip(order, tip.as_ref())?
        }
        Command::WaiveService { waived } => {
            present(order, actor)?;
            Fact::ServiceWaived { waived: *waived }
        }
        Command::RecordPayment(payment) => {
            in_charge(order, actor)?;
            payments::record(order, actor, payment)?
        }
        Command::UpdatePayment { payment, arrived } => {
            in_charge(order, actor)?;
            match payments::update(order, actor, payment, *arrived)? {
                Some(fact) => fact,
                None => return Ok(Decision::Unchanged),
            }
        }
        Command::RefundPayment(refund) => {
            in_charge(order, actor)?;
            payments::refund(order, actor, refund)?
        }
        Command::Finalize => {
            present(order, actor)?;
            finalize::finalize(order)?;
            Fact::Finalized
        }
        Command::Leave => Fact::Left { owner: join::owner_without(order, present(order, actor)?) },
    };
    Ok(Decision::Record(Recorded {
        seq: order.seq.saturating_add(1),
        // A clock that was set back must not make the log run backwards.
        at: now.max(order.updated_at),
        by: actor.clone(),
        fact,
    }))
}

/// As whom the actor sits at the table.
fn named(actor: &Actor) -> Result<&ParticipantId, Rejection> {
    actor.id().ok_or_else(|| Rejection::new(Code::JoinFirst).because("the back end has no seat at the table"))
}

/// Only who is at the table of an open order changes it.
fn present<'actor>(order: &Order, actor: &'actor Actor) -> Result<&'actor ParticipantId, Rejection> {
    let id = named(actor)?;
    let person = order.person(id).ok_or(Code::JoinFirst)?;
    still_open(order)?;
    if person.has_left() { Err(Code::JoinFirst.into()) } else { Ok(id) }
}

fn still_open(order: &Order) -> Result<(), Rejection> {
    match order.status {
        Status::Active => Ok(()),
        Status::Finalized => Err(Code::OrderFinalized.into()),
    }
}

/// What concerns everybody's bill is the owner's to change, and the back end's.
fn in_charge(order: &Order, actor: &Actor) -> Result<(), Rejection> {
    let id = match actor {
        Actor::Participant(id) => id,
        // Before anybody has joined there is no order, and no currency to count in.
        Actor::Backend if order.people.is_empty() => return Err(Code::JoinFirst.into()),
        Actor::Backend => return Ok(()),
    };
    match order.role(id) {
        None => Err(Code::JoinFirst.into()),
        Some(Role::Owner) => Ok(()),
        Some(Role::Member) if order.person(id).is_some_and(Participant::has_left) => {
            Err(Code::JoinFirst.into())
        }
        Some(Role::Member) => Err(Code::NotOwner.into()),
    }
}
