//! Decodes the text of a file by its byte order mark.

const UTF_32_LE: &[u8] = &[0xFF, 0xFE, 0, 0];
const UTF_32_BE: &[u8] = &[0, 0, 0xFE, 0xFF];
const UTF_16_LE: &[u8] = &[0xFF, 0xFE];
const UTF_16_BE: &[u8] = &[0xFE, 0xFF];
const UTF_8: &[u8] = &[0xEF, 0xBB, 0xBF];

/// Whether a file begins with a byte order mark.
pub(super) fn is_marked(file: &[u8]) -> bool {
    [UTF_32_BE, UTF_16_LE, UTF_16_BE, UTF_8].iter().any(|mark| file.starts_with(mark))
}

/// Decodes a file as its byte order mark says, or as UTF-8. Leading and trailing marks and
/// white space are removed. `None`: it is not text.
pub(super) fn text(file: &[u8]) -> Option<String> {
    // The mark of UTF-16 is a prefix of that of UTF-32.
    let decoded = if let Some(rest) = file.strip_prefix(UTF_32_LE) {
        wide(rest, u32::from_le_bytes)
    } else if let Some(rest) = file.strip_prefix(UTF_32_BE) {
        wide(rest, u32::from_be_bytes)
    } else if let Some(rest) = file.strip_prefix(UTF_16_LE) {
        pairs(rest, u16::from_le_bytes)
    } else if let Some(rest) = file.strip_prefix(UTF_16_BE) {
        pairs(rest, u16::from_be_bytes)
    } else {
        str::from_utf8(file).ok().map(str::to_owned)
    }?;
    let is_around = |character: char| character == '\u{FEFF}' || character.is_whitespace();
    Some(decoded.trim_matches(is_around).to_owned())
}

fn pairs(bytes: &[u8], read: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().copied().map(read).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

fn wide(bytes: &[u8], read: fn([u8; 4]) -> u32) -> Option<String> {
    let (fours, rest) = bytes.as_chunks::<4>();
    let text = fours.iter().copied().map(|four| char::from_u32(read(four))).collect::<Option<String>>();
    text.filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_whatever_mark_stands_before_it() {
        let utf_16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{FEFF}{é🍛}\r\n".encode_utf16().flat_map(bytes).collect()
        };
        let utf_32 = |bytes: fn(u32) -> [u8; 4]| -> Vec<u8> {
            "\u{FEFF}{é🍛}\r\n".chars().flat_map(|character| bytes(u32::from(character))).collect()
        };
        for file in [
            "{é🍛}".as_bytes().to_vec(),
            "\u{FEFF} \n{é🍛}\n\u{FEFF}".as_bytes().to_vec(),
            "\u{FEFF}\u{FEFF}{é🍛}".as_bytes().to_vec(),
            utf_16(u16::to_le_bytes),
            utf_16(u16::to_be_bytes),
            utf_32(u32::to_le_bytes),
            utf_32(u32::to_be_bytes),
        ] {
            assert_eq!(text(&file).as_deref(), Some("{é🍛}"), "{file:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_none() {
        for file in
            [&[0xFF, 0xFE, b'{'][..], &[0xFE, 0xFF, 0xD8, 0], &[0, 0, 0xFE, 0xFF, 0, 0x11, 0, 0], &[0xC3]]
        {
            assert_eq!(text(file), None, "{file:?}");
        }
    }
}
