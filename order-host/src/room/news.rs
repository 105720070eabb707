//! News for the table, in the protocols that somebody there speaks.

use crate::connection::pieces::{Pieces, TableMessage};

/// One message in the protocols that sockets at the table speak.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) v1: Option<TableMessage>,
    pub(super) v2: Option<Pieces>,
}

/// What a socket of the first protocol has yet to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Owed {
    #[default]
    Nothing,
    /// A presence change.
    Presence,
    /// A change of the order. The whole order includes everything else.
    Order,
}

/// When a socket is told something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Now,
    /// Only with the whole order, if it speaks the first protocol; other messages are short.
    Later,
    /// It knows it, or learns it in another way.
    Never,
}

impl News {
    /// Returns the most bytes that a socket is sent.
    pub(super) fn len(&self) -> usize {
        let v1 = self.v1.as_ref().map_or(0, TableMessage::len);
        self.v2.as_ref().map_or(0, Pieces::len).max(v1)
    }
}
