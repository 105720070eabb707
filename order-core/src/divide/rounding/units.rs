//! Giving out the units that are left once every quota is rounded down.

use std::cmp::Reverse;

use super::bundle::Bundle;
use super::quotas::Quotas;
use super::table::Table;
use crate::divide::exact::Exact;

/// The units that are left once every cell is rounded down, while they are being assigned.
pub(super) struct Units<'table> {
    pub(super) table: &'table mut Table,
    /// The columns that come out as one.
    pub(super) bundle: Option<&'table mut Bundle>,
    /// By column after them: units to give.
    left: &'table [usize],
    /// By row: how many units it has beyond its minimum; in the end 0, or 1 where there is room.
    pub(super) extra: Vec<i64>,
    /// By row: 1 where its quota is not whole, else 0.
    pub(super) room: Vec<i64>,
    /// All rows, the largest remainder first.
    pub(super) ranking: Vec<usize>,
}

impl<'table> Units<'table> {
    pub(super) fn new<T: Exact, K: Ord>(
        table: &'table mut Table,
        quotas: &'table mut Quotas<T>,
        tie: impl Fn(usize) -> K,
    ) -> Option<Self> {
        let mut ranking: Vec<(&T, K, usize)> =
            quotas.least.iter().enumerate().map(|(row, (_, fraction))| (fraction, tie(row), row)).collect();
        ranking.sort_unstable_by(|(a, a_tie, _), (b, b_tie, _)| b.cmp(a).then_with(|| a_tie.cmp(b_tie)));
        Some(Self {
            table,
            bundle: quotas.bundle.as_mut(),
            left: &quotas.left,
            extra: quotas.least.iter().map(|(least, _)| least.checked_neg()).collect::<Option<_>>()?,
            room: quotas.least.iter().map(|(_, fraction)| i64::from(!fraction.is_zero())).collect(),
            ranking: ranking.into_iter().map(|(_, _, row)| row).collect(),
        })
    }

    /// The extra units that each row would get if only the largest remainders decided.
    pub(super) fn wished(&self) -> Option<Vec<i64>> {
        let bundled = self.bundle.iter().flat_map(|bundle| bundle.left());
        let units: usize = self.left.iter().chain(bundled).sum();
        let must: i64 = self.extra.iter().sum();
        let mut wished = vec![0; self.extra.len()];
        let places = usize::try_from(i64::try_from(units).ok()?.checked_add(must)?).ok()?;
        for &row in self.ranking.iter().take(places) {
            *wished.get_mut(row)? = 1;
        }
        Some(wished)
    }

    /// Assigns the units of each column to the rows that are furthest below their wish; columns
    /// with the fewest rows go first. If every row has a part in every column, this always meets
    /// the wishes (Gale and Ryser, 1957).
    pub(super) fn give(&mut self, wished: &[i64]) -> Option<()> {
        let mut rank = vec![0; self.ranking.len()];
        for (place, &row) in self.ranking.iter().enumerate() {
            *rank.get_mut(row)? = place;
        }
        let mut columns: Vec<(usize, usize)> = Vec::with_capacity(self.left.len());
        for (column, range) in self.table.columns.iter().enumerate() {
            if self.left.get(column).is_some_and(|&left| left > 0) {
                columns.push((range.len(), column));
            }
        }
        columns.sort_unstable();
        let bundled = self.bundle.as_ref().map_or(0, |bundle| bundle.len());
        let (fewer, others) = columns.split_at(columns.partition_point(|&(rows, _)| rows < bundled));
        self.give_of(fewer, wished, &rank)?;
        self.give_of_bundle(wished, &rank)?;
        self.give_of(others, wished, &rank)
    }

    fn give_of(&mut self, columns: &[(usize, usize)], wished: &[i64], rank: &[usize]) -> Option<()> {
        let mut candidates: Vec<(Reverse<i64>, usize, usize)> = Vec::new();
        for &(_, column) in columns {
            let left = *self.left.get(column)?;
            candidates.clear();
            for index in self.table.columns.get(column)?.clone() {
                let cell = self.table.cells.get(index)?;
                if cell.fractional {
                    let lacks = wished.get(cell.row)?.checked_sub(*self.extra.get(cell.row)?)?;
                    candidates.push((Reverse(lacks), *rank.get(cell.row)?, index));
                }
            }
            if left < candidates.len() {
                candidates.select_nth_unstable(left);
            }
            for &(_, _, index) in candidates.iter().take(left) {
                self.table.cells.get_mut(index)?.up = true;
                let row = self.table.cells.get(index)?.row;
                let extra = self.extra.get_mut(row)?;
                *extra = extra.checked_add(1)?;
            }
        }
        Some(())
    }

    fn give_of_bundle(&mut self, wished: &[i64], rank: &[usize]) -> Option<()> {
        let Some(bundle) = &mut self.bundle else { return Some(()) };
        let lacks = |row: usize| wished.get(row)?.checked_sub(*self.extra.get(row)?);
        let mut by_part =
            bundle.rows().map(|row| Some((lacks(row)?, *rank.get(row)?))).collect::<Option<Vec<_>>>()?;
        bundle.give(&mut by_part)?;
        for (row, (lacks, _)) in bundle.rows().zip(by_part) {
            *self.extra.get_mut(row)? = wished.get(row)?.checked_sub(lacks)?;
        }
        Some(())
    }
}
