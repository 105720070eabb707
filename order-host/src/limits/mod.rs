//! Limits: rates, budgets, and counts of what may exist at once.

pub(crate) mod budget;
pub(crate) mod counted;
pub(crate) mod door;
pub(crate) mod pace;
pub(crate) mod volume;
