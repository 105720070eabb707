//! Decides commands about dishes.

use rust_decimal::Decimal;

use super::amounts::bad_amount;
use super::rights::{may_edit, may_restore, present, unlocked, within_limit};
use super::{charges, claims, corrections, dishes_together};
use crate::command::{AddItem, DishCommand};
use crate::fact::{DishFact, Fact, ItemAdded, ItemRestored};
use crate::order::Order;
use crate::order::item::shown_customization;
use crate::rejection::{Code, Rejection};
use crate::split::Weight;
use crate::value::text::Text;
use crate::{Actor, Amount, Item, ItemId, MAX_QUANTITY, ParticipantId, Price, Quantity, max_order_total};

/// Decides a command about a dish. `None`: it changes nothing.
pub(super) fn decide(order: &Order, actor: &Actor, command: &DishCommand) -> Result<Option<Fact>, Rejection> {
    let guest = || present(order, actor);
    let fact = match command {
        DishCommand::Add(add) => {
            let by = guest()?;
            unlocked(order, by)?;
            DishFact::Added(self::add(order, by, add)?)
        }
        DishCommand::AddAll(dishes) => {
            let by = guest()?;
            unlocked(order, by)?;
            dishes_together::add(order, by, dishes)?
        }
        // Not for guests, but for those in charge, mostly of a bill that is final.
        DishCommand::Correct { item, reason, quantity } => {
            return corrections::correct(order, actor, item, reason, *quantity);
        }
        DishCommand::Remove { item } => {
            let by = guest()?;
            may_edit(order, by, find(order, item)?)?;
            DishFact::Removed { item: item.clone() }
        }
        DishCommand::UpdateQuantity { item, quantity } => {
            match update_quantity(order, guest()?, item, *quantity)? {
                DishFact::QuantityUpdated { item, quantity } if find(order, &item)?.quantity == quantity => {
                    return Ok(None);
                }
                fact => fact,
            }
        }
        DishCommand::Edit { item, dish_name, customization } => {
            let by = guest()?;
            let line = find(order, item)?;
            may_edit(order, by, line)?;
            match edit(line, dish_name.as_ref(), customization.as_ref()) {
                Some(fact) => fact,
                None => return Ok(None),
            }
        }
    };
    Ok(Some(Fact::Dish(fact)))
}

/// Decides a dish alone.
pub(super) fn add(order: &Order, by: &ParticipantId, add: &AddItem) -> Result<ItemAdded, Rejection> {
    let added = new_dish(order, by, add)?;
    let line = fits(order, Amount::ZERO, added.price, added.quantity)?;
    within_limit(order, by, || order.seat_of(by), Amount::ZERO, line)?;
    if add.shared_by.is_some() {
        claims::fit(order, [added.shared_by.as_slice()])?;
    }
    Ok(added)
}

/// Reads a dish, without the sums that it is part of.
#[inline]
pub(super) fn new_dish(order: &Order, by: &ParticipantId, add: &AddItem) -> Result<ItemAdded, Rejection> {
    if order.item(&add.item).is_some() {
        return Err(Rejection::new(Code::ItemIdTaken).field("data.id").expected("an unused id, or none"));
    }
    let price = Price::from_decimal(add.price, order.currency)
        .map_err(|error| bad_amount(order.currency, Code::BadPrice, "data.price", error))?;
    let quantity = quantity(add.quantity, 1)?;
    Ok(ItemAdded {
        item: add.item.clone(),
        dish_name: add.dish_name.clone(),
        dish_type: add.dish_type.clone(),
        quantity,
        price,
        customization: add.customization.clone(),
        shared_by: match &add.shared_by {
            Some(shared_by) => claims::read(order, shared_by)?,
            None => vec![(by.clone(), Weight::ONE)],
        },
    })
}

/// Returns the fact that changes the texts of a line. `None`: they are the same already.
///
/// A customization that is stored as an empty text stays so until there is another: to people, both are none.
fn edit(line: &Item, dish_name: Option<&Text>, customization: Option<&Text>) -> Option<DishFact> {
    let dish_name = dish_name.unwrap_or(&line.dish_name).clone();
    let customization = match customization.map(|text| shown_customization(Some(text))) {
        Some(new) if new != shown_customization(line.customization.as_ref()) => new.cloned(),
        Some(_) | None => line.customization.clone(),
    };
    let is_new = dish_name != line.dish_name || customization != line.customization;
    is_new.then(|| DishFact::Edited { item: line.id.clone(), dish_name, customization })
}

