//! Whole numbers that never overflow unseen.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{CheckedAdd, CheckedMul, CheckedSub, ToPrimitive};

/// The most bits that the common denominator of a bill may have.
pub(super) const MAX_BITS: u64 = 4_096;

/// Whole numbers of one kind. A bill is divided with `i128`; where that overflows, again with [`BigInt`].
pub(super) trait Exact:
    Integer + Clone + CheckedAdd + CheckedSub + CheckedMul + ToPrimitive + From<i64> + From<i128>
{
    /// How many bits the number takes.
    fn bits(&self) -> u64;

    /// The quotient rounded down, and what is left. The divisor is above zero, or leaves nothing.
    fn quotient(&self, divisor: &Self) -> (Self, Self) {
        self.div_mod_floor(divisor)
    }
}

impl Exact for i128 {
    fn quotient(&self, divisor: &Self) -> (Self, Self) {
        // Most numbers of a bill are small, and dividing large ones takes many times as long.
        if let (Ok(small), Ok(divisor)) = (i64::try_from(*self), i64::try_from(*divisor))
            && let (Some(quotient), Some(rest)) =
                (small.checked_div_euclid(divisor), small.checked_rem_euclid(divisor))
        {
            return (Self::from(quotient), Self::from(rest));
        }
        self.div_mod_floor(divisor)
    }

    fn bits(&self) -> u64 {
        u64::from(Self::BITS.saturating_sub(self.unsigned_abs().leading_zeros()))
    }
}

impl Exact for BigInt {
    fn bits(&self) -> u64 {
        Self::bits(self)
    }
}

/// The least number that both divide, if it can be held. Both are above zero.
pub(super) fn lcm<T: Exact>(a: &T, b: &T) -> Option<T> {
    if b.is_one() || a == b {
        return Some(a.clone());
    }
    let (quotient, remainder) = a.quotient(b);
    if remainder.is_zero() && !quotient.is_zero() {
        return Some(a.clone());
    }
    // Of a large number and a small one, the first step of Euclid's way is the one that saves time.
    let (part, _) = b.quotient(&b.gcd(&remainder));
    a.checked_mul(&part).filter(|least| least.bits() <= MAX_BITS)
}

/// `number ÷ divisor`, with halves away from zero; the divisor is above zero.
pub(super) fn div_round<T: Exact>(number: &T, divisor: &T) -> Option<T> {
    let negative = *number < T::zero();
    let magnitude = if negative { T::zero().checked_sub(number)? } else { number.clone() };
    let doubled = magnitude.checked_add(&magnitude)?.checked_add(divisor)?;
    let (rounded, _) = doubled.quotient(&divisor.checked_add(divisor)?);
    if negative { T::zero().checked_sub(&rounded) } else { Some(rounded) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_away_from_zero() {
        for (number, rounded) in
            [(4, 1), (5, 1), (7, 1), (8, 2), (-4, -1), (-7, -1), (-8, -2), (0, 0), (1, 0)]
        {
            assert_eq!(div_round(&i128::from(number), &5), Some(rounded), "{number}");
        }
        assert_eq!(div_round(&1_i128, &2), Some(1));
        assert_eq!(div_round(&-1_i128, &2), Some(-1));
        assert_eq!(div_round(&i128::MAX, &2), None);
    }

    #[test]
    fn a_common_denominator_that_cannot_be_held_is_none() {
        assert_eq!(lcm(&4_i128, &6), Some(12));
        assert_eq!(lcm(&12_i128, &4), Some(12));
        assert_eq!(lcm(&((1_i128 << 100) + 1), &(1 << 100)), None);
        assert!(lcm(&BigInt::from((1_i128 << 100) + 1), &BigInt::from(1_i128 << 100)).is_some());
    }
}
