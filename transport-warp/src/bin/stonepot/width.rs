//! Fits texts into the columns of a terminal.

use unicode_width::UnicodeWidthStr as _;

/// The number of terminal columns of a text, as far as that can be known without the
/// terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Shortens a text to at most `most` columns. Keeps its beginning and its end, because ids
/// often differ only at the end.
pub(crate) fn fitted(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(1);
    let cuts = || text.char_indices().map(|(place, _)| text.split_at(place));
    // Measures whole parts: several characters drawn as one can be wider than each alone.
    let beginning = cuts().map(|(before, _)| before).take_while(|part| width(part) <= kept - kept / 2).last();
    let end = cuts().map(|(_, after)| after).find(|part| width(part) <= kept / 2);
    format!("{}…{}", beginning.unwrap_or_default(), end.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_the_columns_that_a_terminal_gives_it() {
        for (text, columns) in [
            ("Dosa", 4),
            ("", 0),
            ("寿司", 4),
            ("Crème", 5),
            ("Cre\u{300}me", 5),
            ("नमस्ते", 4),
            ("தோசை", 4),
            ("🍛", 2),
            ("❤️", 2),
            ("👍🏽", 2),
            ("👩‍👧", 2),
        ] {
            assert_eq!(width(text), columns, "{text}");
        }
    }

    #[test]
    fn what_is_too_long_keeps_its_ends_and_never_takes_more() {
        assert_eq!(fitted("participant_1795380171745_kdn8w7hob", 15), "partici…n8w7hob");
        assert_eq!(fitted("just fits", 9), "just fits");
        assert_eq!(fitted("寿司寿司寿司", 6), "寿…司");
        for long in [
            "🍛🍛🍛🍛🍛",
            "❤️❤️❤️❤️❤️❤️",
            "👩‍👧👩‍👧👩‍👧👩‍👧",
            "நன்றிநன்றிநன்றி",
            "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}",
        ] {
            for most in 1..=7 {
                assert!(width(&fitted(long, most)) <= most, "{long} in {most}: {}", fitted(long, most));
            }
        }
    }
}
