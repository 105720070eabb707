//! The last change of each person, and what takes it back.

use std::collections::BTreeMap;

use crate::fact::Fact;
use crate::order::people::Seat;

/// The last change to the bill of each person: at most one of each.
pub(crate) type LastChanges = BTreeMap<Seat, LastChange>;

/// Somebody's last change to the bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastChange {
    /// The fact that it was.
    pub(crate) seq: u64,
    /// What takes it back; nothing, once the same was changed in another way, or it would give something to somebody who is on
    /// the bill no more.
    pub(crate) back: Option<Box<Fact>>,
}
