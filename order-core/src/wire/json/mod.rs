//! Strict reading of JSON: duplicate keys are refused, nesting is bounded, and numbers keep their own text.

mod object;
mod scan;

pub(super) use object::{Numbers, Object};
pub use scan::{MAX_DEPTH, MAX_KEYS};
