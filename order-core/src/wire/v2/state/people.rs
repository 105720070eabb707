//! People in the document.

use super::lists::{id_or_null, list};
use crate::wire::write::{Writer, added_by};
use crate::{Order, Participant};

pub(in crate::wire::v2) fn owner(json: &mut Writer, order: &Order) {
    id_or_null(json, "ownerId", order.owner());
}

pub(super) fn participants(json: &mut Writer, order: &Order) {
    list(json, "participants", order.people().iter(), participant);
}

pub(in crate::wire::v2) fn participant(json: &mut Writer, person: &Participant) {
    json.begin_object();
    json.string_field("id", person.id().as_str());
    json.string_field("name", person.name().as_str());
    json.whole_field("joinedAt", person.joined_at().get());
    json.literal_field("left", person.has_left());
    added_by(json, person);
    json.end_object();
}
