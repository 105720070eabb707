//! Deadlines, in messages.

use crate::command::{SetDeadline, When};
use crate::order::deadline::{AtDeadline, Deadline, MAX_REMINDERS};
use crate::rejection::{Code, Rejection};
use crate::wire::json::Object;
use crate::wire::write::Writer;
use crate::{Order, UnixMillis};

/// Reads a deadline; one without a moment is none.
pub(in crate::wire) fn read(data: &Object<'_>) -> Result<Option<SetDeadline>, Rejection> {
    const CHOICES: &str = "lock or finalize";
    const REMINDERS: &str = "a list of numbers of milliseconds";
    let expected = "a number of milliseconds";
    let at = data.optional_number("at", Code::BadDeadline, expected)?;
    let wait = data.optional_number("in", Code::BadDeadline, expected)?;
    let then = match data.string("then", CHOICES)? {
        Some(name) => Some(AtDeadline::from_name(&name).ok_or_else(|| data.mistyped("then", CHOICES))?),
        None => None,
    };
    let reminders = data.list_of_numbers("reminders", REMINDERS, (MAX_REMINDERS, Code::BadDeadline))?;
    let when = match (at, wait) {
        (Some(at), None) => When::At(at),
        (None, Some(wait)) => When::In(wait),
        (None, None) if then.is_none() && reminders.is_none() => return Ok(None),
        (None, None) => return Err(data.missing("at", "at or in, in milliseconds")),
        (Some(_), Some(_)) => {
            return Err(Rejection::new(Code::BadDeadline)
                .field(data.name("in"))
                .because("it comes with at")
                .expected("one of at and in"));
        }
    };
    Ok(Some(SetDeadline { when, then: then.unwrap_or_default(), reminders }))
}

/// Reads the deadline with which an order begins, if there is one.
pub(in crate::wire) fn read_first(data: &Object<'_>) -> Result<Option<SetDeadline>, Rejection> {
    if !data.has("deadline") {
        return Ok(None);
    }
    read(&data.object("deadline", "data.deadline.", "an object")?)
}

/// Writes a deadline under its key.
pub(in crate::wire) fn write(json: &mut Writer, deadline: Option<&Deadline>) {
    json.key("deadline");
    let Some(Deadline { at, then, reminders, passed }) = deadline else { return json.literal("null") };
    json.begin_object();
    json.whole_field("at", at.get());
    json.string_field("then", then.as_str());
    json.key("reminders");
    json.begin_list();
    for before in reminders {
        json.literal(before);
    }
    json.end_list();
    json.literal_field("passed", passed);
    json.end_object();
}

/// How long it is to the order's deadline, in milliseconds, at a reminder that stands in the log at `now`. Where the log's time
/// is ahead of the clock that the reminder went by, it is as long as it was to be.
pub(in crate::wire) fn left(order: &Order, reminder: u64, now: UnixMillis) -> u64 {
    let left = order.deadline().and_then(|deadline| deadline.at.get().checked_sub(now.get()));
    left.filter(|left| *left > 0).unwrap_or(reminder)
}
