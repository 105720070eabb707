//! Making a fact so.

mod payments;
mod rules;
pub(crate) mod undo;

use thiserror::Error;

use crate::commit::undo::{Change, is_discount_on};
use crate::fact::{
    ChargeFact, ChargesSet, ClaimFact, DishFact, Fact, ItemAdded, ItemRestored, Joined, PaymentFact,
    PeopleFact, Recorded, TableFact,
};
use crate::order::cached::Cached;
use crate::order::done::Done;
use crate::order::item::Item;
use crate::order::payments::Refund;
use crate::order::people::{Participant, Role, Seat};
use crate::order::{Order, Status};
use crate::split::{Weight, seats_on_bill};
use crate::{Amount, ItemId, ParticipantId, Policy, Quantity, UnixMillis};

/// Why a fact is not one of this order's log. The order is as it was.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CommitError {
    /// It is not the next of the log.
    #[error("fact {found} does not follow fact {last}")]
    OutOfOrder {
        /// The sequence number of the order's last fact.
        last: u64,
        /// The sequence number of this one.
        found: u64,
    },
    /// It speaks of a person whom the order does not know.
    #[error("the fact is about a person who never joined")]
    UnknownPerson,
    /// It speaks of an item that is not on the order.
    #[error("the fact is about an item that is not on the order")]
    UnknownItem,
    /// It speaks of a payment that the order does not know.
    #[error("the fact is about a payment that was never recorded")]
    UnknownPayment,
    /// It records a payment that is there already.
    #[error("the fact records a payment that is there already")]
    PaymentExists,
    /// It adds an item that is there already.
    #[error("the fact adds an item that is there already")]
    ItemExists,
    /// It makes an amount overflow.
    #[error("the fact makes the total overflow")]
    Overflow,
    /// It changes an order that is closed.
    #[error("the fact changes an order that is closed")]
    Closed,
}

/// Makes `recorded` so. What [`decide`](crate::decide) gave for this very order always succeeds.
///
/// # Errors
/// When the fact is not the next of this order's log; the order is then unchanged.
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
    let was_away = order.rules.is_some() && rules::is_away(order, recorded.by.id());
    match &recorded.fact {
        Fact::People(PeopleFact::Joined(joined)) => join(order, author(recorded)?, recorded.at, joined),
        Fact::People(PeopleFact::Left { owner }) => leave(order, author(recorded)?, owner.as_ref())?,
        Fact::Dish(DishFact::Added(added)) => add(order, recorded, added)?,
        Fact::Dish(DishFact::Restored(restored)) => restore(order, restored)?,
        Fact::Dish(DishFact::Removed { item }) => remove(order, item)?,
        Fact::Dish(DishFact::QuantityUpdated { item, quantity }) => update_quantity(order, item, *quantity)?,
        Fact::Claim(ClaimFact::Shared { item, shared_by }) => share(order, item, shared_by)?,
        Fact::Charge(ChargeFact::Set(set)) => set_charges(order, set),
        Fact::Charge(ChargeFact::TipSet { tip }) => {
            let seat = seat_of_author(order, recorded)?;
            match tip {
                Some(tip) => order.tips.insert(seat, *tip),
                None => order.tips.remove(&seat),
            };
        }
        Fact::Charge(ChargeFact::ServiceWaived { waived }) => {
            let seat = seat_of_author(order, recorded)?;
            if *waived {
                order.without_service.insert(seat);
            } else {
                order.without_service.remove(&seat);
            }
        }
        Fact::Payment(PaymentFact::Recorded(payment)) => payments::record(order, recorded, payment)?,
        Fact::Payment(PaymentFact::Updated { payment, status }) => {
            payments::find(order, payment)?.status = *status
        }
        Fact::Payment(PaymentFact::Refunded { payment, refund, amount, parts, tip }) => {
            let refund = Refund { id: refund.clone(), amount: *amount };
            payments::refund(order, payment, refund, parts, *tip)?;
        }
        Fact::Split(split) => order.split = split.clone(),
        Fact::Table(TableFact::Finalized { on_bill }) => finalize(order, on_bill.as_deref())?,
        Fact::Table(TableFact::RulesSet(house)) => rules::of(order).house = *house,
        Fact::Table(TableFact::LockSet { locked }) => rules::of(order).locked = *locked,
        Fact::Table(TableFact::LimitSet { who, limit }) => rules::limit(order, who, *limit)?,
        Fact::People(PeopleFact::ReadySet { ready }) => {
            rules::ready(order, seat_of_author(order, recorded)?, *ready)
        }
        Fact::People(PeopleFact::HandedOver { to }) => {
            order.owner = Some(order.seat_of(to).ok_or(CommitError::UnknownPerson)?)
        }
        Fact::People(PeopleFact::Removed(removed)) => rules::remove(order, removed)?,
        Fact::People(PeopleFact::Readmitted { who }) => rules::readmit(order, who)?,
        Fact::Table(TableFact::DeadlineSet(deadline)) => rules::of(order).deadline.clone_from(deadline),
        Fact::Table(TableFact::Reminded { before }) => rules::reminded(order, *before),
        Fact::Table(TableFact::Expired) => order.status = Status::Expired,
        Fact::Table(TableFact::Archived) => order.status = Status::Archived,
    }
    rules::note(order, recorded, was_away);
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

