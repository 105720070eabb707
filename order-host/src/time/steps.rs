//! Detects steps of the clock: moments at which it was set.
//!
//! A machine without a battery for its clock starts in 1970 and is corrected some minutes
//! later; another starts days ahead. An order must not end because of that. So the clock is
//! compared with elapsed time, which cannot be set. When the two diverge, the clock has
//! stepped, and the age of earlier stamps is counted in elapsed time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use order_core::UnixMillis;

use super::Clock;

/// A difference between clock and elapsed time of at least this much, from one reading to
/// the next, is a step. Time servers correct smaller errors gradually.
const STEP: Duration = Duration::from_secs(1);

/// A step of at least this much means that the clock was wrong before, or is now: it has to
/// settle again.
const LEAP: Duration = Duration::from_secs(60);

/// How long a clock has to run without a leap before an order may end by it. Machines ask a
/// time server within the first minutes.
pub(crate) const SETTLES_AFTER: Duration = Duration::from_secs(15 * 60);

/// A stamp that is this far ahead of the clock was made by another clock, or by this one
/// while it was wrong.
const AHEAD: Duration = Duration::from_secs(60 * 60);

/// A deadline that had passed by more than this when the server started waits until the
/// clock has settled. One that passed during an ordinary outage is handled at once.
const OUTAGE: Duration = Duration::from_secs(60 * 60);

/// The earliest time of any fact: 2026-11-01 00:00 UTC, before the first release.
const FIRST_FACT: UnixMillis = UnixMillis::new(1_793_491_200_000);

/// How many stretches before a step are remembered. Overflow: the oldest is dropped, and
/// its stamps count as made before the process started.
const STRETCHES: usize = 16;

/// A clock, and its steps during this process.
pub(crate) struct Steps {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    /// The previous reading of clock and elapsed time.
    last: Reading,
    /// The time of the clock at the start of the current stretch.
    from: UnixMillis,
    /// The elapsed time at the last leap, or at the start.
    even_since: Duration,
    /// How many steps there were.
    count: u64,
    /// Whether the clock has ever settled during this process.
    has_settled: bool,
    /// By how many milliseconds the clock has stepped in total since it first settled.
    drift: i128,
    past: VecDeque<Stretch>,
}

#[derive(Clone, Copy)]
struct Reading {
    now: UnixMillis,
    elapsed: Duration,
}

/// A time without a step, ended by a step.
struct Stretch {
    /// The time of the clock at its start and its end.
    from: UnixMillis,
    to: UnixMillis,
    /// The elapsed time at its end.
    ended: Duration,
}

/// A reading of the clock, with what is known of its steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// The time of the clock.
    pub(crate) now: UnixMillis,
    /// The elapsed time.
    pub(crate) elapsed: Duration,
    /// How many steps this process has seen.
    pub(crate) steps: u64,
    /// By how many milliseconds the clock has just stepped, if it has. Negative: it was set
    /// back.
    pub(crate) stepped: Option<i128>,
    /// For how long the clock has run without a leap.
    even_for: Duration,
    /// Whether the clock shows a plausible time.
    can_be: bool,
    /// By how many milliseconds the clock has stepped in total since it first settled.
    drift: i128,
}

/// How long ago a stamp of a log was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StampAge {
    /// The difference to the clock is the age.
    ByTheClock,
    /// Made before this process started, so its age is the difference to what the clock would
    /// show without its steps.
    Before,
    /// Made during this process, before a step: this long ago.
    Elapsed(Duration),
    /// Made by a clock that was wrong; the age is unknown.
    Unknown,
}

impl Look {
    /// Returns how long an order of lifetime `life` cannot end yet, because the clock may still
    /// be corrected. `None`: it can end.
    pub(crate) fn unsettled(&self, life: Duration) -> Option<Duration> {
        let settles_after = SETTLES_AFTER.min(life);
        if !self.can_be {
            // It has to be set, and then to settle.
            return Some(settles_after);
        }
        settles_after.checked_sub(self.even_for).filter(|left| !left.is_zero())
    }

