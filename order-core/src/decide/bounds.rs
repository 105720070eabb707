//! Size limits of one order.

use crate::commit::dishes;
use crate::fact::{DishFact, Fact, PeopleFact, Recorded};
use crate::order::{MAX_ITEMS, MAX_PARTICIPANTS, MAX_TEXT_BYTES, Order};
use crate::rejection::{Code, Rejection};

/// Size limits of one order.
///
/// [`decide`](crate::decide) enforces the [default](OrderBounds::default) limits, which are the
/// maximum. A host with tighter limits [checks](OrderBounds::check) the decided fact before
/// storing it. What an order already holds is kept: a log written under wider limits is read
/// unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderBounds {
    /// The maximum number of dishes at a time.
    pub items: usize,
    /// The maximum number of people who ever joined.
    pub participants: usize,
    /// The maximum size of all dish names, dish types and customizations together, in bytes.
    pub text_bytes: usize,
}

impl Default for OrderBounds {
    fn default() -> Self {
        Self { items: MAX_ITEMS, participants: MAX_PARTICIPANTS, text_bytes: MAX_TEXT_BYTES }
    }
}

impl OrderBounds {
    /// Checks that `order` stays within these limits once `recorded` is applied.
    ///
    /// # Errors
    /// [`Code::TooManyItems`], [`Code::OrderTooLarge`] or [`Code::TooManyParticipants`], with the
    /// limit that would be exceeded.
    pub fn check(&self, order: &Order, recorded: &Recorded) -> Result<(), Rejection> {
        match &recorded.fact {
            Fact::Dish(fact) => self.check_dishes(order, fact),
            Fact::People(PeopleFact::Joined(_)) => {
                let is_known = recorded.by.id().is_some_and(|id| order.person(id).is_some());
                self.check_people(order, is_known)
            }
            Fact::People(PeopleFact::Added { .. }) => self.check_people(order, false),
            Fact::People(_)
            | Fact::Claim(_)
            | Fact::Split(_)
            | Fact::Charge(_)
            | Fact::Payment(_)
            | Fact::Transfer(_)
            | Fact::Table(_) => Ok(()),
        }
    }

    fn check_people(&self, order: &Order, is_known: bool) -> Result<(), Rejection> {
        if is_known || order.people.len() < self.participants {
            return Ok(());
        }
        Err(Rejection::new(Code::TooManyParticipants)
            .expected(format!("at most {} people", self.participants)))
    }

    fn check_dishes(&self, order: &Order, fact: &DishFact) -> Result<(), Rejection> {
        let (lines, bytes) = dishes::growth(order, fact);
        if lines > 0 && order.items.len().saturating_add(lines) > self.items {
            return Err(Rejection::new(Code::TooManyItems).expected(format!("at most {} dishes", self.items)));
        }
        if bytes > 0 && order.text_bytes.saturating_add(bytes) > self.text_bytes {
            return Err(Rejection::new(Code::OrderTooLarge).expected(format!(
                "at most {} bytes of dish names, types and customizations",
                self.text_bytes
            )));
        }
        Ok(())
    }
}
