//! One shared order: the state that its facts add up to.

pub(crate) mod cached;
pub mod deadline;
pub(crate) mod done;
pub(crate) mod item;
pub(crate) mod items;
pub(crate) mod last_change;
pub(crate) mod payments;
pub(crate) mod people;
mod presence;
pub(crate) mod table;

pub use done::{MAX_COMMANDS, MAX_COMMANDS_EACH, RESERVED_COMMANDS, Stamp};
pub use item::Item;
pub use people::{Participant, Role};
pub use presence::{Markers, Presence};
pub use table::{HouseRules, Policy};

use std::collections::{BTreeMap, BTreeSet};

use crate::divide::{Charge, ChargeValue, DividedRows, Rest, SplitRule, Weight};
use crate::order::cached::Cached;
use crate::order::deadline::Deadline;
use crate::order::done::DoneCommands;
use crate::order::items::Items;
use crate::order::last_change::LastChanges;
use crate::order::payments::Payment;
use crate::order::people::Seat;
use crate::order::table::Rules;
use crate::value::text::Text;
use crate::wire::Texts;
use crate::{Amount, Currency, ItemId, OrderId, ParticipantId, PaymentId, UnixMillis};

/// The most items that one order can hold at a time.
pub const MAX_ITEMS: usize = 5_000;
/// The most people that can ever have joined one order.
pub const MAX_PARTICIPANTS: usize = 250;

/// The most claims that the shared dishes of one order can have together, so that its full state and the work on its
/// bill stay bounded. A dish that is one person's does not count.
pub const MAX_CLAIMS: usize = 10_000;

/// The most bytes that the dishes and customizations of one order can have together, so that its full state
/// stays below a few megabytes.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// Whether an order can still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// People are ordering.
    Active,
    /// The bill stands; only payments change.
    Finalized,
    /// It was idle for too long, and was closed without a bill; only payments change.
    Expired,
    /// It was finalized, and idle for so long since that nothing changes any more.
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
    /// The bytes of all items' texts.
    pub(crate) text_bytes: usize,
    pub(crate) split: SplitRule,
    pub(crate) charges: Vec<Charge>,
    /// What some give on their own.
    pub(crate) tips: BTreeMap<Seat, ChargeValue>,
    /// Who does without optional service charges.
    pub(crate) without_service: BTreeSet<Seat>,
    /// The smallest coin in which the bill is paid.
    pub(crate) round_to: Option<Amount>,
    pub(crate) payments: Vec<Payment>,
    /// Who was on the bill when it was finalized, in the order of seats: no payment changes that.
    pub(crate) on_bill: Option<Vec<Seat>>,
    pub(crate) status: Status,
    /// Nothing, as long as everything was as in an ordinary order.
    pub(crate) rules: Option<Box<Rules>>,
    /// The policy for a first participant who names none; of no account once somebody has joined.
    pub(crate) default_policy: Policy,
    /// What takes back what each did last.
    pub(crate) last_changes: LastChanges,
    /// The commands with an id that became facts.
    pub(crate) done: DoneCommands,
    /// What each pays, where it took more than sums to find out.
    pub(crate) divided: Cached<Box<DividedRows>>,
    pub(crate) created_at: UnixMillis,
    pub(crate) updated_at: UnixMillis,
    /// What has been written of it since it changed last.
    pub(crate) texts: Texts,
}

