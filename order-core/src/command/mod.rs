//! What a participant can ask for.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::bill::ChargeKind;
use crate::order::deadline::AtDeadline;
use crate::split::Rest;
use crate::value::text::Text;
use crate::{Currency, ItemId, ParticipantId, PaymentId, Policy};

/// Who asks: the identity that a socket joined with, or that the host proved by other means.
///
/// The core trusts it; whoever calls [`decide`](crate::decide) vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Somebody at the table.
    Participant(ParticipantId),
    /// The restaurant's back end: it may do what concerns the whole table, as the owner may, and record payments.
    Backend,
    /// Nobody: it was time. What the clock does is [`due`](crate::due); it gives no commands.
    Clock,
}

impl Actor {
    /// Somebody who speaks as this participant.
    pub fn participant(participant: ParticipantId) -> Self {
        Self::Participant(participant)
    }

    /// As which participant the actor speaks, if as any.
    pub fn id(&self) -> Option<&ParticipantId> {
        match self {
            Self::Participant(id) => Some(id),
            Self::Backend | Self::Clock => None,
        }
    }
}

/// What a participant asks for. Numbers are as the client wrote them: the order, which knows its currency
/// and its bounds, judges them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Sit down at the table, or come back to it.
    Join(Join),
    /// Order a dish.
    AddItem(AddItem),
    /// Take a line off the order.
    RemoveItem {
        /// Which line.
        item: ItemId,
    },
    /// Order more or fewer of a line; 0 takes it off.
    UpdateQuantity {
        /// Which line.
        item: ItemId,
        /// How many pieces from now on.
        quantity: Decimal,
    },
    /// Take part in a dish, or another part than before.
    ClaimItem {
        /// Which line.
        item: ItemId,
        /// How large a part, relative to the others'; 1 where none is given.
        weight: Option<Decimal>,
    },
    /// Have no part in a dish any more.
    UnclaimItem {
        /// Which line.
        item: ItemId,
    },
    /// Say whose a dish is. The owner's to say.
    AssignItem {
        /// Which line.
        item: ItemId,
        /// Whose it is from now on.
        shared_by: SharedBy,
    },
    /// Share the bill by another rule.
    UpdateSplit(UpdateSplit),
    /// Set all charges of the order. The owner's to say.
    SetCharges(SetCharges),
    /// Give a tip of one's own.
    SetTip {
        /// How much; nothing takes it back.
        tip: Option<ChargeAmount>,
    },
    /// Do without optional service charges, or pay them after all.
    WaiveService {
        /// Whether to do without.
        waived: bool,
    },
    /// Note a payment. The owner's or the back end's to say, as are the next two.
    RecordPayment(RecordPayment),
    /// Note that a pending payment has arrived, or never will.
    UpdatePayment {
        /// Which payment.
        payment: PaymentId,
        /// Whether it has arrived.
        arrived: bool,
    },
    /// Note that a payment was given back.
    RefundPayment(RefundPayment),
    /// Close the order: after it only payments change.
    Finalize,
    /// Say how things are done at the table. The owner's or the back end's to say.
    Manage(Manage),
    /// Take one's own last change to the bill back.
    Undo {
        /// Which fact the change was, where that is said: if it is another by now, nothing is taken back.
        seq: Option<Decimal>,
    },
    /// Be done ordering, or not yet after all.
    SetReady {
        /// Whether one is.
        ready: bool,
    },
    /// Get up from the table. Dishes stay.
    Leave,
}

/// How things are done at the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manage {
    /// Let nobody but the owner touch the dishes, or let everybody again.
    Lock {
        /// Whether the dishes are locked.
        locked: bool,
    },
    /// Send somebody away, who cannot come back.
    Remove {
        /// Whom.
        who: ParticipantId,
        /// What becomes of what is theirs.
        dishes: DishesOfRemoved,
    },
    /// Let somebody who was removed come back.
    Readmit {
        /// Whom.
        who: ParticipantId,
    },
    /// Make somebody else the owner.
    HandOver {
        /// Whom.
        to: ParticipantId,
    },
    /// Bound what the dishes that somebody adds may come to.
    Limit {
        /// Whose dishes.
        who: ParticipantId,
        /// How much, in whole units; nothing takes the bound away.
        limit: Option<Decimal>,
    },
    /// Say whether the order closes by itself.
    Rules {
        /// Whether it does as soon as everybody at the table is ready.
        finalize_when_ready: bool,
    },
    /// Set when the order is locked or finalized by itself, or take that back.
    Deadline(Option<SetDeadline>),
}

/// A deadline to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetDeadline {
    /// When it is.
    pub when: When,
    /// What happens then.
    pub then: AtDeadline,
    /// How many milliseconds before it people are reminded; ten minutes and one where nothing is said.
    pub reminders: Option<Vec<Decimal>>,
}

/// A moment to come, in the client's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// So many milliseconds since 1970-01-01 UTC.
    At(Decimal),
    /// In so many milliseconds, by the host's clock: whatever the client's says.
    In(Decimal),
}

