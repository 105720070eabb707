//! Counts the instructions of the hot paths with Valgrind: the same on a busy machine as on a
//! quiet one.
//!
//! `scripts/instructions` runs it and compares the counts with the baseline beside this file.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench may panic")]
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "what the harness expands to does I/O"
)]

mod party;

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group, main};
use order_core::stored::encode_fact;
use order_core::wire::{self, v2};
use order_core::{ItemId, Order, Presence, Recorded, split::shares};

/// A typical cursor.
const CURSOR: &str = "AAAAAAECABAgMEBQYHCAkKCw";

/// An order of four people with this many items, and a message for it.
fn order(items: usize) -> (Order, String) {
    (party::order(4, items), party::add_message("item_new", 29_950))
}

/// The same, with the message applied.
fn changed(items: usize) -> (Order, Recorded) {
    let (mut order, text) = order(items);
    let recorded = party::apply(&mut order, &party::person(0), &text).unwrap();
    (order, recorded)
}

// Decodes a message.
#[library_benchmark]
#[bench::add_item(args = (10,), setup = order)]
fn decode((order, text): (Order, String)) -> (Order, bool) {
    let read = wire::decode_command(black_box(&text), || ItemId::new("fresh").unwrap());
    (order, read.is_ok())
}

// Decodes, decides and commits.
#[library_benchmark]
#[bench::items_10(args = (10,), setup = order)]
#[bench::items_1000(args = (1_000,), setup = order)]
fn apply((mut order, text): (Order, String)) -> Order {
    party::apply(&mut order, &party::person(0), black_box(&text)).unwrap();
    order
}

// Encodes the message of the first protocol, with the whole order.
#[library_benchmark]
#[bench::items_10(args = (10,), setup = changed)]
#[bench::items_80(args = (80,), setup = changed)]
fn full_state((order, recorded): (Order, Recorded)) -> (Order, usize) {
    let length = wire::fact_message(black_box(&order), &Presence::new(), &recorded).len();
    (order, length)
}

// Encodes the event of `stonepot.v2`.
#[library_benchmark]
#[bench::items_10(args = (10,), setup = changed)]
#[bench::items_1000(args = (1_000,), setup = changed)]
fn event((order, recorded): (Order, Recorded)) -> (Order, usize) {
    let length = v2::event(black_box(&order), &recorded, CURSOR).len();
    (order, length)
}

// Encodes a fact in its stored form.
#[library_benchmark]
#[bench::item_added(args = (10,), setup = changed)]
fn fact((order, recorded): (Order, Recorded)) -> (Order, usize) {
    let length = encode_fact(black_box(&recorded)).unwrap().len();
    (order, length)
}

// Computes what everybody pays.
#[library_benchmark]
#[bench::items_10(args = (10,), setup = order)]
#[bench::items_80(args = (80,), setup = order)]
fn split((order, _): (Order, String)) -> (Order, usize) {
    let count = shares(black_box(&order)).list().len();
    (order, count)
}

library_benchmark_group!(name = hot_paths; benchmarks = decode, apply, full_state, event, fact, split);
main!(library_benchmark_groups = hot_paths);
