//! The luck of a power cut.

use rand::RngExt as _;
use rand::rngs::StdRng;

/// How much survives of what was not synced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fate {
    Nothing,
    Everything,
    /// Earlier writes survive before later ones.
    InOrder,
    /// Each independently; nearly all, nearly nothing or about half of it.
    ByChance(f64),
}

impl Fate {
    pub(super) fn draw(dice: &mut StdRng) -> Self {
        match dice.random_range(0..10) {
            0 => Self::Nothing,
            1 => Self::Everything,
            2..5 => Self::InOrder,
            5 | 6 => Self::ByChance(0.5),
            7 | 8 => Self::ByChance(0.95),
            _ => Self::ByChance(0.05),
        }
    }

    /// Returns which of `count` newer versions survives; 0 is the durable one.
    pub(super) fn version(self, count: usize, dice: &mut StdRng) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Everything => count,
            Self::InOrder => dice.random_range(0..=count),
            Self::ByChance(chance) if count > 0 && dice.random_bool(chance) => count,
            Self::ByChance(_) => dice.random_range(0..=count).saturating_sub(1),
        }
    }
}
