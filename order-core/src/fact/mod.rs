//! The entries of an order's log.

mod charges;
mod claims;
mod dishes;
mod payments;
mod people;
mod table;
mod traits;

pub use charges::{ChargeFact, ChargesSet};
pub use claims::ClaimFact;
pub use dishes::{DishFact, ItemAdded, ItemRestored};
pub use payments::{PaymentFact, PaymentRecorded};
pub use people::{Joined, PeopleFact, Removed};
pub use table::TableFact;
pub(crate) use traits::{Marks, Traits};

use crate::split::SplitRule;
use crate::{Actor, Stamp, UnixMillis};

/// One entry of an order's log. It says what happened with every consequence spelled out, so that a later
/// release with other rules replays it to the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the log; the first is 1.
    pub seq: u64,
    /// When it was decided, by the host's clock; never before the entry before it.
    pub at: UnixMillis,
    /// Who did it.
    pub by: Actor,
    /// The id of the command that asked for it, where it had one.
    pub stamp: Option<Stamp>,
    /// What happened.
    pub fact: Fact,
}

/// What happened.
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
            Self::Table(fact) => fact.traits(),
        }
    }

    /// Whether it may bring forward when something happens to an order automatically. After any other fact that moment is
    /// the same as before, or later.
    pub fn may_move_alarm(&self) -> bool {
        self.traits().may_move_alarm
    }
}
