//! The state document, into which events are folded. It holds what the log says and nothing
//! derived from it: the bill is requested separately.

mod charges;
mod dishes;
mod lists;
mod payments;
mod people;
mod revised;
mod split;
mod table;
mod transfers;

pub(super) use charges::{charge_list, charges, tips, without_service};
pub(super) use dishes::{item, items, total};
pub(super) use payments::payment;
pub(super) use people::{owner, participant};
pub(super) use revised::{correction, corrections, revision};
pub(super) use split::split;
pub(super) use table::{origin, rules};
pub(super) use transfers::{transfer, transfers};

use self::payments::payments;
use self::people::participants;
use crate::Order;
use crate::wire::write::Writer;
use crate::wire::written::Document;

/// The approximate size of one entry's text, to reserve room for it.
const ENTRY_BYTES: usize = 192;

/// Encodes the order as a document of `stonepot.v2`: JSON without white space, always with the
/// same fields in the same order.
pub fn state_text(order: &Order) -> String {
    let entries = order.items().len().saturating_add(order.people().len()).saturating_add(4);
    let mut json = Writer::with_capacity(entries.saturating_mul(ENTRY_BYTES));
    json.begin_object();
    json.string_field("sessionId", order.id().as_str());
    origin(&mut json, order);
    owner(&mut json, order);
    json.string_field("status", order.status().as_str());
    split(&mut json, order);
    charges(&mut json, order);
    tips(&mut json, order);
    without_service(&mut json, order);
    participants(&mut json, order);
    items(&mut json, order);
    payments(&mut json, order);
    total(&mut json, order);
    json.whole_field("updatedAt", order.updated_at().get());
    json.whole_field("seq", order.seq());
    // Last, and only once there are any: a client that folds the first of them appends their key. So where one is there,
    // those before it are there, too.
    rules(&mut json, order);
    if order.has_later_fields() {
        corrections(&mut json, order);
    }
    let has_transfers = !order.transfers().is_empty();
    if order.is_revision() || has_transfers {
        revision(&mut json, order);
    }
    if has_transfers {
        transfers(&mut json, order);
    }
    json.end_object();
    json.into_text()
}

/// The document of the order and its checksum, cached until the order changes.
pub(in crate::wire::v2) fn document(order: &Order) -> &Document {
    order.texts.document.get_or_init(|| {
        let text = state_text(order);
        Document { checksum: checksum(&text), text: text.into() }
    })
}

/// Computes the CRC-32 (IEEE 802.3) of a [state document](state_text), as eight hexadecimal
/// digits.
pub fn checksum(state: &str) -> String {
    format!("{:08x}", crc32fast::hash(state.as_bytes()))
}
