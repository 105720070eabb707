//! The command line.

use std::env;
use std::path::PathBuf;

use crate::Outcome;

pub(crate) const USAGE: &str = "\
Cuts the power of a simulated disk, at random moments of real runs of the room loop over the SQLite log, and looks for
whatever anybody had been told. Linux only.

  cargo tool power -- [--cuts N] [--seed N] [--threads N]
  cargo tool power -- --replay RECORD --position N [--luck N]

  --cuts N       power cuts, at least [10000]
  --seed N       what is random follows from it [1]; how the threads of a run interleave does not
  --threads N    how many look at what is left [one for each processor]
  --replay FILE  let happen again, exactly, what broke a promise; the check prints the rest of the line";

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) cuts: Option<u64>,
    pub(crate) seed: Option<u64>,
    pub(crate) threads: Option<usize>,
    pub(crate) replay: Option<PathBuf>,
    pub(crate) position: Option<usize>,
    pub(crate) luck: Option<u64>,
}

impl Arguments {
    pub(crate) fn read() -> Outcome<Self> {
        let mut arguments = Self::default();
        let mut words = env::args().skip(1);
        while let Some(option) = words.next() {
            let value = words.next().ok_or(USAGE)?;
            match option.as_str() {
                "--cuts" => arguments.cuts = Some(value.parse()?),
                "--seed" => arguments.seed = Some(value.parse()?),
                "--threads" => arguments.threads = Some(value.parse()?),
                "--replay" => arguments.replay = Some(value.into()),
                "--position" => arguments.position = Some(value.parse()?),
                "--luck" => arguments.luck = Some(value.parse()?),
                _ => return Err(USAGE.into()),
            }
        }
        Ok(arguments)
    }
}
