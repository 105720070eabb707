//! The last change of each person, and what takes it back.

use std::collections::BTreeMap;

use crate::fact::Fact;
use crate::order::people::Seat;

/// The last change to the bill of each person, at most one each.
pub(crate) type LastChanges = BTreeMap<Seat, LastChange>;

/// A person's last change to the bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastChange {
    /// The sequence number of the change.
    pub(crate) seq: u64,
    /// The fact that undoes it. `None`: the same was changed since, or the undo would give part of
    /// a dish to somebody who is no longer on the bill.
    pub(crate) back: Option<Box<Fact>>,
}
