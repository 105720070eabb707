//! Exact fractions.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::Ratio;
use num_traits::{CheckedAdd, CheckedDiv, CheckedMul, CheckedSub, Signed, ToPrimitive, Zero};

/// A fraction. It is kept in 128 bits while it fits, which makes the long run faster.
#[derive(Debug, Clone)]
pub enum Exact {
    Small(Ratio<i128>),
    Large(Box<Ratio<BigInt>>),
}

impl Exact {
    pub fn zero() -> Self {
        Self::whole(0)
    }

    pub fn one() -> Self {
        Self::whole(1)
    }

    pub fn whole(number: impl Into<i128>) -> Self {
        Self::Small(Ratio::from_integer(number.into()))
    }

    pub fn fraction(numerator: impl Into<i128>, denominator: impl Into<i128>) -> Self {
        Self::Small(Ratio::new(numerator.into(), denominator.into()))
    }

    pub fn sum<'exact>(numbers: impl IntoIterator<Item = &'exact Self>) -> Self {
        numbers.into_iter().fold(Self::zero(), |sum, number| &sum + number)
    }

    pub fn is_zero(&self) -> bool {
        match self {
            Self::Small(number) => number.is_zero(),
            Self::Large(number) => number.is_zero(),
        }
    }

    pub fn is_negative(&self) -> bool {
        match self {
            Self::Small(number) => number.is_negative(),
            Self::Large(number) => number.is_negative(),
        }
    }

    pub fn is_whole(&self) -> bool {
        match self {
            Self::Small(number) => number.is_integer(),
            Self::Large(number) => number.is_integer(),
        }
    }

    pub fn magnitude(&self) -> Self {
        if self.is_negative() { -self } else { self.clone() }
    }

    /// The greatest whole number that is not above it.
    pub fn floor(&self) -> i64 {
        match self {
            // `Ratio::floor` may overflow on the way.
            Self::Small(number) => number.numer().div_floor(number.denom()).to_i64(),
            Self::Large(number) => number.numer().div_floor(number.denom()).to_i64(),
        }
        .unwrap()
    }

    /// Whether `whole` is this number rounded down or up.
    pub fn rounds_to(&self, whole: i64) -> bool {
        let floor = self.floor();
        whole == floor || whole == floor + 1 && !self.is_whole()
    }

    /// The nearest whole number, halves away from zero.
    pub fn half_up(&self) -> i64 {
        if self.is_negative() { -(-self).half_up() } else { (self + &Self::fraction(1, 2)).floor() }
    }

    /// The nearest whole number, halves to the even one.
    pub fn half_even(&self) -> i64 {
        let down = self.floor();
        let beyond = &(self - &Self::whole(down)) * &Self::whole(2);
        match beyond.cmp(&Self::one()) {
            Ordering::Less => down,
            Ordering::Equal => down + down.rem_euclid(2),
            Ordering::Greater => down + 1,
        }
    }

    /// The whole number between it and zero that is nearest to it.
    pub fn towards_zero(&self) -> i64 {
        if self.is_negative() { -(-self).floor() } else { self.floor() }
    }

    fn large(&self) -> Ratio<BigInt> {
        match self {
            Self::Small(number) => Ratio::new_raw((*number.numer()).into(), (*number.denom()).into()),
            Self::Large(number) => (**number).clone(),
        }
    }

    fn with(
        &self,
        other: &Self,
        small: fn(&Ratio<i128>, &Ratio<i128>) -> Option<Ratio<i128>>,
        large: fn(Ratio<BigInt>, Ratio<BigInt>) -> Ratio<BigInt>,
    ) -> Self {
        if let (Self::Small(a), Self::Small(b)) = (self, other)
            && let Some(answer) = small(a, b)
        {
            return Self::Small(answer);
        }
        Self::Large(Box::new(large(self.large(), other.large())))
    }
}

impl Add for &Exact {
    type Output = Exact;
    fn add(self, other: Self) -> Exact {
        self.with(other, CheckedAdd::checked_add, Add::add)
    }
}

impl Sub for &Exact {
    type Output = Exact;
    fn sub(self, other: Self) -> Exact {
        self.with(other, CheckedSub::checked_sub, Sub::sub)
    }
}

impl Mul for &Exact {
    type Output = Exact;
    fn mul(self, other: Self) -> Exact {
        self.with(other, CheckedMul::checked_mul, Mul::mul)
    }
}

impl Div for &Exact {
    type Output = Exact;
    fn div(self, other: Self) -> Exact {
        self.with(other, CheckedDiv::checked_div, Div::div)
    }
}

impl Neg for &Exact {
    type Output = Exact;
    fn neg(self) -> Exact {
        &Exact::zero() - self
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Exact {}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Small(a), Self::Small(b)) => a.cmp(b),
            _ => self.large().cmp(&other.large()),
        }
    }
}
