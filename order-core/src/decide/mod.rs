//! Judging a command: what would happen if it were carried out.

mod amounts;
mod bounds;
mod charges;
mod claims;
mod deadline;
mod dishes;
mod finalize;
mod payments;
mod people;
mod policy;
mod split;
mod table;
mod undo;

pub use bounds::OrderBounds;

use crate::command::{Actor, Command};
use crate::fact::{Fact, Recorded};
use crate::order::people::Seat;
use crate::order::{Order, Status};
use crate::rejection::{Code, Rejection};
use crate::split::seats_on_bill;
use crate::{MAX_COMMANDS, MAX_COMMANDS_EACH, Participant, ParticipantId, Role, Stamp, UnixMillis};

/// What [`decide`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// This would happen. Store it, then [`commit`](crate::commit) it.
    Record(Recorded),
    /// Granted, and nothing changes: somebody whom the order knows came back as they were, or a payment is what it was
    /// said to be.
    Unchanged,
    /// This very command was carried out before; nothing happens a second time. Only [`decide_once`] finds this.
    Repeated {
        /// The fact that it became.
        seq: u64,
    },
}

/// As [`decide`], for a command with an id of its own: sent again as it was, it is [`Decision::Repeated`], and does
/// nothing.
///
/// # Errors
/// As [`decide`]; when the same id came with other content before ([`Code::CommandIdReused`]); and when the order cannot
/// remember more ids ([`Code::TooManyCommands`]).
pub fn decide_once(
    order: &Order,
    now: UnixMillis,
    actor: &Actor,
    stamp: &Stamp,
    command: &Command,
) -> Result<Decision, Rejection> {
    if let Some(seq) = done_before(order, actor, stamp)? {
        return Ok(Decision::Repeated { seq });
    }
    let recorded = match decide(order, now, actor, command)? {
        Decision::Record(recorded) => recorded,
        other @ (Decision::Unchanged | Decision::Repeated { .. }) => return Ok(other),
    };
    let (seat, is_known) = seat(order, actor);
    if is_known && !order.done.has_room(seat, in_charge(order, actor).is_ok()) {
        return Err(Rejection::new(Code::TooManyCommands).expected(format!(
            "at most {MAX_COMMANDS_EACH} commands with an id from one participant, and of {MAX_COMMANDS} in all a fair part"
        )));
    }
    Ok(Decision::Record(Recorded { stamp: Some(stamp.clone()), ..recorded }))
}

/// The sequence number of the fact that `actor`'s command with this stamp became, if it became one.
///
/// # Errors
/// [`Code::CommandIdReused`] when the id came with other content before.
pub fn done_before(order: &Order, actor: &Actor, stamp: &Stamp) -> Result<Option<u64>, Rejection> {
    let (seat, is_known) = seat(order, actor);
    match order.done.get(seat, stamp.id()).filter(|_| is_known) {
        Some(done) if done.digest == stamp.digest() => Ok(Some(done.seq)),
        Some(_) => Err(Rejection::command_id_reused()),
        None => Ok(None),
    }
}

