//! Writing charges.

use super::Writer;
use crate::Currency;
use crate::bill::{AmountRounding, Charge, ChargeKind, ChargeOptions, ChargeValue, Discounts, RoundedPer};

/// Writes a charge with the fields of the command that set it, so that an owner can send it again.
pub(in crate::wire) fn write(json: &mut Writer, charge: &Charge, currency: Currency) {
    json.begin_object();
    json.string_field("name", charge.name.as_str());
    json.string_field("kind", charge.kind.as_str());
    write_value(json, charge.value, currency);
    match &charge.kind {
        ChargeKind::Tax { inclusive, dish_types } => {
            if *inclusive {
                json.literal_field("inclusive", true);
            }
            if !dish_types.is_empty() {
                json.key("dishTypes");
                json.begin_list();
                for kind in dish_types {
                    json.string(kind.as_str());
                }
                json.end_list();
            }
        }
        ChargeKind::Service { optional } => json.literal_field("optional", optional),
        ChargeKind::Discount { item: Some(item) } => json.string_field("itemId", item.as_str()),
        ChargeKind::Discount { item: None } => {}
        ChargeKind::Tip { by } | ChargeKind::Fee { by } => json.string_field("by", by.as_str()),
    }
    write_options(json, &charge.options);
    json.end_object();
}

/// Writes the options that differ from the defaults.
fn write_options(json: &mut Writer, ChargeOptions { on, rounding, per }: &ChargeOptions) {
    if !on.is_dishes() {
        json.key("on");
        json.begin_list();
        on.names().for_each(|name| json.string(name));
        json.end_list();
    }
    if on.discounts != Discounts::After {
        json.string_field("discounts", on.discounts.as_str());
    }
    if *rounding != AmountRounding::HalfUp {
        json.string_field("rounding", rounding.as_str());
    }
    if *per != RoundedPer::Invoice {
        json.string_field("per", per.as_str());
    }
}

/// Writes the value of a charge as a field.
pub(in crate::wire) fn write_value(json: &mut Writer, value: ChargeValue, currency: Currency) {
    match value {
        ChargeValue::Percent(percent) => json.literal_field("percent", percent.to_decimal()),
        ChargeValue::Amount(amount) => json.amount_field("amount", amount, currency),
    }
}
