//! Integers whose overflow never goes unnoticed.

use std::cmp::Ordering;

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{CheckedAdd, CheckedMul, CheckedSub, One, Signed, ToPrimitive, Zero};

use super::options::AmountRounding;

/// The maximum size of the common denominator of a bill, in bits.
pub(super) const MAX_BITS: u64 = 6_144;

/// The multiplier that mixes numbers (Numerical Recipes' linear congruential generator).
const MIXING: u32 = 1_664_525;

/// An integer type. A bill is divided with `i128` and, if that overflows, again with
/// [`BigInt`].
pub(super) trait Exact:
    Integer + Clone + CheckedAdd + CheckedSub + CheckedMul + ToPrimitive + From<i64> + From<i128>
{
    /// The size of the number in bits.
    fn bits(&self) -> u64;

    /// Adds another number in place. `None` on overflow; the number is then unchanged.
    fn add_to(&mut self, other: &Self) -> Option<()>;

    /// The greatest common divisor of all numbers; zero if there are none.
    fn common_divisor<'number>(numbers: impl Iterator<Item = &'number Self> + Clone) -> Self
    where
        Self: 'number;

    /// The quotient rounded down, and the remainder. The divisor is above zero, or leaves no
    /// remainder.
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
        match self.checked_div_euclid(*divisor) {
            // One division instead of two. Wrapping is safe, because the rest is below the divisor.
            Some(quotient) if *divisor > 0 => (quotient, self.wrapping_sub(quotient.wrapping_mul(*divisor))),
            _ => self.div_mod_floor(divisor),
        }
    }

    fn add_to(&mut self, other: &Self) -> Option<()> {
        *self = self.checked_add(*other)?;
        Some(())
    }

    fn common_divisor<'number>(numbers: impl Iterator<Item = &'number Self> + Clone) -> Self {
        let mut divisor = 0;
        for number in numbers {
            divisor = gcd(divisor, *number);
            if divisor == 1 {
                break;
            }
        }
        divisor
    }

    fn bits(&self) -> u64 {
        u64::from(Self::BITS.saturating_sub(self.unsigned_abs().leading_zeros()))
    }
}

/// The greatest common divisor of two numbers.
fn gcd(a: i128, b: i128) -> i128 {
    match (u64::try_from(a.unsigned_abs()), u64::try_from(b.unsigned_abs())) {
        // Most numbers are small, and this takes half the time.
        (Ok(a), Ok(b)) => a.gcd(&b).into(),
        _ => a.gcd(&b),
    }
}

/// The greatest common divisor of two numbers; fast if that is `divisor`.
#[allow(
    clippy::arithmetic_side_effects,
    reason = "these numbers grow as they need to, and the divisor is not zero"
)]
fn reduced(divisor: BigInt, number: &BigInt) -> BigInt {
    let rest = if divisor.is_zero() { number.clone() } else { number % &divisor };
    if rest.is_zero() { divisor } else { divisor.gcd(&rest) }
}

#[allow(clippy::arithmetic_side_effects, reason = "these numbers grow as they need to")]
impl Exact for BigInt {
    fn add_to(&mut self, other: &Self) -> Option<()> {
        *self += other;
        Some(())
    }

    fn common_divisor<'number>(numbers: impl Iterator<Item = &'number Self> + Clone) -> Self {
        // A gcd of two large numbers takes as long as a hundred divisions. So this takes the gcd of
        // one number and a mixture of all, which nearly always is the answer, and then checks it.
        let mut mixture = Self::ZERO;
        let mut times = 1_u32;
        for number in numbers.clone() {
            mixture += number * times;
            times = times.wrapping_mul(MIXING).wrapping_add(1);
        }
        let mut divisor = numbers.clone().next().cloned().unwrap_or_default();
        divisor = reduced(divisor, &mixture);
        for number in numbers {
            if divisor.is_one() {
                break;
            }
            divisor = reduced(divisor, number);
        }
        divisor.abs()
    }

    fn bits(&self) -> u64 {
        Self::bits(self)
    }
}

/// The least common multiple, if it fits. Both numbers are above zero.
pub(super) fn lcm<T: Exact>(a: &T, b: &T) -> Option<T> {
    if b.is_one() || a == b {
        return Some(a.clone());
    }
    let (quotient, remainder) = a.quotient(b);
    if remainder.is_zero() && !quotient.is_zero() {
        return Some(a.clone());
    }
    // For a large and a small number, the first step of Euclid's algorithm saves the most time.
    let (part, _) = b.quotient(&b.gcd(&remainder));
    a.checked_mul(&part).filter(|least| least.bits() <= MAX_BITS)
}

/// Computes `number ÷ divisor`, rounding halves away from zero; the divisor is above zero.
pub(super) fn div_round<T: Exact>(number: &T, divisor: &T) -> Option<T> {
    let negative = *number < T::zero();
    let magnitude = if negative { T::zero().checked_sub(number)? } else { number.clone() };
    let doubled = magnitude.checked_add(&magnitude)?.checked_add(divisor)?;
    let (rounded, _) = doubled.quotient(&divisor.checked_add(divisor)?);
    if negative { T::zero().checked_sub(&rounded) } else { Some(rounded) }
}

/// Computes `number ÷ divisor` as a whole number; the divisor is above zero. What is below zero mirrors what is above.
pub(super) fn div_by<T: Exact>(number: &T, divisor: &T, rounding: AmountRounding) -> Option<T> {
    let negative = *number < T::zero();
    let magnitude = if negative { T::zero().checked_sub(number)? } else { number.clone() };
    let rounded = match rounding {
        AmountRounding::HalfUp => return div_round(number, divisor),
        AmountRounding::Down => magnitude.quotient(divisor).0,
        AmountRounding::HalfEven => {
            let (down, rest) = magnitude.quotient(divisor);
            let up = match rest.checked_add(&rest)?.cmp(divisor) {
                Ordering::Less => false,
                Ordering::Equal => down.is_odd(),
                Ordering::Greater => true,
            };
            if up { down.checked_add(&T::one())? } else { down }
        }
    };
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
    fn halves_go_to_the_even_number_or_towards_zero_where_that_is_asked_for() {
        for (number, even, down) in [(5, 2, 2), (6, 3, 3), (7, 4, 3), (-5, -2, -2), (-7, -4, -3), (1, 0, 0)] {
            let rounded = |rounding| div_by(&i128::from(number), &2, rounding);
            assert_eq!(rounded(AmountRounding::HalfEven), Some(even), "{number}");
            assert_eq!(rounded(AmountRounding::Down), Some(down), "{number}");
            assert_eq!(rounded(AmountRounding::HalfUp), div_round(&i128::from(number), &2), "{number}");
        }
        // 1.666 and -1.666.
        assert_eq!(div_by(&5_i128, &3, AmountRounding::HalfEven), Some(2));
        assert_eq!(div_by(&-5_i128, &3, AmountRounding::Down), Some(-1));
    }

    #[test]
    fn a_common_denominator_that_cannot_be_held_is_none() {
        assert_eq!(lcm(&4_i128, &6), Some(12));
        assert_eq!(lcm(&12_i128, &4), Some(12));
        assert_eq!(lcm(&((1_i128 << 100) + 1), &(1 << 100)), None);
        assert!(lcm(&BigInt::from((1_i128 << 100) + 1), &BigInt::from(1_i128 << 100)).is_some());
    }
}
