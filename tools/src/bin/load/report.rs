//! The figures, as a table for people and as JSON for machines.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::args::LoadArgs;
use crate::campaign::{Column, Subject};
use crate::run::{Run, as_number};
use tools::environment::Environment;

/// One line of the table.
struct Metric {
    /// The label for people.
    label: &'static str,
    /// The key for machines.
    key: &'static str,
    digits: usize,
    of: fn(&Run) -> Option<f64>,
}

const fn metric(
    label: &'static str,
    key: &'static str,
    digits: usize,
    of: fn(&Run) -> Option<f64>,
) -> Metric {
    Metric { label, key, digits, of }
}

const METRICS: [Metric; 35] = [
    metric("commands/s", "commands_per_second", 0, |run| Some(run.rate(run.figures.commands))),
    metric("deliveries/s", "deliveries_per_second", 0, |run| Some(run.rate(run.figures.deliveries))),
    metric("received, MB/s", "megabytes_per_second", 1, |run| Some(run.rate(run.figures.bytes) / 1e6)),
    metric("frame payload, bytes", "frame_bytes", 0, |run| Some(run.frame_bytes())),
    metric("own echo p50, ms", "echo_ms_p50", 2, |run| Some(run.figures.echo.at(0.5) / 1e3)),
    metric("own echo p90, ms", "echo_ms_p90", 2, |run| Some(run.figures.echo.at(0.9) / 1e3)),
    metric("own echo p99, ms", "echo_ms_p99", 2, |run| Some(run.figures.echo.at(0.99) / 1e3)),
    metric("own echo max, ms", "echo_ms_max", 2, |run| Some(run.figures.echo.at(1.0) / 1e3)),
    metric("last participant p50, ms", "last_ms_p50", 2, |run| Some(run.figures.last.at(0.5) / 1e3)),
    metric("last participant p90, ms", "last_ms_p90", 2, |run| Some(run.figures.last.at(0.9) / 1e3)),
    metric("last participant p99, ms", "last_ms_p99", 2, |run| Some(run.figures.last.at(0.99) / 1e3)),
    metric("last participant max, ms", "last_ms_max", 2, |run| Some(run.figures.last.at(1.0) / 1e3)),
    metric("in flight in one room, most", "most_in_flight", 0, |run| {
        Some(as_number(run.figures.most_in_flight))
    }),
    metric("sent by one participant, fewest", "fewest_sent", 0, |run| {
        Some(as_number(run.figures.fewest_sent))
    }),
    metric("  most", "most_sent", 0, |run| Some(as_number(run.figures.most_sent))),
    metric("deliveries lost", "lost", 0, |run| Some(as_number(run.figures.lost))),
    metric("deliveries doubled", "doubled", 0, |run| Some(as_number(run.figures.doubled))),
    metric("broadcasts without a command", "strange", 0, |run| Some(as_number(run.figures.strange))),
    metric("rooms that disagree", "disagreements", 0, |run| Some(as_number(run.figures.disagreements.times))),
    metric("commands refused", "refused", 0, |run| Some(as_number(run.figures.refusals.times))),
    metric("sockets closed", "closed", 0, |run| Some(as_number(run.figures.closed.times))),
    metric("messages unreadable", "unreadable", 0, |run| Some(as_number(run.figures.unreadable.times))),
    metric("full states resent", "resyncs", 0, |run| Some(as_number(run.figures.resyncs))),
    metric("server's processor time, %", "server_percent", 0, |run| percent(run.usage.server)),
    metric("  of it for a command, µs", "server_micros_per_command", 1, |run| {
        Some(run.usage.server? * 1e6 / run.rate(run.figures.commands.max(1)))
    }),
    metric("load's processor time, %", "load_percent", 0, |run| percent(run.usage.load)),
    metric("core 0 idle, %", "first_core_idle_percent", 0, |run| percent(run.usage.first_core_idle)),
    metric("other cores idle, %", "other_cores_idle_percent", 0, |run| percent(run.usage.other_cores_idle)),
    metric("server memory at start, MiB", "memory_mib_before", 1, |run| mib(run.memory.before)),
    metric("  all joined, MiB", "memory_mib_connected", 1, |run| mib(run.memory.connected)),
    metric("  at the end, MiB", "memory_mib_end", 1, |run| mib(run.memory.end)),
    metric("server up in, ms", "started_ms", 0, |run| Some(run.started_in?.as_secs_f64() * 1e3)),
    metric("  first participant joined, ms", "joined_ms", 0, |run| Some(run.joined_in?.as_secs_f64() * 1e3)),
    metric("server down in, ms", "stopped_ms", 0, |run| Some(run.stopped_in?.as_secs_f64() * 1e3)),
    metric("measured, s", "seconds", 1, |run| Some(run.seconds)),
];

