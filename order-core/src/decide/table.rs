//! Decides commands about the table as a whole. What says nothing new is no fact.

use rust_decimal::Decimal;

use super::amounts::{amount_up_to, bad_amount};
use super::deadline::deadline;
use super::people::known;
use super::rights::{in_charge, may_revise, may_settle, present, still_open};
use crate::bill::Balances;
use crate::command::TableCommand;
use crate::fact::{Fact, TableFact};
use crate::order::table::TableRules;
use crate::order::{Order, Status};
use crate::rejection::{Code, Rejection};
use crate::split::{does_not_cover, seats_on_bill, shares};
use crate::{Actor, Amount, LimitOn, UnixMillis, max_order_total};

/// Decides a command about the table; `None`: it changes nothing.
pub(super) fn decide(
    order: &Order,
    now: UnixMillis,
    actor: &Actor,
    command: &TableCommand,
) -> Result<Option<Fact>, Rejection> {
    if let TableCommand::Finalize = command {
        may_settle(order, present(order, actor)?)?;
        return finalized(order).map(Some);
    }
    if let TableCommand::Reopen = command {
        may_revise(order, actor)?;
        return reopened(order, now);
    }
    in_charge(order, actor)?;
    still_open(order)?;
    match command {
        TableCommand::Finalize => finalized(order).map(Some),
        TableCommand::Reopen => reopened(order, now),
        TableCommand::Lock { locked } => Ok(lock(order, *locked)),
        TableCommand::Limit { on, limit } => self::limit(order, on, *limit),
        TableCommand::Rules { finalize_when_ready } => Ok(rules(order, *finalize_when_ready)),
        TableCommand::Deadline(set) => {
            let deadline = set.as_ref().map(|set| deadline(set, now)).transpose()?;
            let is_new = order.deadline() != deadline.as_ref();
            Ok(is_new.then_some(Fact::Table(TableFact::DeadlineSet(deadline))))
        }
    }
}

/// Returns the fact that finalizes the order, if its bill can be finalized.
pub(crate) fn finalized(order: &Order) -> Result<Fact, Rejection> {
    check_bill_can_stand(order)?;
    let on_bill = seats_on_bill(order).into_iter().filter_map(|seat| order.at(seat));
    Ok(Fact::Table(TableFact::Finalized { on_bill: Some(on_bill.map(|person| person.id.clone()).collect()) }))
}

/// Returns the fact that opens the order again. `None`: it is open.
fn reopened(order: &Order, now: UnixMillis) -> Result<Option<Fact>, Rejection> {
    match order.status {
        Status::Active => return Ok(None),
        Status::Archived => return Err(Code::OrderArchived.into()),
        Status::Finalized if Balances::new(order, &shares(order)).due() == Amount::ZERO => {
            return Err(Rejection::new(Code::OrderSettled)
                .expected("correct_item, to take a dish off, or refund_payment, to give money back"));
        }
        Status::Finalized | Status::Expired => {}
    }
    let deadline = order.deadline().and_then(|deadline| deadline.without_what_passed_by(now)).map(Box::new);
    Ok(Some(Fact::Table(TableFact::Reopened { deadline })))
}

/// Checks that the bill can be finalized: it has dishes, each is claimed, and the shares cover
/// the bill.
fn check_bill_can_stand(order: &Order) -> Result<(), Rejection> {
    if order.items.is_empty() {
        return Err(Rejection::new(Code::OrderEmpty).expected("at least one dish"));
    }
    let shares = shares(order);
    let unassigned: Vec<_> = order.unassigned().collect();
    if let Some(first) = unassigned.first() {
        let sum = Amount::checked_sum(unassigned.iter().map(|item| item.total())).unwrap_or_default();
        let others = match unassigned.len().saturating_sub(1) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        return Err(Rejection::new(Code::Unassigned)
            .because(format!("{}{others}, {} in all", first.dish_name(), sum.display(order.currency)))
            .expected("somebody to claim every dish")
            .unallocated(sum, order.currency));
    }
    if let Some(charge) = shares.on_nothing().first() {
        return Err(charge.on_nothing(order.currency));
    }
    // The agreed shares no longer fit: dishes have changed since, or somebody who was to pay has left.
    let (what, total, missing) = match (shares.unallocated(), shares.first_uncovered()) {
        (Amount::ZERO, None) => return Ok(()),
        (Amount::ZERO, Some((line, missing))) => (line.name().as_str(), line.amount(), missing),
        (unallocated, _) => ("dishes and charges", shares.amount_due(), unallocated),
    };
    Err(does_not_cover(what, total, missing, order.currency)
        .expected("new shares from the people on the bill"))
}

fn lock(order: &Order, locked: bool) -> Option<Fact> {
    (order.is_locked() != locked).then_some(Fact::Table(TableFact::LockSet { locked }))
}

fn rules(order: &Order, finalize_when_ready: bool) -> Option<Fact> {
    let rules = TableRules { finalize_when_ready, ..order.table_rules() };
    (rules != order.table_rules()).then_some(Fact::Table(TableFact::RulesSet(rules)))
}

/// Sets a limit. One below what was added removes nothing, but no more can be added.
fn limit(order: &Order, on: &LimitOn, limit: Option<Decimal>) -> Result<Option<Fact>, Rejection> {
    let before = match on {
        LimitOn::Person(who) => {
            let seat = known(order, who)?;
            order.table.as_ref().and_then(|rules| rules.limits.get(&seat).copied())
        }
        LimitOn::Each => order.limit_each(),
        LimitOn::Table => order.limit_table(),
    };
    let max = max_order_total(order.currency);
    let limit = limit.map(|limit| amount_up_to(limit, max, order.currency)).transpose();
    let limit = limit.map_err(|error| bad_amount(order.currency, Code::BadLimit, "data.limit", error))?;
    Ok((before != limit).then(|| Fact::Table(TableFact::LimitSet { on: on.clone(), limit })))
}
