//! The program `stonepot`: the server, its backups, bills on the command line, and tokens
//! to sign in with.

mod arguments;
mod backup;
mod logging;
mod open_files;
mod reach;
mod resume_key;
mod server;
mod signals;
mod split;
mod table;
mod token;
mod units;
mod verify;
mod width;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use mimalloc::MiMalloc;

use crate::arguments::{Arguments, Command};
use crate::split::Outcome;

/// A message is some kilobytes that are allocated, written to a few sockets and freed.
/// glibc's allocator merges and splits such blocks each time, which took a tenth of the
/// server's time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let Arguments { command, serve } = Arguments::read();
    let ended: Result<ExitCode, Box<dyn Error>> = match command.unwrap_or(Command::Serve(serve)) {
        Command::Serve(serve) => server::run(&serve).map(|()| ExitCode::SUCCESS).map_err(Into::into),
        Command::Split(split) => match split::run(&split) {
            Ok(Outcome::AllDivided) => Ok(ExitCode::SUCCESS),
            Ok(Outcome::SomeRefused) => Ok(ExitCode::FAILURE),
            Err(error) => Err(error.into()),
        },
        Command::Verify(verify) => match verify::run(&verify) {
            Ok(true) => Ok(ExitCode::SUCCESS),
            Ok(false) => Ok(ExitCode::FAILURE),
            Err(error) => Err(error.into()),
        },
        Command::Backup(backup) => backup::run(&backup).map(|()| ExitCode::SUCCESS).map_err(Into::into),
        Command::Token(token) => token::run(&token).map(|()| ExitCode::SUCCESS).map_err(Into::into),
    };
    ended.unwrap_or_else(|error| {
        // Not through the log: it must appear whatever RUST_LOG says. If it cannot be written, the
        // exit code must do.
        drop(writeln!(std::io::stderr(), "stonepot: {error}"));
        ExitCode::FAILURE
    })
}
