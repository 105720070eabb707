//! Records what people were shown, and must find again.

use std::collections::BTreeMap;

use serde_json::Value;

/// What was shown of every table.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    tables: BTreeMap<String, Table>,
    messages: u64,
}

/// The latest state that was shown of one table.
#[derive(Debug, Default)]
struct Table {
    /// The number of the last change.
    seq: u64,
    /// The quantity of each dish. Quantities never decrease here, so a smaller one is a loss.
    quantities: BTreeMap<String, u64>,
}

impl Ledger {
    pub(crate) fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    /// The number of messages that contained an order.
    pub(crate) fn messages(&self) -> u64 {
        self.messages
    }

    /// Records that a guest was shown this order.
    pub(crate) fn note(&mut self, table: &str, order: &Value) {
        self.messages += 1;
        let known = self.tables.entry(table.to_owned()).or_default();
        known.seq = known.seq.max(order["seq"].as_u64().unwrap());
        for (dish, quantity) in dishes(order) {
            let most = known.quantities.entry(dish).or_default();
            *most = quantity.max(*most);
        }
    }

    pub(crate) fn add(&mut self, more: Self) {
        self.messages += more.messages;
        for (name, table) in more.tables {
            let known = self.tables.entry(name).or_default();
            known.seq = known.seq.max(table.seq);
            for (dish, quantity) in table.quantities {
                let most = known.quantities.entry(dish).or_default();
                *most = quantity.max(*most);
            }
        }
    }

    /// Describes what this order lacks of what was shown. `None`: nothing.
    pub(crate) fn missing_from(&self, table: &str, order: &Value) -> Option<String> {
        let known = self.tables.get(table)?;
        let seq = order["seq"].as_u64().unwrap();
        if seq < known.seq {
            return Some(format!("{table} was at change {}, and is at {seq}", known.seq));
        }
        let found: BTreeMap<_, _> = dishes(order).collect();
        let less = known.quantities.iter().find(|(dish, most)| found.get(*dish).is_none_or(|now| now < most));
        less.map(|(dish, most)| {
            format!("{table} had {most} of {dish}, and has {:?} at change {seq}", found.get(dish))
        })
    }
}

fn dishes(order: &Value) -> impl Iterator<Item = (String, u64)> {
    order["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["id"].as_str().unwrap().to_owned(), item["quantity"].as_u64().unwrap()))
}
