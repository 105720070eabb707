//! Who pays how much of an order.
//!
//! For every rule: the shares and what is [`unallocated`](Shares::unallocated) sum to the total exactly, every
//! divided share is within one minor unit of its exact quota, and who is listed first makes no difference.

pub(crate) use crate::bill::seats_on_bill;
pub use crate::bill::{Share, Shares, shares};
pub(crate) use crate::divide::does_not_cover;
pub use crate::divide::{
    ApportionError, Claim, CustomShares, Percentage, Rest, SHARE_DECIMALS, ShareNumberError, SplitRule,
    TieRank, Weight, apportion,
};
