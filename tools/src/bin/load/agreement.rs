//! Checks that at the end all participants of a room hold the same order, and that it is
//! the one that was ordered.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::step::Dish;

/// The fields on which all participants must agree.
const SHARED: [&str; 7] = ["seq", "total", "items", "status", "splitType", "split", "splits"];

/// Compares the last message with the whole order of each participant of a room, and checks
/// its dishes.
///
/// # Errors
/// A description of the first difference.
pub(crate) fn check(last: &[Vec<u8>], dishes: &BTreeMap<String, Option<u64>>) -> Result<(), String> {
    let mut orders = Vec::new();
    for (person, text) in last.iter().enumerate() {
        let message: Value = serde_json::from_slice(text)
            .map_err(|error| format!("participant {person} got what is not JSON: {error}"))?;
        let order = message
            .pointer("/data/orderState")
            .or_else(|| message.get("state"))
            .cloned()
            .ok_or_else(|| format!("participant {person} got a broadcast without the order"))?;
        orders.push(order);
    }
    let Some((first, others)) = orders.split_first() else { return Ok(()) };
    for (person, other) in (1..).zip(others) {
        for field in SHARED {
            if first.get(field) != other.get(field) {
                return Err(format!("participants 0 and {person} do not agree on `{field}`"));
            }
        }
    }
    check_dishes(first, dishes)
}

fn check_dishes(order: &Value, dishes: &BTreeMap<String, Option<u64>>) -> Result<(), String> {
    let items = order.get("items").and_then(Value::as_array).ok_or("an order without items")?;
    if items.len() != dishes.len() {
        return Err(format!("the order has {} dishes instead of {}", items.len(), dishes.len()));
    }
    let mut sum_paise = 0;
    for item in items {
        let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
        let quantity = item.get("quantity").and_then(Value::as_u64);
        let Some(expected) = dishes.get(id) else { return Err(format!("nobody ordered `{id}`")) };
        if expected.is_some() && *expected != quantity {
            return Err(format!("`{id}` has quantity {quantity:?} instead of {expected:?}"));
        }
        let price = Dish::parse(id.as_bytes()).map_or(0, Dish::price_paise);
        sum_paise += quantity.unwrap_or_default() * price;
    }
    let total = order.get("total").map(ToString::to_string).unwrap_or_default();
    if paise(&total) != Some(sum_paise) {
        return Err(format!("the total is {total} instead of {sum_paise} paise"));
    }
    Ok(())
}

/// Reads a JSON number with at most two decimals, in hundredths.
fn paise(number: &str) -> Option<u64> {
    let (rupees, decimals) = number.split_once('.').unwrap_or((number, ""));
    let decimals: u64 = match decimals.len() {
        0..=2 => format!("{decimals:0<2}").parse().ok()?,
        _ => return None,
    };
    rupees.parse::<u64>().ok()?.checked_mul(100)?.checked_add(decimals)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broadcast(seq: u64, quantity: u64, total: &str) -> Vec<u8> {
        format!(
            r#"{{"type":"quantity_updated","data":{{"orderState":{{"seq":{seq},"total":{total},"items":[{{"id":"dish-0","quantity":{quantity}}}]}}}}}}"#
        )
        .into_bytes()
    }

    fn ordered(quantity: u64) -> BTreeMap<String, Option<u64>> {
        BTreeMap::from([("dish-0".to_owned(), Some(quantity))])
    }

    #[test]
    fn participants_who_hold_what_was_ordered_agree() {
        assert_eq!(check(&[broadcast(9, 2, "99"), broadcast(9, 2, "99")], &ordered(2)).err(), None);
    }

    #[test]
    fn another_sequence_number_is_a_disagreement() {
        let found = check(&[broadcast(9, 2, "99"), broadcast(8, 2, "99")], &ordered(2)).unwrap_err();
        assert!(found.contains("`seq`"), "{found}");
    }

    #[test]
    fn an_order_that_everybody_agrees_on_but_nobody_ordered_is_found() {
        let found = check(&[broadcast(9, 3, "148.5"), broadcast(9, 3, "148.5")], &ordered(2)).unwrap_err();
        assert!(found.contains("instead of Some(2)"), "{found}");
    }

    #[test]
    fn a_total_that_is_not_the_sum_is_found() {
        let found = check(&[broadcast(9, 2, "98.99999")], &ordered(2)).unwrap_err();
        assert!(found.contains("total"), "{found}");
    }
}
