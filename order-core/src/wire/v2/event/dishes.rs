//! How facts about dishes change the state document.

use super::changes::Changes;
use crate::Order;
use crate::fact::DishFact;
use crate::wire::v2::state;
use crate::wire::write::Writer;

pub(super) fn write(changes: &mut Changes<'_>, fact: &DishFact) {
    match fact {
        DishFact::Added(added) => {
            changes.put_item(&added.item);
            changes.set(state::total);
        }
        DishFact::Restored(restored) => {
            changes.put_item(&restored.added.item);
            changes.set(|json, order| {
                state::total(json, order);
                if restored.charges.is_some() {
                    state::charges(json, order);
                }
            });
        }
        DishFact::Removed { item } => {
            changes.remove_item(item);
            changes.set(|json, order| {
                state::total(json, order);
                state::charge_list(json, order);
            });
        }
        DishFact::QuantityUpdated { item, .. } => {
            changes.put_item(item);
            changes.set(state::total);
        }
        DishFact::Edited { item, .. } => {
            changes.put_item(item);
            changes.set_rules();
        }
        // Many lines change at once, so the list is replaced as a whole.
        DishFact::AllAdded(_) => changes.set(|json, order| {
            state::items(json, order);
            state::total(json, order);
        }),
        DishFact::AllRestored(restored) => changes.set(|json, order| {
            state::items(json, order);
            state::total(json, order);
            if restored.iter().any(|restored| restored.charges.is_some()) {
                state::charges(json, order);
            }
        }),
        DishFact::AllRemoved { .. } => changes.set(|json, order| {
            state::items(json, order);
            state::total(json, order);
            state::charge_list(json, order);
        }),
        DishFact::Corrected(corrected) => {
            if corrected.quantity.is_none() {
                changes.remove_item(&corrected.item);
            }
            changes.put_corrected(&corrected.item);
            let fields = |json: &mut Writer, order: &Order| {
                state::total(json, order);
                if corrected.quantity.is_none() {
                    state::charge_list(json, order);
                }
                if corrected.split.is_some() {
                    state::split(json, order);
                }
            };
            changes.set_with_later(fields, |json, order| {
                if order.corrections().len() == 1 {
                    state::corrections(json, order);
                }
            });
        }
    }
}
