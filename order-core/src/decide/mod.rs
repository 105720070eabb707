//! Judging a command: what would happen if it were carried out.

mod amounts;
mod bounds;
mod charges;
mod claims;
mod deadline;
mod dishes;
mod payments;
mod people;
mod rights;
mod split;
mod table;
mod undo;

pub use bounds::OrderBounds;
pub(crate) use table::finalized;

use rights::in_charge;

use crate::command::{Actor, Command};
use crate::fact::Recorded;
use crate::order::Order;
use crate::order::people::Seat;
use crate::rejection::{Code, Rejection};
use crate::{MAX_COMMANDS, MAX_COMMANDS_EACH, Stamp, UnixMillis};

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
        Command::People(command) => people::decide(order, now, actor, command)?,
        Command::Dish(command) => Some(dishes::decide(order, actor, command)?),
        Command::Claim(command) => Some(claims::decide(order, actor, command)?),
        Command::Split(command) => Some(split::decide(order, actor, command)?),
        Command::Charge(command) => Some(charges::decide(order, actor, command)?),
        Command::Payment(command) => payments::decide(order, actor, command)?,
        Command::Table(command) => table::decide(order, now, actor, command)?,
        Command::Undo { seq } => Some(undo::decide(order, actor, *seq)?),
    };
    let Some(fact) = fact else { return Ok(Decision::Unchanged) };
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