    /// Returns whether the clock shows a plausible time: not before the release was built.
    pub(crate) fn can_be(&self) -> bool {
        self.can_be
    }

    /// Returns what the clock will show at a moment that was set before this process started.
    /// Steps of a settled clock do not bring that moment nearer.
    pub(crate) fn now_at(&self, moment: UnixMillis) -> UnixMillis {
        let shifted = i128::from(moment.get()).saturating_add(self.drift);
        UnixMillis::new(u64::try_from(shifted.max(0)).unwrap_or(u64::MAX))
    }

    /// Returns whether a moment had long passed when the clock began to settle. An outage may
    /// be the reason, or a clock that is ahead.
    pub(crate) fn was_long_over(&self, moment: UnixMillis) -> bool {
        let began = self.moment_of(self.elapsed.saturating_sub(self.even_for));
        later(moment, OUTAGE) < began
    }

    /// Returns the time of the clock at which the elapsed time is or was `elapsed`.
    pub(crate) fn moment_of(&self, elapsed: Duration) -> UnixMillis {
        if elapsed >= self.elapsed {
            return self.after(elapsed.saturating_sub(self.elapsed));
        }
        let over = u64::try_from(self.elapsed.saturating_sub(elapsed).as_millis()).unwrap_or(u64::MAX);
        UnixMillis::new(self.now.get().saturating_sub(over))
    }

    /// Returns the time of the clock after this much more elapsed time.
    pub(crate) fn after(&self, time: Duration) -> UnixMillis {
        later(self.now, time)
    }
}

impl Steps {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let first = read(clock.as_ref());
        let state = State {
            last: first,
            from: first.now,
            even_since: first.elapsed,
            count: 0,
            has_settled: false,
            drift: 0,
            past: VecDeque::new(),
        };
        Self { clock, state: Mutex::new(state) }
    }

    /// Reads the clock, and notes whether it has stepped since the last reading.
    pub(crate) fn look(&self) -> Look {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let here = read(self.clock.as_ref());
        let can_be = here.now >= self.clock.earliest();
        let stepped = state.follow(here);
        let even_for = here.elapsed.saturating_sub(state.even_since);
        state.has_settled |= can_be && even_for >= SETTLES_AFTER;
        Look {
            now: here.now,
            elapsed: here.elapsed,
            steps: state.count,
            stepped,
            even_for,
            can_be,
            drift: state.drift,
        }
    }

    /// Returns how long ago `stamp` was made, as of `look`.
    pub(crate) fn age_of(&self, stamp: UnixMillis, look: &Look) -> StampAge {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if (state.from..=look.now).contains(&stamp) {
            return StampAge::ByTheClock;
        }
        // The latest possible stretch: if two fit, the younger age is right, because it ends no
        // order.
        let stretch = state.past.iter().rfind(|stretch| (stretch.from..=stretch.to).contains(&stamp));
        if let Some(stretch) = stretch {
            let before = Duration::from_millis(stretch.to.get().saturating_sub(stamp.get()));
            return StampAge::Elapsed(look.elapsed.saturating_sub(stretch.ended).saturating_add(before));
        }
        if look.now_at(stamp) > later(look.now, AHEAD) || stamp < FIRST_FACT.min(self.clock.earliest()) {
            return StampAge::Unknown;
        }
        StampAge::Before
    }

    /// Returns whether the moment of an alarm can have been set by a clock that was right.
    pub(crate) fn can_be_meant(&self, moment: UnixMillis) -> bool {
        moment > UnixMillis::default() && moment >= FIRST_FACT.min(self.clock.earliest())
    }
}

