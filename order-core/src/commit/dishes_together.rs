//! Applies facts about several dishes at once: all of them, or none.

use std::collections::BTreeSet;

use super::charges::{charges_of, set_charges};
use super::dishes::{new_item, remove as take_off, restored};
use super::{CommitError, seat_of_author};
use crate::ItemId;
use crate::fact::{DishFact, ItemAdded, ItemRestored, Recorded};
use crate::order::Order;
use crate::order::item::Item;

pub(super) fn add(order: &mut Order, recorded: &Recorded, added: &[ItemAdded]) -> Result<(), CommitError> {
    let seat = seat_of_author(order, recorded)?;
    let items = added.iter().map(|added| new_item(order, added, seat, recorded.at));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    push_all(order, items)
}

pub(super) fn restore(order: &mut Order, restored: &[ItemRestored]) -> Result<(), CommitError> {
    let item = |restored: &ItemRestored| {
        let added_by = order.seat_of(&restored.added_by).ok_or(CommitError::UnknownPerson)?;
        new_item(order, &restored.added, added_by, restored.added_at)
    };
    let items = restored.iter().map(item).collect::<Result<Vec<_>, _>>()?;
    push_all(order, items)?;
    if let Some(charges) = restored.last().and_then(|restored| restored.charges.as_ref()) {
        set_charges(order, charges);
    }
    Ok(())
}

pub(super) fn remove(order: &mut Order, items: &[ItemId]) -> Result<(), CommitError> {
    let mut ids = BTreeSet::new();
    if items.iter().any(|item| order.item(item).is_none() || !ids.insert(item)) {
        return Err(CommitError::UnknownItem);
    }
    items.iter().try_for_each(|item| take_off(order, item))
}

/// The fact that takes this one back, which `order` does not have yet.
pub(super) fn back(order: &Order, fact: &DishFact) -> Option<DishFact> {
    match fact {
        DishFact::AllAdded(added) => {
            Some(DishFact::AllRemoved { items: added.iter().map(|added| added.item.clone()).collect() })
        }
        DishFact::AllRestored(restored) => {
            let items = restored.iter().map(|restored| restored.added.item.clone()).collect();
            Some(DishFact::AllRemoved { items })
        }
        DishFact::AllRemoved { items } => {
            let mut back = Vec::with_capacity(items.len());
            for item in items {
                back.push(restored(order, order.item(item)?, None)?);
            }
            if items.iter().any(|item| order.has_discount_on(item)) {
                back.last_mut()?.charges = Some(charges_of(order));
            }
            Some(DishFact::AllRestored(back))
        }
        DishFact::Added(_)
        | DishFact::Restored(_)
        | DishFact::Removed { .. }
        | DishFact::QuantityUpdated { .. }
        | DishFact::Edited { .. }
        | DishFact::Corrected(_) => None,
    }
}

/// Appends lines. Everything is validated before anything is changed.
fn push_all(order: &mut Order, items: Vec<Item>) -> Result<(), CommitError> {
    let mut ids = BTreeSet::new();
    let mut total = order.total;
    for item in &items {
        if order.item(&item.id).is_some() || !ids.insert(&item.id) {
            return Err(CommitError::ItemExists);
        }
        total = total.checked_add(item.total).ok_or(CommitError::Overflow)?;
    }
    for item in items {
        let text_bytes = item.text_bytes();
        order.items.push(item).ok_or(CommitError::ItemExists)?;
        order.text_bytes = order.text_bytes.saturating_add(text_bytes);
    }
    order.total = total;
    Ok(())
}
