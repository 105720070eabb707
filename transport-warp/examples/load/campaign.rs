//! The runs, taking turns: a machine that grows slower slows everybody down alike.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use crate::args::{EchoWrites, LoadArgs, LogKind};
use crate::child::{Served, start_echo, start_server};
use crate::run::{Run, measure};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A server that runs already.
    Running(SocketAddr),
    /// The server, started with this log.
    Started(LogKind),
    /// The yardstick, writing like this.
    Echo(EchoWrites),
}

impl Subject {
    /// Its name in tables.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Running(addr) => addr.to_string(),
            Self::Started(log) => log.name().to_owned(),
            Self::Echo(EchoWrites::Direct) => "echo".to_owned(),
            Self::Echo(EchoWrites::Batched) => "batched echo".to_owned(),
            Self::Echo(EchoWrites::Warp) => "warp echo".to_owned(),
        }
    }
}

/// A subject and its runs.
#[derive(Debug)]
pub(crate) struct Column {
    /// What was measured.
    pub(crate) subject: Subject,
    /// Run by run.
    pub(crate) runs: Vec<Run>,
}

/// Measures everything that was asked for; `data` is for what the servers store.
///
/// # Errors
/// When a server cannot be started, or the rooms cannot be entered or filled.
pub(crate) fn all(args: &LoadArgs, data: &Path) -> io::Result<Vec<Column>> {
    let mut subjects: Vec<Subject> = Vec::new();
    subjects.extend(args.addr.map(Subject::Running));
    if args.server.is_some() {
        let mut logs = args.log.clone();
        logs.dedup();
        subjects.extend(logs.into_iter().map(Subject::Started));
    }
    if args.yardstick {
        let mut writes = args.echo_writes.clone();
        writes.dedup();
        subjects.extend(writes.into_iter().map(Subject::Echo));
    }
    let column = |subject| Column { subject, runs: Vec::new() };
    let mut columns: Vec<Column> = subjects.into_iter().map(column).collect();
    for nth in 1..=args.runs {
        // The yardstick's frames are as long as those of the server that ran just before.
        let mut frame_bytes = args.frame_bytes;
        for column in &mut columns {
            let run = one(args, column.subject, data, frame_bytes.unwrap_or(0))
                .map_err(|error| io::Error::other(format!("{}: {error}", column.subject.name())))?;
            frame_bytes = frame_bytes.or(Some(rounded(run.frame_bytes())));
            tell(nth, args.runs, column.subject, &run);
            column.runs.push(run);
        }
    }
    Ok(columns)
}

fn one(args: &LoadArgs, subject: Subject, data: &Path, frame_bytes: u32) -> io::Result<Run> {
    match subject {
        Subject::Running(addr) => measure(args, addr, None, false),
        Subject::Started(log) => {
            let folder = data.join(format!("run-{}", std::process::id()));
            fs::create_dir(&folder)?;
            let program = args.server.as_deref().unwrap_or(Path::new("stonepot"));
            let run =
                start_server(program, log, &folder, args.pin).and_then(|served| against(args, served, false));
            fs::remove_dir_all(&folder)?;
            run
        }
        Subject::Echo(writes) => against(args, start_echo(frame_bytes, writes, args.pin)?, true),
    }
}

fn against(args: &LoadArgs, served: Served, echo: bool) -> io::Result<Run> {
    let mut run = measure(args, served.addr, Some(served.pid()), echo)?;
    run.started_in = Some(served.started_in);
    // The yardstick knows no joins.
    run.joined_in = run.figures.first_join.filter(|_| !echo).map(|joined| joined - served.begun);
    run.stopped_in = Some(served.stop());
    Ok(run)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a frame has 256 bytes to 8 MiB")]
fn rounded(bytes: f64) -> u32 {
    bytes.round().clamp(256.0, 8_388_608.0) as u32
}

fn tell(nth: u32, runs: u32, subject: Subject, run: &Run) {
    let commands = run.rate(run.figures.commands);
    eprintln!("run {nth} of {runs}, {}: {commands:.0} commands/s", subject.name());
    for fault in run.figures.faults() {
        eprintln!("  FAULT: {fault}");
    }
}
