//! Finds by exhaustive search which rows should be rounded up.

use super::exact::Exact;
use super::oracle::ExpectedLine;

/// A table of quotas, in which every column sums to a whole number.
pub struct Quotas {
    /// By column: its rows whose cells are not whole.
    columns: Vec<Vec<usize>>,
    /// By column: how many of its cells are rounded up.
    ups: Vec<usize>,
    /// By row: its quota, rounded down.
    floors: Vec<i64>,
    /// By row: the remainder of its quota.
    remainders: Vec<Exact>,
    /// By row: its sum with all cells rounded down.
    least: Vec<i64>,
}

impl Quotas {
    pub fn of(lines: &[ExpectedLine]) -> Self {
        let rows = lines.first().map_or(0, |line| line.quotas.len());
        let mut sums = vec![Exact::zero(); rows];
        let mut least = vec![0; rows];
        let (mut columns, mut ups) = (Vec::new(), Vec::new());
        for line in lines {
            let mut left = line.amount;
            let mut fractional = Vec::new();
            for (row, quota) in line.quotas.iter().enumerate().filter(|(_, quota)| !quota.is_zero()) {
                sums[row] = &sums[row] + quota;
                least[row] += quota.floor();
                left -= quota.floor();
                if !quota.is_whole() {
                    fractional.push(row);
                }
            }
            columns.push(fractional);
            ups.push(usize::try_from(left).unwrap());
        }
        let floors: Vec<i64> = sums.iter().map(Exact::floor).collect();
        let remainders = sums.iter().zip(&floors).map(|(sum, &floor)| sum - &Exact::whole(floor)).collect();
        Self { columns, ups, floors, remainders, least }
    }

    fn rows(&self) -> usize {
        self.floors.len()
    }

    /// The rows by descending remainder; equal ones by `tie`.
    fn ranking<K: Ord>(&self, tie: impl Fn(usize) -> K) -> Vec<usize> {
        let mut ranking: Vec<usize> = (0..self.rows()).collect();
        ranking
            .sort_by(|&a, &b| self.remainders[b].cmp(&self.remainders[a]).then_with(|| tie(a).cmp(&tie(b))));
        ranking
    }

    /// How many rows are rounded up.
    fn rows_up(&self) -> usize {
        let units: i64 = self.ups.iter().map(|&ups| i64::try_from(ups).unwrap()).sum();
        let lack: i64 = self.floors.iter().zip(&self.least).map(|(floor, least)| floor - least).sum();
        usize::try_from(units - lack).unwrap()
    }

    /// The sum of each row in the best rounding: of all possible sets of rows to round up, the
    /// first by remainder and tie. Each set is tested as a flow.
    pub fn best<K: Ord>(&self, tie: impl Fn(usize) -> K) -> Vec<i64> {
        let ranking = self.ranking(tie);
        let mut chosen = Vec::new();
        assert!(self.first_that_can_be(&ranking, self.rows_up(), &mut chosen), "no rounding is possible");
        let mut rows = self.floors.clone();
        for row in chosen {
            rows[row] += 1;
        }
        rows
    }

    fn first_that_can_be(&self, ranking: &[usize], more: usize, chosen: &mut Vec<usize>) -> bool {
        if more == 0 {
            return self.can_be(chosen);
        }
        for (place, &row) in ranking.iter().enumerate() {
            if ranking.len() - place < more || self.remainders[row].is_zero() {
                return false;
            }
            chosen.push(row);
            if self.first_that_can_be(&ranking[place + 1..], more - 1, chosen) {
                return true;
            }
            chosen.pop();
        }
        false
    }

