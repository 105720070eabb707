//! Decides commands about who shares a dish.

use rust_decimal::Decimal;

use super::dishes::find;
use super::rights::{in_charge, present, still_open, unlocked};
use super::split::{bad_number, expected_weight};
use crate::bill::{check_claims, is_tractable};
use crate::command::{ClaimCommand, SharedBy};
use crate::fact::{ClaimFact, Fact};
use crate::order::{MAX_CLAIMS, MAX_PARTICIPANTS, Order};
use crate::rejection::{Code, Rejection};
use crate::split::Weight;
use crate::{Actor, Item, ItemId, ParticipantId};

/// Decides a command about who shares a dish; `None`: it changes nothing.
pub(super) fn decide(
    order: &Order,
    actor: &Actor,
    command: &ClaimCommand,
) -> Result<Option<Fact>, Rejection> {
    let fact = match command {
        ClaimCommand::Claim { item, weight } => {
            let by = present(order, actor)?;
            unlocked(order, by)?;
            claim(order, by, item, *weight)?
        }
        ClaimCommand::Unclaim { item } => {
            let by = present(order, actor)?;
            unlocked(order, by)?;
            unclaim(order, by, item)?
        }
        ClaimCommand::Assign { item, shared_by } => {
            in_charge(order, actor)?;
            still_open(order)?;
            assign(order, item, shared_by)?
        }
    };
    let ClaimFact::Shared { item, shared_by } = &fact;
    Ok((!is_shared_so(order, item, shared_by)).then_some(Fact::Claim(fact)))
}

/// Whether these are the claims on a dish already, in whatever order they are listed.
fn is_shared_so(order: &Order, item: &ItemId, shared_by: &[(ParticipantId, Weight)]) -> bool {
    let Some(item) = order.item(item).filter(|item| item.claims.len() == shared_by.len()) else {
        return false;
    };
    order
        .shared_by(item)
        .all(|(person, weight)| shared_by.iter().any(|(id, other)| *other == weight && id == person.id()))
}

/// Decides a fact that takes back the last change of `by`.
pub(super) fn undo(
    order: &Order,
    actor: &Actor,
    by: &ParticipantId,
    back: &ClaimFact,
) -> Result<ClaimFact, Rejection> {
    let ClaimFact::Shared { item, shared_by } = back;
    unlocked(order, by)?;
    if !is_own_part(order, by, item, shared_by) {
        in_charge(order, actor)?;
    }
    share_as_before(order, item, shared_by)
}

/// Claims a part of a dish, or changes that part.
fn claim(
    order: &Order,
    by: &ParticipantId,
    item: &ItemId,
    weight: Option<Decimal>,
) -> Result<ClaimFact, Rejection> {
    let item = find(order, item)?;
    let weight = read_weight(weight)?;
    if weight.millionths() == 0 {
        return Err(Rejection::new(Code::BadSplit).field("data.weight").expected("a weight above 0"));
    }
    let mut shared_by = without(order, item, by);
    shared_by.push((by.clone(), weight));
    share(order, item, shared_by)
}

/// Gives up a part of a dish.
fn unclaim(order: &Order, by: &ParticipantId, item: &ItemId) -> Result<ClaimFact, Rejection> {
    let item = find(order, item)?;
    if !order.shared_by(item).any(|(person, _)| person.id() == by) {
        return Err(Code::NotClaimed.into());
    }
    share(order, item, without(order, item, by))
}

/// Sets who shares a dish.
fn assign(order: &Order, item: &ItemId, shared_by: &SharedBy) -> Result<ClaimFact, Rejection> {
    let item = find(order, item)?;
    share(order, item, read(order, shared_by)?)
}

/// Checks that the state and the exact bill stay of bounded size with new dishes that have these claims.
pub(super) fn fit<'a>(
    order: &Order,
    new: impl IntoIterator<Item = &'a [(ParticipantId, Weight)]>,
) -> Result<(), Rejection> {
    check_bill_is_tractable(order, None, new)
}

/// Whether new claims on a dish differ from the current ones in the part of `who` only.
fn is_own_part(
    order: &Order,
    who: &ParticipantId,
    item: &ItemId,
    shared_by: &[(ParticipantId, Weight)],
) -> bool {
    let others = shared_by.iter().filter(|(id, _)| id != who);
    order.item(item).is_some_and(|item| without(order, item, who).iter().eq(others))
}

/// Restores the earlier claims on a dish.
fn share_as_before(
    order: &Order,
    item: &ItemId,
    shared_by: &[(ParticipantId, Weight)],
) -> Result<ClaimFact, Rejection> {
    nobody_was_removed(order, shared_by)?;
    share(order, find(order, item)?, shared_by.to_vec())
}

