//! Applies facts about the table as a whole.

use super::CommitError;
use crate::fact::TableFact;
use crate::order::deadline::Deadline;
use crate::order::table::TableState;
use crate::order::{Order, Status};
use crate::split::seats_on_bill;
use crate::{Amount, LimitOn, ParticipantId};

/// Applies a fact about the table as a whole.
pub(super) fn apply(order: &mut Order, fact: &TableFact) -> Result<(), CommitError> {
    match fact {
        TableFact::RulesSet(house) => of(order).house = *house,
        TableFact::LockSet { locked } => of(order).locked = *locked,
        TableFact::LimitSet { on, limit } => set_limit(order, on, *limit)?,
        TableFact::DeadlineSet(deadline) => of(order).deadline.clone_from(deadline),
        TableFact::Reminded { before } => reminded(order, *before),
        TableFact::Finalized { on_bill } => finalize(order, on_bill.as_deref())?,
        TableFact::Reopened { deadline } => reopen(order, deadline.as_deref()),
        TableFact::Expired => order.status = Status::Expired,
        TableFact::Archived => order.status = Status::Archived,
    }
    Ok(())
}

/// Returns the rules for changing, and creates them if there are none.
pub(super) fn of(order: &mut Order) -> &mut TableState {
    order.table.get_or_insert_default()
}

fn set_limit(order: &mut Order, on: &LimitOn, limit: Option<Amount>) -> Result<(), CommitError> {
    match on {
        LimitOn::Person(who) => {
            let seat = order.seat_of(who).ok_or(CommitError::UnknownPerson)?;
            match limit {
                Some(limit) => of(order).limits.insert(seat, limit),
                None => of(order).limits.remove(&seat),
            };
        }
        LimitOn::Each => of(order).limit_each = limit,
        LimitOn::Table => of(order).limit_table = limit,
    }
    Ok(())
}

/// Drops the reminder that was sent, and earlier ones.
fn reminded(order: &mut Order, before: u64) {
    if let Some(deadline) = &mut of(order).deadline {
        deadline.reminders.retain(|reminder| *reminder < before);
    }
}

/// Opens the order again. Who is on the bill follows from the order as before it was finalized.
fn reopen(order: &mut Order, deadline: Option<&Deadline>) {
    if order.status == Status::Finalized {
        let revised = order.revised.get_or_insert_default();
        revised.finalized_before = revised.finalized_before.saturating_add(1);
    }
    order.status = Status::Active;
    order.on_bill = None;
    if let Some(deadline) = deadline {
        of(order).deadline = Some(deadline.clone());
    }
}

/// Finalizes the order. Logs of version 1 do not record who was on the bill; they have no
/// payments, so it can still be derived.
fn finalize(order: &mut Order, on_bill: Option<&[ParticipantId]>) -> Result<(), CommitError> {
    let seats = match on_bill {
        Some(people) => {
            let seats = people.iter().map(|id| order.seat_of(id).ok_or(CommitError::UnknownPerson));
            let mut seats = seats.collect::<Result<Vec<_>, _>>()?;
            seats.sort_unstable();
            seats.dedup();
            seats
        }
        None => seats_on_bill(order),
    };
    order.on_bill = Some(seats);
    order.status = Status::Finalized;
    Ok(())
}
