//! Why a message was refused, and what it should have been.

use std::borrow::Cow;
use std::fmt;

use crate::{Amount, Currency};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $text:literal;)*) => {
        /// The stable code of a refusal, as it stands on the wire. `docs/protocol/limits.md` lists them all.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What it says to a person.
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

codes! {
    /// Not JSON by RFC 8259.
    BadJson = "bad_json", "The message is not valid JSON.";
    /// JSON, but not an object.
    NotAnObject = "not_an_object", "The message is not a JSON object.";
    /// Nested deeper than any message needs.
    TooDeep = "too_deep", "The message is nested too deeply.";
    /// An object names a key twice.
    DuplicateKey = "duplicate_key", "A key appears twice in one object.";
    /// An object has more keys than any message needs.
    TooManyKeys = "too_many_keys", "An object has too many keys.";
    /// A binary frame.
    BinaryNotSupported = "binary_not_supported", "Binary messages are not understood; send JSON text.";
    /// No such message type.
    UnknownType = "unknown_type", "This type of message is not known.";
    /// A field that the message needs is not there.
    MissingField = "missing_field", "A field is missing.";
    /// A field is of the wrong JSON type, or cannot be what it stands for.
    BadField = "bad_field", "A field is not what it should be.";
    /// A text is empty or too long.
    BadText = "bad_text", "A text cannot be used.";
    /// Not an exact price of the order's currency within bounds.
    BadPrice = "bad_price", "The price cannot be used.";
    /// Not a whole number of pieces within bounds.
    BadQuantity = "bad_quantity", "The quantity cannot be used.";
    /// Not a currency, or not this order's.
    BadCurrency = "bad_currency", "The currency cannot be used.";
    /// The shares given cannot be the shares of this order.
    BadSplit = "bad_split", "The bill cannot be shared this way.";
    /// The socket has not joined.
    JoinFirst = "join_first", "Join the order first.";
    /// The socket joined as somebody else.
    AlreadyJoined = "already_joined", "This connection already speaks for somebody else.";
    /// The socket signed in as somebody else.
    NotYou = "not_you", "You signed in as somebody else.";
    /// The sign-in does not let its holder into this order.
    NotYourRoom = "not_your_room", "Your sign-in is not for this order.";
    /// The sign-in has ended.
    TokenExpired = "token_expired", "Your sign-in has ended; sign in again.";
    /// More messages than one connection may send.
    RateLimited = "rate_limited", "That was too fast.";
    /// More orders of one tenant than may be in use.
    TooManyRooms = "too_many_rooms", "There are as many orders of this restaurant as there may be at once.";
    /// Only the owner may.
    NotOwner = "not_owner", "Only the owner of the order may do this.";
    /// Somebody else added it.
    NotYours = "not_yours", "Somebody else added this dish, so only they and the owner of the order change it.";
    /// Only the owner touches the dishes.
    OrderLocked = "order_locked", "The owner has locked the order.";
    /// More than somebody may add.
    OverLimit = "over_limit", "This would be more than somebody may add.";
    /// An amount that cannot be a limit.
    BadLimit = "bad_limit", "The limit cannot be used.";
    /// A moment that cannot be a deadline.
    BadDeadline = "bad_deadline", "The deadline cannot be used.";
    /// The owner sent them away.
    Removed = "removed", "You were removed from this order; only its owner can let you come back.";
    /// The restaurant's back end recorded it.
    BackendOnly = "backend_only", "The restaurant recorded this payment, so only the restaurant changes it.";
    /// The sender has no part in the dish.
    NotClaimed = "not_claimed", "You have no part in this dish.";
    /// The order is closed.
    OrderFinalized = "order_finalized", "The order is finalized; only payments can change any more.";
    /// There is no change that could be taken back.
    NothingToUndo = "nothing_to_undo", "You have changed nothing that could be taken back.";
    /// Something has happened since that is in the way.
    UndoConflict = "undo_conflict", "Your last change cannot be taken back any more.";
    /// The order was idle for too long.
    OrderExpired = "order_expired", "The order was left alone for so long that it has expired.";
    /// The order was finalized long ago.
    OrderArchived = "order_archived", "The order is archived; nothing can change any more.";
    /// There is nothing to finalize.
    OrderEmpty = "order_empty", "The order has no dishes.";
    /// The shares do not cover the bill.
    Unallocated = "unallocated", "The shares do not cover the bill.";
    /// A dish that nobody claims.
    Unassigned = "unassigned", "Nobody has claimed a dish.";
    /// One thing is claimed twice, or by people who cannot both have it.
    ConflictingClaims = "conflicting_claims", "Two claims contradict each other.";
    /// Shares so fine that the exact bill would be out of hand.
    BillTooFine = "bill_too_fine", "The dishes are shared in too many different proportions.";
    /// There is nobody to share the bill.
    NobodyToPay = "nobody_to_pay", "There is nobody to share the bill.";
    /// A charge that cannot be.
    BadCharge = "bad_charge", "The charge cannot be used.";
    /// A charge of a fixed amount with nothing to take it of.
    ChargeOnNothing = "charge_on_nothing", "A charge is on nothing, so it is nobody's.";
    /// A payment that cannot be.
    BadPayment = "bad_payment", "The payment cannot be used.";
    /// No such payment.
    PaymentNotFound = "payment_not_found", "There is no such payment.";
    /// The payment's id is taken.
    PaymentIdTaken = "payment_id_taken", "This id has been recorded already.";
    /// More than is due, and not marked as a tip.
    Overpayment = "overpayment", "The payment is more than is due.";
    /// The order is full of payments.
    TooManyPayments = "too_many_payments", "The order cannot have more payments.";
    /// The bill is full of charges.
    TooManyCharges = "too_many_charges", "The order cannot have more charges.";
    /// No such line.
    ItemNotFound = "item_not_found", "There is no such item on the order.";
    /// The line's id is taken.
    ItemIdTaken = "item_id_taken", "An item with this id is already on the order.";
    /// Not on this order's bill.
    UnknownParticipant = "unknown_participant", "This person is not on the bill.";
    /// The order is full of items.
    TooManyItems = "too_many_items", "The order cannot hold more items.";
    /// The order is full of text, or of claims.
    OrderTooLarge = "order_too_large", "The order is too large.";
    /// The order is full of people.
    TooManyParticipants = "too_many_participants", "The order cannot hold more people.";
    /// The total would pass its ceiling.
    TotalTooLarge = "total_too_large", "The order's total would be too large.";
    /// The command's id came with another command before.
    CommandIdReused = "command_id_reused", "Another command was sent with this id.";
    /// The order remembers no more ids of commands.
    TooManyCommands = "too_many_commands", "The order cannot remember more commands.";
    /// The order's log is full.
    LogFull = "log_full", "This order has been changed so often that it takes no more changes.";
    /// What was asked for could not be stored; nothing changed.
    StorageUnavailable = "storage_unavailable", "This could not be saved, so nothing was changed. Please try again.";
    /// Whether it was stored is not known.
    StorageUncertain = "storage_uncertain", "It is not known whether this was saved. Look at the order before trying again.";
}

impl Code {
    /// Whether the text alone leaves open which field is meant.
    fn is_about_any_field(self) -> bool {
        matches!(self, Self::MissingField | Self::BadField | Self::BadText)
    }
}

/// A message was refused: what was wrong, and what was expected. It changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    code: Code,
    /// Apart, so that a result which is nearly always fine stays small.
    details: Box<Details>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Details {
    field: Option<Cow<'static, str>>,
    because: Option<Cow<'static, str>>,
    expected: Option<Cow<'static, str>>,
    unallocated: Option<(Amount, Currency)>,
    retry_after: Option<u64>,
    limit: Option<Limit>,
}

/// A limit that would be passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How much it is.
    pub limit: Amount,
    /// What is left of it; never below zero.
    pub left: Amount,
    /// In what both are counted.
    pub currency: Currency,
}

