//! Reads JSON numbers from their text, digit for digit.

use rust_decimal::Decimal;
use thiserror::Error;

/// The maximum number of significant digits of a number on the wire. Every bound of this crate
/// is below it.
pub const MAX_SIGNIFICANT_DIGITS: usize = 18;

/// Why a text is not a number that this crate can hold exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NumberError {
    /// The text is not a number by the grammar of JSON (RFC 8259, section 6).
    #[error("it is not a number")]
    NotANumber,
    /// It has more significant digits, or a larger exponent, than any valid value needs.
    #[error("it is too large or has too many digits")]
    TooLarge,
    /// Its fraction is finer than any valid value needs.
    #[error("it has too many decimals")]
    TooFine,
}

/// Reads `text` as an exact decimal. `2.99e2` is 299 and `299.990` is 299.99; nothing is rounded.
///
/// # Errors
/// When the text is not a JSON number, or is beyond [`MAX_SIGNIFICANT_DIGITS`].
///
/// ```
/// use order_core::number::{parse_number, NumberError};
/// assert_eq!(parse_number("2.99e2").unwrap().to_string(), "299");
/// assert_eq!(parse_number("1e-400"), Err(NumberError::TooFine));
/// assert_eq!(parse_number("1e999999999"), Err(NumberError::TooLarge));
/// ```
pub fn parse_number(text: &str) -> Result<Decimal, NumberError> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (significand, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((significand, exponent)) => (significand, parse_exponent(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = match significand.split_once('.') {
        Some((_, "")) => return Err(NumberError::NotANumber),
        Some(parts) => parts,
        None => (significand, ""),
    };
    let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    if whole.is_empty() || leading_zero || !digits_only(whole) || !digits_only(fraction) {
        return Err(NumberError::NotANumber);
    }
    significant(whole, fraction, exponent)
        .map(|number| if negative { Decimal::ZERO.checked_sub(number).unwrap_or(number) } else { number })
}

/// Reads the exponent. One with too many digits saturates, since only its sign matters then.
fn parse_exponent(text: &str) -> Result<i64, NumberError> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or_default()),
        Some(b'+') => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberError::NotANumber);
    }
    // Far above the length of any message, so no run of digits can outweigh it.
    let magnitude = digits.parse::<i64>().unwrap_or(i64::MAX).min(1 << 40);
    Ok(if negative { magnitude.saturating_neg() } else { magnitude })
}

/// Computes `whole.fraction × 10^exponent`, ignoring zeros at both ends.
fn significant(whole: &str, fraction: &str, exponent: i64) -> Result<Decimal, NumberError> {
    let mut digits = [whole, fraction].concat();
    let written = i64::try_from(fraction.len()).map_err(|_| NumberError::TooFine)?;
    let trimmed = digits.trim_end_matches('0').len();
    let dropped = i64::try_from(digits.len().saturating_sub(trimmed)).map_err(|_| NumberError::TooLarge)?;
    digits.truncate(trimmed);
    let core = digits.trim_start_matches('0');
    if core.is_empty() {
        return Ok(Decimal::ZERO);
    }
    // The value is `core × 10^power`, and `core` ends in a digit other than 0.
    let power = exponent.saturating_sub(written).saturating_add(dropped);
    let limit = i64::try_from(MAX_SIGNIFICANT_DIGITS).map_err(|_| NumberError::TooLarge)?;
    if power < limit.saturating_neg() {
        return Err(NumberError::TooFine);
    }
    if core.len() > MAX_SIGNIFICANT_DIGITS || power > limit {
        return Err(NumberError::TooLarge);
    }
    let mantissa = core.parse::<i128>().map_err(|_| NumberError::TooLarge)?;
    let shift = u32::try_from(power.unsigned_abs()).map_err(|_| NumberError::TooLarge)?;
    if power <= 0 {
        return Decimal::try_from_i128_with_scale(mantissa, shift).map_err(|_| NumberError::TooFine);
    }
    10_i128
        .checked_pow(shift)
        .and_then(|factor| mantissa.checked_mul(factor))
        .and_then(|value| Decimal::try_from_i128_with_scale(value, 0).ok())
        .ok_or(NumberError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, NumberError> {
        parse_number(text).map(|number| number.to_string())
    }

    #[test]
    fn numbers_are_read_digit_for_digit() {
        for (text, value) in [
            ("299", "299"),
            ("299.990", "299.99"),
            ("2.99e2", "299"),
            ("20e-1", "2"),
            ("1.0", "1"),
            ("0.1", "0.1"),
            ("0", "0"),
            ("-0.0", "0"),
            ("0e999999999999999999999", "0"),
            ("-5", "-5"),
            ("0.0000001E+7", "1"),
            ("100000000000000000", "100000000000000000"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(value), "{text}");
        }
        assert_eq!(read(&format!("299.{}", "0".repeat(5000))).as_deref(), Ok("299"));
    }

    #[test]
    fn what_cannot_be_held_exactly_is_refused() {
        assert_eq!(read("1e-400"), Err(NumberError::TooFine));
        assert_eq!(read("1e-9223372036854775809"), Err(NumberError::TooFine));
        assert_eq!(read("1e999999999"), Err(NumberError::TooLarge));
        assert_eq!(read("1234567890123456789"), Err(NumberError::TooLarge));
    }

    #[test]
    fn what_json_does_not_call_a_number_is_refused() {
        let texts =
            ["", "-", "+5", "1_000", ".5", "5.", "01", "1e", "1e+", "NaN", "Infinity", "0x10", " 1", "١"];
        for text in texts {
            assert_eq!(read(text), Err(NumberError::NotANumber), "{text}");
        }
    }
}
