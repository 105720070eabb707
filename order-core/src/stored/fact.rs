//! The stored form of one fact.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::charges::{StoredCharges, StoredValue};
use super::payments::{StoredPaymentRecorded, StoredStatus, read_parts, stored_parts};
use super::table::{StoredDeadline, StoredHouse, StoredRemoved, read_limit};
use super::version::{self, StoredError, Upcast};
use super::{StoredCurrency, StoredSplit, owned, read_weight};
use crate::bill::ChargeValue;
use crate::fact::{
    ChargeFact, ChargesSet, ClaimFact, DishFact, Fact, ItemAdded, ItemRestored, Joined, PaymentFact,
    PeopleFact, Recorded, TableFact,
};
use crate::order::deadline::Deadline;
use crate::split::Weight;
use crate::value::text::Text;
use crate::{
    Actor, Amount, CommandId, Currency, HouseRules, ItemId, ParticipantId, PaymentId, Price, Quantity, Role,
    Stamp, UnixMillis,
};

/// The way from each earlier version of a stored fact to the next. Append; never change what is here.
///
/// 1 to 2: shared dishes, charges, payments and ids of commands came in; what there was stayed as it is, but that
/// `finalized` has room to say who is on the bill.
const UPCASTS: &[Upcast] = &[|mut document| {
    if document.get("fact").is_some_and(|fact| fact == "finalized")
        && let Some(record) = document.as_object_mut()
    {
        record.insert("fact".to_owned(), json!({ "finalized": {} }));
    }
    document
}];

#[derive(Serialize, Deserialize)]
struct StoredRecord {
    seq: u64,
    at: u64,
    /// A participant; `null`: the back end or the clock. Never absent.
    #[serde(deserialize_with = "Option::deserialize")]
    by: Option<String>,
    /// Whether it was the clock; absent where it was not.
    #[serde(default, skip_serializing_if = "is_false")]
    clock: bool,
    /// The id of the command that asked for it, and the digest of what it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<(String, u64)>,
    fact: StoredFact,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoredFact {
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        charges: Option<StoredCharges>,
        /// Absent where they are the ordinary ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rules: Option<StoredHouse>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<StoredDeadline>,
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
        /// Millionths of a weight of each; absent where it is the one's who added it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shared_by: Option<Vec<(String, u64)>>,
    },
    ItemRestored {
        item: String,
        dish: String,
        kind: String,
        quantity: u16,
        /// Minor units of one piece.
        price: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        customization: Option<String>,
        /// Millionths of a weight of each.
        shared_by: Vec<(String, u64)>,
        added_by: String,
        added_at: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        charges: Option<StoredCharges>,
    },
    ItemRemoved {
        item: String,
    },
    QuantityUpdated {
        item: String,
        quantity: u16,
    },
    ItemShared {
        item: String,
        /// Millionths of a weight of each.
        shared_by: Vec<(String, u64)>,
    },
    ChargesSet(StoredCharges),
    TipSet {
        tip: Option<StoredValue>,
    },
    ServiceWaived {
        waived: bool,
    },
    PaymentRecorded(StoredPaymentRecorded),
    PaymentUpdated {
        payment: String,
        status: StoredStatus,
    },
    PaymentRefunded {
        payment: String,
        refund: String,
        /// Minor units, as is every amount here.
        amount: i64,
        parts: Vec<(String, i64)>,
        tip: i64,
    },
    SplitUpdated {
        split: StoredSplit,
    },
    RulesSet(StoredHouse),
    LockSet {
        locked: bool,
    },
    LimitSet {
        who: String,
        /// Minor units.
        limit: Option<i64>,
    },
    ReadySet {
        ready: bool,
    },
    HandedOver {
        to: String,
    },
    Removed(StoredRemoved),
    Readmitted {
        who: String,
    },
    DeadlineSet {
        deadline: Option<StoredDeadline>,
    },
    Reminded {
        /// Milliseconds before the deadline.
        before: u64,
    },
    Expired {},
    Archived {},
    Finalized {
        /// Absent where the first version wrote it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on_bill: Option<Vec<String>>,
    },
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
    let by = recorded.by.id();
    let command = recorded.stamp.as_ref().map(|stamp| (stamp.id().as_str().to_owned(), stamp.digest()));
    let record = StoredRecord {
        seq: recorded.seq,
        at: recorded.at.get(),
        by: by.map(|id| id.as_str().to_owned()),
        clock: recorded.by == Actor::Clock,
        command,
        fact: stored_fact(&recorded.fact, by),
    };
    version::write(&record, UPCASTS)
}