impl Rejection {
    /// A refusal with this code and nothing more to say.
    pub fn new(code: Code) -> Self {
        Self { code, details: Box::default() }
    }

    /// The refusal of a command whose id came with another command before.
    pub fn command_id_reused() -> Self {
        Self::new(Code::CommandIdReused).field("id").expected("the same message as before, or another id")
    }

    /// The refusal to take back a change after something else changed what it concerns.
    pub(crate) fn undo_conflict(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::UndoConflict).because(why)
    }

    /// Names the field that was wrong, for instance `data.price`.
    #[must_use]
    pub fn field(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.details.field = Some(field.into());
        self
    }

    /// Says more of what was wrong: a clause such as `it is negative`.
    #[must_use]
    pub fn because(mut self, because: impl Into<Cow<'static, str>>) -> Self {
        self.details.because = Some(because.into());
        self
    }

    /// Says what was expected instead: `a number from 0 to 100`.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<Cow<'static, str>>) -> Self {
        self.details.expected = Some(expected.into());
        self
    }

    /// Says by how much shares miss the total; negative when they are more than it.
    #[must_use]
    pub fn unallocated(mut self, amount: Amount, currency: Currency) -> Self {
        self.details.unallocated = Some((amount, currency));
        self
    }

    /// Says after how many milliseconds the same would be taken.
    #[must_use]
    pub fn retry_after(mut self, ms: u64) -> Self {
        self.details.retry_after = Some(ms);
        self
    }

    /// Says which limit would be passed.
    #[must_use]
    pub fn limit(mut self, limit: Limit) -> Self {
        self.details.limit = Some(limit);
        self
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The field that was wrong.
    pub fn field_name(&self) -> Option<&str> {
        self.details.field.as_deref()
    }

    /// What was expected instead.
    pub fn what_was_expected(&self) -> Option<&str> {
        self.details.expected.as_deref()
    }

    /// By how much shares miss the total.
    pub fn missing_amount(&self) -> Option<(Amount, Currency)> {
        self.details.unallocated
    }

    /// After how many milliseconds the same would be taken.
    pub fn retry_after_ms(&self) -> Option<u64> {
        self.details.retry_after
    }

    /// Which limit would be passed.
    pub fn passed_limit(&self) -> Option<Limit> {
        self.details.limit
    }
}

