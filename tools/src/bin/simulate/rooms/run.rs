//! Runs many rooms on several threads.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use super::outcome::{Happenings, Violation};
use super::plan::Wanted;
use super::room::live_through;

/// The combined outcome of many rooms.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) rooms: u64,
    pub(crate) commands: u64,
    pub(crate) happenings: Happenings,
    /// The violations, with the numbers of their rooms.
    pub(crate) violations: Vec<(u64, Violation)>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.rooms += other.rooms;
        self.commands += other.commands;
        self.happenings.add(&other.happenings);
        self.violations.extend(other.violations);
    }

    /// Returns the number of each event as text.
    pub(crate) fn report(&self) -> String {
        let happenings = self.happenings.iter().map(|(what, times)| format!("{times:>14}  {what}\n"));
        let all = format!("{:>14}  rooms\n{:>14}  commands that reached a room\n", self.rooms, self.commands);
        happenings.chain([all]).collect()
    }
}

/// How many rooms a thread reports together.
const BATCH: u64 = 16;

/// The run ends after this many violations.
const ENOUGH: usize = 5;

/// Runs the rooms of this seed from number `first` on, until `is_enough` returns true for
/// the tally so far. No room is skipped: the next run can start at `first` plus the number
/// of rooms in the tally.
pub(crate) fn until(seed: u64, first: u64, threads: u64, mut is_enough: impl FnMut(&Tally) -> bool) -> Tally {
    let (next, enough) = (AtomicU64::new(first), AtomicBool::new(false));
    // Overflow: a thread waits until its tally is taken.
    let (sender, receiver) = mpsc::sync_channel(4);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, next, enough) = (sender.clone(), &next, &enough);
            scope.spawn(move || {
                while !enough.load(Ordering::Relaxed) {
                    let first = next.fetch_add(BATCH, Ordering::Relaxed);
                    if sender.send(batch(seed, first)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut all = Tally::default();
        for tally in receiver {
            all.add(tally);
            if is_enough(&all) || all.violations.len() >= ENOUGH {
                enough.store(true, Ordering::Relaxed);
            }
        }
        all.violations.sort_by_key(|(number, _)| *number);
        all
    })
}

fn batch(seed: u64, first: u64) -> Tally {
    let mut tally = Tally::default();
    for number in first..first + BATCH {
        let outcome = live_through(seed, number, Wanted::default());
        tally.rooms += 1;
        tally.commands += outcome.commands;
        tally.happenings.add(&outcome.happenings);
        tally.violations.extend(outcome.violation.map(|violation| (number, violation)));
    }
    tally
}
