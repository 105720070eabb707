//! What everybody was shown and told: what the log is held against afterwards.

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::{Happening, Happenings, Oracle, Violation};
use super::plan::PEOPLE;

/// What a participant was told about one command.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    /// It happened, as this fact.
    pub(crate) acked: Option<u64>,
    /// It is refused for good; the last fact that its sender had seen then.
    pub(crate) refused: Option<(u64, String)>,
}

/// A message of the first protocol, or a bill, without its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) viewer: usize,
    /// Its type.
    pub(crate) kind: String,
    pub(crate) text: String,
}

/// Everything that everybody was shown and told in one room.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// The events of `stonepot.v2`; the fact with sequence number `n` is at `n`.
    pub(crate) events: Vec<Option<String>>,
    /// The checksums that were shown, or that a client made of what it had folded, by sequence number.
    pub(crate) checksums: BTreeMap<u64, String>,
    /// The cursors that were shown beside a state, by sequence number.
    pub(crate) cursors: BTreeMap<u64, String>,
    /// Messages of the first protocol, by sequence number.
    pub(crate) frames: BTreeMap<u64, Vec<Shown>>,
    /// By participant and the number of their command.
    pub(crate) told: BTreeMap<(usize, u32), Told>,
    /// The commands that were refused for good, whoever sent them and by whatever connection.
    pub(crate) refusals: BTreeSet<(usize, u32)>,
    pub(crate) happenings: Happenings,
    pub(crate) violation: Option<Violation>,
    /// Whether anybody may have told their phone number, which nobody else is shown.
    pub(crate) has_phones: bool,
    /// How many answers there were beside those that something happened, on connections that double nothing.
    pub(crate) other_answers: u64,
}

impl Evidence {
    /// Notes something that must not be. The first is what matters.
    pub(crate) fn accuse(&mut self, oracle: Oracle, what: impl FnOnce() -> String) {
        if self.violation.is_none() {
            self.violation = Some(Violation { oracle, what: what() });
        }
    }

    pub(crate) fn count(&mut self, what: Happening) {
        self.happenings.count(what, 1);
    }

    /// Somebody was shown an event.
    pub(crate) fn event(&mut self, who: &str, seq: u64, text: &str) {
        let place = usize::try_from(seq).unwrap();
        if self.events.len() <= place {
            self.events.resize(place + 1, None);
        }
        match &self.events[place] {
            None => self.events[place] = Some(text.to_owned()),
            Some(before) if before == text => {}
            Some(before) => {
                let before = before.clone();
                self.accuse(Oracle::ShownIsStored, || {
                    format!("{who} was shown\n{text}\nand somebody else\n{before}")
                });
            }
        }
    }

    /// Somebody was shown a state with this checksum, or has folded one.
    pub(crate) fn checksum(&mut self, who: &str, seq: u64, checksum: &str) {
        match self.checksums.get(&seq) {
            None => drop(self.checksums.insert(seq, checksum.to_owned())),
            Some(before) if before == checksum => {}
            Some(before) => {
                let before = before.clone();
                self.accuse(Oracle::ShownIsStored, || {
                    format!("{who} has the state {seq} with checksum {checksum}, and somebody else {before}")
                });
            }
        }
    }

    /// Somebody was shown this cursor beside a state.
    pub(crate) fn cursor(&mut self, who: &str, seq: u64, cursor: &str) {
        match self.cursors.get(&seq) {
            None => drop(self.cursors.insert(seq, cursor.to_owned())),
            Some(before) if before == cursor => {}
            Some(before) => {
                let before = before.clone();
                self.accuse(Oracle::ShownIsStored, || {
                    format!("{who} was told that {seq} is {cursor}, and somebody else {before}")
                });
            }
        }
    }

    /// The log was put back to where it had `kept` facts, and what was told of later ones is not so any more. Its room has
    /// forgotten what it refused.
    pub(crate) fn keep(&mut self, kept: u64) {
        self.events.truncate(usize::try_from(kept).unwrap() + 1);
        for shown in [&mut self.checksums, &mut self.cursors] {
            shown.retain(|seq, _| *seq <= kept);
        }
        self.frames.retain(|seq, _| *seq <= kept);
        for told in self.told.values_mut() {
            told.acked = told.acked.filter(|acked| *acked <= kept);
            told.refused = None;
        }
        self.refusals.clear();
    }

    /// Somebody was told that their command happened.
    pub(crate) fn acked(&mut self, who: usize, command: u32, seq: u64) {
        let told = self.told.entry((who, command)).or_default();
        match told.acked {
            None => told.acked = Some(seq),
            Some(before) if before == seq => {}
            Some(before) => self.accuse(Oracle::AckedIsStored, || {
                format!("{} was told that c{command} is {before}, and then {seq}", PEOPLE[who])
            }),
        }
    }

    /// Somebody was told that their command is refused for good, after having seen fact `seen`.
    pub(crate) fn refused(&mut self, who: usize, command: u32, seen: u64, code: &str) {
        let told = self.told.entry((who, command)).or_default();
        told.refused.get_or_insert_with(|| (seen, code.to_owned()));
    }

    /// Somebody was shown a message of the first protocol.
    pub(crate) fn frame(&mut self, viewer: usize, seq: u64, kind: &str, text: &str) {
        let undated = text.rsplit_once(",\"timestamp\":").map_or(text, |(undated, _)| undated);
        let shown = self.frames.entry(seq).or_default();
        // The type is part of the text.
        let is_known = |other: &Shown| (other.viewer == viewer || !self.has_phones) && other.text == undated;
        if !shown.iter().any(is_known) {
            shown.push(Shown { viewer, kind: kind.to_owned(), text: undated.to_owned() });
        }
    }
}