/// Decides a fact that takes back the last change of `by`.
pub(super) fn undo(order: &Order, by: &ParticipantId, back: &DishFact) -> Result<DishFact, Rejection> {
    match back {
        DishFact::Removed { item } | DishFact::Edited { item, .. } => {
            may_edit(order, by, find(order, item)?)?;
        }
        DishFact::Restored(restored) => restore(order, by, restored)?,
        DishFact::QuantityUpdated { item, quantity } => {
            return update_quantity(order, by, item, Decimal::from(quantity.pieces()));
        }
        DishFact::AllRemoved { items } => {
            for item in items {
                may_edit(order, by, find(order, item)?)?;
            }
        }
        DishFact::AllRestored(restored) => dishes_together::restore(order, by, restored)?,
        // No dish was ever taken off by adding it, and a bill that is final is not undone.
        DishFact::Added(_) | DishFact::AllAdded(_) | DishFact::Corrected(_) => {
            return Err(Code::NothingToUndo.into());
        }
    }
    Ok(back.clone())
}

/// Checks that a removed dish may be restored.
fn restore(order: &Order, by: &ParticipantId, restored: &ItemRestored) -> Result<(), Rejection> {
    let ItemRestored { added, added_by, charges, .. } = restored;
    may_restore(order, by, added_by)?;
    if order.item(&added.item).is_some() {
        return Err(Rejection::undo_conflict("another dish has its id now"));
    }
    let line = fits(order, Amount::ZERO, added.price, added.quantity)?;
    within_limit(order, by, || order.seat_of(added_by), Amount::ZERO, line)?;
    if let Some(charges) = charges {
        charges::fit_with(order, charges, |item| *item == added.item)?;
    }
    claims::still_fit(order, &added.shared_by)
}

fn update_quantity(
    order: &Order,
    by: &ParticipantId,
    item: &ItemId,
    pieces: Decimal,
) -> Result<DishFact, Rejection> {
    let line = find(order, item)?;
    may_edit(order, by, line)?;
    if pieces.is_zero() {
        return Ok(DishFact::Removed { item: item.clone() });
    }
    let quantity = quantity(pieces, 0)?;
    let after = fits(order, line.total, line.price, quantity)?;
    within_limit(order, by, || Some(line.added_by), line.total, after)?;
    Ok(DishFact::QuantityUpdated { item: item.clone(), quantity })
}

pub(super) fn find<'order>(order: &'order Order, item: &ItemId) -> Result<&'order Item, Rejection> {
    order.item(item).ok_or_else(|| {
        Rejection::new(Code::ItemNotFound).field("data.itemId").expected("the id of an item on the order")
    })
}

/// Reads a quantity. `least` is the minimum for the error message: 0 where that removes the
/// line.
fn quantity(pieces: Decimal, least: u16) -> Result<Quantity, Rejection> {
    Quantity::from_decimal(pieces).map_err(|error| {
        Rejection::new(Code::BadQuantity)
            .field("data.quantity")
            .because(error.to_string())
            .expected(format!("a whole number from {least} to {MAX_QUANTITY}"))
    })
}

/// The cost of a line, if the total stays below its maximum when the line replaces `freed`.
pub(super) fn fits(
    order: &Order,
    freed: Amount,
    price: Price,
    quantity: Quantity,
) -> Result<Amount, Rejection> {
    let ceiling = max_order_total(order.currency);
    let line = price.amount().checked_mul(i64::from(quantity.pieces()));
    let total = line.and_then(|line| order.total.checked_sub(freed)?.checked_add(line));
    match line.zip(total) {
        Some((line, total)) if total <= ceiling => Ok(line),
        Some(_) | None => Err(Rejection::new(Code::TotalTooLarge)
            .expected(format!("a total of at most {}", ceiling.display(order.currency)))),
    }
}
