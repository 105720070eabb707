//! Readers of commands, which are the same in both protocols: a table of their types, and a reader for each in the file of
//! its topic.

pub(super) mod charge_options;
pub(super) mod charges;
mod claims;
mod dishes;
mod payments;
mod people;
mod split;
mod table;
mod transfers;

use rust_decimal::Decimal;

use super::fields::{data, named};
use super::json::Object;
use crate::command::{ChargeCommand, Command, DishCommand, PaymentCommand, PeopleCommand, TableCommand};
use crate::rejection::{Code, Rejection};
use crate::{ItemId, ParticipantId};

const TYPES: &str = "join, add_item, remove_item, update_quantity, update_split, finalize, leave or another type of the protocol";

/// Reads a command and the participant that its message names as the sender. `fresh_id` makes the id of an item, a payment or a transfer for which the
/// client gave none.
pub(super) fn read(
    message: &Object<'_>,
    signed_in: Option<&ParticipantId>,
    fresh_id: impl FnOnce() -> ItemId,
) -> Result<(Option<ParticipantId>, Command), Rejection> {
    let kind = message.string("type", TYPES)?.ok_or_else(|| message.missing("type", TYPES))?;
    let participant = match (named(message)?, signed_in) {
        (None, Some(signed_in)) if kind == "join" => Some(signed_in.clone()),
        (None, None) if kind == "join" => {
            return Err(message.missing("participantId", "the id of the participant who joins"));
        }
        (participant, _) => participant,
    };
    let command = match kind.as_ref() {
        // First, as names are compared one after the other, and this one comes most often.
        "add_item" => Command::Dish(DishCommand::Add(dishes::add(&data(message)?, fresh_id)?)),

        "join" => Command::People(PeopleCommand::Join(people::join(message)?)),
        "add_person" => Command::People(people::add(&data(message)?, fresh_id)?),
        "leave" => Command::People(PeopleCommand::Leave),
        "set_ready" => Command::People(people::set_ready(&data(message)?)?),
        "remove_participant" => Command::People(people::remove(&data(message)?)?),
        "readmit_participant" => Command::People(people::readmit(&data(message)?)?),
        "hand_over" => Command::People(people::hand_over(&data(message)?)?),

        "add_items" => Command::Dish(dishes::add_all(&data(message)?, fresh_id)?),
        "remove_item" => Command::Dish(dishes::remove(&data(message)?)?),
        "update_quantity" => Command::Dish(dishes::update_quantity(&data(message)?)?),
        "edit_item" => Command::Dish(dishes::edit(&data(message)?)?),
        "correct_item" => Command::Dish(dishes::correct(&data(message)?)?),

        "claim_item" => Command::Claim(claims::claim(&data(message)?)?),
        "unclaim_item" => Command::Claim(claims::unclaim(&data(message)?)?),
        "assign_item" => Command::Claim(claims::assign(&data(message)?)?),

        "update_split" => Command::Split(split::update(&data(message)?)?),

        "set_charges" => Command::Charge(ChargeCommand::Set(charges::set(&data(message)?)?)),
        "set_tip" => Command::Charge(charges::set_tip(&data(message)?)?),
        "waive_service" => Command::Charge(charges::waive_service(&data(message)?)?),

        "record_payment" => {
            Command::Payment(PaymentCommand::Record(payments::record(&data(message)?, fresh_id)?))
        }
        "update_payment" => Command::Payment(payments::update(&data(message)?)?),
        "refund_payment" => Command::Payment(payments::refund(&data(message)?, fresh_id)?),

        "record_transfer" => Command::Transfer(transfers::record(&data(message)?, fresh_id)?),
        "answer_transfer" => Command::Transfer(transfers::answer(&data(message)?)?),
        "cancel_transfer" => Command::Transfer(transfers::cancel(&data(message)?)?),

        "finalize" => Command::Table(TableCommand::Finalize),
        "reopen" => Command::Table(TableCommand::Reopen),
        "lock_order" => Command::Table(TableCommand::Lock { locked: true }),
        "unlock_order" => Command::Table(TableCommand::Lock { locked: false }),
        "set_limit" => Command::Table(table::set_limit(&data(message)?)?),
        "set_rules" => Command::Table(table::set_rules(&data(message)?)?),
        "set_deadline" => Command::Table(TableCommand::Deadline(table::deadline(&data(message)?)?)),

        "undo" => Command::Undo { seq: undone(message)? },
        _ => return Err(Rejection::new(Code::UnknownType).field("type").expected(TYPES)),
    };
    Ok((participant, command))
}

/// Reads which change to undo, if the message says.
fn undone(message: &Object<'_>) -> Result<Option<Decimal>, Rejection> {
    if !message.has("data") {
        return Ok(None);
    }
    let data = data(message)?;
    // Without a number, the last change is meant, whatever it is: a typo must not do that.
    data.only(&["seq"], Code::BadField, "undo")?;
    data.optional_number("seq", Code::BadField, "the number of your last change")
}
