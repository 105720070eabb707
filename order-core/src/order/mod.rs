//! An order: the state that its facts add up to.

pub(crate) mod cached;
pub mod deadline;
pub(crate) mod done;
pub(crate) mod item;
pub(crate) mod items;
pub(crate) mod last_change;
pub(crate) mod payments;
pub(crate) mod people;
mod presence;
pub(crate) mod revised;
pub(crate) mod table;
pub(crate) mod transfers;

pub use done::{MAX_COMMANDS, MAX_COMMANDS_EACH, RESERVED_COMMANDS, Stamp};
pub use item::Item;
pub use people::{Participant, Role};
pub use presence::{Markers, Presence};
pub use revised::{Correction, MAX_CORRECTED_CLAIMS, MAX_CORRECTIONS};
pub use table::{LimitOn, Policy, TableRules};

use std::collections::{BTreeMap, BTreeSet};

use crate::divide::{Charge, ChargeValue, DividedRows, OddUnits, Rest, SplitRule, Weight};
use crate::order::cached::Cached;
use crate::order::deadline::Deadline;
use crate::order::done::DoneCommands;
use crate::order::items::Items;
use crate::order::last_change::LastChanges;
use crate::order::payments::Payment;
use crate::order::people::Seat;
use crate::order::revised::Revised;
use crate::order::table::TableState;
use crate::order::transfers::{RecordedTransfer, Transfers};
use crate::value::text::Text;
use crate::wire::Texts;
use crate::{Amount, Currency, ItemId, OrderId, ParticipantId, PaymentId, TransferId, UnixMillis};

/// The maximum number of items on one order at a time.
pub const MAX_ITEMS: usize = 5_000;
/// The maximum number of items that one command adds.
pub const MAX_ITEMS_AT_ONCE: usize = 100;
/// The maximum number of people who ever joined one order, or were added to it.
pub const MAX_PARTICIPANTS: usize = 250;
/// The maximum number of people whom one participant adds to an order.
pub const MAX_ADDED_EACH: usize = 20;

/// The maximum number of claims on all shared dishes of one order. It bounds the full state and
/// the work on the bill. A dish that one person claims alone does not count.
pub const MAX_CLAIMS: usize = 10_000;

/// The maximum size of all dish and customization texts of one order, in bytes. It keeps the
/// full state below a few megabytes.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// The status of an order: what can still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// People are ordering.
    Active,
    /// The bill is final; only payments and corrections change it, unless the order is reopened.
    Finalized,
    /// It was idle for too long and was closed without a bill; only payments and corrections change it, unless it is
    /// reopened.
    Expired,
    /// It was finalized and then idle for too long; nothing changes any more.
    Archived,
}

impl Status {
    /// The status's name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Finalized => "finalized",
            Self::Expired => "expired",
            Self::Archived => "archived",
        }
    }
}

/// One shared order.
///
/// Only [`commit`](crate::commit) changes it, by one [`Recorded`](crate::Recorded) fact at a time, so the
/// same facts always give the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub(crate) id: OrderId,
    pub(crate) currency: Currency,
    pub(crate) seq: u64,
    pub(crate) circle_id: Option<Text>,
    pub(crate) tenant_id: Option<Text>,
    pub(crate) people: Vec<Participant>,
    pub(crate) owner: Option<Seat>,
    pub(crate) items: Items,
    pub(crate) total: Amount,
    /// The size of all items' texts, in bytes.
    pub(crate) text_bytes: usize,
    pub(crate) split: SplitRule,
    pub(crate) charges: Vec<Charge>,
    /// Tips that participants give on their own.
    pub(crate) tips: BTreeMap<Seat, ChargeValue>,
    /// Who opted out of optional service charges.
    pub(crate) without_service: BTreeSet<Seat>,
    /// The smallest coin to which the bill is rounded.
    pub(crate) round_to: Option<Amount>,
    pub(crate) payments: Vec<Payment>,
    /// `None` until the first transfer between participants.
    pub(crate) transfers: Option<Box<Transfers>>,
    /// Who was on the bill when it was finalized, in seat order. Payments do not change that.
    pub(crate) on_bill: Option<Vec<Seat>>,
    pub(crate) status: Status,
    /// `None` until a rule differs from the defaults.
    pub(crate) table: Option<Box<TableState>>,
    /// `None` until a dish is corrected or the order is reopened after it was finalized.
    pub(crate) revised: Option<Box<Revised>>,
    /// The policy if the first participant names none; unused once somebody has joined.
    pub(crate) default_policy: Policy,
    /// How to undo each person's last change.
    pub(crate) last_changes: LastChanges,
    /// The commands with an id that became facts.
    pub(crate) done: DoneCommands,
    /// The divided bill, cached if it needed a matrix.
    pub(crate) divided: Cached<Box<DividedRows>>,
    pub(crate) created_at: UnixMillis,
    pub(crate) updated_at: UnixMillis,
    /// Cached texts, dropped at every change.
    pub(crate) texts: Texts,
}

