//! The stored form of values.

use serde::{Deserialize, Serialize};

use super::version::StoredError;
use crate::value::text::Text;
use crate::{Amount, Currency, Price, Quantity};

/// A currency as it was when the order was made: amounts stay in its minor units, even if the
/// standard changes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredCurrency {
    code: String,
    minor_digits: u8,
}

impl From<&Currency> for StoredCurrency {
    fn from(currency: &Currency) -> Self {
        Self { code: currency.code().to_owned(), minor_digits: currency.minor_digits() }
    }
}

impl TryFrom<&StoredCurrency> for Currency {
    type Error = StoredError;

    fn try_from(stored: &StoredCurrency) -> Result<Self, StoredError> {
        Self::from_stored(&stored.code, stored.minor_digits).ok_or(StoredError::Damaged("currency"))
    }
}

pub(super) fn read_quantity(pieces: u16) -> Result<Quantity, StoredError> {
    Quantity::new(pieces).map_err(|_| StoredError::Damaged("quantity"))
}

pub(super) fn read_price(minor_units: i64) -> Result<Price, StoredError> {
    Price::in_any_currency(Amount::from_minor_units(minor_units)).map_err(|_| StoredError::Damaged("price"))
}

pub(super) fn owned(text: &Text) -> String {
    text.as_str().to_owned()
}

/// Whether a flag that is absent where it is `false` is left out.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it")]
pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}
