//! The commands of one client that wait for their answers.

use tokio::time::Instant;
use transport_memory::Dice;

use super::ear_v2::Since;

/// How many answered commands are kept, to be sent again nevertheless.
const KEPT: usize = 16;

#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) number: u32,
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    /// In a join: the last event that it claims to have.
    pub(crate) since: Option<Since>,
}

#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// Oldest first, with the time when each was last sent.
    list: Vec<(Command, Option<Instant>)>,
    answered: Vec<Command>,
    /// By number: the kind and the message of every command.
    given: Vec<(&'static str, String)>,
}

impl Waiting {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns the number of the next command; the first is 0.
    pub(crate) fn next_number(&self) -> u32 {
        u32::try_from(self.given.len()).unwrap()
    }

    /// Adds a command, before all others or after them.
    pub(crate) fn push(&mut self, command: Command, first: bool) {
        self.given.push((command.kind, command.text.clone()));
        self.list.insert(if first { 0 } else { self.list.len() }, (command, None));
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Command> {
        self.list.iter().map(|(command, _)| command).find(|command| command.number == number)
    }

    pub(crate) fn kind(&self, number: u32) -> &'static str {
        self.given.get(number as usize).map(|(kind, _)| *kind).unwrap_or_default()
    }

    /// Returns the message of a command, answered or not.
    pub(crate) fn text(&self, number: u32) -> &str {
        self.given.get(number as usize).map(|(_, text)| text.as_str()).unwrap_or_default()
    }

    /// Returns the first waiting command, which is the join if that waits.
    pub(crate) fn first(&self) -> Option<u32> {
        self.list.first().map(|(command, _)| command.number)
    }

    /// Removes waiting joins: the client is at the table, whatever happened to the answer.
    pub(crate) fn joined(&mut self) {
        let joins: Vec<_> = self.list.extract_if(.., |(command, _)| command.kind == "join").collect();
        for (join, _) in joins {
            self.keep(join);
        }
    }

    pub(crate) fn texts(&self) -> Vec<&str> {
        self.list.iter().map(|(command, _)| command.text.as_str()).collect()
    }

    pub(crate) fn has_join(&self) -> bool {
        self.list.iter().any(|(command, _)| command.kind == "join")
    }

    pub(crate) fn all(&self) -> Vec<(u32, String, Option<Since>)> {
        let parts = |command: &Command| (command.number, command.text.clone(), command.since.clone());
        self.list.iter().map(|(command, _)| parts(command)).collect()
    }

    pub(crate) fn sent(&mut self, number: u32, now: Instant) {
        if let Some((_, sent)) = self.list.iter_mut().find(|(command, _)| command.number == number) {
            *sent = Some(now);
        }
    }

    /// Returns when the command that has waited longest was last sent.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.list.iter().filter_map(|(_, sent)| *sent).min()
    }

    /// Notes that a command was answered, possibly not for the first time.
    pub(crate) fn answered(&mut self, number: u32) {
        let Some(place) = self.list.iter().position(|(command, _)| command.number == number) else { return };
        let (command, _) = self.list.remove(place);
        self.keep(command);
    }

    fn keep(&mut self, answered: Command) {
        if self.answered.len() >= KEPT {
            self.answered.remove(0);
        }
        self.answered.push(answered);
    }

    /// Returns a random command that was answered.
    pub(crate) fn some_answered(&self, dice: &mut Dice) -> Option<&Command> {
        let place = dice.below(self.answered.len() as u64);
        self.answered.get(usize::try_from(place).ok()?)
    }
}
