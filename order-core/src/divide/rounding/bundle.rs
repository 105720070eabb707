//! Many amounts divided by the same weights, of which only each row's sum is needed.
//!
//! An order of 5,000 dishes and 250 people has more than a million such cells. They are rounded
//! like any others, but each keeps only two bits: whether its quota is fractional, and whether
//! it is rounded up.

use super::table::Cell;
use crate::divide::exact::Exact;
use crate::divide::weights::Weights;

/// The number of bits in a word.
pub(super) const BITS: usize = u64::BITS as usize;
/// The largest row that fits the keys by which parts are chosen.
const MAX_ROW: usize = u16::MAX as usize;

/// The amounts, rounded down.
pub(super) struct Bundle {
    parts: Vec<Part>,
    /// By amount: units left to give.
    left: Vec<usize>,
    /// How many words the bits of one amount take, one bit for each part.
    words: usize,
    /// Which parts may be rounded up, grouped by amount.
    fractional: Vec<u64>,
    /// Which are rounded up.
    up: Vec<u64>,
}

/// One row's part of all amounts.
struct Part {
    row: usize,
    /// The weight, modulo the total.
    weight: u64,
    /// The weight divided by the total, in units of 2^-64, rounded down.
    ratio: u64,
    /// The sum of its quotas, each rounded down.
    sum: i128,
    /// The sum of the remainders, in units of one divided by the total.
    rest: u128,
}

impl Bundle {
    /// Rounds the quotas of all amounts down. `None` where a number is too large for it.
    pub(super) fn rounded_down<T: Exact>(
        weights: &Weights<T>,
        amounts: &[i64],
        negative: bool,
    ) -> Option<Self> {
        let total = u64::try_from(weights.total.to_i64()?).ok().filter(|&total| total > 0)?;
        if weights.entries.iter().any(|(row, _)| *row > MAX_ROW) {
            return None;
        }
        let mut wholes = Vec::with_capacity(weights.entries.len());
        let mut parts = Vec::with_capacity(weights.entries.len());
        for (row, weight) in &weights.entries {
            let weight = i128::from(weight.to_i64()?);
            let rest = u64::try_from(weight.checked_rem_euclid(total.into())?).ok()?;
            wholes.push(weight.checked_div_euclid(total.into())?);
            let ratio = u128::from(rest).checked_shl(64)?.checked_div(total.into())?;
            parts.push(Part { row: *row, weight: rest, ratio: u64::try_from(ratio).ok()?, sum: 0, rest: 0 });
        }
        let words = parts.len().div_ceil(BITS);
        let bits = words.checked_mul(amounts.len())?;
        let mut this = Self {
            parts,
            left: Vec::with_capacity(amounts.len()),
            words,
            fractional: vec![0; bits],
            up: vec![0; bits],
        };
        let mut all = 0_i128;
        for (&amount, bits) in amounts.iter().zip(this.fractional.chunks_exact_mut(words.max(1))) {
            let amount = if negative { amount.checked_neg()? } else { amount };
            all = all.checked_add(amount.into())?;
            let rest = round_down(&mut this.parts, total, amount, bits);
            this.left.push(usize::try_from(rest.checked_div(total.into())?).ok()?);
        }
        for (part, whole) in this.parts.iter_mut().zip(wholes) {
            part.sum = part.sum.checked_add(all.checked_mul(whole)?)?;
        }
        Some(this)
    }

    /// How many rows have a part.
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// By amount: units left to give.
    pub(super) fn left(&self) -> &[usize] {
        &self.left
    }

    /// Each row with a part: the sum of its quotas rounded down, and the sum of their remainders,
    /// in units of one divided by the total of the weights.
    pub(super) fn rests(&self) -> impl Iterator<Item = (usize, i128, u128)> {
        self.parts.iter().map(|part| (part.row, part.sum, part.rest))
    }

