//! Moves units between rows until no better set of rows can be rounded up.

use std::collections::VecDeque;

use super::bundle::{BITS, Bundle, has};
use super::units::Units;

/// The value for "no index".
const NONE: usize = usize::MAX;

/// Units that have been assigned, and the paths along which rows can pass them on: two rows
/// with a part in one column can exchange a unit of it, so a unit can move along a path of such
/// exchanges.
pub(super) struct Exchange<'table> {
    units: Units<'table>,
    /// The columns that come out as one, if there are any; they come before the others.
    bundle: Option<BundleByRow<'table>>,
    /// By row: its cells that may be rounded up.
    cells_of: Vec<Vec<usize>>,
    /// By cell: its column.
    column_of: Vec<usize>,
    /// By row: whether no unit can reach it any more.
    closed: Vec<bool>,
    /// By row: whether it keeps its unit.
    kept: Vec<bool>,
}

/// The place of a cell.
#[derive(Clone, Copy)]
enum Place {
    /// A cell of the table.
    Cell(usize),
    /// A cell of the bundle: its column and its part.
    Part { column: usize, part: usize },
}

/// A bundle with an index by row.
struct BundleByRow<'table> {
    bundle: &'table mut Bundle,
    /// By part: the row.
    rows: Vec<usize>,
    /// By row: the part.
    part_of: Vec<usize>,
    /// How many words the bits of one part take, one bit for each column.
    words: usize,
    /// Which cells may be rounded up, grouped by part.
    fractional: Vec<u64>,
    /// Which are rounded up.
    up: Vec<u64>,
}

impl<'table> BundleByRow<'table> {
    fn new(bundle: &'table mut Bundle, rows: usize) -> Option<Self> {
        let words = bundle.left().len().div_ceil(BITS);
        let rows_of: Vec<usize> = bundle.rows().collect();
        let mut part_of = vec![NONE; rows];
        for (part, &row) in rows_of.iter().enumerate() {
            *part_of.get_mut(row)? = part;
        }
        let bits = words.checked_mul(rows_of.len())?;
        let mut this =
            Self { rows: rows_of, part_of, words, fractional: vec![0; bits], up: vec![0; bits], bundle };
        for column in 0..this.bundle.left().len() {
            let (fractional, up) = this.bundle.column(column)?;
            let bit = 1 << (column % BITS);
            for part in 0..this.rows.len() {
                let word = part.checked_mul(words)?.checked_add(column / BITS)?;
                if has(fractional, part) {
                    *this.fractional.get_mut(word)? |= bit;
                }
                if has(up, part) {
                    *this.up.get_mut(word)? |= bit;
                }
            }
        }
        Some(this)
    }

    /// The bits of a part by column: which cells may be rounded up, and which are.
    fn part(&self, part: usize) -> Option<impl Iterator<Item = (&u64, &u64)>> {
        let start = part.checked_mul(self.words)?;
        let range = start..start.checked_add(self.words)?;
        Some(self.fractional.get(range.clone())?.iter().zip(self.up.get(range)?))
    }

    /// Flips the rounding of a cell.
    fn turn(&mut self, column: usize, part: usize) -> Option<()> {
        let word = part.checked_mul(self.words)?.checked_add(column / BITS)?;
        *self.up.get_mut(word)? ^= 1 << (column % BITS);
        self.bundle.turn(column, part)
    }
}

/// The result of one step of a search.
enum Reached {
    /// A row at which the path ends.
    End(usize),
    /// No such row.
    NoEnd,
}

/// The state of a search.
struct Search {
    /// By row reached: the cell to flip in the row before it, and the cell to flip in the row
    /// itself.
    steps: Vec<Option<(Place, Place)>>,
    seen: Vec<bool>,
    /// By part of the bundle: whether its row needs no visit, because it is reached or closed
    /// already.
    done: Vec<u64>,
    /// By column of the table: whether it has been searched.
    spread: Vec<bool>,
    /// The same for the bundle.
    spread_in_bundle: Vec<u64>,
    queue: VecDeque<usize>,
}

/// The direction in which a unit moves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To the row at which the search starts.
    In,
    /// From that row.
    Out,
}

impl<'table> Exchange<'table> {
    pub(super) fn new(mut units: Units<'table>) -> Option<Self> {
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
        let bundle = match units.bundle.take() {
            Some(bundle) => Some(BundleByRow::new(bundle, rows)?),
            None => None,
        };
        Some(Self { units, bundle, cells_of, column_of, closed: vec![false; rows], kept: vec![false; rows] })
    }

    /// Brings every row within its bounds, then gives the units to the largest remainders.
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

    /// Moves one unit between `start` and the nearest row that `ends` the way. `None` when there is no such row; what
    /// could be reached is then closed, for no exchange elsewhere can open it again.
    fn pass(&mut self, start: usize, way: Way, ends: impl Fn(&Self, usize) -> bool) -> Option<()> {
        let mut search = self.search(start)?;
        while let Some(row) = search.queue.pop_front() {
            let mut reached = self.spread_in_bundle(&mut search, row, way, &ends)?;
            if let Reached::NoEnd = reached {
                reached = self.spread(&mut search, row, way, &ends)?;
            }
            if let Reached::End(end) = reached {
                return self.carry_out(start, end, way, &search.steps);
            }
        }
        for (closed, seen) in self.closed.iter_mut().zip(search.seen) {
            *closed |= seen;
        }
        None
    }

