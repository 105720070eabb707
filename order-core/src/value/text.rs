//! User-supplied text: cleaned of characters that hide or reorder other text, otherwise
//! unchanged.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::ItemId;

/// The maximum length of a person's name, in characters (Unicode scalar values).
pub const MAX_NAME_CHARS: usize = 80;
/// The maximum length of a dish's name, in characters.
pub const MAX_DISH_NAME_CHARS: usize = 120;
/// The maximum length of a dish's type, such as `non-veg`, in characters.
pub const MAX_DISH_TYPE_CHARS: usize = 40;
/// The maximum length of a customization, such as `Extra spicy`, in characters.
pub const MAX_CUSTOMIZATION_CHARS: usize = 500;
/// The maximum length of the reason for a correction, in characters.
pub const MAX_REASON_CHARS: usize = 200;
/// The maximum length of a phone number, in characters.
pub const MAX_PHONE_CHARS: usize = 32;
/// The maximum length of a charge's name, in characters.
pub const MAX_CHARGE_NAME_CHARS: usize = 60;
/// The maximum length of a method of payment, in characters.
pub const MAX_METHOD_CHARS: usize = 40;
/// The maximum length of a circle's or tenant's name, and of a payment's reference, in
/// characters.
pub const MAX_LABEL_CHARS: usize = 128;

/// A cleaned text. Scripts, emoji, joiners, `&`, `<` and quotes are kept: escaping is the job
/// of the code that displays the text. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

/// Why a text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TextError {
    /// Nothing visible is left of it.
    #[error("it is empty")]
    Empty,
    /// It has more characters than `max`.
    #[error("it is longer than {max} characters")]
    TooLong {
        /// The most characters that it may have.
        max: usize,
    },
    /// It is a label that must match exactly, and cleaning would change it.
    #[error("it has white space at an end, or a hidden character")]
    NotExact,
}

impl Text {
    /// Cleans `raw`: strips control characters, bidi overrides and isolates, line and paragraph separators,
    /// zero-width spaces, byte order marks and non-characters, then trims white space.
    ///
    /// # Errors
    /// When nothing visible remains, or more than `max` characters.
    ///
    /// ```
    /// use order_core::text::Text;
    /// assert_eq!(Text::clean("  Chef\u{202E} & Söhne\u{0} ", 80).unwrap().as_str(), "Chef & Söhne");
    /// assert!(Text::clean("\u{200B}", 80).is_err());
    /// ```
    pub fn clean(raw: &str, max: usize) -> Result<Self, TextError> {
        let text = Self::clean_or_empty(raw, max)?;
        // Joiners are kept inside words, but a name of nothing but joiners is invisible.
        if text.0.chars().all(is_invisible) { Err(TextError::Empty) } else { Ok(text) }
    }

    /// Cleans a text that may be empty, as [`Text::clean`] does.
    ///
    /// # Errors
    /// When more than `max` characters remain.
    pub fn clean_or_empty(raw: &str, max: usize) -> Result<Self, TextError> {
        let kept = if raw.chars().any(is_stripped) {
            Self::trimmed(&raw.chars().filter(|&character| !is_stripped(character)).collect::<String>())
        } else {
            Self::trimmed(raw)
        };
        if kept.0.chars().count() > max { Err(TextError::TooLong { max }) } else { Ok(kept) }
    }

    /// Accepts `raw` only if cleaning would not change it: for labels that are compared, such as a
    /// circle's. A label that only looks like another is refused, never mistaken for it.
    ///
    /// # Errors
    /// When [`Text::clean`] would change or refuse it.
    ///
    /// ```
    /// use order_core::text::{Text, TextError};
    /// assert_eq!(Text::exact("Café 7", 80).unwrap().as_str(), "Café 7");
    /// assert_eq!(Text::exact("A\u{200B}", 80), Err(TextError::NotExact));
    /// ```
    pub fn exact(raw: &str, max: usize) -> Result<Self, TextError> {
        if Self::clean_or_empty(raw, max)?.as_str() != raw {
            return Err(TextError::NotExact);
        }
        Self::clean(raw, max)
    }

    fn trimmed(text: &str) -> Self {
        Self(text.trim().into())
    }

