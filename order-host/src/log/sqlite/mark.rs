//! Marks that detect a database without its write-ahead log, or with that of another
//! moment.
//!
//! A copy of a database in use, made with `cp`, may lack its write-ahead log, or consist of
//! two files of different moments. SQLite opens either, and shows an old order, or one that
//! never existed. So one row of the database records which checkpoints it has seen:
//!
//! * Before each checkpoint the row gets a new number (`attempt`), which the checkpoint
//!   writes to the database file.
//! * After a complete checkpoint the first entry of the new write-ahead log is a new
//!   `base`, with the number that it follows. It is in the database file itself if another
//!   process ran the checkpoint, or if a reader made it partial.
//! * Just before the write-ahead log is removed, the row says `closed`.
//!
//! The rows of the database file alone, and of the file with its write-ahead log, then have
//! to match. The row always has the same length, so a power cut leaves the old or the new
//! one and never a mixture. A copy made by SQLite is complete: its schema cookie (`PRAGMA
//! schema_version`) differs from that in the row.
//!
//! The number of the last stored fact is also noted in the lock file, after the sync: a log
//! with fewer facts has lost some. A database that says that it is open and has no
//! write-ahead log is complete only if it has all the noted facts.

use std::fs::{File, OpenOptions};
use std::hash::Hasher as _;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use siphasher::sip::SipHasher24;

use super::OpenError;
use super::files::beside;

/// What the marks say is wrong with the files of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The database was in use, and its write-ahead log is missing.
    NoLog,
    /// The write-ahead log does not belong to the database.
    OtherLog,
    /// Stored facts are missing.
    FactsMissing {
        /// How many facts were noted.
        stored: u64,
        /// How many facts are there.
        found: u64,
    },
}

impl Fault {
    pub(super) fn at(self, path: &Path) -> OpenError {
        let path = path.to_owned();
        match self {
            Self::NoLog => OpenError::NoWriteAheadLog { path },
            Self::OtherLog => OpenError::OtherWriteAheadLog { path },
            Self::FactsMissing { stored, found } => OpenError::FactsMissing { path, stored, found },
        }
    }
}

/// The row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// Whether a log has the database open, or was killed while it had.
    pub(super) is_open: bool,
    /// Identifies the period since the database was last opened after a clean end.
    pub(super) lineage: u64,
    base: u64,
    attempt: u64,
    base_before: u64,
    attempt_before: u64,
    pub(super) cookie: u64,
}

const ROW_BYTES: usize = 1 + 6 * 8;

impl Mark {
    /// Returns the row of a database that is being opened, which follows its existing row. A
    /// database that is new, was migrated, or was copied by SQLite starts a new count.
    pub(super) fn opened(before: Option<Self>, cookie: u64) -> Self {
        match before {
            Some(before) if before.cookie == cookie && before.is_open => before,
            Some(before) if before.cookie == cookie => {
                Self { is_open: true, lineage: rand::random(), ..before.next_attempt() }
            }
            other => Self {
                is_open: true,
                lineage: rand::random(),
                base: rand::random(),
                attempt: 1,
                base_before: other.map_or(0, |before| before.base),
                attempt_before: other.map_or(0, |before| before.attempt),
                // A copy made by SQLite counts from 1.
                cookie: u64::from(rand::random::<u32>() >> 1 | 1 << 20),
            },
        }
    }

    /// Returns the row of a copy: complete, and of a new lineage.
    pub(super) fn copied(self, cookie: u64) -> Self {
        Self { is_open: false, lineage: rand::random(), base: rand::random(), cookie, ..self.next_attempt() }
    }

    /// Returns the row of a database that is closed.
    pub(super) fn closed(self) -> Self {
        Self { is_open: false, ..self.next_attempt() }
    }

    /// Returns the row before a checkpoint.
    pub(super) fn next_attempt(self) -> Self {
        Self { attempt: self.attempt.saturating_add(1), ..self }
    }

    /// Returns the row after a complete checkpoint.
    pub(super) fn next_base(self) -> Self {
        let (base_before, attempt_before) = (self.base, self.attempt);
        Self { base: rand::random(), attempt: 0, base_before, attempt_before, ..self }
    }

    /// Returns whether this row, from the database file alone, matches the row seen with the
    /// write-ahead log.
    fn fits(&self, with_log: &Self) -> bool {
        let is_of_its_time = self.base == with_log.base && self.attempt <= with_log.attempt;
        is_of_its_time || (self.base, self.attempt) == (with_log.base_before, with_log.attempt_before)
    }

