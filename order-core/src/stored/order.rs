//! The stored form of a whole order, as snapshots hold it.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::charges::{StoredCharges, StoredValue};
use super::dishes::StoredItem;
use super::fact::{StoredFact, read_fact, stored_fact};
use super::payments::StoredPayment;
use super::people::StoredPerson;
use super::revised::StoredRevised;
use super::split::StoredSplit;
use super::table::StoredTableState;
use super::transfers::StoredTransfers;
use super::value::{StoredCurrency, owned};
use super::version::{self, StoredError, Upcast};
use crate::fact::ChargesSet;
use crate::order::cached::Cached;
use crate::order::done::{Done, DoneCommands};
use crate::order::items::Items;
use crate::order::last_change::{LastChange, LastChanges};
use crate::order::people::Seat;
use crate::order::{Order, Status};
use crate::split::seats_on_bill;
use crate::value::text::Text;
use crate::wire::Texts;
use crate::{Amount, CommandId, OrderId, Policy, UnixMillis};

/// The upcasts from each version of a stored order to the next. Append; never change what is
/// here.
///
/// 1 to 2: added shared dishes, charges and payments; earlier fields are unchanged.
const UPCASTS: &[Upcast] = &[|mut document| {
    if let Some(order) = document.as_object_mut() {
        order.insert("charges".to_owned(), json!({ "charges": [] }));
        for list in ["tips", "without_service", "payments"] {
            order.insert(list.to_owned(), json!([]));
        }
        order.insert("done".to_owned(), json!([]));
    }
    document
}];

