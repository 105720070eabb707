//! How to undo each person's last change.

use std::collections::BTreeSet;

use super::{charges, claims, dishes, people};
use crate::bill::Charge;
use crate::fact::{ChargeFact, ClaimFact, DishFact, Fact, PeopleFact, Recorded, TableFact};
use crate::order::Order;
use crate::order::last_change::LastChange;
use crate::order::people::Seat;
use crate::split::Weight;
use crate::{ItemId, ParticipantId};

/// What a fact means for undo. Computed before the fact is applied.
pub(crate) struct Change {
    /// The fact that undoes it, if there is one.
    back: Option<Fact>,
    touched: Touched,
    /// People who have left, or leave by this fact, and may have lost their last part of a dish.
    leaving: BTreeSet<Seat>,
}

/// The parts of the bill that a fact touches.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) items: Vec<ItemId>,
    /// The removed dishes among them. A later dish with the same id is another dish.
    pub(super) gone: Vec<ItemId>,
    pub(super) charges: bool,
    pub(super) split: bool,
}

impl Change {
    /// Computes what `recorded` means for undo; it is the next fact of `order`.
    pub(crate) fn of(order: &Order, recorded: &Recorded) -> Self {
        let touched = Touched::by(&recorded.fact, takes_discount(order, &recorded.fact));
        let leaving = leaving(order, recorded, &touched);
        Self { back: back(order, recorded), touched, leaving }
    }

    /// Updates the undo entries after the commit.
    pub(crate) fn note(self, order: &mut Order, recorded: &Recorded) {
        let author = recorded.by.id().and_then(|id| order.seat_of(id));
        let Self { back, touched, leaving } = self;
        if touched.is_anything() {
            // A change that can be undone replaces its author's last change.
            let replaced = author.filter(|_| back.is_some());
            for (seat, change) in &mut order.last_changes {
                if Some(*seat) != replaced && change.back.as_ref().is_some_and(|back| touched.spoils(back)) {
                    change.back = None;
                }
            }
        }
        // Before this fact's own undo is stored: a slip can be undone by its author, even if it
        // removed the last dish of somebody who has left.
        forget_what_gives_to_the_gone(order, leaving);
        match (&recorded.fact, author, back) {
            // The order has ended: nothing can be undone any more.
            (Fact::Table(TableFact::Finalized { .. } | TableFact::Expired | TableFact::Archived), ..) => {
                order.last_changes.clear();
            }
            (Fact::People(PeopleFact::Left { .. }), Some(author), _) => {
                drop(order.last_changes.remove(&author));
            }
            (Fact::People(PeopleFact::Removed(removed)), ..) => {
                if let Some(seat) = order.seat_of(&removed.who) {
                    order.last_changes.remove(&seat);
                }
            }
            (_, Some(author), Some(back)) => {
                let change = LastChange { seq: recorded.seq, back: Some(Box::new(back)) };
                order.last_changes.insert(author, change);
            }
            (_, None, _) | (_, _, None) => {}
        }
    }
}

impl Touched {
    /// The parts of the bill that `fact` touches. `takes_discount`: removing a dish ends a
    /// discount.
    fn by(fact: &Fact, takes_discount: bool) -> Self {
        match fact {
            Fact::People(fact) => people::touched(fact, takes_discount),
            Fact::Dish(fact) => dishes::touched(fact, takes_discount),
            Fact::Claim(fact) => claims::touched(fact),
            Fact::Split(_) => Self { split: true, ..Self::default() },
            Fact::Charge(fact) => charges::touched(fact),
            Fact::Payment(_) | Fact::Transfer(_) | Fact::Table(_) => Self::default(),
        }
    }

    /// One dish, and perhaps the charges.
    pub(super) fn item(item: &ItemId, charges: bool) -> Self {
        Self { items: vec![item.clone()], charges, ..Self::default() }
    }

    fn is_anything(&self) -> bool {
        !self.items.is_empty() || self.charges || self.split
    }

