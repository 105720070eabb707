//! Sources of a generated bill's numbers: a seed, or the bytes of a fuzzer.

/// A source of choices.
pub trait Choices {
    /// A number below `bound`, which is above zero.
    fn below(&mut self, bound: u64) -> u64;

    /// True once in `times` times.
    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == times - 1
    }

    /// A number from `least` to `most`.
    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// An index below `bound`.
    fn place(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(u64::try_from(bound).unwrap())).unwrap()
    }

    /// One element of a list.
    fn one_of<T: Copy>(&mut self, list: &[T]) -> T
    where
        Self: Sized,
    {
        list[self.place(list.len())]
    }

    /// Shuffles a list.
    fn shuffle<T>(&mut self, list: &mut [T])
    where
        Self: Sized,
    {
        for place in (1..list.len()).rev() {
            list.swap(place, self.place(place + 1));
        }
    }
}

/// `SplitMix64` (Steele, Lea and Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014): the same numbers for
/// the same seed, everywhere.
#[derive(Debug, Clone)]
pub struct Seeded(u64);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

impl Choices for Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        // The bias towards small numbers is far too small to matter here.
        let wide = u128::from(self.next()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap()
    }
}

/// Choices that are given as a list; after its end, each is 0. So fewer and smaller numbers
/// make a simpler bill.
#[derive(Debug, Clone)]
pub struct Listed {
    numbers: std::vec::IntoIter<u64>,
}

impl Listed {
    pub fn new(numbers: Vec<u64>) -> Self {
        Self { numbers: numbers.into_iter() }
    }
}

impl Choices for Listed {
    fn below(&mut self, bound: u64) -> u64 {
        self.numbers.next().unwrap_or_default() % bound
    }
}