/// Replays a whole log onto an order that nobody has joined.
///
/// # Errors
/// At the first fact that does not follow from those before it.
pub fn replay<'log>(
    mut order: Order,
    log: impl IntoIterator<Item = &'log Recorded>,
) -> Result<Order, CommitError> {
    log.into_iter().try_for_each(|recorded| commit(&mut order, recorded)).map(|()| order)
}

/// The participant who did it; some facts are never the back end's.
fn author(recorded: &Recorded) -> Result<&ParticipantId, CommitError> {
    recorded.by.id().ok_or(CommitError::UnknownPerson)
}

fn seat_of_author(order: &Order, recorded: &Recorded) -> Result<Seat, CommitError> {
    order.seat_of(author(recorded)?).ok_or(CommitError::UnknownPerson)
}

fn join(order: &mut Order, by: &ParticipantId, at: UnixMillis, joined: &Joined) {
    let seat = order.seat_of(by);
    if order.people.is_empty() {
        // From now on it is as the log says.
        order.default_policy = Policy::default();
    }
    if let Some(person) = seat.and_then(|seat| order.people.get_mut(seat.0)) {
        if person.name != joined.name {
            person.written = Cached::default();
        }
        person.name = joined.name.clone();
        person.phone.clone_from(&joined.phone);
        person.left = false;
    } else {
        order.people.push(Participant {
            id: by.clone(),
            name: joined.name.clone(),
            phone: joined.phone.clone(),
            joined_at: at,
            left: false,
            written: Cached::default(),
            tie: Cached::default(),
        });
    }
    if joined.role == Role::Owner {
        order.owner = seat.or(order.people.len().checked_sub(1).map(Seat));
    }
    if joined.circle_id.is_some() {
        order.circle_id.clone_from(&joined.circle_id);
    }
    if joined.tenant_id.is_some() {
        order.tenant_id.clone_from(&joined.tenant_id);
    }
    if let Some(currency) = joined.currency {
        order.currency = currency;
    }
    if let Some(charges) = &joined.charges {
        set_charges(order, charges);
    }
    if let Some(house) = joined.rules {
        rules::of(order).house = house;
    }
    if let Some(deadline) = joined.deadline.as_deref() {
        rules::of(order).deadline = Some(deadline.clone());
    }
}

fn set_charges(order: &mut Order, set: &ChargesSet) {
    order.charges.clone_from(&set.charges);
    order.round_to = set.round_to;
}

/// Closes the order. Logs of the first version do not say who was on the bill; then there were no payments, so that
/// it can still be told.
fn finalize(order: &mut Order, on_bill: Option<&[ParticipantId]>) -> Result<(), CommitError> {
    let seats = match on_bill {
        Some(people) => {
            let seats = people.iter().map(|id| order.seat_of(id).ok_or(CommitError::UnknownPerson));
            let mut seats = seats.collect::<Result<Vec<_>, _>>()?;
            seats.sort_unstable();
            seats.dedup();
            seats
        }
        None => seats_on_bill(order),
    };
    order.on_bill = Some(seats);
    order.status = Status::Finalized;
    Ok(())
}

