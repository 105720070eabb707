//! Commands that were carried out: each command with an id counts once.

use std::collections::BTreeMap;

use crate::CommandId;
use crate::order::people::Seat;

/// The maximum number of command ids that an order remembers for one participant, or for the
/// back end.
pub const MAX_COMMANDS_EACH: usize = 10_000;
/// The maximum number of command ids that an order remembers in all.
pub const MAX_COMMANDS: usize = 100_000;
/// How many of these are reserved for the owner and the back end.
pub const RESERVED_COMMANDS: usize = 20_000;
/// One guest may hold at most one in this many of the ids left for guests, so that a few who
/// send without end leave room for the others.
const FAIR_PART: usize = 4;

/// A command's id, with a digest that detects another command under the same id.
///
/// The client chooses the id. For each participant it counts once in the life of the order: a
/// client that is not sure whether a command arrived sends it again, unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    id: CommandId,
    digest: u64,
}

impl Stamp {
    /// Creates a stamp. The digest must be equal for commands with equal content.
    pub fn new(id: CommandId, digest: u64) -> Self {
        Self { id, digest }
    }

    /// The command's id.
    pub fn id(&self) -> &CommandId {
        &self.id
    }

    /// The digest of the command's content.
    pub fn digest(&self) -> u64 {
        self.digest
    }
}

/// A command that was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Done {
    /// The digest of the command's content.
    pub(crate) digest: u64,
    /// The sequence number of the fact that it became.
    pub(crate) seq: u64,
}

/// The commands with an id that became facts of an order, by author; the seat `None` is the
/// back end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct DoneCommands {
    by: BTreeMap<Option<Seat>, BTreeMap<CommandId, Done>>,
    count: usize,
}

impl DoneCommands {
    /// The number of commands remembered.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn get(&self, by: Option<Seat>, id: &CommandId) -> Option<Done> {
        self.by.get(&by)?.get(id).copied()
    }

    /// Whether one more command of this author fits. `in_charge`: the author is the owner or the
    /// back end.
    pub(crate) fn has_room(&self, by: Option<Seat>, in_charge: bool) -> bool {
        let own = self.by.get(&by).map_or(0, BTreeMap::len);
        let left = MAX_COMMANDS.saturating_sub(self.count);
        let is_fair = if in_charge {
            left > 0
        } else {
            own < left.saturating_sub(RESERVED_COMMANDS).div_ceil(FAIR_PART)
        };
        own < MAX_COMMANDS_EACH && is_fair
    }

    /// Remembers a command, unless its id is known already.
    pub(crate) fn note(&mut self, by: Option<Seat>, id: CommandId, done: Done) {
        let own = self.by.entry(by).or_default();
        let before = own.len();
        own.entry(id).or_insert(done);
        self.count = self.count.saturating_add(own.len().saturating_sub(before));
    }

    /// All of them, ordered by author and id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Option<Seat>, &CommandId, Done)> {
        self.by.iter().flat_map(|(&by, own)| own.iter().map(move |(id, &done)| (by, id, done)))
    }
}
