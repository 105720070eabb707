//! Marks by which a database that lacks its write-ahead log, or has that of another moment, is told from a whole one.
//!
//! Whoever copies a database in use with `cp` may miss its write-ahead log, or get two files of different moments. SQLite opens
//! either, and shows an order of yesterday, or one that never was. So one row of the database says which of its
//! checkpoints it has seen:
//!
//! * Before each checkpoint the row gets a new number (`attempt`), so the database itself gets that number with it.
//! * After a checkpoint that carried everything over, the first thing in the new write-ahead log is a new `base`, which also says
//!   after which number it comes. It is in the database itself if somebody else carried the log over, or carried a part of it over
//!   because somebody reads.
//! * The last thing before the write-ahead log is removed is that the row says `closed`.
//!
//! The database file alone, and the same with its write-ahead log, then have to say things that fit. The row has the same
//! length always, so a power cut leaves one or the other and no mixture. A copy that SQLite made is whole: it
//! has another schema cookie (`PRAGMA schema_version`) than the row.
//!
//! What the last facts are is noted in the lock file, too, after they are safe: a log that is shorter has lost some. A database that
//! says that it is open and has no write-ahead log is whole only if it has all that was noted.

use std::fs::{File, OpenOptions};
use std::hash::Hasher as _;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use siphasher::sip::SipHasher24;

use super::OpenError;
use super::files::beside;

/// What is wrong with the files of a database, as far as its marks say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The database was in use, and its write-ahead log is not there.
    NoLog,
    /// The write-ahead log is not the one that belongs to it.
    OtherLog,
    /// Facts that were stored are not there.
    FactsMissing {
        /// How many there were.
        stored: u64,
        /// How many there are.
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
    /// A log has the database open, or was killed while it had.
    pub(super) is_open: bool,
    /// Which opening after a clean end it is of.
    pub(super) lineage: u64,
    base: u64,
    attempt: u64,
    base_before: u64,
    attempt_before: u64,
    pub(super) cookie: u64,
}

const ROW_BYTES: usize = 1 + 6 * 8;

impl Mark {
    /// The row of a database that is opened now, after the one that it has. One that has just been made or brought up, or that
    /// SQLite copied, begins a count of its own.
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
                // A copy that SQLite makes begins to count at 1.
                cookie: u64::from(rand::random::<u32>() >> 1 | 1 << 20),
            },
        }
    }

    /// The row of a copy: whole, and of no lineage.
    pub(super) fn copied(self, cookie: u64) -> Self {
        Self { is_open: false, lineage: rand::random(), base: rand::random(), cookie, ..self.next_attempt() }
    }

    /// The same, when nobody has the database open any more.
    pub(super) fn closed(self) -> Self {
        Self { is_open: false, ..self.next_attempt() }
    }

    /// Before a checkpoint.
    pub(super) fn next_attempt(self) -> Self {
        Self { attempt: self.attempt.saturating_add(1), ..self }
    }

    /// After a checkpoint that carried everything over.
    pub(super) fn next_base(self) -> Self {
        let (base_before, attempt_before) = (self.base, self.attempt);
        Self { base: rand::random(), attempt: 0, base_before, attempt_before, ..self }
    }

    /// Whether this row of the database file alone fits the one that it has together with its write-ahead log.
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

    /// Writes the row with its cookie.
    pub(super) fn write_with_cookie(&self, conn: &Connection) -> rusqlite::Result<()> {
        let moment = conn.unchecked_transaction()?;
        if cookie(&moment)? != self.cookie {
            moment.pragma_update(None, "schema_version", i64::try_from(self.cookie).unwrap_or_default())?;
        }
        self.write(&moment)?;
        moment.commit()
    }

    /// Writes the row, in the transaction that is open or in one of its own.
    pub(super) fn write(&self, conn: &Connection) -> rusqlite::Result<()> {
        let changed =
            conn.prepare_cached("UPDATE opened SET mark = ?1")?.execute([self.to_bytes().as_slice()])?;
        if changed == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(changed)) }
    }
}

/// The row as this connection sees it; nothing, where an earlier release made the file.
pub(super) fn read(conn: &Connection) -> rusqlite::Result<Option<Mark>> {
    let has_row = "SELECT count(*) FROM sqlite_schema WHERE name = 'opened'";
    if conn.query_row(has_row, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(None);
    }
    let mark = conn.query_row("SELECT mark FROM opened", [], |row| row.get::<_, Vec<u8>>(0)).optional()?;
    Ok(mark.and_then(|bytes| Mark::from_bytes(&bytes)))
}

/// The number that SQLite changes with the schema, and in each copy that it makes.
pub(super) fn cookie(conn: &Connection) -> rusqlite::Result<u64> {
    conn.query_row("PRAGMA schema_version", [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

/// What a database file says without its write-ahead log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Alone {
    mark: Option<Mark>,
    cookie: u64,
    pub(super) has_log: bool,
    /// Without a write-ahead log, and with everything that was noted: somebody else carried it over.
    is_all_there: bool,
}

impl Alone {
    /// Looks at the file, and changes nothing. One that cannot be read alone, as in the middle of a checkpoint, says nothing.
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

    /// Whether the file says that a log has it open.
    pub(super) fn is_open(&self) -> bool {
        self.mark.is_some_and(|mark| mark.is_open && mark.cookie == self.cookie)
    }

    /// Whether the file says so, and has this cookie.
    pub(super) fn is_open_with(&self, cookie: u64) -> bool {
        self.cookie == cookie && self.is_open()
    }

    /// Whether a write-ahead log has to be there and is not. It is whole without one where somebody else carried it over.
    pub(super) fn lacks_its_log(&self) -> bool {
        !self.has_log && self.is_open() && !self.is_all_there
    }

    /// Whether the write-ahead log that is there is another one.
    fn has_another_log(&self, with_log: Option<&Mark>) -> bool {
        let (Some(alone), Some(with_log)) = (&self.mark, with_log) else { return false };
        self.has_log && !alone.fits(with_log)
    }

    /// Whether the write-ahead log is why the database cannot be read with it. The file alone can be, and SQLite passes over what
    /// is damaged in a log, so it is another one.
    fn is_spoilt_by_its_log(&self, error: &rusqlite::Error) -> bool {
        self.has_log && self.mark.is_some() && error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt)
    }

    /// The reason for an error of reading the database with its write-ahead log.
    pub(super) fn reason(&self, error: OpenError, path: &Path) -> OpenError {
        let OpenError::Database { source, .. } = &error else { return error };
        match source.downcast_ref::<rusqlite::Error>() {
            Some(cause) if self.is_spoilt_by_its_log(cause) => Fault::OtherLog.at(path),
            Some(_) | None => error,
        }
    }

    /// What is wrong with the files. `conn` sees the database with its write-ahead log.
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

/// Whether a database has so many facts, and is no mixture, as a checkpoint that was not finished leaves it.
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

/// Whether a write-ahead log that may hold something lies beside the database.
pub(super) fn has_log(database: &Path) -> bool {
    beside(database, "-wal").metadata().is_ok_and(|found| found.len() > 0)
}

/// Opens the database file alone: without its write-ahead log, without locks, and without making a file.
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

/// Notes in the lock file that the fact `last` is safe. Not synced: it may be behind, and is never ahead.
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

/// The last fact that was noted of this lineage.
fn noted(lock: &Path, lineage: u64) -> Option<u64> {
    read_note(lock).filter(|(of, _)| *of == lineage).map(|(_, last)| last)
}

/// Whether it was noted that there are facts.
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
