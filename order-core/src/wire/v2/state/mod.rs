//! The state document, into which events are folded. It holds what the log says and nothing that follows from it: what
//! everybody pays is asked for apart.

use crate::bill::ChargeValue;
use crate::order::payments::Payment;
use crate::split::{CustomShares, SplitRule, Weight};
use crate::value::text::Text;
use crate::wire::write::Writer;
use crate::wire::written::Document;
use crate::wire::{read::charges as charge, write::deadline};
use crate::{Amount, Item, Order, Participant, ParticipantId};

/// A rough size of one entry's text, to reserve room for it.
const ENTRY_BYTES: usize = 192;

/// The order as a document of `stonepot.v2`: JSON without white space, always with the same fields in the same order.
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
    list(&mut json, "participants", order.people().iter(), participant);
    items(&mut json, order);
    list(&mut json, "payments", order.payments().iter(), |json, paid| payment(json, order, paid));
    total(&mut json, order);
    json.whole_field("updatedAt", order.updated_at().get());
    json.whole_field("seq", order.seq());
    // Last, and there only once there is something to say: a client that folds the first of it appends it.
    rules(&mut json, order);
    json.end_object();
    json.into_text()
}

/// The document of the order as it is, and its checksum; kept until the order changes.
pub(in crate::wire::v2) fn document(order: &Order) -> &Document {
    order.texts.document.get_or_init(|| {
        let text = state_text(order);
        Document { checksum: checksum(&text), text: text.into() }
    })
}

/// The CRC-32 (IEEE 802.3) of a [state document](state_text), as eight hexadecimal digits.
pub fn checksum(state: &str) -> String {
    format!("{:08x}", crc32fast::hash(state.as_bytes()))
}

fn list<T>(
    json: &mut Writer,
    key: &'static str,
    entries: impl Iterator<Item = T>,
    mut write: impl FnMut(&mut Writer, T),
) {
    json.key(key);
    json.begin_list();
    for entry in entries {
        write(json, entry);
    }
    json.end_list();
}

/// Where the order comes from: set by those who join.
pub(in crate::wire::v2) fn origin(json: &mut Writer, order: &Order) {
    json.string_field("currency", order.currency().code());
    text_or_null(json, "circleId", order.circle_id());
    text_or_null(json, "tenantId", order.tenant_id());
    id_or_null(json, "initiatedBy", order.initiated_by());
    json.whole_field("createdAt", order.created_at().get());
}

pub(in crate::wire::v2) fn owner(json: &mut Writer, order: &Order) {
    id_or_null(json, "ownerId", order.owner());
}

pub(in crate::wire::v2) fn total(json: &mut Writer, order: &Order) {
    json.amount_field("total", order.total(), order.currency());
}

pub(in crate::wire::v2) fn items(json: &mut Writer, order: &Order) {
    list(json, "items", order.items(), |json, item| self::item(json, order, item));
}

/// Who may do what, who is ready and who was removed.
pub(in crate::wire::v2) fn rules(json: &mut Writer, order: &Order) {
    if order.rules.is_none() {
        return;
    }
    let house = order.house_rules();
    json.key("rules");
    json.begin_object();
    json.string_field("policy", house.policy.as_str());
    json.literal_field("finalizeWhenReady", house.finalize_when_ready);
    json.literal_field("locked", order.is_locked());
    let limits = order.limits().map(|(person, limit)| (person.id(), limit));
    pairs(json, "limits", limits, |json, limit| json.amount(limit, order.currency()));
    list(json, "ready", order.ready(), |json, person| json.string(person.id().as_str()));
    list(json, "removed", order.removed(), |json, person| json.string(person.id().as_str()));
    if order.deadline().is_some() {
        deadline::write(json, order.deadline());
    }
    json.end_object();
}

/// By which rule the bill is shared.
pub(in crate::wire::v2) fn split(json: &mut Writer, order: &Order) {
    json.key("split");
    json.begin_object();
    json.string_field("mode", order.split_rule().mode());
    let amount = |amount: &Amount| amount.display(order.currency()).to_string();
    match order.split_rule() {
        SplitRule::Equal | SplitRule::Itemized | SplitRule::Custom(None) => {}
        SplitRule::Custom(Some(CustomShares::Amounts(amounts))) => {
            pairs(json, "amounts", amounts, |json, of| json.literal(amount(of)));
        }
        SplitRule::Custom(Some(CustomShares::Percentages(parts))) => {
            pairs(json, "percentages", parts, |json, part| json.literal(part.to_decimal()));
        }
        SplitRule::Custom(Some(CustomShares::Weights(weights))) => {
            pairs(json, "weights", weights, |json, weight| json.literal(weight.to_decimal()));
        }
        SplitRule::Adjusted(amounts) => {
            pairs(json, "adjustments", amounts, |json, of| json.literal(amount(of)));
        }
        SplitRule::Cover { covers, rest } => {
            pairs(json, "covers", covers, |json, payer| json.string(payer.as_str()));
            json.string_field("rest", rest.as_str());
        }
    }
    json.end_object();
}