/// A stored order. `Commands` is a list of [`StoredDone`], or a type that skips the list.
#[derive(Serialize, Deserialize)]
struct StoredOrder<Commands = Vec<StoredDone>> {
    id: String,
    currency: StoredCurrency,
    seq: u64,
    circle: Option<String>,
    tenant: Option<String>,
    people: Vec<StoredPerson>,
    /// An index into `people`.
    owner: Option<usize>,
    items: Vec<StoredItem>,
    split: StoredSplit,
    charges: StoredCharges,
    /// Indexes into `people`, with each person's tip.
    tips: Vec<(usize, StoredValue)>,
    /// Indexes into `people`.
    without_service: Vec<usize>,
    payments: Vec<StoredPayment>,
    /// Absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transfers: Option<StoredTransfers>,
    /// Indexes into `people`; absent until finalized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_bill: Option<Vec<usize>>,
    finalized: bool,
    /// How it ended automatically, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<StoredEnd>,
    /// Absent if no rule ever differed from the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rules: Option<StoredTableState>,
    /// Absent until a dish is corrected or the order is reopened after it was finalized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revised: Option<StoredRevised>,
    /// How to undo each person's last change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    last_changes: Vec<StoredChange>,
    /// Commands with an id that became facts.
    done: Commands,
    created_at: u64,
    updated_at: u64,
    /// The size of the facts up to here in the log, in bytes; absent if it was not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log_bytes: Option<u64>,
    /// The link of the last fact in the log, as 32 hexadecimal digits; absent if an earlier release
    /// wrote this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

/// A snapshot's position in its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogPosition {
    /// The size of the facts up to there, in bytes; `None`: an earlier release did not count them.
    pub bytes: Option<u64>,
    /// The link of the last of them in the log; `None`: an earlier release wrote none.
    pub link: Option<[u8; 16]>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredEnd {
    Expired,
    Archived,
}

#[derive(Serialize, Deserialize)]
struct StoredDone {
    /// An index into `people`; `null`: the back end.
    by: Option<usize>,
    id: String,
    digest: u64,
    seq: u64,
}

#[derive(Serialize, Deserialize)]
struct StoredChange {
    /// An index into `people`.
    by: usize,
    seq: u64,
    /// Absent if the change cannot be undone any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    back: Option<StoredFact>,
}

/// Encodes an order in its stored form. Two orders are equal exactly if these bytes are.
///
/// # Errors
/// None that an order of this crate can cause.
pub fn encode_order(order: &Order) -> Result<Vec<u8>, StoredError> {
    encode_snapshot(order, &LogPosition::default())
}

/// Encodes an order in its stored form, with the position of this snapshot in its log.
///
/// # Errors
/// None that an order of this crate can cause.
pub fn encode_snapshot(order: &Order, position: &LogPosition) -> Result<Vec<u8>, StoredError> {
    let stored: StoredOrder = StoredOrder {
        id: order.id.as_str().to_owned(),
        currency: (&order.currency).into(),
        seq: order.seq,
        circle: order.circle_id.as_ref().map(owned),
        tenant: order.tenant_id.as_ref().map(owned),
        people: order.people.iter().map(StoredPerson::from).collect(),
        owner: order.owner.map(|seat| seat.0),
        items: order.items().map(StoredItem::from).collect(),
        split: (&order.split).into(),
        charges: StoredCharges::new(&order.charges, order.round_to),
        tips: order.tips.iter().map(|(seat, &tip)| (seat.0, tip.into())).collect(),
        without_service: order.without_service.iter().map(|seat| seat.0).collect(),
        payments: order.payments.iter().map(StoredPayment::from).collect(),
        transfers: order.transfers.as_deref().map(StoredTransfers::from),
        on_bill: order.on_bill.as_ref().map(|seats| seats.iter().map(|seat| seat.0).collect()),
        finalized: order.is_finalized(),
        ended: match order.status {
            Status::Active | Status::Finalized => None,
            Status::Expired => Some(StoredEnd::Expired),
            Status::Archived => Some(StoredEnd::Archived),
        },
        rules: order.table.as_deref().map(StoredTableState::from),
        revised: order.revised.as_deref().map(StoredRevised::from),
        last_changes: order.last_changes.iter().map(|(seat, change)| stored_change(*seat, change)).collect(),
        done: order
            .done
            .iter()
            .map(|(by, id, Done { digest, seq })| StoredDone {
                by: by.map(|seat| seat.0),
                id: id.as_str().to_owned(),
                digest,
                seq,
            })
            .collect(),
        created_at: order.created_at.get(),
        updated_at: order.updated_at.get(),
        log_bytes: position.bytes,
        link: position.link.map(|link| format!("{:032x}", u128::from_be_bytes(link))),
    };
    version::write(&stored, UPCASTS)
}

fn stored_change(seat: Seat, change: &LastChange) -> StoredChange {
    let back = change.back.as_ref().map(|back| stored_fact(back, None));
    StoredChange { by: seat.0, seq: change.seq, back }
}

/// Decodes an order from its stored form, of this or any earlier version.
///
/// # Errors
/// When a later release wrote it, or when it is damaged: replay the log instead.
pub fn decode_order(bytes: &[u8]) -> Result<Order, StoredError> {
    decode_snapshot(bytes).map(|(order, _)| order)
}

/// Decodes an order and its position in the log, as far as that was recorded.
///
/// # Errors
/// As [`decode_order`].
pub fn decode_snapshot(bytes: &[u8]) -> Result<(Order, LogPosition), StoredError> {
    let mut stored: StoredOrder = version::read(bytes, UPCASTS)?;
    let position = stored.position()?;
    let seats = stored.people.len();
    let mut done = DoneCommands::default();
    for StoredDone { by, id, digest, seq } in std::mem::take(&mut stored.done) {
        let by = by.map(|place| seat_of(place, seats)).transpose()?;
        done.note(by, CommandId::from_stored(&id), Done { digest, seq });
    }
    Ok((read_order(stored, done)?, position))
}

/// Decodes an order without the commands that it remembers, which may be most of it. It shows
/// the same and accepts later facts, but does not recognize a command that is sent again.
///
/// # Errors
/// As [`decode_order`].
pub fn decode_without_commands(bytes: &[u8]) -> Result<(Order, LogPosition), StoredError> {
    let stored = version::read::<StoredOrder<IgnoredAny>>(bytes, UPCASTS)?;
    let position = stored.position()?;
    Ok((read_order(stored, DoneCommands::default())?, position))
}

impl<Commands> StoredOrder<Commands> {
    fn position(&self) -> Result<LogPosition, StoredError> {
        let link = self.link.as_deref().map(read_link).transpose()?;
        Ok(LogPosition { bytes: self.log_bytes, link })
    }
}

fn seat_of(place: usize, seats: usize) -> Result<Seat, StoredError> {
    if place < seats { Ok(Seat(place)) } else { Err(StoredError::Damaged("seat")) }
}

fn read_order<Commands>(stored: StoredOrder<Commands>, done: DoneCommands) -> Result<Order, StoredError> {
    let seats = stored.people.len();
    let seat = |place: usize| seat_of(place, seats);
    let people = stored.people.iter().map(StoredPerson::read).collect();
    let mut items = Items::default();
    for item in &stored.items {
        items.push(item.read(seat)?).ok_or(StoredError::Damaged("items"))?;
    }
    let total =
        Amount::checked_sum(items.iter().map(|item| item.total)).ok_or(StoredError::Damaged("total"))?;
    let charges = ChargesSet::try_from(stored.charges)?;
    let tips = stored.tips.into_iter().map(|(place, tip)| Ok((seat(place)?, tip.try_into()?)));
    let on_bill =
        stored.on_bill.map(|seats| seats.into_iter().map(seat).collect::<Result<Vec<_>, _>>()).transpose()?;
    if on_bill.as_ref().is_some_and(|seats| !seats.is_sorted_by(|seat, next| seat < next)) {
        return Err(StoredError::Damaged("bill"));
    }
    let mut last_changes = LastChanges::default();
    for StoredChange { by, seq, back } in stored.last_changes {
        let by = seat(by)?;
        let back = back.map(|back| read_fact(back, None)).transpose()?.map(Box::new);
        last_changes.insert(by, LastChange { seq, back });
    }
    let payments = stored.payments.into_iter().map(|payment| payment.read(seat));
    let mut order = Order {
        id: OrderId::from_stored(&stored.id),
        currency: (&stored.currency).try_into()?,
        seq: stored.seq,
        circle_id: stored.circle.as_deref().map(Text::from_stored),
        tenant_id: stored.tenant.as_deref().map(Text::from_stored),
        owner: stored.owner.map(seat).transpose()?,
        people,
        text_bytes: items.iter().fold(0, |sum, item| sum.saturating_add(item.text_bytes())),
        items,
        total,
        split: stored.split.try_into()?,
        charges: charges.charges,
        tips: tips.collect::<Result<_, StoredError>>()?,
        without_service: stored.without_service.into_iter().map(seat).collect::<Result<_, _>>()?,
        round_to: charges.round_to,
        payments: payments.collect::<Result<_, StoredError>>()?,
        transfers: stored.transfers.map(|transfers| transfers.read(seat)).transpose()?.map(Box::new),
        on_bill,
        last_changes,
        done,
        table: stored.rules.map(|rules| rules.read(seat)).transpose()?.map(Box::new),
        revised: stored.revised.map(|revised| revised.read(seat)).transpose()?.map(Box::new),
        default_policy: Policy::default(),
        status: match (stored.finalized, stored.ended) {
            (true, None) => Status::Finalized,
            (false, None) => Status::Active,
            (false, Some(StoredEnd::Expired)) => Status::Expired,
            (true, Some(StoredEnd::Archived)) => Status::Archived,
            (true, Some(StoredEnd::Expired)) | (false, Some(StoredEnd::Archived)) => {
                return Err(StoredError::Damaged("end"));
            }
        },
        created_at: UnixMillis::new(stored.created_at),
        updated_at: UnixMillis::new(stored.updated_at),
        texts: Texts::default(),
        divided: Cached::default(),
    };
    if order.is_finalized() && order.on_bill.is_none() {
        // Version 1 had no payments, so who was on the bill can still be derived.
        order.on_bill = Some(seats_on_bill(&order));
    }
    Ok(order)
}

fn read_link(digits: &str) -> Result<[u8; 16], StoredError> {
    let are_digits = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let link = u128::from_str_radix(digits, 16).ok().filter(|_| are_digits);
    link.map(u128::to_be_bytes).ok_or(StoredError::Damaged("link"))
}
