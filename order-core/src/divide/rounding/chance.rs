//! Rounding by chance, so that the expected value of every cell and every row is its quota.
//!
//! The method is Cox's (*A constructive procedure for unbiased controlled rounding*, JASA 82, 1987). The fractions of the
//! cells, and what the fraction of each row lacks to a whole as a column more, are a table in which every row and every
//! column sums to a whole number. Along a cycle of cells that takes a row and a column in turns, as much can be added to
//! every other cell as is taken from those between them. Both directions are taken as far as a cell becomes whole, one of
//! them with a probability that leaves every expected value as it is. Cells are added one by one to a forest of cells
//! that are not whole: where one closes a cycle, the cycle is walked, and at least one of its cells is whole then.
//!
//! The chance is SipHash-2-4 (key zero) of the order's id, two zero bytes and the number of the draw, so it is the same
//! on every machine. Rows go by their tie and columns by their fractions, so the order in which people, dishes and charges
//! are listed never matters.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use super::quotas::Quotas;
use super::table::{Column, Table};
use crate::divide::exact::Exact;
use crate::divide::weights::Weights;
use crate::value::OrderId;

/// The value for "no node".
const NONE: usize = usize::MAX;

/// A source of chance.
pub(super) trait Chance {
    /// True with a probability of `part ÷ whole`. `None` when a number is too large for `T`.
    fn happens<T: Exact>(&mut self, part: &T, whole: &T) -> Option<bool>;
}

/// Chance that follows from an order's id.
pub(super) struct Draws {
    hasher: SipHasher24,
    number: u64,
}

impl Draws {
    pub(super) fn new(order: &OrderId) -> Self {
        let mut hasher = SipHasher24::new();
        hasher.write(order.as_str().as_bytes());
        // No id holds a zero byte, so this is no tie rank of another order.
        hasher.write(&[0, 0]);
        Self { hasher, number: 0 }
    }

    fn next(&mut self) -> u64 {
        let mut hasher = self.hasher;
        hasher.write(&self.number.to_le_bytes());
        self.number = self.number.wrapping_add(1);
        hasher.finish()
    }
}

impl Chance for Draws {
    /// The probability is off by less than 2^-64.
    fn happens<T: Exact>(&mut self, part: &T, whole: &T) -> Option<bool> {
        let drawn = T::from(i128::from(self.next())).checked_mul(whole)?;
        Some(drawn < part.checked_mul(&T::from(1_i128 << 64))?)
    }
}

/// One cell that is not whole.
struct Edge<T> {
    /// Its index in the table; `None`: what a row lacks to a whole.
    cell: Option<usize>,
    /// Its fraction, in units of one divided by the common denominator.
    fraction: T,
}

/// Cells that are not whole, no cycle among them. Nodes are rows by their place, then columns.
struct Forest<T> {
    edges: Vec<Edge<T>>,
    /// By node: the next node towards the root, and the edge to it.
    parents: Vec<(usize, usize)>,
    /// By node: the number of the last search that visited it.
    visited: Vec<usize>,
    searches: usize,
    common: T,
}

/// Rounds the cells of a table up or down by chance. `None` when a number is too large for `T`.
pub(super) fn round_by_chance<T: Exact, K: Ord>(
    table: &mut Table,
    quotas: &Quotas<T>,
    (weights, columns): (&[Weights<T>], &mut dyn Iterator<Item = Column>),
    negative: bool,
    tie: impl Fn(usize) -> K,
    draws: &mut impl Chance,
) -> Option<()> {
    let rows = quotas.least.len();
    let mut ranking: Vec<usize> = (0..rows).collect();
    ranking.sort_by_key(|row| tie(*row));
    let mut place_of = vec![0; rows];
    for (place, &row) in ranking.iter().enumerate() {
        *place_of.get_mut(row)? = place;
    }
    let mut fractional = Vec::new();
    for (place, column) in columns.enumerate() {
        let cells = fractions(table, place, (weights, column), &quotas.common, negative, &place_of)?;
        if !cells.is_empty() {
            fractional.push(cells);
        }
    }
    // Columns with the same fractions do the same to every row, so they may keep their order.
    fractional.sort_by(|one, other| {
        let one = one.iter().map(|(place, _, fraction)| (place, fraction));
        one.cmp(other.iter().map(|(place, _, fraction)| (place, fraction)))
    });
    let nodes = rows.checked_add(fractional.len())?.checked_add(1)?;
    let mut forest = Forest {
        edges: Vec::new(),
        parents: vec![(NONE, NONE); nodes],
        visited: vec![0; nodes],
        searches: 0,
        common: quotas.common.clone(),
    };
    for (place, &row) in ranking.iter().enumerate() {
        let (_, fraction) = quotas.least.get(row)?;
        if !fraction.is_zero() {
            let fraction = quotas.common.checked_sub(fraction)?;
            forest.add(Edge { cell: None, fraction }, place, rows, table, draws)?;
        }
    }
    for (number, cells) in fractional.into_iter().enumerate() {
        let node = rows.checked_add(number)?.checked_add(1)?;
        for (place, cell, fraction) in cells {
            forest.add(Edge { cell: Some(cell), fraction }, place, node, table, draws)?;
        }
    }
    Some(())
}