    /// Whether `back`, applied after these changes, would undo more than it was made for.
    fn spoils(&self, back: &Fact) -> bool {
        let other = Self::by(back, false);
        self.items.iter().any(|item| other.items.contains(item))
            || self.gone.iter().any(|item| charges_in(back).iter().any(|charge| charge.is_discount_on(item)))
            || (self.charges && other.charges)
            || (self.split && other.split)
    }
}

/// The charges that `fact` sets, if it sets any.
fn charges_in(fact: &Fact) -> &[Charge] {
    match fact {
        Fact::Charge(ChargeFact::Set(set)) => &set.charges,
        Fact::Dish(DishFact::Restored(restored)) => restored.charges.as_ref().map_or(&[], |set| &set.charges),
        Fact::Dish(DishFact::AllRestored(restored)) => {
            let set = restored.last().and_then(|restored| restored.charges.as_ref());
            set.map_or(&[], |set| &set.charges)
        }
        _ => &[],
    }
}

/// The people who have left and share a touched dish, and the person who leaves by `recorded`.
fn leaving(order: &Order, recorded: &Recorded, touched: &Touched) -> BTreeSet<Seat> {
    let who = match &recorded.fact {
        Fact::People(PeopleFact::Left { .. }) => recorded.by.id(),
        Fact::People(PeopleFact::Removed(removed)) => Some(&removed.who),
        _ => None,
    };
    let items = touched.items.iter().filter_map(|item| order.item(item));
    let sharers = items.flat_map(|item| item.claims.iter().map(|(seat, _)| *seat));
    let left = sharers.filter(|seat| order.at(*seat).is_some_and(|person| person.left));
    left.chain(who.and_then(|id| order.seat_of(id))).collect()
}

/// Drops every undo that would give part of a dish to somebody who has left and shares no dish
/// any more. `leaving`: the people for whom that may be so since the last fact.
fn forget_what_gives_to_the_gone(order: &mut Order, mut leaving: BTreeSet<Seat>) {
    if leaving.is_empty() {
        return;
    }
    for (seat, _) in order.items().flat_map(|item| &item.claims) {
        leaving.remove(seat);
    }
    let gone: Vec<_> =
        leaving.iter().filter_map(|seat| order.at(*seat)).map(|person| person.id.clone()).collect();
    let is_gone = |(who, _): &(ParticipantId, Weight)| gone.contains(who);
    let gives_to_the_gone = |back: &Fact| match back {
        Fact::Claim(ClaimFact::Shared { shared_by, .. }) => shared_by.iter().any(is_gone),
        Fact::Dish(DishFact::Restored(restored)) => restored.added.shared_by.iter().any(is_gone),
        Fact::Dish(DishFact::AllRestored(restored)) => {
            restored.iter().flat_map(|restored| &restored.added.shared_by).any(is_gone)
        }
        _ => false,
    };
    for change in order.last_changes.values_mut() {
        change.back.take_if(|back| gives_to_the_gone(back));
    }
}

/// Whether `fact` removes a dish that has a discount.
fn takes_discount(order: &Order, fact: &Fact) -> bool {
    match fact {
        Fact::Dish(DishFact::Removed { item }) => order.has_discount_on(item),
        Fact::Dish(DishFact::AllRemoved { items }) => items.iter().any(|item| order.has_discount_on(item)),
        Fact::Dish(DishFact::Corrected(corrected)) => {
            corrected.quantity.is_none() && order.has_discount_on(&corrected.item)
        }
        Fact::People(PeopleFact::Removed(removed)) => {
            removed.items.iter().any(|item| order.has_discount_on(item))
        }
        _ => false,
    }
}

/// The fact that undoes `recorded`, if there is one.
fn back(order: &Order, recorded: &Recorded) -> Option<Fact> {
    match &recorded.fact {
        Fact::Dish(fact) => dishes::back(order, fact).map(Fact::Dish),
        Fact::Claim(fact) => claims::back(order, fact).map(Fact::Claim),
        Fact::Split(_) => Some(Fact::Split(order.split.clone())),
        Fact::Charge(fact) => charges::back(order, recorded, fact).map(Fact::Charge),
        // Membership and rules are not part of the bill, and payments are refunded instead.
        Fact::People(_) | Fact::Payment(_) | Fact::Transfer(_) | Fact::Table(_) => None,
    }
}
