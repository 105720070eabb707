//! What somebody can ask of an order.

mod charges;
mod claims;
mod dishes;
mod payments;
mod people;
mod split;
mod table;
mod transfers;

pub use charges::{ChargeAmount, ChargeCommand, NewCharge, SetCharges};
pub use claims::{ClaimCommand, SharedBy};
pub use dishes::{AddItem, DishCommand};
pub use payments::{PaidFor, PaymentCommand, RecordPayment, RefundPayment};
pub use people::{DishesOfRemoved, Join, PeopleCommand};
pub use split::{AgreedShares, UpdateSplit};
pub use table::{SetDeadline, TableCommand, When};
pub use transfers::{RecordTransfer, TransferCommand};

use rust_decimal::Decimal;

use crate::ParticipantId;

/// Who gives a command: the identity that a socket joined with, or that the host authenticated
/// otherwise.
///
/// The core trusts it: the caller of [`decide`](crate::decide) vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A participant.
    Participant(ParticipantId),
    /// The restaurant's back end: it may manage the whole table, as the owner may, and record
    /// payments.
    Backend,
    /// The clock, as the author of automatic facts (see [`due`](crate::due)). It gives no commands.
    Clock,
}

impl Actor {
    /// Creates an actor from a participant's id.
    pub fn participant(participant: ParticipantId) -> Self {
        Self::Participant(participant)
    }

    /// The participant's id, if the actor is a participant.
    pub fn id(&self) -> Option<&ParticipantId> {
        match self {
            Self::Participant(id) => Some(id),
            Self::Backend | Self::Clock => None,
        }
    }
}

/// A command, as its client wrote it. Numbers keep the client's digits: the order, which knows its currency and its
/// bounds, checks them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// About the people at the table.
    People(PeopleCommand),
    /// About a dish.
    Dish(DishCommand),
    /// About who shares a dish.
    Claim(ClaimCommand),
    /// Shares the bill by another rule.
    Split(UpdateSplit),
    /// About charges, discounts and tips.
    Charge(ChargeCommand),
    /// About a payment. The owner's or the back end's to give.
    Payment(PaymentCommand),
    /// About a transfer between two participants.
    Transfer(TransferCommand),
    /// About the table as a whole.
    Table(TableCommand),
    /// Takes back the author's own last change to the bill.
    Undo {
        /// The fact that the change was, where the client says; if it is another by now, nothing is taken back.
        seq: Option<Decimal>,
    },
}

impl Command {
    /// Whether only an actor who has proved who they are may give it: by a sign-in, by a secret of theirs, or on the connection
    /// that made the participant. One who only named a participant may not.
    ///
    /// The core cannot know who has proved what. A host refuses the command with
    /// [`Code::NotProved`](crate::Code::NotProved) otherwise.
    pub fn needs_proof(&self) -> bool {
        match self {
            Self::Transfer(_) => true,
            Self::People(_)
            | Self::Dish(_)
            | Self::Claim(_)
            | Self::Split(_)
            | Self::Charge(_)
            | Self::Payment(_)
            | Self::Table(_)
            | Self::Undo { .. } => false,
        }
    }
}
