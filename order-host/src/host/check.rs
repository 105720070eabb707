//! Checks a log while it is in use, so that damage is found before somebody orders on top of it.
//!
//! The rule of its pace: a step reads at most 256 rows, and afterwards nothing is looked at for 19 times as long as it took, and for at
//! least 5 milliseconds. So it takes at most a twentieth of one core and of what the disk can do, and what it reads through a
//! connection of its own takes no place of what guests need.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::RoomKey;
use crate::host::context::HostContext;
use crate::log::SqliteLog;
use crate::log::sqlite::{Damage, Finding, Looking, NotLooked};
use crate::room::input::Input;

/// How long it rests after each step, as a multiple of the step's time.
const REST: u32 = 19;
const SHORTEST_REST: Duration = Duration::from_millis(5);

/// How often a failed step is tried again before it is skipped. When nothing can be read
/// for now, such as while the disk is full, it waits without counting.
const TRIES: u32 = 10;
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// The most findings that are logged.
const LINES: usize = 1_000;

/// Verifies all of `log` once, starting after the delay `after`, until the host drains or
/// is dropped. Damaged rooms are closed, and stay closed.
pub(crate) async fn look_through(host: Weak<HostContext>, log: Arc<SqliteLog>, after: Duration) {
    sleep(after).await;
    let mut looking = Looking::default();
    let mut lines = 0;
    let mut tries = 0;
    let mut waits = false;
    loop {
        let Some(host) = host.upgrade().filter(|host| !host.tasks.is_draining()) else { return };
        let began = Instant::now();
        let stepped = log.look_through(looking).await;
        for finding in stepped.found {
            lines += 1;
            tell(&host, finding, lines);
        }
        looking = stepped.looking;
        match stepped.goes_on {
            Ok(true) => {
                (tries, waits) = (0, false);
                drop(host);
                sleep(began.elapsed().saturating_mul(REST).max(SHORTEST_REST)).await;
            }
            Ok(false) => {
                let audited = looking.audited();
                tracing::info!(
                    rooms = audited.rooms,
                    facts = audited.facts,
                    findings = lines,
                    "the check of the stored data is complete"
                );
                return;
            }
            Err(NotLooked::ForNow(error)) => {
                if !std::mem::replace(&mut waits, true) {
                    tracing::warn!(%error, "the stored data cannot be checked for now; trying again");
                }
                drop(host);
                sleep(TRY_AGAIN).await;
            }
            Err(NotLooked::Failed(error)) => {
                tracing::warn!(%error, "a part of the stored data cannot be checked; trying again");
                tries += 1;
                if tries > TRIES {
                    tries = 0;
                    let mut found = Vec::new();
                    looking.skip(&error, &mut found);
                    for finding in found {
                        lines += 1;
                        tell(&host, finding, lines);
                    }
                }
                drop(host);
                sleep(TRY_AGAIN).await;
            }
        }
    }
}

fn tell(host: &HostContext, Finding { room, damage }: Finding, lines: usize) {
    let closes = match damage {
        // The order itself is not damaged, as far as is known.
        Damage::NoAlarm { .. } | Damage::AlarmOrder | Damage::Unread(_) | Damage::Snapshot { .. } => false,
        _ => true,
    };
    let is_snapshot = matches!(damage, Damage::Snapshot { .. });
    if lines <= LINES {
        match &room {
            Some(room) if closes => tracing::error!(
                room = %room.fingerprint(),
                %damage,
                "A ROOM IS DAMAGED, and is closed until the server is started again: run `stonepot verify` on the data folder to see \
                 which one, and restore a backup"
            ),
            Some(room) if is_snapshot => tracing::error!(
                room = %room.fingerprint(),
                %damage,
                "THE SNAPSHOT OF A ROOM IS DAMAGED: the room is replayed without it and stays open"
            ),
            Some(room) if matches!(damage, Damage::Unread(_)) => tracing::error!(
                room = %room.fingerprint(),
                %damage,
                "A ROOM COULD NOT BE CHECKED: run `stonepot verify` on the data folder"
            ),
            Some(room) => tracing::error!(
                room = %room.fingerprint(),
                %damage,
                "THE ALARM OF A ROOM IS DAMAGED: run `stonepot verify` on the data folder to see which, and restore a backup"
            ),
            None => tracing::error!(
                %damage,
                "THE LOG IS DAMAGED: run `stonepot verify` on the data folder to see where, and restore a backup"
            ),
        }
    }
    match room {
        Some(room) if closes => {
            // Mark it first, or a room that is just being loaded could miss both.
            host.loader.damaged.add(room.clone());
            forget(host, &room);
        }
        Some(room) if is_snapshot => {
            // It is read from its first fact when somebody comes.
            host.loader.damaged.add_snapshot(room.clone());
            forget(host, &room);
        }
        Some(_) | None => {}
    }
}

/// Unloads a room whose state in memory cannot be trusted.
fn forget(host: &HostContext, room: &RoomKey) {
    if let Some(inputs) = host.rooms.loaded(room) {
        // A busy room must not delay the check of the others. A room that has ended needs no
        // message.
        host.tasks.spawn(async move { drop(inputs.send(Input::Damaged).await) });
    }
}
