//! Durations and sizes as people write them.

use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// `250ms`, `10s`, `2m`, `1h`; a bare number is seconds. At most a day, and never nothing.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let number: u64 = number.parse().map_err(|_| "write it like 250ms, 10s, 2m or 1h".to_owned())?;
    let duration = match unit {
        "ms" => Some(Duration::from_millis(number)),
        "" | "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(60 * 60).map(Duration::from_secs),
        _ => return Err("the unit is ms, s, m or h".to_owned()),
    };
    let allowed = duration.filter(|duration| !duration.is_zero() && *duration <= LONGEST);
    allowed.ok_or_else(|| "it is more than nothing and at most 24h".to_owned())
}

/// `65536`, `64KiB` or `1MiB`. From 1 KiB to 64 MiB.
pub(crate) fn bytes(text: &str) -> Result<usize, String> {
    let (number, unit) = split(text);
    let number: usize = number.parse().map_err(|_| "write it like 65536, 64KiB or 1MiB".to_owned())?;
    let factor = match unit {
        "" => 1,
        "KiB" => 1024,
        "MiB" => 1024 * 1024,
        _ => return Err("the unit is KiB or MiB, or none for bytes".to_owned()),
    };
    let bytes = number.checked_mul(factor).filter(|bytes| (1024..=64 * 1024 * 1024).contains(bytes));
    bytes.ok_or_else(|| "it is at least 1KiB and at most 64MiB".to_owned())
}

fn split(text: &str) -> (&str, &str) {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_they_are_written() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("10s"), duration("10"));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3600)));
        for wrong in [
            "",
            "s",
            "-1s",
            "1.5s",
            "10 s",
            "1d",
            "0s",
            "25h",
            "99999999999999999999s",
            "18446744073709551615h",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_read_as_they_are_written() {
        assert_eq!(bytes("65536"), Ok(65536));
        assert_eq!(bytes("64KiB"), Ok(65536));
        assert_eq!(bytes("1MiB"), Ok(1 << 20));
        for wrong in ["", "KiB", "1kb", "1023", "65MiB", "-5", "18446744073709551615MiB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
