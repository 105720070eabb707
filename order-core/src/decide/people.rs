//! Decides commands about the people at the table. What says nothing new is no fact.

use std::collections::BTreeMap;

use super::charges;
use super::deadline::deadline;
use super::rights::{in_charge, named, present, still_open};
use super::table::finalized;
use crate::bill::is_tractable;
use crate::command::{DishesOfRemoved, Join, PeopleCommand};
use crate::fact::{Fact, Joined, PeopleFact, Removed};
use crate::order::people::{Participant, Seat};
use crate::order::table::TableRules;
use crate::order::{MAX_ADDED_EACH, Order, Status};
use crate::rejection::{Code, Rejection};
use crate::split::Weight;
use crate::value::text::Text;
use crate::{Actor, Item, ItemId, ParticipantId, Role, UnixMillis};

/// Decides a command about the people at the table; `None`: it changes nothing.
pub(super) fn decide(
    order: &Order,
    now: UnixMillis,
    actor: &Actor,
    command: &PeopleCommand,
) -> Result<Option<Fact>, Rejection> {
    match command {
        PeopleCommand::Join(join) => {
            let joined = self::join(order, now, named(actor)?, join)?;
            Ok(joined.map(|joined| Fact::People(PeopleFact::Joined(joined))))
        }
        PeopleCommand::Add { who, name } => {
            let by = present(order, actor)?;
            add(order, by, who, name).map(Some)
        }
        PeopleCommand::Leave => {
            let owner = order.owner_without(present(order, actor)?);
            Ok(Some(Fact::People(PeopleFact::Left { owner })))
        }
        PeopleCommand::SetReady { ready } => self::ready(order, present(order, actor)?, *ready),
        PeopleCommand::Remove { who, dishes } => {
            may_manage(order, actor)?;
            remove(order, actor, who, dishes)
        }
        PeopleCommand::Readmit { who } => {
            may_manage(order, actor)?;
            readmit(order, who)
        }
        PeopleCommand::HandOver { to } => {
            may_manage(order, actor)?;
            hand_over(order, to)
        }
    }
}

/// Adds a person without a phone.
fn add(order: &Order, by: &ParticipantId, who: &ParticipantId, name: &Text) -> Result<Fact, Rejection> {
    if order.person(who).is_some() {
        return Err(Rejection::new(Code::ParticipantIdTaken)
            .field("data.participantId")
            .expected("an unused id, or none"));
    }
    let own = order.people.iter().filter(|person| person.added_by() == Some(by)).count();
    if own >= MAX_ADDED_EACH {
        return Err(Rejection::new(Code::TooManyParticipants)
            .expected(format!("at most {MAX_ADDED_EACH} people added by one person")));
    }
    Ok(Fact::People(PeopleFact::Added { who: who.clone(), name: name.clone() }))
}

fn may_manage(order: &Order, actor: &Actor) -> Result<(), Rejection> {
    in_charge(order, actor)?;
    still_open(order)
}

fn join(
    order: &Order,
    now: UnixMillis,
    id: &ParticipantId,
    join: &Join,
) -> Result<Option<Joined>, Rejection> {
    let known = order.person(id);
    if order.is_removed(id) {
        return Err(Rejection::new(Code::Removed));
    }
    let is_vacant = known.is_some_and(Participant::is_vacant);
    if is_vacant && !join.may_take_seat {
        return Err(Rejection::new(Code::WrongCode)
            .field("data.code")
            .expected("the code of this seat, from the person who added it"));
    }
    // A seat may be taken after the end, by somebody who comes to pay.
    let comes_to_pay = is_vacant && order.status == Status::Finalized;
    if known.is_some() && order.status != Status::Active && !comes_to_pay {
        // A participant may come back to look at the bill, but that changes nothing.
        return Ok(None);
    }
    if !comes_to_pay {
        still_open(order)?;
    }
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
        Some(set) if first => Some(Box::new(charges::set(order, currency, set)?)),
        _ => None,
    };
    let deadline = match &join.deadline {
        Some(set) if first => Some(Box::new(deadline(set, now)?)),
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
        rules: first.then(|| first_rules(order, join)).filter(|rules| *rules != TableRules::default()),
        deadline,
    };
    let nothing_new = known.is_some_and(|person| {
        !person.left
            && !is_vacant
            && person.name == joined.name
            && person.phone == joined.phone
            && joined.circle_id.is_none()
            && joined.tenant_id.is_none()
    });
    Ok((!nothing_new).then_some(joined))
}

/// The rules of an order that starts with `join`.
fn first_rules(order: &Order, join: &Join) -> TableRules {
    TableRules {
        policy: join.policy.unwrap_or(order.default_policy),
        finalize_when_ready: join.finalize_when_ready.unwrap_or_default(),
    }
}

/// The role of a person who joins: the first at a table without an owner becomes the owner.
fn role_on_joining(order: &Order, id: &ParticipantId) -> Role {
    match order.owner() {
        Some(owner) if owner.id != *id => Role::Member,
        Some(_) | None => Role::Owner,
    }
}

/// Marks or unmarks a person as ready. If the order finalizes automatically, the last mark
/// finalizes it; if the bill cannot be finalized, that mark is refused with the reason.
fn ready(order: &Order, by: &ParticipantId, ready: bool) -> Result<Option<Fact>, Rejection> {
    let is_ready = |who: &ParticipantId| order.ready().any(|person| person.id == *who);
    let all_ready = || {
        order
            .participants()
            .filter(|person| !person.is_vacant())
            .all(|person| person.id == *by || is_ready(&person.id))
    };
    if ready && order.table_rules().finalize_when_ready && all_ready() {
        return finalized(order).map(Some);
    }
    Ok((is_ready(by) != ready).then_some(Fact::People(PeopleFact::ReadySet { ready })))
}

