//! Reads amounts in an order's currency.

use rust_decimal::Decimal;

use crate::rejection::{Code, Rejection};
use crate::{Amount, AmountError, Currency, Price, max_order_total};

/// Converts `number` to an amount from 0 to `max`.
pub(super) fn amount_up_to(number: Decimal, max: Amount, currency: Currency) -> Result<Amount, AmountError> {
    match Amount::from_decimal(number, currency)? {
        amount if amount.is_negative() => Err(AmountError::Negative),
        amount if amount > max => Err(AmountError::TooLarge),
        amount => Ok(amount),
    }
}

/// Rejects an amount. Prices and charges are bounded by the maximum price, everything else by
/// the maximum total.
pub(super) fn bad_amount(
    currency: Currency,
    code: Code,
    field: impl Into<String>,
    error: AmountError,
) -> Rejection {
    let max = match code {
        Code::BadPrice | Code::BadCharge => Price::max(currency).amount(),
        _ => max_order_total(currency),
    };
    Rejection::new(code).field(field.into()).because(error.to_string()).expected(format!(
        "a number from 0 to {} with at most {} decimals",
        max.display(currency),
        currency.minor_digits()
    ))
}