/// Checks that a removed dish can be restored with its claims.
pub(super) fn still_fit(order: &Order, shared_by: &[(ParticipantId, Weight)]) -> Result<(), Rejection> {
    nobody_was_removed(order, shared_by)?;
    fit(order, [shared_by])
}

/// Checks that an undo gives no part of a dish to a person who was removed and shares no dish
/// any more.
pub(super) fn nobody_was_removed(
    order: &Order,
    shared_by: &[(ParticipantId, Weight)],
) -> Result<(), Rejection> {
    let removed = |id: &ParticipantId| order.removed().any(|person| person.id == *id);
    let may_share = |id: &ParticipantId| order.seat_of(id).is_some_and(|seat| order.may_share(seat));
    if shared_by.iter().any(|(id, _)| removed(id) && !may_share(id)) {
        return Err(Rejection::undo_conflict("somebody who shared the dish was removed"));
    }
    Ok(())
}

/// Reads the claims that a client gave. Everybody named must be allowed to share a dish.
pub(super) fn read(order: &Order, shared_by: &SharedBy) -> Result<Vec<(ParticipantId, Weight)>, Rejection> {
    if shared_by.len() > MAX_PARTICIPANTS {
        return Err(Rejection::new(Code::ConflictingClaims)
            .field("data.sharedBy")
            .because("it names more people than an order can have")
            .expected("each person once"));
    }
    let mut claims = Vec::with_capacity(shared_by.len());
    let mut seats = Vec::with_capacity(shared_by.len());
    for (id, weight) in shared_by {
        let weight = read_weight(*weight).map_err(|rejection| rejection.field("data.sharedBy"))?;
        let seat = order.seat_of(id).filter(|&seat| order.may_share(seat));
        let seat = seat.ok_or_else(|| {
            Rejection::new(Code::UnknownParticipant)
                .field("data.sharedBy")
                .expected("ids of people on the bill")
        })?;
        claims.push((id.clone(), weight));
        seats.push((seat, weight));
    }
    check_claims(&seats).map_err(|rejection| rejection.field("data.sharedBy"))?;
    claims.retain(|(_, weight)| weight.millionths() > 0);
    Ok(claims)
}

fn without(order: &Order, item: &Item, who: &ParticipantId) -> Vec<(ParticipantId, Weight)> {
    let others = order.shared_by(item).filter(|(person, _)| person.id() != who);
    others.map(|(person, weight)| (person.id().clone(), weight)).collect()
}

fn share(
    order: &Order,
    item: &Item,
    shared_by: Vec<(ParticipantId, Weight)>,
) -> Result<ClaimFact, Rejection> {
    check_bill_is_tractable(order, Some(item), [shared_by.as_slice()])?;
    Ok(ClaimFact::Shared { item: item.id.clone(), shared_by })
}

/// Checks that the state and the exact bill stay of bounded size when the claims on `instead_of`, or on new dishes, are
/// these.
fn check_bill_is_tractable<'a>(
    order: &Order,
    instead_of: Option<&Item>,
    shared_by: impl IntoIterator<Item = &'a [(ParticipantId, Weight)]>,
) -> Result<(), Rejection> {
    let new: Vec<_> = shared_by.into_iter().filter(|claims| claims.len() > 1).collect();
    if new.is_empty() {
        return Ok(());
    }
    let others = order.items().filter(|item| instead_of.is_none_or(|old| old.id != item.id));
    let of = |weights: &mut dyn Iterator<Item = Weight>| weights.collect::<Vec<_>>();
    let others: Vec<_> = others.filter(|item| item.claims.len() > 1).collect();
    let claims = new.iter().fold(0_usize, |sum, claims| sum.saturating_add(claims.len()));
    let claims = others.iter().fold(claims, |sum, item| sum.saturating_add(item.claims.len()));
    if claims > MAX_CLAIMS {
        return Err(Rejection::new(Code::OrderTooLarge)
            .field("data.sharedBy")
            .expected(format!("at most {MAX_CLAIMS} claims on all shared dishes together")));
    }
    let others = others.into_iter();
    let others = others.map(|item| of(&mut item.claims.iter().map(|(_, weight)| *weight)));
    let new = new.into_iter().map(|claims| of(&mut claims.iter().map(|(_, weight)| *weight)));
    if is_tractable(new.chain(others)) {
        return Ok(());
    }
    Err(Rejection::new(Code::BillTooFine)
        .field("data")
        .expected("small whole weights, like those of the other dishes"))
}

fn read_weight(weight: Option<Decimal>) -> Result<Weight, Rejection> {
    let Some(weight) = weight else { return Ok(Weight::ONE) };
    Weight::from_decimal(weight).map_err(|error| bad_number("data.weight", error, expected_weight()))
}
