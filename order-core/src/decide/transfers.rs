//! Decides transfers between participants.
//!
//! What is owed is what each has paid beyond their share, so a transfer need not be one of the settlement: anybody who owes
//! may pay anybody who is owed.

use rust_decimal::Decimal;

use super::amounts::{amount_up_to, bad_amount};
use super::rights::{named, not_archived};
use crate::bill::Positions;
use crate::command::{RecordTransfer, TransferCommand};
use crate::fact::{Fact, TransferFact, TransferRecorded};
use crate::order::people::Seat;
use crate::order::transfers::{MAX_TRANSFERS, RecordedTransfer, TransferStatus, Transfers};
use crate::order::{Order, Status};
use crate::rejection::{Code, Rejection};
use crate::split::shares;
use crate::{Actor, Amount, TransferId, max_order_total};

/// Decides a command about a transfer; `None`: it changes nothing.
pub(super) fn decide(
    order: &Order,
    actor: &Actor,
    command: &TransferCommand,
) -> Result<Option<Fact>, Rejection> {
    // People who have left may still owe, or be owed.
    let by = order.seat_of(named(actor)?).ok_or(Code::JoinFirst)?;
    not_archived(order)?;
    let fact = match command {
        TransferCommand::Record(transfer) => Some(record(order, by, transfer)?),
        TransferCommand::Answer { transfer, confirmed } => answer(order, by, transfer, *confirmed)?,
        TransferCommand::Cancel { transfer } => cancel(order, by, transfer)?,
    };
    Ok(fact.map(Fact::Transfer))
}

/// Records a transfer of at most what the sender owes and the receiver is owed.
fn record(order: &Order, from: Seat, transfer: &RecordTransfer) -> Result<TransferFact, Rejection> {
    match order.status {
        Status::Finalized => {}
        Status::Active => {
            return Err(
                Rejection::new(Code::NotFinalized).expected("a transfer after the order is finalized")
            );
        }
        Status::Expired => return Err(Code::OrderExpired.into()),
        Status::Archived => return Err(Code::OrderArchived.into()),
    }
    if order.transfer(&transfer.transfer).is_some() {
        return Err(Rejection::new(Code::TransferIdTaken)
            .field("data.transferId")
            .expected("an unused id, or none"));
    }
    let to = order.seat_of(&transfer.to).ok_or_else(|| {
        Rejection::new(Code::UnknownParticipant).field("data.to").expected("the id of a person who joined")
    })?;
    if to == from {
        return Err(Rejection::new(Code::BadTransfer)
            .field("data.to")
            .because("it is to yourself")
            .expected("the id of another person"));
    }
    let amount = positive(order, transfer.amount)?;
    if !Transfers::has_room(order.transfers(), from) {
        return Err(Rejection::new(Code::TooManyTransfers).expected(format!(
            "at most {MAX_TRANSFERS} transfers, and from one person at most a quarter of those that are left"
        )));
    }
    Transferable::between(order, from, to).check(order, amount)?;
    let id = |seat: Seat| order.at(seat).map(|person| person.id().clone()).ok_or(Code::JoinFirst);
    Ok(TransferFact::Recorded(TransferRecorded {
        transfer: transfer.transfer.clone(),
        from: id(from)?,
        to: id(to)?,
        amount,
        method: transfer.method.clone(),
        reference: transfer.reference.clone(),
    }))
}

fn positive(order: &Order, number: Decimal) -> Result<Amount, Rejection> {
    let amount = amount_up_to(number, max_order_total(order.currency), order.currency)
        .map_err(|error| bad_amount(order.currency, Code::BadTransfer, "data.amount", error))?;
    if amount == Amount::ZERO {
        return Err(Rejection::new(Code::BadTransfer).field("data.amount").expected("an amount above 0"));
    }
    Ok(amount)
}

/// How much one person can pay another.
struct Transferable<'order> {
    /// What the sender owes, and what of that waits for an answer.
    owes: Amount,
    offered: Amount,
    /// What the receiver is owed, and what of that waits for their answer.
    owed: Amount,
    awaited: Amount,
    receiver: &'order str,
}

