//! Decides commands about several dishes at once: all of them, or none.

use std::collections::BTreeSet;

use super::dishes::{fits, new_dish};
use super::rights::{may_restore, within_limit};
use super::{charges, claims, dishes};
use crate::command::AddItem;
use crate::fact::{DishFact, ItemAdded, ItemRestored};
use crate::order::Order;
use crate::rejection::{Code, Rejection};
use crate::{Amount, MAX_ITEMS_AT_ONCE, ParticipantId, max_order_total};

/// Adds several dishes. One alone is added as by the command for one.
pub(super) fn add(order: &Order, by: &ParticipantId, dishes: &[AddItem]) -> Result<DishFact, Rejection> {
    if dishes.is_empty() || dishes.len() > MAX_ITEMS_AT_ONCE {
        return Err(Rejection::new(Code::BadField)
            .field("data.items")
            .expected(format!("1 to {MAX_ITEMS_AT_ONCE} dishes")));
    }
    if let [dish] = dishes {
        return dishes::add(order, by, dish).map(DishFact::Added).map_err(|error| within(&error, 0));
    }
    let mut ids = BTreeSet::new();
    let mut all = Vec::with_capacity(dishes.len());
    for (place, dish) in dishes.iter().enumerate() {
        let added = new_dish(order, by, dish).map_err(|error| within(&error, place))?;
        if !ids.insert(&dish.item) {
            return Err(Rejection::new(Code::ItemIdTaken)
                .field(format!("data.items[{place}].id"))
                .because("another dish of the message has it")
                .expected("an unused id, or none"));
        }
        all.push(added);
    }
    let sum = sum(order, all.iter())?;
    within_limit(order, by, || order.seat_of(by), Amount::ZERO, sum)?;
    claims::fit(order, all.iter().map(|added| added.shared_by.as_slice()))
        .map_err(|rejection| rejection.field("data.items"))?;
    Ok(DishFact::AllAdded(all))
}

/// Checks that removed dishes may be restored together.
pub(super) fn restore(order: &Order, by: &ParticipantId, restored: &[ItemRestored]) -> Result<(), Rejection> {
    for ItemRestored { added, added_by, .. } in restored {
        may_restore(order, by, added_by)?;
        if order.item(&added.item).is_some() {
            return Err(Rejection::undo_conflict("another dish has the id of one of them now"));
        }
        claims::nobody_was_removed(order, &added.shared_by)?;
    }
    let added = || restored.iter().map(|restored| &restored.added);
    let sum = sum(order, added())?;
    // Dishes that are removed together were added together, by one person.
    let added_by = restored.first().map(|restored| &restored.added_by);
    within_limit(order, by, || order.seat_of(added_by?), Amount::ZERO, sum)?;
    if let Some(set) = restored.last().and_then(|restored| restored.charges.as_ref()) {
        charges::fit_with(order, set, |item| added().any(|added| added.item == *item))?;
    }
    claims::fit(order, added().map(|added| added.shared_by.as_slice()))
}

/// The cost of all these lines, if the total stays below its maximum with them.
fn sum<'a>(order: &Order, added: impl Iterator<Item = &'a ItemAdded>) -> Result<Amount, Rejection> {
    let mut sum = Amount::ZERO;
    for added in added {
        let line = fits(order, Amount::ZERO, added.price, added.quantity)?;
        sum = sum.checked_add(line).ok_or(Code::TotalTooLarge)?;
    }
    let ceiling = max_order_total(order.currency);
    if order.total.checked_add(sum).is_none_or(|total| total > ceiling) {
        return Err(Rejection::new(Code::TotalTooLarge)
            .expected(format!("a total of at most {}", ceiling.display(order.currency))));
    }
    Ok(sum)
}

/// The refusal of a dish, as one of the dish at this place in the message.
fn within(rejection: &Rejection, place: usize) -> Rejection {
    let field = rejection.field_name().and_then(|field| field.strip_prefix("data."));
    match field.map(|field| format!("data.items[{place}].{field}")) {
        Some(field) => rejection.clone().field(field),
        None => rejection.clone(),
    }
}
