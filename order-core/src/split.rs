//! Shares of an order's bill, and the rules and numbers they follow from.
//!
//! For every rule: the shares and the [`unallocated`](Shares::unallocated) amount sum to the
//! total exactly, every divided share is within one minor unit of its exact quota, and the
//! order in which people are listed makes no difference.

pub use crate::bill::{Share, Shares, shares};
pub(crate) use crate::bill::{does_not_cover, seats_on_bill};
pub use crate::divide::{
    ApportionError, Claim, CustomShares, Percentage, Rest, SHARE_DECIMALS, ShareNumberError, SplitRule,
    TieRank, Weight, apportion, equal_parts,
};
