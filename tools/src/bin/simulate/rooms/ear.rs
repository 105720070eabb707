//! What one connection receives.

use transport_memory::{Dice, Message};

use super::document::Document;
use super::ear_v1::V1Ear;
use super::ear_v2::V2Ear;
use super::world::World;

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It recorded this fact, or changed nothing.
    Acked { command: u32, seq: u64, repeated: bool },
    /// It was refused. `command` is `None` if it had no id.
    Refused { command: Option<u32>, code: String },
}

/// The client behind a connection, and how strictly it is checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listener {
    pub(crate) person: &'static str,
    pub(crate) number: usize,
    /// Whether its messages may be lost, duplicated and overtaken.
    pub(crate) wild: bool,
}

#[derive(Debug)]
pub(crate) enum Ear {
    V2(V2Ear),
    V1(V1Ear),
}

impl Ear {
    pub(crate) fn hear(&mut self, world: &World, message: &Message) -> Option<Answer> {
        match self {
            Self::V2(ear) => ear.hear(world, message),
            Self::V1(ear) => ear.hear(world, message),
        }
    }

    /// Notes a `join_first`: it is not at the table, whatever it has missed.
    pub(crate) fn must_join(&mut self) {
        match self {
            Self::V2(ear) => ear.joined = false,
            Self::V1(ear) => ear.joined = false,
        }
    }

    /// Returns whether this connection is seated at the table.
    pub(crate) fn joined(&self) -> bool {
        match self {
            Self::V2(ear) => ear.joined,
            Self::V1(ear) => ear.joined,
        }
    }

    /// Returns the last fact it has heard of.
    pub(crate) fn seq(&self) -> u64 {
        match self {
            Self::V2(ear) => ear.seq(),
            Self::V1(ear) => ear.seq,
        }
    }

    /// Returns the document to which it has applied all events.
    pub(crate) fn document(&self) -> Option<&Document> {
        match self {
            Self::V2(ear) => ear.document.as_ref(),
            Self::V1(_) => None,
        }
    }

    /// Returns a random dish of the order as far as it knows, or else one that does not exist.
    pub(crate) fn some_item(&self, dice: &mut Dice) -> String {
        match self {
            Self::V2(ear) => {
                let ids = ear.document.as_ref().map(|document| document.ids("items")).unwrap_or_default();
                let some = usize::try_from(dice.below(ids.len() as u64)).unwrap();
                ids.get(some).map_or_else(|| "none".to_owned(), |id| (*id).to_owned())
            }
            Self::V1(ear) => {
                let mut tries = (0..4).map(|_| pool(dice));
                tries.find(|id| ear.has_item(id)).unwrap_or_else(|| "none".to_owned())
            }
        }
    }

    /// Returns an id for a dish, most often an unused one.
    pub(crate) fn fresh_item(&self, dice: &mut Dice) -> String {
        let mut id = pool(dice);
        for _ in 0..4 {
            let is_taken = match self {
                Self::V2(ear) => {
                    ear.document.as_ref().is_some_and(|document| document.ids("items").contains(&&*id))
                }
                Self::V1(ear) => ear.has_item(&id),
            };
            if !is_taken {
                break;
            }
            id = pool(dice);
        }
        id
    }

    pub(crate) fn owns(&self, person: &str) -> bool {
        match self {
            Self::V2(ear) => {
                let owner = ear.document.as_ref().and_then(|document| document.field("ownerId"));
                owner.is_some_and(|owner| owner.trim_matches('"') == person)
            }
            Self::V1(ear) => ear.reads(&format!("\"ownerId\":\"{person}\"")),
        }
    }

    pub(crate) fn finalized(&self) -> bool {
        match self {
            Self::V2(ear) => {
                let status = ear.document.as_ref().and_then(|document| document.field("status"));
                status == Some("\"finalized\"")
            }
            Self::V1(ear) => ear.reads("\"status\":\"finalized\""),
        }
    }

    /// Returns the total of all dishes, as a number of the protocol.
    pub(crate) fn total(&self) -> &str {
        match self {
            Self::V2(ear) => {
                ear.document.as_ref().and_then(|document| document.field("total")).unwrap_or("0")
            }
            Self::V1(_) => "0",
        }
    }
}

/// Returns one of the few ids that all clients choose from.
fn pool(dice: &mut Dice) -> String {
    format!("d{}", dice.below(14))
}

/// Returns the number of a command from its id.
pub(crate) fn command_number(id: &str) -> Option<u32> {
    id.strip_prefix('c')?.parse().ok()
}
