//! Divides millions of random bills and checks each against the laws and against exact
//! fractions.
//!
//! Bill number *n* of seed *s* is the same everywhere, whatever the number of threads. A bill that breaks a law is printed with
//! its number, and `--only n` looks at that one bill alone. Exits with 1 if there was any.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a check may panic")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::Instant;

use clap::Parser;
use num_traits::ToPrimitive;
use order_core::OrderId;
use order_core::bill::{
    AmountRounding, Bill, ChargeKind, ChargeValue, Discounts, LineKind, OddUnits, RoundedPer, divide,
};
use order_core::split::{CustomShares, Rest, SplitRule};
use tools::bill::choices::{Choices, Seeded};
use tools::bill::exact::Exact;
use tools::bill::laws::{Outcome, Violation, check, check_choice, check_listing, check_mirror};
use tools::bill::making::{self, Sizes};
use tools::bill::oracle::expect;
use tools::whole::{at_least_one, whole};

/// How many bills a thread takes at once.
const BATCH: u64 = 2_000;
/// How many violations are printed in full.
const PRINTED: usize = 5;
/// One bill in this many is large.
const LARGE: u64 = 200;
/// How many bills are divided by chance.
const UNBIASED_BILLS: u64 = 8;
/// A deviation from a quota that chance exceeds once in a hundred million averages.
const MOST_DEVIATIONS: f64 = 5.8;
/// One bill in this many has dishes that few people share.
const SPARSE: u64 = 16;
/// One bill in this many has mostly taxes in its prices.
const IN_PRICES: u64 = 31;

const EXAMPLE: &str = "\
Example:
  cargo tool bills -- --count 1_000_000 --seed 2
  cargo tool bills -- --unbiased 1_000_000

The exit code is 1 if a bill breaks a law. It is printed with its number, and the same seed with --only NUMBER looks at it alone.";

/// Divides random bills, and checks each against the laws and against exact fractions.
#[derive(Parser)]
#[command(name = "bills", version, after_help = EXAMPLE)]
struct Options {
    /// How many bills to divide.
    #[arg(long, value_name = "BILLS", default_value = "10_000_000", value_parser = whole)]
    count: u64,
    /// What the bills follow from.
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = whole)]
    seed: u64,
    /// How many threads divide them.
    #[arg(long, value_name = "THREADS", default_value = "2", value_parser = at_least_one)]
    threads: u64,
    /// Divides the bill of this number alone, and prints it.
    #[arg(long, value_name = "NUMBER", value_parser = whole)]
    only: Option<u64>,
    /// Divides bills of this many orders by chance instead, and compares each average with its quota.
    #[arg(long, value_name = "ORDERS", value_parser = at_least_one)]
    unbiased: Option<u64>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(number) = options.only {
        return only(options.seed, number);
    }
    if let Some(orders) = options.unbiased {
        return unbiased(options.seed, orders);
    }
    let report = run(&options);
    report.print();
    if report.violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What one thread, or all of them, saw.
#[derive(Default)]
struct Report {
    bills: u64,
    violations: usize,
    /// How many bills had each feature.
    seen: BTreeMap<&'static str, u64>,
}

impl Report {
    fn add(&mut self, other: Self) {
        self.bills += other.bills;
        self.violations += other.violations;
        for (what, times) in other.seen {
            *self.seen.entry(what).or_default() += times;
        }
    }

    fn print(&self) {
        for (what, times) in &self.seen {
            println!("{times:>12}  {what}");
        }
        println!("{:>12}  bills in all, {} violations", self.bills, self.violations);
    }
}

