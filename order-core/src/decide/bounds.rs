//! How much one order may hold.

use crate::commit::dishes;
use crate::fact::{DishFact, Fact, PeopleFact, Recorded};
use crate::order::{MAX_ITEMS, MAX_PARTICIPANTS, MAX_TEXT_BYTES, Order};
use crate::rejection::{Code, Rejection};

/// How much one order may hold.
///
/// [`decide`](crate::decide) keeps to the [default](OrderBounds::default), which is the most. Whoever wants less
/// [checks](OrderBounds::check) what `decide` found before storing it. What an order holds already is nobody's to take
/// away: a log that was written under wider bounds is read as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderBounds {
    /// Dishes at a time.
    pub items: usize,
    /// People who ever joined.
    pub participants: usize,
    /// Bytes of the dishes' names and types, and of customizations, together.
    pub text_bytes: usize,
}

impl Default for OrderBounds {
    fn default() -> Self {
        Self { items: MAX_ITEMS, participants: MAX_PARTICIPANTS, text_bytes: MAX_TEXT_BYTES }
    }
}

impl OrderBounds {
    /// Whether `order` stays within these bounds when `recorded` happens.
    ///
    /// # Errors
    /// [`Code::TooManyItems`], [`Code::OrderTooLarge`] or [`Code::TooManyParticipants`], with the bound that would be passed.
    pub fn check(&self, order: &Order, recorded: &Recorded) -> Result<(), Rejection> {
        match &recorded.fact {
            Fact::Dish(fact) => self.check_dishes(order, fact),
            Fact::People(PeopleFact::Joined(_)) => self.check_people(order, recorded),
            Fact::People(_)
            | Fact::Claim(_)
            | Fact::Split(_)
            | Fact::Charge(_)
            | Fact::Payment(_)
            | Fact::Table(_) => Ok(()),
        }
    }

    fn check_people(&self, order: &Order, recorded: &Recorded) -> Result<(), Rejection> {
        let is_known = recorded.by.id().is_some_and(|id| order.person(id).is_some());
        if is_known || order.people.len() < self.participants {
            return Ok(());
        }
        Err(Rejection::new(Code::TooManyParticipants)
            .expected(format!("at most {} people", self.participants)))
    }

    fn check_dishes(&self, order: &Order, fact: &DishFact) -> Result<(), Rejection> {
        let (lines, bytes) = dishes::growth(fact);
        if lines > 0 && order.items.len() >= self.items {
            return Err(Rejection::new(Code::TooManyItems).expected(format!("at most {} items", self.items)));
        }
        if bytes > 0 && order.text_bytes.saturating_add(bytes) > self.text_bytes {
            return Err(Rejection::new(Code::OrderTooLarge).expected(format!(
                "at most {} bytes of dishes and customizations on the order",
                self.text_bytes
            )));
        }
        Ok(())
    }
}
