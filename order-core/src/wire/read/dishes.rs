//! Commands about dishes.

use super::claims::shared_by;
use crate::ItemId;
use crate::command::{AddItem, DishCommand};
use crate::rejection::{Code, Rejection};
use crate::value::text::{MAX_CUSTOMIZATION_CHARS, MAX_DISH_NAME_CHARS, MAX_DISH_TYPE_CHARS};
use crate::wire::fields::{existing_item, item_id, may_be_empty, required_if_there};
use crate::wire::json::Object;

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
