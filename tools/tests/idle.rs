//! An idle socket stays within its bound.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod stonepot;

use std::process::Command;

/// Holds for any build of this server, optimized or not: the memory held is the same.
const BOUND_KIB: f64 = 20.0;

#[test]
fn an_idle_socket_costs_less_than_twenty_kib() {
    let mut idle = Command::new(env!("CARGO_BIN_EXE_idle"));
    let output = idle.arg("--server").arg(stonepot::build()).args(["--sockets", "1000"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let costs = ["connected, not joined", "joined, tables of four", "after 64 KiB in one text"].map(|what| {
        let (_, rest) = text.split_once(what).unwrap_or_else(|| panic!("no line says {what:?}: {text}"));
        rest.split_whitespace().next().unwrap().parse::<f64>().unwrap()
    });
    assert!(costs.iter().all(|cost| *cost < BOUND_KIB), "{text}");
    // The order of these depends on what the allocator keeps; but each socket has at least a
    // buffer.
    assert!(costs.iter().all(|cost| *cost > 2.0), "the measure is broken: {text}");
}
