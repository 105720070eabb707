//! News for the table, in the protocols that somebody there speaks.

use crate::connection::pieces::{Pieces, TableMessage};

/// The same news in the protocols that somebody at the table speaks.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) v1: Option<TableMessage>,
    pub(super) v2: Option<Pieces>,
}

/// What a socket of the first protocol was not told at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Owed {
    #[default]
    Nothing,
    /// Who came or went.
    Presence,
    /// A change, and whatever else there was: all of it is in the order.
    Order,
}

/// When a socket is told something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Now,
    /// Only with the whole order, if it speaks the first protocol; other messages are short.
    Later,
    /// It knows it, or learns it otherwise.
    Never,
}

impl News {
    /// How much each socket is shown at the most, in bytes.
    pub(super) fn len(&self) -> usize {
        let v1 = self.v1.as_ref().map_or(0, TableMessage::len);
        self.v2.as_ref().map_or(0, Pieces::len).max(v1)
    }
}
