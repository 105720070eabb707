//! `cargo run --release -p transport-warp --example price -- --help`: measures what a server pays for what it is asked, and how
//! long others wait meanwhile; of two servers, such as an older and a newer one, in one table.

pub(crate) mod args;
pub(crate) mod bench;
mod bills;
mod cost;
mod gets;
mod histories;
mod orders;
mod quiet;
mod returns;
mod socket;
mod table;

// What the load has as well, of which not all is needed here.
#[allow(dead_code)]
#[path = "../load/child.rs"]
mod child;
#[allow(dead_code)]
#[path = "../load/environment.rs"]
mod environment;
#[allow(dead_code)]
#[path = "../load/frames.rs"]
mod frames;
#[allow(dead_code)]
#[path = "../load/latencies.rs"]
mod latencies;
#[allow(dead_code)]
#[path = "../load/upgrade.rs"]
mod upgrade;
#[allow(dead_code)]
#[path = "../load/usage.rs"]
mod usage;

use std::process::ExitCode;

use clap::Parser as _;

use args::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(wrong) = cli.check() {
        eprintln!("price: {wrong}");
        return ExitCode::from(2);
    }
    match bench::all(&cli) {
        Ok(table) => {
            print!("{table}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("price: {error}");
            ExitCode::FAILURE
        }
    }
}