/// Hands the order over. Only a person at the table can own it.
fn hand_over(order: &Order, to: &ParticipantId) -> Result<Option<Fact>, Rejection> {
    let to = at_the_table(order, to, "data.participantId")?;
    if to.is_vacant() {
        return Err(unknown_participant(
            "data.participantId",
            "the id of somebody who has joined themselves",
        ));
    }
    Ok((!order.is_owned_by(&to.id)).then(|| Fact::People(PeopleFact::HandedOver { to: to.id.clone() })))
}

fn readmit(order: &Order, who: &ParticipantId) -> Result<Option<Fact>, Rejection> {
    known(order, who)?;
    Ok(order.is_removed(who).then(|| Fact::People(PeopleFact::Readmitted { who: who.clone() })))
}

/// Removes a person, whether they are at the table or have left.
fn remove(
    order: &Order,
    actor: &Actor,
    who: &ParticipantId,
    dishes: &DishesOfRemoved,
) -> Result<Option<Fact>, Rejection> {
    let seat = known(order, who)?;
    if actor.id() == Some(who) {
        return Err(Rejection::new(Code::BadField)
            .field("data.participantId")
            .because("it names yourself")
            .expected("another participant; to leave, send leave"));
    }
    let mut removed =
        Removed { who: who.clone(), owner: order.owner_without(who), items: Vec::new(), shared: Vec::new() };
    match dishes {
        DishesOfRemoved::Keep => {}
        DishesOfRemoved::Remove => take_off(order, seat, &mut removed),
        DishesOfRemoved::Reassign { to } => {
            let to = at_the_table(order, to, "data.to")?;
            if to.id == *who {
                return Err(Rejection::new(Code::UnknownParticipant)
                    .field("data.to")
                    .because("it is the person to be removed")
                    .expected("the id of somebody else at the table"));
            }
            reassign(order, seat, to, &mut removed)?;
        }
    }
    check_bill_stays_tractable(order, &removed)?;
    let nothing_new = order.is_removed(who) && removed.items.is_empty() && removed.shared.is_empty();
    Ok((!nothing_new).then_some(Fact::People(PeopleFact::Removed(removed))))
}

/// Removes the dishes that are theirs alone; the others take over their part of shared dishes.
fn take_off(order: &Order, seat: Seat, removed: &mut Removed) {
    for item in order.items() {
        let others = claims(order, item, |claimant| claimant != seat);
        let has_part = others.len() < item.claims.len();
        if others.is_empty() && (has_part || item.added_by == seat) {
            removed.items.push(item.id.clone());
        } else if has_part {
            removed.shared.push((item.id.clone(), others));
        }
    }
}

/// Adds their part of each dish to the part of `to`.
fn reassign(order: &Order, seat: Seat, to: &Participant, removed: &mut Removed) -> Result<(), Rejection> {
    for item in order.items() {
        let Some((_, part)) = item.claims.iter().find(|(claimant, _)| *claimant == seat) else { continue };
        let mut claims = claims(order, item, |claimant| claimant != seat);
        match claims.iter_mut().find(|(id, _)| *id == to.id) {
            Some((_, own)) => *own = own.checked_add(*part).ok_or_else(|| too_large(item))?,
            None => claims.push((to.id.clone(), *part)),
        }
        removed.shared.push((item.id.clone(), claims));
    }
    Ok(())
}

fn too_large(item: &Item) -> Rejection {
    Rejection::new(Code::BadSplit)
        .field("data.to")
        .because(format!("the two weights of {} together are too large", item.dish_name()))
}

/// The claims on a dish of the people whom `counts` selects.
fn claims(order: &Order, item: &Item, counts: impl Fn(Seat) -> bool) -> Vec<(ParticipantId, Weight)> {
    let claims = item.claims.iter().filter(|(seat, _)| counts(*seat));
    claims.filter_map(|&(seat, weight)| Some((order.at(seat)?.id.clone(), weight))).collect()
}

/// Checks that the exact bill stays of bounded size without those who are removed.
fn check_bill_stays_tractable(order: &Order, removed: &Removed) -> Result<(), Rejection> {
    if removed.shared.is_empty() {
        return Ok(());
    }
    let changed: BTreeMap<&ItemId, _> = removed.shared.iter().map(|(item, claims)| (item, claims)).collect();
    let weights = order.items().map(|item| match changed.get(&item.id) {
        Some(claims) => claims.iter().map(|(_, weight)| *weight).collect(),
        None => item.claims.iter().map(|(_, weight)| *weight).collect::<Vec<_>>(),
    });
    if is_tractable(weights.filter(|weights| weights.len() > 1)) {
        return Ok(());
    }
    Err(Rejection::new(Code::BillTooFine)
        .field("data.dishes")
        .expected("another choice for the dishes, or small whole weights"))
}

/// The seat of a person who joined, whether they are at the table or have left.
pub(super) fn known(order: &Order, who: &ParticipantId) -> Result<Seat, Rejection> {
    order
        .seat_of(who)
        .ok_or_else(|| unknown_participant("data.participantId", "the id of somebody who joined"))
}

fn at_the_table<'order>(
    order: &'order Order,
    who: &ParticipantId,
    field: &'static str,
) -> Result<&'order Participant, Rejection> {
    let person = order.person(who).filter(|person| !person.left);
    person.ok_or_else(|| unknown_participant(field, "the id of somebody at the table"))
}

fn unknown_participant(field: &'static str, expected: &'static str) -> Rejection {
    Rejection::new(Code::UnknownParticipant).field(field).expected(expected)
}
