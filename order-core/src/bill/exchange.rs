//! Moving units between rows until no better set of rows is rounded up.

use std::collections::VecDeque;

use super::rounding::Units;

/// Nothing leads here.
const NONE: usize = usize::MAX;

/// Units that have been given out, and the ways by which rows can pass them on: two rows that have a part in one
/// column exchange a unit of it, so a unit can wander along a path of such exchanges.
pub(super) struct Exchange<'table> {
    units: Units<'table>,
    /// By row: its cells that may be rounded up.
    cells_of: Vec<Vec<usize>>,
    /// By cell: its column.
    column_of: Vec<usize>,
    /// By row: whether no unit can reach it any more.
    closed: Vec<bool>,
    /// By row: whether it keeps its unit.
    kept: Vec<bool>,
}

/// Which way a unit goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To the row at which the search starts.
    In,
    /// From that row.
    Out,
}

impl<'table> Exchange<'table> {
    pub(super) fn new(units: Units<'table>) -> Option<Self> {
        let rows = units.extra.len();
        let mut cells_of = vec![Vec::new(); rows];
        let mut column_of = vec![NONE; units.table.cells.len()];
        for (column, range) in units.table.columns.iter().enumerate() {
            for index in range.clone() {
                let cell = units.table.cells.get(index)?;
                *column_of.get_mut(index)? = column;
                if cell.fractional {
                    cells_of.get_mut(cell.row)?.push(index);
                }
            }
        }
        Some(Self { units, cells_of, column_of, closed: vec![false; rows], kept: vec![false; rows] })
    }

    /// Brings every row within its bounds, then the largest remainders to their units.
    pub(super) fn settle(mut self) -> Option<()> {
        for row in 0..self.units.extra.len() {
            while self.extra(row) > self.room(row) {
                self.pass(row, Way::Out, |this, other| this.extra(other) < this.room(other))?;
            }
        }
        for row in 0..self.units.extra.len() {
            while self.extra(row) < 0 {
                self.pass(row, Way::In, |this, other| this.extra(other) > 0)?;
            }
        }
        let units: i64 = self.units.extra.iter().sum();
        let mut kept = 0;
        for row in self.units.ranking.clone() {
            if kept == units {
                break;
            }
            if self.extra(row) == 0 {
                let gives = |this: &Self, other| this.extra(other) == 1 && !this.is_kept(other);
                if self.room(row) == 0 || self.is_closed(row) || self.pass(row, Way::In, gives).is_none() {
                    continue;
                }
            }
            *self.kept.get_mut(row)? = true;
            kept = kept.saturating_add(1);
        }
        Some(())
    }

    fn extra(&self, row: usize) -> i64 {
        self.units.extra.get(row).copied().unwrap_or_default()
    }

    fn room(&self, row: usize) -> i64 {
        self.units.room.get(row).copied().unwrap_or_default()
    }

    fn is_kept(&self, row: usize) -> bool {
        self.kept.get(row).copied().unwrap_or_default()
    }

    fn is_closed(&self, row: usize) -> bool {
        self.closed.get(row).copied().unwrap_or_default()
    }

    /// Moves one unit between `start` and the nearest row that `ends` the way. Nothing when there is none; what
    /// could be reached is then closed, for no exchange elsewhere can open it again.
    fn pass(&mut self, start: usize, way: Way, ends: impl Fn(&Self, usize) -> bool) -> Option<()> {
        // Of every row reached: the cell of the row before it that changes, and its own cell that does.
        let mut steps: Vec<(usize, usize)> = vec![(NONE, NONE); self.units.extra.len()];
        let mut seen = vec![false; self.units.extra.len()];
        let mut spread = vec![false; self.units.table.columns.len()];
        let mut queue = VecDeque::from([start]);
        *seen.get_mut(start)? = true;
        while let Some(row) = queue.pop_front() {
            for &cell in self.cells_of.get(row)? {
                let column = *self.column_of.get(cell)?;
                let takes = self.units.table.cells.get(cell)?.up == (way == Way::Out);
                if !takes || *spread.get(column)? {
                    continue;
                }
                *spread.get_mut(column)? = true;
                for index in self.units.table.columns.get(column)?.clone() {
                    let other = self.units.table.cells.get(index)?;
                    let gives = other.fractional && other.up == (way == Way::In);
                    if !gives || *seen.get(other.row)? || self.is_closed(other.row) {
                        continue;
                    }
                    *seen.get_mut(other.row)? = true;
                    *steps.get_mut(other.row)? = (cell, index);
                    if ends(self, other.row) {
                        return self.carry_out(start, other.row, way, &steps);
                    }
                    queue.push_back(other.row);
                }
            }
        }
        for (closed, seen) in self.closed.iter_mut().zip(seen) {
            *closed |= seen;
        }
        None
    }

    /// Turns over the cells on the way from `start` to `end`.
    fn carry_out(&mut self, start: usize, end: usize, way: Way, steps: &[(usize, usize)]) -> Option<()> {
        let mut row = end;
        while row != start {
            let (before, own) = *steps.get(row)?;
            let cell = self.units.table.cells.get_mut(before)?;
            cell.up = !cell.up;
            row = cell.row;
            let cell = self.units.table.cells.get_mut(own)?;
            cell.up = !cell.up;
        }
        let (giver, taker) = if way == Way::In { (end, start) } else { (start, end) };
        let extra = self.units.extra.get_mut(giver)?;
        *extra = extra.checked_sub(1)?;
        let extra = self.units.extra.get_mut(taker)?;
        *extra = extra.checked_add(1)?;
        Some(())
    }
}
