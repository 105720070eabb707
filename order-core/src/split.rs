//! Shares of an order's bill, and the rules and numbers they follow from.
//!
//! For every rule: the shares and what is [`unallocated`](Shares::unallocated) sum to the total exactly, every
//! divided share is within one minor unit of its exact quota, and who is listed first makes no difference.

pub use crate::bill::{Share, Shares, shares};
pub(crate) use crate::bill::{does_not_cover, seats_on_bill};
pub use crate::divide::{
    ApportionError, Claim, CustomShares, Percentage, Rest, SHARE_DECIMALS, ShareNumberError, SplitRule,
    TieRank, Weight, apportion,
};
