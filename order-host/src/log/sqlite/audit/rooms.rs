//! Audits one room after the other, from its first fact.

use std::ops::Bound;

use order_core::Lifetimes;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Audit, Damage, Ends, Finding, ROWS_AT_ONCE, RoomAudit, is_damage, last_row, lifetimes, upto};
use crate::RoomKey;
use crate::log::sqlite::{chain_key, places};
use crate::log::{Snapshot, StoredFact};

/// A fact as found through the index.
struct Placed {
    seq: i64,
    /// `None`: the index leads nowhere, or to another fact.
    fact: Option<StoredFact>,
}

/// What a step has read of a room.
struct Read {
    facts: Vec<Placed>,
    /// `None` while there may be more facts.
    end: Option<End>,
}

/// What is stored besides the facts of a room, once all are read.
enum End {
    HasAlarm,
    /// No alarm is set, so no change may be scheduled with these lifetimes.
    HasNone(Lifetimes),
}

impl Audit {
    /// Replays the next facts of the current room, or begins the next room.
    pub(super) fn look_at_rooms(
        &mut self,
        conn: &Connection,
        found: &mut Vec<Finding>,
    ) -> rusqlite::Result<()> {
        let Some(mut room) = self.current.take() else {
            return self.begin_with_the_next(conn, found);
        };
        match self.read(conn, &room, found) {
            Ok(read) => {
                for placed in read.facts {
                    let seq = placed.seq.unsigned_abs();
                    match placed.fact {
                        Some(fact) => room.take(seq, &fact, found),
                        None if room.is_broken() => {}
                        None => room.find(Damage::Index { seq }, found),
                    }
                }
                match read.end {
                    _ if room.is_broken() => {}
                    Some(End::HasAlarm) => room.end(false, found),
                    Some(End::HasNone(lifetimes)) => {
                        let lacks_one = room.wants_an_alarm(&lifetimes);
                        room.end(lacks_one, found);
                    }
                    None => self.current = Some(room),
                }
                Ok(())
            }
            Err(error) if is_damage(&error) => {
                room.find(Damage::Database(error.to_string()), found);
                Ok(())
            }
            Err(error) => {
                self.current = Some(room);
                Err(error)
            }
        }
    }

