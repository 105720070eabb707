//! The details of an entry about who shares a dish.

use super::dishes::dish;
use crate::fact::ClaimFact;
use crate::split::Weight;
use crate::wire::write::Writer;
use crate::{Order, ParticipantId};

pub(super) fn details(json: &mut Writer, before: &Order, fact: &ClaimFact) {
    match fact {
        ClaimFact::Shared { item, shared_by } => {
            dish(json, before, item);
            claims(json, shared_by);
        }
    }
}

fn claims(json: &mut Writer, shared_by: &[(ParticipantId, Weight)]) {
    json.key("sharedBy");
    json.begin_list();
    for (id, weight) in shared_by {
        json.begin_list();
        json.string(id.as_str());
        json.literal(weight.to_decimal());
        json.end_list();
    }
    json.end_list();
}
