//! What happens to an order by itself, and when.
//!
//! The core has no clock. It says when it wants to be looked at again ([`Order::alarm`]), and what is due by then ([`due`]): a
//! fact like any other, by [`Actor::Clock`]. That it is in the log is what makes it happen once.

use std::time::Duration;

use crate::deadline::{AtDeadline, Deadline};
use crate::decide::finalized;
use crate::fact::{Fact, Recorded};
use crate::order::{Order, Status};
use crate::{Actor, UnixMillis};

/// How long an order may lie about before it ends by itself. Nothing: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lifetimes {
    /// An order that is open expires so long after its last change, or after its deadline where that is later.
    pub expire_after: Option<Duration>,
    /// An order that is finalized is archived so long after its last change.
    pub archive_after: Option<Duration>,
}

/// What happens by itself.
enum Due<'order> {
    Reminder(&'order Deadline),
    Deadline(&'order Deadline),
    Expiry,
    Archiving,
}

impl Order {
    /// When something next happens to this order by itself; never, where there is nothing. It may have passed already: then
    /// it is [`due`].
    pub fn alarm(&self, lifetimes: &Lifetimes) -> Option<UnixMillis> {
        self.next_due(lifetimes).map(|(at, _)| at)
    }

    fn next_due(&self, lifetimes: &Lifetimes) -> Option<(UnixMillis, Due<'_>)> {
        if self.seq == 0 {
            return None;
        }
        match self.status {
            Status::Active => match self.deadline().filter(|deadline| !deadline.passed) {
                // Until then the table counts on the order being there, however quiet it is.
                Some(deadline) => Some(match deadline.reminders.first() {
                    Some(&before) => (deadline.moment_of(before), Due::Reminder(deadline)),
                    None => (deadline.at, Due::Deadline(deadline)),
                }),
                None => Some((after(self.updated_at, lifetimes.expire_after?), Due::Expiry)),
            },
            Status::Finalized => Some((after(self.updated_at, lifetimes.archive_after?), Due::Archiving)),
            Status::Expired | Status::Archived => None,
        }
    }
}

impl Fact {
    /// Whether it may bring forward when something happens to an order by itself. After any other fact it is then when it
    /// was before, or later.
    pub fn may_move_alarm(&self) -> bool {
        match self {
            // The first of all says in which currency it is.
            Self::Joined(joined) => joined.currency.is_some() || joined.deadline.is_some(),
            Self::DeadlineSet(_) | Self::Finalized { .. } => true,
            Self::Left { .. }
            | Self::ItemAdded(_)
            | Self::ItemRestored(_)
            | Self::ItemRemoved { .. }
            | Self::QuantityUpdated { .. }
            | Self::ItemShared { .. }
            | Self::ChargesSet(_)
            | Self::TipSet { .. }
            | Self::ServiceWaived { .. }
            | Self::PaymentRecorded(_)
            | Self::PaymentUpdated { .. }
            | Self::PaymentRefunded { .. }
            | Self::SplitUpdated { .. }
            | Self::RulesSet(_)
            | Self::LockSet { .. }
            | Self::LimitSet { .. }
            | Self::ReadySet { .. }
            | Self::HandedOver { .. }
            | Self::Removed(_)
            | Self::Readmitted { .. }
            | Self::Reminded { .. }
            | Self::Expired
            | Self::Archived => false,
        }
    }
}

/// What has to happen to `order` by itself at `now`, if anything. Store it, [`commit`](crate::commit) it, and ask again.
///
/// Of reminders that were missed only the last is made up for, and none once the deadline has come. An order that is to be
/// finalized and whose bill cannot stand is locked.
pub fn due(order: &Order, now: UnixMillis, lifetimes: &Lifetimes) -> Option<Recorded> {
    let (at, due) = order.next_due(lifetimes)?;
    if at > now {
        return None;
    }
    let fact = match due {
        Due::Reminder(deadline) if deadline.at > now => {
            let come = deadline.reminders.iter().rfind(|before| deadline.moment_of(**before) <= now);
            Fact::Reminded { before: *come? }
        }
        Due::Reminder(deadline) | Due::Deadline(deadline) => match deadline.then {
            AtDeadline::Lock => Fact::LockSet { locked: true },
            AtDeadline::Finalize => finalized(order).unwrap_or(Fact::LockSet { locked: true }),
        },
        Due::Expiry => Fact::Expired,
        Due::Archiving => Fact::Archived,
    };
    // What is due goes by the clock; the log's own time does not run backwards when that is set.
    let at = now.max(order.updated_at);
    Some(Recorded { seq: order.seq.saturating_add(1), at, by: Actor::Clock, stamp: None, fact })
}

fn after(moment: UnixMillis, time: Duration) -> UnixMillis {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    UnixMillis::new(moment.get().saturating_add(millis))
}