/// The rates that are compared with the yardstick's.
const COMPARED: [&str; 2] = ["commands_per_second", "deliveries_per_second"];

/// The width of a text in characters, as `format!` counts it.
fn width_of(text: &str) -> usize {
    text.chars().count()
}

fn percent(part: Option<f64>) -> Option<f64> {
    Some(part? * 100.0)
}

fn mib(kib: Option<u64>) -> Option<f64> {
    Some(as_number(kib?) / 1024.0)
}

/// Median, minimum and maximum.
struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let middle = values.get((values.len().checked_sub(1)?) / 2..=values.len() / 2)?;
        Some(Self {
            median: f64::midpoint(*middle.first()?, *middle.last()?),
            least: *values.first()?,
            most: *values.last()?,
        })
    }

    fn shown(&self, digits: usize, alone: bool) -> String {
        let Self { median, least, most } = self;
        if alone {
            format!("{median:.digits$}")
        } else {
            format!("{median:.digits$} [{least:.digits$} {most:.digits$}]")
        }
    }

    fn json(&self) -> Value {
        json!({"median": self.median, "min": self.least, "max": self.most})
    }
}

/// The ratio of this column's rate to the yardstick's, for each run.
fn ratios(column: &Column, echo: &Column, rate: &Metric) -> Option<Spread> {
    let pairs = column.runs.iter().zip(&echo.runs);
    Spread::of(pairs.filter_map(|(run, echo)| Some((rate.of)(run)? / (rate.of)(echo)?)).collect())
}

fn spread(column: &Column, metric: &Metric) -> Option<Spread> {
    Spread::of(column.runs.iter().filter_map(metric.of).collect())
}

fn yardsticks(columns: &[Column]) -> impl Iterator<Item = &Column> {
    columns.iter().filter(|column| matches!(column.subject, Subject::Echo(_)))
}

/// Describes what was measured, and where.
fn heading(args: &LoadArgs, environment: &Environment) -> String {
    let Environment { cores, processor, pinned, load_average, file_system, fsync } = environment;
    let pinned = match pinned {
        Some(others) if args.server.is_some() || args.yardstick => {
            format!("what is measured is pinned to core 0, the load to core {others}")
        }
        Some(others) => format!("the load is pinned to core {others}; the server runs where it was started"),
        None => "pinned by nobody here: server and load may share cores".to_owned(),
    };
    let mix = match args.mix {
        crate::args::Mix::UpdateQuantity => "update_quantity",
        crate::args::Mix::AddRemove => "add_item and remove_item in turn",
    };
    let pause = if args.think_ms > 0 { format!(", a pause of {} ms", args.think_ms) } else { String::new() };
    let place =
        if args.addr.is_some() { "--data (the running server's own may lie elsewhere)" } else { "data" };
    let profile =
        if cfg!(debug_assertions) { "\nNOT BUILT WITH --release: the load itself is slow" } else { "" };
    format!(
        "{} rooms x {} people x {} items, {mix}, closed loop, one command of each {} in flight{pause}; {} run(s) of {} s after {} s\n{cores} core(s) of \
         {processor}; load average before: {load_average}; {pinned}; {} load thread(s)\n{place} on {file_system}; one \
         write and fsync there takes {:.3} ms (median of 50){profile}\n",
        args.rooms,
        args.people,
        args.items,
        args.in_flight.name(),
        args.runs,
        args.seconds,
        args.warmup,
        args.threads,
        fsync.as_secs_f64() * 1e3,
    )
}

