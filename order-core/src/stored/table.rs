//! The stored form of facts about the table as a whole, and of what holds for it on an order.

use serde::{Deserialize, Serialize};

use super::charges::odd_units;
use super::fact::StoredFact;
use super::value::is_false;
use super::version::StoredError;
use crate::bill::OddUnits;
use crate::fact::TableFact;
use crate::order::deadline::{AtDeadline, Deadline};
use crate::order::people::Seat;
use crate::order::table::{Policy, TableRules, TableState};
use crate::{Amount, LimitOn, ParticipantId, UnixMillis};

#[derive(Serialize, Deserialize)]
pub(super) struct StoredTableRules {
    policy: StoredPolicy,
    finalize_when_ready: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredPolicy {
    Open,
    Hosted,
}

/// The rules of an order. People are indexes into the order's list of people.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredTableState {
    house: StoredTableRules,
    locked: bool,
    /// Minor units, by person.
    limits: Vec<(usize, i64)>,
    /// Minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit_each: Option<i64>,
    /// Minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit_table: Option<i64>,
    ready: Vec<usize>,
    removed: Vec<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline: Option<StoredDeadline>,
    #[serde(default, skip_serializing_if = "is_false")]
    round_shares: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    unbiased: bool,
    changed_at: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredDeadline {
    at: u64,
    then: StoredThen,
    /// Milliseconds before the deadline.
    reminders: Vec<u64>,
    passed: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredThen {
    Lock,
    Finalize,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredLockSet {
    locked: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredLimitSet {
    who: String,
    /// Minor units.
    limit: Option<i64>,
}

/// A limit that is not of one person.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredCommonLimitSet {
    on: StoredLimitOn,
    /// Minor units.
    limit: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredLimitOn {
    Each,
    Table,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredDeadlineSet {
    deadline: Option<StoredDeadline>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredReminded {
    /// Milliseconds before the deadline.
    before: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredReopened {
    /// Absent if nothing of it has passed while the order was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline: Option<StoredDeadline>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredFinalized {
    /// Absent if version 1 wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_bill: Option<Vec<String>>,
}

pub(super) fn store(fact: &TableFact) -> StoredFact {
    match fact {
        TableFact::RulesSet(house) => StoredFact::RulesSet((*house).into()),
        TableFact::LockSet { locked } => StoredFact::LockSet(StoredLockSet { locked: *locked }),
        TableFact::LimitSet { on, limit } => limit_set(on, limit.map(Amount::minor_units)),
        TableFact::DeadlineSet(deadline) => {
            let deadline = deadline.as_ref().map(StoredDeadline::from);
            StoredFact::DeadlineSet(StoredDeadlineSet { deadline })
        }
        TableFact::Reminded { before } => StoredFact::Reminded(StoredReminded { before: *before }),
        TableFact::Reopened { deadline } => {
            StoredFact::Reopened(StoredReopened { deadline: deadline.as_deref().map(StoredDeadline::from) })
        }
        TableFact::Expired => StoredFact::Expired {},
        TableFact::Archived => StoredFact::Archived {},
        TableFact::Finalized { on_bill } => {
            let ids = |people: &Vec<ParticipantId>| people.iter().map(|id| id.as_str().to_owned()).collect();
            StoredFact::Finalized(StoredFinalized { on_bill: on_bill.as_ref().map(ids) })
        }
    }
}

/// Stores a limit in minor units. The form of one person's limit is older than the others.
fn limit_set(on: &LimitOn, limit: Option<i64>) -> StoredFact {
    let common = |on| StoredFact::CommonLimitSet(StoredCommonLimitSet { on, limit });
    match on {
        LimitOn::Person(who) => StoredFact::LimitSet(StoredLimitSet { who: who.as_str().to_owned(), limit }),
        LimitOn::Each => common(StoredLimitOn::Each),
        LimitOn::Table => common(StoredLimitOn::Table),
    }
}

impl StoredTableRules {
    pub(super) fn read(self) -> TableFact {
        TableFact::RulesSet(self.into())
    }
}

impl StoredLockSet {
    pub(super) fn read(&self) -> TableFact {
        TableFact::LockSet { locked: self.locked }
    }
}

impl StoredLimitSet {
    pub(super) fn read(&self) -> Result<TableFact, StoredError> {
        Ok(TableFact::LimitSet {
            on: LimitOn::Person(ParticipantId::from_stored(&self.who)),
            limit: self.limit.map(read_limit).transpose()?,
        })
    }
}

impl StoredCommonLimitSet {
    pub(super) fn read(&self) -> Result<TableFact, StoredError> {
        let on = match self.on {
            StoredLimitOn::Each => LimitOn::Each,
            StoredLimitOn::Table => LimitOn::Table,
        };
        Ok(TableFact::LimitSet { on, limit: self.limit.map(read_limit).transpose()? })
    }
}

impl StoredDeadlineSet {
    pub(super) fn read(self) -> TableFact {
        TableFact::DeadlineSet(self.deadline.map(Deadline::from))
    }
}

impl StoredReminded {
    pub(super) fn read(&self) -> TableFact {
        TableFact::Reminded { before: self.before }
    }
}

impl StoredReopened {
    pub(super) fn read(self) -> TableFact {
        TableFact::Reopened { deadline: self.deadline.map(Deadline::from).map(Box::new) }
    }
}

impl StoredFinalized {
    pub(super) fn read(self) -> TableFact {
        let ids = |people: Vec<String>| people.iter().map(|id| ParticipantId::from_stored(id)).collect();
        TableFact::Finalized { on_bill: self.on_bill.map(ids) }
    }
}

impl From<&Deadline> for StoredDeadline {
    fn from(deadline: &Deadline) -> Self {
        let then = match deadline.then {
            AtDeadline::Lock => StoredThen::Lock,
            AtDeadline::Finalize => StoredThen::Finalize,
        };
        let Deadline { at, reminders, passed, .. } = deadline;
        Self { at: at.get(), then, reminders: reminders.clone(), passed: *passed }
    }
}

impl From<StoredDeadline> for Deadline {
    fn from(stored: StoredDeadline) -> Self {
        let then = match stored.then {
            StoredThen::Lock => AtDeadline::Lock,
            StoredThen::Finalize => AtDeadline::Finalize,
        };
        Self { at: UnixMillis::new(stored.at), then, reminders: stored.reminders, passed: stored.passed }
    }
}

impl From<TableRules> for StoredTableRules {
    fn from(house: TableRules) -> Self {
        let policy = match house.policy {
            Policy::Open => StoredPolicy::Open,
            Policy::Hosted => StoredPolicy::Hosted,
        };
        Self { policy, finalize_when_ready: house.finalize_when_ready }
    }
}

impl From<StoredTableRules> for TableRules {
    fn from(stored: StoredTableRules) -> Self {
        let policy = match stored.policy {
            StoredPolicy::Open => Policy::Open,
            StoredPolicy::Hosted => Policy::Hosted,
        };
        Self { policy, finalize_when_ready: stored.finalize_when_ready }
    }
}

impl From<&TableState> for StoredTableState {
    fn from(rules: &TableState) -> Self {
        Self {
            house: rules.house.into(),
            locked: rules.locked,
            limits: rules.limits.iter().map(|(seat, limit)| (seat.0, limit.minor_units())).collect(),
            limit_each: rules.limit_each.map(Amount::minor_units),
            limit_table: rules.limit_table.map(Amount::minor_units),
            ready: rules.ready.iter().map(|seat| seat.0).collect(),
            removed: rules.removed.iter().map(|seat| seat.0).collect(),
            deadline: rules.deadline.as_ref().map(StoredDeadline::from),
            round_shares: rules.round_shares,
            unbiased: rules.odd_units == OddUnits::Unbiased,
            changed_at: rules.changed_at,
        }
    }
}

impl StoredTableState {
    pub(super) fn read(
        self,
        seat: impl Fn(usize) -> Result<Seat, StoredError>,
    ) -> Result<TableState, StoredError> {
        let limit = |(place, limit)| Ok((seat(place)?, read_limit(limit)?));
        Ok(TableState {
            house: self.house.into(),
            locked: self.locked,
            limits: self.limits.into_iter().map(limit).collect::<Result<_, StoredError>>()?,
            limit_each: self.limit_each.map(read_limit).transpose()?,
            limit_table: self.limit_table.map(read_limit).transpose()?,
            ready: self.ready.into_iter().map(&seat).collect::<Result<_, _>>()?,
            removed: self.removed.into_iter().map(&seat).collect::<Result<_, _>>()?,
            deadline: self.deadline.map(Deadline::from),
            round_shares: self.round_shares,
            odd_units: odd_units(self.unbiased),
            changed_at: self.changed_at,
        })
    }
}

fn read_limit(minor_units: i64) -> Result<Amount, StoredError> {
    let limit = Amount::from_minor_units(minor_units);
    if limit.is_negative() { Err(StoredError::Damaged("limit")) } else { Ok(limit) }
}
