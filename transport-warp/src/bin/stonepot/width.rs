//! How many columns of a terminal a text takes, as far as that can be known without the terminal.

/// The columns that a text takes: two for a letter of East Asian scripts or an emoji, none for a mark on the letter
/// before it.
pub(crate) fn width(text: &str) -> usize {
    let mut width: usize = 0;
    let mut joined = false;
    for character in text.chars() {
        // What a joiner joins is drawn as one.
        width += if joined { 0 } else { columns(character) };
        joined = character == '\u{200D}' && width > 0;
    }
    width
}

/// The text in at most `most` columns: of a longer one its beginning and its end, since ids often differ there only.
pub(crate) fn fitted(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(1);
    let end = taken(text.chars().rev(), kept / 2);
    let beginning = taken(text.chars(), kept - kept / 2);
    beginning.into_iter().chain(['…']).chain(end.into_iter().rev()).collect()
}

fn taken(characters: impl Iterator<Item = char>, most: usize) -> Vec<char> {
    let mut left = most;
    characters
        .take_while(|&character| match left.checked_sub(columns(character)) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        })
        .collect()
}

fn columns(character: char) -> usize {
    match u32::from(character) {
        // Marks of the Indic scripts stand at the same places of each block: vowel signs above and below the letter,
        // and the virama.
        code @ 0x0900..=0x0DFF => {
            usize::from(!matches!(code & 0x7F, 0x00..=0x01 | 0x3C | 0x41..=0x48 | 0x4D | 0x62..=0x63))
        }
        0x0300..=0x036F
        | 0x0483..=0x0489
        | 0x0591..=0x05BD
        | 0x0610..=0x061A
        | 0x064B..=0x065F
        | 0x0670
        | 0x06D6..=0x06DC
        | 0x0E31
        | 0x0E34..=0x0E3A
        | 0x0E47..=0x0E4E
        | 0x200B..=0x200F
        | 0x20D0..=0x20FF
        | 0x3099..=0x309A
        | 0xFE00..=0xFE0F
        | 0xFE20..=0xFE2F
        | 0x1F3FB..=0x1F3FF
        | 0xE0000..=0xE0FFF => 0,
        0x1100..=0x115F
        | 0x2E80..=0x303E
        | 0x3041..=0x33FF
        | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF
        | 0xA000..=0xA4CF
        | 0xA960..=0xA97F
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1F64F
        | 0x1F680..=0x1F6FF
        | 0x1F7E0..=0x1F7EB
        | 0x1F900..=0x1FAFF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
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
            ("🍛", 2),
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
        assert!(width(&fitted("🍛🍛🍛🍛🍛", 4)) <= 4);
    }
}
