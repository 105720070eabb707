//! Applies facts about the people at the table.

use std::collections::BTreeSet;

use super::charges::set_charges;
use super::claims::claims;
use super::dishes::remove as take_off;
use super::undo::Touched;
use super::{CommitError, author, seat_of_author, table};
use crate::fact::{Joined, PeopleFact, Recorded, Removed};
use crate::order::Order;
use crate::order::cached::Cached;
use crate::order::people::{Added, Participant, Seat};
use crate::value::text::Text;
use crate::{ParticipantId, Policy, Role, UnixMillis};

/// Applies a fact about the people at the table.
pub(super) fn apply(order: &mut Order, recorded: &Recorded, fact: &PeopleFact) -> Result<(), CommitError> {
    match fact {
        PeopleFact::Joined(joined) => join(order, author(recorded)?, recorded.at, joined),
        PeopleFact::Added { who, name } => add(order, author(recorded)?, recorded.at, who, name)?,
        PeopleFact::Left { owner } => leave(order, author(recorded)?, owner.as_ref())?,
        PeopleFact::ReadySet { ready } => set_ready(order, seat_of_author(order, recorded)?, *ready),
        PeopleFact::HandedOver { to } => {
            order.owner = Some(order.seat_of(to).ok_or(CommitError::UnknownPerson)?);
        }
        PeopleFact::Removed(removed) => remove(order, removed)?,
        PeopleFact::Readmitted { who } => readmit(order, who)?,
    }
    Ok(())
}

/// What of the bill the fact touches. `takes_discount`: a discount ends with a dish that it takes off.
pub(super) fn touched(fact: &PeopleFact, takes_discount: bool) -> Touched {
    match fact {
        PeopleFact::Removed(removed) => {
            let shared = removed.shared.iter().map(|(item, _)| item);
            let items = removed.items.iter().chain(shared).cloned().collect();
            Touched { items, gone: removed.items.clone(), charges: takes_discount, split: false }
        }
        PeopleFact::Joined(_)
        | PeopleFact::Added { .. }
        | PeopleFact::Left { .. }
        | PeopleFact::ReadySet { .. }
        | PeopleFact::HandedOver { .. }
        | PeopleFact::Readmitted { .. } => Touched::default(),
    }
}

fn join(order: &mut Order, by: &ParticipantId, at: UnixMillis, joined: &Joined) {
    let seat = order.seat_of(by);
    if order.people.is_empty() {
        // From now on the log decides the policy.
        order.default_policy = Policy::default();
    }
    if let Some(person) = seat.and_then(|seat| order.people.get_mut(seat.0)) {
        if person.name != joined.name {
            person.written = Cached::default();
        }
        person.name = joined.name.clone();
        person.phone.clone_from(&joined.phone);
        person.left = false;
        if let Some(added) = &mut person.added {
            added.is_vacant = false;
        }
    } else {
        order.people.push(Participant {
            id: by.clone(),
            name: joined.name.clone(),
            phone: joined.phone.clone(),
            joined_at: at,
            left: false,
            added: None,
            written: Cached::default(),
            tie: Cached::default(),
        });
    }
    if joined.role == Role::Owner {
        order.owner = seat.or(order.people.len().checked_sub(1).map(Seat));
    }
    if joined.circle_id.is_some() {
        order.circle_id.clone_from(&joined.circle_id);
    }
    if joined.tenant_id.is_some() {
        order.tenant_id.clone_from(&joined.tenant_id);
    }
    if let Some(currency) = joined.currency {
        order.currency = currency;
    }
    if let Some(charges) = &joined.charges {
        set_charges(order, charges);
    }
    if let Some(house) = joined.rules {
        table::of(order).house = house;
    }
    if let Some(deadline) = joined.deadline.as_deref() {
        table::of(order).deadline = Some(deadline.clone());
    }
}

fn add(
    order: &mut Order,
    by: &ParticipantId,
    at: UnixMillis,
    who: &ParticipantId,
    name: &Text,
) -> Result<(), CommitError> {
    if order.person(who).is_some() {
        return Err(CommitError::PersonExists);
    }
    let by = order.person(by).ok_or(CommitError::UnknownPerson)?.id.clone();
    order.people.push(Participant {
        id: who.clone(),
        name: name.clone(),
        phone: None,
        joined_at: at,
        left: false,
        added: Some(Box::new(Added { by, is_vacant: true })),
        written: Cached::default(),
        tie: Cached::default(),
    });
    Ok(())
}

fn leave(order: &mut Order, by: &ParticipantId, owner: Option<&ParticipantId>) -> Result<(), CommitError> {
    let owner = match owner {
        Some(id) => Some(order.seat_of(id).ok_or(CommitError::UnknownPerson)?),
        None => None,
    };
    let person = order.people.iter_mut().find(|person| person.id == *by).ok_or(CommitError::UnknownPerson)?;
    person.left = true;
    order.owner = owner;
    Ok(())
}

fn set_ready(order: &mut Order, seat: Seat, ready: bool) {
    if ready {
        table::of(order).ready.insert(seat);
    } else {
        table::of(order).ready.remove(&seat);
    }
}

fn readmit(order: &mut Order, who: &ParticipantId) -> Result<(), CommitError> {
    let seat = order.seat_of(who).ok_or(CommitError::UnknownPerson)?;
    table::of(order).removed.remove(&seat);
    Ok(())
}

/// Removes a participant. Everything is validated before anything is changed.
fn remove(order: &mut Order, removed: &Removed) -> Result<(), CommitError> {
    let seat = order.seat_of(&removed.who).ok_or(CommitError::UnknownPerson)?;
    let owner = removed.owner.as_ref().map(|id| order.seat_of(id).ok_or(CommitError::UnknownPerson));
    let owner = owner.transpose()?;
    let mut lines = BTreeSet::new();
    let items = removed.items.iter().chain(removed.shared.iter().map(|(item, _)| item));
    for item in items {
        if order.item(item).is_none() || !lines.insert(item) {
            return Err(CommitError::UnknownItem);
        }
    }
    let shared = removed.shared.iter().map(|(item, shared_by)| Ok((item, claims(order, shared_by)?)));
    for (item, claims) in shared.collect::<Result<Vec<_>, CommitError>>()? {
        order.items.get_mut(item).ok_or(CommitError::UnknownItem)?.claims = claims;
    }
    for item in &removed.items {
        take_off(order, item)?;
    }
    if let Some(person) = order.people.get_mut(seat.0) {
        person.left = true;
    }
    order.owner = owner;
    let rules = table::of(order);
    rules.removed.insert(seat);
    rules.ready.remove(&seat);
    Ok(())
}
