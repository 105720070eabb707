//! An idle socket stays within its bound.
#![cfg(target_os = "linux")]

#[path = "../examples/idle.rs"]
#[allow(dead_code, clippy::indexing_slicing, reason = "it is an example with a main function of its own")]
mod idle;

use std::path::Path;

/// Of this very build, optimised or not: what is held is the same.
const BOUND_KIB: f64 = 20.0;

#[test]
fn an_idle_socket_costs_at_most_twenty_kib() {
    let cost = idle::measure(Path::new(env!("CARGO_BIN_EXE_stonepot")), 1000).unwrap();
    assert!(cost.connected <= BOUND_KIB, "{:.1} KiB for a socket that is connected", cost.connected);
    assert!(cost.joined <= BOUND_KIB, "{:.1} KiB for a guest at a table of four", cost.joined);
    assert!(cost.after_large <= BOUND_KIB, "{:.1} KiB after a large message", cost.after_large);
    // Which of them is the largest is within what the allocator keeps back; but each of them has a buffer at the least.
    let least = cost.connected.min(cost.joined).min(cost.after_large);
    assert!(least > 2.0, "the measure is broken: {least:.1} KiB for a socket");
}
