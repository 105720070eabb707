//! Helpers for transfers between friends: messages about them, and what the state says of them.

use crate::support::json::Json;
use crate::support::paying::{of_200, pay, state};
use crate::support::table::{FINALIZE, Table};

/// asha paid for all three: 100, 60 and 40. So ben owes her 60, and chi 40.
pub fn one_paid_all() -> Table {
    let mut table = of_200();
    table.accept("asha", &pay(r#"{"amount":200,"for":["asha","ben","chi"]}"#));
    table.accept("asha", FINALIZE);
    table
}

/// The message that records a transfer; `amount` is JSON.
pub fn send(id: &str, to: &str, amount: &str) -> String {
    format!(r#"{{"type":"record_transfer","data":{{"transferId":"{id}","to":"{to}","amount":{amount}}}}}"#)
}

pub fn answer(id: &str, confirmed: bool) -> String {
    format!(r#"{{"type":"answer_transfer","data":{{"transferId":"{id}","confirmed":{confirmed}}}}}"#)
}

pub fn cancel(id: &str) -> String {
    format!(r#"{{"type":"cancel_transfer","data":{{"transferId":"{id}"}}}}"#)
}

/// The transfers in the state: `t1 ben to asha 60 pending`.
pub fn statuses(table: &Table) -> Vec<String> {
    let state = state(table);
    let shown = |transfer: &Json| {
        let [id, from, to, status] =
            ["transferId", "from", "to", "status"].map(|key| transfer.at(key).text().to_owned());
        format!("{id} {from} to {to} {} {status}", transfer.at("amount").number())
    };
    state.get("transfers").map_or(&[][..], Json::list).iter().map(shown).collect()
}

/// Whether the state says that friends are even, too.
pub fn is_all_settled(table: &Table) -> bool {
    state(table).at("allSettled").truth()
}

/// Asserts that the state is one of an order that knows no transfers.
pub fn has_no_transfers(table: &Table) {
    let state = state(table);
    assert!(state.get("transfers").is_none() && state.get("allSettled").is_none());
}
