//! Who may do how much: rate limits, and places of which there are only so many.

pub(crate) mod budget;
pub(crate) mod counted;
pub(crate) mod door;
pub(crate) mod pace;
pub(crate) mod volume;