impl Order {
    /// Creates an order that nobody has joined, in `currency` unless the first to join names
    /// another.
    pub fn new(id: OrderId, currency: Currency) -> Self {
        Self {
            id,
            currency,
            seq: 0,
            circle_id: None,
            tenant_id: None,
            people: Vec::new(),
            owner: None,
            items: Items::default(),
            total: Amount::ZERO,
            text_bytes: 0,
            split: SplitRule::Equal,
            charges: Vec::new(),
            tips: BTreeMap::new(),
            without_service: BTreeSet::new(),
            round_to: None,
            payments: Vec::new(),
            transfers: None,
            on_bill: None,
            status: Status::Active,
            table: None,
            revised: None,
            default_policy: Policy::default(),
            last_changes: LastChanges::default(),
            done: DoneCommands::default(),
            divided: Cached::default(),
            created_at: UnixMillis::default(),
            updated_at: UnixMillis::default(),
            texts: Texts::default(),
        }
    }

    /// Sets the policy that holds unless the first to join names another. Ignored once somebody has
    /// joined.
    #[must_use]
    pub fn with_default_policy(mut self, policy: Policy) -> Self {
        if self.people.is_empty() {
            self.default_policy = policy;
            self.forget_texts();
        }
        self
    }

    /// The order's id.
    pub fn id(&self) -> &OrderId {
        &self.id
    }

    /// The currency of all amounts.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The sequence number of the last fact; 0 before the first.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The group of friends that orders, as named by the first client that knew it.
    pub fn circle_id(&self) -> Option<&Text> {
        self.circle_id.as_ref()
    }

    /// The restaurant, as named by the first client that knew it.
    pub fn tenant_id(&self) -> Option<&Text> {
        self.tenant_id.as_ref()
    }

    /// Everybody who ever joined, in joining order.
    pub fn people(&self) -> &[Participant] {
        &self.people
    }

    /// The people at the table: those who joined and have not left.
    pub fn participants(&self) -> impl Iterator<Item = &Participant> {
        self.people.iter().filter(|person| !person.left)
    }

    /// The person who joined under this id, present or left.
    pub fn person(&self, id: &ParticipantId) -> Option<&Participant> {
        self.people.iter().find(|person| person.id == *id)
    }

    /// The person who started the order.
    pub fn initiated_by(&self) -> Option<&Participant> {
        self.people.first()
    }

    /// The owner of the order; `None` while everybody has left.
    pub fn owner(&self) -> Option<&Participant> {
        self.owner.and_then(|seat| self.at(seat))
    }

    /// Whether this person owns the order now.
    pub fn is_owned_by(&self, who: &ParticipantId) -> bool {
        self.owner().is_some_and(|owner| owner.id == *who)
    }

    /// The owner once `leaving` is gone: unchanged, or the earliest joiner of those who remain and have a phone.
    pub(crate) fn owner_without(&self, leaving: &ParticipantId) -> Option<ParticipantId> {
        let owner = self.owner().filter(|owner| owner.id != *leaving);
        owner
            .or_else(|| self.participants().find(|person| person.id != *leaving && !person.is_vacant()))
            .map(|person| person.id.clone())
    }

    /// Whether this participant is at the table: joined, and has not left.
    pub fn is_at_table(&self, id: &ParticipantId) -> bool {
        self.person(id).is_some_and(|person| !person.left)
    }

    /// Whether this participant may read the order's history: joined at some time, and was not removed.
    pub fn may_read_history(&self, id: &ParticipantId) -> bool {
        self.person(id).is_some() && !self.is_removed(id)
    }

    /// The role of a person; `None` if nobody joined under this id.
    pub fn role(&self, id: &ParticipantId) -> Option<Role> {
        let person = self.person(id)?;
        Some(if self.is_owned_by(&person.id) { Role::Owner } else { Role::Member })
    }

