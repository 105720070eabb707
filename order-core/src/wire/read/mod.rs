//! Commands as clients write them.

pub(super) mod charges;
pub(super) mod payments;
pub(super) mod table;
