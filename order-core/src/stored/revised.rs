//! The stored form of corrections, of the facts about them, and of how often an order was reopened.

use serde::{Deserialize, Serialize};

use super::claims::read_weight;
use super::fact::StoredFact;
use super::split::StoredSplit;
use super::value::{owned, read_price, read_quantity};
use super::version::StoredError;
use crate::fact::{DishFact, ItemCorrected};
use crate::order::people::Seat;
use crate::order::revised::{Correction, Revised};
use crate::value::text::Text;
use crate::{ItemId, Quantity, UnixMillis};

#[derive(Serialize, Deserialize)]
pub(super) struct StoredItemCorrected {
    item: String,
    /// 0: the line is taken off.
    quantity: u16,
    reason: String,
    /// Absent if the rule stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    split: Option<StoredSplit>,
}

/// What changed in an order after it was final.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredRevised {
    corrections: Vec<StoredCorrection>,
    finalized_before: u32,
}

#[derive(Serialize, Deserialize)]
struct StoredCorrection {
    seq: u64,
    item: String,
    dish: String,
    /// Minor units of one piece.
    price: i64,
    before: u16,
    /// 0: the line was taken off.
    after: u16,
    /// Indexes into `people`, with weights in millionths.
    claims: Vec<(usize, u64)>,
    reason: String,
    at: u64,
    /// An index into `people`; `None`: the back end.
    by: Option<usize>,
}

pub(super) fn store(corrected: &ItemCorrected) -> StoredFact {
    StoredFact::ItemCorrected(StoredItemCorrected {
        item: corrected.item.as_str().to_owned(),
        quantity: pieces(corrected.quantity),
        reason: owned(&corrected.reason),
        split: corrected.split.as_ref().map(StoredSplit::from),
    })
}

impl StoredItemCorrected {
    pub(super) fn read(self) -> Result<DishFact, StoredError> {
        Ok(DishFact::Corrected(Box::new(ItemCorrected {
            item: ItemId::from_stored(&self.item),
            quantity: read_pieces(self.quantity)?,
            reason: Text::from_stored(&self.reason),
            split: self.split.map(TryInto::try_into).transpose()?,
        })))
    }
}

impl From<&Revised> for StoredRevised {
    fn from(revised: &Revised) -> Self {
        let correction = |correction: &Correction| StoredCorrection {
            seq: correction.seq,
            item: correction.item.as_str().to_owned(),
            dish: owned(&correction.dish_name),
            price: correction.price.amount().minor_units(),
            before: correction.before.pieces(),
            after: pieces(correction.after),
            claims: correction.shared_by.iter().map(|(seat, weight)| (seat.0, weight.millionths())).collect(),
            reason: owned(&correction.reason),
            at: correction.at.get(),
            by: correction.by.map(|seat| seat.0),
        };
        Self {
            corrections: revised.corrections.iter().map(correction).collect(),
            finalized_before: revised.finalized_before,
        }
    }
}

impl StoredRevised {
    pub(super) fn read(
        self,
        seat: impl Fn(usize) -> Result<Seat, StoredError>,
    ) -> Result<Revised, StoredError> {
        let correction = |stored: StoredCorrection| {
            let claim = |(place, weight)| Ok((seat(place)?, read_weight(weight)?));
            Ok(Correction {
                seq: stored.seq,
                item: ItemId::from_stored(&stored.item),
                dish_name: Text::from_stored(&stored.dish),
                price: read_price(stored.price)?,
                before: read_quantity(stored.before)?,
                after: read_pieces(stored.after)?,
                shared_by: stored.claims.into_iter().map(claim).collect::<Result<_, StoredError>>()?,
                reason: Text::from_stored(&stored.reason),
                at: UnixMillis::new(stored.at),
                by: stored.by.map(&seat).transpose()?,
            })
        };
        Ok(Revised {
            corrections: self.corrections.into_iter().map(correction).collect::<Result<_, StoredError>>()?,
            finalized_before: self.finalized_before,
        })
    }
}

fn pieces(quantity: Option<Quantity>) -> u16 {
    quantity.map_or(0, Quantity::pieces)
}

fn read_pieces(pieces: u16) -> Result<Option<Quantity>, StoredError> {
    if pieces == 0 { Ok(None) } else { read_quantity(pieces).map(Some) }
}