    /// Restores a stored text without cleaning it: it was clean by the rules when it was stored.
    pub(crate) fn from_stored(text: &str) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<ItemId> for Text {
    /// The id as a text; the two share their memory.
    fn from(id: ItemId) -> Self {
        Self(id.into_shared())
    }
}

impl Default for Text {
    /// The empty text.
    fn default() -> Self {
        Self("".into())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a character is removed from texts: it hides, reorders or breaks the text around it.
pub(crate) fn is_stripped(character: char) -> bool {
    let code = u32::from(character);
    character.is_control()
        || matches!(character,
            '\u{202A}'..='\u{202E}'   // bidi embeddings and overrides
            | '\u{2066}'..='\u{2069}' // bidi isolates
            | '\u{2028}' | '\u{2029}' // line and paragraph separators
            | '\u{200B}' | '\u{2060}' // zero-width space and no-break space
            | '\u{FEFF}'              // byte order mark
            | '\u{FDD0}'..='\u{FDEF}')
        || code & 0xFFFE == 0xFFFE // the two non-characters at the end of each plane
}

/// Whether a character is invisible. It may still shape its neighbours.
pub(crate) fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || matches!(character,
            '\u{200C}'..='\u{200F}' // joiners and directional marks
            | '\u{061C}' | '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}'
            | '\u{180B}'..='\u{180F}' | '\u{2061}'..='\u{2065}' | '\u{2800}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(raw: &str) -> Result<String, TextError> {
        Text::clean(raw, 20).map(|text| text.as_str().to_owned())
    }

    #[test]
    fn every_script_and_markup_stays_as_it_is() {
        for kept in ["نیم‌فاصله", "क्‍ष", "👩‍👩‍👧‍👦", "寿司", "R&B <b>\"x\"</b>", "O'Brien", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "עברית\u{200F}!"]
        {
            assert_eq!(clean(kept).as_deref(), Ok(kept));
        }
    }

    #[test]
    fn what_hides_or_reorders_text_is_stripped() {
        assert_eq!(clean("a\u{0}b\nc\u{7F}\u{85}").as_deref(), Ok("abc"));
        assert_eq!(clean("\u{202E}evil\u{2066}\u{2069}").as_deref(), Ok("evil"));
        assert_eq!(clean("\u{FEFF}x\u{200B}y\u{2060}\u{2028}\u{2029}").as_deref(), Ok("xy"));
        assert_eq!(clean("\u{FFFE}n\u{1FFFF}o\u{FDD0}").as_deref(), Ok("no"));
        assert_eq!(clean(" \u{A0}padded\u{3000}\t").as_deref(), Ok("padded"));
    }

    #[test]
    fn what_nobody_can_see_is_empty() {
        for raw in ["", "  ", "\u{200B}", "\u{200D}\u{200C}", "\u{3164}", "\u{2800}", "\n\n"] {
            assert_eq!(clean(raw), Err(TextError::Empty), "{raw:?}");
        }
        assert_eq!(Text::clean_or_empty(" \n", 5).unwrap().as_str(), "");
    }

    #[test]
    fn a_label_is_taken_as_it_is_written_or_not_at_all() {
        for label in ["A", "Café 7", "क्‍ष", "a  b", "R&B <b>", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"] {
            assert_eq!(Text::exact(label, 20).as_ref().map(Text::as_str), Ok(label));
        }
        for label in [
            "A\u{200B}",
            "\u{FEFF}A",
            " A",
            "A ",
            "A\u{A0}",
            "A\n",
            "A\u{0}",
            "\u{202E}A",
            "A\u{2069}",
            "  ",
            "\u{2060}",
        ] {
            assert_eq!(Text::exact(label, 20), Err(TextError::NotExact), "{label:?}");
        }
        for invisible in ["", "\u{200D}", "\u{3164}"] {
            assert_eq!(Text::exact(invisible, 20), Err(TextError::Empty), "{invisible:?}");
        }
        assert_eq!(Text::exact(&"x".repeat(21), 20), Err(TextError::TooLong { max: 20 }));
    }

    #[test]
    fn length_is_counted_in_characters_after_cleaning() {
        assert!(clean(&"ß".repeat(20)).is_ok());
        assert!(clean(&format!("{}{}", "x".repeat(20), "\u{200B}".repeat(50))).is_ok());
        assert_eq!(clean(&"x".repeat(21)), Err(TextError::TooLong { max: 20 }));
    }
}
