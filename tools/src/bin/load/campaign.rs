//! Runs the subjects in turns: a machine that becomes slower then slows all of them alike.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use crate::args::{Auth, EchoWrites, LoadArgs, LogKind};
use crate::run::{Peer, Run, measure};
use crate::tokens::Tokens;
use tools::child::{Served, start_itself, start_server};

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A server that is already running.
    Running(SocketAddr),
    /// The server, started with this log, with or without sign-in.
    Started(LogKind, Auth),
    /// The yardstick, with this way of writing.
    Echo(EchoWrites),
}

impl Subject {
    /// Its name in tables.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Running(addr) => addr.to_string(),
            Self::Started(log, Auth::Off) => log.name().to_owned(),
            Self::Started(log, Auth::Required) => format!("{}, signed in", log.name()),
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
    /// One entry for each run.
    pub(crate) runs: Vec<Run>,
}

/// Measures everything that was asked for. `data` is where the servers store their data.
///
/// # Errors
/// When a server cannot be started, or the rooms cannot be entered or filled.
pub(crate) fn all(args: &LoadArgs, data: &Path) -> io::Result<Vec<Column>> {
    let mut subjects: Vec<Subject> = Vec::new();
    subjects.extend(args.addr.map(Subject::Running));
    if args.server.is_some() {
        let mut logs = args.log.clone();
        logs.dedup();
        let mut auths = args.auth.clone();
        auths.dedup();
        for log in logs {
            subjects.extend(auths.iter().map(|auth| Subject::Started(log, *auth)));
        }
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
        Subject::Running(addr) => measure(args, addr, None, Peer::Server(None)),
        Subject::Started(log, auth) => {
            let folder = data.join(format!("run-{}", std::process::id()));
            fs::create_dir(&folder)?;
            let run = start_and_measure(args, log, auth, &folder);
            fs::remove_dir_all(&folder)?;
            run
        }
        Subject::Echo(writes) => against(args, start_echo(frame_bytes, writes, args.pin)?, Peer::Echo),
    }
}

fn start_and_measure(args: &LoadArgs, log: LogKind, auth: Auth, folder: &Path) -> io::Result<Run> {
    let shared = match auth {
        Auth::Off => None,
        Auth::Required => Some(Tokens::shared_in(folder)?),
    };
    let (tokens, keys) = shared.unzip();
    let program = args.server.as_deref().unwrap_or(Path::new("stonepot"));
    let mut options = vec!["--log".into(), log.name().into()];
    if let Some(keys) = keys {
        options.extend(["--auth".into(), "required".into(), "--auth-keys".into(), keys.into_os_string()]);
    }
    let served = start_server(program, options, folder, args.pin)?;
    against(args, served, Peer::Server(tokens))
}

fn start_echo(frame_bytes: u32, writes: EchoWrites, pin: bool) -> io::Result<Served> {
    let frame_bytes = frame_bytes.to_string();
    let fixed = ["echo-server", "--addr", "127.0.0.1:0", "--until-stdin-closes", "--writes", writes.name()];
    start_itself(fixed.into_iter().chain(["--frame-bytes", &frame_bytes]), pin)
}

fn against(args: &LoadArgs, served: Served, peer: Peer) -> io::Result<Run> {
    let echo = matches!(peer, Peer::Echo);
    let mut run = measure(args, served.addr, Some(served.pid()), peer)?;
    run.started_in = Some(served.started_in);
    // The yardstick has no joins.
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
