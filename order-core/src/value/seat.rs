//! A place in the list of people.

/// A participant's place in the list of an order's people. Nobody is ever taken off that list, so a seat stays theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seat(pub(crate) usize);
