//! Divides amounts: by weights, by a split rule, and as a matrix of which every row and every column sums.
//!
//! Nothing here knows an order. People are rows, what they pay for is lines, and one row more takes what is unassigned.
//! A [`Statement`] says what is on a bill; [`terms`] turns its split rule into proportions, [`pricing`] works out what each
//! line comes to, and [`rounding`] rounds the whole [`matrix`] at once.

mod apportion;
mod charge;
mod exact;
mod line;
mod matrix;
mod odd_units;
mod options;
mod plain;
mod pricing;
mod rounding;
mod rows;
mod rule;
mod share_number;
mod spread;
mod statement;
mod terms;
mod tie;
mod weights;

pub use apportion::{ApportionError, Claim, apportion, equal_parts};
pub use charge::{Basis, Charge, ChargeKind, ChargeValue, MAX_CHARGES, MAX_INCLUSIVE_TAXES};
pub use line::{Line, LineKind};
pub(crate) use matrix::{DishLines, Lines};
pub use odd_units::OddUnits;
pub use options::{AmountRounding, ChargeBase, ChargeOptions, DISHES, Discounts, RoundedPer};
pub(crate) use rows::DividedRows;
pub use rule::{CustomShares, Rest, SplitRule};
pub(crate) use share_number::decimal_of_millionths;
pub use share_number::{Percentage, SHARE_DECIMALS, ShareNumberError, Weight};
pub(crate) use spread::{RowWeight, Spread, spread};
pub(crate) use statement::{Extras, StatedDish, Statement};
pub(crate) use terms::{People, StatedRule};
pub use tie::TieRank;
pub(crate) use weights::is_tractable;
