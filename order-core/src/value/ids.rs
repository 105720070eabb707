//! Identifiers of orders, participants, items, payments, transfers and commands.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::value::text::{is_invisible, is_stripped};

/// The maximum length of an order's or a participant's id, in bytes.
pub const MAX_ID_BYTES: usize = 128;
/// The maximum length of an item's id, in bytes.
pub const MAX_ITEM_ID_BYTES: usize = 64;
/// The maximum length of a command's id, in bytes.
pub const MAX_COMMAND_ID_BYTES: usize = 64;

/// Why a text is not a valid id. Ids are never cleaned: two different texts are two different
/// ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdError {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It has more bytes than `max`.
    #[error("it is longer than {max} bytes")]
    TooLong {
        /// The most bytes that it may have.
        max: usize,
    },
    /// It holds a character that an identifier of this kind cannot hold.
    #[error("it has a character that is not allowed")]
    BadCharacter,
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $max:expr, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Creates an id from a text, unchanged.
            ///
            /// # Errors
            /// When it is empty, too long, or holds a character that is not allowed.
            pub fn new(id: &str) -> Result<Self, IdError> {
                check(id, $max, $allowed).map(|()| Self(id.into()))
            }

            /// Restores a stored id without checking it: the rules may have been laxer when it was
            /// stored.
            pub(crate) fn from_stored(id: &str) -> Self {
                Self(id.into())
            }

            /// The identifier's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identifier! {
    /// Identifies an order: the `sessionId` of the protocol, and the room's name.
    OrderId, MAX_ID_BYTES, is_plain
}
identifier! {
    /// Identifies a participant for the lifetime of the order. Chosen by the restaurant's back end.
    ParticipantId, MAX_ID_BYTES, is_plain
}
identifier! {
    /// Identifies one line of an order. A client may choose it: visible ASCII without quotes, angle
    /// brackets or backslashes.
    ItemId, MAX_ITEM_ID_BYTES, |character| character.is_ascii_graphic() && !"\"'`<>\\".contains(character)
}
identifier! {
    /// Identifies one payment or refund of an order. It follows the rules of an [`ItemId`].
    PaymentId, MAX_ITEM_ID_BYTES, |character| character.is_ascii_graphic() && !"\"'`<>\\".contains(character)
}
identifier! {
    /// Identifies one transfer between two participants. It follows the rules of an [`ItemId`].
    TransferId, MAX_ITEM_ID_BYTES, |character| character.is_ascii_graphic() && !"\"'`<>\\".contains(character)
}

identifier! {
    /// Identifies one command of one participant. The client chooses it, to match the answer and to
    /// resend the command safely.
    CommandId, MAX_COMMAND_ID_BYTES, is_plain
}

impl ItemId {
    pub(crate) fn into_shared(self) -> Arc<str> {
        self.0
    }
}

impl From<ItemId> for PaymentId {
    fn from(id: ItemId) -> Self {
        Self(id.0)
    }
}

impl From<ItemId> for TransferId {
    fn from(id: ItemId) -> Self {
        Self(id.0)
    }
}

/// Whether a participant's or an order's id may hold `character`: a visible one, or a space or
/// joiner inside the text. No id may look like another.
fn is_plain(character: char) -> bool {
    !is_stripped(character)
        && (matches!(character, ' ' | '\u{200C}' | '\u{200D}') || !is_invisible(character))
}

fn check(id: &str, max: usize, allowed: fn(char) -> bool) -> Result<(), IdError> {
    if id.is_empty() {
        Err(IdError::Empty)
    } else if id.len() > max {
        Err(IdError::TooLong { max })
    } else if !id.chars().all(allowed) || id.starts_with(is_invisible) || id.ends_with(is_invisible) {
        Err(IdError::BadCharacter)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_existing_clients_are_taken() {
        for id in ["tenant_9876543210", "p_/parties/main/u6?_pk=client-chosen-id&x=1", "__proto__", "जॉन"]
        {
            assert!(ParticipantId::new(id).is_ok(), "{id}");
        }
        for id in ["item_1795380171745_kdn8w7hob", "q1e+308", "q-1", "i1"] {
            assert!(ItemId::new(id).is_ok(), "{id}");
        }
    }

    #[test]
    fn ids_that_could_pass_for_another_are_refused() {
        assert_eq!(ParticipantId::new("a\0b"), Err(IdError::BadCharacter));
        for doubles in [
            "a\u{200B}",
            "a\u{200D}",
            "\u{200C}a",
            "a\u{AD}",
            "a ",
            " a",
            "a\u{A0}b",
            "a\u{202E}",
            "a\u{FE0F}",
        ] {
            assert_eq!(ParticipantId::new(doubles), Err(IdError::BadCharacter), "{doubles:?}");
        }
        assert_eq!(ParticipantId::new(""), Err(IdError::Empty));
        assert_eq!(ParticipantId::new(&"a".repeat(129)), Err(IdError::TooLong { max: 128 }));
        assert_eq!(ItemId::new("a b"), Err(IdError::BadCharacter));
        assert_eq!(ItemId::new("<i>"), Err(IdError::BadCharacter));
        assert_eq!(ItemId::new(&"a".repeat(65)), Err(IdError::TooLong { max: 64 }));
    }
}
