//! Drops marks of readiness when the bill that they agreed to changes.

use crate::fact::{Marks, Recorded};
use crate::order::Order;
use crate::order::table::TableState;
use crate::{Actor, ParticipantId};

/// Whether this person is not at the table.
pub(super) fn is_away(order: &Order, who: Option<&ParticipantId>) -> bool {
    who.and_then(|who| order.person(who)).is_none_or(|person| person.left)
}

/// Drops the marks of readiness of those who agreed to another bill, and notes whether `recorded` changed any rule.
/// `was_away`: its author was not at the table before.
///
/// A log is replayed by this, so it is part of the stored form: it may change only with its version.
pub(super) fn update(order: &mut Order, recorded: &Recorded, was_away: bool) {
    if order.table.is_none() {
        return;
    }
    let author = recorded.by.id().and_then(|id| order.seat_of(id));
    let Some(rules) = &mut order.table else { return };
    let before = rules.ready.len();
    let traits = recorded.fact.traits();
    match traits.marks {
        Marks::KeepAuthors => rules.ready.retain(|seat| Some(*seat) == author),
        Marks::Drop => rules.ready.clear(),
        Marks::DropOnArrival if was_away => rules.ready.clear(),
        Marks::Keep | Marks::DropOnArrival => {}
    }
    let has_passed = traits.may_end_deadline && rules.deadline_passes(&recorded.by);
    if traits.changes_rules || has_passed || rules.ready.len() != before {
        rules.changed_at = recorded.seq;
    }
}

impl TableState {
    /// Marks the deadline as passed if the clock caused the fact. Returns whether it was marked.
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
