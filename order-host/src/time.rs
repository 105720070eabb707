//! Waking rooms in which something happens although nobody is there.
//!
//! A room in memory knows when its time comes. For all others the log does, and one task looks there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use order_core::UnixMillis;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{sleep, timeout};

use crate::host::{Host, WeakHost};
use crate::input::Input;
use crate::log::{Alarm, LogError};

/// The log is looked at again after this long at the latest: the clock may have been set, and a room that could not do
/// what it was woken for tries again.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// How many alarms are read at a time.
const PAGE: usize = 256;

/// How many rooms are awake at a time for no other reason: after a long night there may be very many to wake.
const AT_ONCE: usize = 16;

/// For so long a room that was woken is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the rooms and the task that keeps time for them share.
#[derive(Debug, Default)]
pub(crate) struct Time {
    is_kept: AtomicBool,
    /// When the task looks at the log again, in milliseconds since 1970; the end of time while it does.
    next_look: AtomicU64,
    wake: Notify,
}

impl Time {
    /// Says that a room that is not in memory any more wants to be woken.
    pub(crate) fn tell(&self, at: UnixMillis) {
        if at.get() < self.next_look.load(Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }

    /// Whether nobody has kept time so far; from now on somebody does.
    pub(crate) fn begin(&self) -> bool {
        !self.is_kept.swap(true, Ordering::SeqCst)
    }
}

/// Wakes rooms when their time comes, until the host drains or nobody has it any more.
pub(crate) async fn keep(host: WeakHost, time: Arc<Time>, mut draining: watch::Receiver<bool>) {
    while let Some(wait) = host.upgrade().map(look) {
        let looked = tokio::select! {
            biased;
            // That it cannot be waited for means that the host is gone.
            _ = draining.wait_for(|draining| *draining) => return,
            wait = wait => wait,
        };
        tokio::select! {
            biased;
            _ = draining.wait_for(|draining| *draining) => return,
            () = time.wake.notified() => {}
            () = sleep(looked) => {}
        }
    }
}

/// Wakes those whose time has come; says how long to wait before the next look.
async fn look(host: Host) -> Duration {
    let shared = host.shared();
    shared.time.next_look.store(u64::MAX, Ordering::SeqCst);
    let wait = wake_all(&host).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot see which orders are to be looked after");
        LOOK_AGAIN
    });
    let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    shared.time.next_look.store(shared.clock.now().get().saturating_add(millis), Ordering::SeqCst);
    wait
}

/// Wakes every room whose time has come; says how long nobody else's does.
async fn wake_all(host: &Host) -> Result<Duration, LogError> {
    let shared = host.shared();
    let mut after: Option<Alarm> = None;
    loop {
        let alarms = shared.log.alarms(after.as_ref(), PAGE).await?;
        let now = shared.clock.now();
        let (due, later) = alarms.split_at(alarms.partition_point(|alarm| alarm.at <= now));
        for rooms in due.chunks(AT_ONCE) {
            join_all(rooms.iter().map(|alarm| timeout(PATIENCE, wake(host, alarm)))).await;
        }
        if let Some(next) = later.first() {
            let left = Duration::from_millis(next.at.get().saturating_sub(shared.clock.now().get()));
            return Ok(left.min(LOOK_AGAIN));
        }
        if alarms.len() < PAGE {
            return Ok(LOOK_AGAIN);
        }
        after = alarms.into_iter().next_back();
    }
}

/// Has a room do what is due, and waits for that.
async fn wake(host: &Host, alarm: &Alarm) {
    let Some(inputs) = host.enter(&alarm.room) else { return };
    let (reply, done) = oneshot::channel();
    // A room that cannot be loaded says so itself.
    if inputs.send(Input::Wake { reply }).await.is_ok() {
        drop(inputs);
        let _ = done.await;
    }
}
