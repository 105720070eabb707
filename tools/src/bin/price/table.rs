//! Formats the measurements as a table.

use std::fmt;
use std::time::Duration;

use crate::args::Cli;
use tools::environment::Environment;
use tools::latencies::Latencies;

/// The result of one server in one benchmark: names and figures, with the same names for
/// each server.
#[derive(Debug, Default)]
pub(crate) struct Column(pub(crate) Vec<(&'static str, String)>);

impl Column {
    /// Adds a figure.
    pub(crate) fn add(&mut self, name: &'static str, figure: String) {
        self.0.push((name, figure));
    }

    /// Adds how long the commands of others took.
    pub(crate) fn add_waits(&mut self, waits: &Latencies) {
        let millis = |part| waits.at(part) / 1_000.0;
        let figure = format!("{:.1} / {:.1} / {:.1} ms", millis(0.5), millis(0.99), millis(1.0));
        self.add("others waited, p50 / p99 / max", figure);
    }
}

/// All measurements.
#[derive(Debug)]
pub(crate) struct Table {
    machine: String,
    servers: Vec<String>,
    sections: Vec<(String, Vec<Column>)>,
}

impl Table {
    /// Makes an empty table.
    pub(crate) fn new(cli: &Cli, environment: &Environment) -> Self {
        let Environment { cores, processor, file_system, fsync, load_average, .. } = environment;
        let machine = format!(
            "{cores} cores of {processor}; {file_system}, an fsync takes {:.2} ms; load average {load_average}",
            fsync.as_secs_f64() * 1_000.0
        );
        let servers = cli.server.iter().map(|server| server.display().to_string()).collect();
        Self { machine, servers, sections: Vec::new() }
    }

    /// Adds a benchmark, with a column for each server.
    pub(crate) fn add(&mut self, title: String, columns: Vec<Column>) {
        self.sections.push((title, columns));
    }

    /// The rows of a benchmark: a name, and the figure of each server.
    fn rows(columns: &[Column]) -> Vec<Vec<&str>> {
        let Some(first) = columns.first() else { return Vec::new() };
        let row = |(nth, (name, _)): (usize, &(&'static str, String))| {
            let figures =
                columns.iter().map(|column| column.0.get(nth).map_or("", |(_, figure)| figure.as_str()));
            std::iter::once(*name).chain(figures).collect()
        };
        first.0.iter().enumerate().map(row).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.machine)?;
        let head: Vec<&str> = std::iter::once("").chain(self.servers.iter().map(String::as_str)).collect();
        let sections: Vec<_> =
            self.sections.iter().map(|(title, columns)| (title, Self::rows(columns))).collect();
        let lines = || std::iter::once(&head).chain(sections.iter().flat_map(|(_, rows)| rows));
        let width =
            |nth: usize| lines().filter_map(|line| line.get(nth)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..head.len()).map(|nth| width(nth).unwrap_or_default()).collect();
        let line = |out: &mut fmt::Formatter<'_>, cells: &[&str]| {
            for (nth, (cell, width)) in cells.iter().zip(&widths).enumerate() {
                if nth == 0 { write!(out, "  {cell:<width$}")? } else { write!(out, "  {cell:>width$}")? }
            }
            writeln!(out)
        };
        line(out, &head)?;
        for (title, rows) in &sections {
            writeln!(out, "{title}")?;
            for cells in rows {
                line(out, cells)?;
            }
        }
        Ok(())
    }
}

/// Formats a number of bytes, in a suitable unit.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn bytes(bytes: u64) -> String {
    let kib = bytes as f64 / 1024.0;
    if kib < 1024.0 {
        format!("{kib:.1} KiB")
    } else if kib < 1024.0 * 1024.0 {
        format!("{:.1} MiB", kib / 1024.0)
    } else {
        format!("{:.2} GiB", kib / (1024.0 * 1024.0))
    }
}

/// Formats a number of bytes over a time as a rate.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "three digits are shown"
)]
pub(crate) fn rate(sum: u64, time: Duration) -> String {
    format!("{} a second", bytes((sum as f64 / time.as_secs_f64().max(0.001)) as u64))
}