fn leave(order: &mut Order, by: &ParticipantId, owner: Option<&ParticipantId>) -> Result<(), CommitError> {
    let owner = match owner {
        Some(id) => Some(order.seat_of(id).ok_or(CommitError::UnknownPerson)?),
        None => None,
    };
    let person = order.people.iter_mut().find(|person| person.id == *by).ok_or(CommitError::UnknownPerson)?;
    person.left = true;
    order.owner = owner;
    Ok(())
}

fn add(order: &mut Order, recorded: &Recorded, added: &ItemAdded) -> Result<(), CommitError> {
    push(order, added, seat_of_author(order, recorded)?, recorded.at)
}

fn restore(order: &mut Order, restored: &ItemRestored) -> Result<(), CommitError> {
    let added_by = order.seat_of(&restored.added_by).ok_or(CommitError::UnknownPerson)?;
    push(order, &restored.added, added_by, restored.added_at)?;
    if let Some(charges) = &restored.charges {
        set_charges(order, charges);
    }
    Ok(())
}

fn push(
    order: &mut Order,
    added: &ItemAdded,
    added_by: Seat,
    added_at: UnixMillis,
) -> Result<(), CommitError> {
    let claims = claims(order, &added.shared_by)?;
    let line = line_total(added.price.amount(), added.quantity)?;
    let total = order.total.checked_add(line).ok_or(CommitError::Overflow)?;
    let item = Item {
        id: added.item.clone(),
        dish_name: added.dish_name.clone(),
        dish_type: added.dish_type.clone(),
        quantity: added.quantity,
        price: added.price,
        total: line,
        customization: added.customization.clone(),
        added_by,
        claims,
        added_at,
        written: Cached::default(),
    };
    let text_bytes = item.text_bytes();
    order.items.push(item).ok_or(CommitError::ItemExists)?;
    order.total = total;
    order.text_bytes = order.text_bytes.saturating_add(text_bytes);
    Ok(())
}

fn share(order: &mut Order, item: &ItemId, shared_by: &[(ParticipantId, Weight)]) -> Result<(), CommitError> {
    let claims = claims(order, shared_by)?;
    order.items.get_mut(item).ok_or(CommitError::UnknownItem)?.claims = claims;
    Ok(())
}

/// Claims by seat, in the order of seats.
fn claims(order: &Order, shared_by: &[(ParticipantId, Weight)]) -> Result<Vec<(Seat, Weight)>, CommitError> {
    let mut claims = Vec::with_capacity(shared_by.len());
    for (id, weight) in shared_by {
        claims.push((order.seat_of(id).ok_or(CommitError::UnknownPerson)?, *weight));
    }
    claims.sort_unstable_by_key(|(seat, _)| *seat);
    Ok(claims)
}

fn remove(order: &mut Order, item: &ItemId) -> Result<(), CommitError> {
    let line = order.items.get(item).ok_or(CommitError::UnknownItem)?;
    order.total = order.total.checked_sub(line.total).ok_or(CommitError::Overflow)?;
    order.text_bytes = order.text_bytes.saturating_sub(line.text_bytes());
    order.items.remove(item);
    // A discount ends with its dish: another that takes over the id is another dish.
    order.charges.retain(|charge| !is_discount_on(charge, item));
    Ok(())
}

fn update_quantity(order: &mut Order, item: &ItemId, quantity: Quantity) -> Result<(), CommitError> {
    let entry = order.items.get_mut(item).ok_or(CommitError::UnknownItem)?;
    let line = line_total(entry.price.amount(), quantity)?;
    let total = order.total.checked_sub(entry.total).and_then(|rest| rest.checked_add(line));
    order.total = total.ok_or(CommitError::Overflow)?;
    entry.quantity = quantity;
    entry.total = line;
    Ok(())
}

fn line_total(price: Amount, quantity: Quantity) -> Result<Amount, CommitError> {
    price.checked_mul(i64::from(quantity.pieces())).ok_or(CommitError::Overflow)
}

/// Whether `fact` may happen to an order of this status.
fn may_happen_to(status: Status, fact: &Fact) -> bool {
    match (status, fact) {
        (
            Status::Active | Status::Finalized | Status::Expired,
            Fact::Payment(PaymentFact::Recorded(_))
            | Fact::Payment(PaymentFact::Updated { .. })
            | Fact::Payment(PaymentFact::Refunded { .. }),
        ) => true,
        (status, Fact::Table(TableFact::Archived)) => status == Status::Finalized,
        (status, _) => status == Status::Active,
    }
}