impl fmt::Display for Rejection {
    /// One or two sentences for the person whose message it was.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.text().trim_end_matches('.'))?;
        if let (Some(field), true) = (&self.details.field, self.code.is_about_any_field()) {
            write!(f, " ({field})")?;
        }
        match &self.details.because {
            Some(because) => write!(f, ": {because}.")?,
            None => f.write_str(".")?,
        }
        match &self.details.expected {
            Some(expected) => write!(f, " Expected: {expected}."),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Rejection {}

impl From<Code> for Rejection {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_its_own_and_stays_on_one_line() {
        let codes: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        assert!(codes.iter().all(|code| code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
    }

    #[test]
    fn the_protocol_page_names_every_code() {
        let page = include_str!("../../docs/protocol/limits.md");
        for code in Code::ALL {
            assert!(page.contains(&format!("`{}`", code.as_str())), "limits.md lacks {}", code.as_str());
        }
    }

    #[test]
    fn a_refusal_says_what_was_wrong_and_what_was_expected() {
        let rejection = Rejection::new(Code::BadPrice)
            .field("data.price")
            .because("it is negative")
            .expected("a number from 0 to 9999999.99");
        assert_eq!(
            rejection.to_string(),
            "The price cannot be used: it is negative. Expected: a number from 0 to 9999999.99."
        );
        let rejection =
            Rejection::new(Code::MissingField).field("data.dishName").expected("the name of a dish");
        assert_eq!(
            rejection.to_string(),
            "A field is missing (data.dishName). Expected: the name of a dish."
        );
    }
}
