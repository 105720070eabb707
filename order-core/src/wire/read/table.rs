//! How things are done at the table, in messages.

use crate::command::{Command, DishesOfRemoved, PeopleCommand, TableCommand};
use crate::rejection::{Code, Rejection};
use crate::wire::inbound::on_bill;
use crate::wire::json::Object;
use crate::wire::v1::state::StateWriter;
use crate::wire::write::deadline;
use crate::{Order, Participant, ParticipantId, Policy};

/// Reads `policy`, if it is there.
pub(in crate::wire) fn policy(data: &Object<'_>) -> Result<Option<Policy>, Rejection> {
    const POLICIES: &str = "open or hosted";
    let Some(name) = data.string("policy", POLICIES)? else { return Ok(None) };
    Policy::from_name(&name).map(Some).ok_or_else(|| data.mistyped("policy", POLICIES))
}

pub(in crate::wire) fn remove(data: &Object<'_>) -> Result<Command, Rejection> {
    const CHOICES: &str = "keep, remove or reassign";
    let who = somebody(data, "participantId")?;
    let dishes = data.string("dishes", CHOICES)?.ok_or_else(|| data.missing("dishes", CHOICES))?;
    let dishes = match dishes.as_ref() {
        "keep" => DishesOfRemoved::Keep,
        "remove" => DishesOfRemoved::Remove,
        "reassign" => DishesOfRemoved::Reassign { to: somebody(data, "to")? },
        _ => return Err(data.mistyped("dishes", CHOICES)),
    };
    Ok(Command::People(PeopleCommand::Remove { who, dishes }))
}

pub(in crate::wire) fn limit(data: &Object<'_>) -> Result<Command, Rejection> {
    let who = somebody(data, "participantId")?;
    Ok(Command::Table(TableCommand::Limit {
        who,
        limit: data.optional_number("limit", Code::BadLimit, "an amount, 0 or more")?,
    }))
}

pub(in crate::wire) fn rules(data: &Object<'_>) -> Result<Command, Rejection> {
    let when_ready = data.boolean("finalizeWhenReady")?;
    let finalize_when_ready = when_ready.ok_or_else(|| data.missing("finalizeWhenReady", "true or false"))?;
    Ok(Command::Table(TableCommand::Rules { finalize_when_ready }))
}

/// The id under `key`, which the message must have, of somebody whom the order may know.
pub(in crate::wire) fn somebody(data: &Object<'_>, key: &'static str) -> Result<ParticipantId, Rejection> {
    const EXPECTED: &str = "the id of somebody who joined";
    let id = data.string(key, EXPECTED)?.ok_or_else(|| data.missing(key, EXPECTED))?;
    on_bill(&id).map_err(|rejection| rejection.field(data.name(key)).expected(EXPECTED))
}

impl StateWriter {
    /// Writes what of the rules is other than the ordinary.
    pub(in crate::wire) fn rules(&mut self, order: &Order) {
        if order.rules.is_none() {
            return;
        }
        let house = order.house_rules();
        if house.policy != Policy::default() {
            self.json.string_field("policy", house.policy.as_str());
        }
        if house.finalize_when_ready {
            self.json.literal_field("finalizeWhenReady", true);
        }
        if order.is_locked() {
            self.json.literal_field("locked", true);
        }
        if order.limits().next().is_some() {
            self.json.key("limits");
            self.json.begin_object();
            for (person, limit) in order.limits() {
                self.json.foreign_key(person.id().as_str());
                self.json.amount(limit, order.currency());
            }
            self.json.end_object();
        }
        if order.deadline().is_some() {
            deadline::write(&mut self.json, order.deadline());
        }
        self.people("ready", order.ready());
        self.people("removed", order.removed());
    }

    /// Writes a list of ids, if anybody is on it.
    fn people<'order>(&mut self, key: &'static str, people: impl Iterator<Item = &'order Participant>) {
        let mut people = people.peekable();
        if people.peek().is_none() {
            return;
        }
        self.json.key(key);
        self.json.begin_list();
        for person in people {
            self.json.string(person.id().as_str());
        }
        self.json.end_list();
    }
}