    /// Whether cells can be rounded so that exactly these rows are rounded up. This is a flow
    /// of units from columns to rows, at most one through a cell, that leaves none in a column
    /// and lacks none in a row (Ford and Fulkerson, 1956).
    fn can_be(&self, up: &[usize]) -> bool {
        let (columns, rows) = (self.columns.len(), self.rows());
        let (source, sink) = (columns + rows, columns + rows + 1);
        let mut room = vec![vec![0_i64; sink + 1]; sink + 1];
        for (column, cells) in self.columns.iter().enumerate() {
            room[source][column] = i64::try_from(self.ups[column]).unwrap();
            for &row in cells {
                room[column][columns + row] = 1;
            }
        }
        let mut lacking = 0;
        for row in 0..rows {
            let lacks = self.floors[row] - self.least[row] + i64::from(up.contains(&row));
            room[columns + row][sink] = lacks;
            lacking += lacks;
        }
        let mut flow = 0;
        while flows(&mut room, source, sink, &mut vec![false; sink + 1]) {
            flow += 1;
        }
        flow == lacking && room[source].iter().all(|&left| left == 0)
    }

    /// All sets of rows that some rounding of the cells rounds up, if it keeps every column's
    /// sum and every row at its quota rounded down or up. Tries every rounding.
    pub fn every_set(&self) -> Vec<Vec<usize>> {
        let mut sets = Vec::new();
        self.try_columns(0, &mut self.least.clone(), &mut sets);
        sets.sort();
        sets.dedup();
        sets
    }

    fn try_columns(&self, column: usize, rows: &mut [i64], sets: &mut Vec<Vec<usize>>) {
        let Some(cells) = self.columns.get(column) else {
            let within = |(row, &sum): (usize, &i64)| {
                sum == self.floors[row] || sum == self.floors[row] + 1 && !self.remainders[row].is_zero()
            };
            if rows.iter().enumerate().all(within) {
                sets.push((0..rows.len()).filter(|&row| rows[row] > self.floors[row]).collect());
            }
            return;
        };
        for bits in 0_u32..1 << cells.len() {
            if usize::try_from(bits.count_ones()).unwrap() != self.ups[column] {
                continue;
            }
            let up = |cell: usize| bits >> cell & 1 == 1;
            for (cell, &row) in cells.iter().enumerate() {
                rows[row] += i64::from(up(cell));
            }
            self.try_columns(column + 1, rows, sets);
            for (cell, &row) in cells.iter().enumerate() {
                rows[row] -= i64::from(up(cell));
            }
        }
    }

    /// Of these sets, the one with the largest sum of remainders; among equal ones, that with
    /// the smaller ties. Panics if choosing row by row, by remainder and tie, gives another
    /// set.
    pub fn best_of<K: Ord>(&self, sets: &[Vec<usize>], tie: impl Fn(usize) -> K) -> Vec<i64> {
        let sum = |set: &Vec<usize>| Exact::sum(set.iter().map(|&row| &self.remainders[row]));
        let most = sets.iter().map(sum).max().unwrap();
        let ranking = self.ranking(tie);
        let mut best: Vec<&Vec<usize>> = sets.iter().filter(|set| sum(set) == most).collect();
        for row in &ranking {
            if best.iter().any(|set| set.contains(row)) {
                best.retain(|set| set.contains(row));
            }
        }
        let mut greedy: Vec<&Vec<usize>> = sets.iter().collect();
        for row in &ranking {
            if greedy.iter().any(|set| set.contains(row)) {
                greedy.retain(|set| set.contains(row));
            }
        }
        assert_eq!(best, greedy, "the largest sum is not where the largest remainders lead");
        let mut rows = self.floors.clone();
        for &row in best[0] {
            rows[row] += 1;
        }
        rows
    }
}

/// Finds a path for one more unit of flow.
fn flows(room: &mut [Vec<i64>], from: usize, sink: usize, seen: &mut [bool]) -> bool {
    if from == sink {
        return true;
    }
    seen[from] = true;
    for to in 0..room.len() {
        if room[from][to] > 0 && !seen[to] && flows(room, to, sink, seen) {
            room[from][to] -= 1;
            room[to][from] += 1;
            return true;
        }
    }
    false
}
