//! Cursors, by which clients remember a place in the history of an order.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::log::Link;

/// How many bytes of a sequence number a cursor has, the lowest.
const SEQ_BYTES: usize = 6;
/// How many bytes of a link a cursor has, the first.
const LINK_BYTES: usize = 12;
/// The length of a cursor's text.
const CHARACTERS: usize = 24;

/// A place in the history of one order. It names the history, too: the same place of another history is another cursor.
///
/// Its text is opaque to clients: 24 characters of base64url, for the last 6 bytes of the sequence number, highest first, and the
/// first 12 bytes of the [`Link`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor([u8; SEQ_BYTES + LINK_BYTES]);

impl Cursor {
    /// Creates the cursor for the position after the fact with this sequence number and link.
    pub fn new(seq: u64, link: Link) -> Self {
        let mut bytes = [0; SEQ_BYTES + LINK_BYTES];
        let [_, _, last @ ..] = seq.to_be_bytes();
        let [first @ .., _, _, _, _] = *link.bytes();
        let (seq_part, link_part) = bytes.split_at_mut(SEQ_BYTES);
        seq_part.copy_from_slice(&last);
        link_part.copy_from_slice(&first);
        Self(bytes)
    }

    /// Reads a cursor that a client remembered; `None` if it is no cursor. The room finds out of which history it is.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; SEQ_BYTES + LINK_BYTES];
        let read = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        (read == bytes.len()).then_some(Self(bytes))
    }

    /// Returns the text that a client is given.
    pub fn text(&self) -> String {
        self.write(&mut [0; CHARACTERS]).to_owned()
    }

    /// Writes the text that a client is given into the caller's buffer: every event has one.
    pub(crate) fn write<'text>(&self, text: &'text mut [u8; CHARACTERS]) -> &'text str {
        // It fits, and is ASCII.
        let _ = URL_SAFE_NO_PAD.encode_slice(self.0, text);
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// Returns the sequence number, if its history is short enough to be one that exists.
    pub(crate) fn seq(&self) -> u64 {
        self.0.iter().take(SEQ_BYTES).fold(0, |seq, byte| seq << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_from_its_text() {
        let link = Link::new([0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240]);
        for seq in [0, 1, 258, (1 << 48) - 1] {
            let cursor = Cursor::new(seq, link);
            let text = cursor.text();
            assert_eq!((text.len(), Cursor::parse(&text)), (24, Some(cursor)), "{seq}");
            assert_eq!(cursor.seq(), seq);
        }
        assert_eq!(Cursor::new(258, link).text(), "AAAAAAECABAgMEBQYHCAkKCw");
    }

    #[test]
    fn what_is_no_cursor_is_none() {
        let text = Cursor::new(7, Link::new([9; 16])).text();
        let wrong = [
            "",
            "0",
            "7",
            "-1",
            "1.5",
            "null",
            "true",
            "18446744073709551615",
            "é",
            "\u{0}",
            "====",
            "AAAA",
            &text[..23],
            &text[1..],
            &format!("{text}A"),
            &format!("{text}AA"),
            &format!("{text}AAAA"),
            &format!("{text}="),
            &format!(" {text}"),
            &format!("{}+", &text[..23]),
            &format!("{}/", &text[..23]),
            &text.repeat(1_000),
        ];
        for wrong in wrong {
            assert_eq!(Cursor::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_byte_of_a_cursor_counts() {
        let cursor = Cursor::new(7, Link::new([9; 16]));
        let text = cursor.text();
        for at in 0..text.len() {
            let other = if &text[at..=at] == "x" { "y" } else { "x" };
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            assert_ne!(Cursor::parse(&changed), Some(cursor), "{changed}");
        }
    }
}
