//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  What one server pays:
    cargo tool price -- --server target/release/stonepot all

  Before and after a change, side by side:
    cargo tool price -- --server /tmp/stonepot-before,target/release/stonepot bills

  A quick look with smaller orders:
    cargo tool price -- --server target/release/stonepot --remembered 5000 --facts 2000 --dishes 500 --phones 50 --seconds 3 all

Each benchmark fills an order over real sockets, starts the server again, and measures with everything at its defaults but how
much may be sent and stored. Others are one guest at a quiet table who sends one command after the other; how long each waits is
told as p50 / p99 / max. Nothing but 127.0.0.1 is used. Figures of server and clients on the same two cores disturb each other:
compare columns, and close what else runs.";

/// Measures what requests cost a Stonepot server, and how long others wait meanwhile.
#[derive(Debug, Parser)]
#[command(name = "price", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// The servers to measure, separated by commas, such as an older and a newer one; each gets a column.
    #[arg(long, value_name = "PATH", required = true, value_delimiter = ',')]
    pub(crate) server: Vec<PathBuf>,
    /// What to measure.
    #[arg(value_enum)]
    pub(crate) what: What,
    /// gets: how many GETs of one order at rest, all at once.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=400))]
    pub(crate) gets: u32,
    /// gets: how many ids of commands that order remembers.
    #[arg(long, default_value_t = 60_000, value_parser = clap::value_parser!(u32).range(100..=60_000))]
    pub(crate) remembered: u32,
    /// returns: how many phones of the first protocol reconnect at once.
    #[arg(long, default_value_t = 450, value_parser = clap::value_parser!(u32).range(1..=450))]
    pub(crate) phones: u32,
    /// returns, bills: how many dishes the largest table has, each shared by two.
    #[arg(long, default_value_t = 4_990, value_parser = clap::value_parser!(u32).range(10..=4_990))]
    pub(crate) dishes: u32,
    /// returns, bills: how many people are at that table.
    #[arg(long, default_value_t = 250, value_parser = clap::value_parser!(u32).range(3..=250))]
    pub(crate) people: u32,
    /// bills: how many bills a second one guest asks for.
    #[arg(long, default_value_t = 45, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) bills_a_second: u32,
    /// histories: how many changes the order has.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=60_000))]
    pub(crate) facts: u32,
    /// histories: how many people read its history, each one page after another.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) readers: u32,
    /// bills, histories: how long to measure, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) seconds: u32,
    /// Where the servers keep their data, in a folder that is removed afterwards; by default a
    /// temporary folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// The benchmarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// Many GETs of one order that is not in memory and remembers many commands.
    Gets,
    /// Phones of the first protocol that all reconnect to the largest table at once.
    Returns,
    /// One guest of the largest table who asks for the bill again and again.
    Bills,
    /// People who read pages of the history of a long order.
    Histories,
    /// All of them.
    All,
}

impl Cli {
    /// Checks what `clap` cannot see by looking at one argument.
    ///
    /// # Errors
    /// What is wrong, in words for the person who typed it.
    pub(crate) fn check(&self) -> Result<(), String> {
        for server in &self.server {
            if !server.is_file() {
                return Err(format!(
                    "there is no program at {} (build it with `cargo build --release -p transport-warp`)",
                    server.display()
                ));
            }
        }
        Ok(())
    }
}
