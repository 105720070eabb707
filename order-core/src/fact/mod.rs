//! The entries of an order's log.

mod charges;
mod claims;
mod dishes;
mod payments;
mod people;
mod table;
mod traits;
mod transfers;

pub use charges::{ChargeFact, ChargesSet};
pub use claims::ClaimFact;
pub use dishes::{DishFact, ItemAdded, ItemCorrected, ItemRestored};
pub use payments::{PaymentFact, PaymentRecorded};
pub use people::{Joined, PeopleFact, Removed};
pub use table::TableFact;
pub(crate) use traits::{Marks, Traits};
pub use transfers::{TransferFact, TransferRecorded};

use crate::split::SplitRule;
use crate::{Actor, Stamp, UnixMillis};

/// One entry of an order's log. It spells out every consequence, so that a later release with
/// other rules replays it to the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its sequence number in the log; the first is 1.
    pub seq: u64,
    /// When it was decided, by the host's clock; never earlier than the entry before it.
    pub at: UnixMillis,
    /// Who did it.
    pub by: Actor,
    /// The id and the digest of the command that asked for it, if it had an id.
    pub stamp: Option<Stamp>,
    /// The change that was made to the order.
    pub fact: Fact,
}

/// The change that a fact makes to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// About the people at the table.
    People(PeopleFact),
    /// About a dish.
    Dish(DishFact),
    /// About who shares a dish.
    Claim(ClaimFact),
    /// The bill is shared by another rule from now on.
    Split(SplitRule),
    /// About charges, discounts and tips.
    Charge(ChargeFact),
    /// About a payment.
    Payment(PaymentFact),
    /// About a transfer between two participants.
    Transfer(TransferFact),
    /// About the table as a whole.
    Table(TableFact),
}

impl Fact {
    /// The row of this fact in the table of traits.
    pub(crate) fn traits(&self) -> Traits {
        match self {
            Self::People(fact) => fact.traits(),
            Self::Dish(fact) => fact.traits(),
            Self::Claim(fact) => fact.traits(),
            Self::Split(_) => Traits::of("split_updated").drops(Marks::KeepAuthors),
            Self::Charge(fact) => fact.traits(),
            Self::Payment(fact) => fact.traits(),
            Self::Transfer(fact) => fact.traits(),
            Self::Table(fact) => fact.traits(),
        }
    }

    /// Whether it may bring forward when something happens to an order automatically. After any other fact that moment is
    /// the same as before, or later.
    pub fn may_move_alarm(&self) -> bool {
        self.traits().may_move_alarm
    }
}
