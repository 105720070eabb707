//! Making a fact so.

use std::sync::Arc;

use thiserror::Error;

use crate::fact::{Fact, ItemAdded, Joined, Recorded};
use crate::item::Item;
use crate::order::{Order, Status};
use crate::participant::{Participant, Role, Seat};
use crate::{Amount, ItemId, ParticipantId, Quantity};

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
    /// It adds an item that is there already.
    #[error("the fact adds an item that is there already")]
    ItemExists,
    /// It makes an amount overflow.
    #[error("the fact makes the total overflow")]
    Overflow,
    /// It changes an order that is closed.
    #[error("the fact changes an order that is finalized")]
    AlreadyFinalized,
}

/// Makes `recorded` so. What [`decide`](crate::decide) gave for this very order always succeeds.
///
/// # Errors
/// When the fact is not the next of this order's log; the order is then unchanged.
pub fn commit(order: &mut Order, recorded: &Recorded) -> Result<(), CommitError> {
    if Some(recorded.seq) != order.seq.checked_add(1) {
        return Err(CommitError::OutOfOrder { last: order.seq, found: recorded.seq });
    }
    if order.status == Status::Finalized {
        return Err(CommitError::AlreadyFinalized);
    }
    match &recorded.fact {
        Fact::Joined(joined) => join(order, recorded, joined),
        Fact::Left { owner } => leave(order, &recorded.by, owner.as_ref())?,
        Fact::ItemAdded(added) => add(order, recorded, added)?,
        Fact::ItemRemoved { item } => remove(order, item)?,
        Fact::QuantityUpdated { item, quantity } => update_quantity(order, item, *quantity)?,
        Fact::SplitUpdated { split } => order.split = split.clone(),
        Fact::Finalized => order.status = Status::Finalized,
    }
    if order.seq == 0 {
        order.created_at = recorded.at;
    }
    order.seq = recorded.seq;
    order.updated_at = recorded.at;
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

fn join(order: &mut Order, recorded: &Recorded, joined: &Joined) {
    let seat = order.seat_of(&recorded.by);
    if let Some(person) = seat.and_then(|seat| order.people.get_mut(seat.0)) {
        person.name = joined.name.clone();
        person.phone.clone_from(&joined.phone);
        person.left = false;
    } else {
        order.people.push(Participant {
            id: recorded.by.clone(),
            name: joined.name.clone(),
            phone: joined.phone.clone(),
            joined_at: recorded.at,
            left: false,
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
    let added_by = order.seat_of(&recorded.by).ok_or(CommitError::UnknownPerson)?;
    if order.item(&added.item).is_some() {
        return Err(CommitError::ItemExists);
    }
    let line = line_total(added.price.amount(), added.quantity)?;
    order.total = order.total.checked_add(line).ok_or(CommitError::Overflow)?;
    let item = Item {
        id: added.item.clone(),
        dish_name: added.dish_name.clone(),
        dish_type: added.dish_type.clone(),
        quantity: added.quantity,
        price: added.price,
        total: line,
        customization: added.customization.clone(),
        added_by,
        added_at: recorded.at,
    };
    order.text_bytes = order.text_bytes.saturating_add(item.text_bytes());
    order.items.push(Arc::new(item));
    Ok(())
}

fn remove(order: &mut Order, item: &ItemId) -> Result<(), CommitError> {
    let position = order.position_of(item).ok_or(CommitError::UnknownItem)?;
    let line = order.items.get(position).ok_or(CommitError::UnknownItem)?;
    order.total = order.total.checked_sub(line.total).ok_or(CommitError::Overflow)?;
    order.text_bytes = order.text_bytes.saturating_sub(line.text_bytes());
    order.items.remove(position);
    Ok(())
}

fn update_quantity(order: &mut Order, item: &ItemId, quantity: Quantity) -> Result<(), CommitError> {
    let position = order.position_of(item).ok_or(CommitError::UnknownItem)?;
    let entry = order.items.get_mut(position).ok_or(CommitError::UnknownItem)?;
    let line = line_total(entry.price.amount(), quantity)?;
    let total = order.total.checked_sub(entry.total).and_then(|rest| rest.checked_add(line));
    order.total = total.ok_or(CommitError::Overflow)?;
    let entry = Arc::make_mut(entry);
    entry.quantity = quantity;
    entry.total = line;
    Ok(())
}

fn line_total(price: Amount, quantity: Quantity) -> Result<Amount, CommitError> {
    price.checked_mul(i64::from(quantity.pieces())).ok_or(CommitError::Overflow)
}
