//! The log of one room, which can misbehave.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use order_core::fact::ChargeFact;
use order_core::stored::{decode_fact, encode_fact};
use order_core::{Fact, UnixMillis};
use order_host::RoomKey;
use order_host::log::{Alarm, AppendError, ChainKey, LogError, RoomLog, Snapshot, StoredFact};
use transport_memory::Dice;

/// A fault of a log. Each of these has to be detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    /// Acknowledges an append without storing it.
    Forgets,
    /// Loses the last fact when a room is loaded.
    LosesTheEnd,
    /// Stores a fact twice.
    StoresTwice,
    /// Stores an append, and reports that nothing was stored.
    DeniesIt,
    /// Stores a changed fact.
    Forges,
}

/// A log of one room, which records when the room was loaded.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pages: Mutex<Pages>,
    lie: Option<Lie>,
}

#[derive(Debug, Default)]
struct Pages {
    facts: Vec<StoredFact>,
    snapshot: Option<Snapshot>,
    alarm: Option<Alarm>,
    /// Oldest first.
    backups: VecDeque<Backup>,
    appends: u64,
    /// How many facts there were each time the room was loaded.
    loads: Vec<u64>,
}

/// The state of a log at some moment.
#[derive(Debug, Clone)]
struct Backup {
    facts: usize,
    snapshot: Option<Snapshot>,
    alarm: Option<Alarm>,
}

/// A backup is taken after this many appends.
const BACKED_UP: u64 = 5;

/// How many backups are kept.
const BACKUPS: usize = 6;

/// The chain key of every run, so that the same seed gives the same run.
pub(crate) const CHAIN_KEY: [u8; 16] = [7; 16];

/// In a misbehaving log, one append of this many is affected.
const LIES: u64 = 17;

impl Ledger {
    pub(crate) fn new(lie: Option<Lie>) -> Self {
        Self { pages: Mutex::default(), lie }
    }

    pub(crate) fn facts(&self) -> Vec<StoredFact> {
        self.pages().facts.clone()
    }

    /// Returns how many facts there were each time the room was loaded.
    pub(crate) fn loads(&self) -> Vec<u64> {
        self.pages().loads.clone()
    }

    /// Restores an older backup, and returns how many facts it has. The latest snapshot may
    /// stay.
    pub(crate) fn put_back(&self, dice: &mut Dice) -> u64 {
        let mut pages = self.pages();
        let chosen = usize::try_from(dice.below(pages.backups.len() as u64)).unwrap();
        // Later backups belong to a history that no longer exists.
        pages.backups.truncate(chosen + 1);
        let none = Backup { facts: 0, snapshot: None, alarm: None };
        let backup = pages.backups.back().cloned().unwrap_or(none);
        pages.facts.truncate(backup.facts);
        if dice.below(2) == 0 {
            pages.snapshot = backup.snapshot;
        }
        pages.alarm = backup.alarm;
        pages.loads.clear();
        pages.facts.len() as u64
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap()
    }
}

impl Pages {
    fn back_up(&mut self) {
        if self.backups.len() >= BACKUPS {
            self.backups.pop_front();
        }
        let (snapshot, alarm) = (self.snapshot.clone(), self.alarm.clone());
        self.backups.push_back(Backup { facts: self.facts.len(), snapshot, alarm });
    }

    fn link_anew(&mut self, room: &RoomKey) {
        let chain = ChainKey::new(CHAIN_KEY);
        let mut link = chain.start(room);
        for fact in &mut self.facts {
            link = chain.next(link, &fact.bytes);
            fact.link = Some(link);
        }
    }
}