    /// The lines of the order, in the order in which they were added.
    pub fn items(&self) -> impl ExactSizeIterator<Item = &Item> {
        self.items.iter()
    }

    /// The line with this id.
    pub fn item(&self, id: &ItemId) -> Option<&Item> {
        self.items.get(id)
    }

    /// The person who added an item.
    pub fn added_by(&self, item: &Item) -> Option<&Participant> {
        self.at(item.added_by)
    }

    /// The sum of all items.
    pub fn total(&self) -> Amount {
        self.total
    }

    /// Who shares an item, with which weights, in joining order. Empty: it is unassigned.
    pub fn shared_by(&self, item: &Item) -> impl Iterator<Item = (&Participant, Weight)> {
        item.claims.iter().filter_map(|&(seat, weight)| Some((self.at(seat)?, weight)))
    }

    /// The unassigned items: those that nobody claims.
    pub fn unassigned(&self) -> impl Iterator<Item = &Item> {
        self.items().filter(|item| item.claims.is_empty())
    }

    /// The taxes, service charges, tips, discounts and fees of the whole order.
    pub fn charges(&self) -> &[Charge] {
        &self.charges
    }

    /// Whether a charge is a discount on this dish.
    pub(crate) fn has_discount_on(&self, item: &ItemId) -> bool {
        self.charges.iter().any(|charge| charge.is_discount_on(item))
    }

    /// Tips that participants give on their own, in joining order.
    pub fn tips(&self) -> impl Iterator<Item = (&Participant, ChargeValue)> {
        self.tips.iter().filter_map(|(&seat, &tip)| Some((self.at(seat)?, tip)))
    }

    /// Who opted out of optional service charges, in joining order.
    pub fn without_service(&self) -> impl Iterator<Item = &Participant> {
        self.without_service.iter().filter_map(|&seat| self.at(seat))
    }

    /// The smallest coin: the amount due is rounded to a multiple of it. `None`: no rounding.
    pub fn round_to(&self) -> Option<Amount> {
        self.round_to
    }

    /// The smallest coin to which each share is rounded. `None`: shares are not rounded to a coin.
    pub fn round_shares_to(&self) -> Option<Amount> {
        self.round_to.filter(|_| self.table.as_ref().is_some_and(|table| table.round_shares))
    }

    /// Who gets the units that are left once every quota is rounded down.
    pub fn odd_units(&self) -> OddUnits {
        self.table.as_ref().map(|table| table.odd_units).unwrap_or_default()
    }

    /// The payments, in the order in which they were recorded.
    pub fn payments(&self) -> &[Payment] {
        &self.payments
    }

