//! Starts, measures and stops the processes of this tool.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to start.
const START_PATIENCE: Duration = Duration::from_secs(20);
/// How long a server may take to stop before it is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(15);
/// How often to check whether it has started, or stopped.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How much of a failed server's output is shown.
const WORDS_SHOWN: usize = 2_000;

/// What a started program prints before its address when it is ready.
pub const READY: &str = "listening on ";

/// A process that is killed at the latest when this is dropped.
#[derive(Debug)]
pub struct Served {
    child: Child,
    /// The address on which it listens.
    pub addr: SocketAddr,
    /// When it was started.
    pub begun: Instant,
    /// The time from its start until it accepted a connection.
    pub started_in: Duration,
}

/// The core to which the measured process is pinned; the load gets the others.
pub const SERVER_CORE: &str = "0";

/// Starts `stonepot serve` with `options` on a free port and waits until it listens.
///
/// # Errors
/// When it cannot be started or does not listen in time; the error has its last output.
pub fn start_server(
    program: &Path,
    options: impl IntoIterator<Item = impl AsRef<OsStr>>,
    data: &Path,
    pin: bool,
) -> io::Result<Served> {
    let addr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let words = data.join("server.out");
    let out = File::create(&words)?;
    let mut command = command(program, pin);
    command.arg("serve").args(["--addr", &addr.to_string(), "--data"]).arg(data);
    // More than can be measured, so that the cost of counting is included.
    command.args(["--message-rate", "1000000", "--message-burst", "1000000"]);
    command.args(["--participant-rate", "1000000", "--participant-burst", "1000000"]);
    for whose in ["participant", "address"] {
        command.args([format!("--{whose}-log-rate"), "1024MiB".to_owned()]);
        command.args([format!("--{whose}-log-burst"), "1024MiB".to_owned()]);
    }
    command.args(["--max-order-log", "1024MiB"]);
    command.args(options);
    command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
    let begun = Instant::now();
    let mut child = spawn(command, program)?;
    loop {
        if TcpStream::connect(addr).is_ok() {
            return Ok(Served { child, addr, begun, started_in: begun.elapsed() });
        }
        let gone = child.try_wait()?;
        if gone.is_some() || begun.elapsed() > START_PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            let words = fs::read_to_string(&words).unwrap_or_default();
            let words = words.get(words.len().saturating_sub(WORDS_SHOWN)..).unwrap_or(&words).trim();
            let how =
                gone.map_or("did not listen in time".to_owned(), |status| format!("ended with {status}"));
            return Err(io::Error::other(format!("{} {how}; it said: {words}", program.display())));
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// Starts this program with other arguments, and waits until it prints its address.
///
/// # Errors
/// When it cannot be started.
pub fn start_itself(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, pin: bool) -> io::Result<Served> {
    let program = std::env::current_exe()?;
    let mut command = command(&program, pin);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let begun = Instant::now();
    let mut child = spawn(command, &program)?;
    let mut line = String::new();
    if let Some(out) = child.stdout.take() {
        BufReader::new(out).read_line(&mut line)?;
    }
    if let Some(addr) = line.trim().strip_prefix(READY).and_then(|addr| addr.parse().ok()) {
        return Ok(Served { child, addr, begun, started_in: begun.elapsed() });
    }
    let _ = child.kill();
    let _ = child.wait();
    Err(io::Error::other("the program did not come up a second time"))
}

/// Pins this process, with all its future threads, to every core but the server's.
///
/// # Errors
/// When `taskset` is missing or refuses.
pub fn pin_load(cores: usize) -> io::Result<String> {
    if cores < 2 {
        return Err(io::Error::other("--pin needs at least two cores"));
    }
    let others = if cores == 2 { "1".to_owned() } else { format!("1-{}", cores - 1) };
    let me = std::process::id().to_string();
    let done = Command::new("taskset").args(["-a", "-c", "-p", &others, &me]).stdout(Stdio::null()).status();
    match done {
        Ok(status) if status.success() => Ok(others),
        Ok(status) => Err(io::Error::other(format!("taskset ended with {status}"))),
        Err(error) => Err(io::Error::other(format!("--pin needs `taskset` (util-linux): {error}"))),
    }
}

fn command(program: &Path, pin: bool) -> Command {
    if pin {
        let mut command = Command::new("taskset");
        command.args(["-c", SERVER_CORE]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

fn spawn(mut command: Command, program: &Path) -> io::Result<Child> {
    command.spawn().map_err(|error| io::Error::other(format!("{} cannot be run: {error}", program.display())))
}

impl Served {
    /// Its process id. `taskset` replaces itself by the program it starts, so the id is the
    /// program's.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop and waits, or kills it. Returns how long that took.
    pub fn stop(mut self) -> Duration {
        let begun = Instant::now();
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        while begun.elapsed() < STOP_PATIENCE {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return begun.elapsed();
            }
            thread::sleep(LOOK_EVERY);
        }
        begun.elapsed()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