#[async_trait]
impl RoomLog for Ledger {
    async fn append(
        &self,
        room: &RoomKey,
        expected: u64,
        facts: Vec<StoredFact>,
    ) -> Result<u64, AppendError> {
        let mut pages = self.pages();
        let last = pages.facts.len() as u64;
        if last != expected {
            return Err(AppendError::Conflict { last });
        }
        if pages.appends.is_multiple_of(BACKED_UP) {
            pages.back_up();
        }
        pages.appends += 1;
        let lie = self.lie.filter(|_| pages.appends.is_multiple_of(LIES));
        match lie {
            Some(Lie::Forgets) => return Ok(last + facts.len() as u64),
            Some(Lie::DeniesIt) => {
                pages.facts.extend(facts);
                return Err(AppendError::Failed("a lie".to_owned()));
            }
            Some(Lie::StoresTwice) => {
                let again = facts.last().and_then(again);
                pages.facts.extend(facts);
                let told = pages.facts.len() as u64;
                pages.facts.extend(again);
                pages.link_anew(room);
                return Ok(told);
            }
            Some(Lie::Forges) => pages.facts.extend(facts.into_iter().map(forged)),
            Some(Lie::LosesTheEnd) | None => pages.facts.extend(facts),
        }
        let told = pages.facts.len() as u64;
        if matches!(self.lie, Some(Lie::Forges | Lie::StoresTwice)) {
            // Recomputes the links with the right key: broken links would reveal the fault.
            pages.link_anew(room);
        }
        Ok(told)
    }

    async fn read(&self, _: &RoomKey, after: u64, limit: usize) -> Result<Vec<StoredFact>, LogError> {
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        let mut pages = self.pages();
        if after == 0 {
            // A room is loaded from the start because its snapshot could not be read.
            let length = pages.facts.len() as u64;
            pages.loads.push(length);
        }
        Ok(pages.facts.iter().skip(after).take(limit).cloned().collect())
    }

    async fn save_snapshot(&self, _: &RoomKey, snapshot: Snapshot) -> Result<(), LogError> {
        self.pages().snapshot = Some(snapshot);
        Ok(())
    }

    /// The first call of a room that is being loaded.
    async fn load_snapshot(&self, _: &RoomKey) -> Result<Option<Snapshot>, LogError> {
        let mut pages = self.pages();
        if self.lie == Some(Lie::LosesTheEnd) && pages.loads.len() % 2 == 1 {
            pages.facts.pop();
            pages.snapshot = None;
        }
        let length = pages.facts.len() as u64;
        pages.loads.push(length);
        Ok(pages.snapshot.clone())
    }

    async fn set_alarm(&self, room: &RoomKey, at: Option<UnixMillis>) -> Result<(), LogError> {
        self.pages().alarm = at.map(|at| Alarm { at, room: room.clone() });
        Ok(())
    }

    async fn alarm(&self, _: &RoomKey) -> Result<Option<UnixMillis>, LogError> {
        Ok(self.pages().alarm.as_ref().map(|alarm| alarm.at))
    }

    async fn alarms(&self, after: Option<&Alarm>, limit: usize) -> Result<Vec<Alarm>, LogError> {
        let alarm = self.pages().alarm.clone();
        Ok(alarm.into_iter().filter(|alarm| after.is_none_or(|after| alarm > after)).take(limit).collect())
    }

    async fn chain_key(&self) -> Result<ChainKey, LogError> {
        Ok(ChainKey::new(CHAIN_KEY))
    }

    async fn ready(&self) -> Result<(), LogError> {
        Ok(())
    }
}

/// Returns the same fact again, as the next one of the log. `None`: this fact cannot happen
/// twice.
fn again(fact: &StoredFact) -> Option<StoredFact> {
    let mut recorded = decode_fact(&fact.bytes).unwrap();
    let can_be_again = matches!(recorded.fact, Fact::Charge(_) | Fact::Split(_));
    recorded.seq += 1;
    can_be_again.then(|| encode_fact(&recorded).unwrap().into())
}

fn forged(fact: StoredFact) -> StoredFact {
    let mut recorded = decode_fact(&fact.bytes).unwrap();
    let Fact::Charge(ChargeFact::TipSet { tip }) = &mut recorded.fact else { return fact };
    *tip = None;
    encode_fact(&recorded).unwrap().into()
}
