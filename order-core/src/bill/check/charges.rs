//! Checks the charges of a bill.

use std::collections::BTreeMap;

use super::bases::{CheckedCharge, check_bases};
use super::unknown_participant;
use crate::bill::Bill;
use crate::divide::{ChargeKind, ChargeValue, Line, MAX_CHARGES, MAX_INCLUSIVE_TAXES, OddUnits};
use crate::rejection::{Code, Rejection};
use crate::{Amount, Currency, ParticipantId};

/// Checks the number of charges on one bill.
pub(crate) fn check_number<'charge>(
    kinds: impl Iterator<Item = &'charge ChargeKind>,
) -> Result<(), Rejection> {
    let (mut all, mut inclusive) = (0_usize, 0_usize);
    for kind in kinds {
        all = all.saturating_add(1);
        inclusive =
            inclusive.saturating_add(usize::from(matches!(kind, ChargeKind::Tax { inclusive: true, .. })));
    }
    if all <= MAX_CHARGES && inclusive <= MAX_INCLUSIVE_TAXES {
        return Ok(());
    }
    Err(Rejection::new(Code::TooManyCharges).expected(format!(
        "at most {MAX_CHARGES} charges, {MAX_INCLUSIVE_TAXES} of them taxes included in the prices"
    )))
}

/// Checks the charges and tips of a bill against its dishes and people.
pub(crate) fn check_charges(
    bill: &Bill,
    total: Amount,
    seats: &BTreeMap<&ParticipantId, usize>,
) -> Result<(), Rejection> {
    check_number(bill.charges.iter().map(|charge| &charge.kind))?;
    check_bases("", &bill.charges.iter().enumerate().map(CheckedCharge::of).collect::<Vec<_>>())?;
    if bill.round_to.is_some_and(|unit| unit <= Amount::ZERO) {
        return Err(Rejection::new(Code::BadCharge).field("roundTo").expected("an amount above 0"));
    }
    check_shares_coin("", bill.round_to, bill.round_shares_to, bill.odd_units)?;
    for charge in &bill.charges {
        if let ChargeKind::Discount { item: Some(item) } = &charge.kind
            && !bill.dishes.iter().any(|dish| dish.id == *item)
        {
            return Err(Rejection::new(Code::ItemNotFound)
                .field("charges")
                .expected("the id of an item on the bill"));
        }
    }
    if bill.tips.keys().chain(&bill.without_service).any(|id| !seats.contains_key(id)) {
        return Err(unknown_participant().field("participants"));
    }
    let against = |value: ChargeValue| match value {
        ChargeValue::Amount(amount) => amount != Amount::ZERO && amount.is_negative() != total.is_negative(),
        ChargeValue::Percent(_) => false,
    };
    let values = bill.charges.iter().map(|charge| charge.value).chain(bill.tips.values().copied());
    if values.into_iter().any(against) {
        let expected = if total.is_negative() {
            "an amount of 0 or less, as the total is negative"
        } else {
            "an amount of 0 or more"
        };
        return Err(Rejection::new(Code::BadCharge).field("charges").expected(expected));
    }
    Ok(())
}

/// Checks the coin to which each share is rounded against the other roundings of the bill. `within` names the object that
/// has them.
pub(crate) fn check_shares_coin(
    within: &str,
    round_to: Option<Amount>,
    round_shares_to: Option<Amount>,
    odd_units: OddUnits,
) -> Result<(), Rejection> {
    let Some(coin) = round_shares_to else { return Ok(()) };
    let refused = |field: &str| Rejection::new(Code::BadCharge).field(format!("{within}{field}"));
    if coin <= Amount::ZERO {
        return Err(refused("roundSharesTo").expected("an amount above 0"));
    }
    if round_to.is_some_and(|bill| bill != coin) {
        return Err(refused("roundSharesTo")
            .because("roundTo is another coin")
            .expected("the coin of roundTo, or no roundTo"));
    }
    if odd_units != OddUnits::LargestRemainder {
        return Err(refused("rounding")
            .because("coins go to the largest remainders")
            .expected("largest_remainder, or no roundSharesTo"));
    }
    Ok(())
}

impl Line {
    /// Creates the rejection of a charge that has nothing to be divided over.
    pub(crate) fn on_nothing(&self, currency: Currency) -> Rejection {
        Rejection::new(Code::ChargeOnNothing)
            .because(format!(
                "{} for {}; remove it, or add a dish with a price",
                self.amount().display(currency),
                self.name()
            ))
            .unallocated(self.amount(), currency)
    }
}
