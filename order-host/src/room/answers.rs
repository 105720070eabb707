//! Answers to commands that recorded no fact, so that a repeated command gets its first
//! answer.

use std::collections::{BTreeMap, VecDeque};

use order_core::{Actor, CommandId, ParticipantId, Rejection, Stamp};

/// How many answers a room remembers while it is in memory; the oldest are forgotten first.
const REMEMBERED: usize = 256;

/// The sender and the id of a command. `None` is the back end.
type Key = (Option<ParticipantId>, CommandId);

/// The answers to commands that recorded no fact. The order itself remembers the commands
/// that did.
#[derive(Debug, Default)]
pub(super) struct Answers {
    by_command: BTreeMap<Key, (u64, Answer)>,
    oldest_first: VecDeque<Key>,
    /// How many were remembered so far, including those forgotten since.
    count: u64,
}

/// The answer to a command that becomes no new fact.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// Refused, for this reason.
    Refused(Rejection),
    /// Granted without a change; `seq` was the sequence number of the last change.
    Unchanged { seq: u64 },
    /// Sent again: it became the fact `seq` before. The order itself remembers that.
    Repeated { seq: u64 },
}

impl Answers {
    /// Returns the earlier answer to the same command.
    ///
    /// # Errors
    /// When its id was used for another command. This is not an answer to remember: the id
    /// stays with the first command.
    pub(super) fn find(&self, by: &Actor, stamp: &Stamp) -> Result<Option<Answer>, Rejection> {
        if self.by_command.is_empty() {
            return Ok(None);
        }
        match self.by_command.get(&key(by, stamp)) {
            Some((digest, answer)) if *digest == stamp.digest() => Ok(Some(answer.clone())),
            Some(_) => Err(Rejection::command_id_reused()),
            None => Ok(None),
        }
    }

    /// Remembers the answer to a command, unless its id already has one.
    pub(super) fn remember(&mut self, by: &Actor, stamp: &Stamp, answer: Answer) {
        let key = key(by, stamp);
        if self.by_command.contains_key(&key) {
            return;
        }
        if self.oldest_first.len() >= REMEMBERED
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_command.remove(&oldest);
        }
        self.by_command.insert(key.clone(), (stamp.digest(), answer));
        self.oldest_first.push_back(key);
        self.count = self.count.saturating_add(1);
    }

    /// Returns the current position, for [`Answers::back_to`].
    pub(super) fn mark(&self) -> u64 {
        self.count
    }

    /// Forgets the answers since `mark`, which were not sent.
    pub(super) fn back_to(&mut self, mark: u64) {
        while self.count > mark
            && let Some(latest) = self.oldest_first.pop_back()
        {
            self.by_command.remove(&latest);
            self.count = self.count.saturating_sub(1);
        }
    }
}

fn key(by: &Actor, stamp: &Stamp) -> Key {
    (by.id().cloned(), stamp.id().clone())
}
