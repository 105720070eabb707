//! Deadlines, reminders and the end of an order, which happen without a command.

use std::time::Duration;

use order_core::deadline::MAX_DEADLINE_AHEAD;
use order_core::{Order, Recorded, UnixMillis, commit, deadline_due, end_of_life};
use tokio::time::Instant;

use super::store::{StoreFailure, Stored};
use super::{End, Room};
use crate::log::LogError;
use crate::time::SetHere;
use crate::time::{Look, SETTLES_AFTER, StampAge};

/// After this time a change that could not be stored is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// When the next scheduled change is due, and which alarm the log has.
#[derive(Debug, Default)]
pub(super) struct Timer {
    /// The deadline of the order, if it was set in this process.
    set_here: Option<SetHere>,
    /// The elapsed time at the last change that this room has stored.
    changed: Option<Duration>,
    /// The order does not end before this, because the log's alarm says so: it was set with
    /// more knowledge than the order's stamps have.
    no_end_before: Option<UnixMillis>,
    /// The number of clock steps seen.
    steps: u64,
    /// The alarm in the log. It may be earlier than necessary: most changes postpone the end of
    /// an order, and are not worth a write each.
    remembered: Remembered,
    /// No attempt before this, because storing failed.
    not_before: Option<Instant>,
    /// Whether a change is due but could not be stored.
    is_late: bool,
}

/// The alarm of the room in the log.
#[derive(Debug, Clone, Copy, Default)]
enum Remembered {
    /// Not read yet.
    #[default]
    Unasked,
    /// Known to be this.
    As(Option<UnixMillis>),
}

/// The next scheduled change.
#[derive(Debug, Clone, Copy)]
enum Upcoming {
    /// A reminder or the deadline, stored as this time.
    Deadline(UnixMillis),
    /// The same, set before this process started.
    DeadlineOfBefore(UnixMillis),
    /// The end of the order, after this long without a change.
    End(Duration),
    /// The end of the order, but the time of its last change is unknown, and the log has no
    /// alarm for it yet.
    EndAtSomeTime(Duration),
}

/// How much further ahead than the latest possible deadline one can appear to a slow clock.
const MARGIN: Duration = Duration::from_secs(24 * 60 * 60);

impl Timer {
    /// Creates the timer of a loaded order. Before anybody has joined, an alarm in the log has
    /// no meaning.
    pub(super) fn of(order: &Order, set_here: Option<SetHere>, look: &Look) -> Self {
        let is_new = order.seq() == 0;
        Self {
            remembered: if is_new { Remembered::As(None) } else { Remembered::Unasked },
            set_here,
            steps: look.steps,
            ..Self::default()
        }
    }

    /// Forgets the alarm: another writer may have set it, so it has to be read.
    pub(super) fn forget_what_is_remembered(&mut self) {
        self.remembered = Remembered::Unasked;
        self.no_end_before = None;
    }

    /// Returns whether a change is due but could not be stored. Until it is, no command may be
    /// decided as if it were still to come.
    pub(super) fn is_late(&self) -> bool {
        self.is_late
    }
}

impl Room {
    /// Notes that a fact was stored and committed now. `deadline` was pending before it.
    pub(super) fn note_change(&mut self, deadline: Option<UnixMillis>) {
        self.timer.changed = Some(self.host.clock.elapsed());
        self.timer.no_end_before = None;
        let at = pending(&self.order);
        if at != deadline {
            let look = self.host.look_at_clock();
            let left = |at: UnixMillis| Duration::from_millis(at.get().saturating_sub(look.now.get()));
            self.timer.set_here = at.map(|at| SetHere { at, comes: look.elapsed.saturating_add(left(at)) });
        }
    }

    /// Returns the next scheduled change, and when it is due by the present clock.
    fn upcoming(&self, look: &Look) -> Option<(UnixMillis, Upcoming)> {
        if let Some(next) = self.order.next_deadline() {
            match self.timer.set_here.filter(|set| Some(set.at) == pending(&self.order)) {
                Some(set) => {
                    let before = Duration::from_millis(set.at.get().saturating_sub(next.get()));
                    let moment = look.moment_of(set.comes.saturating_sub(before));
                    return Some((moment, Upcoming::Deadline(next)));
                }
                None if look.now_at(next) <= look.after(MAX_DEADLINE_AHEAD.saturating_add(MARGIN)) => {
                    return Some((look.now_at(next), Upcoming::DeadlineOfBefore(next)));
                }
                // No deadline is set so far ahead, so a wrong clock set it.
                None => {}
            }
        }
        let life = self.order.life(&self.host.settings.lifetimes)?;
        let last = self.order.updated_at();
        let end = match self.host.steps().age_of(last, look) {
            StampAge::ByTheClock => {
                let end = later(last, life);
                end.max(self.timer.no_end_before.unwrap_or(end))
            }
            StampAge::Before => {
                let end = later(look.now_at(last), life);
                end.max(self.timer.no_end_before.unwrap_or(end))
            }
            StampAge::Elapsed(age) => look.after(life.saturating_sub(age)),
            StampAge::Unknown => match (self.timer.changed, self.timer.no_end_before) {
                (Some(changed), _) => look.after(life.saturating_sub(look.elapsed.saturating_sub(changed))),
                (None, Some(end)) => end,
                (None, None) => return Some((look.after(life), Upcoming::EndAtSomeTime(life))),
            },
        };
        Some((end, Upcoming::End(life)))
    }

