//! What happened: the entries of an order's log.

use crate::split::SplitRule;
use crate::text::Text;
use crate::{Currency, ItemId, ParticipantId, Price, Quantity, Role, UnixMillis};

/// One entry of an order's log. It says what happened with every consequence spelled out, so that a later
/// release with other rules replays it to the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the log; the first is 1.
    pub seq: u64,
    /// When it was decided, by the host's clock; never before the entry before it.
    pub at: UnixMillis,
    /// Who did it.
    pub by: ParticipantId,
    /// What happened.
    pub fact: Fact,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Somebody joined, came back, or told more about themselves.
    Joined(Joined),
    /// Somebody left.
    Left {
        /// Who owns the order from now on; nobody when all have left.
        owner: Option<ParticipantId>,
    },
    /// A dish was ordered.
    ItemAdded(ItemAdded),
    /// A line was taken off.
    ItemRemoved {
        /// Which line.
        item: ItemId,
    },
    /// A line has another quantity.
    QuantityUpdated {
        /// Which line.
        item: ItemId,
        /// How many pieces from now on.
        quantity: Quantity,
    },
    /// The bill is shared by another rule.
    SplitUpdated {
        /// The rule.
        split: SplitRule,
    },
    /// The order is closed.
    Finalized,
}

/// Somebody joined, came back, or told more about themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The name from now on.
    pub name: Text,
    /// The phone number from now on.
    pub phone: Option<Text>,
    /// The role from now on.
    pub role: Role,
    /// The order's circle, where this is the first client to know it.
    pub circle_id: Option<Text>,
    /// The order's restaurant, where this is the first client to know it.
    pub tenant_id: Option<Text>,
    /// The order's currency, set by the first of all.
    pub currency: Option<Currency>,
}

/// A dish was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemAdded {
    /// The line's id.
    pub item: ItemId,
    /// The dish.
    pub dish_name: Text,
    /// The kind of dish; may be empty.
    pub dish_type: Text,
    /// How many pieces.
    pub quantity: Quantity,
    /// The price of one piece.
    pub price: Price,
    /// How it is to be made.
    pub customization: Option<Text>,
}
