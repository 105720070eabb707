//! Decides commands about charges, discounts and tips.

use rust_decimal::Decimal;

use super::amounts::{amount_up_to, bad_amount};
use super::rights::{in_charge, present, still_open};
use crate::bill::{
    Charge, ChargeKind, ChargeValue, CheckedCharge, check_bases, check_number, check_shares_coin,
};
use crate::command::{ChargeAmount, ChargeCommand, SetCharges};
use crate::commit::charges::charges_of;
use crate::fact::{ChargeFact, ChargesSet, Fact};
use crate::order::Order;
use crate::rejection::{Code, Rejection};
use crate::split::{Percentage, SHARE_DECIMALS};
use crate::{Actor, Amount, Currency, ItemId, Price};

/// Decides a command about charges, discounts and tips; `None`: it changes nothing.
pub(super) fn decide(
    order: &Order,
    actor: &Actor,
    command: &ChargeCommand,
) -> Result<Option<Fact>, Rejection> {
    let (fact, is_new) = match command {
        ChargeCommand::Set(set) => {
            in_charge(order, actor)?;
            still_open(order)?;
            let set = self::set(order, order.currency, set)?;
            let is_new = set != charges_of(order);
            (ChargeFact::Set(set), is_new)
        }
        ChargeCommand::SetTip { tip } => {
            let seat = order.seat_of(present(order, actor)?);
            let tip = tip.map(|tip| value(tip, order.currency, "data.")).transpose()?;
            let before = seat.and_then(|seat| order.tips.get(&seat).copied());
            (ChargeFact::TipSet { tip }, tip != before)
        }
        ChargeCommand::WaiveService { waived } => {
            let seat = order.seat_of(present(order, actor)?);
            let before = seat.is_some_and(|seat| order.without_service.contains(&seat));
            (ChargeFact::ServiceWaived { waived: *waived }, *waived != before)
        }
    };
    Ok(is_new.then_some(Fact::Charge(fact)))
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
            options: charge.options.clone(),
        });
    }
    check_bases("data.", &charges.iter().enumerate().map(CheckedCharge::of).collect::<Vec<_>>())?;
    let coin = |unit: Option<Decimal>, field| unit.map(|unit| coin(unit, currency, field)).transpose();
    let round_to = coin(set.round_to, "data.roundTo")?;
    let round_shares_to = coin(set.round_shares_to, "data.roundSharesTo")?;
    check_shares_coin("data.", round_to, round_shares_to, set.odd_units)?;
    Ok(ChargesSet {
        charges,
        round_to: round_to.or(round_shares_to),
        round_shares: round_shares_to.is_some(),
        odd_units: set.odd_units,
    })
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
fn coin(unit: Decimal, currency: Currency, field: &'static str) -> Result<Amount, Rejection> {
    let amount = amount_up_to(unit, Price::max(currency).amount(), currency)
        .map_err(|error| bad_amount(currency, Code::BadCharge, field, error))?;
    if amount == Amount::ZERO {
        return Err(Rejection::new(Code::BadCharge).field(field).expected("an amount above 0"));
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
