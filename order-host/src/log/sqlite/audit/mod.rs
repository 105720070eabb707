//! Audits everything that a log has stored, in small steps.
//!
//! A step reads a few hundred rows in a transaction of its own, so that the file may be in
//! use: no checkpoint waits for it. (SQLite's own check, which `stonepot verify` runs
//! first, takes a transaction for each table; a checkpoint waits for that one.) `stonepot
//! verify` runs the steps one after the other; a server audits its own log with pauses
//! between them. It needs memory for one order, and for the names of the rooms that have
//! facts at the end of the log.

mod finding;
mod index;
mod room;
mod rooms;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::Duration;

use order_core::Lifetimes;
use rusqlite::{Connection, ErrorCode, OptionalExtension};

use crate::RoomKey;
use crate::log::ChainKey;

pub use self::finding::{Damage, Finding};
use self::room::RoomAudit;

/// The most rows that a step reads.
const ROWS_AT_ONCE: i64 = 256;

/// How much was audited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Audited {
    /// How many rooms with facts.
    pub rooms: u64,
    /// How many facts.
    pub facts: u64,
    /// How many bytes of facts.
    pub bytes: u64,
}

/// An audit in progress.
#[derive(Debug, Default)]
pub(super) struct Audit {
    part: Part,
    pub(super) audited: Audited,
    /// The last audited row of the log.
    row: i64,
    ends: Ends,
    is_end_damaged: bool,
    is_index_damaged: bool,
    is_chain_damaged: bool,
    chain: Option<ChainKey>,
    /// The last room that was begun.
    room: String,
    current: Option<RoomAudit>,
    /// The last room that was skipped because a step panicked.
    passed_over: Option<String>,
    /// The last room whose snapshot or alarm was audited.
    beside: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Part {
    /// Checks that every fact is in the index, where the index says.
    #[default]
    Index,
    Rooms,
    /// Checks for snapshots of rooms without facts.
    Snapshots,
    Alarms,
    Done,
}

/// The rooms that have unindexed facts.
#[derive(Debug, Default)]
struct Ends {
    rooms: BTreeSet<String>,
    /// The last fact in the index.
    upto: i64,
    /// The last fact whose room is known.
    seen: i64,
}

impl Audit {
    /// Audits the next part. Returns whether there is more.
    ///
    /// # Errors
    /// When the file cannot be read for now, without a sign of damage. Nothing was audited
    /// then.
    pub(super) fn step(&mut self, conn: &Connection, found: &mut Vec<Finding>) -> rusqlite::Result<bool> {
        match self.part {
            Part::Index => self.look_at_index(conn, found)?,
            Part::Rooms => self.look_at_rooms(conn, found)?,
            Part::Snapshots => self.look_at_snapshots(conn, found)?,
            Part::Alarms => self.look_at_alarms(conn, found)?,
            Part::Done => {}
        }
        Ok(self.part != Part::Done)
    }

    /// Skips the part that could not be read, after repeated failures.
    pub(super) fn skip(&mut self, error: &dyn Display, found: &mut Vec<Finding>) {
        match (self.part, self.current.take()) {
            (Part::Rooms, Some(mut room)) => room.find(Damage::Unread(error.to_string()), found),
            (Part::Index, _) => self.skip_rows(error, found),
            (Part::Rooms | Part::Snapshots | Part::Alarms | Part::Done, _) => {
                found.push(Finding::in_file(Damage::Database(error.to_string())));
                self.next_part();
            }
        }
    }

    /// Skips the part at which a step panicked.
    pub(super) fn pass_over(&mut self, error: &dyn Display, found: &mut Vec<Finding>) {
        if self.part != Part::Rooms {
            return self.skip(error, found);
        }
        self.current = None;
        let room = RoomKey::parse(&self.room).ok();
        found.push(Finding { room, damage: Damage::Unread(error.to_string()) });
        if self.passed_over.as_ref() == Some(&self.room) {
            // The panic was not in that room, but in finding the next one.
            self.next_part();
        }
        self.passed_over = Some(self.room.clone());
    }

    fn next_part(&mut self) {
        self.beside.clear();
        self.part = match self.part {
            Part::Index => Part::Rooms,
            Part::Rooms => Part::Snapshots,
            Part::Snapshots => Part::Alarms,
            Part::Alarms | Part::Done => Part::Done,
        };
    }
}

/// Returns whether the error means that the file is damaged, and would occur again.
fn is_damage(error: &rusqlite::Error) -> bool {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationInterrupted
            | ErrorCode::SchemaChanged
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::DiskFull,
        ) => false,
        // This includes a value of another type than its column has.
        Some(_) | None => true,
    }
}

/// Reads the lifetimes of orders from the file.
fn lifetimes(conn: &Connection) -> rusqlite::Result<Lifetimes> {
    let millis = |stored: Option<i64>| stored.map(|millis| Duration::from_millis(millis.unsigned_abs()));
    let mut query = conn.prepare_cached("SELECT expire_after, archive_after FROM lifetimes")?;
    let found = query
        .query_row([], |row| {
            Ok(Lifetimes { expire_after: millis(row.get(0)?), archive_after: millis(row.get(1)?) })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn upto(conn: &Connection) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT upto FROM placed")?.query_row([], |row| row.get(0))
}

fn last_row(conn: &Connection) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT coalesce(max(id), 0) FROM log")?.query_row([], |row| row.get(0))
}
