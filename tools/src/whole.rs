//! Whole numbers on a command line.

/// Reads a whole number whose digits may be grouped, such as `1_000_000`.
///
/// # Errors
/// When the text is anything else; the error says what is expected.
pub fn whole(text: &str) -> Result<u64, String> {
    text.replace('_', "").parse().map_err(|_| "expected a whole number, such as 1000 or 1_000".to_owned())
}

/// Reads a whole number that is at least 1.
///
/// # Errors
/// When the text is anything else; the error says what is expected.
pub fn at_least_one(text: &str) -> Result<u64, String> {
    match whole(text)? {
        0 => Err("expected at least 1".to_owned()),
        number => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_may_be_grouped() {
        assert_eq!(whole("1_000_000"), Ok(1_000_000));
        assert_eq!(whole("0"), Ok(0));
    }

    #[test]
    fn what_is_no_whole_number_is_refused_with_an_example() {
        for text in ["", "-1", "1.5", "many", "18446744073709551616"] {
            assert!(whole(text).is_err_and(|error| error.contains("1_000")), "{text}");
        }
        assert!(at_least_one("0").is_err());
    }
}
