//! Whole rooms under everything that can go wrong, by seeds.
//!
//! A room that fails is printed with its number; `ROOM=7 cargo test -p tools --bin simulate` replays it
//! alone and prints everything that everybody did and heard. `cargo tool simulate`
//! runs as many as one likes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::{env, fs, thread};

use crate::rooms::ledger::Lie;
use crate::rooms::outcome::{Oracle, Outcome};
use crate::rooms::plan::{Sabotage, Wanted};
use crate::rooms::{live_through, run};

const SEED: u64 = 1;
const COMMANDS: u64 = 1_000_000;

#[test]
fn after_a_million_commands_everybody_agrees_with_the_log() {
    if let Some(number) = env::var("ROOM").ok().map(|number| number.parse().expect("ROOM is a number")) {
        let outcome = live_through(SEED, number, Wanted { transcript: true, ..Wanted::default() });
        eprintln!("{}", outcome.transcript);
        assert!(outcome.violation.is_none(), "{}", outcome.violation.unwrap());
        return;
    }
    let threads = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let tally = run::until(SEED, 0, threads, |tally| tally.commands >= COMMANDS);
    println!("{}", tally.report());
    for (number, violation) in &tally.violations {
        eprintln!("{violation}\nreplay: ROOM={number} cargo test -p tools --bin simulate\n");
    }
    assert!(tally.violations.is_empty(), "in {} rooms", tally.violations.len());
    assert!(tally.commands >= COMMANDS, "{} commands", tally.commands);
    for (what, times) in tally.happenings.iter() {
        assert!(times > 100, "{what}: {times}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run_byte_for_byte() {
    let wanted = Wanted { transcript: true, ..Wanted::default() };
    for number in 0..40 {
        let (once, again) = (live_through(7, number, wanted), live_through(7, number, wanted));
        assert_eq!(once.transcript, again.transcript, "room {number}");
        let unwatched = live_through(7, number, Wanted::default());
        assert_eq!((once.log, once.commands), (unwatched.log, unwatched.commands), "room {number}");
    }
}

/// A `select!` that is not biased uses randomness of its own, which shows in one room of a
/// thousand.
#[test]
fn no_branch_is_taken_by_a_chance_that_is_not_the_seeds() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["src/bin/simulate/rooms", "../transport-memory/src", "../order-host/src"]
        .map(|folder| here.join(folder));
    let mut choices = 0;
    for file in sources.iter().flat_map(|folder| sources_in(folder)) {
        let text = fs::read_to_string(&file).unwrap();
        for (_, branches) in
            text.match_indices("select! {").map(|(at, found)| text.split_at(at + found.len()))
        {
            choices += 1;
            assert!(branches.trim_start().starts_with("biased;"), "in {}", file.display());
        }
    }
    assert!(choices > 5, "{choices} choices found");
}

fn sources_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let sources = files.into_iter().filter(|file| file.extension().is_some_and(|kind| kind == "rs"));
    sources.chain(folders.iter().flat_map(|folder| sources_in(folder))).collect()
}

#[test]
fn a_log_that_forgets_is_found_out() {
    let found = found_with_lie(Lie::Forgets);
    assert!(found.contains(&Oracle::AckedIsStored) || found.contains(&Oracle::ShownIsStored), "{found:?}");
}

#[test]
fn a_log_that_loses_its_end_is_found_out() {
    let found = found_with_lie(Lie::LosesTheEnd);
    assert!(found.contains(&Oracle::ShownIsStored), "{found:?}");
}

#[test]
fn a_log_that_stores_something_twice_is_found_out() {
    let found = found_with_lie(Lie::StoresTwice);
    assert!(found.contains(&Oracle::OnceEach), "{found:?}");
}

/// The next append of a room gets a conflict, after which the room reloads. A denied fact
/// is detected only if nothing follows it.
#[test]
fn a_log_that_denies_what_it_stored_is_found_out() {
    let wanted = Wanted { lie: Some(Lie::DeniesIt), ..Wanted::default() };
    // It is rare, so the search ends with the first one.
    let found = (0..10_000).find_map(|number| live_through(SEED, number, wanted).violation);
    assert_eq!(found.map(|violation| violation.oracle), Some(Oracle::Agreement));
}

#[test]
fn a_log_that_forges_is_found_out() {
    let found = found_with_lie(Lie::Forges);
    assert!(found.contains(&Oracle::ShownIsStored), "{found:?}");
}

#[test]
fn a_client_that_misses_events_is_found_out() {
    let found = found_with_sabotage(Sabotage::MissesEvents);
    assert!(found.contains(&Oracle::NoGap), "{found:?}");
}

#[test]
fn a_client_that_folds_wrongly_is_found_out() {
    let found = found_with_sabotage(Sabotage::NeverRemoves);
    assert!(found.contains(&Oracle::Agreement) || found.contains(&Oracle::ShownIsStored), "{found:?}");
}

#[test]
fn a_client_that_does_not_send_again_is_found_out() {
    let found = found_with_sabotage(Sabotage::NeverSendsAgain);
    assert!(found.contains(&Oracle::Answered), "{found:?}");
}

fn found_with_lie(lie: Lie) -> Vec<Oracle> {
    found_in(60, Wanted { lie: Some(lie), ..Wanted::default() })
}

fn found_with_sabotage(sabotage: Sabotage) -> Vec<Oracle> {
    found_in(60, Wanted { sabotage: Some(sabotage), ..Wanted::default() })
}

/// Returns what is found in the first `rooms` rooms.
fn found_in(rooms: u64, wanted: Wanted) -> Vec<Oracle> {
    let outcomes = (0..rooms).map(|number| live_through(SEED, number, wanted));
    outcomes.filter_map(|Outcome { violation, .. }| Some(violation?.oracle)).collect()
}