/// The cells of a column that are not whole, by the place of their row: the index of each, and its fraction.
fn fractions<T: Exact>(
    table: &Table,
    place: usize,
    (weights, column): (&[Weights<T>], Column),
    common: &T,
    negative: bool,
    place_of: &[usize],
) -> Option<Vec<(usize, usize, T)>> {
    let Weights { entries, total, .. } = weights.get(column.weights)?;
    let amount = T::from(if negative { column.amount.checked_neg()? } else { column.amount });
    let (factor, _) = common.quotient(total);
    let mut cells = Vec::new();
    for (index, (row, weight)) in table.columns.get(place)?.clone().zip(entries) {
        if table.cells.get(index)?.fractional {
            let (_, rest) = amount.checked_mul(weight)?.quotient(total);
            cells.push((*place_of.get(*row)?, index, rest.checked_mul(&factor)?));
        }
    }
    cells.sort_unstable_by_key(|(place, _, _)| *place);
    Some(cells)
}

impl<T: Exact> Forest<T> {
    /// Adds a cell between the nodes of its row and its column. Where that closes a cycle, it is walked.
    fn add(
        &mut self,
        edge: Edge<T>,
        row: usize,
        column: usize,
        table: &mut Table,
        draws: &mut impl Chance,
    ) -> Option<()> {
        let number = self.edges.len();
        self.edges.push(edge);
        let path = self.path(column, row)?;
        if !path.is_empty() && !self.walk(number, &path, table, draws)? {
            return Some(());
        }
        self.make_root(row)?;
        *self.parents.get_mut(row)? = (column, number);
        Some(())
    }

    /// The nodes whose edges to their parents are the path between two nodes, from the first to the second. Empty: they are
    /// not connected.
    fn path(&mut self, from: usize, to: usize) -> Option<Vec<usize>> {
        self.searches = self.searches.checked_add(1)?;
        let mut up = from;
        while up != NONE {
            *self.visited.get_mut(up)? = self.searches;
            up = self.parents.get(up)?.0;
        }
        let mut down = Vec::new();
        let mut meeting = to;
        while *self.visited.get(meeting)? != self.searches {
            down.push(meeting);
            meeting = self.parents.get(meeting)?.0;
            if meeting == NONE {
                return Some(Vec::new());
            }
        }
        let mut path = Vec::new();
        let mut up = from;
        while up != meeting {
            path.push(up);
            up = self.parents.get(up)?.0;
        }
        path.extend(down.into_iter().rev());
        Some(path)
    }

    /// Moves the cells of a cycle, every other one up and those between them down, or the other way. Returns whether the
    /// new cell is still not whole.
    fn walk(
        &mut self,
        new: usize,
        path: &[usize],
        table: &mut Table,
        draws: &mut impl Chance,
    ) -> Option<bool> {
        let mut cycle = vec![new];
        for &node in path {
            cycle.push(self.parents.get(node)?.1);
        }
        // How far the new cell can go up, and down.
        let (mut up, mut down) = (self.common.clone(), self.common.clone());
        for (place, &edge) in cycle.iter().enumerate() {
            let fraction = &self.edges.get(edge)?.fraction;
            let lacks = self.common.checked_sub(fraction)?;
            let (grows, shrinks) = if place % 2 == 0 { (&lacks, fraction) } else { (fraction, &lacks) };
            up = up.min(grows.clone());
            down = down.min(shrinks.clone());
        }
        let goes_up = draws.happens(&down, &up.checked_add(&down)?)?;
        let by = if goes_up { up } else { T::zero().checked_sub(&down)? };
        for (place, &edge) in cycle.iter().enumerate() {
            let edge = self.edges.get_mut(edge)?;
            edge.fraction = if place % 2 == 0 {
                edge.fraction.checked_add(&by)?
            } else {
                edge.fraction.checked_sub(&by)?
            };
            if edge.fraction == self.common
                && let Some(cell) = edge.cell
            {
                table.cells.get_mut(cell)?.up = true;
            }
        }
        let is_whole = |edge: usize| {
            self.edges.get(edge).is_some_and(|edge| edge.fraction.is_zero() || edge.fraction == self.common)
        };
        for &node in path {
            let parent = self.parents.get_mut(node)?;
            if is_whole(parent.1) {
                *parent = (NONE, NONE);
            }
        }
        Some(!is_whole(new))
    }

