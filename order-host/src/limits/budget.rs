//! Budgets: how much each person may be answered.
//!
//! Some answers are a million times larger than the question. So each person has so many bytes of answers a second, and so many
//! at once, over all their sockets of an order. How large an answer is, or how much work it makes, is known only when it is there:
//! a person with anything left is answered, and may owe what it came to.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use order_core::ParticipantId;
use tokio::time::Instant;

use crate::{NotYet, Pace, RoomKey};

/// The price of a microsecond of processor time, in bytes. It limits requests whose answers
/// are small but costly.
const BYTES_A_MICROSECOND: u64 = 20;

/// The most work that an answer is charged for: on a busy machine most of the elapsed time
/// belongs to others.
const LONGEST_WORK: Duration = Duration::from_millis(10);

/// At this number of entries, those that owe nothing are removed.
const FIRST_SWEEP: usize = 1_024;

/// The recent answers of each participant. Nothing is kept of one whose budget is full.
#[derive(Debug)]
pub(crate) struct Budgets {
    pace: Option<Pace>,
    owed: Mutex<Owed>,
}

#[derive(Debug)]
struct Owed {
    /// When each budget is full again. There are as many entries as participants answered
    /// within the time of a burst.
    until: HashMap<Asker, Instant>,
    sweep_at: usize,
}

/// A participant of a room, and how they were identified.
type Asker = (RoomKey, ParticipantId, Known);

/// How the asker was identified. A request that merely names a participant does not use
/// that participant's budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Known {
    /// By a sign-in or a resume token, or because this socket created the participant.
    Proved,
    /// Only named in the message.
    Named,
}

impl Budgets {
    /// `pace` is in bytes. `None`: no limit.
    pub(crate) fn new(pace: Option<Pace>) -> Self {
        Self { pace, owed: Mutex::new(Owed { until: HashMap::new(), sweep_at: FIRST_SWEEP }) }
    }

    /// Checks that a participant may be answered now.
    ///
    /// # Errors
    /// When they have to wait: for how long, and for which limit.
    pub(crate) fn check(&self, room: &RoomKey, who: &ParticipantId, known: Known) -> Result<(), NotYet> {
        let Some(pace) = self.pace else { return Ok(()) };
        let until = self.lock().until.get(&(room.clone(), who.clone(), known)).copied();
        let owed = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        let wait = owed.saturating_sub(time_for(pace, pace.burst.get().into()));
        if wait.is_zero() {
            return Ok(());
        }
        let Pace { per_second, burst } = pace;
        let bound =
            format!("at most {per_second} bytes of answers a second to one participant, {burst} at once");
        Err(NotYet { bound, wait })
    }

    /// Charges an answer of `bytes` bytes that took `work`.
    pub(crate) fn charge(
        &self,
        room: &RoomKey,
        who: &ParticipantId,
        known: Known,
        bytes: usize,
        work: Duration,
    ) {
        let Some(pace) = self.pace else { return };
        let micros = u64::try_from(work.min(LONGEST_WORK).as_micros()).unwrap_or(u64::MAX);
        let cost = (bytes as u64).saturating_add(micros.saturating_mul(BYTES_A_MICROSECOND));
        let now = Instant::now();
        let mut owed = self.lock();
        let until = owed.until.entry((room.clone(), who.clone(), known)).or_insert(now);
        *until = (*until).max(now).checked_add(time_for(pace, cost)).unwrap_or(now);
        if owed.until.len() >= owed.sweep_at {
            owed.until.retain(|_, until| *until > now);
            owed.sweep_at = owed.until.len().saturating_mul(2).max(FIRST_SWEEP);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Owed> {
        // Nothing panics while it holds the lock.
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns how long it takes until this many bytes are available again.
fn time_for(pace: Pace, bytes: u64) -> Duration {
    Duration::from_nanos(bytes.saturating_mul(1_000_000_000) / u64::from(pace.per_second.get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn somebody() -> (RoomKey, ParticipantId) {
        (RoomKey::new("main", "table").unwrap(), ParticipantId::new("asha").unwrap())
    }

    fn budgets() -> Budgets {
        Budgets::new(Pace::new(100, 1_000))
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_larger_than_what_is_left_is_given_and_owed() {
        let (budgets, (room, asha)) = (budgets(), somebody());
        budgets.charge(&room, &asha, Known::Proved, 999, Duration::ZERO);
        assert_eq!(budgets.check(&room, &asha, Known::Proved), Ok(()), "a byte is left");
        budgets.charge(&room, &asha, Known::Proved, 2_001, Duration::ZERO);
        let early = budgets.check(&room, &asha, Known::Proved).unwrap_err();
        assert_eq!(early.wait, Duration::from_secs(20));
        assert!(early.bound.contains("100 bytes") && early.bound.contains("1000 at once"), "{}", early.bound);
        tokio::time::advance(early.wait).await;
        assert_eq!(budgets.check(&room, &asha, Known::Proved), Ok(()), "after as long as it said");
        budgets.charge(&room, &asha, Known::Proved, 1, Duration::ZERO);
        assert!(budgets.check(&room, &asha, Known::Proved).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_pays_for_others_nor_for_other_orders() {
        let (budgets, (room, asha)) = (budgets(), somebody());
        budgets.charge(&room, &asha, Known::Proved, 5_000, Duration::ZERO);
        let ben = ParticipantId::new("ben").unwrap();
        let elsewhere = RoomKey::new("main", "elsewhere").unwrap();
        assert!(budgets.check(&room, &asha, Known::Proved).is_err());
        assert_eq!(budgets.check(&room, &ben, Known::Proved), Ok(()));
        assert_eq!(budgets.check(&elsewhere, &asha, Known::Proved), Ok(()));
        assert_eq!(budgets.check(&room, &asha, Known::Named), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn work_counts_as_bytes_up_to_a_bound() {
        let (room, asha) = somebody();
        let budgets = Budgets::new(Pace::new(1_000_000, 1_000));
        budgets.charge(&room, &asha, Known::Proved, 0, Duration::from_millis(1));
        assert_eq!(budgets.check(&room, &asha, Known::Proved).unwrap_err().wait, Duration::from_millis(19));
        tokio::time::advance(Duration::from_secs(1)).await;
        budgets.charge(&room, &asha, Known::Proved, 0, Duration::from_secs(3_600));
        assert_eq!(budgets.check(&room, &asha, Known::Proved).unwrap_err().wait, Duration::from_millis(199));
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_owe_nothing_any_more_are_forgotten() {
        let (budgets, (room, _)) = (budgets(), somebody());
        for round in 0..3 {
            for number in 0..2_000 {
                let somebody = ParticipantId::new(&format!("guest-{round}-{number}")).unwrap();
                budgets.charge(&room, &somebody, Known::Proved, 100, Duration::ZERO);
            }
            tokio::time::advance(Duration::from_secs(10)).await;
        }
        assert!(budgets.lock().until.len() <= 4_096, "{}", budgets.lock().until.len());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_pace_nobody_is_bounded() {
        let (budgets, (room, asha)) = (Budgets::new(None), somebody());
        budgets.charge(&room, &asha, Known::Proved, usize::MAX, Duration::from_secs(1));
        assert_eq!(budgets.check(&room, &asha, Known::Proved), Ok(()));
        assert!(budgets.lock().until.is_empty());
    }
}
