//! Who pays how much of an order.
//!
//! For every rule: the shares and what is [`unallocated`](Shares::unallocated) sum to the total exactly, every
//! divided share is within one minor unit of its exact quota, and who is listed first makes no difference.

mod apportion;
mod custom;
mod shares;
mod tie;

pub use apportion::{ApportionError, Claim, apportion};
pub use custom::{CustomShares, Percentage, SHARE_DECIMALS, ShareNumberError, Weight};
pub use shares::{Share, Shares, shares};
pub use tie::TieRank;

/// The rule by which an order's total is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SplitRule {
    /// Everybody on the bill pays the same: 100.00 among three is 33.34, 33.33 and 33.33.
    Equal,
    /// Each pays for the dishes that they added.
    Itemized,
    /// As the table agreed: amounts, percentages or weights. Until some are set, as [`SplitRule::Equal`].
    Custom(Option<CustomShares>),
}

impl SplitRule {
    /// The rule's name in the protocol.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Itemized => "itemized",
            Self::Custom(_) => "custom",
        }
    }
}
