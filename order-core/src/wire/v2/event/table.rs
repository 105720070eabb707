//! How facts about the table as a whole change the state document.

use super::changes::Changes;
use crate::Order;
use crate::fact::TableFact;
use crate::wire::v2::state;
use crate::wire::write::Writer;

pub(super) fn write(changes: &mut Changes<'_>, fact: &TableFact) {
    match fact {
        TableFact::RulesSet(_)
        | TableFact::LockSet { .. }
        | TableFact::LimitSet { .. }
        | TableFact::DeadlineSet(_)
        | TableFact::Reminded { .. } => changes.set_rules(),
        TableFact::Finalized { .. } if changes.order.is_revision() => {
            changes.set_with_later(status, |json, order| {
                if order.corrections().is_empty() {
                    state::corrections(json, order);
                }
                state::revision(json, order);
            });
        }
        TableFact::Finalized { .. }
        | TableFact::Reopened { .. }
        | TableFact::Expired
        | TableFact::Archived => changes.set(status),
    }
}

fn status(json: &mut Writer, order: &Order) {
    json.string_field("status", order.status().as_str());
}
