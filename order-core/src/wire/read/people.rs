//! Commands about the people at the table.

use super::{charges, table};
use crate::command::{DishesOfRemoved, Join, PeopleCommand};
use crate::rejection::{Code, Rejection};
use crate::value::text::{MAX_LABEL_CHARS, MAX_NAME_CHARS, MAX_PHONE_CHARS};
use crate::wire::fields::{boolean, data, label, optional, participant, required_if_there};
use crate::wire::json::Object;
use crate::{Currency, ItemId, ParticipantId};

pub(super) fn join(message: &Object<'_>) -> Result<Join, Rejection> {
    let data = data(message)?;
    let currency = match data.string("currency", "an ISO 4217 code")? {
        None => None,
        Some(code) => Some(Currency::from_code(&code).map_err(|error| {
            Rejection::new(Code::BadCurrency)
                .field("data.currency")
                .because(error.to_string())
                .expected("an ISO 4217 code such as INR")
        })?),
    };
    Ok(Join {
        name: required_if_there(message, "participantName", MAX_NAME_CHARS)?,
        phone: optional(&data, "phone", MAX_PHONE_CHARS)?,
        circle_id: label(&data, "circleId")?,
        tenant_id: label(&data, "tenantId")?,
        currency,
        charges: charges::first_charges(&data)?.map(Box::new),
        policy: table::policy(&data)?,
        finalize_when_ready: data.boolean("finalizeWhenReady")?,
        deadline: table::first_deadline(&data)?.map(Box::new),
        code: optional(&data, "code", MAX_LABEL_CHARS)?,
        may_take_seat: false,
    })
}

pub(super) fn add(data: &Object<'_>, fresh_id: impl FnOnce() -> ItemId) -> Result<PeopleCommand, Rejection> {
    const EXPECTED: &str = "a name";
    let who = match data.string("participantId", "a string")? {
        Some(id) => new_participant(data, &id)?,
        None => new_participant(data, fresh_id().as_str())?,
    };
    let name = required_if_there(data, "name", MAX_NAME_CHARS)?;
    Ok(PeopleCommand::Add { who, name: name.ok_or_else(|| data.missing("name", EXPECTED))? })
}

fn new_participant(data: &Object<'_>, id: &str) -> Result<ParticipantId, Rejection> {
    ParticipantId::new(id).map_err(|error| {
        Rejection::new(Code::BadField)
            .field(data.name("participantId"))
            .because(error.to_string())
            .expected("a string of 1 to 128 bytes without control or invisible characters")
    })
}

pub(super) fn set_ready(data: &Object<'_>) -> Result<PeopleCommand, Rejection> {
    Ok(PeopleCommand::SetReady { ready: boolean(data, "ready")? })
}

pub(super) fn remove(data: &Object<'_>) -> Result<PeopleCommand, Rejection> {
    const CHOICES: &str = "keep, remove or reassign";
    let who = participant(data, "participantId")?;
    let dishes = data.string("dishes", CHOICES)?.ok_or_else(|| data.missing("dishes", CHOICES))?;
    let dishes = match dishes.as_ref() {
        "keep" => DishesOfRemoved::Keep,
        "remove" => DishesOfRemoved::Remove,
        "reassign" => DishesOfRemoved::Reassign { to: participant(data, "to")? },
        _ => return Err(data.mistyped("dishes", CHOICES)),
    };
    Ok(PeopleCommand::Remove { who, dishes })
}

pub(super) fn readmit(data: &Object<'_>) -> Result<PeopleCommand, Rejection> {
    Ok(PeopleCommand::Readmit { who: participant(data, "participantId")? })
}

pub(super) fn hand_over(data: &Object<'_>) -> Result<PeopleCommand, Rejection> {
    Ok(PeopleCommand::HandOver { to: participant(data, "participantId")? })
}
