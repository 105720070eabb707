//! Reads durations and sizes as people write them.
//!
//! The crate `humantime` is not used for durations: it reads `30M` as 30 months but `30m`
//! as 30 minutes, and accepts `1ns`.

use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest life of an order: ten years.
const LONGEST_LIFE: Duration = Duration::from_secs(3_652 * 24 * 60 * 60);

/// How long something lives. `None`: without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Life(pub(crate) Option<Duration>);

/// Reads `250ms`, `10s`, `2m` or `1h`. At most a day, and never 0.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let duration = read(text, &["ms", "s", "m", "h"], "write it like 250ms, 10s, 2m or 1h")?;
    let allowed = Some(duration).filter(|duration| !duration.is_zero() && *duration <= DAY);
    allowed.ok_or_else(|| "it must be above 0 and at most 24h".to_owned())
}

/// Reads `90m`, `24h`, `30d` or `off`. At most ten years, and never 0.
pub(crate) fn life(text: &str) -> Result<Life, String> {
    if text == "off" {
        return Ok(Life(None));
    }
    let duration = read(text, &["s", "m", "h", "d"], "write it like 90m, 24h or 30d, or off for never")?;
    let allowed = Some(duration).filter(|duration| !duration.is_zero() && *duration <= LONGEST_LIFE);
    allowed
        .map(|duration| Life(Some(duration)))
        .ok_or_else(|| "it must be above 0 and at most 3652d".to_owned())
}

/// Reads a size, or 0 for no bound. At most 1 GiB.
pub(crate) fn volume(text: &str) -> Result<u32, String> {
    if text == "0" {
        return Ok(0);
    }
    let (number, unit) = split(text);
    let number: u32 = number.parse().map_err(|_| "write it like 65536, 64KiB or 1MiB, or 0".to_owned())?;
    let bytes = match unit {
        "" => Some(number),
        "KiB" => number.checked_mul(1 << 10),
        "MiB" => number.checked_mul(1 << 20),
        _ => return Err("the unit must be KiB or MiB".to_owned()),
    };
    let allowed = bytes.filter(|bytes| (1..=1 << 30).contains(bytes));
    allowed.ok_or_else(|| "it must be at most 1024MiB, or 0".to_owned())
}

/// Reads a number and its unit. If there is no unit, the error suggests the `usual` ones:
/// guessing could take 7 days for 7 seconds.
fn read(text: &str, usual: &[&str], expected: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    if unit.is_empty() && !number.is_empty() {
        let with_units: Vec<_> = usual.iter().map(|unit| format!("{number}{unit}")).collect();
        return Err(format!("it has no unit: do you mean one of {}? {expected}", with_units.join(", ")));
    }
    let number: u64 = number.parse().map_err(|_| expected.to_owned())?;
    let duration = match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(60 * 60).map(Duration::from_secs),
        "d" => number.checked_mul(24 * 60 * 60).map(Duration::from_secs),
        _ => return Err(format!("the unit must be ms, s, m, h or d; {expected}")),
    };
    Ok(duration.unwrap_or(Duration::MAX))
}

/// Reads `65536`, `64KiB` or `1MiB`. From 1 KiB to 64 MiB.
pub(crate) fn bytes(text: &str) -> Result<usize, String> {
    let (number, unit) = split(text);
    let number: usize = number.parse().map_err(|_| "write it like 65536, 64KiB or 1MiB".to_owned())?;
    let factor = match unit {
        "" => 1,
        "KiB" => 1024,
        "MiB" => 1024 * 1024,
        _ => return Err("the unit must be KiB or MiB, or none for bytes".to_owned()),
    };
    let bytes = number.checked_mul(factor).filter(|bytes| (1024..=64 * 1024 * 1024).contains(bytes));
    bytes.ok_or_else(|| "it must be at least 1KiB and at most 64MiB".to_owned())
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
        assert_eq!(duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3600)));
        for wrong in [
            "",
            "s",
            "-1s",
            "1.5s",
            "10 s",
            "2d",
            "1w",
            "0s",
            "25h",
            "99999999999999999999s",
            "18446744073709551615h",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_duration_without_a_unit_is_refused_with_what_to_write() {
        for bare in ["7", "0", "10", "007", "604800", "99999999999999999999"] {
            let said = duration(bare).unwrap_err();
            assert!(said.contains(&format!("{bare}ms, {bare}s, {bare}m, {bare}h")), "{said}");
            let said = life(bare).unwrap_err();
            assert!(said.contains(&format!("{bare}s, {bare}m, {bare}h, {bare}d")), "{said}");
            assert!(said.contains("off"), "{said}");
        }
        for odd in [
            " 7d",
            "7d ",
            "7 d",
            "7\td",
            "7D",
            "7H",
            "7S",
            "7Ms",
            "7M",
            "7ns",
            "+7d",
            "-7d",
            "7.0d",
            "7,0d",
            "1e3s",
            "0x7s",
            "1_000s",
            "\u{ff17}d",
            "\u{0667}d",
            "7\u{ff44}",
            "\u{feff}7d",
            "7d\n",
            "7dd",
            "7d12h",
            "7w",
            "7days",
            "P7D",
            "d7",
            "Off",
            " off",
            "7",
            "",
        ] {
            for said in [duration(odd).unwrap_err(), life(odd).unwrap_err()] {
                assert!(said.contains("write it like"), "{odd:?}: {said}");
            }
        }
    }

    #[test]
    fn lives_may_be_long_and_for_ever() {
        assert_eq!(life("off"), Ok(Life(None)));
        assert_eq!(life("30d"), Ok(Life(Some(DAY * 30))));
        assert_eq!(life("90m"), Ok(Life(Some(Duration::from_secs(5_400)))));
        for wrong in ["", "0d", "never", "OFF", "3653d", "-1d", "1.5d", "213503982334602d"] {
            assert!(life(wrong).is_err(), "{wrong}");
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

    #[test]
    fn volumes_are_sizes_or_no_bound() {
        assert_eq!(volume("0"), Ok(0));
        assert_eq!(volume("512"), Ok(512));
        assert_eq!(volume("4KiB"), Ok(4096));
        assert_eq!(volume("1024MiB"), Ok(1 << 30));
        for wrong in ["", "KiB", "1kb", "1025MiB", "-5", "00KiB", "1GiB"] {
            assert!(volume(wrong).is_err(), "{wrong}");
        }
    }
}
