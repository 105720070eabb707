//! Drives a Stonepot server over real WebSockets, checks every message that comes back, and measures, beside a bare echo
//! server as the yardstick.

mod agreement;
mod args;
mod campaign;
mod crowd;
mod echo;
mod echo_warp;
mod envelope;
mod figures;
mod ledger;
mod payload;
#[cfg(test)]
mod rehearsal;
mod report;
mod run;
mod script;
mod seat;
mod step;
mod tokens;
mod wording;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;
use tempfile::TempDir;

use crate::args::{Cli, LoadArgs, Role};
use tools::child;
use tools::environment::Environment;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.role {
        Some(Role::EchoServer(args)) => {
            echo::serve(args, |addr| println!("{}{addr}", child::READY)).map(|()| true)
        }
        None => match cli.load.check() {
            Ok(()) => load(&cli.load),
            Err(wrong) => {
                eprintln!("load: {wrong}");
                return ExitCode::from(2);
            }
        },
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("load: not every message came as it should have; see FAULT above");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the load. Returns whether everything arrived as it should have.
fn load(args: &LoadArgs) -> io::Result<bool> {
    enough_files(args)?;
    let (data, _temporary) = data_folder(args)?;
    let mut environment = Environment::look(&data)?;
    if args.pin {
        environment.pinned = Some(child::pin_load(environment.cores)?);
    }
    let columns = campaign::all(args, &data)?;
    print!("{}", report::table(args, &environment, &columns));
    if let Some(path) = &args.json {
        fs::write(path, format!("{:#}\n", report::json(args, &environment, &columns)))?;
    }
    Ok(columns.iter().flat_map(|column| &column.runs).all(|run| run.figures.faults().is_empty()))
}

fn data_folder(args: &LoadArgs) -> io::Result<(PathBuf, Option<TempDir>)> {
    if let Some(data) = &args.data {
        fs::create_dir_all(data)
            .map_err(|error| io::Error::other(format!("--data {}: {error}", data.display())))?;
        return Ok((data.clone(), None));
    }
    let temporary = TempDir::with_prefix("stonepot-load-")?;
    Ok((temporary.path().to_owned(), Some(temporary)))
}

/// Checks the limit of open files: each participant needs one, here and in the server,
/// which inherits our limit.
fn enough_files(args: &LoadArgs) -> io::Result<()> {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft =
        limit.and_then(|line| line.split_whitespace().next()).and_then(|soft| soft.parse::<u64>().ok());
    let needed = u64::from(args.rooms) * u64::from(args.people) + 64;
    match soft {
        Some(soft) if soft < needed => Err(io::Error::other(format!(
            "{needed} files must be open at once but the limit is {soft}: run `ulimit -n {needed}` first"
        ))),
        _ => Ok(()),
    }
}
