//! The commands of every participant, as a pure function of their number and of how many
//! commands they sent.
//!
//! Because it is a pure function, it also tells which command caused a broadcast. Only the
//! sending time of a command in flight must be remembered.

use std::collections::BTreeMap;

use crate::args::Mix;
use crate::envelope::{Change, Changed};
use crate::step::{Dish, Step};
use crate::tokens::Tokens;
use crate::wording;

/// Quantities run from 2 to 2 + this, a prime, so that an update never repeats the dish's
/// current quantity.
const QUANTITIES: u64 = 997;
/// Used for a participant whose number of dishes is a multiple of [`QUANTITIES`].
const OTHER_QUANTITIES: u64 = 991;

/// The parameters of a run: who sends what, in which rooms.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// A name for this run, so that its rooms are new.
    pub(crate) run: String,
    /// The party of every room.
    pub(crate) party: String,
    /// Participants in each room.
    pub(crate) people: u32,
    /// Dishes that fill each room.
    pub(crate) items: u32,
    /// The commands after the room is filled.
    pub(crate) mix: Mix,
    /// Whether the peer is the yardstick, which knows no orders: no participant joins, and no
    /// room is filled.
    pub(crate) echo: bool,
    /// Whether the participants speak `stonepot.v2`.
    pub(crate) v2: bool,
    /// Their tokens, with sign-in.
    pub(crate) tokens: Option<Tokens>,
}

impl Script {
    /// The path of a participant's socket. The label lets the yardstick know the sender without
    /// parsing.
    pub(crate) fn path(&self, room: u32, person: u32) -> String {
        let (name, guest) = (format!("load-{}-{room}", self.run), wording::guest(room, person));
        let token = self.tokens.as_ref().map(|tokens| tokens.token(&self.party, &name, &guest));
        let token = token.map(|token| format!("&token={token}")).unwrap_or_default();
        format!("/parties/{}/{name}?_pk={guest}{token}", self.party)
    }

    /// How many of a participant's commands fill the room.
    pub(crate) fn fills(&self, person: u32) -> u64 {
        if self.echo { 0 } else { u64::from(self.items.saturating_sub(person).div_ceil(self.people)) }
    }

    /// A participant's `nth` command, from 0.
    pub(crate) fn step(&self, person: u32, nth: u64) -> Step {
        let fills = self.fills(person);
        let Some(later) = nth.checked_sub(fills) else {
            return Step::Add(self.own_dish(person, nth));
        };
        match self.mix {
            Mix::AddRemove if later.is_multiple_of(2) => Step::Add(Dish::Extra { by: person, nth: later }),
            Mix::AddRemove => Step::Remove(Dish::Extra { by: person, nth: later - 1 }),
            Mix::UpdateQuantity => {
                let dishes = u64::from(self.items.saturating_sub(person).div_ceil(self.people)).max(1);
                // People who share a dish use different quantities, so that their commands differ.
                let sharing = u64::from(self.people.div_ceil(self.items));
                let quantities =
                    if dishes.is_multiple_of(QUANTITIES) { OTHER_QUANTITIES } else { QUANTITIES };
                let turn = later % (quantities / sharing);
                let quantity = 2 + u64::from(person / self.items) + sharing * turn;
                Step::Update(self.own_dish(person, later % dishes), quantity)
            }
        }
    }

    /// A participant's `nth` dish. Dishes are distributed in turn; with fewer dishes than
    /// people, they are shared.
    fn own_dish(&self, person: u32, nth: u64) -> Dish {
        let nth = u32::try_from(nth).unwrap_or_default();
        Dish::First((person % self.items).saturating_add(nth.saturating_mul(self.people)))
    }

