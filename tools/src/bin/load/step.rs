//! What one command does, without its text.

use std::fmt;

/// A dish that the load ordered. Its text is its id on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dish {
    /// One of the dishes that fill the room.
    First(u32),
    /// One that is added and removed.
    Extra { by: u32, nth: u64 },
}

impl fmt::Display for Dish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First(nth) => write!(f, "dish-{nth}"),
            Self::Extra { by, nth } => write!(f, "extra-{by}-{nth}"),
        }
    }
}

impl Dish {
    /// Reads an item's id.
    pub(crate) fn parse(id: &[u8]) -> Option<Self> {
        if let Some(nth) = id.strip_prefix(b"dish-") {
            return Some(Self::First(number(nth)?));
        }
        let rest = id.strip_prefix(b"extra-")?;
        let dash = rest.iter().position(|byte| *byte == b'-')?;
        let (by, nth) = rest.split_at_checked(dash)?;
        Some(Self::Extra { by: number(by)?, nth: number(nth.strip_prefix(b"-")?)? })
    }

    /// The price of one, in paise.
    pub(crate) fn price_paise(self) -> u64 {
        match self {
            Self::First(nth) => 4_950 + u64::from(nth % 40) * 500,
            Self::Extra { .. } => 9_900,
        }
    }
}

/// One command, without its envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// `add_item` of quantity 1
    Add(Dish),
    /// `remove_item`
    Remove(Dish),
    /// `update_quantity`
    Update(Dish, u64),
}

/// Reads the digits in an id.
pub(crate) fn number<N: std::str::FromStr>(digits: &[u8]) -> Option<N> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dish_ids_read_back_as_what_they_name() {
        for dish in [Dish::First(0), Dish::First(999), Dish::Extra { by: 3, nth: 12 }] {
            assert_eq!(Dish::parse(dish.to_string().as_bytes()), Some(dish));
        }
        assert_eq!(Dish::parse(b"item_17"), None);
    }
}