    fn to_bytes(self) -> [u8; ROW_BYTES] {
        let mut bytes = [0; ROW_BYTES];
        let numbers =
            [self.lineage, self.base, self.attempt, self.base_before, self.attempt_before, self.cookie];
        if let Some((first, rest)) = bytes.split_first_mut() {
            *first = self.is_open.into();
            for (place, number) in rest.chunks_exact_mut(8).zip(numbers) {
                place.copy_from_slice(&number.to_be_bytes());
            }
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first().filter(|_| bytes.len() == ROW_BYTES)?;
        let mut numbers =
            rest.chunks_exact(8).filter_map(|chunk| Some(u64::from_be_bytes(chunk.try_into().ok()?)));
        Some(Self {
            is_open: *first != 0,
            lineage: numbers.next()?,
            base: numbers.next()?,
            attempt: numbers.next()?,
            base_before: numbers.next()?,
            attempt_before: numbers.next()?,
            cookie: numbers.next()?,
        })
    }

    /// Writes the row together with its cookie.
    pub(super) fn write_with_cookie(&self, conn: &Connection) -> rusqlite::Result<()> {
        let moment = conn.unchecked_transaction()?;
        if cookie(&moment)? != self.cookie {
            moment.pragma_update(None, "schema_version", i64::try_from(self.cookie).unwrap_or_default())?;
        }
        self.write(&moment)?;
        moment.commit()
    }

    /// Writes the row, in the open transaction or in one of its own.
    pub(super) fn write(&self, conn: &Connection) -> rusqlite::Result<()> {
        let changed =
            conn.prepare_cached("UPDATE opened SET mark = ?1")?.execute([self.to_bytes().as_slice()])?;
        if changed == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(changed)) }
    }
}

/// Reads the row as this connection sees it. `None`: an earlier release wrote the file.
pub(super) fn read(conn: &Connection) -> rusqlite::Result<Option<Mark>> {
    let has_row = "SELECT count(*) FROM sqlite_schema WHERE name = 'opened'";
    if conn.query_row(has_row, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(None);
    }
    let mark = conn.query_row("SELECT mark FROM opened", [], |row| row.get::<_, Vec<u8>>(0)).optional()?;
    Ok(mark.and_then(|bytes| Mark::from_bytes(&bytes)))
}