    /// Returns how long it is until the next scheduled change. The maximum if there is none.
    pub(super) fn until_timer(&self) -> Duration {
        self.left_at(&self.host.look_at_clock())
    }

    fn left_at(&self, look: &Look) -> Duration {
        let Some((at, upcoming)) = self.upcoming(look) else { return Duration::MAX };
        let left = Duration::from_millis(at.get().saturating_sub(look.now.get()));
        let unsettled = match upcoming {
            Upcoming::End(life) => look.unsettled(life).unwrap_or_default(),
            Upcoming::DeadlineOfBefore(_) if look.was_long_over(at) => {
                look.unsettled(SETTLES_AFTER).unwrap_or_default()
            }
            // Never without a pause, because a lifetime may be zero.
            Upcoming::EndAtSomeTime(_) => Duration::from_millis(1),
            Upcoming::Deadline(_) | Upcoming::DeadlineOfBefore(_) => Duration::ZERO,
        };
        let held_up = self.timer.not_before.map_or(Duration::ZERO, |at| at.duration_since(Instant::now()));
        left.max(unsettled).max(held_up)
    }

    /// Returns for how long a change that is due by the clock waits for the clock to settle.
    pub(super) fn waits_for_the_clock(&self) -> Option<Duration> {
        let look = self.host.look_at_clock();
        match self.upcoming(&look)? {
            (at, Upcoming::End(life)) if at <= look.now => look.unsettled(life),
            (_, Upcoming::EndAtSomeTime(life)) => look.unsettled(life),
            (at, Upcoming::DeadlineOfBefore(_)) if look.was_long_over(at) => look.unsettled(SETTLES_AFTER),
            (_, Upcoming::End(_) | Upcoming::Deadline(_) | Upcoming::DeadlineOfBefore(_)) => None,
        }
    }

    /// Makes the changes that are due. One that could not be stored is tried again after a
    /// while, or at once if input waits to be decided after it.
    pub(super) async fn pass_time(&mut self, somebody_waits: bool) -> Result<(), End> {
        self.timer.is_late = false;
        if somebody_waits {
            self.timer.not_before = None;
        }
        let look = self.host.look_at_clock();
        self.follow_the_clock(&look).await;
        if !self.left_at(&look).is_zero() {
            return Ok(());
        }
        self.timer.not_before = None;
        while let Some(recorded) = self.due().await {
            // A scheduled change is stored however full the log is.
            let stored = match self.propose(None, recorded, 0, self.link) {
                Ok(proposed) => self.store(proposed).await,
                Err(rejection) => Err(StoreFailure::NotStored(rejection)),
            };
            match stored {
                Ok(fact) => {
                    self.commit(&fact)?;
                    self.show(&fact, None);
                    self.snapshot_if_due();
                }
                Err(failure) => {
                    self.timer.not_before = Some(Instant::now() + TRY_AGAIN);
                    let recovered = self.recover(failure).await;
                    // Another writer may have stored it.
                    self.timer.is_late = self.due().await.is_some();
                    return recovered;
                }
            }
        }
        self.remember_alarm().await;
        Ok(())
    }

    /// Updates the alarm in the log after a step of the clock, or if the order's stamps do not
    /// say when it ends.
    async fn follow_the_clock(&mut self, look: &Look) {
        if self.timer.steps != look.steps {
            self.timer.steps = look.steps;
            self.timer.no_end_before = None;
            if self.order.seq() > 0 && self.waits_for_the_clock().is_none() {
                self.remember_alarm().await;
            }
        }
        if let Some((_, Upcoming::EndAtSomeTime(life))) = self.upcoming(look)
            && look.unsettled(life).is_none()
            && self.ask_the_log_for_the_end(look, life).await.is_ok()
            && self.timer.no_end_before.is_none()
        {
            self.timer.no_end_before = Some(look.after(life));
            self.remember_alarm().await;
        }
    }

    /// Returns the change that is due now, if any.
    async fn due(&mut self) -> Option<Recorded> {
        let look = self.host.look_at_clock();
        let (at, upcoming) = self.upcoming(&look)?;
        let over = look.now.get().checked_sub(at.get())?;
        match upcoming {
            Upcoming::DeadlineOfBefore(_)
                if look.was_long_over(at) && look.unsettled(SETTLES_AFTER).is_some() =>
            {
                None
            }
            Upcoming::Deadline(stored) | Upcoming::DeadlineOfBefore(stored) => {
                // The stored time plus how far its time is over, so by the clock that set it.
                let by = UnixMillis::new(stored.get().saturating_add(over));
                self.aside(|| deadline_due(&self.order, by, look.now))
            }
            Upcoming::EndAtSomeTime(_) => None,
            Upcoming::End(life) if look.unsettled(life).is_some() => None,
            Upcoming::End(life) => {
                if self.timer.no_end_before.is_none() {
                    if self.ask_the_log_for_the_end(&look, life).await.is_err() {
                        self.timer.not_before = Some(Instant::now() + TRY_AGAIN);
                        return None;
                    }
                    let (at, _) = self.upcoming(&look)?;
                    if at > look.now {
                        return None;
                    }
                }
                end_of_life(&self.order, look.now)
            }
        }
    }