/// What a client says when it joins. What is absent stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Join {
    /// The name that the others see; needed from whoever is new.
    pub name: Option<Text>,
    /// A phone number, for this person's eyes only.
    pub phone: Option<Text>,
    /// The group of friends that orders.
    pub circle_id: Option<Text>,
    /// The restaurant.
    pub tenant_id: Option<Text>,
    /// The currency; the first to join sets it.
    pub currency: Option<Currency>,
    /// The order's charges; the first to join may set them.
    pub charges: Option<SetCharges>,
    /// Who edits what; the first to join may say.
    pub policy: Option<Policy>,
    /// Whether the order is finalized as soon as all are ready; the first to join may say.
    pub finalize_when_ready: Option<bool>,
    /// When the order is locked or finalized by itself; the first to join may say.
    pub deadline: Option<Box<SetDeadline>>,
}

/// What becomes of the dishes of somebody who is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DishesOfRemoved {
    /// They stay theirs and on the bill, as when somebody leaves.
    Keep,
    /// What is theirs alone is taken off, as is what they added and nobody claims. Of what they share, the others have all.
    Remove,
    /// Their part of each dish is somebody else's.
    Reassign {
        /// Whose.
        to: ParticipantId,
    },
}

/// Whose a dish is: people, and how large a part each has relative to the others (1 where no weight is given).
pub type SharedBy = Vec<(ParticipantId, Option<Decimal>)>;

/// The charges of an order, in place of those that it had.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SetCharges {
    /// The charges.
    pub charges: Vec<NewCharge>,
    /// The smallest coin in which the bill is paid, in whole units.
    pub round_to: Option<Decimal>,
}

/// A charge to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCharge {
    /// The name of its line.
    pub name: Text,
    /// What it is, and of what it is taken.
    pub kind: ChargeKind,
    /// How much.
    pub value: ChargeAmount,
}

/// How much a charge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargeAmount {
    /// So many percent.
    Percent(Decimal),
    /// A fixed amount in whole units.
    Amount(Decimal),
}

/// A dish to order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddItem {
    /// The line's id: the client's, or an unguessable one that the host made.
    pub item: ItemId,
    /// The dish.
    pub dish_name: Text,
    /// The kind of dish; may be empty.
    pub dish_type: Text,
    /// How many pieces.
    pub quantity: Decimal,
    /// The price of one piece, in whole units of the order's currency.
    pub price: Decimal,
    /// How it is to be made.
    pub customization: Option<Text>,
    /// Whose it is; the one's who orders it where nothing else is said.
    pub shared_by: Option<SharedBy>,
}

/// The rule by which to share from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateSplit {
    /// Everybody the same.
    Equal,
    /// Each what they added.
    Itemized,
    /// As agreed. With nothing given, the shares of a split that is custom already stand; else equally.
    Custom(Option<AgreedShares>),
    /// So much more for some, in whole units, the rest equally.
    Adjusted(BTreeMap<ParticipantId, Decimal>),
    /// Some pay for others as well.
    Cover {
        /// Who is covered, and by whom.
        covers: BTreeMap<ParticipantId, ParticipantId>,
        /// How all is shared before that.
        rest: Rest,
    },
}

/// What was agreed, in the client's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgreedShares {
    /// Amounts in whole units, which add up to the total.
    Amounts(BTreeMap<ParticipantId, Decimal>),
    /// Percentages, which add up to 100.
    Percentages(BTreeMap<ParticipantId, Decimal>),
    /// Weights, at least one of them above zero.
    Weights(BTreeMap<ParticipantId, Decimal>),
}

/// A payment to note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPayment {
    /// The payment's id: the client's, or an unguessable one that the host made.
    pub payment: PaymentId,
    /// How much, in whole units.
    pub amount: Decimal,
    /// Who paid; the owner who notes it where nothing is said.
    pub payer: Option<ParticipantId>,
    /// Whose shares it pays; the payer's where nothing is said.
    pub paid_for: Option<PaidFor>,
    /// How it was paid.
    pub method: Option<Text>,
    /// By what it can be found elsewhere.
    pub reference: Option<Text>,
    /// Whether it is still on its way.
    pub pending: bool,
    /// Whether what is more than is due is a tip; else it is refused.
    pub excess_is_tip: bool,
}

/// Whose shares a payment pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaidFor {
    /// Of each of these what is due; if it does not suffice, in proportion.
    Shares(Vec<ParticipantId>),
    /// So much of each, in whole units.
    Amounts(BTreeMap<ParticipantId, Decimal>),
}

/// A refund to note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundPayment {
    /// Of which payment.
    pub payment: PaymentId,
    /// The refund's id: the client's, or an unguessable one that the host made. It counts once.
    pub refund: PaymentId,
    /// How much of the payment, in whole units; all that is left of it where nothing is said.
    pub amount: Option<Decimal>,
}
