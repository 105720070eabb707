//! The details of an entry about the table as a whole.

use super::people::person;
use crate::fact::TableFact;
use crate::wire::write::{Writer, deadline, limits};
use crate::{Order, UnixMillis};

pub(super) fn details(json: &mut Writer, before: &Order, fact: &TableFact, at: UnixMillis) {
    match fact {
        TableFact::RulesSet(house) => json.literal_field("finalizeWhenReady", house.finalize_when_ready),
        TableFact::LimitSet { on, limit } => {
            limits::set(json, on, *limit, before.currency(), |json, who| person(json, before, who));
        }
        TableFact::DeadlineSet(set) => deadline::write(json, set.as_ref()),
        TableFact::Reminded { before: reminder } => {
            json.whole_field("left", deadline::left(before, *reminder, at));
        }
        TableFact::LockSet { .. }
        | TableFact::Finalized { .. }
        | TableFact::Reopened { .. }
        | TableFact::Expired
        | TableFact::Archived => {}
    }
}
