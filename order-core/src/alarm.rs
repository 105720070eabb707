//! What changes in an order automatically, and when.
//!
//! The core has no clock. [`Order::alarm`] says when the host should ask again, and [`due`]
//! returns the change that is due by then: a fact like any other, by [`Actor::Clock`]. It
//! happens once because it is in the log.

use std::time::Duration;

use crate::decide::finalized;
use crate::fact::{Fact, Recorded, TableFact};
use crate::order::deadline::{AtDeadline, Deadline};
use crate::order::{Order, Status};
use crate::{Actor, UnixMillis};

/// How long an idle order is kept. `None`: forever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lifetimes {
    /// An open order expires this long after its last change, but not before its deadline.
    pub expire_after: Option<Duration>,
    /// A finalized order is archived this long after its last change.
    pub archive_after: Option<Duration>,
}

impl Order {
    /// The time of this order's next automatic change; `None`: there is none. If it has passed, the
    /// change is [`due`].
    ///
    /// This trusts every timestamp in the log. A host whose clock may have been wrong uses
    /// [`Order::next_deadline`] and [`Order::life`] instead.
    pub fn alarm(&self, lifetimes: &Lifetimes) -> Option<UnixMillis> {
        self.next_deadline().or_else(|| Some(after(self.updated_at, self.life(lifetimes)?)))
    }

    /// The time of the next reminder or of the deadline itself; `None`: no deadline lies ahead.
    pub fn next_deadline(&self) -> Option<UnixMillis> {
        let deadline = self.pending_deadline()?;
        Some(deadline.reminders.first().map_or(deadline.at, |&before| deadline.moment_of(before)))
    }

    /// How long this order is kept after its last change. `None`: forever, or it has ended already.
    ///
    /// An order with a deadline ahead must not end before [`Order::next_deadline`], however quiet
    /// it is.
    pub fn life(&self, lifetimes: &Lifetimes) -> Option<Duration> {
        match self.status {
            _ if self.seq == 0 => None,
            Status::Active => lifetimes.expire_after,
            Status::Finalized => lifetimes.archive_after,
            Status::Expired | Status::Archived => None,
        }
    }

    fn pending_deadline(&self) -> Option<&Deadline> {
        match self.status {
            Status::Active => self.deadline().filter(|deadline| !deadline.passed),
            Status::Finalized | Status::Expired | Status::Archived => None,
        }
    }
}

/// Returns the automatic change that is due for `order` at `now`, if any. Store it,
/// [`commit`](crate::commit) it, and ask again.
///
/// Of several missed reminders only the last is sent, and none once the deadline has passed. An
/// order that cannot be finalized at its deadline is locked instead.
pub fn due(order: &Order, now: UnixMillis, lifetimes: &Lifetimes) -> Option<Recorded> {
    if order.alarm(lifetimes)? > now {
        return None;
    }
    match order.next_deadline() {
        Some(_) => deadline_due(order, now, now),
        None => end_of_life(order, now),
    }
}

/// Returns what the deadline of `order` causes by the time `by`, with the timestamp `now`: a
/// reminder, the lock, or the finalization.
///
/// Both times are equal for a clock that was always right. A host whose clock was changed
/// passes in `by` how far the time until the deadline has run.
pub fn deadline_due(order: &Order, by: UnixMillis, now: UnixMillis) -> Option<Recorded> {
    let deadline = order.pending_deadline()?;
    let fact = if deadline.at <= by {
        match deadline.then {
            AtDeadline::Lock => Fact::Table(TableFact::LockSet { locked: true }),
            AtDeadline::Finalize => {
                finalized(order).unwrap_or(Fact::Table(TableFact::LockSet { locked: true }))
            }
        }
    } else {
        let come = deadline.reminders.iter().rfind(|before| deadline.moment_of(**before) <= by);
        Fact::Table(TableFact::Reminded { before: *come? })
    };
    Some(by_the_clock(order, now, fact))
}

/// Returns the fact that ends an order that has outlived its [life](Order::life): it expires,
/// or is archived. `None`: the order has ended already, or nobody has joined it.
pub fn end_of_life(order: &Order, now: UnixMillis) -> Option<Recorded> {
    let fact = match order.status {
        _ if order.seq == 0 => return None,
        Status::Active => Fact::Table(TableFact::Expired),
        Status::Finalized => Fact::Table(TableFact::Archived),
        Status::Expired | Status::Archived => return None,
    };
    Some(by_the_clock(order, now, fact))
}

fn by_the_clock(order: &Order, now: UnixMillis, fact: Fact) -> Recorded {
    // The log's time must not run backwards when the clock is set back.
    let at = now.max(order.updated_at);
    Recorded { seq: order.seq.saturating_add(1), at, by: Actor::Clock, stamp: None, fact }
}

fn after(moment: UnixMillis, time: Duration) -> UnixMillis {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    UnixMillis::new(moment.get().saturating_add(millis))
}
