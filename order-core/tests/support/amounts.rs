//! What everybody owes, in minor units, to compare.

use std::collections::BTreeMap;

use order_core::bill::Line;
use order_core::split::{Share, shares};

use crate::support::table::Table;

pub fn amounts_by_id(table: &Table) -> BTreeMap<String, i64> {
    let shares = shares(&table.order);
    let amount =
        |share: &Share<'_>| (share.participant().id().as_str().to_owned(), share.amount().minor_units());
    shares.list().iter().map(amount).collect()
}

pub fn lines(lines: &[Line]) -> Vec<(&str, &str, i64)> {
    lines
        .iter()
        .map(|line| (line.kind().as_str(), line.name().as_str(), line.amount().minor_units()))
        .collect()
}

pub fn owed(amounts: &[(&str, i64)]) -> BTreeMap<String, i64> {
    amounts.iter().map(|&(id, amount)| (id.to_owned(), amount)).collect()
}
