//! Applies facts about charges, discounts and tips.

use super::undo::Touched;
use super::{CommitError, seat_of_author, table};
use crate::fact::{ChargeFact, ChargesSet, Recorded};
use crate::order::Order;

/// Applies a fact about charges, discounts and tips.
pub(super) fn apply(order: &mut Order, recorded: &Recorded, fact: &ChargeFact) -> Result<(), CommitError> {
    match fact {
        ChargeFact::Set(set) => set_charges(order, set),
        ChargeFact::TipSet { tip } => {
            let seat = seat_of_author(order, recorded)?;
            match tip {
                Some(tip) => order.tips.insert(seat, *tip),
                None => order.tips.remove(&seat),
            };
        }
        ChargeFact::ServiceWaived { waived } => {
            let seat = seat_of_author(order, recorded)?;
            if *waived {
                order.without_service.insert(seat);
            } else {
                order.without_service.remove(&seat);
            }
        }
    }
    Ok(())
}

/// What of the bill the fact touches.
pub(super) fn touched(fact: &ChargeFact) -> Touched {
    match fact {
        ChargeFact::Set(_) => Touched { charges: true, ..Touched::default() },
        // Nobody but their author changes these.
        ChargeFact::TipSet { .. } | ChargeFact::ServiceWaived { .. } => Touched::default(),
    }
}

/// The fact that takes this one back, which `order` does not have yet.
pub(super) fn back(order: &Order, recorded: &Recorded, fact: &ChargeFact) -> Option<ChargeFact> {
    match fact {
        ChargeFact::Set(_) => Some(ChargeFact::Set(charges_of(order))),
        ChargeFact::TipSet { .. } => {
            let seat = order.seat_of(recorded.by.id()?)?;
            Some(ChargeFact::TipSet { tip: order.tips.get(&seat).copied() })
        }
        ChargeFact::ServiceWaived { .. } => {
            let seat = order.seat_of(recorded.by.id()?)?;
            Some(ChargeFact::ServiceWaived { waived: order.without_service.contains(&seat) })
        }
    }
}

/// The charges that `order` has.
pub(crate) fn charges_of(order: &Order) -> ChargesSet {
    ChargesSet {
        charges: order.charges.clone(),
        round_to: order.round_to,
        round_shares: order.round_shares_to().is_some(),
        odd_units: order.odd_units(),
    }
}

pub(super) fn set_charges(order: &mut Order, set: &ChargesSet) {
    order.charges.clone_from(&set.charges);
    // The rules show the coin, so another coin changes them, too.
    let before = (order.round_shares_to(), order.odd_units());
    order.round_to = set.round_to;
    if before != (set.round_to.filter(|_| set.round_shares), set.odd_units) {
        let seq = order.seq.saturating_add(1);
        let rules = table::of(order);
        rules.round_shares = set.round_shares;
        rules.odd_units = set.odd_units;
        rules.changed_at = seq;
    }
}
