//! Seeded random numbers.

/// A seeded random number generator: the same seed gives the same numbers, on every machine
/// and in every release.
///
/// Steele, Lea and Flood's `SplitMix64` ("Fast splittable pseudorandom number generators",
/// 2014). It is written out here because a seed in a bug report must replay after any
/// upgrade, which random crates do not promise.
#[derive(Debug, Clone)]
pub struct Dice(u64);

/// The odd number nearest to 2⁶⁴ divided by the golden ratio; stepping by it visits every `u64` once.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Dice {
    /// Creates a generator for this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Creates one of several independent generators for the same seed.
    pub fn stream(seed: u64, stream: u64) -> Self {
        Self(mix(seed ^ mix(stream.wrapping_add(STEP))))
    }

    /// Returns a random `u64`.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// Returns a number from 0 to `bound - 1`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.roll().checked_rem(bound).unwrap_or_default()
    }

    /// Returns `true` with a probability of `per_thousand` in a thousand.
    pub fn hits(&mut self, per_thousand: u16) -> bool {
        self.below(1_000) < u64::from(per_thousand)
    }
}

/// Scatters the bits of a number; different numbers give different results.
pub(crate) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_published_sequence() {
        let mut dice = Dice::new(1_234_567);
        let rolls = [dice.roll(), dice.roll(), dice.roll()];
        assert_eq!(rolls, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn something_impossible_never_happens_and_something_certain_always() {
        let mut dice = Dice::new(7);
        assert!((0..10_000).all(|_| !dice.hits(0) && dice.hits(1_000)));
        let hits = (0..10_000).filter(|_| dice.hits(100)).count();
        assert!((800..1_200).contains(&hits), "{hits} of about 1000");
    }

    #[test]
    fn streams_of_one_seed_differ() {
        assert_ne!(Dice::stream(1, 0).roll(), Dice::stream(1, 1).roll());
        assert_eq!(Dice::new(1).below(0), 0);
    }
}
