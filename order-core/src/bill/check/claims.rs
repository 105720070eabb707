//! Checks the dishes of a bill and the claims on them.

use crate::bill::Dish;
use crate::divide::Weight;
use crate::rejection::{Code, Rejection};
use crate::value::{ItemId, Seat};

/// Checks that each dish has an id of its own.
pub(crate) fn check_ids(dishes: &[Dish]) -> Result<(), Rejection> {
    // Ids mostly differ at the end, and integers compare faster than texts.
    let end = |id: &ItemId| {
        let last = id.as_str().as_bytes().rchunks(8).next().unwrap_or_default();
        last.iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
    };
    let mut ids: Vec<_> = dishes.iter().map(|dish| (end(&dish.id), dish.id.as_str())).collect();
    ids.sort_unstable();
    match ids.iter().zip(ids.iter().skip(1)).find(|(one, next)| one == next) {
        None => Ok(()),
        Some(((_, id), _)) => Err(Rejection::new(Code::ItemIdTaken)
            .because(format!("{id} is listed twice"))
            .expected("a different id for each item")),
    }
}

/// Checks that these can be the claims on one dish: each person once, and somebody with a part of it, unless it is unassigned.
pub(crate) fn check_claims(claims: &[(Seat, Weight)]) -> Result<(), Rejection> {
    let twice = match claims {
        // Most dishes have one claim or two.
        [] | [_] => false,
        [(one, _), (other, _)] => one == other,
        _ => {
            let mut seats: Vec<_> = claims.iter().map(|(seat, _)| seat).collect();
            seats.sort_unstable();
            seats.iter().zip(seats.iter().skip(1)).any(|(seat, next)| seat == next)
        }
    };
    if twice {
        return Err(Rejection::new(Code::ConflictingClaims)
            .because("somebody is listed twice for one dish")
            .expected("each person once"));
    }
    if claims.is_empty() || claims.iter().any(|(_, weight)| weight.millionths() > 0) {
        return Ok(());
    }
    Err(Rejection::new(Code::BadSplit)
        .because("all weights of a dish are 0")
        .expected("at least one weight above 0"))
}