/// Reads the number that SQLite changes with the schema and in each copy.
pub(super) fn cookie(conn: &Connection) -> rusqlite::Result<u64> {
    conn.query_row("PRAGMA schema_version", [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

/// What a database file says without its write-ahead log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Alone {
    mark: Option<Mark>,
    cookie: u64,
    pub(super) has_log: bool,
    /// Whether it has no write-ahead log but all noted facts: another process ran the
    /// checkpoint.
    is_all_there: bool,
}

impl Alone {
    /// Reads the file without changing it. A file that cannot be read alone, such as during a
    /// checkpoint, gives an empty result.
    pub(super) fn look(database: &Path) -> Self {
        let has_log = has_log(database);
        let seen = || -> rusqlite::Result<Self> {
            let conn = immutable(database)?;
            let alone = Self { mark: read(&conn)?, cookie: cookie(&conn)?, has_log, is_all_there: false };
            let is_all_there = match alone.mark {
                Some(mark) if !has_log && alone.is_open() => noted(&beside(database, "-lock"), mark.lineage)
                    .map_or(Ok(false), |stored| has_all(&conn, stored))?,
                Some(_) | None => false,
            };
            Ok(Self { is_all_there, ..alone })
        };
        seen().unwrap_or(Self { has_log, ..Self::default() })
    }

    /// Returns whether the file says that a log has it open.
    pub(super) fn is_open(&self) -> bool {
        self.mark.is_some_and(|mark| mark.is_open && mark.cookie == self.cookie)
    }

    /// Returns whether the file says that a log has it open, with this cookie.
    pub(super) fn is_open_with(&self, cookie: u64) -> bool {
        self.cookie == cookie && self.is_open()
    }

    /// Returns whether a required write-ahead log is missing. It is not required where another
    /// process ran the checkpoint.
    pub(super) fn lacks_its_log(&self) -> bool {
        !self.has_log && self.is_open() && !self.is_all_there
    }

    /// Returns whether the write-ahead log belongs to another database or moment.
    fn has_another_log(&self, with_log: Option<&Mark>) -> bool {
        let (Some(alone), Some(with_log)) = (&self.mark, with_log) else { return false };
        self.has_log && !alone.fits(with_log)
    }

    /// Returns whether the write-ahead log makes the database unreadable. The file alone is
    /// readable, and SQLite skips a damaged end of a log, so the log does not belong to it.
    fn is_spoilt_by_its_log(&self, error: &rusqlite::Error) -> bool {
        self.has_log && self.mark.is_some() && error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt)
    }

    /// Returns the cause of an error in reading the database with its write-ahead log.
    pub(super) fn reason(&self, error: OpenError, path: &Path) -> OpenError {
        let OpenError::Database { source, .. } = &error else { return error };
        match source.downcast_ref::<rusqlite::Error>() {
            Some(cause) if self.is_spoilt_by_its_log(cause) => Fault::OtherLog.at(path),
            Some(_) | None => error,
        }
    }

    /// Returns what is wrong with the files. `conn` sees the database with its write-ahead log.
    pub(super) fn fault(&self, conn: &Connection, database: &Path) -> rusqlite::Result<Option<Fault>> {
        if self.lacks_its_log() {
            return Ok(Some(Fault::NoLog));
        }
        let with_log = match read(conn) {
            Err(error) if self.is_spoilt_by_its_log(&error) => return Ok(Some(Fault::OtherLog)),
            read => read?,
        };
        if self.has_another_log(with_log.as_ref()) {
            return Ok(Some(Fault::OtherLog));
        }
        let noted = with_log
            .filter(|mark| mark.cookie == self.cookie)
            .and_then(|mark| noted(&beside(database, "-lock"), mark.lineage));
        let Some(stored) = noted else { return Ok(None) };
        let found = conn.query_row("SELECT coalesce(max(id), 0) FROM log", [], |row| row.get::<_, i64>(0))?;
        let found = found.unsigned_abs();
        Ok((found < stored).then_some(Fault::FactsMissing { stored, found }))
    }
}

/// Returns whether a database has all `stored` facts, and is not a mixture left by an
/// unfinished checkpoint.
fn has_all(conn: &Connection, stored: u64) -> rusqlite::Result<bool> {
    let (last, count): (i64, i64) =
        conn.query_row("SELECT coalesce(max(id), 0), count(*) FROM log", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if last.unsigned_abs() < stored || count != last {
        return Ok(false);
    }
    let said: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok(said == "ok")
}

/// Returns whether there is a write-ahead log beside the database that is not empty.
pub(super) fn has_log(database: &Path) -> bool {
    beside(database, "-wal").metadata().is_ok_and(|found| found.len() > 0)
}

/// Opens the database file alone: without its write-ahead log, without locks, and without
/// creating a file.
pub(super) fn immutable(database: &Path) -> rusqlite::Result<Connection> {
    let mut uri = String::from("file:");
    for &byte in database.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => uri.push(char::from(byte)),
            _ => {
                use std::fmt::Write as _;
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri.push_str("?immutable=1");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri, flags)
}

/// Notes in the lock file that the fact `last` is stored. Not synced: the note may be
/// behind, but never ahead.
pub(super) fn note(lock: &File, lineage: u64, last: u64) -> io::Result<()> {
    let mut file = lock;
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = [0; NOTE_BYTES];
    let sum = note_sum(lineage, last);
    for (place, number) in bytes.chunks_exact_mut(8).zip([lineage, last, sum]) {
        place.copy_from_slice(&number.to_be_bytes());
    }
    file.write_all(&bytes)
}

const NOTE_BYTES: usize = 3 * 8;

/// Returns the last fact that was noted for this lineage.
fn noted(lock: &Path, lineage: u64) -> Option<u64> {
    read_note(lock).filter(|(of, _)| *of == lineage).map(|(_, last)| last)
}

/// Returns whether the note says that there are facts.
pub(super) fn has_note(lock: &Path) -> bool {
    read_note(lock).is_some_and(|(_, last)| last > 0)
}

fn read_note(lock: &Path) -> Option<(u64, u64)> {
    let mut bytes = Vec::new();
    OpenOptions::new().read(true).open(lock).ok()?.take(NOTE_BYTES as u64).read_to_end(&mut bytes).ok()?;
    let mut numbers =
        bytes.chunks_exact(8).filter_map(|chunk| Some(u64::from_be_bytes(chunk.try_into().ok()?)));
    let (of, last, sum) = (numbers.next()?, numbers.next()?, numbers.next()?);
    (sum == note_sum(of, last)).then_some((of, last))
}

fn note_sum(lineage: u64, last: u64) -> u64 {
    let mut hasher = SipHasher24::new();
    hasher.write_u64(lineage);
    hasher.write_u64(last);
    hasher.finish()
}
