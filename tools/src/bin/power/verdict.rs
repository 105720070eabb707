//! Checks what is left after a power cut against the promises.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use order_host::log::{RoomLog as _, Snapshot, SqliteLog, StoredFact};
use order_host::{Host, RoomKey, Settings};
use tokio::runtime::{Builder, Runtime};

use crate::Outcome;
use crate::disk::Files;
use crate::marks::fingerprint;
use crate::promises::{Promises, Room};

/// What was found after power cuts.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// Facts that had been promised, all of which were there.
    pub(crate) promised: u64,
    /// Facts that were there without an acknowledgement: the cut came between the write and the
    /// answer.
    pub(crate) unpromised: u64,
}

/// Opens what power cuts leave, in a folder of its own.
pub(crate) struct Judge {
    folder: PathBuf,
    runtime: Runtime,
}

impl Judge {
    pub(crate) fn new(folder: PathBuf) -> Outcome<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, runtime: Builder::new_current_thread().enable_time().build()? })
    }

    /// Opens the log on these files, checks every promise, and then writes to the log.
    ///
    /// # Errors
    /// When a promise is broken: how.
    pub(crate) fn check(&self, files: &Files, promises: &Promises, luck: u64) -> Outcome<Found> {
        lay_out(&self.folder, files)?;
        // The `-shm` file of the last process may have any content, or be missing.
        if luck.is_multiple_of(3) {
            let byte = u8::try_from(luck % 251)?;
            fs::write(self.folder.join("stonepot.db-shm"), vec![byte; 32 * 1024])?;
        }
        self.runtime.block_on(look_at(&self.folder, promises, luck))
    }
}

/// Writes exactly these files into the folder.
pub(crate) fn lay_out(folder: &Path, files: &Files) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        fs::remove_file(entry?.path())?;
    }
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}

async fn look_at(folder: &Path, promises: &Promises, luck: u64) -> Outcome<Found> {
    let log = Arc::new(SqliteLog::open_in(folder).map_err(|error| format!("it does not open: {error}"))?);
    let mut found = Found::default();
    for (name, room) in promises.rooms() {
        let facts = log.read(&RoomKey::parse(name)?, 0, usize::MAX).await?;
        all_is_as_promised(name, room, &facts)?;
        found.promised += room.kept.len() as u64;
        found.unpromised += facts.len() as u64 - room.last();
    }
    // One of the rooms continues, as a server would.
    let chosen = usize::try_from(luck % promises.rooms().len().max(1) as u64)?;
    if let Some(name) = promises.rooms().keys().nth(chosen) {
        goes_on(&log, &RoomKey::parse(name)?).await?;
    }
    Ok(found)
}

/// Checks that the facts are those that the room asked to store, byte for byte; then they
/// can be decoded too.
fn all_is_as_promised(name: &str, room: &Room, facts: &[StoredFact]) -> Outcome<()> {
    if (facts.len() as u64) < room.last() {
        let lost = format!("{name} has {} facts left, and {} were given out", facts.len(), room.last());
        return Err(lost.into());
    }
    for (seq, fact) in (1..).zip(facts) {
        if !room.allows(seq, fingerprint(&fact.bytes)) {
            return Err(format!("fact {seq} of {name} is another than it was").into());
        }
    }
    Ok(())
}

/// Checks that the room loads, from its snapshot if it has one, shows the order as of its
/// last fact, and accepts another.
async fn goes_on(log: &Arc<SqliteLog>, room: &RoomKey) -> Outcome<()> {
    let facts = log.read(room, 0, usize::MAX).await?;
    let last = facts.len() as u64;
    let host = Host::new(Arc::clone(log) as Arc<_>, Settings::default());
    let view = host.public_view(room).await?;
    let expected = (last > 0).then(|| format!("\"seq\":{last}"));
    let is_right = match (&view, &expected) {
        (Some(view), Some(expected)) => view.contains(expected),
        (view, expected) => view.is_none() == expected.is_none(),
    };
    if !is_right {
        return Err(format!("{room:?} shows {view:?} and has {last} facts").into());
    }
    let (next, snapshot) =
        (StoredFact::from(b"next".to_vec()), Snapshot { seq: last, state: b"state".to_vec() });
    let stored = log.append(room, last, vec![next.clone()]).await?;
    log.save_snapshot(room, snapshot.clone()).await?;
    let read = log.read(room, last, 9).await?;
    if stored != last + 1 || read != [next] || log.load_snapshot(room).await? != Some(snapshot) {
        return Err(format!("{room:?} does not take fact {}", last + 1).into());
    }
    Ok(())
}
