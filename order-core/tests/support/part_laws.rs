//! The laws of a division, checked from the outside.

use std::collections::BTreeMap;

use proptest::prelude::*;

/// A weight that is often zero, often equal to another, and sometimes as large as a custom weight can be.
pub fn weight() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..4, 0_u64..1_000, 0_u64..=1_000_000_000_000, Just(1)]
}

/// Asserts the laws with cross-multiplied integers: `part × weights` against
/// `total × weight`.
pub fn assert_laws(total: i64, weights: &[u64], parts: &[i64]) {
    let context = || format!("{total} by {weights:?} is {parts:?}");
    assert_eq!(parts.len(), weights.len());
    let sum: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
    if sum == 0 {
        assert!(parts.iter().all(|&part| part == 0), "{}", context());
        return;
    }
    assert_eq!(parts.iter().map(|&part| i128::from(part)).sum::<i128>(), i128::from(total), "{}", context());
    for (&part, &weight) in parts.iter().zip(weights) {
        let off = i128::from(part) * sum - i128::from(total) * i128::from(weight);
        assert!(off.abs() < sum, "a part is a whole unit off its quota: {}", context());
        assert!(weight > 0 || part == 0, "a zero weight pays: {}", context());
        assert!(part == 0 || (part < 0) == (total < 0), "a part of the wrong sign: {}", context());
    }
    let mut extremes: BTreeMap<u64, (i64, i64)> = BTreeMap::new();
    for (&part, &weight) in parts.iter().zip(weights) {
        let (least, most) = extremes.entry(weight).or_insert((part, part));
        *least = part.min(*least);
        *most = part.max(*most);
    }
    assert!(extremes.values().all(|(least, most)| most - least <= 1), "equals differ: {}", context());
}
