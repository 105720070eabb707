//! The program `stonepot`, as a process that can be killed.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A server on a free port of this machine. Killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) addr: SocketAddr,
}

impl Server {
    /// Starts it without waiting until it listens.
    pub(crate) fn spawn(log: &str, data: &Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_stonepot"))
            .args(["--addr", "127.0.0.1:0", "--log", log, "--data"])
            .arg(data)
            .env("RUST_LOG", "off")
            .env("STONEPOT_MESSAGE_RATE", "0")
            .env("STONEPOT_PARTICIPANT_RATE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, addr: SocketAddr::from(([127, 0, 0, 1], 0)) }
    }

    /// Starts it, and waits until it prints its address.
    pub(crate) fn start(log: &str, data: &Path) -> Self {
        let mut server = Self::spawn(log, data);
        let lines = BufReader::new(server.child.stdout.take().unwrap()).lines();
        let addr = lines.map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("http://")?;
            rest.split('/').next()?.parse().ok()
        });
        server.addr = addr.unwrap_or_else(|| panic!("the server did not start"));
        server
    }

    /// Ends it with SIGKILL, which cannot be handled.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
