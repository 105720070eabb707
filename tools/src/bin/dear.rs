//! Searches for the orders whose bills take longest to compute, within all limits of an order.
//!
//! A search by seed: the dearest of many bills at random, changed in one thing or two for as long as that makes them dearer, for
//! each rule by which a bill is shared, or for one. What it found before is `WORST` of the core's tests.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a check may panic")]

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use clap::Parser;
use order_core::Order;
use order_core::split::shares;
use order_core::wire::v2;
use tools::bill::choices::{Choices, Seeded};
use tools::dear::{Dear, Rule, WORST, digest, is_within_bounds};
use tools::whole::{at_least_one, whole};

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

/// How many bills of each rule are kept for further changes.
const KEPT: usize = 4;

const EXAMPLE: &str = "\
Examples:
  Search; a minute or two:
    cargo tool dear -- --seed 1

  Time the dearest bills that were found before, the best of 10:
    cargo tool dear -- --again 10

  Compare two versions: the lines that they print must be equal:
    cargo tool dear -- --digests 200 --small";

/// Searches the orders whose bills take longest to work out, within all bounds of an order.
#[derive(Parser)]
#[command(name = "dear", version, after_help = EXAMPLE)]
struct Options {
    /// What the bills follow from.
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = whole)]
    seed: u64,
    /// How many bills the search looks at.
    #[arg(long, value_name = "BILLS", default_value = "2000", value_parser = whole)]
    steps: u64,
    /// Searches one rule alone: 1 equal, 2 itemized, 3 amounts, 4 percentages, 5 coarse percentages, 6 weights, 7 adjusted,
    /// 8 cover with an equal rest, 9 cover with an itemized rest.
    #[arg(long, value_name = "RULE", value_parser = clap::value_parser!(u64).range(1..=9))]
    rule: Option<u64>,
    /// Searches nothing, and times the dearest bills that were found before, the best of so many times.
    #[arg(long, value_name = "TIMES", value_parser = at_least_one, conflicts_with = "digests")]
    again: Option<u64>,
    /// Searches nothing, and prints what everybody pays as one number a bill: so many bills of the seed, and those that were found before.
    #[arg(long, value_name = "BILLS", value_parser = at_least_one)]
    digests: Option<u64>,
    /// With --digests: bills of few people and dishes.
    #[arg(long, requires = "digests")]
    small: bool,
}

fn main() {
    let options = Options::parse();
    if let Some(digests) = options.digests {
        print_digests(options.seed, digests, options.small);
    } else if let Some(again) = options.again {
        time_worst(again);
    } else {
        search(options.seed, options.steps, options.rule);
    }
}

/// Times the slowest bills that have been found.
fn time_worst(times: u64) {
    for (name, dear) in WORST {
        let order = dear.order();
        let took = (0..times).map(|_| time(&order)).min().unwrap_or_default();
        println!("{took:>12.3?}  {name}");
    }
}

fn search(seed: u64, steps: u64, rule: Option<u64>) {
    let mut choices = Seeded::new(seed);
    // The slowest few of each rule: bills of different rules are slow for different reasons.
    let mut dearest: BTreeMap<Rule, Vec<(Duration, Dear)>> = BTreeMap::new();
    for step in 0..steps {
        let mut any = Dear::any(&mut choices);
        if let Some(rule) = rule {
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

/// The shortest of a few runs.
fn time(order: &Order) -> Duration {
    let once = || {
        // A clone has no cached results.
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
