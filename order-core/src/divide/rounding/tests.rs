//! Columns that are rounded together come out as if each were rounded alone.

#![allow(clippy::arithmetic_side_effects, reason = "a test may panic")]

use num_bigint::BigInt;
use proptest::prelude::*;

use super::*;

/// Amounts that are divided by the same weights, and columns after them.
#[derive(Debug, Clone)]
struct Case {
    rows: usize,
    weights: Vec<Vec<(usize, i64)>>,
    amounts: Vec<i64>,
    others: Vec<(i64, usize)>,
}

fn amount() -> impl Strategy<Value = i64> {
    // Coarse amounts divide evenly for some rows only, so that units have to be passed on.
    prop_oneof![
        4 => (0..8_u32, 0..5_u32, 0..4_i64).prop_map(|(twos, threes, times)| times * 2_i64.pow(twos) * 3_i64.pow(threes)),
        2 => 0..60_i64,
        1 => 0..100_000_000_000_000_i64,
        1 => -50..50_i64,
    ]
}

fn weight() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => (0..7_u32, 0..4_u32).prop_map(|(twos, threes)| 2_i64.pow(twos) * 3_i64.pow(threes)),
        1 => 0..5_i64,
        1 => 1..25_000_000_000_000_000_i64,
    ]
}

fn cases() -> impl Strategy<Value = Case> {
    let rows = prop_oneof![4 => 2..9_usize, 1 => 60..70_usize];
    rows.prop_flat_map(|rows| {
        let weights = prop::collection::vec(prop::collection::vec(weight(), rows), 1..4);
        let others = prop::collection::vec((amount(), 0..3_usize), 0..5);
        (weights, prop::collection::vec(amount(), 1..40), others).prop_map(
            move |(weights, amounts, others)| {
                let columns = weights.len();
                let whole = |mut weights: Vec<i64>| {
                    if weights.iter().all(|&weight| weight == 0) {
                        weights[0] = 1;
                    }
                    weights.into_iter().enumerate().collect()
                };
                let others =
                    others.into_iter().map(|(amount, weights)| (amount, weights % columns)).collect();
                Case { rows, weights: weights.into_iter().map(whole).collect(), amounts, others }
            },
        )
    })
}

fn weights<T: Exact>(case: &Case) -> Vec<Weights<T>> {
    let exact = |weights: &Vec<(usize, i64)>| {
        Weights::of(weights.iter().map(|&(row, weight)| (row, T::from(weight))).collect()).unwrap()
    };
    case.weights.iter().map(exact).collect()
}

/// Each row's sum, and its part of all amounts together and of each other column.
fn outcome(table: &Table, first: usize) -> (Vec<i64>, Vec<Vec<i64>>) {
    let rows = table.rows().len();
    let column = |columns: &mut dyn Iterator<Item = usize>| {
        let mut sums = vec![0; rows];
        for column in columns {
            table.column(column).iter().for_each(|cell| sums[cell.row] += cell.amount);
        }
        sums
    };
    let mut columns = vec![column(&mut (0..first))];
    columns.extend((first..table.columns.len()).map(|place| column(&mut std::iter::once(place))));
    (table.rows().to_vec(), columns)
}

fn compare<T: Exact>(case: &Case) {
    let weights = weights::<T>(case);
    let tie = |row: usize| (row * 7) % 73;
    let others: Vec<_> = case.others.iter().map(|&(amount, weights)| Column { amount, weights }).collect();
    let alone = case.amounts.iter().map(|&amount| Column { amount, weights: 0 });
    let alone: Vec<_> = alone.chain(others.iter().copied()).collect();
    let together = Together { amounts: case.amounts.clone(), weights: 0 };
    let bundled = round(case.rows, &weights, Some(&together), &others.iter().copied(), tie, None);
    let apart = round(case.rows, &weights, None, &alone.iter().copied(), tie, None);
    // Where 128 bits are too few for one way, they may suffice for the other.
    if let (Some(bundled), Some(apart)) = (bundled, apart) {
        assert_eq!(outcome(&bundled, 1), outcome(&apart, case.amounts.len()), "{case:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn amounts_taken_together_are_rounded_as_if_each_were_a_column(case in cases()) {
        compare::<i128>(&case);
        compare::<BigInt>(&case);
    }
}
