//! Messages about the table as a whole.

use crate::fact::TableFact;
use crate::wire::frame::Frame;
use crate::wire::v1::message::FactMessage;
use crate::wire::v1::presence::sync;
use crate::wire::write::{deadline, limits};

pub(super) fn message(message: FactMessage<'_>, fact: &TableFact) -> Frame {
    let FactMessage { order, presence, recorded } = message;
    match fact {
        TableFact::RulesSet(house) => message.with("rules_updated", |writer| {
            writer.json.literal_field("finalizeWhenReady", house.finalize_when_ready);
        }),
        TableFact::LockSet { locked } => {
            message.with(if *locked { "order_locked" } else { "order_unlocked" }, |_| {})
        }
        TableFact::LimitSet { on, limit } => message.with("limit_updated", |writer| {
            limits::set(&mut writer.json, on, *limit, order.currency(), |json, who| {
                json.string_field("participantId", who.as_str());
            });
        }),
        TableFact::DeadlineSet(set) => {
            message.with("deadline_updated", |writer| deadline::write(&mut writer.json, set.as_ref()))
        }
        TableFact::Reminded { before: reminder } => message.with("deadline_reminder", |writer| {
            deadline::write(&mut writer.json, order.deadline());
            writer.json.whole_field("left", deadline::left(order, *reminder, recorded.at));
        }),
        TableFact::Finalized { .. } => message.whole("order_finalized"),
        // The first protocol has no message for it: its clients are sent the order.
        TableFact::Reopened { .. } => sync(order, presence, recorded.at),
        TableFact::Expired => message.whole("order_expired"),
        TableFact::Archived => message.whole("order_archived"),
    }
}