impl State {
    /// Notes a reading of the clock. Returns by how much the clock has stepped since the last
    /// one.
    fn follow(&mut self, here: Reading) -> Option<i128> {
        let elapsed = here.elapsed.saturating_sub(self.last.elapsed);
        let expected = later(self.last.now, elapsed);
        self.last = here;
        let step = i128::from(here.now.get()).saturating_sub(i128::from(expected.get()));
        if step.unsigned_abs() < STEP.as_millis() {
            return None;
        }
        if self.past.len() >= STRETCHES {
            self.past.pop_front();
        }
        self.past.push_back(Stretch { from: self.from, to: expected, ended: here.elapsed });
        // It may have stepped at any time since the last reading.
        let since = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.from = UnixMillis::new(here.now.get().saturating_sub(since));
        self.count = self.count.saturating_add(1);
        if self.has_settled {
            self.drift = self.drift.saturating_add(step);
        }
        if step.unsigned_abs() >= LEAP.as_millis() {
            self.even_since = here.elapsed;
        }
        Some(step)
    }
}

/// Reads both as nearly at one moment as possible: a thread that is preempted between the
/// two must not see a step.
fn read(clock: &dyn Clock) -> Reading {
    const TRIES: usize = 4;
    const AT_ONCE: Duration = Duration::from_millis(100);
    let mut elapsed = clock.elapsed();
    for _ in 1..TRIES {
        let now = clock.now();
        let after = clock.elapsed();
        if after.saturating_sub(elapsed) < AT_ONCE {
            return Reading { now, elapsed };
        }
        elapsed = after;
    }
    Reading { now: clock.now(), elapsed }
}