/// Something of each of some people: a list of pairs, because objects forget their order where ids look like numbers.
fn pairs<'a, T: 'a>(
    json: &mut Writer,
    key: &'static str,
    entries: impl IntoIterator<Item = (&'a ParticipantId, T)>,
    mut write: impl FnMut(&mut Writer, T),
) {
    list(json, key, entries.into_iter(), |json, (id, value)| {
        json.begin_list();
        json.string(id.as_str());
        write(json, value);
        json.end_list();
    });
}

pub(in crate::wire::v2) fn charges(json: &mut Writer, order: &Order) {
    charge_list(json, order);
    json.key("roundTo");
    match order.round_to() {
        Some(coin) => json.amount(coin, order.currency()),
        None => json.literal("null"),
    }
}

/// The charges alone, which a dish that is taken off may take with it.
pub(in crate::wire::v2) fn charge_list(json: &mut Writer, order: &Order) {
    list(json, "charges", order.charges().iter(), |json, charge| {
        charge::write(json, charge, order.currency());
    });
}

pub(in crate::wire::v2) fn tips(json: &mut Writer, order: &Order) {
    list(json, "tips", order.tips(), |json, (person, tip): (&Participant, ChargeValue)| {
        json.begin_object();
        json.string_field("id", person.id().as_str());
        charge::write_value(json, tip, order.currency());
        json.end_object();
    });
}

pub(in crate::wire::v2) fn without_service(json: &mut Writer, order: &Order) {
    list(json, "withoutService", order.without_service(), |json, person| json.string(person.id().as_str()));
}

pub(in crate::wire::v2) fn participant(json: &mut Writer, person: &Participant) {
    json.begin_object();
    json.string_field("id", person.id().as_str());
    json.string_field("name", person.name().as_str());
    json.whole_field("joinedAt", person.joined_at().get());
    json.literal_field("left", person.has_left());
    json.end_object();
}

pub(in crate::wire::v2) fn item(json: &mut Writer, order: &Order, item: &Item) {
    json.begin_object();
    json.string_field("id", item.id().as_str());
    json.string_field("dishName", item.dish_name().as_str());
    json.string_field("dishType", item.dish_type().as_str());
    json.whole_field("quantity", item.quantity().pieces());
    json.amount_field("price", item.price().amount(), order.currency());
    if let Some(customization) = item.customization() {
        json.string_field("customization", customization.as_str());
    }
    let added_by = order.added_by(item).map(Participant::id);
    json.string_field("addedBy", added_by.map_or("", ParticipantId::as_str));
    let claims = || order.shared_by(item).map(|(person, weight)| (person.id(), weight));
    if !claims().eq(added_by.map(|id| (id, Weight::ONE))) {
        pairs(json, "sharedBy", claims(), |json, weight| json.literal(weight.to_decimal()));
    }
    json.end_object();
}

pub(in crate::wire::v2) fn payment(json: &mut Writer, order: &Order, payment: &Payment) {
    let currency = order.currency();
    json.begin_object();
    json.string_field("id", payment.id().as_str());
    id_or_null(json, "payer", order.payer(payment));
    json.amount_field("amount", payment.amount(), currency);
    let parts = order.paid_for(payment).map(|(person, part)| (person.id(), part));
    pairs(json, "for", parts, |json, part| json.amount(part, currency));
    json.amount_field("tip", payment.tip(), currency);
    json.string_field("status", payment.status().as_str());
    json.amount_field("refunded", payment.refunded(), currency);
    json.amount_field("tipRefunded", payment.tip_refunded(), currency);
    list(json, "refunds", payment.refunds().iter(), |json, refund| {
        json.begin_object();
        json.string_field("id", refund.id().as_str());
        json.amount_field("amount", refund.amount(), currency);
        json.end_object();
    });
    text_or_null(json, "method", payment.method());
    text_or_null(json, "reference", payment.reference());
    json.string_field("recordedBy", if payment.is_backends() { "backend" } else { "owner" });
    json.whole_field("recordedAt", payment.recorded_at().get());
    json.end_object();
}

fn text_or_null(json: &mut Writer, key: &'static str, text: Option<&Text>) {
    json.key(key);
    match text {
        Some(text) => json.string(text.as_str()),
        None => json.literal("null"),
    }
}

fn id_or_null(json: &mut Writer, key: &'static str, person: Option<&Participant>) {
    json.key(key);
    match person {
        Some(person) => json.string(person.id().as_str()),
        None => json.literal("null"),
    }
}
