//! Sitting down at the table and getting up from it.

use super::{charges, deadline, still_open, table};
use crate::command::Join;
use crate::fact::Joined;
use crate::order::{Order, Status};
use crate::rejection::{Code, Rejection};
use crate::{HouseRules, ParticipantId, Role, UnixMillis};

pub(super) fn join(
    order: &Order,
    now: UnixMillis,
    id: &ParticipantId,
    join: &Join,
) -> Result<Option<Joined>, Rejection> {
    let known = order.person(id);
    if order.seat_of(id).is_some_and(|seat| table::is_removed(order, seat)) {
        return Err(Rejection::new(Code::Removed));
    }
    if known.is_some() && order.status != Status::Active {
        // Whoever was part of it may look at the bill, but changes nothing by it.
        return Ok(None);
    }
    still_open(order)?;
    let first = order.people.is_empty();
    if let Some(currency) = join.currency
        && !first
        && currency != order.currency
    {
        return Err(Rejection::new(Code::BadCurrency)
            .field("data.currency")
            .because(format!("this order is in {}", order.currency))
            .expected(order.currency.code().to_owned()));
    }
    let name = match (&join.name, known) {
        (Some(name), _) => name.clone(),
        (None, Some(person)) => person.name.clone(),
        (None, None) => {
            return Err(Rejection::new(Code::MissingField).field("participantName").expected("a name"));
        }
    };
    let currency = join.currency.filter(|_| first).unwrap_or(order.currency);
    let charges = match &join.charges {
        Some(set) if first => Some(charges::set(order, currency, set)?),
        _ => None,
    };
    let deadline = match &join.deadline {
        Some(set) if first => Some(Box::new(deadline::deadline(set, now)?)),
        _ => None,
    };
    let joined = Joined {
        name,
        phone: join.phone.clone().or_else(|| known.and_then(|person| person.phone.clone())),
        role: role_on_joining(order, id),
        circle_id: join.circle_id.clone().filter(|_| order.circle_id.is_none()),
        tenant_id: join.tenant_id.clone().filter(|_| order.tenant_id.is_none()),
        currency: first.then_some(currency),
        charges,
        rules: first.then(|| first_rules(order, join)).filter(|rules| *rules != HouseRules::default()),
        deadline,
    };
    let nothing_new = known.is_some_and(|person| {
        !person.left
            && person.name == joined.name
            && person.phone == joined.phone
            && joined.circle_id.is_none()
            && joined.tenant_id.is_none()
    });
    Ok((!nothing_new).then_some(joined))
}

/// The rules of an order that `join` begins.
fn first_rules(order: &Order, join: &Join) -> HouseRules {
    HouseRules {
        policy: join.policy.unwrap_or(order.default_policy),
        finalize_when_ready: join.finalize_when_ready.unwrap_or_default(),
    }
}

/// Whoever comes to a table that nobody owns becomes its owner.
fn role_on_joining(order: &Order, id: &ParticipantId) -> Role {
    match order.owner() {
        Some(owner) if owner.id != *id => Role::Member,
        Some(_) | None => Role::Owner,
    }
}

/// The owner once `leaving` is gone: the same, or of those who remain the one who joined first.
pub(super) fn owner_without(order: &Order, leaving: &ParticipantId) -> Option<ParticipantId> {
    let owner = order.owner().filter(|owner| owner.id != *leaving);
    owner
        .or_else(|| order.participants().find(|person| person.id != *leaving))
        .map(|person| person.id.clone())
}
