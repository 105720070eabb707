//! How facts about who shares a dish change the state document.

use super::changes::Changes;
use crate::fact::ClaimFact;

pub(super) fn write(changes: &mut Changes<'_>, fact: &ClaimFact) {
    match fact {
        ClaimFact::Shared { item, .. } => {
            changes.put_item(item);
            changes.set_rules();
        }
    }
}
