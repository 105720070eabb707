//! What a participant can ask for.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::text::Text;
use crate::{Currency, ItemId, ParticipantId};

/// Who asks: the identity that a socket joined with, or that the host proved by other means.
///
/// The core trusts it; whoever calls [`decide`](crate::decide) vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    participant: ParticipantId,
}

impl Actor {
    /// Somebody who speaks as this participant.
    pub fn participant(participant: ParticipantId) -> Self {
        Self { participant }
    }

    /// As whom the actor speaks.
    pub fn id(&self) -> &ParticipantId {
        &self.participant
    }
}

/// What a participant asks for. Numbers are as the client wrote them: the order, which knows its currency
/// and its bounds, judges them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Sit down at the table, or come back to it.
    Join(Join),
    /// Order a dish.
    AddItem(AddItem),
    /// Take a line off the order.
    RemoveItem {
        /// Which line.
        item: ItemId,
    },
    /// Order more or fewer of a line; 0 takes it off.
    UpdateQuantity {
        /// Which line.
        item: ItemId,
        /// How many pieces from now on.
        quantity: Decimal,
    },
    /// Share the bill by another rule.
    UpdateSplit(UpdateSplit),
    /// Close the order: nothing changes after it.
    Finalize,
    /// Get up from the table. Dishes stay.
    Leave,
}

/// What a client says when it joins. What is absent stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Join {
    /// The name that the others see; needed from whoever is new.
    pub name: Option<Text>,
    /// A phone number, for this person's eyes only.
    pub phone: Option<Text>,
    /// The group of friends that orders.
    pub circle_id: Option<Text>,
    /// The restaurant.
    pub tenant_id: Option<Text>,
    /// The currency; the first to join sets it.
    pub currency: Option<Currency>,
}

/// A dish to order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddItem {
    /// The line's id: the client's, or an unguessable one that the host made.
    pub item: ItemId,
    /// The dish.
    pub dish_name: Text,
    /// The kind of dish; may be empty.
    pub dish_type: Text,
    /// How many pieces.
    pub quantity: Decimal,
    /// The price of one piece, in whole units of the order's currency.
    pub price: Decimal,
    /// How it is to be made.
    pub customization: Option<Text>,
}

/// The rule by which to share from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateSplit {
    /// Everybody the same.
    Equal,
    /// Each what they added.
    Itemized,
    /// As agreed. With nothing given, the shares of a split that is custom already stand; else equally.
    Custom(Option<AgreedShares>),
}

/// What was agreed, in the client's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgreedShares {
    /// Amounts in whole units, which add up to the total.
    Amounts(BTreeMap<ParticipantId, Decimal>),
    /// Percentages, which add up to 100.
    Percentages(BTreeMap<ParticipantId, Decimal>),
    /// Weights, at least one of them above zero.
    Weights(BTreeMap<ParticipantId, Decimal>),
}
