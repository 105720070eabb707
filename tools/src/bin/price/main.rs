//! Measures what a server pays for what it is asked, and how
//! long others wait meanwhile; of two servers, such as an older and a newer one, in one table.

mod args;
mod bench;
mod bills;
mod cost;
mod gets;
mod histories;
mod orders;
mod quiet;
mod returns;
mod socket;
mod table;

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
