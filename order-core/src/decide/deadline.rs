//! Decides deadlines.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::UnixMillis;
use crate::command::{SetDeadline, When};
use crate::order::deadline::{Deadline, MAX_DEADLINE_AHEAD, MAX_REMINDERS, ORDINARY_REMINDERS};
use crate::rejection::{Code, Rejection};

/// Reads the deadline of a command given at `now`. Reminders whose time has passed are dropped.
pub(super) fn deadline(set: &SetDeadline, now: UnixMillis) -> Result<Deadline, Rejection> {
    let furthest = u64::try_from(MAX_DEADLINE_AHEAD.as_millis()).unwrap_or(u64::MAX);
    let (at, field) = match set.when {
        When::At(at) => (whole(at), "at"),
        When::In(millis) => (whole(millis).and_then(|millis| now.get().checked_add(millis)), "in"),
    };
    let at = at
        .filter(|at| *at > now.get() && at.saturating_sub(now.get()) <= furthest)
        .ok_or_else(|| bad(field, "a time within the next 31 days, in milliseconds"))?;
    let mut reminders = match &set.reminders {
        None => ORDINARY_REMINDERS.to_vec(),
        Some(reminders) => {
            let wrong = || bad("reminders", "at most 5 numbers: milliseconds before the deadline");
            if reminders.len() > MAX_REMINDERS {
                return Err(wrong());
            }
            let read = |before: &Decimal| {
                whole(*before).filter(|before| (1..=furthest).contains(before)).ok_or_else(wrong)
            };
            reminders.iter().map(read).collect::<Result<_, _>>()?
        }
    };
    reminders.sort_unstable_by(|one, other| other.cmp(one));
    reminders.dedup();
    let deadline = Deadline { at: UnixMillis::new(at), then: set.then, reminders: Vec::new(), passed: false };
    reminders.retain(|before| deadline.moment_of(*before) > now);
    Ok(Deadline { reminders, ..deadline })
}

/// Converts a client's number to an integer, if it is whole.
pub(super) fn whole(number: Decimal) -> Option<u64> {
    if number.is_integer() { number.to_u64() } else { None }
}

fn bad(field: &str, expected: &'static str) -> Rejection {
    Rejection::new(Code::BadDeadline).field(format!("data.{field}")).expected(expected)
}
