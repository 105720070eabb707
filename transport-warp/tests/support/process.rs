//! The server in a separate process.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::server::LONG;

pub(crate) const STONEPOT: &str = env!("CARGO_BIN_EXE_stonepot");

/// The program with this data folder on a free port. The address is set by its variable, so
/// that `--addr` can override it.
pub(crate) fn stonepot(data: &Path) -> Command {
    let mut command = Command::new(STONEPOT);
    command.env("STONEPOT_ADDR", "127.0.0.1:0").arg("--data").arg(data);
    command
}

/// A server in a separate process. Killed at the end of the test.
pub(crate) struct Running {
    child: Option<Child>,
    pub(crate) addr: SocketAddr,
    pub(crate) greeting: String,
}

impl Running {
    /// Starts it, and waits until it prints its address.
    pub(crate) fn start(mut command: Command) -> Self {
        command.stderr(Stdio::piped());
        Self::start_with_stderr(command)
    }

    /// As [`Running::start`], with standard error as set in the command.
    pub(crate) fn start_with_stderr(command: Command) -> Self {
        let mut running = Self::greeted(Self::spawn_with_stderr(command, SocketAddr::from(([0; 4], 0))));
        let (_, rest) = running.greeting.split_once("http://").unwrap_or_else(|| panic!("it did not start"));
        running.addr = rest.split_once('/').unwrap().0.parse().unwrap();
        running
    }

    /// As [`Running::start`], for a server whose address is known.
    pub(crate) fn start_at(command: Command, addr: SocketAddr) -> Self {
        Self::greeted(Self::spawn(command, addr))
    }

    /// Waits until it prints its address.
    fn greeted(mut running: Self) -> Self {
        let stdout = running.child.as_mut().unwrap().stdout.take().unwrap();
        for line in BufReader::new(stdout).lines() {
            let line = line.unwrap();
            running.greeting.push_str(&line);
            running.greeting.push('\n');
            if line.contains("Ctrl-C") {
                break;
            }
        }
        running
    }

    pub(crate) fn spawn(mut command: Command, addr: SocketAddr) -> Self {
        command.stderr(Stdio::piped());
        Self::spawn_with_stderr(command, addr)
    }

    /// As [`Running::start`], with standard error as set in the command.
    fn spawn_with_stderr(mut command: Command, addr: SocketAddr) -> Self {
        let child = command.stdout(Stdio::piped()).spawn().unwrap();
        Self { child: Some(child), addr, greeting: String::new() }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.as_mut().unwrap().try_wait().unwrap().is_none()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Waits for its end; returns its output.
    pub(crate) fn ended(mut self) -> Output {
        end_of(self.child.take().unwrap())
    }

    /// Stops it with a signal; returns its log.
    pub(crate) fn stop(self, signal: &str) -> String {
        self.signal(signal);
        let output = self.ended();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Waits for a process, or kills it if it takes too long. Reads its output meanwhile, so
/// that it does not block.
pub(crate) fn end_of(mut child: Child) -> Output {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let out = std::thread::spawn(move || read_all(stdout));
    let err = std::thread::spawn(move || read_all(stderr));
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > LONG {
            drop(child.kill());
            drop(child.wait());
            panic!("it did not end: {}", String::from_utf8_lossy(&err.join().unwrap()));
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    Output { status, stdout: out.join().unwrap(), stderr: err.join().unwrap() }
}

fn read_all(pipe: Option<impl std::io::Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes).unwrap();
    }
    bytes
}
