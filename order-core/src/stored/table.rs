//! The stored form of rules.

use serde::{Deserialize, Serialize};

use super::StoredError;
use super::fact::{read_claims, stored_claims};
use crate::fact::Removed;
use crate::order::deadline::{AtDeadline, Deadline};
use crate::order::people::Seat;
use crate::order::table::{HouseRules, Policy, Rules};
use crate::{Amount, ItemId, ParticipantId, UnixMillis};

#[derive(Serialize, Deserialize)]
pub(super) struct StoredHouse {
    policy: StoredPolicy,
    finalize_when_ready: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredPolicy {
    Open,
    Hosted,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredRemoved {
    who: String,
    owner: Option<String>,
    items: Vec<String>,
    /// Millionths of a weight of each, by line.
    shared: Vec<(String, Vec<(String, u64)>)>,
}

/// People are places in the order's list of them.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredRules {
    house: StoredHouse,
    locked: bool,
    /// Minor units of each.
    limits: Vec<(usize, i64)>,
    ready: Vec<usize>,
    removed: Vec<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline: Option<StoredDeadline>,
    changed_at: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredDeadline {
    at: u64,
    then: StoredThen,
    /// Milliseconds before it.
    reminders: Vec<u64>,
    passed: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredThen {
    Lock,
    Finalize,
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

impl From<HouseRules> for StoredHouse {
    fn from(house: HouseRules) -> Self {
        let policy = match house.policy {
            Policy::Open => StoredPolicy::Open,
            Policy::Hosted => StoredPolicy::Hosted,
        };
        Self { policy, finalize_when_ready: house.finalize_when_ready }
    }
}

impl From<StoredHouse> for HouseRules {
    fn from(stored: StoredHouse) -> Self {
        let policy = match stored.policy {
            StoredPolicy::Open => Policy::Open,
            StoredPolicy::Hosted => Policy::Hosted,
        };
        Self { policy, finalize_when_ready: stored.finalize_when_ready }
    }
}

impl From<&Removed> for StoredRemoved {
    fn from(removed: &Removed) -> Self {
        let shared = removed.shared.iter();
        Self {
            who: removed.who.as_str().to_owned(),
            owner: removed.owner.as_ref().map(|owner| owner.as_str().to_owned()),
            items: removed.items.iter().map(|item| item.as_str().to_owned()).collect(),
            shared: shared.map(|(item, claims)| (item.as_str().to_owned(), stored_claims(claims))).collect(),
        }
    }
}

impl TryFrom<StoredRemoved> for Removed {
    type Error = StoredError;

    fn try_from(stored: StoredRemoved) -> Result<Self, StoredError> {
        let shared = stored.shared.into_iter();
        let shared = shared.map(|(item, claims)| Ok((ItemId::from_stored(&item), read_claims(claims)?)));
        Ok(Self {
            who: ParticipantId::from_stored(&stored.who),
            owner: stored.owner.map(|owner| ParticipantId::from_stored(&owner)),
            items: stored.items.iter().map(|item| ItemId::from_stored(item)).collect(),
            shared: shared.collect::<Result<_, StoredError>>()?,
        })
    }
}

impl From<&Rules> for StoredRules {
    fn from(rules: &Rules) -> Self {
        Self {
            house: rules.house.into(),
            locked: rules.locked,
            limits: rules.limits.iter().map(|(seat, limit)| (seat.0, limit.minor_units())).collect(),
            ready: rules.ready.iter().map(|seat| seat.0).collect(),
            removed: rules.removed.iter().map(|seat| seat.0).collect(),
            deadline: rules.deadline.as_ref().map(StoredDeadline::from),
            changed_at: rules.changed_at,
        }
    }
}

impl StoredRules {
    pub(super) fn read(
        self,
        seat: impl Fn(usize) -> Result<Seat, StoredError>,
    ) -> Result<Rules, StoredError> {
        let limit = |(place, limit)| Ok((seat(place)?, read_limit(limit)?));
        Ok(Rules {
            house: self.house.into(),
            locked: self.locked,
            limits: self.limits.into_iter().map(limit).collect::<Result<_, StoredError>>()?,
            ready: self.ready.into_iter().map(&seat).collect::<Result<_, _>>()?,
            removed: self.removed.into_iter().map(&seat).collect::<Result<_, _>>()?,
            deadline: self.deadline.map(Deadline::from),
            changed_at: self.changed_at,
        })
    }
}

pub(super) fn read_limit(minor_units: i64) -> Result<Amount, StoredError> {
    let limit = Amount::from_minor_units(minor_units);
    if limit.is_negative() { Err(StoredError::Damaged("limit")) } else { Ok(limit) }
}