    /// Reads whether the log's alarm is later than the order's stamps say: it was set with
    /// knowledge of how the clock had been set.
    async fn ask_the_log_for_the_end(&mut self, look: &Look, life: Duration) -> Result<(), LogError> {
        let remembered = self.remembered().await?;
        let can_be = |at: &UnixMillis| self.host.steps().can_be_meant(*at) && *at <= look.after(life);
        self.timer.no_end_before = remembered.filter(can_be);
        Ok(())
    }

    /// Sets the alarm in the log.
    pub(super) async fn remember_alarm(&mut self) {
        let at = self.upcoming(&self.host.look_at_clock()).map(|(at, _)| at);
        match self.host.log.set_alarm(&self.key, at).await {
            Ok(()) => self.timer.remembered = Remembered::As(at),
            // It may be set nevertheless. At worst the room is woken in vain, and tries again.
            Err(error) => {
                self.timer.remembered = Remembered::Unasked;
                tracing::warn!(room = %self.key.fingerprint(), %error, "the room's alarm was not set");
            }
        }
    }

    /// Sets the room's alarm in the log, before `facts` are stored, so that the room is woken in time for what they bring about.
    pub(super) async fn alarm_for(&mut self, facts: &[Stored]) -> Result<(), LogError> {
        if !facts.iter().any(|fact| fact.recorded().fact.may_move_alarm()) {
            return Ok(());
        }
        let Some(at) = self.alarm_after(facts) else { return Ok(()) };
        let remembered = self.remembered().await?;
        if remembered.is_none_or(|remembered| remembered > at) {
            self.timer.remembered = Remembered::Unasked;
            self.host.log.set_alarm(&self.key, Some(at)).await?;
            self.timer.remembered = Remembered::As(Some(at));
        }
        Ok(())
    }

    /// The alarm of the order once `facts` are committed.
    fn alarm_after(&self, facts: &[Stored]) -> Option<UnixMillis> {
        let lifetimes = &self.host.settings.lifetimes;
        let last = facts.last()?.recorded().seq;
        // Commands that were judged together are in the copy already.
        if let Some(ahead) = self.ahead.as_ref().filter(|ahead| ahead.seq() == last) {
            return ahead.alarm(lifetimes);
        }
        let mut after = self.order.clone();
        // If one does not fit, the room finds out when it commits them.
        let _ = facts.iter().try_for_each(|fact| commit(&mut after, fact.recorded()));
        after.alarm(lifetimes)
    }

    /// Hands over to the alarm in the log when the room leaves memory. The alarm is right
    /// unless lifetimes were longer when it was set, or the clock has changed.
    pub(super) async fn leave_timer(&mut self) {
        self.keep_deadline();
        let look = self.host.look_at_clock();
        let Some((at, _)) = self.upcoming(&look) else { return };
        self.leave_alarm(at, &look).await;
    }

    /// Keeps what only this process knows of the deadline, for the next load of the room.
    pub(super) fn keep_deadline(&self) {
        if let Some(set) = self.timer.set_here.filter(|set| Some(set.at) == pending(&self.order)) {
            self.host.alarms.deadlines.keep(&self.key, set);
        }
    }

    async fn leave_alarm(&mut self, at: UnixMillis, look: &Look) {
        let by_the_clock = self.order.alarm(&self.host.settings.lifetimes) == Some(at);
        let Ok(remembered) = self.remembered().await else { return };
        let is_right = |remembered: UnixMillis| {
            // One that has passed belongs to a change that has not happened, or that waits for the
            // clock.
            let has_passed = remembered <= look.now && at > look.now;
            remembered <= at && !has_passed && (by_the_clock || remembered == at)
        };
        if !remembered.is_some_and(is_right) && self.waits_for_the_clock().is_none() {
            self.remember_alarm().await;
        }
        // A change that could not be stored is tried again, but not at once.
        if at > look.now {
            self.host.alarms.tell(at);
        }
    }

    /// Returns the alarm in the log.
    async fn remembered(&mut self) -> Result<Option<UnixMillis>, LogError> {
        if let Remembered::As(remembered) = self.timer.remembered {
            return Ok(remembered);
        }
        let remembered = self.host.log.alarm(&self.key).await?;
        self.timer.remembered = Remembered::As(remembered);
        Ok(remembered)
    }
}

/// Returns the deadline that is still to come.
pub(super) fn pending(order: &Order) -> Option<UnixMillis> {
    order.next_deadline().and_then(|_| Some(order.deadline()?.at))
}

fn later(moment: UnixMillis, time: Duration) -> UnixMillis {
    UnixMillis::new(moment.get().saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
}
