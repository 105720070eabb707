//! The stored form of facts about dishes, and of a dish on an order.

use serde::{Deserialize, Serialize};

use super::charges::StoredCharges;
use super::claims::{read_claims, read_weight, stored_claims};
use super::fact::StoredFact;
use super::revised;
use super::value::{owned, read_price, read_quantity};
use super::version::StoredError;
use crate::bill::check_claims;
use crate::fact::{ChargesSet, DishFact, ItemAdded, ItemRestored};
use crate::order::cached::Cached;
use crate::order::item::Item;
use crate::order::people::Seat;
use crate::split::Weight;
use crate::value::text::Text;
use crate::{ItemId, ParticipantId, UnixMillis};

#[derive(Serialize, Deserialize)]
pub(super) struct StoredItemAdded {
    item: String,
    dish: String,
    kind: String,
    quantity: u16,
    /// Minor units of one piece.
    price: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customization: Option<String>,
    /// Weights in millionths; absent if only the person who added it claims it, with weight 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shared_by: Option<Vec<(String, u64)>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredItemRestored {
    item: String,
    dish: String,
    kind: String,
    quantity: u16,
    /// Minor units of one piece.
    price: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customization: Option<String>,
    /// Weights in millionths.
    shared_by: Vec<(String, u64)>,
    added_by: String,
    added_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    charges: Option<StoredCharges>,
}

/// Several dishes that were ordered together.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredItemsAdded {
    items: Vec<StoredItemAdded>,
}

/// Several dishes that were restored together.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredItemsRestored {
    items: Vec<StoredItemRestored>,
}

