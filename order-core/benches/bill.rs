//! The cost of dividing a whole bill, how it grows, and how dividing by weights compares with
//! `rusty-money`.
#![allow(clippy::unwrap_used, reason = "a bench may panic")]

#[path = "../tests/support/bill/mod.rs"]
mod bill;
#[path = "../tests/support/dear/mod.rs"]
mod dear;
mod party;

use std::hint::black_box;

use criterion::BatchSize;
use order_core::bill::{Basis, Bill, Charge, ChargeKind, ChargeValue, Dish, divide};
use order_core::split::{Claim, Percentage, SplitRule, apportion, shares};
use order_core::text::Text;
use order_core::{Amount, Currency, ItemId, OrderId, ParticipantId};
use rusty_money::{Money, iso};

/// The server's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut criterion = party::criterion();

    let mut group = criterion.benchmark_group("bill");
    for (diners, dishes) in [(4, 20), (25, 250), (50, 500), (100, 1_000)] {
        for (name, split) in [("itemized", SplitRule::Itemized), ("equal", SplitRule::Equal)] {
            let bill = Bill { split, ..ordinary_bill(diners, dishes) };
            group.bench_function(format!("{name}/{diners}x{dishes}x3"), |bencher| {
                bencher.iter(|| black_box(divide(black_box(&bill)).unwrap()).amount_due());
            });
        }
    }
    group.finish();

    // The dearest bills that an order can have, as far as they have been found (`tools/src/bin/dear.rs`).
    let mut group = criterion.benchmark_group("dear");
    for (name, dear) in dear::WORST {
        let order = dear.order();
        group.bench_function(name, |bencher| {
            // A clone has no cached results.
            bencher.iter_batched_ref(
                || order.clone(),
                |order| shares(black_box(order)).amount_due(),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("weights");
    for people in [4_u32, 10, 100] {
        let weights: Vec<u32> = (1..=people).map(|number| number * 7 % 13 + 1).collect();
        let claims: Vec<_> =
            weights.iter().enumerate().map(|(tie, &weight)| Claim { weight: weight.into(), tie }).collect();
        let total = Amount::from_minor_units(1_234_567);
        group.bench_function(format!("apportion/{people}"), |bencher| {
            bencher.iter(|| black_box(apportion(black_box(total), black_box(&claims))).unwrap().len());
        });
        let money = Money::from_minor(1_234_567, iso::INR);
        group.bench_function(format!("rusty-money/{people}"), |bencher| {
            // It takes its weights by value.
            bencher
                .iter(|| black_box(black_box(&money).allocate(black_box(&weights).clone())).unwrap().len());
        });
    }
    group.finish();
    criterion.final_summary();
}

/// A bill with two taxes and a tip, on which two neighbours share every second dish.
fn ordinary_bill(diners: usize, dishes: usize) -> Bill {
    let person = |number: usize| ParticipantId::new(&party::person(number % diners)).unwrap();
    Bill {
        diners: (0..diners).map(person).collect(),
        dishes: (0..dishes)
            .map(|number| {
                let id = ItemId::new(&format!("item_{number}")).unwrap();
                let price = Amount::from_minor_units(i64::try_from(10_001 + number * 37).unwrap());
                let sharing = if number % 2 == 0 { 1 } else { 2 };
                let people: Vec<_> = (number..number + sharing).map(person).collect();
                Dish::of(id, price, &people)
            })
            .collect(),
        charges: vec![
            charge("CGST", ChargeKind::Tax { inclusive: false, dish_types: Vec::new() }, percent("2.5")),
            charge("SGST", ChargeKind::Tax { inclusive: false, dish_types: Vec::new() }, percent("2.5")),
            charge("Tip", ChargeKind::Tip { by: Basis::Share }, percent("10")),
        ],
        ..Bill::new(OrderId::new("session_xyz").unwrap(), Currency::default())
    }
}

fn charge(name: &str, kind: ChargeKind, value: ChargeValue) -> Charge {
    Charge::new(Text::clean(name, 80).unwrap(), kind, value)
}

fn percent(number: &str) -> ChargeValue {
    ChargeValue::Percent(Percentage::from_decimal(number.parse().unwrap()).unwrap())
}
