//! Everything that clients were shown and told, to be compared with the log afterwards.

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::{Happening, Happenings, Oracle, Violation};
use super::plan::PEOPLE;

/// What a participant was told about one command.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    /// It was acknowledged as this fact.
    pub(crate) acked: Option<u64>,
    /// It was finally refused; the last fact that its sender had seen, and the code.
    pub(crate) refused: Option<(u64, String)>,
}

/// A command that was acknowledged, and may have changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) participant: usize,
    pub(crate) command: u32,
    pub(crate) text: String,
}

/// A message of the first protocol, or a bill, without its timestamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) viewer: usize,
    /// Its type.
    pub(crate) kind: String,
    pub(crate) text: String,
}

/// Everything that clients were shown and told in one room.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// The `stonepot.v2` events; that of the fact with sequence number `n` is at `n`.
    pub(crate) events: Vec<Option<String>>,
    /// The checksums that were shown, or computed by clients from their documents, by sequence
    /// number.
    pub(crate) checksums: BTreeMap<u64, String>,
    /// The cursors that were sent with a state, by sequence number.
    pub(crate) cursors: BTreeMap<u64, String>,
    /// Messages of the first protocol, by sequence number.
    pub(crate) frames: BTreeMap<u64, Vec<Shown>>,
    /// The answers, by participant and the number of their command.
    pub(crate) told: BTreeMap<(usize, u32), Told>,
    /// The acknowledged commands that may have changed nothing, by the sequence number in the acknowledgement.
    pub(crate) granted: BTreeMap<u64, Vec<Granted>>,
    /// The finally refused commands, on any connection.
    pub(crate) refusals: BTreeSet<(usize, u32)>,
    pub(crate) happenings: Happenings,
    pub(crate) violation: Option<Violation>,
    /// Whether anybody may have given a phone number, which is shown only to them.
    pub(crate) has_phones: bool,
    /// How many answers other than acknowledgements there were, on connections that duplicate
    /// nothing.
    pub(crate) other_answers: u64,
}

impl Evidence {
    /// Records a violation. Only the first one is kept.
    pub(crate) fn accuse(&mut self, oracle: Oracle, what: impl FnOnce() -> String) {
        if self.violation.is_none() {
            self.violation = Some(Violation { oracle, what: what() });
        }
    }

    pub(crate) fn count(&mut self, what: Happening) {
        self.happenings.count(what, 1);
    }

    /// Records an event that somebody was shown.
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

    /// Records the checksum of a state that somebody was shown, or of their document.
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

    /// Records a cursor that somebody was sent with a state.
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

    /// Forgets what was shown of facts after `kept`, because the log was restored to there. The
    /// restarted room has forgotten its refusals.
    pub(crate) fn keep(&mut self, kept: u64) {
        self.events.truncate(usize::try_from(kept).unwrap() + 1);
        for shown in [&mut self.checksums, &mut self.cursors] {
            shown.retain(|seq, _| *seq <= kept);
        }
        self.frames.retain(|seq, _| *seq <= kept);
        self.granted.retain(|seq, _| *seq <= kept);
        for told in self.told.values_mut() {
            told.acked = told.acked.filter(|acked| *acked <= kept);
            told.refused = None;
        }
        self.refusals.clear();
    }

    /// Records an acknowledgement.
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

    /// Records the acknowledgement of a command that may have changed nothing.
    pub(crate) fn granted(&mut self, seq: u64, granted: Granted) {
        let known = self.granted.entry(seq).or_default();
        if !known.contains(&granted) {
            known.push(granted);
        }
    }

    /// Records a final refusal, after the sender had seen fact `seen`.
    pub(crate) fn refused(&mut self, who: usize, command: u32, seen: u64, code: &str) {
        let told = self.told.entry((who, command)).or_default();
        told.refused.get_or_insert_with(|| (seen, code.to_owned()));
    }

    /// Records a message of the first protocol.
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
