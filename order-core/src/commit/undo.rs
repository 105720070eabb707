//! What takes somebody's last change back.

use std::collections::{BTreeMap, BTreeSet};

use crate::bill::{Charge, ChargeKind};
use crate::fact::{
    ChargeFact, ChargesSet, ClaimFact, DishFact, Fact, ItemAdded, ItemRestored, PaymentFact, PeopleFact,
    Recorded, TableFact,
};
use crate::order::Order;
use crate::order::people::Seat;
use crate::split::Weight;
use crate::{Item, ItemId, ParticipantId};

/// The last change to the bill of each person: at most one of each.
pub(crate) type LastChanges = BTreeMap<Seat, LastChange>;

/// Somebody's last change to the bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastChange {
    /// The fact that it was.
    pub(crate) seq: u64,
    /// What takes it back; nothing, once the same was changed in another way, or it would give something to somebody who is on
    /// the bill no more.
    pub(crate) back: Option<Box<Fact>>,
}

/// What a fact is to those who may want to take something back, found out before it is made so.
pub(crate) struct Change {
    /// What takes it back, where that can be done.
    back: Option<Fact>,
    touched: Touched,
    /// Those who have left the table, or do by it, and may have had their last part of a dish.
    leaving: BTreeSet<Seat>,
}

/// What of the bill a fact is about.
#[derive(Debug, Default)]
struct Touched {
    items: Vec<ItemId>,
    /// Those of the dishes that are taken off. Another that takes over the id is another dish.
    gone: Vec<ItemId>,
    charges: bool,
    split: bool,
}

impl Change {
    /// What `recorded` is to an `order` of which it is the next fact.
    pub(crate) fn of(order: &Order, recorded: &Recorded) -> Self {
        let touched = Touched::by(&recorded.fact, takes_discount(order, &recorded.fact));
        let leaving = leaving(order, recorded, &touched);
        Self { back: back(order, recorded), touched, leaving }
    }

