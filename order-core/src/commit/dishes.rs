//! Applies facts about dishes.

use super::charges::{charges_of, set_charges};
use super::claims::{claims, shared_by};
use super::undo::Touched;
use super::{CommitError, dishes_together as together, seat_of_author};
use crate::fact::{ChargesSet, DishFact, ItemAdded, ItemCorrected, ItemRestored, Recorded};
use crate::order::Order;
use crate::order::cached::Cached;
use crate::order::item::{Item, text_bytes};
use crate::order::people::Seat;
use crate::value::text::Text;
use crate::{Amount, Correction, ItemId, Quantity, UnixMillis};

/// Applies a fact about a dish.
pub(super) fn apply(order: &mut Order, recorded: &Recorded, fact: &DishFact) -> Result<(), CommitError> {
    match fact {
        DishFact::Added(added) => add(order, recorded, added),
        DishFact::Restored(restored) => restore(order, restored),
        DishFact::Removed { item } => remove(order, item),
        DishFact::QuantityUpdated { item, quantity } => update_quantity(order, item, *quantity),
        DishFact::Edited { item, dish_name, customization } => {
            edit(order, item, dish_name, customization.as_ref())
        }
        DishFact::AllAdded(added) => together::add(order, recorded, added),
        DishFact::AllRestored(restored) => together::restore(order, restored),
        DishFact::AllRemoved { items } => together::remove(order, items),
        DishFact::Corrected(corrected) => correct(order, recorded, corrected),
    }
}

/// How many lines and bytes of texts the fact adds to `order`.
pub(crate) fn growth(order: &Order, fact: &DishFact) -> (usize, usize) {
    let line =
        |added: &ItemAdded| (1, text_bytes(&added.dish_name, &added.dish_type, added.customization.as_ref()));
    let lines = |(lines, bytes): (usize, usize), added: &ItemAdded| {
        let (line, bytes_of_line) = line(added);
        (lines.saturating_add(line), bytes.saturating_add(bytes_of_line))
    };
    match fact {
        DishFact::Added(added) => line(added),
        DishFact::AllAdded(added) => added.iter().fold((0, 0), lines),
        DishFact::Restored(restored) => line(&restored.added),
        DishFact::AllRestored(restored) => {
            restored.iter().map(|restored| &restored.added).fold((0, 0), lines)
        }
        DishFact::Edited { item, dish_name, customization } => {
            let growth = order.item(item).map(|line| {
                let after = text_bytes(dish_name, &line.dish_type, customization.as_ref());
                after.saturating_sub(line.text_bytes())
            });
            (0, growth.unwrap_or_default())
        }
        DishFact::Removed { .. }
        | DishFact::AllRemoved { .. }
        | DishFact::QuantityUpdated { .. }
        | DishFact::Corrected(_) => (0, 0),
    }
}

/// What of the bill the fact touches. `takes_discount`: a discount ends with the dish that it takes off.
pub(super) fn touched(fact: &DishFact, takes_discount: bool) -> Touched {
    match fact {
        // Nobody has changed a new dish yet.
        DishFact::Added(_) | DishFact::AllAdded(_) => Touched::default(),
        DishFact::AllRestored(restored) => Touched {
            items: restored.iter().map(|restored| restored.added.item.clone()).collect(),
            charges: restored.iter().any(|restored| restored.charges.is_some()),
            ..Touched::default()
        },
        DishFact::AllRemoved { items } => Touched {
            items: items.clone(),
            gone: items.clone(),
            charges: takes_discount,
            ..Touched::default()
        },
        DishFact::Corrected(corrected) => {
            let item = &corrected.item;
            let gone = if corrected.quantity.is_none() { vec![item.clone()] } else { Vec::new() };
            Touched { gone, split: corrected.split.is_some(), ..Touched::item(item, takes_discount) }
        }
        DishFact::Restored(restored) => Touched::item(&restored.added.item, restored.charges.is_some()),
        DishFact::Removed { item } => {
            Touched { gone: vec![item.clone()], ..Touched::item(item, takes_discount) }
        }
        DishFact::QuantityUpdated { item, .. } | DishFact::Edited { item, .. } => Touched::item(item, false),
    }
}

