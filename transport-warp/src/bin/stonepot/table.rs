//! Prints a divided bill as a table: lines as rows, diners as columns.
//!
//! Crates for tables wrap or cut what is too wide. Here the diners that do not fit follow
//! below, with the names of the lines repeated.

use std::collections::BTreeMap;

use order_core::bill::{DinerShare, Division, Line, LineKind, Part};
use order_core::wire::{BillLine, RefusedBill};
use order_core::{Amount, Currency};

use crate::width::{fitted, width};

/// How wide a table grows before further diners are put below.
const TABLE_COLUMNS: usize = 100;
const NAME_COLUMNS: usize = 40;
const DINER_COLUMNS: usize = 24;
const GAP: usize = 2;
const NO_PART: &str = "—";

/// Formats the table, without a line break at its end.
pub(crate) fn of(bill: &BillLine, division: &Division) -> String {
    let table = Table::new(bill, division);
    let names = table.rows.iter().map(|row| width(&row.name)).max().unwrap_or_default();
    let columns: Vec<_> = (0..table.heads.len()).map(|column| table.columns(column)).collect();
    let order = bill.order().map_or("Bill", |order| order.as_str());
    let mut text = match bill.bill().currency.code() {
        // No known currency: only the number of its digits is known.
        "XXX" => order.to_owned(),
        code => format!("{order}, {code}"),
    };
    let mut first = 0;
    while first < columns.len() {
        if first > 0 {
            text.push('\n');
        }
        let next = first + fitting(columns.iter().copied().skip(first), names);
        let shown: Vec<_> = columns.iter().copied().enumerate().skip(first).take(next - first).collect();
        table.write(&mut text, names, &shown);
        first = next;
    }
    text
}

/// One line that says what is wrong with an input line.
pub(crate) fn refusal(number: u64, refused: &RefusedBill) -> String {
    let order = refused.order().map(|order| format!(" ({order})")).unwrap_or_default();
    let message = refused.to_string();
    let field = refused.rejection().field_name().filter(|field| !message.contains(field));
    let field = field.map(|field| format!(" See {field}.")).unwrap_or_default();
    format!("Line {number}{order}: {message}{field}")
}

struct Table {
    /// The column headings: the diners, "nobody" if a part is unassigned, and the total.
    heads: Vec<String>,
    rows: Vec<Row>,
    currency: Currency,
}

struct Row {
    name: String,
    kind: LineKind,
    /// By column, in minor units.
    amounts: Vec<i64>,
    /// Whether it is a sum of the rows above it.
    is_sum: bool,
}

impl Table {
    fn new(bill: &BillLine, division: &Division) -> Self {
        let mut heads: Vec<_> = division.shares().map(|share| share.participant().as_str()).collect();
        let shares = division.shares();
        let (dishes, others): (Vec<_>, Vec<_>) =
            rows(division.lines(), shares.clone().map(DinerShare::lines))
                .into_iter()
                .partition(|row| row.kind == LineKind::Dish);
        let due = sum("To pay", dishes.iter().chain(&others), heads.len());
        let subtotal = (dishes.len() > 1 && !others.is_empty()).then(|| sum("Dishes", &dishes, heads.len()));
        let included = rows(division.included(), shares.map(DinerShare::included)).into_iter();
        let included = included.map(|row| Row { name: format!("incl. {}", row.name), ..row });
        let mut rows: Vec<_> =
            dishes.into_iter().chain(subtotal).chain(others).chain([due]).chain(included).collect();

        let nobody = heads.len();
        if !division.unassigned_dishes().is_empty()
            || rows.iter().any(|row| row.amounts.get(nobody) != Some(&0))
        {
            heads.push("(nobody)");
        } else {
            for row in &mut rows {
                row.amounts.remove(nobody);
            }
        }
        heads.push("Total");
        let heads = heads.into_iter().map(|head| fitted(head, DINER_COLUMNS)).collect();
        for row in &mut rows {
            row.name = fitted(&row.name, NAME_COLUMNS);
        }
        Self { heads, rows, currency: bill.bill().currency }
    }