fn run(options: &Options) -> Report {
    let start = Instant::now();
    let next = AtomicU64::new(0);
    let printed = Mutex::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..options.threads {
            let sender = sender.clone();
            let (next, printed) = (&next, &printed);
            scope.spawn(move || {
                loop {
                    let from = next.fetch_add(BATCH, Ordering::Relaxed);
                    if from >= options.count {
                        break;
                    }
                    let report = batch(options.seed, from..options.count.min(from + BATCH), printed);
                    if sender.send(report).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut all = Report::default();
        let step = (options.count / 20).max(1);
        for report in receiver {
            let before = all.bills / step;
            all.add(report);
            if all.bills / step > before {
                let rate = u128::from(all.bills) * 1_000 / start.elapsed().as_millis().max(1);
                println!("{:>12} bills, {} violations, {rate} bills a second", all.bills, all.violations);
            }
        }
        println!("seed {}, {} threads, {} s", options.seed, options.threads, start.elapsed().as_secs());
        all
    })
}

fn batch(seed: u64, numbers: std::ops::Range<u64>, printed: &Mutex<usize>) -> Report {
    let mut report = Report::default();
    for number in numbers {
        report.bills += 1;
        let (bill, mut choices) = make(seed, number);
        let outcome = judge(&bill, number, &mut choices);
        for what in features(&bill, &outcome) {
            *report.seen.entry(what).or_default() += 1;
        }
        if let Err(violation) = outcome {
            report.violations += 1;
            let mut printed = printed.lock().unwrap();
            if *printed < PRINTED {
                *printed += 1;
                println!("VIOLATION --seed {seed} --only {number}: {violation}\n{bill:#?}");
            }
        }
    }
    report
}

/// Checks one bill alone, and prints it with its division.
fn only(seed: u64, number: u64) -> ExitCode {
    let (bill, mut choices) = make(seed, number);
    println!("{bill:#?}");
    match judge(&bill, number, &mut choices) {
        Ok(outcome) => {
            println!("{outcome:#?}");
            ExitCode::SUCCESS
        }
        Err(violation) => {
            println!("{violation}");
            ExitCode::FAILURE
        }
    }
}

/// The bill with this number, and random choices for its checks.
fn make(seed: u64, number: u64) -> (Bill, Seeded) {
    let mut choices = Seeded::new(Seeded::new(seed).next() ^ Seeded::new(number).next());
    if number % SPARSE == SPARSE - 1 {
        return (making::sparse_bill(&mut choices), choices);
    }
    if number % IN_PRICES == IN_PRICES - 1 {
        return (making::bill_of_included(&mut choices), choices);
    }
    let sizes = if number % LARGE == LARGE - 1 {
        Sizes { diners: 97, dishes: 60, charges: 8, wild: choices.one_in(4) }
    } else {
        Sizes::USUAL
    };
    (making::bill(&mut choices, sizes), choices)
}

/// Checks all laws. Whether leftover units went to the best rows is checked for one bill in
/// eight, because that tries all sets of rows.
fn judge(bill: &Bill, number: u64, choices: &mut Seeded) -> Result<Outcome, Violation> {
    let outcome = check(bill)?;
    check_mirror(bill)?;
    check_listing(bill, choices)?;
    if number % 8 == 7 && bill.diners.len() <= 12 {
        check_choice(bill)?;
    }
    Ok(outcome)
}

/// Divides some bills by chance, each for many orders, and compares the average of every share and of every part of a line
/// with its quota.
fn unbiased(seed: u64, orders: u64) -> ExitCode {
    let each = orders.div_ceil(UNBIASED_BILLS);
    let (mut bills, mut averages, mut worst) = (0, 0_u64, 0.0_f64);
    for number in 0.. {
        let (mut bill, _) = make(seed, number);
        (bill.odd_units, bill.round_shares_to) = (OddUnits::Unbiased, None);
        let (Ok(expected), Ok(_)) = (expect(&bill), divide(&bill)) else { continue };
        // Bills with nothing to round say nothing.
        if expected.lines.iter().flat_map(|line| &line.quotas).all(Exact::is_whole) {
            continue;
        }
        let mut sums: BTreeMap<(usize, String), i64> = BTreeMap::new();
        for order in 0..each {
            bill.order = OrderId::new(&format!("order-{number}-{order}")).unwrap();
            let division = divide(&bill).unwrap();
            for (row, share) in division.shares().enumerate() {
                *sums.entry((row, String::new())).or_default() += share.amount().minor_units();
                for part in share.lines() {
                    *sums.entry((row, part.line().name().to_string())).or_default() +=
                        part.amount().minor_units();
                }
            }
        }
        for row in 0..bill.diners.len() {
            let mut quotas = BTreeMap::from([(String::new(), Exact::zero())]);
            for line in &expected.lines {
                for name in [String::new(), line.name.clone()] {
                    let sum = quotas.entry(name).or_insert_with(Exact::zero);
                    *sum = &*sum + &line.quotas[row];
                }
            }
            for (name, quota) in quotas {
                let sum = sums.get(&(row, name.clone())).copied().unwrap_or_default();
                let deviation = deviations(sum, &quota, each);
                averages += 1;
                worst = worst.max(deviation);
                if deviation > MOST_DEVIATIONS {
                    println!(
                        "VIOLATION of bill {number}: row {row} has {sum} of {name:?} in {each} orders, of a quota of {quota:?}"
                    );
                    return ExitCode::FAILURE;
                }
            }
        }
        bills += 1;
        if bills == UNBIASED_BILLS {
            break;
        }
    }
    println!(
        "{bills} bills of {each} orders each: {averages} averages, at most {worst:.2} standard deviations from their quotas"
    );
    ExitCode::SUCCESS
}

/// How many standard deviations the sum of so many roundings of a quota is from what it should be.
fn deviations(sum: i64, quota: &Exact, times: u64) -> f64 {
    let fraction = as_float(&(quota - &Exact::whole(quota.floor())));
    let beyond = sum - quota.floor() * i64::try_from(times).unwrap();
    let (beyond, times) = (beyond.to_f64().unwrap(), times.to_f64().unwrap());
    let off = (beyond - times * fraction).abs();
    let standard = (times * fraction * (1.0 - fraction)).sqrt();
    // What is never rounded must be exact.
    if standard < 1e-9 { off * MOST_DEVIATIONS * 2.0 } else { off / standard }
}

fn as_float(number: &Exact) -> f64 {
    match number {
        Exact::Small(number) => number.numer().to_f64().unwrap() / number.denom().to_f64().unwrap(),
        Exact::Large(number) => number.numer().to_f64().unwrap() / number.denom().to_f64().unwrap(),
    }
}

/// The features of a bill that are counted.
fn features(bill: &Bill, outcome: &Result<Outcome, Violation>) -> Vec<&'static str> {
    let mut seen = vec![match &bill.split {
        SplitRule::Equal | SplitRule::Custom(None) => "rule: equal",
        SplitRule::Itemized => "rule: itemized",
        SplitRule::Custom(Some(CustomShares::Amounts(_))) => "rule: amounts",
        SplitRule::Custom(Some(CustomShares::Percentages(_))) => "rule: percentages",
        SplitRule::Custom(Some(CustomShares::Weights(_))) => "rule: weights",
        SplitRule::Adjusted(_) => "rule: adjustments",
        SplitRule::Cover { rest: Rest::Equal, .. } => "rule: cover, rest equal",
        SplitRule::Cover { rest: Rest::Itemized, .. } => "rule: cover, rest itemized",
    }];
    let mut when = |holds: bool, what| {
        if holds {
            seen.push(what);
        }
    };
    let has = |is: fn(&ChargeKind) -> bool| bill.charges.iter().any(|charge| is(&charge.kind));
    when(has(|kind| matches!(kind, ChargeKind::Tax { inclusive: false, .. })), "charge: tax on top");
    when(has(|kind| matches!(kind, ChargeKind::Tax { inclusive: true, .. })), "charge: tax included");
    when(has(|kind| matches!(kind, ChargeKind::Service { .. })), "charge: service");
    when(has(|kind| matches!(kind, ChargeKind::Tip { .. })), "charge: tip");
    when(has(|kind| matches!(kind, ChargeKind::Fee { .. })), "charge: fee");
    when(has(|kind| matches!(kind, ChargeKind::Discount { item: None })), "charge: discount on the order");
    when(has(|kind| matches!(kind, ChargeKind::Discount { item: Some(_) })), "charge: discount on an item");
    let fixed = |charge: &order_core::bill::Charge| matches!(charge.value, ChargeValue::Amount(_));
    when(bill.charges.iter().any(fixed), "charge: of a fixed amount");
    when(bill.charges.is_empty(), "no charge");
    when(!bill.tips.is_empty(), "own tips");
    when(!bill.without_service.is_empty(), "service waived");
    when(bill.round_to.is_some(), "round-off");
    when(bill.round_shares_to.is_some(), "shares rounded to a coin");
    when(bill.odd_units == OddUnits::Unbiased, "rounded by chance");
    let options = || bill.charges.iter().map(|charge| &charge.options);
    when(options().any(|options| !options.on.charges.is_empty()), "charge: on other charges");
    when(options().any(|options| options.on.discounts == Discounts::Before), "charge: before discounts");
    when(
        options().any(|options| options.rounding != AmountRounding::HalfUp),
        "charge: rounded down or half even",
    );
    when(options().any(|options| options.per == RoundedPer::Line), "charge: rounded for each dish");
    when(bill.dishes.len() > 9 || bill.charges.len() > 4, "more than nine dishes or four charges");
    when(making::of_both_signs(bill), "dishes given back");
    when(bill.diners.len() == 1, "one diner");
    when(bill.diners.len() > 12, "more than twelve diners");
    match bill.currency.minor_digits() {
        0 => seen.push("currency: no digits"),
        2 => seen.push("currency: two digits"),
        3 => seen.push("currency: three digits"),
        _ => seen.push("currency: four digits"),
    }
    match outcome {
        Ok(Outcome::Divided(division)) => {
            let due = division.amount_due().minor_units();
            let total = division.total().minor_units();
            if due < 0 {
                seen.push("due: below zero");
            } else if due == 0 {
                seen.push("due: nothing");
            }
            let covers = |line: &order_core::bill::Line| {
                line.kind() == LineKind::Discount && -line.amount().minor_units() == total
            };
            if total != 0 && division.lines().iter().any(covers) {
                seen.push("a discount covers everything");
            }
            if !division.unassigned_dishes().is_empty() {
                seen.push("unassigned dishes");
            }
            let against = |share: order_core::bill::DinerShare<'_>| {
                share.amount().minor_units().signum() * due.signum() < 0
            };
            if division.shares().any(against) {
                seen.push("somebody gets money back");
            }
            let ceiling = order_core::max_order_total(bill.currency).minor_units();
            if total.abs() > ceiling / 100 * 99 {
                seen.push("total: within a hundredth of the ceiling");
            }
        }
        Ok(Outcome::Refused(_)) => seen.push("refused: charge on nothing"),
        Err(_) => seen.push("VIOLATION"),
    }
    seen
}