/// The fact that takes this one back, which `order` does not have yet.
pub(super) fn back(order: &Order, fact: &DishFact) -> Option<DishFact> {
    match fact {
        DishFact::Added(added) => Some(DishFact::Removed { item: added.item.clone() }),
        DishFact::Restored(restored) => Some(DishFact::Removed { item: restored.added.item.clone() }),
        DishFact::Removed { item } => {
            let charges = order.has_discount_on(item).then(|| charges_of(order));
            Some(DishFact::Restored(Box::new(restored(order, order.item(item)?, charges)?)))
        }
        DishFact::QuantityUpdated { item, .. } => {
            let quantity = order.item(item)?.quantity;
            Some(DishFact::QuantityUpdated { item: item.clone(), quantity })
        }
        DishFact::Edited { item, .. } => {
            let line = order.item(item)?;
            let (dish_name, customization) = (line.dish_name.clone(), line.customization.clone());
            Some(DishFact::Edited { item: item.clone(), dish_name, customization })
        }
        DishFact::AllAdded(_) | DishFact::AllRestored(_) | DishFact::AllRemoved { .. } => {
            together::back(order, fact)
        }
        // A bill that is final is not undone.
        DishFact::Corrected(_) => None,
    }
}

/// Lowers a line to what came, and keeps what it was before.
fn correct(order: &mut Order, recorded: &Recorded, corrected: &ItemCorrected) -> Result<(), CommitError> {
    let line = order.item(&corrected.item).ok_or(CommitError::UnknownItem)?;
    let by = match recorded.by.id() {
        Some(_) => Some(seat_of_author(order, recorded)?),
        None => None,
    };
    let correction = Correction {
        seq: recorded.seq,
        item: line.id.clone(),
        dish_name: line.dish_name.clone(),
        price: line.price,
        before: line.quantity,
        after: corrected.quantity,
        shared_by: line.claims.clone(),
        reason: corrected.reason.clone(),
        at: recorded.at,
        by,
    };
    match corrected.quantity {
        Some(quantity) => update_quantity(order, &corrected.item, quantity)?,
        None => remove(order, &corrected.item)?,
    }
    if let Some(split) = &corrected.split {
        order.split = split.clone();
    }
    order.revised.get_or_insert_default().corrections.push(correction);
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
    let item = new_item(order, added, added_by, added_at)?;
    let total = order.total.checked_add(item.total).ok_or(CommitError::Overflow)?;
    let text_bytes = item.text_bytes();
    order.items.push(item).ok_or(CommitError::ItemExists)?;
    order.total = total;
    order.text_bytes = order.text_bytes.saturating_add(text_bytes);
    Ok(())
}

/// The line that a dish becomes.
#[inline]
pub(super) fn new_item(
    order: &Order,
    added: &ItemAdded,
    added_by: Seat,
    added_at: UnixMillis,
) -> Result<Item, CommitError> {
    let claims = claims(order, &added.shared_by)?;
    let total = line_total(added.price.amount(), added.quantity)?;
    Ok(Item {
        id: added.item.clone(),
        dish_name: added.dish_name.clone(),
        dish_type: added.dish_type.clone(),
        quantity: added.quantity,
        price: added.price,
        total,
        customization: added.customization.clone(),
        added_by,
        claims,
        added_at,
        written: Cached::default(),
    })
}

pub(super) fn remove(order: &mut Order, item: &ItemId) -> Result<(), CommitError> {
    let line = order.items.get(item).ok_or(CommitError::UnknownItem)?;
    order.total = order.total.checked_sub(line.total).ok_or(CommitError::Overflow)?;
    order.text_bytes = order.text_bytes.saturating_sub(line.text_bytes());
    order.items.remove(item);
    // A discount ends with its dish: another that takes over the id is another dish.
    order.charges.retain(|charge| !charge.is_discount_on(item));
    Ok(())
}

fn edit(
    order: &mut Order,
    item: &ItemId,
    dish_name: &Text,
    customization: Option<&Text>,
) -> Result<(), CommitError> {
    let line = order.items.get_mut(item).ok_or(CommitError::UnknownItem)?;
    let before = line.text_bytes();
    line.dish_name = dish_name.clone();
    line.customization = customization.cloned();
    let after = line.text_bytes();
    order.text_bytes = order.text_bytes.saturating_sub(before).saturating_add(after);
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

/// The fact that brings a line back, with these charges.
pub(super) fn restored(order: &Order, item: &Item, charges: Option<ChargesSet>) -> Option<ItemRestored> {
    Some(ItemRestored {
        added: ItemAdded {
            item: item.id.clone(),
            dish_name: item.dish_name.clone(),
            dish_type: item.dish_type.clone(),
            quantity: item.quantity,
            price: item.price,
            customization: item.customization.clone(),
            shared_by: shared_by(order, item),
        },
        added_by: order.added_by(item)?.id.clone(),
        added_at: item.added_at,
        charges,
    })
}