    /// By part: the row.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> {
        self.parts.iter().map(|part| part.row)
    }

    /// Assigns the units of each amount to the parts that are furthest below their wish and, among
    /// those, to the first in the ranking. `by_part`: what each part lacks, and its place in the
    /// ranking.
    pub(super) fn give(&mut self, by_part: &mut [(i64, usize)]) -> Option<()> {
        let words = self.words.max(1);
        let bits = self.fractional.chunks_exact(words).zip(self.up.chunks_exact_mut(words));
        let mut keys = Vec::with_capacity(by_part.len());
        for (&left, (fractional, up)) in self.left.iter().zip(bits).filter(|(left, _)| **left > 0) {
            keys.clear();
            for (place, &(lacks, rank)) in by_part.iter().enumerate() {
                if has(fractional, place) {
                    let last = u64::try_from(i64::from(i32::MAX).checked_sub(lacks)?).ok()?;
                    keys.push(last.checked_mul(1 << 32)? | u64::try_from(rank << 16 | place).ok()?);
                }
            }
            if left < keys.len() {
                keys.select_nth_unstable(left);
            }
            for key in keys.iter().take(left) {
                let place = usize::try_from(key & 0xFFFF).ok()?;
                let (lacks, _) = by_part.get_mut(place)?;
                *lacks = lacks.checked_sub(1)?;
                *up.get_mut(place / BITS)? |= 1 << (place % BITS);
            }
        }
        Some(())
    }

    /// Which parts of one amount may be rounded up, and which are.
    pub(super) fn column(&self, amount: usize) -> Option<(&[u64], &[u64])> {
        let start = amount.checked_mul(self.words)?;
        let bits = start..start.checked_add(self.words)?;
        Some((self.fractional.get(bits.clone())?, self.up.get(bits)?))
    }

    /// Flips the rounding of one part of one amount.
    pub(super) fn turn(&mut self, amount: usize, part: usize) -> Option<()> {
        let word = amount.checked_mul(self.words)?.checked_add(part / BITS)?;
        *self.up.get_mut(word)? ^= 1 << (part % BITS);
        Some(())
    }

    /// Each row's sum of all amounts, including its units.
    pub(super) fn sums(&self) -> Option<Vec<Cell>> {
        let mut ups = vec![0_i64; self.parts.len()];
        for bits in self.up.chunks_exact(self.words.max(1)) {
            for (place, ups) in ups.iter_mut().enumerate() {
                *ups = ups.checked_add(has(bits, place).into())?;
            }
        }
        let sum = |(part, up): (&Part, i64)| {
            let amount = i64::try_from(part.sum).ok()?.checked_add(up)?;
            Some(Cell { row: part.row, amount, fractional: false, up: false })
        };
        self.parts.iter().zip(ups).map(sum).collect()
    }
}

/// Adds the rounded-down quotas of one amount, marks the fractional ones, and returns the sum
/// of remainders.
fn round_down(parts: &mut [Part], total: u64, amount: i64, bits: &mut [u64]) -> u128 {
    let magnitude = amount.unsigned_abs();
    let mut all = 0_u128;
    for (parts, bits) in parts.chunks_mut(BITS).zip(bits) {
        for (place, part) in parts.iter_mut().enumerate() {
            // This may be one below the true quotient. The rest is below twice the total, which
            // fits 63 bits, so it fits; an overflow on the way there is the same in both products.
            let mut quotient = high(magnitude, part.ratio);
            let mut rest = magnitude.wrapping_mul(part.weight).wrapping_sub(quotient.wrapping_mul(total));
            if rest >= total {
                quotient = quotient.wrapping_add(1);
                rest = rest.wrapping_sub(total);
            }
            let mut quota = i128::from(quotient);
            if amount < 0 {
                // This rounds down as well, so away from zero.
                quota = quota.wrapping_add(i128::from(rest != 0)).wrapping_neg();
                rest = if rest == 0 { 0 } else { total.wrapping_sub(rest) };
            }
            *bits |= u64::from(rest != 0) << place;
            // Neither overflows: quotas and rests are below 2^64, and there are not 2^63 of them.
            part.sum = part.sum.wrapping_add(quota);
            part.rest = part.rest.wrapping_add(rest.into());
            all = all.wrapping_add(rest.into());
        }
    }
    all
}

/// The upper half of a product.
fn high(a: u64, b: u64) -> u64 {
    let product = u128::from(a).wrapping_mul(b.into());
    u64::try_from(product >> 64).unwrap_or(u64::MAX)
}

/// Whether the bit at this place is set.
pub(super) fn has(bits: &[u64], place: usize) -> bool {
    bits.get(place / BITS).is_some_and(|word| word >> (place % BITS) & 1 == 1)
}