    fn begin_with_the_next(&mut self, conn: &Connection, found: &mut Vec<Finding>) -> rusqlite::Result<()> {
        if self.chain.is_none() && !self.is_chain_damaged {
            self.chain = match chain_key::find(conn) {
                Err(error) if !is_damage(&error) => return Err(error),
                Ok(Some(chain)) => Some(chain),
                Ok(None) | Err(_) => {
                    self.is_chain_damaged = true;
                    let text = "the key of the chain cannot be read".to_owned();
                    found.push(Finding::in_file(Damage::Database(text)));
                    None
                }
            };
        }
        let next = match self.next_room(conn, found) {
            Ok(Some(next)) => next,
            Ok(None) => {
                self.next_part();
                return Ok(());
            }
            Err(error) if is_damage(&error) => {
                self.skip(&error, found);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.audited.rooms = self.audited.rooms.saturating_add(1);
        if let Ok(key) = RoomKey::parse(&next) {
            let snapshot = match snapshot(conn, &key) {
                Ok(snapshot) => snapshot,
                Err(error) if is_damage(&error) => {
                    let damage = Damage::Snapshot { seq: 0, error: error.to_string() };
                    found.push(Finding { room: Some(key.clone()), damage });
                    None
                }
                Err(error) => return Err(error),
            };
            self.current = RoomAudit::begin(key, snapshot, self.chain);
        }
        if self.current.is_none() {
            found.push(Finding::in_file(Damage::Name));
        }
        self.room = next;
        Ok(())
    }

    /// Returns the next room by name, in the index or at the end of the log.
    fn next_room(&mut self, conn: &Connection, found: &mut Vec<Finding>) -> rusqlite::Result<Option<String>> {
        let moment = conn.unchecked_transaction()?;
        self.follow_ends(&moment, found)?;
        let first_after = |sql: &str| -> rusqlite::Result<Option<String>> {
            moment.prepare_cached(sql)?.query_row([&self.room], |row| row.get(0)).optional()
        };
        let in_index = match first_after("SELECT room FROM places WHERE room > ?1 ORDER BY room LIMIT 1") {
            Err(error) if is_damage(&error) => {
                if !self.is_index_damaged {
                    self.is_index_damaged = true;
                    let text = format!("{error}, in the index by room");
                    found.push(Finding::in_file(Damage::Database(text)));
                }
                // The table of alarms has nearly all rooms too.
                first_after("SELECT room FROM alarms WHERE room > ?1 ORDER BY room LIMIT 1")?
            }
            other => other?,
        };
        let after = (Bound::Excluded(self.room.as_str()), Bound::Unbounded);
        let at_end = self.ends.rooms.range::<str, _>(after).next().cloned();
        Ok(match (in_index, at_end) {
            (Some(in_index), Some(at_end)) => Some(in_index.min(at_end)),
            (in_index, at_end) => in_index.or(at_end),
        })
    }

    /// Reads which rooms have facts at the end of the log. If that cannot be read, the other
    /// rooms are still audited.
    fn follow_ends(&mut self, moment: &Connection, found: &mut Vec<Finding>) -> rusqlite::Result<()> {
        if self.is_end_damaged {
            return Ok(());
        }
        match self.ends.follow(moment) {
            Err(error) if is_damage(&error) => {
                self.is_end_damaged = true;
                let text = format!("{error}, at the end of the log");
                found.push(Finding::in_file(Damage::Database(text)));
                Ok(())
            }
            followed => followed,
        }
    }

    fn read(
        &mut self,
        conn: &Connection,
        room: &RoomAudit,
        found: &mut Vec<Finding>,
    ) -> rusqlite::Result<Read> {
        // One transaction for all: an alarm is set before the fact that needs it, and a fact that
        // is indexed meanwhile would be missed.
        let moment = conn.unchecked_transaction()?;
        self.follow_ends(&moment, found)?;
        let name = room.key.as_str();
        let after = i64::try_from(room.seq()).unwrap_or(i64::MAX);
        let sql = "SELECT places.seq, log.room = places.room AND log.seq = places.seq,
                       log.fact, log.link
                   FROM places LEFT JOIN log USING (id)
                   WHERE places.room = ?1 AND places.seq > ?2 ORDER BY places.seq LIMIT ?3";
        let placed = |row: &rusqlite::Row<'_>| {
            let is_it = row.get::<_, Option<bool>>(1)? == Some(true);
            let fact = if is_it { Some(places::fact(row, 2)?) } else { None };
            Ok(Placed { seq: row.get(0)?, fact })
        };
        let mut facts = moment
            .prepare_cached(sql)?
            .query_map(params![name, after, ROWS_AT_ONCE], placed)?
            .collect::<Result<Vec<_>, _>>()?;
        let left = ROWS_AT_ONCE.saturating_sub(i64::try_from(facts.len()).unwrap_or(i64::MAX));
        if left > 0 && self.ends.rooms.contains(name) {
            let sql = "SELECT seq, 1, fact, link FROM log WHERE id > ?4 AND room = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
            let mut query = moment.prepare_cached(sql)?;
            for fact in query.query_map(params![name, after, left, self.ends.upto], placed)? {
                facts.push(fact?);
            }
        }
        let is_all = i64::try_from(facts.len()).unwrap_or(i64::MAX) < ROWS_AT_ONCE;
        let end = match is_all {
            false => None,
            true if has_alarm(&moment, name)? => Some(End::HasAlarm),
            true => Some(End::HasNone(lifetimes(&moment)?)),
        };
        Ok(Read { facts, end })
    }
}

impl Ends {
    /// Reads which rooms have unindexed facts, as of this transaction.
    fn follow(&mut self, moment: &Connection) -> rusqlite::Result<()> {
        let upto = upto(moment)?;
        if upto != self.upto {
            *self = Self { rooms: std::collections::BTreeSet::new(), upto, seen: upto };
        }
        let last = last_row(moment)?;
        if self.seen < last {
            let mut query = moment.prepare_cached("SELECT room FROM log WHERE id > ?1")?;
            for room in query.query_map([self.seen], |row| row.get(0))? {
                self.rooms.insert(room?);
            }
            self.seen = last;
        }
        Ok(())
    }
}

fn snapshot(conn: &Connection, room: &RoomKey) -> rusqlite::Result<Option<Snapshot>> {
    conn.prepare_cached("SELECT seq, state FROM snapshots WHERE room = ?1")?
        .query_row([room.as_str()], |row| {
            Ok(Snapshot { seq: row.get::<_, i64>(0)?.unsigned_abs(), state: row.get(1)? })
        })
        .optional()
}

fn has_alarm(conn: &Connection, room: &str) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT 1 FROM alarms WHERE room = ?1")?.exists([room])
}
