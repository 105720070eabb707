//! Divides an amount by weights, to the last minor unit.
//!
//! The method is that of the largest remainder (Hamilton, 1792; see Balinski and Young, *Fair Representation*,
//! 1982): everybody gets their quota rounded down, and the units that are left go one each to the largest
//! fractions. It keeps every part within one unit of its quota. It is not house-monotone: with one more unit
//! to divide, a part may shrink by one.

use std::num::{NonZeroU32, NonZeroU128};

use thiserror::Error;

use crate::value::Amount;

/// One claim on an amount that is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim<K> {
    /// The weight, relative to the other claims.
    pub weight: u64,
    /// Breaks ties between equal fractions: the smaller value gets the unit. Must differ between
    /// claims.
    pub tie: K,
}

/// Why an amount cannot be divided by the weights given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ApportionError {
    /// There is money to divide, but no weight above zero.
    #[error("nobody claims any of the amount")]
    NoWeight,
    /// The amount times a weight, or the sum of the weights, does not fit 127 bits.
    #[error("the amount or the weights are too large")]
    TooLarge,
}

/// Divides `total` over `claims` in proportion to their weights; part *i* of the answer belongs to claim *i*.
///
/// The parts sum to `total`, each is within one minor unit of `total × weight ÷ sum of weights`, a weight of
/// zero gets zero, equal weights get parts that differ by at most one unit, and a negative total mirrors the
/// positive one. As long as the ties differ, the order of the claims makes no difference.
///
/// # Errors
/// When the total is not zero and no weight is above zero, or when the numbers are too large.
///
/// ```
/// use order_core::Amount;
/// use order_core::split::{Claim, apportion};
/// let claims = [1, 1, 1].iter().zip(["asha", "ben", "chi"]).map(|(&weight, tie)| Claim { weight, tie });
/// let parts = apportion(Amount::from_minor_units(10_000), &claims.collect::<Vec<_>>()).unwrap();
/// assert_eq!(parts.iter().map(|part| part.minor_units()).collect::<Vec<_>>(), [3_334, 3_333, 3_333]);
/// ```
pub fn apportion<K: Ord>(total: Amount, claims: &[Claim<K>]) -> Result<Vec<Amount>, ApportionError> {
    if total == Amount::ZERO {
        return Ok(vec![Amount::ZERO; claims.len()]);
    }
    let magnitude = i128::from(total.minor_units()).unsigned_abs();
    let weights: u128 = claims
        .iter()
        .try_fold(0_u128, |sum, claim| sum.checked_add(u128::from(claim.weight)))
        .ok_or(ApportionError::TooLarge)?;
    let weights = NonZeroU128::new(weights).ok_or(ApportionError::NoWeight)?;

    let mut parts = Vec::with_capacity(claims.len());
    let mut remainders = Vec::with_capacity(claims.len());
    let mut given = 0_u128;
    for (index, claim) in claims.iter().enumerate() {
        let product = magnitude.checked_mul(u128::from(claim.weight)).ok_or(ApportionError::TooLarge)?;
        let quota = product / weights;
        given = given.saturating_add(quota);
        parts.push(quota);
        remainders.push((product % weights, index));
    }

    // What is left is a sum of proper fractions, so there are fewer units than claims with a fraction.
    let left = usize::try_from(magnitude.saturating_sub(given)).map_err(|_| ApportionError::TooLarge)?;
    let tie = |index: usize| claims.get(index).map(|claim| &claim.tie);
    remainders.sort_unstable_by(|(fraction_a, a), (fraction_b, b)| {
        fraction_b.cmp(fraction_a).then_with(|| tie(*a).cmp(&tie(*b)))
    });
    for &(_, index) in remainders.iter().take(left) {
        if let Some(part) = parts.get_mut(index) {
            *part = part.saturating_add(1);
        }
    }
    parts.into_iter().map(|part| signed(part, total.is_negative())).collect()
}