    fn search(&self, start: usize) -> Option<Search> {
        let rows = self.units.extra.len();
        let mut search = Search {
            steps: vec![None; rows],
            seen: vec![false; rows],
            done: Vec::new(),
            spread: vec![false; self.units.table.columns.len()],
            spread_in_bundle: Vec::new(),
            queue: VecDeque::from([start]),
        };
        *search.seen.get_mut(start)? = true;
        if let Some(bundle) = &self.bundle {
            search.spread_in_bundle = vec![0; bundle.words];
            search.done = vec![0; bundle.rows.len().div_ceil(BITS)];
            for (part, &row) in bundle.rows.iter().enumerate() {
                if row == start || self.is_closed(row) {
                    *search.done.get_mut(part / BITS)? |= 1 << (part % BITS);
                }
            }
        }
        Some(search)
    }

    /// Visits the rows that `row` reaches by columns of the bundle, up to one at which the path
    /// `ends`.
    fn spread_in_bundle(
        &self,
        search: &mut Search,
        row: usize,
        way: Way,
        ends: impl Fn(&Self, usize) -> bool,
    ) -> Option<Reached> {
        let Some(bundle) = &self.bundle else { return Some(Reached::NoEnd) };
        let from = *bundle.part_of.get(row)?;
        if from == NONE {
            return Some(Reached::NoEnd);
        }
        for (word, (fractional, up)) in bundle.part(from)?.enumerate() {
            let takes = if way == Way::Out { *up } else { !up };
            let spread = search.spread_in_bundle.get_mut(word)?;
            let mut columns = fractional & takes & !*spread;
            *spread |= columns;
            while columns != 0 {
                let column = word.checked_mul(BITS)?.checked_add(lowest(columns))?;
                columns &= columns.wrapping_sub(1);
                let (fractional, up) = bundle.bundle.column(column)?;
                for (word, (fractional, up)) in fractional.iter().zip(up).enumerate() {
                    let gives = if way == Way::In { *up } else { !up };
                    let done = search.done.get_mut(word)?;
                    let mut parts = fractional & gives & !*done;
                    *done |= parts;
                    while parts != 0 {
                        let part = word.checked_mul(BITS)?.checked_add(lowest(parts))?;
                        parts &= parts.wrapping_sub(1);
                        let other = *bundle.rows.get(part)?;
                        *search.seen.get_mut(other)? = true;
                        *search.steps.get_mut(other)? =
                            Some((Place::Part { column, part: from }, Place::Part { column, part }));
                        if ends(self, other) {
                            return Some(Reached::End(other));
                        }
                        search.queue.push_back(other);
                    }
                }
            }
        }
        Some(Reached::NoEnd)
    }

    /// Does the same by columns of the table.
    fn spread(
        &self,
        search: &mut Search,
        row: usize,
        way: Way,
        ends: impl Fn(&Self, usize) -> bool,
    ) -> Option<Reached> {
        for &cell in self.cells_of.get(row)? {
            let column = *self.column_of.get(cell)?;
            let takes = self.units.table.cells.get(cell)?.up == (way == Way::Out);
            if !takes || *search.spread.get(column)? {
                continue;
            }
            *search.spread.get_mut(column)? = true;
            for index in self.units.table.columns.get(column)?.clone() {
                let other = self.units.table.cells.get(index)?;
                let gives = other.fractional && other.up == (way == Way::In);
                if !gives || *search.seen.get(other.row)? || self.is_closed(other.row) {
                    continue;
                }
                *search.seen.get_mut(other.row)? = true;
                *search.steps.get_mut(other.row)? = Some((Place::Cell(cell), Place::Cell(index)));
                if let Some(&part) = self.bundle.as_ref().and_then(|bundle| bundle.part_of.get(other.row))
                    && part != NONE
                {
                    *search.done.get_mut(part / BITS)? |= 1 << (part % BITS);
                }
                if ends(self, other.row) {
                    return Some(Reached::End(other.row));
                }
                search.queue.push_back(other.row);
            }
        }
        Some(Reached::NoEnd)
    }

    /// Flips the cells on the path from `start` to `end`.
    fn carry_out(
        &mut self,
        start: usize,
        end: usize,
        way: Way,
        steps: &[Option<(Place, Place)>],
    ) -> Option<()> {
        let mut row = end;
        while row != start {
            let (before, own) = (*steps.get(row)?)?;
            row = self.turn(before)?;
            self.turn(own)?;
        }
        let (giver, taker) = if way == Way::In { (end, start) } else { (start, end) };
        let extra = self.units.extra.get_mut(giver)?;
        *extra = extra.checked_sub(1)?;
        let extra = self.units.extra.get_mut(taker)?;
        *extra = extra.checked_add(1)?;
        Some(())
    }

    /// Turns over one cell and returns its row.
    fn turn(&mut self, place: Place) -> Option<usize> {
        match place {
            Place::Cell(index) => {
                let cell = self.units.table.cells.get_mut(index)?;
                cell.up = !cell.up;
                Some(cell.row)
            }
            Place::Part { column, part } => {
                let bundle = self.bundle.as_mut()?;
                bundle.turn(column, part)?;
                bundle.rows.get(part).copied()
            }
        }
    }
}

/// The index of the lowest set bit.
fn lowest(bits: u64) -> usize {
    usize::try_from(bits.trailing_zeros()).unwrap_or_default()
}
