//! The stored form of charges, and of facts about them.

use serde::{Deserialize, Serialize};

use super::fact::StoredFact;
use super::value::owned;
use super::version::StoredError;
use crate::bill::{Basis, Charge, ChargeKind, ChargeValue};
use crate::fact::{ChargeFact, ChargesSet};
use crate::split::Percentage;
use crate::value::text::Text;
use crate::{Amount, ItemId, Price};

#[derive(Serialize, Deserialize, Default)]
pub(super) struct StoredCharges {
    charges: Vec<StoredCharge>,
    /// Minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    round_to: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct StoredCharge {
    name: String,
    kind: StoredKind,
    value: StoredValue,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredKind {
    Tax { inclusive: bool, dish_types: Vec<String> },
    Service { optional: bool },
    Tip { by_head: bool },
    Discount { item: Option<String> },
    Fee { by_head: bool },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoredValue {
    /// Millionths of a percent.
    Percent(u64),
    /// Minor units.
    Amount(i64),
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredTipSet {
    tip: Option<StoredValue>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredServiceWaived {
    waived: bool,
}

pub(super) fn store(fact: &ChargeFact) -> StoredFact {
    match fact {
        ChargeFact::Set(set) => StoredFact::ChargesSet(StoredCharges::new(&set.charges, set.round_to)),
        ChargeFact::TipSet { tip } => StoredFact::TipSet(StoredTipSet { tip: tip.map(StoredValue::from) }),
        ChargeFact::ServiceWaived { waived } => {
            StoredFact::ServiceWaived(StoredServiceWaived { waived: *waived })
        }
    }
}

impl StoredTipSet {
    pub(super) fn read(self) -> Result<ChargeFact, StoredError> {
        Ok(ChargeFact::TipSet { tip: self.tip.map(ChargeValue::try_from).transpose()? })
    }
}

impl StoredServiceWaived {
    pub(super) fn read(&self) -> ChargeFact {
        ChargeFact::ServiceWaived { waived: self.waived }
    }
}

impl StoredCharges {
    pub(super) fn new(charges: &[Charge], round_to: Option<Amount>) -> Self {
        let charges = charges.iter().map(|charge| StoredCharge {
            name: owned(&charge.name),
            kind: (&charge.kind).into(),
            value: charge.value.into(),
        });
        Self { charges: charges.collect(), round_to: round_to.map(Amount::minor_units) }
    }

    pub(super) fn read(self) -> Result<ChargeFact, StoredError> {
        self.try_into().map(ChargeFact::Set)
    }
}

impl TryFrom<StoredCharges> for ChargesSet {
    type Error = StoredError;

    fn try_from(stored: StoredCharges) -> Result<Self, StoredError> {
        let charge = |charge: StoredCharge| {
            Ok(Charge {
                name: Text::from_stored(&charge.name),
                kind: charge.kind.into(),
                value: charge.value.try_into()?,
            })
        };
        Ok(Self {
            charges: stored.charges.into_iter().map(charge).collect::<Result<_, StoredError>>()?,
            round_to: match stored.round_to.map(Amount::from_minor_units) {
                Some(coin) if coin <= Amount::ZERO || Price::in_any_currency(coin).is_err() => {
                    return Err(StoredError::Damaged("smallest coin"));
                }
                coin => coin,
            },
        })
    }
}

impl From<&ChargeKind> for StoredKind {
    fn from(kind: &ChargeKind) -> Self {
        match kind {
            ChargeKind::Tax { inclusive, dish_types } => {
                Self::Tax { inclusive: *inclusive, dish_types: dish_types.iter().map(owned).collect() }
            }
            ChargeKind::Service { optional } => Self::Service { optional: *optional },
            ChargeKind::Tip { by } => Self::Tip { by_head: *by == Basis::Head },
            ChargeKind::Discount { item } => {
                Self::Discount { item: item.as_ref().map(|item| item.as_str().to_owned()) }
            }
            ChargeKind::Fee { by } => Self::Fee { by_head: *by == Basis::Head },
        }
    }
}

impl From<StoredKind> for ChargeKind {
    fn from(kind: StoredKind) -> Self {
        let basis = |by_head: bool| if by_head { Basis::Head } else { Basis::Share };
        match kind {
            StoredKind::Tax { inclusive, dish_types } => {
                let dish_types = dish_types.iter().map(|kind| Text::from_stored(kind)).collect();
                Self::Tax { inclusive, dish_types }
            }
            StoredKind::Service { optional } => Self::Service { optional },
            StoredKind::Tip { by_head } => Self::Tip { by: basis(by_head) },
            StoredKind::Discount { item } => {
                Self::Discount { item: item.map(|item| ItemId::from_stored(&item)) }
            }
            StoredKind::Fee { by_head } => Self::Fee { by: basis(by_head) },
        }
    }
}

impl From<ChargeValue> for StoredValue {
    fn from(value: ChargeValue) -> Self {
        match value {
            ChargeValue::Percent(percent) => Self::Percent(percent.millionths()),
            ChargeValue::Amount(amount) => Self::Amount(amount.minor_units()),
        }
    }
}

impl TryFrom<StoredValue> for ChargeValue {
    type Error = StoredError;

    fn try_from(value: StoredValue) -> Result<Self, StoredError> {
        match value {
            StoredValue::Percent(millionths) => Percentage::from_millionths(millionths)
                .map(Self::Percent)
                .ok_or(StoredError::Damaged("percentage")),
            StoredValue::Amount(units) => Price::in_any_currency(Amount::from_minor_units(units))
                .map(|price| Self::Amount(price.amount()))
                .map_err(|_| StoredError::Damaged("amount of a charge")),
        }
    }
}
