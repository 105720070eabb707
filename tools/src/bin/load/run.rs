//! One run: the load's threads against one server, and the cost of both while measuring.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;
use tokio::task::LocalSet;

use crate::args::{LoadArgs, Protocol};
use crate::crowd::{self, Task, Window};
use crate::figures::Figures;
use crate::script::Script;
use crate::tokens::Tokens;
use tools::usage::{Look, Usage, resident_kib};

/// How often to check whether a thread has given up.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The server's resident memory, in KiB.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// Before any participant connected.
    pub(crate) before: Option<u64>,
    /// With all participants connected and all rooms filled.
    pub(crate) connected: Option<u64>,
    /// At the end of the measurement, with all participants still connected.
    pub(crate) end: Option<u64>,
}

/// The results of one run.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// What the participants measured.
    pub(crate) figures: Figures,
    /// The measured time, in seconds.
    pub(crate) seconds: f64,
    /// What the server and the load used of the cores while measuring.
    pub(crate) usage: Usage,
    /// The server's memory.
    pub(crate) memory: Memory,
    /// From the server's start until it accepted a connection.
    pub(crate) started_in: Option<Duration>,
    /// From the server's start until the first participant had joined.
    pub(crate) joined_in: Option<Duration>,
    /// From the request to stop until the server was gone.
    pub(crate) stopped_in: Option<Duration>,
}

impl Run {
    /// The rate of a count, per second.
    pub(crate) fn rate(&self, times: u64) -> f64 {
        as_number(times) / self.seconds
    }

    /// The mean payload of a delivery, in bytes.
    pub(crate) fn frame_bytes(&self) -> f64 {
        as_number(self.figures.delivered_bytes) / as_number(self.figures.deliveries.max(1))
    }
}

/// Converts a count to a floating-point number.
#[expect(clippy::cast_precision_loss, reason = "nothing that is counted here comes near 2^53")]
pub(crate) fn as_number(count: u64) -> f64 {
    count as f64
}

type Crew = Vec<JoinHandle<io::Result<Figures>>>;

/// What the load talks to.
#[derive(Debug)]
pub(crate) enum Peer {
    /// A server, with tokens if it requires sign-in.
    Server(Option<Tokens>),
    /// The yardstick.
    Echo,
}

/// Runs the load against `addr`. `pid` is the server's, if known.
///
/// # Errors
/// When the rooms cannot be joined or filled.
pub(crate) fn measure(args: &LoadArgs, addr: SocketAddr, pid: Option<u32>, peer: Peer) -> io::Result<Run> {
    let (echo, tokens) = match peer {
        Peer::Server(tokens) => (false, tokens),
        Peer::Echo => (true, None),
    };
    let mut memory = Memory { before: pid.and_then(resident_kib), ..Memory::default() };
    let (reached, arrivals) = mpsc::sync_channel(2 * args.threads as usize);
    let budget = args.commands.map(|commands| Arc::new(AtomicU64::new(commands)));
    let run = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let mut crew: Crew = Vec::new();
    let mut windows = Vec::new();
    for nth in 0..args.threads {
        let (open, window) = oneshot::channel();
        windows.push(open);
        let task = Task {
            addr,
            rooms: (0..args.rooms).filter(|room| room % args.threads == nth).collect(),
            script: Script {
                run: format!("{run:x}"),
                party: args.party.clone(),
                people: args.people,
                items: args.items,
                mix: args.mix,
                echo,
                v2: !echo && args.protocol == Protocol::V2,
                tokens: tokens.clone(),
            },
            in_flight: args.in_flight,
            think: (args.think_ms > 0).then(|| Duration::from_millis(args.think_ms)),
            budget: budget.clone(),
            patience: Duration::from_secs_f64(args.patience),
            reached: reached.clone(),
            window,
        };
        crew.push(thread::Builder::new().name(format!("load-{nth}")).spawn(move || work(task))?);
    }
    drop(reached);

    if !all_reach(&arrivals, &crew, None) {
        drop(windows);
        return Err(why_called_off(crew));
    }
    memory.connected = pid.and_then(resident_kib);
    let from = Instant::now() + Duration::from_secs_f64(args.warmup);
    let until = from + Duration::from_secs_f64(args.seconds);
    for window in windows {
        let _ = window.send(Window { from, until });
    }
    thread::sleep(from.saturating_duration_since(Instant::now()));
    let begin = Look::now(pid);
    all_reach(&arrivals, &crew, Some(until));
    let end = Look::now(pid);
    memory.end = pid.and_then(resident_kib);

    let mut figures = Figures::new();
    for thread in crew {
        figures.merge(joined(thread)?);
    }
    // If the commands ran out before the time did, the last echo is the end.
    let ended = figures.last_echo.filter(|_| end.is_before(until)).unwrap_or(until);
    Ok(Run {
        seconds: (ended - from).as_secs_f64().max(0.001),
        usage: begin.until(&end),
        figures,
        memory,
        started_in: None,
        joined_in: None,
        stopped_in: None,
    })
}

fn work(task: Task) -> io::Result<Figures> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, crowd::run(task))
}

/// Waits until every thread has reached the next step, or until `deadline`. Returns false
/// if one has given up.
fn all_reach(arrivals: &mpsc::Receiver<()>, crew: &Crew, deadline: Option<Instant>) -> bool {
    let mut missing = crew.len();
    while missing > 0 {
        let left = deadline.map_or(LOOK_EVERY, |at| at.saturating_duration_since(Instant::now()));
        if arrivals.recv_timeout(left.min(LOOK_EVERY)).is_ok() {
            missing -= 1;
        } else if deadline.is_some_and(|at| Instant::now() >= at) {
            return true;
        } else if crew.iter().any(JoinHandle::is_finished) {
            return false;
        }
    }
    true
}

/// The first thread's own error; threads that were only called off are ignored.
fn why_called_off(crew: Crew) -> io::Error {
    let mut troubles: Vec<io::Error> = crew.into_iter().filter_map(|thread| joined(thread).err()).collect();
    troubles.sort_by_key(|trouble| trouble.to_string() == crowd::CALLED_OFF);
    troubles.into_iter().next().unwrap_or_else(|| io::Error::other("a thread ended too early"))
}

fn joined(thread: JoinHandle<io::Result<Figures>>) -> io::Result<Figures> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread of the load panicked")))
}