impl Order {
    /// An order that nobody has joined yet. `currency` stands until the first person to join names another.
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
            on_bill: None,
            status: Status::Active,
            rules: None,
            default_policy: Policy::default(),
            last_changes: LastChanges::default(),
            done: DoneCommands::default(),
            divided: Cached::default(),
            created_at: UnixMillis::default(),
            updated_at: UnixMillis::default(),
            texts: Texts::default(),
        }
    }

    /// The same order, with a policy that stands until the first person to join names another.
    #[must_use]
    pub fn with_default_policy(mut self, policy: Policy) -> Self {
        if self.people.is_empty() {
            self.default_policy = policy;
            self.forget_texts();
        }
        self
    }

    /// Which order it is.
    pub fn id(&self) -> &OrderId {
        &self.id
    }

    /// The currency of every amount in it.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The sequence number of the last fact; 0 before the first.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The group of friends that orders, as the first client that knew it said.
    pub fn circle_id(&self) -> Option<&Text> {
        self.circle_id.as_ref()
    }

    /// The restaurant, as the first client that knew it said.
    pub fn tenant_id(&self) -> Option<&Text> {
        self.tenant_id.as_ref()
    }

    /// Everybody who ever joined, in the order in which they first did.
    pub fn people(&self) -> &[Participant] {
        &self.people
    }

    /// Those who joined and have not left.
    pub fn participants(&self) -> impl Iterator<Item = &Participant> {
        self.people.iter().filter(|person| !person.left)
    }

    /// Whoever joined under this id, present or left.
    pub fn person(&self, id: &ParticipantId) -> Option<&Participant> {
        self.people.iter().find(|person| person.id == *id)
    }

    /// Who started the order.
    pub fn initiated_by(&self) -> Option<&Participant> {
        self.people.first()
    }

    /// Who owns the order now; nobody while everybody has left.
    pub fn owner(&self) -> Option<&Participant> {
        self.owner.and_then(|seat| self.at(seat))
    }

    /// Whether this person owns the order now.
    pub fn is_owned_by(&self, who: &ParticipantId) -> bool {
        self.owner().is_some_and(|owner| owner.id == *who)
    }

    /// The owner once `leaving` is gone: the same, or of those who remain the one who joined first.
    pub(crate) fn owner_without(&self, leaving: &ParticipantId) -> Option<ParticipantId> {
        let owner = self.owner().filter(|owner| owner.id != *leaving);
        owner
            .or_else(|| self.participants().find(|person| person.id != *leaving))
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

    /// The role of somebody who joined.
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

    /// Who added an item of this order.
    pub fn added_by(&self, item: &Item) -> Option<&Participant> {
        self.at(item.added_by)
    }

    /// The sum of all items.
    pub fn total(&self) -> Amount {
        self.total
    }

    /// Whose an item is and in which proportions, in the order in which they joined. Nobody: it is unassigned.
    pub fn shared_by(&self, item: &Item) -> impl Iterator<Item = (&Participant, Weight)> {
        item.claims.iter().filter_map(|&(seat, weight)| Some((self.at(seat)?, weight)))
    }

    /// The items that are nobody's.
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

    /// What some give on their own, in the order in which they joined.
    pub fn tips(&self) -> impl Iterator<Item = (&Participant, ChargeValue)> {
        self.tips.iter().filter_map(|(&seat, &tip)| Some((self.at(seat)?, tip)))
    }

    /// Who does without optional service charges, in the order in which they joined.
    pub fn without_service(&self) -> impl Iterator<Item = &Participant> {
        self.without_service.iter().filter_map(|&seat| self.at(seat))
    }

    /// The smallest coin: what is due is rounded to a multiple of it.
    pub fn round_to(&self) -> Option<Amount> {
        self.round_to
    }

    /// The payments, in the order in which they were recorded.
    pub fn payments(&self) -> &[Payment] {
        &self.payments
    }

    /// The payment with this id.
    pub fn payment(&self, id: &PaymentId) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.id == *id)
    }

    /// Who made a payment of this order.
    pub fn payer(&self, payment: &Payment) -> Option<&Participant> {
        self.at(payment.payer)
    }

    /// Of whose shares a payment of this order paid how much, before anything was given back.
    pub fn paid_for(&self, payment: &Payment) -> impl Iterator<Item = (&Participant, Amount)> {
        payment.parts.iter().filter_map(|part| Some((self.at(part.seat)?, part.amount)))
    }

    /// How many commands with an id it remembers.
    pub fn commands_remembered(&self) -> usize {
        self.done.len()
    }

    /// How large the bill is: about how many microseconds it takes to work it out and to write it at the worst. A guess by
    /// the numbers of dishes, people, claims and charges, for a host that does long work apart from short work.
    pub fn bill_size(&self) -> usize {
        let (items, people) = (self.items.len(), self.people.len());
        let lines = self.charges.len().saturating_add(2).saturating_mul(people);
        let dishes = match &self.split {
            SplitRule::Equal | SplitRule::Custom(None) => 0,
            SplitRule::Itemized | SplitRule::Cover { rest: Rest::Itemized, .. } => {
                self.items().fold(0, |sum: usize, item| sum.saturating_add(item.claims.len()))
            }
            // Many cells, each of which is soon done.
            SplitRule::Custom(Some(_))
            | SplitRule::Adjusted(_)
            | SplitRule::Cover { rest: Rest::Equal, .. } => items.saturating_mul(people) / 128,
        };
        items.saturating_add(lines).saturating_add(dishes)
    }

    /// By which rule the total is shared.
    pub fn split_rule(&self) -> &SplitRule {
        &self.split
    }

    /// Whether it can still change.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whether its bill stands.
    pub fn is_finalized(&self) -> bool {
        match self.status {
            Status::Finalized | Status::Archived => true,
            Status::Active | Status::Expired => false,
        }
    }

    /// When it is, or was, locked or finalized by itself.
    pub fn deadline(&self) -> Option<&Deadline> {
        self.rules.as_ref()?.deadline.as_ref()
    }

    /// Who edits what.
    pub fn policy(&self) -> Policy {
        self.house_rules().policy
    }

    /// What is agreed about the order as a whole.
    pub fn house_rules(&self) -> HouseRules {
        self.rules.as_ref().map(|rules| rules.house).unwrap_or_default()
    }

    /// Whether only the owner may touch the dishes.
    pub fn is_locked(&self) -> bool {
        self.rules.as_ref().is_some_and(|rules| rules.locked)
    }

    /// How much the dishes that some add may come to, in the order in which they joined.
    pub fn limits(&self) -> impl Iterator<Item = (&Participant, Amount)> {
        let limits = self.rules.iter().flat_map(|rules| &rules.limits);
        limits.filter_map(|(&seat, &limit)| Some((self.at(seat)?, limit)))
    }

    /// What the dishes that somebody added come to.
    pub fn added_total(&self, id: &ParticipantId) -> Amount {
        self.seat_of(id).map_or(Amount::ZERO, |seat| self.added_by_seat(seat))
    }

    /// Who is done ordering, in the order in which they joined.
    pub fn ready(&self) -> impl Iterator<Item = &Participant> {
        self.rules.iter().flat_map(|rules| &rules.ready).filter_map(|&seat| self.at(seat))
    }

    /// Who was removed and may not come back, in the order in which they joined.
    pub fn removed(&self) -> impl Iterator<Item = &Participant> {
        self.rules.iter().flat_map(|rules| &rules.removed).filter_map(|&seat| self.at(seat))
    }

    /// Whether this person was removed and may not come back.
    pub fn is_removed(&self, who: &ParticipantId) -> bool {
        let Some(rules) = &self.rules else { return false };
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
        // No sum of dishes passes the total, which fits.
        Amount::checked_sum(own.map(|item| item.total)).unwrap_or(self.total)
    }

    pub(crate) fn at(&self, seat: Seat) -> Option<&Participant> {
        self.people.get(seat.0)
    }

    pub(crate) fn seat_of(&self, id: &ParticipantId) -> Option<Seat> {
        self.people.iter().position(|person| person.id == *id).map(Seat)
    }

    /// Whether somebody may be given part of a dish: those at the table may, and who left but has part in some dish.
    pub(crate) fn may_share(&self, seat: Seat) -> bool {
        self.at(seat).is_some_and(|person| !person.left)
            || self.items().any(|item| item.claims.iter().any(|(other, _)| *other == seat))
    }
}
