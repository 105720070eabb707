//! Writing deadlines.

use super::Writer;
use crate::order::deadline::Deadline;
use crate::{Order, UnixMillis};

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

/// The milliseconds from a reminder, stored at `now`, to the order's deadline. When the log's time is ahead of the clock that
/// triggered the reminder, it is the reminder's own lead time.
pub(in crate::wire) fn left(order: &Order, reminder: u64, now: UnixMillis) -> u64 {
    let left = order.deadline().and_then(|deadline| deadline.at.get().checked_sub(now.get()));
    left.filter(|left| *left > 0).unwrap_or(reminder)
}