    /// How many terminal columns a column of the table takes.
    fn columns(&self, column: usize) -> usize {
        let head = self.heads.get(column).map_or(0, |head| width(head));
        self.rows.iter().map(|row| width(&self.cell(row, column))).fold(head, usize::max)
    }

    fn cell(&self, row: &Row, column: usize) -> String {
        let amount = row.amounts.get(column).copied().unwrap_or_default();
        if amount == 0 && !row.is_sum && column + 1 < self.heads.len() {
            return NO_PART.to_owned();
        }
        Amount::from_minor_units(amount).to_decimal(self.currency).to_string()
    }

    /// Writes some columns, each given by its index and its width.
    fn write(&self, text: &mut String, names: usize, columns: &[(usize, usize)]) {
        let whole = columns.iter().fold(names, |sum, (_, columns)| sum + GAP + columns);
        let line = |text: &mut String, name: &str, cell: &dyn Fn(usize) -> String| {
            text.push('\n');
            text.push_str(name);
            let mut gap = names - width(name);
            for &(column, columns) in columns {
                let cell = cell(column);
                gap += GAP + columns - width(&cell);
                text.extend(std::iter::repeat_n(' ', gap));
                text.push_str(&cell);
                gap = 0;
            }
        };
        line(text, "", &|column| self.heads.get(column).cloned().unwrap_or_default());
        for row in &self.rows {
            if row.is_sum {
                text.push('\n');
                text.extend(std::iter::repeat_n('-', whole));
            }
            line(text, &row.name, &|column| self.cell(row, column));
        }
    }
}

/// How many columns, at least one, fit beside names of this width.
fn fitting(columns: impl Iterator<Item = usize>, names: usize) -> usize {
    let mut taken = names;
    let fit = columns.take_while(|columns| {
        taken += GAP + columns;
        taken <= TABLE_COLUMNS
    });
    fit.count().max(1)
}

/// The rows: for each line the part of each diner, then the unassigned part, then the
/// total. Lines that look alike, such as tips of several diners, become one row.
fn rows<'bill>(
    lines: &'bill [Line],
    own: impl ExactSizeIterator<Item = impl Iterator<Item = Part<'bill>>>,
) -> Vec<Row> {
    let (nobody, all) = (own.len(), own.len() + 1);
    let mut rows: Vec<Row> = Vec::with_capacity(lines.len());
    let mut places = BTreeMap::new();
    for line in lines {
        let place = *places.entry((line.kind(), line.name())).or_insert(rows.len());
        if place == rows.len() {
            let name = line.name().as_str().to_owned();
            rows.push(Row { name, kind: line.kind(), amounts: vec![0; all + 1], is_sum: false });
        }
        add(&mut rows, place, nobody, line.amount().minor_units());
        add(&mut rows, place, all, line.amount().minor_units());
    }
    for (diner, own) in own.enumerate() {
        for part in own {
            if let Some(&place) = places.get(&(part.line().kind(), part.line().name())) {
                add(&mut rows, place, diner, part.amount().minor_units());
                // A diner's part is not unassigned.
                add(&mut rows, place, nobody, -part.amount().minor_units());
            }
        }
    }
    rows
}

fn add(rows: &mut [Row], place: usize, column: usize, minor_units: i64) {
    if let Some(amount) = rows.get_mut(place).and_then(|row| row.amounts.get_mut(column)) {
        *amount += minor_units;
    }
}

fn sum<'row>(name: &str, rows: impl IntoIterator<Item = &'row Row>, diners: usize) -> Row {
    let mut amounts = vec![0; diners + 2];
    for row in rows {
        for (sum, amount) in amounts.iter_mut().zip(&row.amounts) {
            *sum += amount;
        }
    }
    Row { name: name.to_owned(), kind: LineKind::Dishes, amounts, is_sum: true }
}
