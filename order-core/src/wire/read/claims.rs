//! Commands about who shares a dish.

use crate::command::{ClaimCommand, SharedBy};
use crate::rejection::{Code, Rejection};
use crate::wire::fields::{existing_item, on_bill};
use crate::wire::json::Object;

pub(super) fn claim(data: &Object<'_>) -> Result<ClaimCommand, Rejection> {
    let item = existing_item(data)?;
    // Without a weight it is 1: a typo must not do that.
    data.only(&["itemId", "weight"], Code::BadField, "claim_item")?;
    Ok(ClaimCommand::Claim {
        item,
        weight: data.optional_number("weight", Code::BadSplit, "a number above 0")?,
    })
}

pub(super) fn unclaim(data: &Object<'_>) -> Result<ClaimCommand, Rejection> {
    Ok(ClaimCommand::Unclaim { item: existing_item(data)? })
}

pub(super) fn assign(data: &Object<'_>) -> Result<ClaimCommand, Rejection> {
    let item = existing_item(data)?;
    data.only(&["itemId", "sharedBy"], Code::BadField, "assign_item")?;
    let shared_by = shared_by(data)?.ok_or_else(|| data.missing("sharedBy", "ids of people on the bill"))?;
    Ok(ClaimCommand::Assign { item, shared_by })
}

/// Reads who shares a dish, if that is said: a list of ids, who share it equally, or an object of weights.
pub(super) fn shared_by(data: &Object<'_>) -> Result<Option<SharedBy>, Rejection> {
    const EXPECTED: &str = "a list of participant ids, or an object with a weight for each";
    if let Some(ids) = data.strings("sharedBy", EXPECTED)? {
        return ids.iter().map(|id| Ok((on_bill(id)?, None))).collect::<Result<_, _>>().map(Some);
    }
    let Some(weights) = data.numbers("sharedBy", Code::BadSplit, EXPECTED)? else { return Ok(None) };
    weights
        .into_iter()
        .map(|(id, weight)| Ok((on_bill(&id)?, Some(weight))))
        .collect::<Result<_, _>>()
        .map(Some)
}