    /// The dishes of an order after each participant has sent this many commands. A quantity is
    /// `None` if it depends on whose command came last.
    pub(crate) fn dishes_after(&self, sent: &[u64]) -> BTreeMap<String, Option<u64>> {
        let shared = self.people > self.items;
        let mut dishes = BTreeMap::new();
        for (person, sent) in (0..).zip(sent) {
            let fills = self.fills(person);
            let lately = sent.saturating_sub(fills.max(2)).max(fills);
            for step in (0..fills.min(*sent)).chain(lately..*sent).map(|nth| self.step(person, nth)) {
                match step {
                    Step::Add(dish) => dishes.insert(dish.to_string(), (!shared).then_some(1)),
                    Step::Remove(dish) => dishes.remove(&dish.to_string()),
                    Step::Update(dish, quantity) => {
                        dishes.insert(dish.to_string(), (!shared).then_some(quantity))
                    }
                };
            }
        }
        dishes
    }
}

/// The command that a broadcast reports.
pub(crate) fn told(changed: &Changed<'_>) -> Option<Step> {
    let dish = Dish::parse(changed.item)?;
    Some(match changed.change {
        Change::Added => Step::Add(dish),
        Change::Removed => Step::Remove(dish),
        Change::Updated => Step::Update(dish, changed.quantity),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(people: u32, items: u32, mix: Mix) -> Script {
        Script {
            run: "t".to_owned(),
            party: "main".to_owned(),
            people,
            items,
            mix,
            echo: false,
            v2: false,
            tokens: None,
        }
    }

    #[test]
    fn every_dish_is_ordered_by_exactly_one_participant() {
        for (people, items) in [(1, 1), (4, 20), (4, 21), (3, 2), (50, 20), (7, 1_000)] {
            let script = script(people, items, Mix::UpdateQuantity);
            let mut dishes: Vec<Dish> = (0..people)
                .flat_map(|person| (0..script.fills(person)).map(move |nth| (person, nth)))
                .map(|(person, nth)| match script.step(person, nth) {
                    Step::Add(dish) => dish,
                    other => panic!("{other:?} while filling"),
                })
                .collect();
            dishes.sort();
            assert_eq!(dishes, (0..items).map(Dish::First).collect::<Vec<_>>(), "{people} people");
        }
    }

    #[test]
    fn no_update_asks_for_the_quantity_that_the_dish_has() {
        for (people, items) in [(1, 1), (4, 20), (3, 2), (50, 20), (200, 2), (1, 997), (1, 5_000)] {
            let script = script(people, items, Mix::UpdateQuantity);
            let mut quantities = BTreeMap::new();
            for nth in 0..4_000 {
                for person in 0..people {
                    let Step::Update(dish, quantity) = script.step(person, script.fills(person) + nth) else {
                        panic!("not an update");
                    };
                    assert!((2..=999).contains(&quantity), "{quantity} of {people} people, {items} items");
                    assert_ne!(quantities.insert(dish, quantity), Some(quantity));
                }
            }
        }
    }

    #[test]
    fn added_dishes_are_removed_again_and_the_order_keeps_its_size() {
        let script = script(4, 20, Mix::AddRemove);
        assert_eq!(script.dishes_after(&[5, 5, 5, 5]).len(), 20);
        assert_eq!(script.dishes_after(&[6, 5, 5, 5]).len(), 21);
        assert_eq!(script.dishes_after(&[7, 5, 5, 5]).len(), 20);
    }

    #[test]
    fn what_the_order_must_hold_is_what_replaying_every_command_gives() {
        let script = script(3, 8, Mix::UpdateQuantity);
        let sent = [40, 3, 17];
        let mut replayed = BTreeMap::new();
        for (person, sent) in (0..).zip(sent) {
            for nth in 0..sent {
                match script.step(person, nth) {
                    Step::Add(dish) => replayed.insert(dish.to_string(), Some(1)),
                    Step::Update(dish, quantity) => replayed.insert(dish.to_string(), Some(quantity)),
                    Step::Remove(dish) => replayed.remove(&dish.to_string()),
                };
            }
        }

        assert_eq!(script.dishes_after(&sent), replayed);
    }
}