    /// The payment with this id.
    pub fn payment(&self, id: &PaymentId) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.id == *id)
    }

    /// The person who made a payment.
    pub fn payer(&self, payment: &Payment) -> Option<&Participant> {
        self.at(payment.payer)
    }

    /// How much a payment pays of each person's share, before refunds.
    pub fn paid_for(&self, payment: &Payment) -> impl Iterator<Item = (&Participant, Amount)> {
        payment.parts.iter().filter_map(|part| Some((self.at(part.seat)?, part.amount)))
    }

    /// The transfers between participants, in the order in which they were recorded.
    pub fn transfers(&self) -> &[RecordedTransfer] {
        self.transfers.as_ref().map_or(&[], |transfers| &transfers.list)
    }

    /// The transfer with this id.
    pub fn transfer(&self, id: &TransferId) -> Option<&RecordedTransfer> {
        self.transfers().iter().find(|transfer| transfer.id == *id)
    }

    /// The person who pays with a transfer.
    pub fn sender(&self, transfer: &RecordedTransfer) -> Option<&Participant> {
        self.at(transfer.from)
    }

    /// The person who is paid by a transfer.
    pub fn receiver(&self, transfer: &RecordedTransfer) -> Option<&Participant> {
        self.at(transfer.to)
    }

    /// The number of command ids that the order remembers.
    pub fn commands_remembered(&self) -> usize {
        self.done.len()
    }

    /// An estimate of the bill's cost: about how many microseconds it takes to compute and write at
    /// worst. It follows from the numbers of dishes, people, claims and charges, and is meant for a
    /// host that runs long work apart from short work.
    pub fn bill_size(&self) -> usize {
        let (items, people) = (self.items.len(), self.people.len());
        let lines = self.charges.len().saturating_add(2).saturating_mul(people);
        let dishes = match &self.split {
            SplitRule::Equal | SplitRule::Custom(None) => 0,
            SplitRule::Itemized | SplitRule::Cover { rest: Rest::Itemized, .. } => {
                self.items().fold(0, |sum: usize, item| sum.saturating_add(item.claims.len()))
            }
            // Many cells, but each is cheap.
            SplitRule::Custom(Some(_))
            | SplitRule::Adjusted(_)
            | SplitRule::Cover { rest: Rest::Equal, .. } => items.saturating_mul(people) / 128,
        };
        items.saturating_add(lines).saturating_add(dishes)
    }

    /// The rule by which the bill is shared.
    pub fn split_rule(&self) -> &SplitRule {
        &self.split
    }

    /// The order's status: what can still change.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whether its bill is final: the order is finalized or archived.
    pub fn is_finalized(&self) -> bool {
        match self.status {
            Status::Finalized | Status::Archived => true,
            Status::Active | Status::Expired => false,
        }
    }

    /// The deadline at which it is, or was, locked or finalized automatically.
    pub fn deadline(&self) -> Option<&Deadline> {
        self.table.as_ref()?.deadline.as_ref()
    }

    /// Who may edit what.
    pub fn policy(&self) -> Policy {
        self.table_rules().policy
    }

    /// The rules agreed for the order as a whole.
    pub fn table_rules(&self) -> TableRules {
        self.table.as_ref().map(|rules| rules.house).unwrap_or_default()
    }

    /// Whether only the owner may change the dishes.
    pub fn is_locked(&self) -> bool {
        self.table.as_ref().is_some_and(|rules| rules.locked)
    }

    /// The limits on the dishes that participants add, in joining order.
    pub fn limits(&self) -> impl Iterator<Item = (&Participant, Amount)> {
        let limits = self.table.iter().flat_map(|rules| &rules.limits);
        limits.filter_map(|(&seat, &limit)| Some((self.at(seat)?, limit)))
    }

    /// The limit on the dishes of everybody who has no limit of their own.
    pub fn limit_each(&self) -> Option<Amount> {
        self.table.as_ref()?.limit_each
    }

    /// The limit on the total of all dishes.
    pub fn limit_table(&self) -> Option<Amount> {
        self.table.as_ref()?.limit_table
    }

    /// The total of the dishes that a person added.
    pub fn added_total(&self, id: &ParticipantId) -> Amount {
        self.seat_of(id).map_or(Amount::ZERO, |seat| self.added_by_seat(seat))
    }

    /// Who is ready, in joining order.
    pub fn ready(&self) -> impl Iterator<Item = &Participant> {
        self.table.iter().flat_map(|rules| &rules.ready).filter_map(|&seat| self.at(seat))
    }

    /// Who was removed and may not come back, in joining order.
    pub fn removed(&self) -> impl Iterator<Item = &Participant> {
        self.table.iter().flat_map(|rules| &rules.removed).filter_map(|&seat| self.at(seat))
    }

    /// Whether this person was removed and may not come back.
    pub fn is_removed(&self, who: &ParticipantId) -> bool {
        let Some(rules) = &self.table else { return false };
        self.seat_of(who).is_some_and(|seat| rules.removed.contains(&seat))
    }

    /// When the first person joined.
    pub fn created_at(&self) -> UnixMillis {
        self.created_at
    }

    /// When the last fact was recorded.
    pub fn updated_at(&self) -> UnixMillis {
        self.updated_at
    }

    pub(crate) fn added_by_seat(&self, seat: Seat) -> Amount {
        let own = self.items().filter(|item| item.added_by == seat);
        // A sum of some dishes never exceeds the total, which fits.
        Amount::checked_sum(own.map(|item| item.total)).unwrap_or(self.total)
    }

    pub(crate) fn at(&self, seat: Seat) -> Option<&Participant> {
        self.people.get(seat.0)
    }

    pub(crate) fn seat_of(&self, id: &ParticipantId) -> Option<Seat> {
        self.people.iter().position(|person| person.id == *id).map(Seat)
    }

    /// Whether a person may claim part of a dish: people at the table, and those who left but still
    /// share a dish.
    pub(crate) fn may_share(&self, seat: Seat) -> bool {
        self.at(seat).is_some_and(|person| !person.left)
            || self.items().any(|item| item.claims.iter().any(|(other, _)| *other == seat))
    }
}
