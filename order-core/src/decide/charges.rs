//! Decides commands about charges, discounts and tips.

use rust_decimal::Decimal;

use super::amounts::{amount_up_to, bad_amount};
use super::rights::{in_charge, present, still_open};
use crate::bill::{Charge, ChargeKind, ChargeValue, check_number};
use crate::command::{ChargeAmount, ChargeCommand, SetCharges};
use crate::fact::{ChargeFact, ChargesSet, Fact};
use crate::order::Order;
use crate::rejection::{Code, Rejection};
use crate::split::{Percentage, SHARE_DECIMALS};
use crate::{Actor, Amount, Currency, ItemId, Price};

/// Decides a command about charges, discounts and tips.
pub(super) fn decide(order: &Order, actor: &Actor, command: &ChargeCommand) -> Result<Fact, Rejection> {
    let fact = match command {
        ChargeCommand::Set(set) => {
            in_charge(order, actor)?;
            still_open(order)?;
            ChargeFact::Set(self::set(order, order.currency, set)?)
        }
        ChargeCommand::SetTip { tip } => {
            present(order, actor)?;
            let tip = tip.map(|tip| value(tip, order.currency, "data.")).transpose()?;
            ChargeFact::TipSet { tip }
        }
        ChargeCommand::WaiveService { waived } => {
            present(order, actor)?;
            ChargeFact::ServiceWaived { waived: *waived }
        }
    };
    Ok(Fact::Charge(fact))
}

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

/// Decides a fact that takes back the actor's last change.
pub(super) fn undo(order: &Order, actor: &Actor, back: &ChargeFact) -> Result<ChargeFact, Rejection> {
    match back {
        ChargeFact::Set(set) => {
            in_charge(order, actor)?;
            still_fit(order, set)?;
        }
        ChargeFact::TipSet { .. } | ChargeFact::ServiceWaived { .. } => {}
    }
    Ok(back.clone())
}

/// Checks that earlier charges can be restored: the dishes that they discount must still exist.
fn still_fit(order: &Order, set: &ChargesSet) -> Result<(), Rejection> {
    fit(set, |item| order.item(item).is_some())
}

/// Checks the same for charges that are restored together with dishes.
pub(super) fn fit_with(
    order: &Order,
    set: &ChargesSet,
    is_restored: impl Fn(&ItemId) -> bool,
) -> Result<(), Rejection> {
    fit(set, |item| is_restored(item) || order.item(item).is_some())
}

fn fit(set: &ChargesSet, is_there: impl Fn(&ItemId) -> bool) -> Result<(), Rejection> {
    let is_gone = |charge: &Charge| matches!(&charge.kind, ChargeKind::Discount { item: Some(item) } if !is_there(item));
    if set.charges.iter().any(is_gone) {
        return Err(Rejection::undo_conflict("a dish with a discount is no longer on the order"));
    }
    Ok(())
}

/// Reads the smallest coin.
fn coin(unit: Decimal, currency: Currency) -> Result<Amount, Rejection> {
    let amount = amount_up_to(unit, Price::max(currency).amount(), currency)
        .map_err(|error| bad_amount(currency, Code::BadCharge, "data.roundTo", error))?;
    if amount == Amount::ZERO {
        return Err(Rejection::new(Code::BadCharge).field("data.roundTo").expected("an amount above 0"));
    }
    Ok(amount)
}

/// Reads the value of a charge. `within` names the object that holds it.
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