/// The stored form of what happened, by whom.
pub(super) fn stored_fact(fact: &Fact, by: Option<&ParticipantId>) -> StoredFact {
    match fact {
        Fact::People(PeopleFact::Joined(joined)) => StoredFact::Joined {
            name: owned(&joined.name),
            phone: joined.phone.as_ref().map(owned),
            role: match joined.role {
                Role::Owner => StoredRole::Owner,
                Role::Member => StoredRole::Member,
            },
            circle: joined.circle_id.as_ref().map(owned),
            tenant: joined.tenant_id.as_ref().map(owned),
            currency: joined.currency.as_ref().map(StoredCurrency::from),
            charges: joined.charges.as_ref().map(|set| StoredCharges::new(&set.charges, set.round_to)),
            rules: joined.rules.map(StoredHouse::from),
            deadline: joined.deadline.as_deref().map(StoredDeadline::from),
        },
        Fact::People(PeopleFact::Left { owner }) => {
            StoredFact::Left { owner: owner.as_ref().map(|id| id.as_str().to_owned()) }
        }
        Fact::Dish(DishFact::Added(added)) => StoredFact::ItemAdded {
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
        },
        Fact::Dish(DishFact::Restored(restored)) => {
            let ItemRestored { added, added_by, added_at, charges } = restored.as_ref();
            StoredFact::ItemRestored {
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
        Fact::Dish(DishFact::Removed { item }) => StoredFact::ItemRemoved { item: item.as_str().to_owned() },
        Fact::Dish(DishFact::QuantityUpdated { item, quantity }) => {
            StoredFact::QuantityUpdated { item: item.as_str().to_owned(), quantity: quantity.pieces() }
        }
        Fact::Claim(ClaimFact::Shared { item, shared_by }) => {
            StoredFact::ItemShared { item: item.as_str().to_owned(), shared_by: stored_claims(shared_by) }
        }
        Fact::Charge(ChargeFact::Set(set)) => {
            StoredFact::ChargesSet(StoredCharges::new(&set.charges, set.round_to))
        }
        Fact::Charge(ChargeFact::TipSet { tip }) => StoredFact::TipSet { tip: tip.map(StoredValue::from) },
        Fact::Charge(ChargeFact::ServiceWaived { waived }) => StoredFact::ServiceWaived { waived: *waived },
        Fact::Payment(PaymentFact::Recorded(recorded)) => StoredFact::PaymentRecorded(recorded.into()),
        Fact::Payment(PaymentFact::Updated { payment, status }) => {
            StoredFact::PaymentUpdated { payment: payment.as_str().to_owned(), status: (*status).into() }
        }
        Fact::Payment(PaymentFact::Refunded { payment, refund, amount, parts, tip }) => {
            StoredFact::PaymentRefunded {
                payment: payment.as_str().to_owned(),
                refund: refund.as_str().to_owned(),
                amount: amount.minor_units(),
                parts: stored_parts(parts),
                tip: tip.minor_units(),
            }
        }
        Fact::Split(split) => StoredFact::SplitUpdated { split: split.into() },
        Fact::Table(TableFact::RulesSet(house)) => StoredFact::RulesSet((*house).into()),
        Fact::Table(TableFact::LockSet { locked }) => StoredFact::LockSet { locked: *locked },
        Fact::Table(TableFact::LimitSet { who, limit }) => {
            StoredFact::LimitSet { who: who.as_str().to_owned(), limit: limit.map(Amount::minor_units) }
        }
        Fact::People(PeopleFact::ReadySet { ready }) => StoredFact::ReadySet { ready: *ready },
        Fact::People(PeopleFact::HandedOver { to }) => StoredFact::HandedOver { to: to.as_str().to_owned() },
        Fact::People(PeopleFact::Removed(removed)) => StoredFact::Removed(removed.into()),
        Fact::People(PeopleFact::Readmitted { who }) => {
            StoredFact::Readmitted { who: who.as_str().to_owned() }
        }
        Fact::Table(TableFact::DeadlineSet(deadline)) => {
            StoredFact::DeadlineSet { deadline: deadline.as_ref().map(StoredDeadline::from) }
        }
        Fact::Table(TableFact::Reminded { before }) => StoredFact::Reminded { before: *before },
        Fact::Table(TableFact::Expired) => StoredFact::Expired {},
        Fact::Table(TableFact::Archived) => StoredFact::Archived {},
        Fact::Table(TableFact::Finalized { on_bill }) => StoredFact::Finalized {
            on_bill: on_bill.as_ref().map(|people| people.iter().map(|id| id.as_str().to_owned()).collect()),
        },
    }
}

/// Reads a fact in its stored form, of this or any earlier version.
///
/// # Errors
/// When a later release wrote it, or when it is damaged.
pub fn decode_fact(bytes: &[u8]) -> Result<Recorded, StoredError> {
    let record: StoredRecord = version::read(bytes, UPCASTS)?;
    let by = match (&record.by, record.clock) {
        (Some(id), false) => Actor::Participant(ParticipantId::from_stored(id)),
        (None, false) => Actor::Backend,
        (None, true) => Actor::Clock,
        (Some(_), true) => return Err(StoredError::Damaged("author")),
    };
    let fact = read_fact(record.fact, by.id())?;
    let stamp = record.command.map(|(id, digest)| Stamp::new(CommandId::from_stored(&id), digest));
    Ok(Recorded { seq: record.seq, at: UnixMillis::new(record.at), by, stamp, fact })
}

/// What happened, by whom.
pub(super) fn read_fact(stored: StoredFact, by: Option<&ParticipantId>) -> Result<Fact, StoredError> {
    Ok(match stored {
        StoredFact::Joined { name, phone, role, circle, tenant, currency, charges, rules, deadline } => {
            Fact::People(PeopleFact::Joined(Joined {
                name: Text::from_stored(&name),
                phone: phone.as_deref().map(Text::from_stored),
                role: match role {
                    StoredRole::Owner => Role::Owner,
                    StoredRole::Member => Role::Member,
                },
                circle_id: circle.as_deref().map(Text::from_stored),
                tenant_id: tenant.as_deref().map(Text::from_stored),
                currency: currency.as_ref().map(Currency::try_from).transpose()?,
                charges: charges.map(ChargesSet::try_from).transpose()?,
                rules: rules.map(HouseRules::from),
                deadline: deadline.map(Deadline::from).map(Box::new),
            }))
        }
        StoredFact::Left { owner } => {
            Fact::People(PeopleFact::Left { owner: owner.map(|id| ParticipantId::from_stored(&id)) })
        }
        StoredFact::ItemAdded { item, dish, kind, quantity, price, customization, shared_by } => {
            Fact::Dish(DishFact::Added(ItemAdded {
                item: ItemId::from_stored(&item),
                dish_name: Text::from_stored(&dish),
                dish_type: Text::from_stored(&kind),
                quantity: read_quantity(quantity)?,
                price: read_price(price)?,
                customization: customization.as_deref().map(Text::from_stored),
                shared_by: match shared_by {
                    Some(claims) => read_claims(claims)?,
                    None => by.map(|id| (id.clone(), Weight::ONE)).into_iter().collect(),
                },
            }))
        }
        StoredFact::ItemRestored {
            item,
            dish,
            kind,
            quantity,
            price,
            customization,
            shared_by,
            added_by,
            added_at,
            charges,
        } => Fact::Dish(DishFact::Restored(Box::new(ItemRestored {
            added: ItemAdded {
                item: ItemId::from_stored(&item),
                dish_name: Text::from_stored(&dish),
                dish_type: Text::from_stored(&kind),
                quantity: read_quantity(quantity)?,
                price: read_price(price)?,
                customization: customization.as_deref().map(Text::from_stored),
                shared_by: read_claims(shared_by)?,
            },
            added_by: ParticipantId::from_stored(&added_by),
            added_at: UnixMillis::new(added_at),
            charges: charges.map(ChargesSet::try_from).transpose()?,
        }))),
        StoredFact::ItemRemoved { item } => {
            Fact::Dish(DishFact::Removed { item: ItemId::from_stored(&item) })
        }
        StoredFact::QuantityUpdated { item, quantity } => Fact::Dish(DishFact::QuantityUpdated {
            item: ItemId::from_stored(&item),
            quantity: read_quantity(quantity)?,
        }),
        StoredFact::ItemShared { item, shared_by } => Fact::Claim(ClaimFact::Shared {
            item: ItemId::from_stored(&item),
            shared_by: read_claims(shared_by)?,
        }),
        StoredFact::ChargesSet(set) => Fact::Charge(ChargeFact::Set(set.try_into()?)),
        StoredFact::TipSet { tip } => {
            Fact::Charge(ChargeFact::TipSet { tip: tip.map(ChargeValue::try_from).transpose()? })
        }
        StoredFact::ServiceWaived { waived } => Fact::Charge(ChargeFact::ServiceWaived { waived }),
        StoredFact::PaymentRecorded(recorded) => Fact::Payment(PaymentFact::Recorded(recorded.into())),
        StoredFact::PaymentUpdated { payment, status } => Fact::Payment(PaymentFact::Updated {
            payment: PaymentId::from_stored(&payment),
            status: status.into(),
        }),
        StoredFact::PaymentRefunded { payment, refund, amount, parts, tip } => {
            Fact::Payment(PaymentFact::Refunded {
                payment: PaymentId::from_stored(&payment),
                refund: PaymentId::from_stored(&refund),
                amount: Amount::from_minor_units(amount),
                parts: read_parts(&parts),
                tip: Amount::from_minor_units(tip),
            })
        }
        StoredFact::SplitUpdated { split } => Fact::Split(split.try_into()?),
        StoredFact::RulesSet(house) => Fact::Table(TableFact::RulesSet(house.into())),
        StoredFact::LockSet { locked } => Fact::Table(TableFact::LockSet { locked }),
        StoredFact::LimitSet { who, limit } => Fact::Table(TableFact::LimitSet {
            who: ParticipantId::from_stored(&who),
            limit: limit.map(read_limit).transpose()?,
        }),
        StoredFact::ReadySet { ready } => Fact::People(PeopleFact::ReadySet { ready }),
        StoredFact::HandedOver { to } => {
            Fact::People(PeopleFact::HandedOver { to: ParticipantId::from_stored(&to) })
        }
        StoredFact::Removed(removed) => Fact::People(PeopleFact::Removed(removed.try_into()?)),
        StoredFact::Readmitted { who } => {
            Fact::People(PeopleFact::Readmitted { who: ParticipantId::from_stored(&who) })
        }
        StoredFact::DeadlineSet { deadline } => {
            Fact::Table(TableFact::DeadlineSet(deadline.map(Deadline::from)))
        }
        StoredFact::Reminded { before } => Fact::Table(TableFact::Reminded { before }),
        StoredFact::Expired {} => Fact::Table(TableFact::Expired),
        StoredFact::Archived {} => Fact::Table(TableFact::Archived),
        StoredFact::Finalized { on_bill } => Fact::Table(TableFact::Finalized {
            on_bill: on_bill.map(|people| people.iter().map(|id| ParticipantId::from_stored(id)).collect()),
        }),
    })
}

/// For serde.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives it by reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

pub(super) fn stored_claims(claims: &[(ParticipantId, Weight)]) -> Vec<(String, u64)> {
    claims.iter().map(|(who, weight)| (who.as_str().to_owned(), weight.millionths())).collect()
}

pub(super) fn read_claims(claims: Vec<(String, u64)>) -> Result<Vec<(ParticipantId, Weight)>, StoredError> {
    let claim = |(who, weight): (String, u64)| Ok((ParticipantId::from_stored(&who), read_weight(weight)?));
    claims.into_iter().map(claim).collect()
}

pub(super) fn read_quantity(pieces: u16) -> Result<Quantity, StoredError> {
    Quantity::new(pieces).map_err(|_| StoredError::Damaged("quantity"))
}

pub(super) fn read_price(minor_units: i64) -> Result<Price, StoredError> {
    Price::in_any_currency(Amount::from_minor_units(minor_units)).map_err(|_| StoredError::Damaged("price"))
}
