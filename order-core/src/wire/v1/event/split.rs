//! The message about the rule by which the bill is shared.

use crate::split::SplitRule;
use crate::wire::frame::Frame;
use crate::wire::v1::message::FactMessage;

pub(super) fn message(message: FactMessage<'_>, rule: &SplitRule) -> Frame {
    message.with("split_updated", |writer| {
        writer.json.string_field("splitType", rule.as_str());
        writer.json.string_field("splitMode", rule.mode());
    })
}
