//! Applies facts to an order.

pub(crate) mod charges;
mod claims;
pub(crate) mod dishes;
mod dishes_together;
mod marks;
mod payments;
mod people;
mod table;
mod transfers;
mod undo;

use thiserror::Error;

use crate::ParticipantId;
use crate::commit::undo::Change;
use crate::fact::{DishFact, Fact, PeopleFact, Recorded, TableFact};
use crate::order::cached::Cached;
use crate::order::done::Done;
use crate::order::people::Seat;
use crate::order::{Order, Status};

/// Why a fact cannot be applied to an order. The order is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CommitError {
    /// It is not the next fact of the log.
    #[error("fact {found} does not follow fact {last}")]
    OutOfOrder {
        /// The sequence number of the order's last fact.
        last: u64,
        /// The sequence number of this one.
        found: u64,
    },
    /// It refers to a person who never joined.
    #[error("the fact is about a person who never joined")]
    UnknownPerson,
    /// It adds a person who is on the order already.
    #[error("the fact adds a person who is already on the order")]
    PersonExists,
    /// It refers to an item that is not on the order.
    #[error("the fact is about an item that is not on the order")]
    UnknownItem,
    /// It refers to a payment that was never recorded.
    #[error("the fact is about a payment that was never recorded")]
    UnknownPayment,
    /// It records a payment that exists already.
    #[error("the fact records a payment that already exists")]
    PaymentExists,
    /// It refers to a transfer that was never recorded.
    #[error("the fact is about a transfer that was never recorded")]
    UnknownTransfer,
    /// It records a transfer that exists already.
    #[error("the fact records a transfer that already exists")]
    TransferExists,
    /// It adds an item that exists already.
    #[error("the fact adds an item that is already on the order")]
    ItemExists,
    /// It makes an amount overflow.
    #[error("the fact makes the total overflow")]
    Overflow,
    /// It changes an order that is closed.
    #[error("the fact changes an order that is closed")]
    Closed,
}

/// Applies a fact to an order. A fact that [`decide`](crate::decide) returned for this order
/// always succeeds.
///
/// # Errors
/// When the fact does not follow from this order; the order is then unchanged.
pub fn commit(order: &mut Order, recorded: &Recorded) -> Result<(), CommitError> {
    if Some(recorded.seq) != order.seq.checked_add(1) {
        return Err(CommitError::OutOfOrder { last: order.seq, found: recorded.seq });
    }
    if !may_happen_to(order.status, &recorded.fact) {
        return Err(CommitError::Closed);
    }
    order.forget_texts();
    order.divided = Cached::default();
    let change = Change::of(order, recorded);
    let was_away = order.table.is_some() && marks::is_away(order, recorded.by.id());
    match &recorded.fact {
        Fact::People(fact) => people::apply(order, recorded, fact)?,
        Fact::Dish(fact) => dishes::apply(order, recorded, fact)?,
        Fact::Claim(fact) => claims::apply(order, fact)?,
        Fact::Split(split) => order.split = split.clone(),
        Fact::Charge(fact) => charges::apply(order, recorded, fact)?,
        Fact::Payment(fact) => payments::apply(order, recorded, fact)?,
        Fact::Transfer(fact) => transfers::apply(order, recorded, fact)?,
        Fact::Table(fact) => table::apply(order, fact)?,
    }
    marks::update(order, recorded, was_away);
    change.note(order, recorded);
    if order.seq == 0 {
        order.created_at = recorded.at;
    }
    order.seq = recorded.seq;
    order.updated_at = recorded.at;
    if let Some(stamp) = &recorded.stamp {
        let by = recorded.by.id().and_then(|id| order.seat_of(id));
        order.done.note(by, stamp.id().clone(), Done { digest: stamp.digest(), seq: recorded.seq });
    }
    Ok(())
}

/// Rebuilds an order by applying its whole log to one that nobody has joined.
///
/// # Errors
/// At the first fact that does not follow from those before it.
pub fn replay<'log>(
    mut order: Order,
    log: impl IntoIterator<Item = &'log Recorded>,
) -> Result<Order, CommitError> {
    log.into_iter().try_for_each(|recorded| commit(&mut order, recorded)).map(|()| order)
}

/// The participant who caused the fact. Some facts cannot come from the back end.
fn author(recorded: &Recorded) -> Result<&ParticipantId, CommitError> {
    recorded.by.id().ok_or(CommitError::UnknownPerson)
}

fn seat_of_author(order: &Order, recorded: &Recorded) -> Result<Seat, CommitError> {
    order.seat_of(author(recorded)?).ok_or(CommitError::UnknownPerson)
}

/// Whether `fact` may be applied to an order with this status.
fn may_happen_to(status: Status, fact: &Fact) -> bool {
    match (status, fact) {
        // After the end, somebody still takes a seat that was kept for them, to pay.
        (
            Status::Active | Status::Finalized | Status::Expired,
            Fact::Payment(_) | Fact::Transfer(_) | Fact::Dish(DishFact::Corrected(_)),
        )
        | (Status::Finalized, Fact::People(PeopleFact::Joined(_)))
        | (Status::Finalized | Status::Expired, Fact::Table(TableFact::Reopened { .. })) => true,
        (_, Fact::Table(TableFact::Reopened { .. })) => false,
        (status, Fact::Table(TableFact::Archived)) => status == Status::Finalized,
        (status, _) => status == Status::Active,
    }
}