impl<'order> Transferable<'order> {
    fn between(order: &'order Order, from: Seat, to: Seat) -> Self {
        let positions = Positions::new(order, &shares(order));
        let pending = |is_meant: &dyn Fn(&RecordedTransfer) -> bool| {
            let pending = |transfer: &&RecordedTransfer| transfer.status == TransferStatus::Pending;
            let meant = order.transfers().iter().filter(pending).filter(|transfer| is_meant(transfer));
            Amount::checked_sum(meant.map(|transfer| transfer.amount)).unwrap_or_default()
        };
        Self {
            owes: Amount::ZERO.checked_sub(positions.at(from)).unwrap_or_default().max(Amount::ZERO),
            offered: pending(&|transfer| transfer.from == from),
            owed: positions.at(to).max(Amount::ZERO),
            awaited: pending(&|transfer| transfer.to == to),
            receiver: order.at(to).map_or("", |person| person.name().as_str()),
        }
    }

    /// Refuses more than is owed. The excess is reported as a negative amount.
    fn check(&self, order: &Order, amount: Amount) -> Result<(), Rejection> {
        let left =
            |all: Amount, pending: Amount| all.checked_sub(pending).unwrap_or_default().max(Amount::ZERO);
        let (of_sender, of_receiver) = (left(self.owes, self.offered), left(self.owed, self.awaited));
        let most = of_sender.min(of_receiver);
        if amount <= most {
            return Ok(());
        }
        let (whose, all, pending) = if of_sender <= of_receiver {
            ("you owe".to_owned(), self.owes, self.offered)
        } else {
            (format!("{} is owed", self.receiver), self.owed, self.awaited)
        };
        let currency = order.currency;
        let because = match (all, pending) {
            (Amount::ZERO, _) => format!("{whose} nothing"),
            (all, Amount::ZERO) => format!("{whose} {}", all.display(currency)),
            (all, pending) => format!(
                "{whose} {}, and {} of it waits for an answer",
                all.display(currency),
                pending.display(currency)
            ),
        };
        Err(Rejection::new(Code::MoreThanOwed)
            .field("data.amount")
            .because(because)
            .expected(format!("at most {}", most.display(currency)))
            .unallocated(most.checked_sub(amount).unwrap_or_default(), currency))
    }
}

/// Confirms or denies a transfer. Repeating the answer changes nothing.
fn answer(
    order: &Order,
    by: Seat,
    id: &TransferId,
    confirmed: bool,
) -> Result<Option<TransferFact>, Rejection> {
    let transfer = find(order, id)?;
    if transfer.to != by {
        return Err(not_yours(order, transfer.to, "an answer", "is paid by it"));
    }
    match (transfer.status, confirmed) {
        (TransferStatus::Pending, _) => Ok(Some(TransferFact::Answered { transfer: id.clone(), confirmed })),
        (TransferStatus::Confirmed, true) | (TransferStatus::Denied, false) => Ok(None),
        (status @ (TransferStatus::Confirmed | TransferStatus::Denied | TransferStatus::Cancelled), _) => {
            Err(already(status))
        }
    }
}

/// Takes back a transfer that was not answered. Repeating it changes nothing.
fn cancel(order: &Order, by: Seat, id: &TransferId) -> Result<Option<TransferFact>, Rejection> {
    let transfer = find(order, id)?;
    if transfer.from != by {
        return Err(not_yours(order, transfer.from, "it to be taken back", "recorded it"));
    }
    match transfer.status {
        TransferStatus::Pending => Ok(Some(TransferFact::Cancelled { transfer: id.clone() })),
        TransferStatus::Cancelled => Ok(None),
        status @ (TransferStatus::Confirmed | TransferStatus::Denied) => Err(already(status)),
    }
}

fn find<'order>(order: &'order Order, id: &TransferId) -> Result<&'order RecordedTransfer, Rejection> {
    order.transfer(id).ok_or_else(|| {
        Rejection::new(Code::TransferNotFound)
            .field("data.transferId")
            .expected("the id of a transfer on the order")
    })
}

fn not_yours(order: &Order, whose: Seat, what: &str, who: &str) -> Rejection {
    let name = order.at(whose).map_or("", |person| person.name().as_str());
    Rejection::new(Code::NotYourTransfer)
        .field("data.transferId")
        .expected(format!("{what} by {name}, who {who}"))
}

/// Rejects a second answer. The next step is a new transfer.
fn already(status: TransferStatus) -> Rejection {
    let next = match status {
        TransferStatus::Confirmed => "a transfer in the other direction, if the money went back",
        TransferStatus::Pending | TransferStatus::Denied | TransferStatus::Cancelled => {
            "a new transfer by the person who pays"
        }
    };
    Rejection::new(Code::AlreadyAnswered)
        .field("data.transferId")
        .because(format!("it is {}", status.as_str()))
        .expected(next)
}
