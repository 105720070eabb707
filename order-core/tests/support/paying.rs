//! Helpers for payments: messages about them, a back end, and what the state says of the
//! bill.

use order_core::{
    Actor, Decision, ItemId, Presence, Rejection, UnixMillis, commit, decide, stored::encode_order, wire,
};

use crate::support::json::Json;
use crate::support::table::Table;

/// Judges a message of the back end; the order does not change.
pub fn judge_backend(table: &mut Table, message: &str) -> Result<Decision, Rejection> {
    table.now += 1;
    let made = format!("made-at-{}", table.now);
    let inbound =
        wire::decode_command(message, || ItemId::new(&made).unwrap()).map_err(|refused| refused.rejection)?;
    decide(&table.order, UnixMillis::new(table.now), &Actor::Backend, &inbound.command)
}

/// Executes a message of the back end.
pub fn backend_says(table: &mut Table, message: &str) -> Result<Decision, Rejection> {
    let decision = judge_backend(table, message)?;
    if let Decision::Record(recorded) = &decision {
        commit(&mut table.order, recorded).unwrap();
        table.log.push(recorded.clone());
    }
    Ok(decision)
}

/// Executes a message of the back end that must be accepted.
pub fn backend(table: &mut Table, message: &str) -> Decision {
    backend_says(table, message).unwrap_or_else(|rejection| panic!("{message}: {rejection}"))
}

/// Sends a message of the back end that must be refused and must change nothing.
pub fn backend_refused(table: &mut Table, message: &str) -> Rejection {
    let (before, facts) = (encode_order(&table.order).unwrap(), table.log.len());
    let rejection = match backend_says(table, message) {
        Err(rejection) => rejection,
        Ok(decision) => panic!("{message} was granted: {decision:?}"),
    };
    assert_eq!(encode_order(&table.order).unwrap(), before, "{message} was refused, but changed the order");
    assert_eq!(table.log.len(), facts);
    rejection
}

/// Asserts that a message made no fact because it changes nothing.
pub fn unchanged(table: &Table, decision: &Decision, facts_before: usize) {
    assert_eq!(*decision, Decision::Unchanged);
    assert_eq!(table.log.len(), facts_before);
}

pub fn pay(data: &str) -> String {
    format!(r#"{{"type":"record_payment","data":{data}}}"#)
}

pub fn update(payment: &str, status: &str) -> String {
    format!(r#"{{"type":"update_payment","data":{{"paymentId":"{payment}","status":"{status}"}}}}"#)
}

/// The message that refunds an amount of a payment, or all that is left of it.
pub fn refund(payment: &str, amount: Option<&str>) -> String {
    let amount = amount.map_or(String::new(), |amount| format!(r#","amount":{amount}"#));
    format!(r#"{{"type":"refund_payment","data":{{"paymentId":"{payment}"{amount}}}}}"#)
}

/// As [`refund`]; what it takes from shares is not due again.
pub fn refund_for_good(payment: &str, amount: Option<&str>) -> String {
    let amount = amount.map_or(String::new(), |amount| format!(r#","amount":{amount}"#));
    format!(r#"{{"type":"refund_payment","data":{{"paymentId":"{payment}","due":false{amount}}}}}"#)
}

/// The full state as clients read it.
pub fn state(table: &Table) -> Json {
    let frame = wire::sync(&table.order, &Presence::new(), UnixMillis::new(table.now));
    Json::parse(&frame.text()).at("data").clone()
}

/// A person's row of the bill.
pub fn split_of(table: &Table, who: &str) -> Option<Json> {
    state(table).at("splits").list().iter().find(|split| split.at("participantId").text() == who).cloned()
}

/// A person's share, the paid, pending and due parts of it, and its status.
pub fn share(table: &Table, who: &str) -> (String, String, String, String, String) {
    let split = split_of(table, who).unwrap_or_else(|| panic!("{who} is not on the bill"));
    let number = |key: &str| split.at(key).number().to_owned();
    (
        number("amount"),
        number("paid"),
        number("pending"),
        number("balance"),
        split.at("paymentStatus").text().to_owned(),
    )
}

pub fn is_share(table: &Table, who: &str, expected: [&str; 5]) {
    let [amount, paid, pending, balance, status] = expected.map(str::to_owned);
    assert_eq!(share(table, who), (amount, paid, pending, balance, status), "of {who}");
}

/// The paid part of the bill, the balance due to the restaurant, and whether the order is
/// settled.
pub fn sums(table: &Table) -> (String, String, bool) {
    let state = state(table);
    let number = |key: &str| state.at(key).number().to_owned();
    (number("paid"), number("balanceDue"), state.at("settled").truth())
}

pub fn are_sums(table: &Table, paid: &str, due: &str, settled: bool) {
    assert_eq!(sums(table), (paid.to_owned(), due.to_owned(), settled));
}

/// A payment in the state.
pub fn payment(table: &Table, id: &str) -> Json {
    let state = state(table);
    let payment = state.at("payments").list().iter().find(|payment| payment.at("paymentId").text() == id);
    payment.unwrap_or_else(|| panic!("no payment {id}")).clone()
}

/// Whose shares a payment pays, as in the state: `asha 50, ben 10.5`.
pub fn paid_for(table: &Table, id: &str) -> String {
    let payment = payment(table, id);
    let parts = payment.at("for").fields().iter().map(|(who, amount)| format!("{who} {}", amount.number()));
    parts.collect::<Vec<_>>().join(", ")
}

/// The settlement, as in the state: `ben to asha 50`, `restaurant to chi 10`.
pub fn settlement(table: &Table) -> Vec<String> {
    let side = |value: &Json| match value {
        Json::Null => "restaurant".to_owned(),
        other => other.text().to_owned(),
    };
    let state = state(table);
    let transfers = state.at("settlement").list().iter();
    transfers
        .map(|transfer| {
            let (from, to) = (side(transfer.at("from")), side(transfer.at("to")));
            format!("{from} to {to} {}", transfer.at("amount").number())
        })
        .collect()
}

/// asha, ben and chi, each with a dish of their own: 100, 60 and 40.
pub fn of_200() -> Table {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    for (who, price) in [("asha", "100"), ("ben", "60"), ("chi", "40")] {
        table.add(who, &format!("{who}-dish"), price, "1");
    }
    table.split("asha", r#"{"splitType":"itemized"}"#);
    table
}

/// asha and ben, each with a dish of their own.
pub fn of_two(prices: [&str; 2]) -> Table {
    let mut table = Table::of(&["asha", "ben"]);
    for (who, price) in ["asha", "ben"].into_iter().zip(prices) {
        table.add(who, &format!("{who}-dish"), price, "1");
    }
    table.split("asha", r#"{"splitType":"itemized"}"#);
    table
}

/// Minor units of a currency with two decimals, as a JSON number.
pub fn units(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}
