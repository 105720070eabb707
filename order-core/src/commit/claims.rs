//! Applies facts about who shares a dish.

use super::CommitError;
use super::undo::Touched;
use crate::fact::ClaimFact;
use crate::order::Order;
use crate::order::people::Seat;
use crate::split::Weight;
use crate::{Item, ItemId, ParticipantId};

/// Applies a fact about who shares a dish.
pub(super) fn apply(order: &mut Order, fact: &ClaimFact) -> Result<(), CommitError> {
    match fact {
        ClaimFact::Shared { item, shared_by } => share(order, item, shared_by),
    }
}

/// What of the bill the fact touches.
pub(super) fn touched(fact: &ClaimFact) -> Touched {
    match fact {
        ClaimFact::Shared { item, .. } => Touched::item(item, false),
    }
}

/// The fact that takes this one back, which `order` does not have yet.
pub(super) fn back(order: &Order, fact: &ClaimFact) -> Option<ClaimFact> {
    match fact {
        ClaimFact::Shared { item, .. } => {
            let shared_by = shared_by(order, order.item(item)?);
            Some(ClaimFact::Shared { item: item.clone(), shared_by })
        }
    }
}

fn share(order: &mut Order, item: &ItemId, shared_by: &[(ParticipantId, Weight)]) -> Result<(), CommitError> {
    let claims = claims(order, shared_by)?;
    order.items.get_mut(item).ok_or(CommitError::UnknownItem)?.claims = claims;
    Ok(())
}

/// Converts claims to seats, in seat order.
pub(super) fn claims(
    order: &Order,
    shared_by: &[(ParticipantId, Weight)],
) -> Result<Vec<(Seat, Weight)>, CommitError> {
    let mut claims = Vec::with_capacity(shared_by.len());
    for (id, weight) in shared_by {
        claims.push((order.seat_of(id).ok_or(CommitError::UnknownPerson)?, *weight));
    }
    claims.sort_unstable_by_key(|(seat, _)| *seat);
    Ok(claims)
}

/// The claims on a dish by id, in the order of seats.
pub(super) fn shared_by(order: &Order, item: &Item) -> Vec<(ParticipantId, Weight)> {
    order.shared_by(item).map(|(person, weight)| (person.id.clone(), weight)).collect()
}
