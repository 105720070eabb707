//! What the owner says of the table as a whole, and who is done ordering. What says nothing new is no fact.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::amounts::{amount_up_to, bad_amount};
use super::deadline::deadline;
use super::{finalized, people};
use crate::bill::is_fine_enough;
use crate::command::{DishesOfRemoved, Manage};
use crate::fact::{Fact, Removed};
use crate::order::Order;
use crate::order::people::{Participant, Seat};
use crate::order::table::HouseRules;
use crate::rejection::{Code, Rejection};
use crate::split::Weight;
use crate::{Actor, Item, ItemId, ParticipantId, UnixMillis, max_order_total};

/// What the owner or the back end says.
pub(super) fn manage(
    order: &Order,
    now: UnixMillis,
    actor: &Actor,
    manage: &Manage,
) -> Result<Option<Fact>, Rejection> {
    match manage {
        Manage::Lock { locked } => Ok(lock(order, *locked)),
        Manage::Remove { who, dishes } => remove(order, actor, who, dishes),
        Manage::Readmit { who } => readmit(order, who),
        Manage::HandOver { to } => hand_over(order, to),
        Manage::Limit { who, limit } => self::limit(order, who, *limit),
        Manage::Rules { finalize_when_ready } => Ok(rules(order, *finalize_when_ready)),
        Manage::Deadline(set) => {
            let deadline = set.as_ref().map(|set| deadline(set, now)).transpose()?;
            Ok((order.deadline() != deadline.as_ref()).then_some(Fact::DeadlineSet(deadline)))
        }
    }
}

fn lock(order: &Order, locked: bool) -> Option<Fact> {
    (order.is_locked() != locked).then_some(Fact::LockSet { locked })
}

fn rules(order: &Order, finalize_when_ready: bool) -> Option<Fact> {
    let rules = HouseRules { finalize_when_ready, ..order.house_rules() };
    (rules != order.house_rules()).then_some(Fact::RulesSet(rules))
}

/// Only who is there can own the order.
fn hand_over(order: &Order, to: &ParticipantId) -> Result<Option<Fact>, Rejection> {
    let to = at_the_table(order, to, "data.participantId")?;
    let owns = order.owner().is_some_and(|owner| owner.id == to.id);
    Ok((!owns).then(|| Fact::HandedOver { to: to.id.clone() }))
}

/// A limit below what somebody has added already takes nothing off: they just cannot add more.
fn limit(order: &Order, who: &ParticipantId, limit: Option<Decimal>) -> Result<Option<Fact>, Rejection> {
    let seat = known(order, who)?;
    let max = max_order_total(order.currency);
    let limit = limit.map(|limit| amount_up_to(limit, max, order.currency)).transpose();
    let limit = limit.map_err(|error| bad_amount(order.currency, Code::BadLimit, "data.limit", error))?;
    let before = order.rules.as_ref().and_then(|rules| rules.limits.get(&seat).copied());
    Ok((before != limit).then(|| Fact::LimitSet { who: who.clone(), limit }))
}

fn readmit(order: &Order, who: &ParticipantId) -> Result<Option<Fact>, Rejection> {
    let seat = known(order, who)?;
    Ok(is_removed(order, seat).then(|| Fact::Readmitted { who: who.clone() }))
}

/// Whether the owner has sent this person away.
pub(super) fn is_removed(order: &Order, seat: Seat) -> bool {
    order.rules.as_ref().is_some_and(|rules| rules.removed.contains(&seat))
}

/// Marks somebody as ready. Where the order closes by itself, the last mark closes it; while the bill cannot stand, that mark
/// is refused, and says why.
pub(super) fn ready(order: &Order, by: &ParticipantId, ready: bool) -> Result<Option<Fact>, Rejection> {
    let is_ready = |who: &ParticipantId| order.ready().any(|person| person.id == *who);
    let all_ready = || order.participants().all(|person| person.id == *by || is_ready(&person.id));
    if ready && order.house_rules().finalize_when_ready && all_ready() {
        return finalized(order).map(Some);
    }
    Ok((is_ready(by) != ready).then_some(Fact::ReadySet { ready }))
}

/// Sends somebody away, whether they are there or have left.
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
            .because("it is you")
            .expected("somebody else; to get up yourself, leave"));
    }
    let mut removed = Removed {
        who: who.clone(),
        owner: people::owner_without(order, who),
        items: Vec::new(),
        shared: Vec::new(),
    };
    match dishes {
        DishesOfRemoved::Keep => {}
        DishesOfRemoved::Remove => take_off(order, seat, &mut removed),
        DishesOfRemoved::Reassign { to } => {
            let to = at_the_table(order, to, "data.to")?;
            if to.id == *who {
                return Err(Rejection::new(Code::UnknownParticipant)
                    .field("data.to")
                    .because("it is who is removed")
                    .expected("the id of somebody else at the table"));
            }
            reassign(order, seat, to, &mut removed)?;
        }
    }
    stays_fine(order, &removed)?;
    let nothing_new = is_removed(order, seat) && removed.items.is_empty() && removed.shared.is_empty();
    Ok((!nothing_new).then_some(Fact::Removed(removed)))
}

/// What is theirs alone goes; of what they share, the others have all.
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

/// Their part of each dish is that of `to`, beside what `to` has of it already.
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
        .because(format!("the two parts of {} together are too large", item.dish_name()))
}

/// The claims on a dish of those whom `counts` names.
fn claims(order: &Order, item: &Item, counts: impl Fn(Seat) -> bool) -> Vec<(ParticipantId, Weight)> {
    let claims = item.claims.iter().filter(|(seat, _)| counts(*seat));
    claims.filter_map(|&(seat, weight)| Some((order.at(seat)?.id.clone(), weight))).collect()
}

/// Whether the exact bill stays of bounded size without whoever is removed.
fn stays_fine(order: &Order, removed: &Removed) -> Result<(), Rejection> {
    if removed.shared.is_empty() {
        return Ok(());
    }
    let changed: BTreeMap<&ItemId, _> = removed.shared.iter().map(|(item, claims)| (item, claims)).collect();
    let weights = order.items().map(|item| match changed.get(&item.id) {
        Some(claims) => claims.iter().map(|(_, weight)| *weight).collect(),
        None => item.claims.iter().map(|(_, weight)| *weight).collect::<Vec<_>>(),
    });
    if is_fine_enough(weights.filter(|weights| weights.len() > 1)) {
        return Ok(());
    }
    Err(Rejection::new(Code::BillTooFine)
        .field("data.dishes")
        .expected("another choice, or weights that are small whole numbers"))
}

/// The seat of somebody who joined, whether they are still there or not.
fn known(order: &Order, who: &ParticipantId) -> Result<Seat, Rejection> {
    order.seat_of(who).ok_or_else(|| nobody("data.participantId", "the id of somebody who joined"))
}

fn at_the_table<'order>(
    order: &'order Order,
    who: &ParticipantId,
    field: &'static str,
) -> Result<&'order Participant, Rejection> {
    let person = order.person(who).filter(|person| !person.left);
    person.ok_or_else(|| nobody(field, "the id of somebody at the table"))
}

fn nobody(field: &'static str, expected: &'static str) -> Rejection {
    Rejection::new(Code::UnknownParticipant).field(field).expected(expected)
}