    /// Notes it, now that it is so.
    pub(crate) fn note(self, order: &mut Order, recorded: &Recorded) {
        let author = recorded.by.id().and_then(|id| order.seat_of(id));
        let Self { back, touched, leaving } = self;
        if touched.is_anything() {
            // What can be taken back itself takes the place of its author's last change.
            let replaced = author.filter(|_| back.is_some());
            for (seat, change) in &mut order.last_changes {
                if Some(*seat) != replaced && change.back.as_ref().is_some_and(|back| touched.spoils(back)) {
                    change.back = None;
                }
            }
        }
        // Before it is noted what takes this back: whoever makes a slip may mend it, even where it took the last dish of
        // somebody who has left.
        forget_what_gives_to_the_gone(order, leaving);
        match (&recorded.fact, author, back) {
            // The bill stands, or never will: nothing of it is taken back any more.
            (
                Fact::Table(TableFact::Finalized { .. })
                | Fact::Table(TableFact::Expired)
                | Fact::Table(TableFact::Archived),
                ..,
            ) => order.last_changes.clear(),
            (Fact::People(PeopleFact::Left { .. }), Some(author), _) => {
                drop(order.last_changes.remove(&author))
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
    /// What of the bill `fact` is about. `takes_discount`: whether a discount goes with a dish that it takes off.
    fn by(fact: &Fact, takes_discount: bool) -> Self {
        let of_item = |item: &ItemId, charges| Self { items: vec![item.clone()], charges, ..Self::default() };
        match fact {
            Fact::Dish(DishFact::Removed { item }) => {
                Self { gone: vec![item.clone()], ..of_item(item, takes_discount) }
            }
            Fact::Dish(DishFact::QuantityUpdated { item, .. })
            | Fact::Claim(ClaimFact::Shared { item, .. }) => of_item(item, false),
            Fact::Dish(DishFact::Restored(restored)) => {
                of_item(&restored.added.item, restored.charges.is_some())
            }
            Fact::People(PeopleFact::Removed(removed)) => {
                let shared = removed.shared.iter().map(|(item, _)| item);
                let items = removed.items.iter().chain(shared).cloned().collect();
                Self { items, gone: removed.items.clone(), charges: takes_discount, split: false }
            }
            Fact::Charge(ChargeFact::Set(_)) => Self { charges: true, ..Self::default() },
            Fact::Split(_) => Self { split: true, ..Self::default() },
            // What is new nobody has touched; what is one's own nobody else does.
            Fact::Dish(DishFact::Added(_))
            | Fact::People(PeopleFact::Joined(_))
            | Fact::People(PeopleFact::Left { .. })
            | Fact::Charge(ChargeFact::TipSet { .. })
            | Fact::Charge(ChargeFact::ServiceWaived { .. })
            | Fact::Payment(PaymentFact::Recorded(_))
            | Fact::Payment(PaymentFact::Updated { .. })
            | Fact::Payment(PaymentFact::Refunded { .. })
            | Fact::Table(TableFact::RulesSet(_))
            | Fact::Table(TableFact::LockSet { .. })
            | Fact::Table(TableFact::LimitSet { .. })
            | Fact::People(PeopleFact::ReadySet { .. })
            | Fact::People(PeopleFact::HandedOver { .. })
            | Fact::People(PeopleFact::Readmitted { .. })
            | Fact::Table(TableFact::DeadlineSet(_))
            | Fact::Table(TableFact::Reminded { .. })
            | Fact::Table(TableFact::Expired)
            | Fact::Table(TableFact::Archived)
            | Fact::Table(TableFact::Finalized { .. }) => Self::default(),
        }
    }

    fn is_anything(&self) -> bool {
        !self.items.is_empty() || self.charges || self.split
    }

    /// Whether `back`, after what was touched, would take back more than it was made for.
    fn spoils(&self, back: &Fact) -> bool {
        let other = Self::by(back, false);
        self.items.iter().any(|item| other.items.contains(item))
            || self.gone.iter().any(|item| charges_in(back).iter().any(|charge| is_discount_on(charge, item)))
            || (self.charges && other.charges)
            || (self.split && other.split)
    }
}

/// The charges that there are after `fact`, where it is about them.
fn charges_in(fact: &Fact) -> &[Charge] {
    match fact {
        Fact::Charge(ChargeFact::Set(set)) => &set.charges,
        Fact::Dish(DishFact::Restored(restored)) => restored.charges.as_ref().map_or(&[], |set| &set.charges),
        _ => &[],
    }
}

/// Who has left the table, or does by `recorded`, and has part of what it touches.
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

/// Nobody's undo gives part of a dish to somebody who has left the table and, by now, has part of none. `leaving` are those of
/// whom that may be so since the last fact.
fn forget_what_gives_to_the_gone(order: &mut Order, mut leaving: BTreeSet<Seat>) {
    if leaving.is_empty() {
        return;
    }
    for (seat, _) in order.items().flat_map(|item| &item.claims) {
        leaving.remove(seat);
    }
    let gone: Vec<_> =
        leaving.iter().filter_map(|seat| order.at(*seat)).map(|person| person.id.clone()).collect();
    let gives_to_the_gone = |back: &Fact| {
        let shared_by = match back {
            Fact::Claim(ClaimFact::Shared { shared_by, .. }) => shared_by,
            Fact::Dish(DishFact::Restored(restored)) => &restored.added.shared_by,
            _ => return false,
        };
        shared_by.iter().any(|(who, _)| gone.contains(who))
    };
    for change in order.last_changes.values_mut() {
        change.back.take_if(|back| gives_to_the_gone(back));
    }
}

/// Whether a discount ends with a dish that `fact` takes off.
fn takes_discount(order: &Order, fact: &Fact) -> bool {
    let is_discounted = |item: &ItemId| order.charges.iter().any(|charge| is_discount_on(charge, item));
    match fact {
        Fact::Dish(DishFact::Removed { item }) => is_discounted(item),
        Fact::People(PeopleFact::Removed(removed)) => removed.items.iter().any(is_discounted),
        _ => false,
    }
}

/// Whether a charge is a discount on this dish, with which it ends.
pub(crate) fn is_discount_on(charge: &Charge, item: &ItemId) -> bool {
    matches!(&charge.kind, ChargeKind::Discount { item: Some(on) } if on == item)
}

/// What takes `recorded` back, where that can be done.
fn back(order: &Order, recorded: &Recorded) -> Option<Fact> {
    match &recorded.fact {
        Fact::Dish(DishFact::Added(added)) => {
            Some(Fact::Dish(DishFact::Removed { item: added.item.clone() }))
        }
        Fact::Dish(DishFact::Restored(restored)) => {
            Some(Fact::Dish(DishFact::Removed { item: restored.added.item.clone() }))
        }
        Fact::Dish(DishFact::Removed { item }) => {
            let charges = takes_discount(order, &recorded.fact).then(|| charges(order));
            Some(Fact::Dish(DishFact::Restored(Box::new(restored(order, order.item(item)?, charges)?))))
        }
        Fact::Dish(DishFact::QuantityUpdated { item, .. }) => Some(Fact::Dish(DishFact::QuantityUpdated {
            item: item.clone(),
            quantity: order.item(item)?.quantity,
        })),
        Fact::Claim(ClaimFact::Shared { item, .. }) => Some(Fact::Claim(ClaimFact::Shared {
            item: item.clone(),
            shared_by: shared_by(order, order.item(item)?),
        })),
        Fact::Charge(ChargeFact::Set(_)) => Some(Fact::Charge(ChargeFact::Set(charges(order)))),
        Fact::Split(_) => Some(Fact::Split(order.split.clone())),
        Fact::Charge(ChargeFact::TipSet { .. }) => {
            let seat = order.seat_of(recorded.by.id()?)?;
            Some(Fact::Charge(ChargeFact::TipSet { tip: order.tips.get(&seat).copied() }))
        }
        Fact::Charge(ChargeFact::ServiceWaived { .. }) => {
            let seat = order.seat_of(recorded.by.id()?)?;
            Some(Fact::Charge(ChargeFact::ServiceWaived { waived: order.without_service.contains(&seat) }))
        }
        // Who is there and how things are done is not the bill, and payments have refunds.
        Fact::People(PeopleFact::Joined(_))
        | Fact::People(PeopleFact::Left { .. })
        | Fact::Payment(PaymentFact::Recorded(_))
        | Fact::Payment(PaymentFact::Updated { .. })
        | Fact::Payment(PaymentFact::Refunded { .. })
        | Fact::Table(TableFact::RulesSet(_))
        | Fact::Table(TableFact::LockSet { .. })
        | Fact::Table(TableFact::LimitSet { .. })
        | Fact::People(PeopleFact::ReadySet { .. })
        | Fact::People(PeopleFact::HandedOver { .. })
        | Fact::People(PeopleFact::Removed(_))
        | Fact::People(PeopleFact::Readmitted { .. })
        | Fact::Table(TableFact::DeadlineSet(_))
        | Fact::Table(TableFact::Reminded { .. })
        | Fact::Table(TableFact::Expired)
        | Fact::Table(TableFact::Archived)
        | Fact::Table(TableFact::Finalized { .. }) => None,
    }
}

fn charges(order: &Order) -> ChargesSet {
    ChargesSet { charges: order.charges.clone(), round_to: order.round_to }
}

fn restored(order: &Order, item: &Item, charges: Option<ChargesSet>) -> Option<ItemRestored> {
    Some(ItemRestored {
        added: ItemAdded {
            item: item.id.clone(),
            dish_name: item.dish_name.clone(),
            dish_type: item.dish_type.clone(),
            quantity: item.quantity,
            price: item.price,
            customization: item.customization.clone(),
            shared_by: shared_by(order, item),
        },
        added_by: order.added_by(item)?.id.clone(),
        added_at: item.added_at,
        charges,
    })
}

fn shared_by(order: &Order, item: &Item) -> Vec<(ParticipantId, Weight)> {
    order.shared_by(item).map(|(person, weight)| (person.id.clone(), weight)).collect()
}
