//! The report of the check.

use clap::Parser as _;

use crate::Outcome;
use crate::arguments::Arguments;
use crate::campaign::{self, Broken, Plan, Report};

/// Runs the check as the command line says. Returns whether every promise was kept.
pub(crate) fn run() -> Outcome<bool> {
    let arguments = Arguments::parse();
    if let (Some(record), Some(position)) = (&arguments.replay, arguments.position) {
        return Ok(match campaign::replay(record, position, arguments.luck) {
            Ok(found) => {
                println!("every promise was kept: {} facts were promised and there", found.promised);
                true
            }
            Err(how) => {
                println!("BROKEN: {how}");
                false
            }
        });
    }
    let mut plan = Plan::new(arguments.seed, arguments.cuts);
    if let Some(threads) = arguments.threads {
        plan.threads = usize::try_from(threads)?;
    }
    let outcome = campaign::run(&plan)?;
    match &outcome {
        Ok(report) => println!("{}", kept(&plan, report)),
        Err(broken) => println!("{}", said(&plan, broken)),
    }
    Ok(outcome.is_ok())
}

fn kept(plan: &Plan, report: &Report) -> String {
    let Report { cuts, at_risk, lives, events, counts, found, took } = report;
    format!(
        "\
seed {}: {cuts} power cuts in {lives} lives of the program, {events} events; {:.0} s
  not everything was synced at {at_risk} of them
  in their lives {} facts were stored, {} states shown, {} commands refused; {} syncs failed
  after the cuts {} promised facts were looked for, and every one was there
  {} more were there that nobody had been told of yet
every promise was kept",
        plan.seed,
        took.as_secs_f64(),
        counts.stored,
        counts.shown,
        counts.refused,
        counts.failed_syncs,
        found.promised,
        found.unpromised,
    )
}

fn said(plan: &Plan, Broken { how, position, luck, record }: &Broken) -> String {
    let luck = luck.map_or_else(String::new, |luck| format!(" --luck {luck}"));
    format!(
        "BROKEN with seed {}: {how}\nto see it again:\n  cargo tool power -- --replay {} --position {position}{luck}",
        plan.seed,
        record.display(),
    )
}
