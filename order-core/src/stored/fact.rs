//! The stored form of one fact.

use serde::{Deserialize, Serialize};

use super::version::{self, StoredError, Upcast};
use super::{StoredCurrency, StoredSplit, owned};
use crate::fact::{Fact, ItemAdded, Joined, Recorded};
use crate::text::Text;
use crate::{Amount, Currency, ItemId, ParticipantId, Price, Quantity, Role, UnixMillis};

/// The way from each earlier version of a stored fact to the next. Append; never change what is here.
const UPCASTS: &[Upcast] = &[];

#[derive(Serialize, Deserialize)]
struct StoredRecord {
    seq: u64,
    at: u64,
    by: String,
    fact: StoredFact,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredFact {
    Joined {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phone: Option<String>,
        role: StoredRole,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        circle: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tenant: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        currency: Option<StoredCurrency>,
    },
    Left {
        owner: Option<String>,
    },
    ItemAdded {
        item: String,
        dish: String,
        kind: String,
        quantity: u16,
        /// Minor units of one piece.
        price: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        customization: Option<String>,
    },
    ItemRemoved {
        item: String,
    },
    QuantityUpdated {
        item: String,
        quantity: u16,
    },
    SplitUpdated {
        split: StoredSplit,
    },
    Finalized,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoredRole {
    Owner,
    Member,
}

/// Writes a fact in its stored form.
///
/// # Errors
/// None that a fact of this crate can cause.
pub fn encode_fact(recorded: &Recorded) -> Result<Vec<u8>, StoredError> {
    let fact = match &recorded.fact {
        Fact::Joined(joined) => StoredFact::Joined {
            name: owned(&joined.name),
            phone: joined.phone.as_ref().map(owned),
            role: match joined.role {
                Role::Owner => StoredRole::Owner,
                Role::Member => StoredRole::Member,
            },
            circle: joined.circle_id.as_ref().map(owned),
            tenant: joined.tenant_id.as_ref().map(owned),
            currency: joined.currency.as_ref().map(StoredCurrency::from),
        },
        Fact::Left { owner } => StoredFact::Left { owner: owner.as_ref().map(|id| id.as_str().to_owned()) },
        Fact::ItemAdded(added) => StoredFact::ItemAdded {
            item: added.item.as_str().to_owned(),
            dish: owned(&added.dish_name),
            kind: owned(&added.dish_type),
            quantity: added.quantity.pieces(),
            price: added.price.amount().minor_units(),
            customization: added.customization.as_ref().map(owned),
        },
        Fact::ItemRemoved { item } => StoredFact::ItemRemoved { item: item.as_str().to_owned() },
        Fact::QuantityUpdated { item, quantity } => {
            StoredFact::QuantityUpdated { item: item.as_str().to_owned(), quantity: quantity.pieces() }
        }
        Fact::SplitUpdated { split } => StoredFact::SplitUpdated { split: split.into() },
        Fact::Finalized => StoredFact::Finalized,
    };
    let record =
        StoredRecord { seq: recorded.seq, at: recorded.at.get(), by: recorded.by.as_str().to_owned(), fact };
    version::write(&record, UPCASTS)
}

/// Reads a fact in its stored form, of this or any earlier version.
///
/// # Errors
/// When a later release wrote it, or when it is damaged.
pub fn decode_fact(bytes: &[u8]) -> Result<Recorded, StoredError> {
    let record: StoredRecord = version::read(bytes, UPCASTS)?;
    let fact = match record.fact {
        StoredFact::Joined { name, phone, role, circle, tenant, currency } => Fact::Joined(Joined {
            name: Text::from_stored(&name),
            phone: phone.as_deref().map(Text::from_stored),
            role: match role {
                StoredRole::Owner => Role::Owner,
                StoredRole::Member => Role::Member,
            },
            circle_id: circle.as_deref().map(Text::from_stored),
            tenant_id: tenant.as_deref().map(Text::from_stored),
            currency: currency.as_ref().map(Currency::try_from).transpose()?,
        }),
        StoredFact::Left { owner } => Fact::Left { owner: owner.map(|id| ParticipantId::from_stored(&id)) },
        StoredFact::ItemAdded { item, dish, kind, quantity, price, customization } => {
            Fact::ItemAdded(ItemAdded {
                item: ItemId::from_stored(&item),
                dish_name: Text::from_stored(&dish),
                dish_type: Text::from_stored(&kind),
                quantity: read_quantity(quantity)?,
                price: read_price(price)?,
                customization: customization.as_deref().map(Text::from_stored),
            })
        }
        StoredFact::ItemRemoved { item } => Fact::ItemRemoved { item: ItemId::from_stored(&item) },
        StoredFact::QuantityUpdated { item, quantity } => {
            Fact::QuantityUpdated { item: ItemId::from_stored(&item), quantity: read_quantity(quantity)? }
        }
        StoredFact::SplitUpdated { split } => Fact::SplitUpdated { split: split.try_into()? },
        StoredFact::Finalized => Fact::Finalized,
    };
    Ok(Recorded {
        seq: record.seq,
        at: UnixMillis::new(record.at),
        by: ParticipantId::from_stored(&record.by),
        fact,
    })
}

pub(super) fn read_quantity(pieces: u16) -> Result<Quantity, StoredError> {
    Quantity::new(pieces).map_err(|_| StoredError::Damaged("quantity"))
}

pub(super) fn read_price(minor_units: i64) -> Result<Price, StoredError> {
    Price::in_any_currency(Amount::from_minor_units(minor_units)).map_err(|_| StoredError::Damaged("price"))
}
