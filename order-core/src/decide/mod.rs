//! Decides commands: what would happen if one were carried out.

mod amounts;
mod bounds;
mod charges;
mod claims;
mod corrections;
mod deadline;
mod dishes;
mod dishes_together;
mod payments;
mod people;
mod rights;
mod split;
mod table;
mod transfers;
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

/// The result of [`decide`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The command changes the order. Store this fact, then [`commit`](crate::commit) it.
    Record(Recorded),
    /// The command is accepted but changes nothing: a known participant came back unchanged, for
    /// example, or a payment already has the given status.
    Unchanged,
    /// The same command was carried out before and has no further effect. Only [`decide_once`]
    /// returns this.
    Repeated {
        /// The sequence number of the fact that it became.
        seq: u64,
    },
}

/// Decides a command with an id, as [`decide`] does. A command that was carried out before is
/// [`Decision::Repeated`] and does nothing.
///
/// # Errors
/// As [`decide`]; [`Code::CommandIdReused`] when the id came with other content before; and
/// [`Code::TooManyCommands`] when the order cannot remember more ids.
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
            "at most {MAX_COMMANDS_EACH} commands with an id from one participant, and a fair part of {MAX_COMMANDS} in all"
        )));
    }
    Ok(Decision::Record(Recorded { stamp: Some(stamp.clone()), ..recorded }))
}

/// Returns the sequence number of the fact that this command became, if it was carried out
/// before.
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

/// The seat under which commands of `actor` are remembered, and whether there can be any. A
/// stranger has no seat, but must not be mistaken for the back end, which has none either.
fn seat(order: &Order, actor: &Actor) -> (Option<Seat>, bool) {
    let seat = actor.id().and_then(|id| order.seat_of(id));
    (seat, seat.is_some() || actor.id().is_none())
}

/// Decides what would happen to `order` if `actor` gave `command` at `now`. Changes nothing.
///
/// # Errors
/// When the command is refused. The [`Code`] is stable.
pub fn decide(
    order: &Order,
    now: UnixMillis,
    actor: &Actor,
    command: &Command,
) -> Result<Decision, Rejection> {
    let fact = match command {
        Command::People(command) => people::decide(order, now, actor, command)?,
        Command::Dish(command) => dishes::decide(order, actor, command)?,
        Command::Claim(command) => claims::decide(order, actor, command)?,
        Command::Split(command) => split::decide(order, actor, command)?,
        Command::Charge(command) => charges::decide(order, actor, command)?,
        Command::Payment(command) => payments::decide(order, actor, command)?,
        Command::Transfer(command) => transfers::decide(order, actor, command)?,
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
