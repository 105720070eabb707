//! How facts about dishes change the state document.

use super::changes::Changes;
use crate::fact::DishFact;
use crate::wire::v2::state;

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
    }
}
