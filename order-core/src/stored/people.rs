//! The stored form of facts about the people at the table, and of a person on an order.

use serde::{Deserialize, Serialize};

use super::charges::StoredCharges;
use super::claims::{read_claims, stored_claims};
use super::fact::{StoredFact, is_false};
use super::table::{StoredDeadline, StoredTableRules};
use super::value::{StoredCurrency, owned};
use super::version::StoredError;
use crate::fact::{ChargesSet, Joined, PeopleFact, Removed};
use crate::order::cached::Cached;
use crate::order::deadline::Deadline;
use crate::order::people::{Added, Participant};
use crate::value::text::Text;
use crate::{Currency, ItemId, ParticipantId, Role, TableRules, UnixMillis};

#[derive(Serialize, Deserialize)]
pub(super) struct StoredJoined {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    role: StoredRole,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    circle: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<StoredCurrency>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    charges: Option<StoredCharges>,
    /// Absent if they are the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rules: Option<StoredTableRules>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline: Option<StoredDeadline>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredRole {
    Owner,
    Member,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredAdded {
    who: String,
    name: String,
}

impl StoredAdded {
    pub(super) fn read(&self) -> PeopleFact {
        PeopleFact::Added { who: ParticipantId::from_stored(&self.who), name: Text::from_stored(&self.name) }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredLeft {
    owner: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredReadySet {
    ready: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredHandedOver {
    to: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredRemoved {
    who: String,
    owner: Option<String>,
    items: Vec<String>,
    /// Weights in millionths, by line.
    shared: Vec<(String, Vec<(String, u64)>)>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredReadmitted {
    who: String,
}

/// A person on an order.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredPerson {
    id: String,
    name: String,
    phone: Option<String>,
    joined_at: u64,
    left: bool,
    /// Who added them; absent if they joined on their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    added_by: Option<String>,
    /// Whether nobody has taken their seat; absent if not.
    #[serde(default, skip_serializing_if = "is_false")]
    vacant: bool,
}

pub(super) fn store(fact: &PeopleFact) -> StoredFact {
    match fact {
        PeopleFact::Joined(joined) => StoredFact::Joined(joined.into()),
        PeopleFact::Added { who, name } => {
            StoredFact::PersonAdded(StoredAdded { who: who.as_str().to_owned(), name: owned(name) })
        }
        PeopleFact::Left { owner } => {
            StoredFact::Left(StoredLeft { owner: owner.as_ref().map(|id| id.as_str().to_owned()) })
        }
        PeopleFact::ReadySet { ready } => StoredFact::ReadySet(StoredReadySet { ready: *ready }),
        PeopleFact::HandedOver { to } => {
            StoredFact::HandedOver(StoredHandedOver { to: to.as_str().to_owned() })
        }
        PeopleFact::Removed(removed) => StoredFact::Removed(removed.into()),
        PeopleFact::Readmitted { who } => {
            StoredFact::Readmitted(StoredReadmitted { who: who.as_str().to_owned() })
        }
    }
}

impl From<&Joined> for StoredJoined {
    fn from(joined: &Joined) -> Self {
        Self {
            name: owned(&joined.name),
            phone: joined.phone.as_ref().map(owned),
            role: match joined.role {
                Role::Owner => StoredRole::Owner,
                Role::Member => StoredRole::Member,
            },
            circle: joined.circle_id.as_ref().map(owned),
            tenant: joined.tenant_id.as_ref().map(owned),
            currency: joined.currency.as_ref().map(StoredCurrency::from),
            charges: joined.charges.as_deref().map(StoredCharges::from),
            rules: joined.rules.map(StoredTableRules::from),
            deadline: joined.deadline.as_deref().map(StoredDeadline::from),
        }
    }
}

impl StoredJoined {
    pub(super) fn read(self) -> Result<PeopleFact, StoredError> {
        Ok(PeopleFact::Joined(Joined {
            name: Text::from_stored(&self.name),
            phone: self.phone.as_deref().map(Text::from_stored),
            role: match self.role {
                StoredRole::Owner => Role::Owner,
                StoredRole::Member => Role::Member,
            },
            circle_id: self.circle.as_deref().map(Text::from_stored),
            tenant_id: self.tenant.as_deref().map(Text::from_stored),
            currency: self.currency.as_ref().map(Currency::try_from).transpose()?,
            charges: self.charges.map(ChargesSet::try_from).transpose()?.map(Box::new),
            rules: self.rules.map(TableRules::from),
            deadline: self.deadline.map(Deadline::from).map(Box::new),
        }))
    }
}

impl StoredLeft {
    pub(super) fn read(self) -> PeopleFact {
        PeopleFact::Left { owner: self.owner.map(|id| ParticipantId::from_stored(&id)) }
    }
}

impl StoredReadySet {
    pub(super) fn read(&self) -> PeopleFact {
        PeopleFact::ReadySet { ready: self.ready }
    }
}

impl StoredHandedOver {
    pub(super) fn read(&self) -> PeopleFact {
        PeopleFact::HandedOver { to: ParticipantId::from_stored(&self.to) }
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

impl StoredRemoved {
    pub(super) fn read(self) -> Result<PeopleFact, StoredError> {
        let shared = self.shared.into_iter();
        let shared = shared.map(|(item, claims)| Ok((ItemId::from_stored(&item), read_claims(claims)?)));
        Ok(PeopleFact::Removed(Removed {
            who: ParticipantId::from_stored(&self.who),
            owner: self.owner.map(|owner| ParticipantId::from_stored(&owner)),
            items: self.items.iter().map(|item| ItemId::from_stored(item)).collect(),
            shared: shared.collect::<Result<_, StoredError>>()?,
        }))
    }
}

impl StoredReadmitted {
    pub(super) fn read(&self) -> PeopleFact {
        PeopleFact::Readmitted { who: ParticipantId::from_stored(&self.who) }
    }
}

impl From<&Participant> for StoredPerson {
    fn from(person: &Participant) -> Self {
        Self {
            id: person.id.as_str().to_owned(),
            name: owned(&person.name),
            phone: person.phone.as_ref().map(owned),
            joined_at: person.joined_at.get(),
            left: person.left,
            added_by: person.added_by().map(|by| by.as_str().to_owned()),
            vacant: person.is_vacant(),
        }
    }
}

impl StoredPerson {
    pub(super) fn read(&self) -> Participant {
        Participant {
            id: ParticipantId::from_stored(&self.id),
            name: Text::from_stored(&self.name),
            phone: self.phone.as_deref().map(Text::from_stored),
            joined_at: UnixMillis::new(self.joined_at),
            left: self.left,
            added: self
                .added_by
                .as_deref()
                .map(|by| Box::new(Added { by: ParticipantId::from_stored(by), is_vacant: self.vacant })),
            written: Cached::default(),
            tie: Cached::default(),
        }
    }
}