/// The seat under which the commands of `actor` are remembered, and whether any can be. Somebody who has no seat has done
/// nothing, and must not be mistaken for the back end, which has none either.
fn seat(order: &Order, actor: &Actor) -> (Option<Seat>, bool) {
    let seat = actor.id().and_then(|id| order.seat_of(id));
    (seat, seat.is_some() || actor.id().is_none())
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
        Command::Join(join) => match people::join(order, now, named(actor)?, join)? {
            Some(joined) => Fact::Joined(joined),
            None => return Ok(Decision::Unchanged),
        },
        Command::AddItem(add) => {
            let by = present(order, actor)?;
            policy::unlocked(order, by)?;
            Fact::ItemAdded(dishes::add(order, by, add)?)
        }
        Command::RemoveItem { item } => {
            policy::may_edit(order, present(order, actor)?, dishes::find(order, item)?)?;
            Fact::ItemRemoved { item: item.clone() }
        }
        Command::UpdateQuantity { item, quantity } => {
            dishes::update_quantity(order, present(order, actor)?, item, *quantity)?
        }
        Command::ClaimItem { item, weight } => {
            let by = present(order, actor)?;
            policy::unlocked(order, by)?;
            claims::claim(order, by, item, *weight)?
        }
        Command::UnclaimItem { item } => {
            let by = present(order, actor)?;
            policy::unlocked(order, by)?;
            claims::unclaim(order, by, item)?
        }
        Command::AssignItem { item, shared_by } => {
            in_charge(order, actor)?;
            still_open(order)?;
            claims::assign(order, item, shared_by)?
        }
        Command::UpdateSplit(update) => {
            policy::may_settle(order, present(order, actor)?)?;
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
            not_archived(order)?;
            payments::record(order, actor, payment)?
        }
        Command::UpdatePayment { payment, arrived } => {
            in_charge(order, actor)?;
            not_archived(order)?;
            match payments::update(order, actor, payment, *arrived)? {
                Some(fact) => fact,
                None => return Ok(Decision::Unchanged),
            }
        }
        Command::RefundPayment(refund) => {
            in_charge(order, actor)?;
            not_archived(order)?;
            payments::refund(order, actor, refund)?
        }
        Command::Finalize => {
            policy::may_settle(order, present(order, actor)?)?;
            finalized(order)?
        }
        Command::Leave => Fact::Left { owner: people::owner_without(order, present(order, actor)?) },
        Command::Undo { seq } => undo::undo(order, actor, present(order, actor)?, *seq)?,
        Command::SetReady { ready } => match table::ready(order, present(order, actor)?, *ready)? {
            Some(fact) => fact,
            None => return Ok(Decision::Unchanged),
        },
        Command::Manage(manage) => {
            in_charge(order, actor)?;
            still_open(order)?;
            match table::manage(order, now, actor, manage)? {
                Some(fact) => fact,
                None => return Ok(Decision::Unchanged),
            }
        }
    };
    let recorded = Recorded {
        seq: order.seq.saturating_add(1),
        // A clock that was set back must not make the log run backwards.
        at: now.max(order.updated_at),
        by: actor.clone(),
        stamp: None,
        fact,
    };
    OrderBounds::default().check(order, &recorded)?;
    Ok(Decision::Record(recorded))
}

/// The order is closed, if its bill can stand.
pub(crate) fn finalized(order: &Order) -> Result<Fact, Rejection> {
    finalize::finalize(order)?;
    let on_bill = seats_on_bill(order).into_iter().filter_map(|seat| order.at(seat));
    Ok(Fact::Finalized { on_bill: Some(on_bill.map(|person| person.id.clone()).collect()) })
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
        Status::Expired => Err(Code::OrderExpired.into()),
        Status::Archived => Err(Code::OrderArchived.into()),
    }
}

fn not_archived(order: &Order) -> Result<(), Rejection> {
    if order.status == Status::Archived { Err(Code::OrderArchived.into()) } else { Ok(()) }
}

/// What concerns everybody's bill is the owner's to change, and the back end's.
fn in_charge(order: &Order, actor: &Actor) -> Result<(), Rejection> {
    let id = match actor {
        Actor::Participant(id) => id,
        // Before anybody has joined there is no order, and no currency to count in.
        // The clock gives no commands.
        Actor::Clock => return Err(Code::JoinFirst.into()),
        Actor::Backend if order.people.is_empty() => return Err(Code::JoinFirst.into()),
        Actor::Backend => return Ok(()),
    };
    match order.role(id) {
        None => Err(Code::JoinFirst.into()),
        Some(Role::Owner) => Ok(()),
        // Nobody comes back to an order that is finalized: joining would not help.
        Some(Role::Member)
            if order.status == Status::Active && order.person(id).is_some_and(Participant::has_left) =>
        {
            Err(Code::JoinFirst.into())
        }
        Some(Role::Member) => Err(Code::NotOwner.into()),
    }
}