/// Formats the figures as a table.
pub(crate) fn table(args: &LoadArgs, environment: &Environment, columns: &[Column]) -> String {
    let alone = args.runs == 1;
    let mut rows: Vec<(String, Vec<Option<String>>)> = METRICS
        .iter()
        .map(|metric| {
            let cell = |column| spread(column, metric).map(|spread| spread.shown(metric.digits, alone));
            (metric.label.to_owned(), columns.iter().map(cell).collect())
        })
        .collect();
    for echo in yardsticks(columns) {
        for rate in METRICS.iter().filter(|metric| COMPARED.contains(&metric.key)) {
            let cell = |column: &Column| {
                let ratio = ratios(column, echo, rate).filter(|_| column.subject != echo.subject)?;
                Some(ratio.shown(2, alone))
            };
            let cells = columns.iter().map(cell).collect();
            rows.push((format!("{} as part of the {}'s", rate.label, echo.subject.name()), cells));
        }
    }
    // Rows that are empty in every column are left out.
    rows.retain(|(_, cells)| cells.iter().any(Option::is_some));

    let names: Vec<String> = columns.iter().map(|column| column.subject.name()).collect();
    let label_width = rows.iter().map(|(label, _)| width_of(label)).max().unwrap_or(0);
    let cells = rows.iter().flat_map(|(_, cells)| cells.iter().flatten());
    let width = cells.chain(&names).map(|text| width_of(text)).max().unwrap_or(0) + 2;
    let mut table = heading(args, environment);
    if !alone {
        table.push_str("median [least most]\n");
    }
    // Writing to a string cannot fail.
    let _ = write!(table, "\n{:label_width$}", "");
    for name in &names {
        let _ = write!(table, "{name:>width$}");
    }
    for (label, cells) in rows {
        let _ = write!(table, "\n{label:label_width$}");
        for cell in cells {
            let _ = write!(table, "{:>width$}", cell.as_deref().unwrap_or("-"));
        }
    }
    table.push('\n');
    table
}

/// Formats all figures as JSON.
pub(crate) fn json(args: &LoadArgs, environment: &Environment, columns: &[Column]) -> Value {
    let mut subjects = Map::new();
    for column in columns {
        let mut entry = Map::new();
        let by_key = |run: &Run| -> Map<String, Value> {
            METRICS.iter().map(|metric| (metric.key.to_owned(), json!((metric.of)(run)))).collect()
        };
        let run = |run: &Run| {
            let mut values = by_key(run);
            values.insert("faults".to_owned(), json!(run.figures.faults()));
            Value::Object(values)
        };
        entry.insert("runs".to_owned(), column.runs.iter().map(run).collect());
        for metric in &METRICS {
            entry.insert(metric.key.to_owned(), spread(column, metric).map_or(Value::Null, |it| it.json()));
        }
        for echo in yardsticks(columns) {
            for rate in METRICS.iter().filter(|metric| COMPARED.contains(&metric.key)) {
                let ratio = ratios(column, echo, rate).map_or(Value::Null, |it| it.json());
                entry.insert(format!("{}_of_{}", rate.key, echo.subject.name().replace(' ', "_")), ratio);
            }
        }
        subjects.insert(column.subject.name(), Value::Object(entry));
    }
    json!({
        "environment": {
            "cores": environment.cores,
            "processor": environment.processor,
            "load_pinned_to": environment.pinned,
            "load_average_before": environment.load_average,
            "file_system": environment.file_system,
            "fsync_ms_median": environment.fsync.as_secs_f64() * 1e3,
            "optimized": !cfg!(debug_assertions),
        },
        "load": {
            "rooms": args.rooms, "people": args.people, "items": args.items, "seconds": args.seconds,
            "warmup": args.warmup, "commands": args.commands, "think_ms": args.think_ms,
            "threads": args.threads, "runs": args.runs, "mix": format!("{:?}", args.mix),
            "in_flight": args.in_flight.name(),
        },
        "subjects": subjects,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_in_the_middle() {
        let spread = |values: &[f64]| {
            Spread::of(values.to_vec()).map(|Spread { median, least, most }| (median, least, most))
        };
        assert_eq!(spread(&[3.0, 1.0, 2.0]), Some((2.0, 1.0, 3.0)));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]), Some((2.5, 1.0, 4.0)));
        assert_eq!(spread(&[7.0]), Some((7.0, 7.0, 7.0)));
        assert_eq!(spread(&[]), None);
    }
}
