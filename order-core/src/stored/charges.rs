//! The stored form of charges, and of facts about them.

use serde::{Deserialize, Serialize};

use super::fact::StoredFact;
use super::value::{is_false, owned};
use super::version::StoredError;
use crate::bill::{
    AmountRounding, Basis, Charge, ChargeBase, ChargeKind, ChargeOptions, ChargeValue, CheckedCharge,
    Discounts, OddUnits, RoundedPer, check_bases,
};
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
    /// Whether each share is rounded to that coin.
    #[serde(default, skip_serializing_if = "is_false")]
    round_shares: bool,
    /// Whether odd units are given by chance.
    #[serde(default, skip_serializing_if = "is_false")]
    unbiased: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredCharge {
    name: String,
    kind: StoredKind,
    value: StoredValue,
    /// Absent if it is on all dishes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on: Option<StoredBase>,
    /// Whether the dishes that it is on count at their price before discounts.
    #[serde(default, skip_serializing_if = "is_false")]
    before_discounts: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rounding: Option<StoredRounding>,
    /// Whether it is rounded for each dish.
    #[serde(default, skip_serializing_if = "is_false")]
    per_line: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredBase {
    dishes: bool,
    charges: Vec<String>,
}

/// How an amount is rounded, if not half up.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredRounding {
    HalfEven,
    Down,
}

/// The rule for odd units.
pub(super) fn odd_units(unbiased: bool) -> OddUnits {
    if unbiased { OddUnits::Unbiased } else { OddUnits::LargestRemainder }
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
        ChargeFact::Set(set) => StoredFact::ChargesSet(set.into()),
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

impl From<&ChargesSet> for StoredCharges {
    fn from(set: &ChargesSet) -> Self {
        Self {
            round_shares: set.round_shares,
            unbiased: set.odd_units == OddUnits::Unbiased,
            ..Self::new(&set.charges, set.round_to)
        }
    }
}

impl StoredCharges {
    /// The charges of an order, whose rules hold the other roundings.
    pub(super) fn new(charges: &[Charge], round_to: Option<Amount>) -> Self {
        let charges = charges.iter().map(|charge| StoredCharge {
            name: owned(&charge.name),
            kind: (&charge.kind).into(),
            value: charge.value.into(),
            on: (!charge.options.on.is_dishes()).then(|| StoredBase::from(&charge.options.on)),
            before_discounts: charge.options.on.discounts == Discounts::Before,
            rounding: match charge.options.rounding {
                AmountRounding::HalfUp => None,
                AmountRounding::HalfEven => Some(StoredRounding::HalfEven),
                AmountRounding::Down => Some(StoredRounding::Down),
            },
            per_line: charge.options.per == RoundedPer::Line,
        });
        let round_to = round_to.map(Amount::minor_units);
        Self { charges: charges.collect(), round_to, ..Self::default() }
    }

    pub(super) fn read(self) -> Result<ChargeFact, StoredError> {
        self.try_into().map(ChargeFact::Set)
    }
}

impl TryFrom<StoredCharges> for ChargesSet {
    type Error = StoredError;

    fn try_from(stored: StoredCharges) -> Result<Self, StoredError> {
        let charge = |charge: StoredCharge| {
            let options = charge.options();
            Ok(Charge {
                options,
                name: Text::from_stored(&charge.name),
                kind: charge.kind.into(),
                value: charge.value.try_into()?,
            })
        };
        let charges = stored.charges.into_iter().map(charge).collect::<Result<Vec<_>, StoredError>>()?;
        check_bases("", &charges.iter().enumerate().map(CheckedCharge::of).collect::<Vec<_>>())
            .map_err(|_| StoredError::Damaged("base of a charge"))?;
        Ok(Self {
            charges,
            round_shares: stored.round_shares,
            odd_units: odd_units(stored.unbiased),
            round_to: match stored.round_to.map(Amount::from_minor_units) {
                Some(coin) if coin <= Amount::ZERO || Price::in_any_currency(coin).is_err() => {
                    return Err(StoredError::Damaged("smallest coin"));
                }
                coin => coin,
            },
        })
    }
}

impl StoredCharge {
    fn options(&self) -> ChargeOptions {
        let discounts = if self.before_discounts { Discounts::Before } else { Discounts::After };
        let base = |stored: &StoredBase| ChargeBase {
            dishes: stored.dishes,
            charges: stored.charges.iter().map(|name| Text::from_stored(name)).collect(),
            discounts,
        };
        ChargeOptions {
            on: self.on.as_ref().map_or(ChargeBase { discounts, ..ChargeBase::default() }, base),
            rounding: match self.rounding {
                None => AmountRounding::HalfUp,
                Some(StoredRounding::HalfEven) => AmountRounding::HalfEven,
                Some(StoredRounding::Down) => AmountRounding::Down,
            },
            per: if self.per_line { RoundedPer::Line } else { RoundedPer::Invoice },
        }
    }
}

impl From<&ChargeBase> for StoredBase {
    fn from(base: &ChargeBase) -> Self {
        Self { dishes: base.dishes, charges: base.charges.iter().map(owned).collect() }
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
