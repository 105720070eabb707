//! What happens in a room by itself.

use std::time::Duration;

use order_core::{Order, Recorded, UnixMillis, commit, due};
use tokio::time::Instant;

use super::{End, Room};
use crate::log::LogError;

/// After so long what could not be stored is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// When a room next does something by itself, and what the log knows of that.
#[derive(Debug, Default)]
pub(super) struct Timer {
    /// When something happens next, as the order has it.
    at: Option<UnixMillis>,
    /// By when the log has the room woken. It may be earlier than need be: most changes put off the end of an order, and are not
    /// worth a write each.
    remembered: Remembered,
    /// Not before this: the log has failed.
    not_before: Option<Instant>,
    /// Something is due, and could not be stored.
    is_late: bool,
}

/// By when the log has a room woken.
#[derive(Debug, Clone, Copy, Default)]
enum Remembered {
    /// It has not been asked.
    #[default]
    Unasked,
    /// So.
    As(Option<UnixMillis>),
}

impl Timer {
    /// Of an order that was loaded. What nobody has joined, the log has no alarm for that counts.
    pub(super) fn of(order: &Order) -> Self {
        let is_new = order.seq() == 0;
        Self {
            remembered: if is_new { Remembered::As(None) } else { Remembered::Unasked },
            ..Self::default()
        }
    }

    /// Another may have told the log otherwise: it is to be asked.
    pub(super) fn forget_what_is_remembered(&mut self) {
        self.remembered = Remembered::Unasked;
    }

    /// Whether something should have happened by now and could not be stored: until it is, nothing may be judged as if it were
    /// yet to come.
    pub(super) fn is_late(&self) -> bool {
        self.is_late
    }
}

impl Room {
    /// Looks at the order anew, which is another than before.
    pub(super) fn set_timer(&mut self) {
        self.timer.at = self.order.alarm(&self.shared.settings.lifetimes);
    }

    /// How long until something happens by itself; as good as for ever, where nothing does.
    pub(super) fn until_timer(&self) -> Duration {
        let Some(at) = self.timer.at else { return Duration::MAX };
        let left = at.get().saturating_sub(self.shared.clock.now().get());
        let held_up = self.timer.not_before.map_or(Duration::ZERO, |at| at.duration_since(Instant::now()));
        Duration::from_millis(left).max(held_up)
    }

    /// Does what is due, if anything is. What the log has refused is tried again after a while, or at once where somebody
    /// waits for something that is to be judged after it.
    pub(super) async fn pass_time(&mut self, somebody_waits: bool) -> Result<(), End> {
        self.timer.is_late = false;
        if somebody_waits {
            self.timer.not_before = None;
        }
        if self.timer.at.is_none() || !self.until_timer().is_zero() {
            return Ok(());
        }
        self.timer.not_before = None;
        while let Some(recorded) = due(&self.order, self.shared.clock.now(), &self.shared.settings.lifetimes)
        {
            let stored = self.store(&[&recorded]).await;
            if stored.failure().is_some() {
                self.timer.not_before = Some(Instant::now() + TRY_AGAIN);
                let recovered = self.recover(&stored).await;
                // Another writer may have stored it.
                let (now, lifetimes) = (self.shared.clock.now(), &self.shared.settings.lifetimes);
                self.timer.is_late = due(&self.order, now, lifetimes).is_some();
                return recovered;
            }
            self.commit(&recorded)?;
            self.ahead = None;
            self.show(&recorded, None);
            self.recover(&stored).await?;
        }
        self.remember_alarm().await;
        Ok(())
    }

    /// Tells the log by when to have the room woken.
    pub(super) async fn remember_alarm(&mut self) {
        let at = self.timer.at;
        match self.shared.log.set_alarm(&self.key, at).await {
            Ok(()) => self.timer.remembered = Remembered::As(at),
            // It may be set all the same. At worst the room is woken for nothing, and tries again.
            Err(error) => {
                self.timer.remembered = Remembered::Unasked;
                tracing::warn!(room = %self.key.fingerprint(), %error, "the room's alarm was not set");
            }
        }
    }

    /// Sees to it, before `facts` are stored, that the log has the room woken in time for what they bring about.
    pub(super) async fn alarm_for(&mut self, facts: &[&Recorded]) -> Result<(), LogError> {
        if !facts.iter().any(|recorded| recorded.fact.may_move_alarm()) {
            return Ok(());
        }
        let mut after = self.order.clone();
        // Should one not fit, the room finds out where it commits them.
        let _ = facts.iter().try_for_each(|recorded| commit(&mut after, recorded));
        let Some(at) = after.alarm(&self.shared.settings.lifetimes) else { return Ok(()) };
        let remembered = self.remembered().await?;
        if remembered.is_none_or(|remembered| remembered > at) {
            self.timer.remembered = Remembered::Unasked;
            self.shared.log.set_alarm(&self.key, Some(at)).await?;
            self.timer.remembered = Remembered::As(Some(at));
        }
        Ok(())
    }

    /// The room leaves memory: from now on it is woken. What the log has it woken by is right, unless orders lived longer when
    /// that was set.
    pub(super) async fn leave_timer(&mut self) {
        let Some(at) = self.timer.at else { return };
        if let Ok(remembered) = self.remembered().await
            && remembered.is_none_or(|remembered| remembered > at)
        {
            self.remember_alarm().await;
        }
        // What should have happened could not be stored: it is tried again, but not at once.
        if at > self.shared.clock.now() {
            self.shared.time.tell(at);
        }
    }

    /// By when the log has the room woken.
    async fn remembered(&mut self) -> Result<Option<UnixMillis>, LogError> {
        if let Remembered::As(remembered) = self.timer.remembered {
            return Ok(remembered);
        }
        let remembered = self.shared.log.alarm(&self.key).await?;
        self.timer.remembered = Remembered::As(remembered);
        Ok(remembered)
    }
}
