//! The cost of one message (decode, decide, commit), and of a rejection.
#![allow(clippy::unwrap_used, reason = "a bench may panic")]

mod party;

use std::hint::black_box;

use criterion::{BatchSize, Criterion};
use order_core::wire::{self, v2};
use order_core::{ItemId, UnixMillis};

/// A typical cursor.
const CURSOR: &str = "AAAAAAECABAgMEBQYHCAkKCw";

fn main() {
    let mut criterion = party::criterion();
    apply(&mut criterion);
    decode(&mut criterion);
    refuse(&mut criterion);
    criterion.final_summary();
}

fn apply(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("apply");
    for items in [10, 100, 1_000] {
        let order = party::order(4, items);
        let who = party::person(0);
        for (kind, text) in [
            ("add_item", party::add_message("item_new", 29_950)),
            ("update_quantity", party::update_message(&format!("item_{}", items / 2), 7)),
        ] {
            group.bench_function(format!("{kind}/{items}"), |bencher| {
                bencher.iter_batched_ref(
                    || order.clone(),
                    |order| party::apply(order, &who, black_box(&text)),
                    BatchSize::SmallInput,
                );
            });
        }
    }
    group.finish();

    // What a room does for a `stonepot.v2` command except storing and sending, repeated on the same
    // order.
    let mut group = criterion.benchmark_group("command_and_event");
    for items in [10, 100, 1_000] {
        let mut order = party::order(4, items);
        let who = party::person(0);
        let texts: Vec<_> =
            (1..9).map(|quantity| party::update_message(&format!("item_{}", items / 2), quantity)).collect();
        let mut turns = texts.iter().cycle();
        group.bench_function(format!("{items}"), |bencher| {
            bencher.iter(|| {
                let recorded = party::apply(&mut order, &who, turns.next().unwrap()).unwrap();
                v2::event(&order, &recorded, CURSOR).len()
            });
        });
    }
    group.finish();
}

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    let weights: Vec<String> =
        (0..100).map(|number| format!(r#""{}":{number}.5"#, party::person(number))).collect();
    for (kind, text) in [
        ("add_item", party::add_message("item_new", 29_950)),
        ("update_quantity", party::update_message("item_1", 7)),
        (
            "update_split_of_100",
            format!(
                r#"{{"type":"update_split","data":{{"splitType":"custom","weights":{{{}}}}}}}"#,
                weights.join(",")
            ),
        ),
        ("finalize", r#"{"type":"finalize","participantId":"tenant_987654320","timestamp":1}"#.to_owned()),
    ] {
        group.bench_function(kind, |bencher| {
            bencher.iter(|| wire::decode_command(black_box(&text), || ItemId::new("fresh").unwrap()));
        });
    }
    group.finish();
}

fn refuse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("refuse");
    let mut order = party::order(4, 100);
    let who = party::person(0);
    for (kind, text) in [
        ("not_json", "{not json".to_owned()),
        ("unknown_type", r#"{"type":"nope","participantId":"tenant_987654320","data":{}}"#.to_owned()),
        ("bad_price", party::add_message("item_new", 29_950).replace("299.50", "299.995")),
        ("item_not_found", party::update_message("nope", 7)),
    ] {
        group.bench_function(kind, |bencher| {
            bencher.iter(|| {
                let rejection = party::apply(&mut order, &who, black_box(&text)).unwrap_err();
                wire::error(&rejection, None, UnixMillis::new(1))
            });
        });
    }
    group.finish();
}
