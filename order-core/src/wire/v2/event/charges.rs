//! How facts about charges, discounts and tips change the state document.

use super::changes::Changes;
use crate::fact::ChargeFact;
use crate::wire::v2::state;

pub(super) fn write(changes: &mut Changes<'_>, fact: &ChargeFact) {
    match fact {
        ChargeFact::Set(_) => changes.set(state::charges),
        ChargeFact::TipSet { .. } => changes.set(state::tips),
        ChargeFact::ServiceWaived { .. } => changes.set(state::without_service),
    }
}
