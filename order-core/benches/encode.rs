//! The cost of encoding: the full state for everybody, one person's copy of it, the event of
//! `stonepot.v2`, and the stored forms.
#![allow(clippy::unwrap_used, reason = "a bench may panic")]

mod party;

use std::hint::black_box;

use criterion::Throughput;
use order_core::stored::{decode_order, encode_fact, encode_order};
use order_core::wire::{self, v2};
use order_core::{ParticipantId, Presence};

/// A typical cursor.
const CURSOR: &str = "AAAAAAECABAgMEBQYHCAkKCw";

fn main() {
    let mut criterion = party::criterion();
    let mut group = criterion.benchmark_group("encode");
    let viewer = ParticipantId::new(&party::person(1)).unwrap();
    let mut presence = Presence::new();
    presence.connect(&viewer);
    for items in [10, 100, 1_000] {
        let mut order = party::order(4, items);
        let recorded =
            party::apply(&mut order, &party::person(0), &party::add_message("item_new", 29_950)).unwrap();
        let frame = wire::fact_message(&order, &presence, &recorded);
        group.throughput(Throughput::Bytes(frame.len() as u64));
        group.bench_function(format!("item_added/{items}"), |bencher| {
            bencher.iter(|| {
                order.forget_texts();
                wire::fact_message(black_box(&order), &presence, &recorded)
            });
        });
        group.throughput(Throughput::Bytes(v2::event(&order, &recorded, CURSOR).len() as u64));
        group.bench_function(format!("event/{items}"), |bencher| {
            bencher.iter(|| v2::event(black_box(&order), &recorded, CURSOR));
        });
        group.throughput(Throughput::Bytes(frame.len() as u64));
        group.bench_function(format!("text_for_one/{items}"), |bencher| {
            bencher.iter(|| black_box(&frame).text_for(&viewer).len());
        });
        group.bench_function(format!("public_view/{items}"), |bencher| {
            bencher.iter(|| wire::public_view(black_box(&order)));
        });
        let stored = encode_order(&order).unwrap();
        group.throughput(Throughput::Bytes(stored.len() as u64));
        group.bench_function(format!("snapshot/{items}"), |bencher| {
            bencher.iter(|| encode_order(black_box(&order)));
        });
        group.bench_function(format!("restore/{items}"), |bencher| {
            bencher.iter(|| decode_order(black_box(&stored)));
        });
        if items == 10 {
            let fact = encode_fact(&recorded).unwrap();
            group.throughput(Throughput::Bytes(fact.len() as u64));
            group.bench_function("fact", |bencher| bencher.iter(|| encode_fact(black_box(&recorded))));
        }
    }
    group.finish();
    criterion.final_summary();
}
