//! Text that people wrote: cleaned of what hides or reorders other text, otherwise kept as it is.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::ItemId;

/// The most characters (Unicode scalar values) of a person's name.
pub const MAX_NAME_CHARS: usize = 80;
/// The most characters of a dish's name.
pub const MAX_DISH_NAME_CHARS: usize = 120;
/// The most characters of a dish's type, such as `non-veg`.
pub const MAX_DISH_TYPE_CHARS: usize = 40;
/// The most characters of a customization, such as `Extra spicy`.
pub const MAX_CUSTOMIZATION_CHARS: usize = 500;
/// The most characters of a phone number.
pub const MAX_PHONE_CHARS: usize = 32;
/// The most characters of a charge's name.
pub const MAX_CHARGE_NAME_CHARS: usize = 60;
/// The most characters of a method of payment.
pub const MAX_METHOD_CHARS: usize = 40;
/// The most characters of the name of a circle or a tenant, and of a payment's reference.
pub const MAX_LABEL_CHARS: usize = 128;

/// A cleaned text. Every script, emoji, joiners, `&`, `<` and quotes stay as they are: escaping belongs to
/// where a text is shown. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

/// Why a text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TextError {
    /// Nothing that a person can see is left of it.
    #[error("it is empty")]
    Empty,
    /// It has more characters than `max`.
    #[error("it is longer than {max} characters")]
    TooLong {
        /// The most characters that it may have.
        max: usize,
    },
    /// It is a label that is compared as it is written, and cleaning would change it.
    #[error("it has white space at an end, or a character that hides or reorders text")]
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
        // Joiners are kept inside words, but a name made of nothing else cannot be seen.
        if text.0.chars().all(is_invisible) { Err(TextError::Empty) } else { Ok(text) }
    }

    /// As [`Text::clean`], for a text that may be empty.
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

    /// Takes `raw` as it is, where cleaning changes nothing: for labels that are compared, such as a circle's. One that only
    /// looks like another is refused, and never taken for it.
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

    /// What was clean by the rules of its day.
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

/// Characters that have no place in a name: they hide, reorder or break what stands around them.
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

/// Characters that a person cannot see, though they may shape those around them.
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
