//! Requests as browsers send them, to a server in a separate process.

use std::net::SocketAddr;
use std::process::Command;

use crate::process::{Running, STONEPOT};
use crate::server::{Answer, HANDSHAKE, ROOM, ask};

/// Starts a server with these options, without sign-in and without a data folder.
pub(crate) fn server(options: &[&str]) -> Running {
    let mut command = Command::new(STONEPOT);
    command.args(["--addr", "127.0.0.1:0", "--log", "memory"]).args(options);
    Running::start(command)
}

/// As [`server`], listening on every network.
pub(crate) fn on_every_network(options: &[&str]) -> Running {
    let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = Command::new(STONEPOT);
    command.args(["--addr", &format!("0.0.0.0:{}", addr.port()), "--log", "memory"]).args(options);
    Running::start_at(command, addr)
}

/// The header lines of a request by this name and from a page of this origin, if given.
pub(crate) fn lines(host: &str, origin: &str) -> String {
    let origin = if origin.is_empty() { String::new() } else { format!("Origin: {origin}\r\n") };
    format!("Host: {host}\r\n{origin}")
}

/// The answer to a handshake with these header lines.
pub(crate) async fn knock(addr: SocketAddr, lines: &str) -> Answer {
    ask(addr, &format!("GET {ROOM} HTTP/1.1\r\n{lines}{HANDSHAKE}\r\n")).await
}

/// The answer to a GET of this path with these header lines.
pub(crate) async fn look(addr: SocketAddr, path: &str, lines: &str) -> Answer {
    ask(addr, &format!("GET {path} HTTP/1.1\r\n{lines}\r\n")).await
}

/// The status of a handshake, and the code of a refusal.
pub(crate) async fn opens(addr: SocketAddr, host: &str, origin: &str) -> (u16, String) {
    outcome(&knock(addr, &lines(host, origin)).await)
}

/// The status of a GET of the order, which has no participants, and the code of a refusal.
pub(crate) async fn shows(addr: SocketAddr, host: &str, origin: &str) -> (u16, String) {
    outcome(&look(addr, ROOM, &lines(host, origin)).await)
}

pub(crate) fn outcome(answer: &Answer) -> (u16, String) {
    if answer.status == 101 {
        return opened();
    }
    assert!(answer.json()["error"].is_string(), "{answer:?}");
    (answer.status, answer.json()["code"].as_str().unwrap().to_owned())
}

pub(crate) fn opened() -> (u16, String) {
    (101, String::new())
}

pub(crate) fn bad_page() -> (u16, String) {
    (403, "origin_not_allowed".to_owned())
}

pub(crate) fn bad_host() -> (u16, String) {
    (403, "host_not_allowed".to_owned())
}

/// The GET was allowed, and the order does not exist yet.
pub(crate) fn no_order() -> (u16, String) {
    (404, "order_not_found".to_owned())
}
