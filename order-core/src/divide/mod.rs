//! Dividing amounts: by weights, by a split rule, and as a matrix of which every row and every column sums.

mod apportion;
mod charge;
mod custom;
mod exact;
mod line;
mod pricing;
mod rounding;
mod rule;
mod statement;
mod terms;
mod tie;
mod weights;

pub use apportion::{ApportionError, Claim, apportion};
pub(crate) use charge::check_number;
pub use charge::{Basis, Charge, ChargeKind, ChargeValue, MAX_CHARGES, MAX_INCLUSIVE_TAXES};
pub use custom::{CustomShares, Percentage, SHARE_DECIMALS, ShareNumberError, Weight};
pub use line::{Line, LineKind};
pub use rule::{Rest, SplitRule};
pub(crate) use statement::{Divided, Label, Lines, StatedDish, StatedRule, Statement};
pub(crate) use terms::does_not_cover;
pub use tie::TieRank;
pub(crate) use weights::is_fine_enough;
