//! The stored form of facts about who shares a dish.

use serde::{Deserialize, Serialize};

use super::fact::StoredFact;
use super::version::StoredError;
use crate::fact::ClaimFact;
use crate::split::Weight;
use crate::{ItemId, ParticipantId};

#[derive(Serialize, Deserialize)]
pub(super) struct StoredItemShared {
    item: String,
    /// Weights in millionths.
    shared_by: Vec<(String, u64)>,
}

pub(super) fn store(fact: &ClaimFact) -> StoredFact {
    match fact {
        ClaimFact::Shared { item, shared_by } => StoredFact::ItemShared(StoredItemShared {
            item: item.as_str().to_owned(),
            shared_by: stored_claims(shared_by),
        }),
    }
}

impl StoredItemShared {
    pub(super) fn read(self) -> Result<ClaimFact, StoredError> {
        Ok(ClaimFact::Shared {
            item: ItemId::from_stored(&self.item),
            shared_by: read_claims(self.shared_by)?,
        })
    }
}

pub(super) fn stored_claims(claims: &[(ParticipantId, Weight)]) -> Vec<(String, u64)> {
    claims.iter().map(|(who, weight)| (who.as_str().to_owned(), weight.millionths())).collect()
}

pub(super) fn read_claims(claims: Vec<(String, u64)>) -> Result<Vec<(ParticipantId, Weight)>, StoredError> {
    let claim = |(who, weight): (String, u64)| Ok((ParticipantId::from_stored(&who), read_weight(weight)?));
    claims.into_iter().map(claim).collect()
}

pub(super) fn read_weight(millionths: u64) -> Result<Weight, StoredError> {
    Weight::from_millionths(millionths).ok_or(StoredError::Damaged("weight"))
}
