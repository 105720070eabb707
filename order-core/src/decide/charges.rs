//! What comes on top of the dishes, or off them.

use rust_decimal::Decimal;

use super::amounts::{amount_up_to, bad_amount};
use super::undo::conflict;
use crate::bill::{Charge, ChargeKind, ChargeValue, check_number};
use crate::command::{ChargeAmount, SetCharges};
use crate::fact::{ChargesSet, Fact};
use crate::order::Order;
use crate::rejection::{Code, Rejection};
use crate::split::{Percentage, SHARE_DECIMALS};
use crate::{Amount, Currency, ItemId, Price};

pub(super) fn set(order: &Order, currency: Currency, set: &SetCharges) -> Result<ChargesSet, Rejection> {
    check_number(set.charges.iter().map(|charge| &charge.kind))?;
    let mut charges = Vec::with_capacity(set.charges.len());
    for (place, charge) in set.charges.iter().enumerate() {
        if let ChargeKind::Discount { item: Some(item) } = &charge.kind
            && order.item(item).is_none()
        {
            return Err(Rejection::new(Code::ItemNotFound)
                .field(format!("data.charges[{place}].itemId"))
                .expected("the id of an item on the order"));
        }
        charges.push(Charge {
            name: charge.name.clone(),
            kind: charge.kind.clone(),
            value: value(charge.value, currency, &format!("data.charges[{place}]."))?,
        });
    }
    let round_to = set.round_to.map(|unit| coin(unit, currency)).transpose()?;
    Ok(ChargesSet { charges, round_to })
}

/// Whether charges that there were before can be there again: the dishes of which they take something off have to be.
pub(super) fn still_fit(order: &Order, set: &ChargesSet) -> Result<(), Rejection> {
    fit(set, |item| order.item(item).is_some())
}

/// The same, for when `restored` comes back with them.
pub(super) fn fit_with(order: &Order, set: &ChargesSet, restored: &ItemId) -> Result<(), Rejection> {
    fit(set, |item| item == restored || order.item(item).is_some())
}

fn fit(set: &ChargesSet, is_there: impl Fn(&ItemId) -> bool) -> Result<(), Rejection> {
    let is_gone = |charge: &Charge| matches!(&charge.kind, ChargeKind::Discount { item: Some(item) } if !is_there(item));
    if set.charges.iter().any(is_gone) {
        return Err(conflict("a dish that had a discount is not there any more".to_owned()));
    }
    Ok(())
}

pub(super) fn tip(order: &Order, tip: Option<&ChargeAmount>) -> Result<Fact, Rejection> {
    let tip = tip.map(|&tip| value(tip, order.currency, "data.")).transpose()?;
    Ok(Fact::TipSet { tip })
}

/// The smallest coin that `unit` is.
fn coin(unit: Decimal, currency: Currency) -> Result<Amount, Rejection> {
    let amount = amount_up_to(unit, Price::max(currency).amount(), currency)
        .map_err(|error| bad_amount(currency, Code::BadCharge, "data.roundTo", error))?;
    if amount == Amount::ZERO {
        return Err(Rejection::new(Code::BadCharge).field("data.roundTo").expected("an amount above 0"));
    }
    Ok(amount)
}

/// `within` names the object that the value is in.
fn value(amount: ChargeAmount, currency: Currency, within: &str) -> Result<ChargeValue, Rejection> {
    match amount {
        ChargeAmount::Percent(number) => {
            Percentage::from_decimal(number).map(ChargeValue::Percent).map_err(|error| {
                Rejection::new(Code::BadCharge)
                    .field(format!("{within}percent"))
                    .because(error.to_string())
                    .expected(format!("a percentage from 0 to 100 with at most {SHARE_DECIMALS} decimals"))
            })
        }
        ChargeAmount::Amount(number) => amount_up_to(number, Price::max(currency).amount(), currency)
            .map(ChargeValue::Amount)
            .map_err(|error| bad_amount(currency, Code::BadCharge, format!("{within}amount"), error)),
    }
}
