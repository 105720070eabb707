//! The cost of sharing a bill, by each rule.
#![allow(clippy::unwrap_used, reason = "a bench may panic")]

mod party;

use std::hint::black_box;

use order_core::split::shares;

fn main() {
    let mut criterion = party::criterion();
    let mut group = criterion.benchmark_group("split");
    for people in [2, 4, 10, 100] {
        let order = party::order(people, 20);
        let total = order.total().minor_units();
        let each = |number: &dyn Fn(usize) -> String| {
            let entries: Vec<_> =
                (0..people).map(|place| format!(r#""{}":{}"#, party::person(place), number(place))).collect();
            format!("{{{}}}", entries.join(","))
        };
        let rest = |whole: i64, place: usize| {
            let part = whole / i64::try_from(people).unwrap();
            if place == 0 { whole - part * (i64::try_from(people).unwrap() - 1) } else { part }
        };
        for (rule, data) in [
            ("equal", r#"{"splitType":"equal"}"#.to_owned()),
            ("itemized", r#"{"splitType":"itemized"}"#.to_owned()),
            ("amounts", custom("amounts", &each(&|place| format!("{}e-2", rest(total, place))))),
            (
                "percentages",
                custom("percentages", &each(&|place| format!("{}e-6", rest(100_000_000, place)))),
            ),
            ("weights", custom("weights", &each(&|place| format!("{}.5", place + 1)))),
        ] {
            let mut order = order.clone();
            let message = format!(r#"{{"type":"update_split","data":{data}}}"#);
            party::apply(&mut order, &party::person(0), &message).unwrap();
            group.bench_function(format!("{rule}/{people}"), |bencher| {
                bencher.iter(|| black_box(shares(black_box(&order))).unallocated());
            });
        }
    }
    group.finish();
    criterion.final_summary();
}

fn custom(kind: &str, numbers: &str) -> String {
    format!(r#"{{"splitType":"custom","{kind}":{numbers}}}"#)
}