/// Divides `total` into so many equal parts, in minor units. They sum to `total` and differ by at most one unit; the larger
/// ones come first. To give the odd units to people without favour, use [`apportion`] with a tie for each.
///
/// Does not panic.
///
/// ```
/// use std::num::NonZeroU32;
/// use order_core::Amount;
/// use order_core::split::equal_parts;
/// let parts = equal_parts(Amount::from_minor_units(10_000), NonZeroU32::new(3).unwrap());
/// assert_eq!(parts.map(Amount::minor_units).collect::<Vec<_>>(), [3_334, 3_333, 3_333]);
/// ```
pub fn equal_parts(total: Amount, count: NonZeroU32) -> impl Iterator<Item = Amount> {
    let (units, parts) = (total.minor_units(), i64::from(count.get()));
    // The divisor is above zero, so neither is ever `None`.
    let part = units.checked_div(parts).unwrap_or_default();
    let odd = units.checked_rem(parts).unwrap_or_default();
    (0..parts).map(move |place| {
        let unit = if place < odd.saturating_abs() { odd.signum() } else { 0 };
        Amount::from_minor_units(part.saturating_add(unit))
    })
}

fn signed(magnitude: u128, negative: bool) -> Result<Amount, ApportionError> {
    let magnitude = i128::try_from(magnitude).map_err(|_| ApportionError::TooLarge)?;
    let value = if negative { magnitude.saturating_neg() } else { magnitude };
    i64::try_from(value).map(Amount::from_minor_units).map_err(|_| ApportionError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divide(total: i64, weights: &[u64]) -> Result<Vec<i64>, ApportionError> {
        let claims: Vec<_> = weights.iter().enumerate().map(|(tie, &weight)| Claim { weight, tie }).collect();
        let parts = apportion(Amount::from_minor_units(total), &claims)?;
        Ok(parts.into_iter().map(Amount::minor_units).collect())
    }

    #[test]
    fn the_odd_units_go_to_the_largest_fractions() {
        assert_eq!(divide(10_000, &[1, 1, 1]), Ok(vec![3_334, 3_333, 3_333]));
        assert_eq!(divide(100, &[50, 30, 20]), Ok(vec![50, 30, 20]));
        assert_eq!(divide(10, &[6, 3, 2]), Ok(vec![5, 3, 2]));
        assert_eq!(divide(1, &[1, 1, 2]), Ok(vec![0, 0, 1]));
        assert_eq!(divide(-10_000, &[1, 1, 1]), Ok(vec![-3_334, -3_333, -3_333]));
    }

    #[test]
    fn no_weight_takes_no_money() {
        assert_eq!(divide(5, &[0, 1]), Ok(vec![0, 5]));
        assert_eq!(divide(0, &[0, 0]), Ok(vec![0, 0]));
        assert_eq!(divide(5, &[0, 0]), Err(ApportionError::NoWeight));
        assert_eq!(divide(5, &[]), Err(ApportionError::NoWeight));
    }

    #[test]
    fn equal_parts_sum_and_differ_by_at_most_one_unit() {
        for total in [0, 1, 2, 100, 10_001, -1, -10_000, i64::MAX, i64::MIN] {
            for count in [1, 2, 3, 7, 250] {
                let parts = equal_parts(Amount::from_minor_units(total), NonZeroU32::new(count).unwrap());
                let parts: Vec<_> = parts.map(|part| i128::from(part.minor_units())).collect();
                assert_eq!(parts.len(), usize::try_from(count).unwrap());
                assert_eq!(parts.iter().sum::<i128>(), i128::from(total), "{total} by {count}");
                let (least, most) = (parts.iter().min().unwrap(), parts.iter().max().unwrap());
                assert!(most - least <= 1, "{total} by {count}");
            }
        }
    }

    #[test]
    fn extremes_do_not_overflow() {
        assert_eq!(divide(i64::MAX, &[u64::MAX, u64::MAX]).map(|parts| parts.iter().sum()), Ok(i64::MAX));
        assert_eq!(divide(i64::MIN, &[1]), Ok(vec![i64::MIN]));
    }
}