    /// Turns the tree of a node over, so that the node is its root.
    fn make_root(&mut self, node: usize) -> Option<()> {
        let mut child = (NONE, NONE);
        let mut at = node;
        while at != NONE {
            let parent = std::mem::replace(self.parents.get_mut(at)?, child);
            child = (at, parent.1);
            at = parent.0;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "a test may panic")]

    use num_bigint::BigInt;
    use num_rational::Ratio;
    use proptest::prelude::*;

    use super::*;

    type Exactly = Ratio<BigInt>;

    /// Follows one branch of all that chance can take, and says how probable it is.
    struct Branch {
        taken: Vec<bool>,
        at: usize,
        probability: Exactly,
    }

    impl Chance for Branch {
        fn happens<T: Exact>(&mut self, part: &T, whole: &T) -> Option<bool> {
            if self.at == self.taken.len() {
                self.taken.push(true);
            }
            let happens = self.taken[self.at];
            self.at += 1;
            let exact = |number: &T| BigInt::from(number.to_i128().unwrap());
            let chance = Exactly::new(exact(part), exact(whole));
            self.probability *= if happens { chance } else { Exactly::from(BigInt::from(1)) - chance };
            Some(happens)
        }
    }

    /// Columns of an amount and a weight for each row.
    fn columns() -> impl Strategy<Value = Vec<(i64, Vec<i64>)>> {
        (2..5_usize).prop_flat_map(|rows| {
            let weights = prop::collection::vec(0..4_i64, rows);
            prop::collection::vec((0..8_i64, weights), 1..4)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the draws, every cell and row is its quota rounded down or up and every column sums; and over all
        /// draws, each cell and each row comes to its quota exactly.
        #[test]
        fn the_expected_value_of_every_cell_and_row_is_its_quota(columns in columns()) {
            let columns: Vec<_> =
                columns.into_iter().filter(|(_, weights)| weights.iter().any(|&weight| weight > 0)).collect();
            let rows = columns.first().map_or(0, |(_, weights)| weights.len());
            let weights: Vec<Weights<i128>> = columns
                .iter()
                .map(|(_, own)| Weights::of(own.iter().map(|&weight| i128::from(weight)).enumerate().collect()).unwrap())
                .collect();
            let list: Vec<_> =
                columns.iter().enumerate().map(|(place, (amount, _))| Column { amount: *amount, weights: place }).collect();
            let mut expected = vec![vec![Exactly::default(); rows]; columns.len()];
            let mut total = Exactly::default();
            let mut taken = Vec::new();
            loop {
                let mut branch = Branch { taken, at: 0, probability: Exactly::from(BigInt::from(1)) };
                let mut table = Table::empty(rows);
                let quotas = table.round_down(&weights, None, &list.iter().copied(), false).unwrap();
                let columns = (weights.as_slice(), &mut list.iter().copied() as &mut dyn Iterator<Item = Column>);
                round_by_chance(&mut table, &quotas, columns, false, |row| row, &mut branch).unwrap();
                let mut sums = vec![0_i64; rows];
                for (place, column) in list.iter().enumerate() {
                    let mut sum = 0;
                    for cell in table.column(place) {
                        let amount = cell.amount + i64::from(cell.up);
                        prop_assert!(!cell.up || cell.fractional);
                        sum += amount;
                        sums[cell.row] += amount;
                        expected[place][cell.row] += &branch.probability * Exactly::from(BigInt::from(amount));
                    }
                    prop_assert_eq!(sum, column.amount);
                }
                for (row, (least, fraction)) in quotas.least.iter().enumerate() {
                    // What the cells have at least is in the table already.
                    let floors: i64 = (0..list.len())
                        .flat_map(|place| table.column(place))
                        .filter(|cell| cell.row == row)
                        .map(|cell| cell.amount)
                        .sum();
                    let extra = sums[row] - floors - least;
                    prop_assert!(extra == 0 || extra == 1 && *fraction != 0, "row {} has {} too many", row, extra);
                }
                total += &branch.probability;
                // The next branch: the last draw that went up goes down.
                taken = branch.taken;
                while taken.last() == Some(&false) {
                    taken.pop();
                }
                match taken.last_mut() {
                    Some(last) => *last = false,
                    None => break,
                }
            }
            prop_assert_eq!(total, Exactly::from(BigInt::from(1)));
            for ((amount, weights), expected) in columns.iter().zip(expected) {
                let sum: i64 = weights.iter().sum();
                for (weight, expected) in weights.iter().zip(expected) {
                    prop_assert_eq!(expected, Exactly::new((amount * weight).into(), sum.into()));
                }
            }
        }
    }
}
