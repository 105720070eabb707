//! What happens to an order by itself, and when.
//!
//! The core has no clock. It says when it wants to be looked at again ([`Order::alarm`]), and what is due by then ([`due`]): a
//! fact like any other, by [`Actor::Clock`]. That it is in the log is what makes it happen once.

use std::time::Duration;

use crate::decide::finalized;
use crate::fact::{Fact, Recorded, TableFact};
use crate::order::deadline::{AtDeadline, Deadline};
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

impl Order {
    /// When something next happens to this order by itself; never, where there is nothing. It may have passed already: then
    /// it is [`due`].
    ///
    /// This trusts every stamp in the log. A host whose clock may have been wrong asks for the parts instead:
    /// [`Order::next_deadline`] and [`Order::life`].
    pub fn alarm(&self, lifetimes: &Lifetimes) -> Option<UnixMillis> {
        self.next_deadline().or_else(|| Some(after(self.updated_at, self.life(lifetimes)?)))
    }

    /// The moment of the next reminder, or of the deadline itself; nothing, where no deadline is yet to come.
    pub fn next_deadline(&self) -> Option<UnixMillis> {
        let deadline = self.pending_deadline()?;
        Some(deadline.reminders.first().map_or(deadline.at, |&before| deadline.moment_of(before)))
    }

    /// How long this order lives after its last change. Nothing: for ever, or it has ended already.
    ///
    /// While a deadline is yet to come the table counts on the order being there, however quiet it is: no order ends
    /// before [`Order::next_deadline`].
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

/// What has to happen to `order` by itself at `now`, if anything. Store it, [`commit`](crate::commit) it, and ask again.
///
/// Of reminders that were missed only the last is made up for, and none once the deadline has come. An order that is to be
/// finalized and whose bill cannot stand is locked.
pub fn due(order: &Order, now: UnixMillis, lifetimes: &Lifetimes) -> Option<Recorded> {
    if order.alarm(lifetimes)? > now {
        return None;
    }
    match order.next_deadline() {
        Some(_) => deadline_due(order, now, now),
        None => end_of_life(order, now),
    }
}

/// What the deadline of `order` brings at the moment `by`, stamped `now`: a reminder, or what the deadline is for.
///
/// The two moments are the same for a clock that was always right. A host whose clock was set says in `by` how far the time
/// until the deadline has run.
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

/// The end of an order that has outlived its [life](Order::life): it expires, or is archived. Nothing for one that has
/// ended, or that nobody has joined.
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
    // What is due goes by the clock; the log's own time does not run backwards when that is set.
    let at = now.max(order.updated_at);
    Recorded { seq: order.seq.saturating_add(1), at, by: Actor::Clock, stamp: None, fact }
}

fn after(moment: UnixMillis, time: Duration) -> UnixMillis {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    UnixMillis::new(moment.get().saturating_add(millis))
}
