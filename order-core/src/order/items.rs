//! The lines of an order, in the order in which they were added, with an index by id.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ItemId;
use crate::order::item::Item;

/// The lines of an order, with an index by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Items {
    /// Sorted by number, which is the order in which lines were added.
    list: Vec<(u64, Arc<Item>)>,
    /// The number of each line by id. Removing a line moves others in the list, but keeps their
    /// numbers.
    numbers: BTreeMap<ItemId, u64>,
    next_number: u64,
}

impl Items {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Item> {
        self.list.iter().map(|(_, item)| item.as_ref())
    }

    pub(crate) fn get(&self, id: &ItemId) -> Option<&Item> {
        self.list.get(self.place(id)?).map(|(_, item)| item.as_ref())
    }

    pub(crate) fn get_mut(&mut self, id: &ItemId) -> Option<&mut Item> {
        let place = self.place(id)?;
        self.list.get_mut(place).map(|(_, item)| Item::change(item))
    }

    /// Appends a line. `None`: there is one with its id already.
    pub(crate) fn push(&mut self, item: Item) -> Option<()> {
        if self.numbers.contains_key(&item.id) {
            return None;
        }
        let number = self.next_number;
        self.next_number = number.checked_add(1)?;
        self.numbers.insert(item.id.clone(), number);
        self.list.push((number, Arc::new(item)));
        Some(())
    }

    pub(crate) fn remove(&mut self, id: &ItemId) -> Option<Arc<Item>> {
        let place = self.place(id)?;
        self.numbers.remove(id);
        Some(self.list.remove(place).1)
    }

    fn place(&self, id: &ItemId) -> Option<usize> {
        let number = self.numbers.get(id)?;
        self.list.binary_search_by_key(number, |(number, _)| *number).ok()
    }
}

/// Lists with the same lines are equal, whatever was removed before.
impl PartialEq for Items {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Items {}
