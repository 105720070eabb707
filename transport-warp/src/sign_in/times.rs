//! The times between which a token is valid.

use order_core::UnixMillis;
use order_host::{Clock as _, SystemClock};
use serde_json::Value;

use super::denied::Denied;

/// How far an issuer's clock may be ahead of this one: a token is accepted this long before
/// its `nbf`.
const CLOCKS_DIFFER_MILLIS: u64 = 30_000;

/// The longest life of a token: ten years. A time given in milliseconds instead of seconds
/// would be tens of thousands of years away.
const LONGEST_LIFE_MILLIS: u64 = 3_653 * 24 * 60 * 60 * 1000;

/// Reads until when a token is valid.
///
/// # Errors
/// When it has expired, or `exp` is missing or implausible.
pub(super) fn expiry(exp: Option<&Value>, now: UnixMillis) -> Result<UnixMillis, Denied> {
    let exp = exp.ok_or(Denied::Invalid("it lacks `exp`, its expiry in seconds since 1970"))?;
    let exp = millis(exp).ok_or(Denied::Invalid("its `exp` must be a number of seconds since 1970"))?;
    if is_beyond_any_life(exp, now) {
        return Err(Denied::Invalid(
            "its `exp` is more than ten years away: give it in seconds since 1970, not in milliseconds",
        ));
    }
    if now.get() >= exp { Err(Denied::Expired) } else { Ok(UnixMillis::new(exp)) }
}

/// Checks that a token is already valid.
///
/// # Errors
/// When it is not, or its `nbf` is implausible.
pub(super) fn beginning(nbf: Option<&Value>, now: UnixMillis) -> Result<(), Denied> {
    let Some(nbf) = nbf else { return Ok(()) };
    let nbf = millis(nbf).ok_or(Denied::Invalid("its `nbf` must be a number of seconds since 1970"))?;
    if is_beyond_any_life(nbf, now) {
        return Err(Denied::Invalid(
            "its `nbf` is more than ten years away: give it in seconds since 1970, not in milliseconds",
        ));
    }
    if nbf > now.get().saturating_add(CLOCKS_DIFFER_MILLIS) {
        return Err(Denied::Invalid("it is not valid yet (`nbf`)"));
    }
    Ok(())
}

fn is_beyond_any_life(time: u64, now: UnixMillis) -> bool {
    // A clock that shows 1970 would make every token's life look too long.
    time > now.max(SystemClock.earliest()).get().saturating_add(LONGEST_LIFE_MILLIS)
}

/// Reads seconds since 1970, whole or fractional (RFC 7519, `NumericDate`), as
/// milliseconds. `None`: negative, or not a number.
fn millis(seconds: &Value) -> Option<u64> {
    if let Some(seconds) = seconds.as_u64() {
        return Some(seconds.saturating_mul(1000));
    }
    let seconds = seconds.as_f64().filter(|seconds| seconds.is_finite() && *seconds >= 0.0)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast of a float saturates"
    )]
    let millis = (seconds * 1000.0) as u64;
    Some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis::new(1_800_000_000_000);

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_end_is_read_in_whole_seconds_and_in_others() {
        let until = |text: &str| expiry(Some(&value(text)), NOW).map(UnixMillis::get);
        assert_eq!(until("1800000001"), Ok(1_800_000_001_000));
        assert_eq!(until("1800000000.5"), Ok(1_800_000_000_500));
        assert_eq!(until("1.8000000005e9"), Ok(1_800_000_000_500));
        for over in ["1800000000", "0", "-0.0", "0.001", "1.7e9"] {
            assert_eq!(until(over), Err(Denied::Expired), "{over}");
        }
    }

    #[test]
    fn an_end_that_cannot_be_meant_is_refused_with_what_is_wrong() {
        let why = |text: &str| expiry(Some(&value(text)), NOW).unwrap_err().to_string();
        for too_far in [
            "1800003600000",
            "1800003600000.5",
            "1e300",
            "18446744073709551615",
            "18446744073709551616",
            "2115619201",
        ] {
            let why = why(too_far);
            assert!(why.contains("ten years") && why.contains("not in milliseconds"), "{too_far}: {why}");
        }
        for none in ["-1", "-1e300", "-1800000001", "\"1800003600\"", "true", "[]", "{}", "null"] {
            assert!(why(none).contains("must be a number"), "{none}");
        }
        assert!(expiry(None, NOW).unwrap_err().to_string().contains("lacks `exp`"));
        assert!(expiry(Some(&value("2115619199")), NOW).is_ok(), "nearly ten years");
    }

    #[test]
    fn a_clock_that_stands_in_1970_refuses_no_good_token() {
        let clock = UnixMillis::new(60_000);
        assert_eq!(expiry(Some(&value("1800003600")), clock).map(UnixMillis::get), Ok(1_800_003_600_000));
        assert!(matches!(expiry(Some(&value("1800003600000")), clock), Err(Denied::Invalid(_))));
    }

    #[test]
    fn a_beginning_may_be_half_a_minute_ahead_and_is_no_number_of_milliseconds() {
        for in_force in ["0", "1800000000", "1800000030", "1800000029.9"] {
            assert_eq!(beginning(Some(&value(in_force)), NOW), Ok(()), "{in_force}");
        }
        for (not, why) in [
            ("1800000031", "not valid yet"),
            ("1800000000000", "not in milliseconds"),
            ("1e300", "not in milliseconds"),
            ("-1", "must be a number"),
            ("\"now\"", "must be a number"),
        ] {
            assert!(beginning(Some(&value(not)), NOW).unwrap_err().to_string().contains(why), "{not}");
        }
        assert_eq!(beginning(None, NOW), Ok(()));
    }
}
