//! A table of whole amounts, row by column.

use std::ops::Range;

/// An amount to divide, and the index of its weights.
#[derive(Debug, Clone, Copy)]
pub(in crate::divide) struct Column {
    pub(in crate::divide) amount: i64,
    pub(in crate::divide) weights: usize,
}

/// Amounts that are divided by the same weights and come out as one column.
#[derive(Debug)]
pub(in crate::divide) struct Together {
    pub(in crate::divide) amounts: Vec<i64>,
    pub(in crate::divide) weights: usize,
}

/// A rounded table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::divide) struct Table {
    pub(super) cells: Vec<Cell>,
    pub(super) columns: Vec<Range<usize>>,
    pub(super) rows: Vec<i64>,
}

/// One cell: a row's part of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) row: usize,
    pub(crate) amount: i64,
    /// Whether its quota is not whole, so that it may be rounded up.
    pub(super) fractional: bool,
    pub(super) up: bool,
}

impl Cell {
    /// Makes a cell whose quota is whole.
    pub(in crate::divide) fn whole(row: usize, amount: i64) -> Self {
        Self { row, amount, fractional: false, up: false }
    }
}

impl Table {
    pub(in crate::divide) fn empty(rows: usize) -> Self {
        Self { cells: Vec::new(), columns: Vec::new(), rows: vec![0; rows] }
    }

    /// The cells of a column.
    pub(in crate::divide) fn column(&self, column: usize) -> &[Cell] {
        self.columns.get(column).and_then(|range| self.cells.get(range.clone())).unwrap_or_default()
    }

    /// Appends the columns of another table without its first `skip`. `None` on overflow.
    pub(in crate::divide) fn append(&mut self, other: &Self, skip: usize) -> Option<()> {
        self.columns.reserve(other.columns.len());
        self.cells.reserve(other.cells.len());
        for column in skip..other.columns.len() {
            let start = self.cells.len();
            for cell in other.column(column) {
                let row = self.rows.get_mut(cell.row)?;
                *row = row.checked_add(cell.amount)?;
                self.cells.push(*cell);
            }
            self.columns.push(start..self.cells.len());
        }
        Some(())
    }

    /// Appends a column. `None` on overflow.
    pub(in crate::divide) fn push(&mut self, cells: &[Cell]) -> Option<()> {
        let start = self.cells.len();
        for cell in cells {
            let row = self.rows.get_mut(cell.row)?;
            *row = row.checked_add(cell.amount)?;
            self.cells.push(*cell);
        }
        self.columns.push(start..self.cells.len());
        Some(())
    }

    /// The sum of each row.
    pub(in crate::divide) fn rows(&self) -> &[i64] {
        &self.rows
    }

    /// Adds a column before all others.
    pub(super) fn add_first(&mut self, cells: Vec<Cell>) {
        let start = self.cells.len();
        self.cells.extend(cells);
        self.columns.insert(0, start..self.cells.len());
    }
}
