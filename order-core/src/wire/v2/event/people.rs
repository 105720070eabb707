//! How facts about the people at the table change the state document.

use super::changes::Changes;
use crate::Role;
use crate::fact::PeopleFact;
use crate::wire::v2::state;

pub(super) fn write(changes: &mut Changes<'_>, fact: &PeopleFact) {
    let recorded = changes.recorded;
    match fact {
        PeopleFact::Joined(joined) => {
            changes.put_participant(recorded.by.id());
            changes.set(|json, order| {
                // Only the first join, and one that first names the circle or the restaurant,
                // changes the origin.
                if recorded.seq == 1 || joined.circle_id.is_some() || joined.tenant_id.is_some() {
                    state::origin(json, order);
                }
                if joined.role == Role::Owner {
                    state::owner(json, order);
                }
                if joined.charges.is_some() {
                    state::charges(json, order);
                }
            });
        }
        PeopleFact::Added { who, .. } => {
            changes.put_participant(Some(who));
            changes.set_rules();
        }
        PeopleFact::Left { .. } => {
            changes.put_participant(recorded.by.id());
            changes.set(state::owner);
        }
        PeopleFact::ReadySet { .. } | PeopleFact::Readmitted { .. } => changes.set_rules(),
        PeopleFact::HandedOver { .. } => changes.set(state::owner),
        PeopleFact::Removed(removed) => {
            changes.put_participant(Some(&removed.who));
            changes.set(|json, order| {
                state::owner(json, order);
                // Many lines change at once, so the list is replaced as a whole.
                if !removed.items.is_empty() || !removed.shared.is_empty() {
                    state::items(json, order);
                }
                if !removed.items.is_empty() {
                    state::total(json, order);
                    state::charge_list(json, order);
                }
            });
        }
    }
}
