//! What happened: the entries of an order's log.

use crate::bill::{Charge, ChargeValue};
use crate::order::deadline::Deadline;
use crate::order::payments::PaymentStatus;
use crate::split::{SplitRule, Weight};
use crate::value::text::Text;
use crate::{
    Actor, Amount, Currency, HouseRules, ItemId, ParticipantId, PaymentId, Price, Quantity, Role, Stamp,
    UnixMillis,
};

/// One entry of an order's log. It says what happened with every consequence spelled out, so that a later
/// release with other rules replays it to the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the log; the first is 1.
    pub seq: u64,
    /// When it was decided, by the host's clock; never before the entry before it.
    pub at: UnixMillis,
    /// Who did it.
    pub by: Actor,
    /// The id of the command that asked for it, where it had one.
    pub stamp: Option<Stamp>,
    /// What happened.
    pub fact: Fact,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Somebody joined, came back, or told more about themselves.
    Joined(Joined),
    /// Somebody left.
    Left {
        /// Who owns the order from now on; nobody when all have left.
        owner: Option<ParticipantId>,
    },
    /// A dish was ordered.
    ItemAdded(ItemAdded),
    /// A dish that was taken off is there again.
    ItemRestored(Box<ItemRestored>),
    /// A line was taken off.
    ItemRemoved {
        /// Which line.
        item: ItemId,
    },
    /// A line has another quantity.
    QuantityUpdated {
        /// Which line.
        item: ItemId,
        /// How many pieces from now on.
        quantity: Quantity,
    },
    /// A dish is somebody else's, or shared by others.
    ItemShared {
        /// Which line.
        item: ItemId,
        /// Whose it is from now on, and in which proportions. Empty: nobody's.
        shared_by: Vec<(ParticipantId, Weight)>,
    },
    /// The order has other charges.
    ChargesSet(ChargesSet),
    /// Somebody gives a tip of their own, or takes it back.
    TipSet {
        /// How much from now on.
        tip: Option<ChargeValue>,
    },
    /// Somebody does without optional service charges, or pays them after all.
    ServiceWaived {
        /// Whether they do without.
        waived: bool,
    },
    /// The bill is shared by another rule.
    SplitUpdated {
        /// The rule.
        split: SplitRule,
    },
    /// A payment was noted.
    PaymentRecorded(PaymentRecorded),
    /// A payment has arrived, or never will.
    PaymentUpdated {
        /// Which payment.
        payment: PaymentId,
        /// Its status from now on.
        status: PaymentStatus,
    },
    /// Some or all of a payment was given back.
    PaymentRefunded {
        /// Which payment.
        payment: PaymentId,
        /// The refund's id.
        refund: PaymentId,
        /// How much.
        amount: Amount,
        /// What of it had been paid of whose shares.
        parts: Vec<(ParticipantId, Amount)>,
        /// What of it was a tip.
        tip: Amount,
    },
    /// Other rules hold for the order as a whole.
    RulesSet(HouseRules),
    /// Only the owner may touch the dishes, or everybody again.
    LockSet {
        /// Whether the dishes are locked.
        locked: bool,
    },
    /// What the dishes that somebody adds may come to is bounded, or no longer.
    LimitSet {
        /// Whose dishes.
        who: ParticipantId,
        /// How much from now on.
        limit: Option<Amount>,
    },
    /// Somebody is done ordering, or not yet after all.
    ReadySet {
        /// Whether they are.
        ready: bool,
    },
    /// The order is somebody else's.
    HandedOver {
        /// Who owns it from now on.
        to: ParticipantId,
    },
    /// Somebody was sent away.
    Removed(Removed),
    /// Somebody who was removed may come back.
    Readmitted {
        /// Who.
        who: ParticipantId,
    },
    /// The order is locked or finalized at another time than before, or not by itself any more.
    DeadlineSet(Option<Deadline>),
    /// People were reminded of the deadline.
    Reminded {
        /// By the reminder so many milliseconds before it. Those that were to come earlier come no more.
        before: u64,
    },
    /// Nobody touched the order for so long that it was closed without a bill.
    Expired,
    /// The order is finalized, and nobody touched it for so long that payments do not change any more either.
    Archived,
    /// The order is closed.
    Finalized {
        /// Who is on the bill, whatever is paid later. Nothing in facts of the first version, which did not say: there it
        /// follows from the log before them.
        on_bill: Option<Vec<ParticipantId>>,
    },
}

/// Somebody joined, came back, or told more about themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The name from now on.
    pub name: Text,
    /// The phone number from now on.
    pub phone: Option<Text>,
    /// The role from now on.
    pub role: Role,
    /// The order's circle, where this is the first client to know it.
    pub circle_id: Option<Text>,
    /// The order's restaurant, where this is the first client to know it.
    pub tenant_id: Option<Text>,
    /// The order's currency, set by the first of all.
    pub currency: Option<Currency>,
    /// The order's charges, where the first of all set them.
    pub charges: Option<ChargesSet>,
    /// The order's rules, where the first of all set others than the ordinary.
    pub rules: Option<HouseRules>,
    /// The order's deadline, where the first of all set one.
    pub deadline: Option<Box<Deadline>>,
}

/// Somebody was sent away, and cannot come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Who.
    pub who: ParticipantId,
    /// Who owns the order from now on.
    pub owner: Option<ParticipantId>,
    /// The lines that were taken off with them.
    pub items: Vec<ItemId>,
    /// The lines that are somebody else's from now on, and whose, in which proportions.
    pub shared: Vec<(ItemId, Vec<(ParticipantId, Weight)>)>,
}

/// All charges of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargesSet {
    /// The charges from now on.
    pub charges: Vec<Charge>,
    /// The smallest coin in which the bill is paid from now on.
    pub round_to: Option<Amount>,
}

/// A dish was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemAdded {
    /// The line's id.
    pub item: ItemId,
    /// The dish.
    pub dish_name: Text,
    /// The kind of dish; may be empty.
    pub dish_type: Text,
    /// How many pieces.
    pub quantity: Quantity,
    /// The price of one piece.
    pub price: Price,
    /// How it is to be made.
    pub customization: Option<Text>,
    /// Whose it is, and in which proportions. Empty: nobody's.
    pub shared_by: Vec<(ParticipantId, Weight)>,
}

/// A dish that was taken off is there again, after all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRestored {
    /// The dish, as it was.
    pub added: ItemAdded,
    /// Who had added it.
    pub added_by: ParticipantId,
    /// When.
    pub added_at: UnixMillis,
    /// The order's charges, where a discount on it ended when it was taken off.
    pub charges: Option<ChargesSet>,
}

/// A payment was noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRecorded {
    /// The payment's id.
    pub payment: PaymentId,
    /// Who paid.
    pub payer: ParticipantId,
    /// How much: the sum of the parts and the tip.
    pub amount: Amount,
    /// What it pays of whose shares.
    pub parts: Vec<(ParticipantId, Amount)>,
    /// What of it is a tip beyond the shares.
    pub tip: Amount,
    /// How it was paid.
    pub method: Option<Text>,
    /// By what it can be found elsewhere.
    pub reference: Option<Text>,
    /// Whether it has arrived.
    pub status: PaymentStatus,
}
