//! Who gets the units that are left once every quota is rounded down.

/// The rule by which the units that are left, once every quota is rounded down, are given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum OddUnits {
    /// To the largest remainders, so that shares are as near to their quotas as they can be. The same small part is
    /// always rounded down.
    #[default]
    LargestRemainder,
    /// By chance that follows from the order's id: a quota of 3.25 is rounded up for one order in four, so over many
    /// orders each share and each part of a line comes to its quota.
    Unbiased,
}

impl OddUnits {
    /// Finds the rule with this name in the protocol.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::LargestRemainder, Self::Unbiased].into_iter().find(|rule| rule.as_str() == name)
    }

    /// The rule's name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LargestRemainder => "largest_remainder",
            Self::Unbiased => "unbiased",
        }
    }
}
