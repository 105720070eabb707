//! Lives through as many rooms as one likes, and holds each against its log.
//!
//! `cargo tool simulate -- [--commands 1000000] [--seed 1] [--threads 2]`
//!
//! Room number *n* of seed *s* is the same everywhere, whatever the number of threads. A room in which something is that must
//! not be is printed with its number, and `--only n` replays it alone, with everything that everybody did and heard. Exits
//! with 1 if there was any.
//!
//! `--minutes` ends it even if it has not seen so many commands, and `--first n` goes on from where another run has ended:
//! several runs add up to a long one.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a check may panic")]

#[allow(dead_code, reason = "only the tests make logs lie and clients err")]
mod rooms;
#[cfg(test)]
mod tests;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use mimalloc::MiMalloc;
use rooms::plan::Wanted;
use rooms::{live_through, run};

/// As the server has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// How often it says how far it is.
const REPORTED: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!(
                "{message}\nusage: simulate [--commands N] [--seed N] [--threads N] [--first ROOM] [--minutes N] [--only ROOM]"
            );
            return ExitCode::from(2);
        }
    };
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

struct Options {
    commands: u64,
    seed: u64,
    threads: u64,
    first: u64,
    minutes: Option<u64>,
    only: Option<u64>,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options =
            Self { commands: 1_000_000, seed: 1, threads: 2, first: 0, minutes: None, only: None };
        while let Some(word) = words.next() {
            let number = words.next().and_then(|number| number.replace('_', "").parse().ok());
            let number: u64 = number.ok_or_else(|| format!("{word} needs a whole number"))?;
            match word.as_str() {
                "--commands" => options.commands = number,
                "--seed" => options.seed = number,
                "--threads" => options.threads = number.max(1),
                "--first" => options.first = number,
                "--minutes" => options.minutes = Some(number),
                "--only" => options.only = Some(number),
                _ => return Err(format!("{word} is not an option")),
            }
        }
        Ok(options)
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
