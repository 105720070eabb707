//! Commands about the table as a whole.

use crate::command::{SetDeadline, TableCommand, When};
use crate::order::deadline::{AtDeadline, MAX_REMINDERS};
use crate::rejection::{Code, Rejection};
use crate::wire::fields::{boolean, participant};
use crate::wire::json::Object;
use crate::{LimitOn, Policy};

pub(super) fn set_limit(data: &Object<'_>) -> Result<TableCommand, Rejection> {
    // Without a limit, the limit is lifted: a typo must not do that.
    data.only(&["participantId", "for", "limit"], Code::BadLimit, "set_limit")?;
    Ok(TableCommand::Limit {
        on: limit_on(data)?,
        limit: data.optional_number("limit", Code::BadLimit, "an amount, 0 or more")?,
    })
}

fn limit_on(data: &Object<'_>) -> Result<LimitOn, Rejection> {
    const CHOICES: &str = "each or table";
    const EITHER: &str = "either participantId or for";
    match (data.has("participantId"), data.string("for", CHOICES)?.as_deref()) {
        (true, None) => participant(data, "participantId").map(LimitOn::Person),
        (false, Some("each")) => Ok(LimitOn::Each),
        (false, Some("table")) => Ok(LimitOn::Table),
        (false, Some(_)) => Err(data.mistyped("for", CHOICES)),
        (false, None) => Err(data.missing("participantId", EITHER)),
        (true, Some(_)) => Err(Rejection::new(Code::BadField)
            .field(data.name("for"))
            .because("both participantId and for are given")
            .expected(EITHER)),
    }
}

pub(super) fn set_rules(data: &Object<'_>) -> Result<TableCommand, Rejection> {
    Ok(TableCommand::Rules { finalize_when_ready: boolean(data, "finalizeWhenReady")? })
}

/// Reads `policy`, if it is there.
pub(super) fn policy(data: &Object<'_>) -> Result<Option<Policy>, Rejection> {
    const POLICIES: &str = "open or hosted";
    let Some(name) = data.string("policy", POLICIES)? else { return Ok(None) };
    Policy::from_name(&name).map(Some).ok_or_else(|| data.mistyped("policy", POLICIES))
}

/// Reads a deadline; `None`: the message sets none.
pub(super) fn deadline(data: &Object<'_>) -> Result<Option<SetDeadline>, Rejection> {
    const CHOICES: &str = "lock or finalize";
    const REMINDERS: &str = "a list of numbers, in milliseconds";
    let expected = "a number of milliseconds";
    // With none of them, the deadline is removed: a typo must not do that.
    data.only(&["at", "in", "then", "reminders"], Code::BadDeadline, "a deadline")?;
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
        (None, None) => return Err(data.missing("at", "either at or in, in milliseconds")),
        (Some(_), Some(_)) => {
            return Err(Rejection::new(Code::BadDeadline)
                .field(data.name("in"))
                .because("both at and in are given")
                .expected("either at or in"));
        }
    };
    Ok(Some(SetDeadline { when, then: then.unwrap_or_default(), reminders }))
}

/// Reads the deadline in a join, if there is one.
pub(super) fn first_deadline(data: &Object<'_>) -> Result<Option<SetDeadline>, Rejection> {
    if !data.has("deadline") {
        return Ok(None);
    }
    deadline(&data.object("deadline", "data.deadline.", "an object")?)
}
