//! Commands about dishes.

use rust_decimal::Decimal;

use super::claims::shared_by;
use crate::command::{AddItem, DishCommand};
use crate::rejection::{Code, Rejection};
use crate::value::text::{
    MAX_CUSTOMIZATION_CHARS, MAX_DISH_NAME_CHARS, MAX_DISH_TYPE_CHARS, MAX_REASON_CHARS,
};
use crate::wire::fields::{existing_item, item_id, may_be_empty, required_if_there};
use crate::wire::json::Object;
use crate::{ItemId, MAX_ITEMS_AT_ONCE};

pub(super) fn add(data: &Object<'_>, fresh_id: impl FnOnce() -> ItemId) -> Result<AddItem, Rejection> {
    let item = match item_id(data, "id")? {
        Some(id) => id,
        None => fresh_id(),
    };
    let dish_name = required_if_there(data, "dishName", MAX_DISH_NAME_CHARS)?
        .ok_or_else(|| data.missing("dishName", "the name of a dish"))?;
    Ok(AddItem {
        item,
        dish_name,
        dish_type: may_be_empty(data, "dishType", MAX_DISH_TYPE_CHARS)?.unwrap_or_default(),
        quantity: data.number("quantity", Code::BadQuantity, "a whole number from 1 to 999")?,
        price: data.number("price", Code::BadPrice, "a number, 0 or more")?,
        customization: may_be_empty(data, "customization", MAX_CUSTOMIZATION_CHARS)?,
        shared_by: shared_by(data)?,
    })
}

/// Reads several dishes. One fresh id is enough: those of the dishes without an id begin with it.
pub(super) fn add_all(
    data: &Object<'_>,
    fresh_id: impl FnOnce() -> ItemId,
) -> Result<DishCommand, Rejection> {
    const DISHES: &str = "a list of 1 to 100 dishes, each an object";
    const _: () = assert!(MAX_ITEMS_AT_ONCE == 100, "the text says so");
    let dishes = data.entries("items", DISHES, (MAX_ITEMS_AT_ONCE, Code::BadField))?;
    let dishes = dishes.ok_or_else(|| data.missing("items", DISHES))?;
    if dishes.is_empty() {
        return Err(data.mistyped("items", DISHES));
    }
    let mut fresh_id = Some(fresh_id);
    let mut made = None;
    let mut all = Vec::with_capacity(dishes.len());
    for (place, dish) in dishes.iter().enumerate() {
        let item = if let Some(id) = item_id(dish, "id")? {
            id
        } else {
            let first = made.get_or_insert_with(|| fresh_id.take().map(|fresh_id| fresh_id()));
            let id = first.as_ref().and_then(|first| nth_id(first, place));
            id.ok_or_else(|| dish.missing("id", "an id"))?
        };
        all.push(add(dish, || item)?);
    }
    Ok(DishCommand::AddAll(all))
}

/// The id of the dish at this place of several that have no id.
fn nth_id(fresh: &ItemId, place: usize) -> Option<ItemId> {
    if place == 0 { Some(fresh.clone()) } else { ItemId::new(&format!("{fresh}-{place}")).ok() }
}

pub(super) fn correct(data: &Object<'_>) -> Result<DishCommand, Rejection> {
    const REASON: &str = "why the dish is taken off, for everybody at the table";
    // Without a quantity, the whole line is taken off: a typo must not do that.
    data.only(&["itemId", "reason", "quantity"], Code::BadField, "correct_item")?;
    Ok(DishCommand::Correct {
        item: existing_item(data)?,
        reason: required_if_there(data, "reason", MAX_REASON_CHARS)?
            .ok_or_else(|| data.missing("reason", REASON))?,
        quantity: data
            .number_if_there("quantity", Code::BadQuantity, "a whole number, 0 or more: how many came")?
            .unwrap_or(Decimal::ZERO),
    })
}

pub(super) fn remove(data: &Object<'_>) -> Result<DishCommand, Rejection> {
    Ok(DishCommand::Remove { item: existing_item(data)? })
}

pub(super) fn update_quantity(data: &Object<'_>) -> Result<DishCommand, Rejection> {
    Ok(DishCommand::UpdateQuantity {
        item: existing_item(data)?,
        quantity: data.number("quantity", Code::BadQuantity, "a whole number from 0 to 999")?,
    })
}

pub(super) fn edit(data: &Object<'_>) -> Result<DishCommand, Rejection> {
    let item = existing_item(data)?;
    let dish_name = required_if_there(data, "dishName", MAX_DISH_NAME_CHARS)?;
    let customization = may_be_empty(data, "customization", MAX_CUSTOMIZATION_CHARS)?;
    if dish_name.is_none() && customization.is_none() {
        return Err(data.missing("dishName", "a new name, or a customization"));
    }
    Ok(DishCommand::Edit { item, dish_name, customization })
}
