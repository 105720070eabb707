//! Applies facts about dishes.

use super::charges::{charges_of, set_charges};
use super::claims::{claims, shared_by};
use super::undo::Touched;
use super::{CommitError, seat_of_author};
use crate::fact::{ChargesSet, DishFact, ItemAdded, ItemRestored, Recorded};
use crate::order::Order;
use crate::order::cached::Cached;
use crate::order::item::{Item, text_bytes};
use crate::order::people::Seat;
use crate::value::text::Text;
use crate::{Amount, ItemId, Quantity, UnixMillis};

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
    }
}

/// How many lines and bytes of texts the fact adds to `order`.
pub(crate) fn growth(order: &Order, fact: &DishFact) -> (usize, usize) {
    let line =
        |added: &ItemAdded| (1, text_bytes(&added.dish_name, &added.dish_type, added.customization.as_ref()));
    match fact {
        DishFact::Added(added) => line(added),
        DishFact::Restored(restored) => line(&restored.added),
        DishFact::Edited { item, dish_name, customization } => {
            let growth = order.item(item).map(|line| {
                let after = text_bytes(dish_name, &line.dish_type, customization.as_ref());
                after.saturating_sub(line.text_bytes())
            });
            (0, growth.unwrap_or_default())
        }
        DishFact::Removed { .. } | DishFact::QuantityUpdated { .. } => (0, 0),
    }
}

/// What of the bill the fact touches. `takes_discount`: a discount ends with the dish that it takes off.
pub(super) fn touched(fact: &DishFact, takes_discount: bool) -> Touched {
    match fact {
        // Nobody has changed a new dish yet.
        DishFact::Added(_) => Touched::default(),
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
    }
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

fn restored(order: &Order, item: &Item, charges: Option<ChargesSet>) -> Option<ItemRestored> {
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
