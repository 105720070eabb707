//! Looks for the orders whose bills take longest to work out, within all bounds of an order.
//!
//! `cargo tool dear -- [--seed 1] [--steps 2000] [--rule 0] [--again 0] [--digests 0] [--small 0]`
//!
//! A search by seed: the dearest of many bills at random, changed in one thing or two for as long as that makes them dearer, for
//! each rule by which a bill is shared, or for one (1 to 9). With `--again N` it searches nothing, and times the dearest that
//! were found before, the best of N. With `--digests N` it prints what everybody pays of the first N bills of the seed and of
//! those as one number each, for two versions to be compared; with `--small 1`, of few people and dishes each.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a check may panic")]

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use order_core::Order;
use order_core::split::shares;
use order_core::wire::v2;
use tools::bill::choices::{Choices, Seeded};
use tools::dear::{Dear, Rule, WORST, digest, is_within_bounds};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RULES: [Rule; 9] = [
    Rule::Equal,
    Rule::Itemized,
    Rule::Amounts,
    Rule::Percentages,
    Rule::Coarse,
    Rule::Weights,
    Rule::Adjusted,
    Rule::CoverEqual,
    Rule::CoverItemized,
];

/// How many bills of each rule are kept to be changed further.
const KEPT: usize = 4;

fn main() {
    let mut options =
        [("--seed", 1), ("--steps", 2_000), ("--digests", 0), ("--again", 0), ("--rule", 0), ("--small", 0)];
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let option = options.iter_mut().find(|(name, _)| *name == word).unwrap_or_else(|| panic!("{word}?"));
        option.1 = words.next().unwrap().parse().unwrap();
    }
    let [(_, seed), (_, steps), (_, digests), (_, again), (_, rule), (_, small)] = options;
    if digests > 0 {
        return print_digests(seed, digests, small > 0);
    }
    if again > 0 {
        return time_worst(again);
    }
    search(seed, steps, rule);
}

/// Times the dearest bills that were found so far.
fn time_worst(times: u64) {
    for (name, dear) in WORST {
        let order = dear.order();
        let took = (0..times).map(|_| time(&order)).min().unwrap_or_default();
        println!("{took:>12.3?}  {name}");
    }
}

fn search(seed: u64, steps: u64, rule: u64) {
    let mut choices = Seeded::new(seed);
    // Of each rule the dearest few: bills of different rules are dear for different reasons.
    let mut dearest: BTreeMap<Rule, Vec<(Duration, Dear)>> = BTreeMap::new();
    for step in 0..steps {
        let mut any = Dear::any(&mut choices);
        if rule > 0 {
            any.rule = RULES[usize::try_from(rule).unwrap() - 1];
        }
        let dear = match dearest.get(&any.rule) {
            Some(list) if step >= steps / 3 => {
                let parent = list[choices.place(list.len())].1;
                Dear { rule: any.rule, ..parent.mutated(&mut choices) }
            }
            _ => any,
        };
        let order = dear.order();
        if !is_within_bounds(&order) {
            continue;
        }
        let took = time(&order);
        let list = dearest.entry(dear.rule).or_default();
        if list.iter().any(|(_, other)| *other == dear) {
            continue;
        }
        list.push((took, dear));
        list.sort_by_key(|(took, _)| Reverse(*took));
        list.truncate(KEPT);
    }
    for (took, dear) in dearest.into_values().flatten() {
        let order = dear.order();
        let start = Instant::now();
        black_box(v2::bill(&order, None));
        println!("{took:>12.3?} {:>12.3?} with its text  {dear:?}", start.elapsed());
    }
}

/// The shortest of a few times.
fn time(order: &Order) -> Duration {
    let once = || {
        // A copy has nothing of what was worked out before.
        let order = order.clone();
        let start = Instant::now();
        black_box(shares(black_box(&order)).amount_due());
        start.elapsed()
    };
    (0..3).map(|_| once()).min().unwrap_or_default()
}

fn print_digests(seed: u64, number: u64, small: bool) {
    let mut choices = Seeded::new(seed);
    let any = (0..number).map(|place| {
        let dear = Dear::any(&mut choices);
        let of_few = Dear { people: dear.people.min(9), dishes: dear.dishes.min(25), ..dear };
        (place.to_string(), if small { of_few } else { dear })
    });
    let worst = WORST.iter().map(|(name, dear)| ((*name).to_owned(), *dear));
    for (name, dear) in any.chain(worst) {
        println!("{:016x} {name}", digest(&v2::bill(&dear.order(), None).text()));
    }
}
