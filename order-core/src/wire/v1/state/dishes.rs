//! Dishes in the state.

use super::writer::{ITEM_BYTES, StateWriter};
use crate::split::Weight;
use crate::wire::write::Writer;
use crate::wire::written::ItemText;
use crate::{Item, Order};

impl StateWriter {
    /// Writes one item as an object.
    pub(in crate::wire) fn item(&mut self, order: &Order, item: &Item) {
        let mut now = None;
        let (before, after) = Self::item_text(order, item, &mut now).around_the_name();
        self.json.begin_ready_made(before);
        let mut now = None;
        self.json.begin_ready_made(
            order.added_by(item).map_or("\"\"", |person| Self::person_text(person, &mut now).quoted_name()),
        );
        self.json.ready_made(after);
    }

    /// The cached text of an item, which is the same in every state.
    pub(in crate::wire) fn item_text<'text>(
        order: &Order,
        item: &'text Item,
        now: &'text mut Option<ItemText>,
    ) -> &'text ItemText {
        let write = || {
            let mut json = Writer::with_capacity(ITEM_BYTES);
            let name_at = Self::item_without_name(&mut json, order, item);
            let mut id = Writer::default();
            id.string(item.id().as_str());
            let id_at = "{\"id\":".len();
            ItemText {
                text: json.into_text().into_boxed_str(),
                id: id_at..id_at.saturating_add(id.len()),
                name_at,
                currency: order.currency(),
            }
        };
        item.written.get_or(now, |text| text.currency == order.currency(), write)
    }

    /// Writes one item as an object without the name of the person who added it, and returns the
    /// offset for that name.
    fn item_without_name(json: &mut Writer, order: &Order, item: &Item) -> usize {
        json.begin_object();
        Self::dish(json, order, item);
        let added_by = order.added_by(item);
        json.string_field("addedBy", added_by.map_or("", |person| person.id().as_str()));
        json.key("addedByName");
        let name_at = json.len();
        json.ready_made("");
        json.whole_field("addedAt", item.added_at().get());
        let its_adders_alone = order
            .shared_by(item)
            .map(|(person, weight)| (person.id(), weight))
            .eq(added_by.map(|person| (person.id(), Weight::ONE)));
        if !its_adders_alone {
            Self::claims(json, order, item);
        }
        json.end_object();
        name_at
    }

    /// Writes what was ordered, without who ordered it.
    pub(super) fn dish(json: &mut Writer, order: &Order, item: &Item) {
        json.string_field("id", item.id().as_str());
        json.string_field("dishName", item.dish_name().as_str());
        json.string_field("dishType", item.dish_type().as_str());
        json.whole_field("quantity", item.quantity().pieces());
        json.amount_field("price", item.price().amount(), order.currency());
        json.amount_field("itemTotal", item.total(), order.currency());
        if let Some(customization) = item.customization() {
            json.string_field("customization", customization.as_str());
        }
    }
}
