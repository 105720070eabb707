//! Wakes rooms when a deadline comes, even if nobody is there.
//!
//! A room in memory knows when its time comes. For all others the log does, and one task looks there.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use order_core::UnixMillis;
use order_core::deadline::MAX_DEADLINE_AHEAD;
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};

use super::alarms::Alarms;
use super::held_back::HeldBack;
use super::{Look, SETTLES_AFTER};
use crate::RoomKey;
use crate::host::context::HostContext;
use crate::log::{Alarm, LogError};
use crate::room::enter;
use crate::room::input::Input;

/// How often the log is read at least: the clock may have been set, and a room that could
/// not do what it was woken for is tried again.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// How many alarms are read at a time.
const PAGE: usize = 256;

/// How many rooms are woken at a time: after a long night very many may be due.
const AT_ONCE: usize = 16;

/// How long to wait for a room that was woken.
const PATIENCE: Duration = Duration::from_secs(10);

/// An alarm that is this much further ahead than any deadline may be was set by a clock
/// that was wrong.
const MARGIN: Duration = Duration::from_secs(24 * 60 * 60);

/// Wakes rooms when they are due, until the host drains or is dropped.
pub(crate) async fn keep(host: Weak<HostContext>, alarms: Arc<Alarms>, mut draining: watch::Receiver<bool>) {
    let mut held_back = HeldBack::default();
    while let Some(host) = host.upgrade() {
        let looked = tokio::select! {
            biased;
            // An error means that the host is gone.
            _ = draining.wait_for(|draining| *draining) => return,
            // Nobody has the host while this waits for the next look.
            wait = look(host, &mut held_back) => wait,
        };
        tokio::select! {
            biased;
            _ = draining.wait_for(|draining| *draining) => return,
            () = alarms.wake.notified() => {}
            () = sleep(looked) => {}
        }
    }
}

/// Wakes the rooms that are due. Returns how long to wait before the next look.
async fn look(host: Arc<HostContext>, held_back: &mut HeldBack) -> Duration {
    let host = &host;
    host.alarms.next_look.store(u64::MAX, Ordering::SeqCst);
    let look = host.look_at_clock();
    host.alarms.tell_of_a_clock_that_cannot_be(&look);
    if held_back.look(look.elapsed, look.steps) {
        // Their alarms in the log were set before the step.
        let at = UnixMillis::default();
        let rooms = host.alarms.deadlines.rooms().into_iter();
        let alarms: Vec<_> = rooms.map(|room| Alarm { at, room }).collect();
        wake_rooms(host, &alarms, held_back).await;
    }
    let woken = async {
        let wait = wake_all(host, held_back).await?;
        wake_those_set_by_a_wrong_clock(host, &look, held_back).await?;
        Ok::<_, LogError>(wait)
    };
    let wait = woken.await.unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot read which orders are due; trying again");
        LOOK_AGAIN
    });
    let look = host.look_at_clock();
    let wait = held_back.next().map_or(wait, |until| wait.min(until.saturating_sub(look.elapsed)));
    host.alarms.next_look.store(look.after(wait).get(), Ordering::SeqCst);
    wait
}

/// Wakes every room that is due. Returns how long it is until the next one.
async fn wake_all(host: &Arc<HostContext>, held_back: &mut HeldBack) -> Result<Duration, LogError> {
    let mut after: Option<Alarm> = None;
    loop {
        let alarms = host.log.alarms(after.as_ref(), PAGE).await?;
        let now = host.clock.now();
        let (due, later) = alarms.split_at(alarms.partition_point(|alarm| alarm.at <= now));
        let due: Vec<_> = due.iter().filter(|alarm| !held_back.holds(alarm)).cloned().collect();
        wake_rooms(host, &due, held_back).await;
        if let Some(next) = later.first() {
            let left = Duration::from_millis(next.at.get().saturating_sub(host.clock.now().get()));
            return Ok(left.min(LOOK_AGAIN));
        }
        if alarms.len() < PAGE {
            return Ok(LOOK_AGAIN);
        }
        after = alarms.into_iter().next_back();
    }
}

/// Wakes rooms whose alarms are further ahead than any deadline can be, so that they set
/// another. Only once the clock has settled, because it may itself be the wrong one.
async fn wake_those_set_by_a_wrong_clock(
    host: &Arc<HostContext>,
    look: &Look,
    held_back: &mut HeldBack,
) -> Result<(), LogError> {
    if look.unsettled(SETTLES_AFTER).is_some() {
        return Ok(());
    }
    let lifetimes = &host.settings.lifetimes;
    let lives = [lifetimes.expire_after, lifetimes.archive_after].into_iter().flatten();
    let furthest = lives.fold(MAX_DEADLINE_AHEAD, Duration::max);
    let Ok(anywhere) = RoomKey::new("main", "any") else { return Ok(()) };
    let beyond = Alarm { at: look.after(furthest.saturating_add(MARGIN)), room: anywhere };
    let alarms = host.log.alarms(Some(&beyond), PAGE).await?;
    wake_rooms(host, &alarms, held_back).await;
    Ok(())
}

async fn wake_rooms(host: &Arc<HostContext>, alarms: &[Alarm], held_back: &mut HeldBack) {
    for some in alarms.chunks(AT_ONCE) {
        let woken = join_all(some.iter().map(|alarm| timeout(PATIENCE, wake(host, &alarm.room)))).await;
        let elapsed = host.clock.elapsed();
        for (alarm, left) in some.iter().zip(woken) {
            if let Ok(Some(left)) = left {
                held_back.hold(alarm, elapsed.saturating_add(left));
            }
        }
    }
}

/// Makes a room do what is due, and waits for it. Returns for how long the end of the order
/// waits for the clock, if it does.
async fn wake(host: &Arc<HostContext>, key: &RoomKey) -> Option<Duration> {
    let inputs = enter(host, key)?;
    let (reply, done) = oneshot::channel();
    // A room that cannot be loaded logs that itself.
    inputs.send(Input::Wake { reply }).await.ok()?;
    drop(inputs);
    done.await.ok().flatten()
}
