//! How facts about the table as a whole change the state document.

use super::changes::Changes;
use crate::fact::TableFact;

pub(super) fn write(changes: &mut Changes<'_>, fact: &TableFact) {
    match fact {
        TableFact::RulesSet(_)
        | TableFact::LockSet { .. }
        | TableFact::LimitSet { .. }
        | TableFact::DeadlineSet(_)
        | TableFact::Reminded { .. } => changes.set_rules(),
        TableFact::Finalized { .. } | TableFact::Expired | TableFact::Archived => {
            changes.set(|json, order| json.string_field("status", order.status().as_str()));
        }
    }
}
