//! The command line.

use std::path::PathBuf;

use clap::Parser;
use tools::whole::{at_least_one, whole};

const EXAMPLE: &str = "\
Examples:
  A hundred thousand power cuts; some ten minutes:
    cargo tool power -- --cuts 100_000 --seed 1

  A broken promise once more; the tool prints this line when it finds one:
    cargo tool power -- --replay /tmp/stonepot-power-1.record --position 4711 --luck 42

Linux only, with a C compiler (`cc`, or the one that CC names). The exit code is 1 if a promise is broken.";

/// Cuts the power of a simulated disk at random moments of real runs, and checks that everything that anybody was told is there.
#[derive(Debug, Parser)]
#[command(name = "power", version, after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// How many power cuts there are, at least.
    #[arg(long, value_name = "CUTS", default_value = "10_000", value_parser = whole)]
    pub(crate) cuts: u64,
    /// What the runs and the cuts follow from; how the threads of a run interleave does not.
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = whole)]
    pub(crate) seed: u64,
    /// How many threads look at what is left [default: one for each processor].
    #[arg(long, value_name = "THREADS", value_parser = at_least_one)]
    pub(crate) threads: Option<u64>,
    /// Replays this record of a broken promise instead.
    #[arg(long, value_name = "FILE", requires = "position")]
    pub(crate) replay: Option<PathBuf>,
    /// With --replay: how many events had happened.
    #[arg(long, value_name = "EVENTS", requires = "replay")]
    pub(crate) position: Option<usize>,
    /// With --replay: the seed of what the disk lost, if the power was cut.
    #[arg(long, value_name = "NUMBER", requires = "replay")]
    pub(crate) luck: Option<u64>,
}
