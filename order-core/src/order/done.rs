//! What has been done already: each command with an id counts once.

use std::collections::BTreeMap;

use crate::CommandId;
use crate::order::people::Seat;

/// The most commands with an id that an order remembers of one participant, or of the back end.
pub const MAX_COMMANDS_EACH: usize = 10_000;
/// The most commands with an id that an order remembers in all.
pub const MAX_COMMANDS: usize = 100_000;
/// So many of them are kept for its owner and the back end.
pub const RESERVED_COMMANDS: usize = 20_000;
/// Of what is left for all others, nobody has more than this part: few who send without end leave something to everybody else.
const FAIR_PART: usize = 4;

/// A command's id, and what tells another command with the same id apart.
///
/// The id is the client's. It counts once for each participant, for as long as the order lives: whoever is not sure
/// that a command arrived sends it again as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    id: CommandId,
    digest: u64,
}

impl Stamp {
    /// A stamp of the command `id`, whose content has this digest: equal for equal content.
    pub fn new(id: CommandId, digest: u64) -> Self {
        Self { id, digest }
    }

    /// The command's id.
    pub fn id(&self) -> &CommandId {
        &self.id
    }

    /// The digest of what was asked for.
    pub fn digest(&self) -> u64 {
        self.digest
    }
}

/// A command that was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Done {
    /// The digest of what was asked for.
    pub(crate) digest: u64,
    /// The fact that it became.
    pub(crate) seq: u64,
}

/// The commands with an id that became facts of an order, by who gave them; no seat is the back end's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct DoneCommands {
    by: BTreeMap<Option<Seat>, BTreeMap<CommandId, Done>>,
    count: usize,
}

impl DoneCommands {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn get(&self, by: Option<Seat>, id: &CommandId) -> Option<Done> {
        self.by.get(&by)?.get(id).copied()
    }

    /// Whether there is room for one more of somebody, who may be in charge of the order.
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

    /// Remembers one. The first that has an id stands.
    pub(crate) fn note(&mut self, by: Option<Seat>, id: CommandId, done: Done) {
        let own = self.by.entry(by).or_default();
        let before = own.len();
        own.entry(id).or_insert(done);
        self.count = self.count.saturating_add(own.len().saturating_sub(before));
    }

    /// All of them, by who gave them and by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Option<Seat>, &CommandId, Done)> {
        self.by.iter().flat_map(|(&by, own)| own.iter().map(move |(id, &done)| (by, id, done)))
    }
}
