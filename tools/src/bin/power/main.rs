//! Cuts the power of a simulated disk that loses what was not synced.
//!
//! The program under test is the real one: rooms over [`order_host::log::SqliteLog`], with
//! SQLite's own file access. It runs as a separate process with `recorder.c` preloaded,
//! which records every write, sync, name and length in order, together with what the log
//! and the clients were told. The process is killed at some moment. Then, for random
//! moments of the record, the [`disk`] computes what a power cut could have left, the log
//! is opened on that, and everything that was acknowledged by then has to be there
//! ([`promises`], [`verdict`]).
#![forbid(unsafe_code)]
#![allow(clippy::indexing_slicing, reason = "a wrong index is a bug of the check, and should stop it")]

use std::error::Error;

#[cfg(target_os = "linux")]
mod arguments;
#[cfg(target_os = "linux")]
mod campaign;
#[cfg(target_os = "linux")]
mod disk;
#[cfg(target_os = "linux")]
mod life;
#[cfg(target_os = "linux")]
mod marks;
#[cfg(target_os = "linux")]
mod outage;
#[cfg(target_os = "linux")]
mod phone;
#[cfg(target_os = "linux")]
mod promises;
#[cfg(target_os = "linux")]
mod record;
#[cfg(target_os = "linux")]
mod recorder;
#[cfg(target_os = "linux")]
mod report;
#[cfg(all(target_os = "linux", test))]
mod tests;
#[cfg(target_os = "linux")]
mod verdict;
#[cfg(target_os = "linux")]
mod watched;

/// A result, or why the check itself failed.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    use std::process::ExitCode;
    let done =
        if std::env::var_os(life::MODE).is_some() { life::live().map(|()| true) } else { report::run() };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> Outcome<()> {
    Err("the recorder of writes and syncs is for Linux".into())
}
