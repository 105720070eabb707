//! Simulates any number of rooms, and checks each against its log.
//!
//! Room number *n* of seed *s* is the same everywhere, whatever the number of threads. A room that breaks a
//! promise is printed with its number, and `--only n` replays it alone, with everything that everybody did and heard. Exits
//! with 1 if there was any.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a check may panic")]

#[allow(dead_code, reason = "only the tests make logs lie and clients err")]
mod rooms;
#[cfg(test)]
mod tests;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use mimalloc::MiMalloc;
use rooms::plan::Wanted;
use rooms::{live_through, run};
use tools::whole::{at_least_one, whole};

/// The server uses the same allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// How often progress is printed.
const REPORTED: Duration = Duration::from_secs(60);

const EXAMPLE: &str = "\
Examples:
  Rooms with a million commands in all; less than a minute:
    cargo tool simulate -- --commands 1_000_000 --seed 2

  The room of one number alone, with its transcript:
    cargo tool simulate -- --seed 2 --only 4711

  A long run in parts: each goes on where the one before has ended:
    cargo tool simulate -- --commands 1_000_000_000 --seed 2 --first 40000 --minutes 90

The exit code is 1 if a room breaks a promise.";

/// Simulates whole rooms under faults, and checks what everybody was shown against the log.
#[derive(Parser)]
#[command(name = "simulate", version, after_help = EXAMPLE)]
struct Options {
    /// Ends after so many commands, of all rooms together.
    #[arg(long, value_name = "COMMANDS", default_value = "1_000_000", value_parser = whole)]
    commands: u64,
    /// What the rooms follow from.
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = whole)]
    seed: u64,
    /// How many threads simulate.
    #[arg(long, value_name = "THREADS", default_value = "2", value_parser = at_least_one)]
    threads: u64,
    /// The number of the first room.
    #[arg(long, value_name = "ROOM", default_value = "0", value_parser = whole)]
    first: u64,
    /// Ends after so many minutes, even if there were fewer commands.
    #[arg(long, value_name = "MINUTES", value_parser = whole)]
    minutes: Option<u64>,
    /// Simulates the room of this number alone, and prints its transcript.
    #[arg(long, value_name = "ROOM", value_parser = whole)]
    only: Option<u64>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let Some(number) = options.only else { return many(&options) };
    let outcome = live_through(options.seed, number, Wanted { transcript: true, ..Wanted::default() });
    print!("{}", outcome.transcript);
    match outcome.violation {
        None => {
            println!("{} commands, {} facts, and all is well", outcome.commands, outcome.log.len());
            ExitCode::SUCCESS
        }
        Some(violation) => {
            println!("VIOLATION {violation}");
            ExitCode::FAILURE
        }
    }
}

fn many(options: &Options) -> ExitCode {
    let begun = Instant::now();
    let mut reported = begun;
    let rate = |commands: u64| u128::from(commands) * 1_000 / begun.elapsed().as_millis().max(1);
    let end = options.minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
    let mut told = 0;
    let tally = run::until(options.seed, options.first, options.threads, |tally| {
        for (number, violation) in &tally.violations[told..] {
            println!("VIOLATION --seed {} --only {number}: {violation}", options.seed);
        }
        told = tally.violations.len();
        if reported.elapsed() >= REPORTED {
            reported = Instant::now();
            let (rooms, commands, wrong) = (tally.rooms, tally.commands, tally.violations.len());
            println!(
                "{rooms:>10} rooms, {commands:>12} commands, {wrong} violations, {} a second",
                rate(commands)
            );
        }
        tally.commands >= options.commands || end.is_some_and(|end| begun.elapsed() >= end)
    });
    print!("{}", tally.report());
    println!(
        "seed {}, rooms {} to {}, {} threads, {} s, {} commands a second, {} violations",
        options.seed,
        options.first,
        options.first.saturating_add(tally.rooms).saturating_sub(1),
        options.threads,
        begun.elapsed().as_secs(),
        rate(tally.commands),
        tally.violations.len(),
    );
    if tally.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