fn later(moment: UnixMillis, time: Duration) -> UnixMillis {
    UnixMillis::new(moment.get().saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    const MINUTE: u64 = 60_000;
    const DAY: u64 = 24 * 60 * MINUTE;
    const LIFE: Duration = Duration::from_millis(7 * DAY);
    const TODAY: u64 = 1_800_000_000_000;

    /// A clock whose time and elapsed time are set separately.
    #[derive(Default)]
    struct Turned {
        now: AtomicU64,
        elapsed: AtomicU64,
        earliest: AtomicU64,
    }

    impl Clock for Turned {
        fn now(&self) -> UnixMillis {
            UnixMillis::new(self.now.load(Ordering::Relaxed))
        }

        fn elapsed(&self) -> Duration {
            Duration::from_millis(self.elapsed.load(Ordering::Relaxed))
        }

        fn earliest(&self) -> UnixMillis {
            UnixMillis::new(self.earliest.load(Ordering::Relaxed))
        }
    }

    impl Turned {
        fn starting_at(now: u64) -> (Arc<Self>, Steps) {
            let clock = Arc::new(Self::default());
            clock.now.store(now, Ordering::Relaxed);
            clock.earliest.store(TODAY - 30 * DAY, Ordering::Relaxed);
            let steps = Steps::new(clock.clone());
            (clock, steps)
        }

        fn passes(&self, millis: u64) {
            self.now.fetch_add(millis, Ordering::Relaxed);
            self.elapsed.fetch_add(millis, Ordering::Relaxed);
        }

        fn set(&self, now: u64) {
            self.now.store(now, Ordering::Relaxed);
        }
    }

    #[test]
    fn time_that_only_passes_is_no_step_and_after_a_while_orders_may_end() {
        let (clock, steps) = Turned::starting_at(TODAY);
        assert_eq!(steps.look().unsettled(LIFE), Some(SETTLES_AFTER));
        clock.passes(10 * MINUTE);
        assert_eq!(steps.look().unsettled(LIFE), Some(Duration::from_millis(5 * MINUTE)));
        assert_eq!(
            steps.look().unsettled(Duration::from_secs(2)),
            None,
            "an order of two seconds waits for two"
        );
        clock.passes(5 * MINUTE);
        let look = steps.look();
        assert_eq!((look.unsettled(LIFE), look.steps, look.stepped), (None, 0, None));
        assert_eq!(steps.age_of(UnixMillis::new(TODAY - 8 * DAY), &look), StampAge::Before);
        assert_eq!(steps.age_of(UnixMillis::new(TODAY + MINUTE), &look), StampAge::ByTheClock);
    }

    #[test]
    fn a_clock_that_starts_in_1970_ends_nothing_and_stamps_of_then_count_in_elapsed_time() {
        let (clock, steps) = Turned::starting_at(5_000);
        clock.passes(3 * MINUTE);
        let stamp = UnixMillis::new(5_000 + 2 * MINUTE);
        clock.passes(60 * MINUTE);
        assert!(steps.look().unsettled(LIFE).is_some(), "it stands before the release was built");
        clock.set(TODAY);
        let look = steps.look();
        assert_eq!((look.stepped.is_some(), look.steps), (true, 1));
        assert_eq!(look.unsettled(LIFE), Some(SETTLES_AFTER));
        assert_eq!(steps.age_of(stamp, &look), StampAge::Elapsed(Duration::from_millis(61 * MINUTE)));
        clock.passes(6 * DAY);
        let look = steps.look();
        assert_eq!((look.unsettled(LIFE), look.steps), (None, 1));
        let age = Duration::from_millis(61 * MINUTE + 6 * DAY);
        assert_eq!(steps.age_of(stamp, &look), StampAge::Elapsed(age));
        let (_, restarted) = Turned::starting_at(TODAY);
        assert_eq!(restarted.age_of(stamp, &restarted.look()), StampAge::Unknown, "after a restart");
    }

    #[test]
    fn a_clock_that_is_set_back_leaves_stamps_ahead_whose_age_is_known_here_and_unknown_elsewhere() {
        let (clock, steps) = Turned::starting_at(TODAY + 8 * DAY);
        clock.passes(MINUTE);
        let stamp = steps.look().now;
        clock.passes(MINUTE);
        clock.set(TODAY + 2 * MINUTE);
        let look = steps.look();
        assert_eq!(steps.age_of(stamp, &look), StampAge::Elapsed(Duration::from_millis(MINUTE)));
        let (_, restarted) = Turned::starting_at(TODAY);
        assert_eq!(restarted.age_of(stamp, &restarted.look()), StampAge::Unknown);
    }

    #[test]
    fn a_small_step_is_seen_and_puts_off_no_end_and_a_smaller_one_is_followed() {
        let (clock, steps) = Turned::starting_at(TODAY);
        clock.passes(20 * MINUTE);
        clock.set(clock.now().get() + 2_000);
        let look = steps.look();
        assert_eq!((look.stepped, look.unsettled(LIFE)), (Some(2_000), None));
        clock.set(clock.now().get() - 900);
        assert_eq!(steps.look().stepped, None);
        clock.set(clock.now().get() - 90_000);
        let look = steps.look();
        assert_eq!((look.stepped, look.unsettled(LIFE)), (Some(-90_000), Some(SETTLES_AFTER)));
    }

    #[test]
    fn what_was_meant_before_the_process_comes_no_nearer_by_a_step_of_a_clock_that_had_proved_itself() {
        let moment = UnixMillis::new(TODAY + 5 * DAY);
        let (clock, steps) = Turned::starting_at(TODAY - 3 * DAY);
        clock.set(TODAY);
        assert_eq!(steps.look().now_at(moment), moment, "it was set right");
        clock.passes(20 * MINUTE);
        steps.look();
        clock.set(clock.now().get() + 8 * DAY);
        assert_eq!(steps.look().now_at(moment).get(), moment.get() + 8 * DAY);
        clock.passes(MINUTE);
        clock.set(clock.now().get() - 8 * DAY);
        assert_eq!(steps.look().now_at(moment), moment, "and it was set right again");
    }

    #[test]
    fn a_clock_that_never_stands_still_costs_no_memory() {
        let (clock, steps) = Turned::starting_at(TODAY);
        for _ in 0..1_000 {
            clock.passes(1_000);
            clock.set(clock.now().get() + 5_000);
            steps.look();
        }
        assert_eq!(steps.state.lock().unwrap().past.len(), STRETCHES);
    }
}
