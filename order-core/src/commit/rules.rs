//! Making facts about rules so, and letting marks of readiness fall.

use std::collections::BTreeSet;

use super::{CommitError, claims, remove as take_off};
use crate::fact::{
    ChargeFact, ClaimFact, DishFact, Fact, PaymentFact, PeopleFact, Recorded, Removed, TableFact,
};
use crate::order::Order;
use crate::order::people::Seat;
use crate::order::table::Rules;
use crate::{Actor, Amount, ParticipantId};

/// The rules, to be changed.
pub(super) fn of(order: &mut Order) -> &mut Rules {
    order.rules.get_or_insert_default()
}

pub(super) fn limit(
    order: &mut Order,
    who: &ParticipantId,
    limit: Option<Amount>,
) -> Result<(), CommitError> {
    let seat = order.seat_of(who).ok_or(CommitError::UnknownPerson)?;
    match limit {
        Some(limit) => of(order).limits.insert(seat, limit),
        None => of(order).limits.remove(&seat),
    };
    Ok(())
}

pub(super) fn ready(order: &mut Order, seat: Seat, ready: bool) {
    if ready {
        of(order).ready.insert(seat);
    } else {
        of(order).ready.remove(&seat);
    }
}

pub(super) fn readmit(order: &mut Order, who: &ParticipantId) -> Result<(), CommitError> {
    let seat = order.seat_of(who).ok_or(CommitError::UnknownPerson)?;
    of(order).removed.remove(&seat);
    Ok(())
}

/// Sends somebody away. Nothing is changed before all of it is known to fit.
pub(super) fn remove(order: &mut Order, removed: &Removed) -> Result<(), CommitError> {
    let seat = order.seat_of(&removed.who).ok_or(CommitError::UnknownPerson)?;
    let owner = removed.owner.as_ref().map(|id| order.seat_of(id).ok_or(CommitError::UnknownPerson));
    let owner = owner.transpose()?;
    let mut lines = BTreeSet::new();
    let items = removed.items.iter().chain(removed.shared.iter().map(|(item, _)| item));
    for item in items {
        if order.item(item).is_none() || !lines.insert(item) {
            return Err(CommitError::UnknownItem);
        }
    }
    let shared = removed.shared.iter().map(|(item, shared_by)| Ok((item, claims(order, shared_by)?)));
    for (item, claims) in shared.collect::<Result<Vec<_>, CommitError>>()? {
        order.items.get_mut(item).ok_or(CommitError::UnknownItem)?.claims = claims;
    }
    for item in &removed.items {
        take_off(order, item)?;
    }
    if let Some(person) = order.people.get_mut(seat.0) {
        person.left = true;
    }
    order.owner = owner;
    let rules = of(order);
    rules.removed.insert(seat);
    rules.ready.remove(&seat);
    Ok(())
}

/// Takes reminders off that have come, or that would have come earlier.
pub(super) fn reminded(order: &mut Order, before: u64) {
    if let Some(deadline) = &mut of(order).deadline {
        deadline.reminders.retain(|reminder| *reminder < before);
    }
}

/// Whether this person is not at the table.
pub(super) fn is_away(order: &Order, who: Option<&ParticipantId>) -> bool {
    who.and_then(|who| order.person(who)).is_none_or(|person| person.left)
}

/// Lets the marks of those fall who agreed to another bill than there is now, and notes whether `recorded` changed any rule.
/// `was_away`: who did it was not at the table before.
///
/// What stands in the log is taken as this says, so it is part of the stored form: it may change with its version only.
pub(super) fn note(order: &mut Order, recorded: &Recorded, was_away: bool) {
    if order.rules.is_none() {
        return;
    }
    let author = recorded.by.id().and_then(|id| order.seat_of(id));
    let Some(rules) = &mut order.rules else { return };
    let marks = rules.ready.len();
    let is_a_rule = match &recorded.fact {
        // Whoever comes shares the bill, so what they set at the same time changes nothing of this.
        Fact::People(PeopleFact::Joined(joined)) => {
            if was_away {
                rules.ready.clear();
            }
            joined.rules.is_some() || joined.deadline.is_some()
        }
        Fact::People(PeopleFact::Left { .. }) => {
            rules.ready.clear();
            false
        }
        // What somebody does to the bill, they agree to.
        Fact::Dish(DishFact::Added(_))
        | Fact::Dish(DishFact::Restored(_))
        | Fact::Dish(DishFact::Removed { .. })
        | Fact::Dish(DishFact::QuantityUpdated { .. })
        | Fact::Claim(ClaimFact::Shared { .. })
        | Fact::Charge(ChargeFact::Set(_))
        | Fact::Split(_) => {
            rules.ready.retain(|seat| Some(*seat) == author);
            false
        }
        Fact::People(PeopleFact::Removed(_)) => {
            rules.ready.retain(|seat| Some(*seat) == author);
            true
        }
        Fact::Table(TableFact::RulesSet(_))
        | Fact::Table(TableFact::LimitSet { .. })
        | Fact::People(PeopleFact::ReadySet { .. })
        | Fact::People(PeopleFact::Readmitted { .. })
        | Fact::Table(TableFact::DeadlineSet(_))
        | Fact::Table(TableFact::Reminded { .. }) => true,
        Fact::Table(TableFact::LockSet { .. }) => {
            rules.deadline_passes(&recorded.by);
            true
        }
        Fact::Table(TableFact::Finalized { .. }) => rules.deadline_passes(&recorded.by),
        // A tip of one's own and a service that one does without are nobody else's concern; no payment changes a share.
        Fact::Charge(ChargeFact::TipSet { .. })
        | Fact::Charge(ChargeFact::ServiceWaived { .. })
        | Fact::People(PeopleFact::HandedOver { .. })
        | Fact::Payment(PaymentFact::Recorded(_))
        | Fact::Payment(PaymentFact::Updated { .. })
        | Fact::Payment(PaymentFact::Refunded { .. })
        | Fact::Table(TableFact::Expired)
        | Fact::Table(TableFact::Archived) => false,
    };
    if is_a_rule || rules.ready.len() != marks {
        rules.changed_at = recorded.seq;
    }
}

impl Rules {
    /// What the clock locks or finalizes, it does because the deadline has come. Whether it has.
    fn deadline_passes(&mut self, by: &Actor) -> bool {
        match (by, &mut self.deadline) {
            (Actor::Clock, Some(deadline)) => {
                deadline.passed = true;
                deadline.reminders.clear();
                true
            }
            (Actor::Clock | Actor::Participant(_) | Actor::Backend, _) => false,
        }
    }
}
