//! The server `stonepot`.

mod arguments;
mod logging;
mod open_files;
mod server;
mod signals;
mod units;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let Arguments { command, serve } = Arguments::parse();
    let Command::Serve(serve) = command.unwrap_or(Command::Serve(serve));
    match server::run(&serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not through the log: it must be seen whatever RUST_LOG says.
            // If nobody can read it, the exit code says it all.
            drop(writeln!(std::io::stderr(), "stonepot: {error}"));
            ExitCode::FAILURE
        }
    }
}
