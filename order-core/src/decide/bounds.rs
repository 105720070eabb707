//! How much one order may hold.

use crate::fact::{
    ChargeFact, ClaimFact, DishFact, Fact, ItemAdded, PaymentFact, PeopleFact, Recorded, TableFact,
};
use crate::order::item::text_bytes;
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
            Fact::Dish(DishFact::Added(added)) => self.check_item(order, added),
            Fact::Dish(DishFact::Restored(restored)) => self.check_item(order, &restored.added),
            Fact::People(PeopleFact::Joined(_)) => {
                let is_known = recorded.by.id().is_some_and(|id| order.person(id).is_some());
                if is_known || order.people.len() < self.participants {
                    return Ok(());
                }
                Err(Rejection::new(Code::TooManyParticipants)
                    .expected(format!("at most {} people", self.participants)))
            }
            Fact::People(PeopleFact::Left { .. })
            | Fact::Dish(DishFact::Removed { .. })
            | Fact::Dish(DishFact::QuantityUpdated { .. })
            | Fact::Claim(ClaimFact::Shared { .. })
            | Fact::Split(_)
            | Fact::Charge(ChargeFact::Set(_))
            | Fact::Charge(ChargeFact::TipSet { .. })
            | Fact::Charge(ChargeFact::ServiceWaived { .. })
            | Fact::Table(TableFact::RulesSet(_))
            | Fact::Table(TableFact::LockSet { .. })
            | Fact::Table(TableFact::LimitSet { .. })
            | Fact::People(PeopleFact::ReadySet { .. })
            | Fact::People(PeopleFact::HandedOver { .. })
            | Fact::People(PeopleFact::Removed(_))
            | Fact::People(PeopleFact::Readmitted { .. })
            | Fact::Table(TableFact::DeadlineSet(_))
            | Fact::Table(TableFact::Reminded { .. })
            | Fact::Payment(PaymentFact::Recorded(_))
            | Fact::Payment(PaymentFact::Updated { .. })
            | Fact::Payment(PaymentFact::Refunded { .. })
            | Fact::Table(TableFact::Finalized { .. })
            | Fact::Table(TableFact::Expired)
            | Fact::Table(TableFact::Archived) => Ok(()),
        }
    }

    /// Whether the order can hold one more line.
    fn check_item(&self, order: &Order, added: &ItemAdded) -> Result<(), Rejection> {
        if order.items.len() >= self.items {
            return Err(Rejection::new(Code::TooManyItems).expected(format!("at most {} items", self.items)));
        }
        let text = text_bytes(&added.dish_name, &added.dish_type, added.customization.as_ref());
        if order.text_bytes.saturating_add(text) > self.text_bytes {
            return Err(Rejection::new(Code::OrderTooLarge).expected(format!(
                "at most {} bytes of dishes and customizations on the order",
                self.text_bytes
            )));
        }
        Ok(())
    }
}
