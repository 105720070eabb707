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

/// After each step, so many times as long as it took.
const REST: u32 = 19;
const SHORTEST_REST: Duration = Duration::from_millis(5);

/// What fails is tried again so often, each after a while. Then it is passed over. Where nothing can be read for now, as while the disk
/// is full, that is waited for.
const TRIES: u32 = 10;
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// How much is said of what is wrong, in lines of the log.
const LINES: usize = 1_000;

/// Looks through all of `log` once, beginning after `after`, until the host drains or nobody has it any more. Rooms that are found
/// damaged are closed, and stay closed.
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
                    "all that is stored was looked through"
                );
                return;
            }
            Err(NotLooked::ForNow(error)) => {
                if !std::mem::replace(&mut waits, true) {
                    tracing::warn!(%error, "what is stored cannot be looked through for now");
                }
                drop(host);
                sleep(TRY_AGAIN).await;
            }
            Err(NotLooked::Failed(error)) => {
                tracing::warn!(%error, "something that is stored cannot be looked at");
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
        // Nothing of the order itself is wrong, as far as that is known.
        Damage::NoAlarm { .. } | Damage::AlarmOrder | Damage::Unread(_) | Damage::Snapshot { .. } => false,
        _ => true,
    };
    let is_snapshot = matches!(damage, Damage::Snapshot { .. });
    if lines <= LINES {
        match &room {
            Some(room) if closes => tracing::error!(
                room = %room.fingerprint(),
                %damage,
                "A ROOM IS DAMAGED, and is closed until the server is started again: `stonepot verify` on the data folder names it; \
                 restore a backup of it"
            ),
            Some(room) if is_snapshot => tracing::error!(
                room = %room.fingerprint(),
                %damage,
                "THE SNAPSHOT OF A ROOM IS DAMAGED: the room is replayed without it, and goes on"
            ),
            Some(room) if matches!(damage, Damage::Unread(_)) => tracing::error!(
                room = %room.fingerprint(),
                %damage,
                "A ROOM COULD NOT BE LOOKED AT: try `stonepot verify` on the data folder"
            ),
            Some(room) => tracing::error!(
                room = %room.fingerprint(),
                %damage,
                "WHAT STANDS BESIDE A ROOM IS DAMAGED: `stonepot verify` on the data folder names it; restore a backup of it"
            ),
            None => tracing::error!(
                %damage,
                "THE LOG IS DAMAGED: `stonepot verify` on the data folder says where; restore a backup of it"
            ),
        }
    }
    match room {
        Some(room) if closes => {
            // First, or a room that is being loaded could miss both.
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

/// Has a room leave memory, which cannot be trusted.
fn forget(host: &HostContext, room: &RoomKey) {
    if let Some(inputs) = host.rooms.loaded(room) {
        // One that is busy must not keep the others from being looked at. One that has ended needs no telling.
        host.tasks.spawn(async move { drop(inputs.send(Input::Damaged).await) });
    }
}