/// Several dishes that were removed together.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredItemsRemoved {
    items: Vec<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredItemRemoved {
    item: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredQuantityUpdated {
    item: String,
    quantity: u16,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredItemEdited {
    item: String,
    dish: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customization: Option<String>,
}

/// A dish on an order.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredItem {
    id: String,
    dish: String,
    kind: String,
    quantity: u16,
    /// Minor units of one piece.
    price: i64,
    customization: Option<String>,
    /// An index into `people`.
    by: usize,
    at: u64,
    /// Indexes into `people`, with weights in millionths; absent if only the person who added it
    /// claims it, with weight 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claims: Option<Vec<(usize, u64)>>,
}

pub(super) fn store(fact: &DishFact, by: Option<&ParticipantId>) -> StoredFact {
    match fact {
        DishFact::Added(added) => StoredFact::ItemAdded(StoredItemAdded::new(added, by)),
        DishFact::AllAdded(added) => StoredFact::ItemsAdded(StoredItemsAdded {
            items: added.iter().map(|added| StoredItemAdded::new(added, by)).collect(),
        }),
        DishFact::Restored(restored) => StoredFact::ItemRestored(restored.as_ref().into()),
        DishFact::AllRestored(restored) => StoredFact::ItemsRestored(StoredItemsRestored {
            items: restored.iter().map(StoredItemRestored::from).collect(),
        }),
        DishFact::AllRemoved { items } => StoredFact::ItemsRemoved(StoredItemsRemoved {
            items: items.iter().map(|item| item.as_str().to_owned()).collect(),
        }),
        DishFact::Corrected(corrected) => revised::store(corrected),
        DishFact::Removed { item } => {
            StoredFact::ItemRemoved(StoredItemRemoved { item: item.as_str().to_owned() })
        }
        DishFact::QuantityUpdated { item, quantity } => StoredFact::QuantityUpdated(StoredQuantityUpdated {
            item: item.as_str().to_owned(),
            quantity: quantity.pieces(),
        }),
        DishFact::Edited { item, dish_name, customization } => StoredFact::ItemEdited(StoredItemEdited {
            item: item.as_str().to_owned(),
            dish: owned(dish_name),
            customization: customization.as_ref().map(owned),
        }),
    }
}

impl StoredItemAdded {
    /// A dish that its author has alone is stored without claims.
    fn new(added: &ItemAdded, by: Option<&ParticipantId>) -> Self {
        Self {
            item: added.item.as_str().to_owned(),
            dish: owned(&added.dish_name),
            kind: owned(&added.dish_type),
            quantity: added.quantity.pieces(),
            price: added.price.amount().minor_units(),
            customization: added.customization.as_ref().map(owned),
            shared_by: match added.shared_by.as_slice() {
                [(who, Weight::ONE)] if Some(who) == by => None,
                claims => Some(stored_claims(claims)),
            },
        }
    }

    pub(super) fn read(self, by: Option<&ParticipantId>) -> Result<DishFact, StoredError> {
        self.dish(by).map(DishFact::Added)
    }

    /// Reads the dish, which the fact's author has where nothing else was stored.
    fn dish(self, by: Option<&ParticipantId>) -> Result<ItemAdded, StoredError> {
        Ok(ItemAdded {
            item: ItemId::from_stored(&self.item),
            dish_name: Text::from_stored(&self.dish),
            dish_type: Text::from_stored(&self.kind),
            quantity: read_quantity(self.quantity)?,
            price: read_price(self.price)?,
            customization: self.customization.as_deref().map(Text::from_stored),
            shared_by: match self.shared_by {
                Some(claims) => read_claims(claims)?,
                None => by.map(|id| (id.clone(), Weight::ONE)).into_iter().collect(),
            },
        })
    }
}

impl StoredItemsAdded {
    pub(super) fn read(self, by: Option<&ParticipantId>) -> Result<DishFact, StoredError> {
        self.items.into_iter().map(|item| item.dish(by)).collect::<Result<_, _>>().map(DishFact::AllAdded)
    }
}

impl StoredItemsRestored {
    pub(super) fn read(self) -> Result<DishFact, StoredError> {
        let items = self.items.into_iter().map(StoredItemRestored::dish);
        items.collect::<Result<_, _>>().map(DishFact::AllRestored)
    }
}

impl StoredItemsRemoved {
    pub(super) fn read(&self) -> DishFact {
        DishFact::AllRemoved { items: self.items.iter().map(|item| ItemId::from_stored(item)).collect() }
    }
}

impl From<&ItemRestored> for StoredItemRestored {
    fn from(ItemRestored { added, added_by, added_at, charges }: &ItemRestored) -> Self {
        Self {
            item: added.item.as_str().to_owned(),
            dish: owned(&added.dish_name),
            kind: owned(&added.dish_type),
            quantity: added.quantity.pieces(),
            price: added.price.amount().minor_units(),
            customization: added.customization.as_ref().map(owned),
            shared_by: stored_claims(&added.shared_by),
            added_by: added_by.as_str().to_owned(),
            added_at: added_at.get(),
            charges: charges.as_ref().map(|set| StoredCharges::new(&set.charges, set.round_to)),
        }
    }
}

impl StoredItemRestored {
    pub(super) fn read(self) -> Result<DishFact, StoredError> {
        self.dish().map(Box::new).map(DishFact::Restored)
    }

    fn dish(self) -> Result<ItemRestored, StoredError> {
        Ok(ItemRestored {
            added: ItemAdded {
                item: ItemId::from_stored(&self.item),
                dish_name: Text::from_stored(&self.dish),
                dish_type: Text::from_stored(&self.kind),
                quantity: read_quantity(self.quantity)?,
                price: read_price(self.price)?,
                customization: self.customization.as_deref().map(Text::from_stored),
                shared_by: read_claims(self.shared_by)?,
            },
            added_by: ParticipantId::from_stored(&self.added_by),
            added_at: UnixMillis::new(self.added_at),
            charges: self.charges.map(ChargesSet::try_from).transpose()?,
        })
    }
}

impl StoredItemRemoved {
    pub(super) fn read(&self) -> DishFact {
        DishFact::Removed { item: ItemId::from_stored(&self.item) }
    }
}

impl StoredQuantityUpdated {
    pub(super) fn read(&self) -> Result<DishFact, StoredError> {
        Ok(DishFact::QuantityUpdated {
            item: ItemId::from_stored(&self.item),
            quantity: read_quantity(self.quantity)?,
        })
    }
}

impl StoredItemEdited {
    pub(super) fn read(&self) -> DishFact {
        DishFact::Edited {
            item: ItemId::from_stored(&self.item),
            dish_name: Text::from_stored(&self.dish),
            customization: self.customization.as_deref().map(Text::from_stored),
        }
    }
}

impl From<&Item> for StoredItem {
    fn from(item: &Item) -> Self {
        Self {
            id: item.id.as_str().to_owned(),
            dish: owned(&item.dish_name),
            kind: owned(&item.dish_type),
            quantity: item.quantity.pieces(),
            price: item.price.amount().minor_units(),
            customization: item.customization.as_ref().map(owned),
            by: item.added_by.0,
            at: item.added_at.get(),
            claims: match item.claims.as_slice() {
                [(seat, Weight::ONE)] if *seat == item.added_by => None,
                claims => Some(claims.iter().map(|(seat, weight)| (seat.0, weight.millionths())).collect()),
            },
        }
    }
}

impl StoredItem {
    pub(super) fn read(
        &self,
        seat: impl Fn(usize) -> Result<Seat, StoredError>,
    ) -> Result<Item, StoredError> {
        let added_by = seat(self.by)?;
        let claims = match &self.claims {
            None => vec![(added_by, Weight::ONE)],
            Some(claims) => claims
                .iter()
                .map(|&(place, weight)| Ok((seat(place)?, read_weight(weight)?)))
                .collect::<Result<_, StoredError>>()?,
        };
        check_claims(&claims).map_err(|_| StoredError::Damaged("claims"))?;
        let quantity = read_quantity(self.quantity)?;
        let price = read_price(self.price)?;
        let total = price
            .amount()
            .checked_mul(i64::from(quantity.pieces()))
            .ok_or(StoredError::Damaged("item total"))?;
        Ok(Item {
            id: ItemId::from_stored(&self.id),
            dish_name: Text::from_stored(&self.dish),
            dish_type: Text::from_stored(&self.kind),
            quantity,
            price,
            total,
            customization: self.customization.as_deref().map(Text::from_stored),
            added_by,
            claims,
            added_at: UnixMillis::new(self.at),
            written: Cached::default(),
        })
    }
}
