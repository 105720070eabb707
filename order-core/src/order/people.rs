//! The participants of an order.

pub(crate) use crate::value::Seat;

use crate::divide::TieRank;
use crate::order::cached::Cached;
use crate::value::text::Text;
use crate::wire::PersonText;
use crate::{OrderId, ParticipantId, UnixMillis};

/// A participant's role. The first to join is the owner. When the owner leaves, the earliest
/// joiner still at the table becomes the owner. The owner may also hand the order over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Owns the order: started it, or took it over.
    Owner,
    /// Everybody else.
    Member,
}

impl Role {
    /// The role's name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member => "member",
        }
    }
}

/// How somebody came to the table without a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Added {
    /// The sponsor, who added them.
    pub(crate) by: ParticipantId,
    /// Whether nobody has taken the seat yet.
    pub(crate) is_vacant: bool,
}

/// A person who joined the order or was added to it, and may have left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    pub(crate) id: ParticipantId,
    pub(crate) name: Text,
    pub(crate) phone: Option<Text>,
    pub(crate) joined_at: UnixMillis,
    pub(crate) left: bool,
    /// `None`: they joined on their own.
    pub(crate) added: Option<Box<Added>>,
    /// Their cached text in full states.
    pub(crate) written: Cached<PersonText>,
    /// Their cached tie rank. It follows from ids that never change.
    pub(crate) tie: Cached<TieRank>,
}

impl Participant {
    /// The participant's id.
    pub fn id(&self) -> &ParticipantId {
        &self.id
    }

    /// The name that the others see.
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// The phone number, shown only to this person.
    pub fn phone(&self) -> Option<&Text> {
        self.phone.as_ref()
    }

    /// When this person joined for the first time.
    pub fn joined_at(&self) -> UnixMillis {
        self.joined_at
    }

    /// Their tie rank in `order`, the one order that they belong to.
    pub(crate) fn tie_rank(&self, order: &OrderId) -> &TieRank {
        self.tie.get_or_init(|| TieRank::new(order, &self.id))
    }

    /// The participant who added this person, who has or had no phone; `None`: they joined on their own.
    pub fn added_by(&self) -> Option<&ParticipantId> {
        self.added.as_ref().map(|added| &added.by)
    }

    /// Whether this person was added and nobody has taken their seat yet: nobody speaks for them, and they cannot own the
    /// order.
    pub fn is_vacant(&self) -> bool {
        self.added.as_ref().is_some_and(|added| added.is_vacant)
    }

    /// Whether this person has left. Dishes that they claim stay on the bill.
    pub fn has_left(&self) -> bool {
        self.left
    }
}
