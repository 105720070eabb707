//! Rejections: why a message was refused, and what was expected.

use std::borrow::Cow;
use std::fmt;

use crate::{Amount, Currency};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $text:literal;)*) => {
        /// The stable code of a rejection on the wire. `docs/protocol/limits.md` lists all codes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The code's message to people.
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
    BinaryNotSupported = "binary_not_supported", "Binary messages are not supported; send JSON as text.";
    /// No such message type.
    UnknownType = "unknown_type", "The message type is unknown.";
    /// A field that the message needs is not there.
    MissingField = "missing_field", "A field is missing.";
    /// A field has the wrong JSON type or an invalid value.
    BadField = "bad_field", "A field is not valid.";
    /// A text is empty or too long.
    BadText = "bad_text", "A text is not valid.";
    /// Not an exact price of the order's currency within bounds.
    BadPrice = "bad_price", "The price is not valid.";
    /// Not a whole number of pieces within bounds.
    BadQuantity = "bad_quantity", "The quantity is not valid.";
    /// Not a currency, or not this order's.
    BadCurrency = "bad_currency", "The currency is not valid.";
    /// The shares are not valid for this order.
    BadSplit = "bad_split", "The bill cannot be split this way.";
    /// The socket has not joined.
    JoinFirst = "join_first", "Join the order first.";
    /// The socket joined as somebody else.
    AlreadyJoined = "already_joined", "This connection has joined as another participant.";
    /// The seat is kept for somebody who has its code.
    WrongCode = "wrong_code", "This seat is kept for somebody else; join with its code, or as somebody new.";
    /// The chosen id of a person is taken.
    ParticipantIdTaken = "participant_id_taken", "Somebody with this id is already on the order.";
    /// The socket signed in as somebody else.
    NotYou = "not_you", "You signed in as another participant.";
    /// The sign-in does not cover this order.
    NotYourRoom = "not_your_room", "Your sign-in is not for this order.";
    /// The sign-in has expired.
    TokenExpired = "token_expired", "Your sign-in has expired; sign in again.";
    /// More messages than one connection may send.
    RateLimited = "rate_limited", "Too many requests; wait a moment and try again.";
    /// The tenant has too many orders in use.
    TooManyRooms = "too_many_rooms", "This restaurant has too many open orders; try again later.";
    /// Only the owner may do this.
    NotOwner = "not_owner", "Only the owner of the order may do this.";
    /// Somebody else added it.
    NotYours = "not_yours", "Only the guest who added this dish and the owner can change it.";
    /// Only the owner touches the dishes.
    OrderLocked = "order_locked", "The order is locked; ask its owner to unlock it.";
    /// The participant's limit would be exceeded.
    OverLimit = "over_limit", "This would be over the limit.";
    /// The amount is not valid as a limit.
    BadLimit = "bad_limit", "The limit is not valid.";
    /// The time is not valid as a deadline.
    BadDeadline = "bad_deadline", "The deadline is not valid.";
    /// The sender was removed from the order.
    Removed = "removed", "You were removed from this order; ask its owner to let you back in.";
    /// The restaurant's back end recorded it.
    BackendOnly = "backend_only", "The restaurant recorded this payment; only the restaurant can change it.";
    /// The sender has no part in the dish.
    NotClaimed = "not_claimed", "You have not claimed this dish.";
    /// The order was finalized.
    OrderFinalized = "order_finalized", "The order is finalized; only payments change, unless its owner reopens it.";
    /// The sender has no change to undo.
    NothingToUndo = "nothing_to_undo", "You have no change to undo.";
    /// A later change conflicts with the undo.
    UndoConflict = "undo_conflict", "Your last change can no longer be undone.";
    /// The order is open, and the command is for one that is not.
    NotFinalized = "not_finalized", "The order is still open.";
    /// The order is finalized and nothing is due.
    OrderSettled = "order_settled", "The bill is settled, so the order cannot be reopened.";
    /// The order was idle for too long.
    OrderExpired = "order_expired", "The order has expired; its owner can reopen it, or start a new one.";
    /// The order was finalized long ago.
    OrderArchived = "order_archived", "The order is archived and can no longer change.";
    /// There is nothing to finalize.
    OrderEmpty = "order_empty", "The order has no dishes.";
    /// The shares do not cover the bill.
    Unallocated = "unallocated", "The shares do not add up to the bill.";
    /// A dish that nobody claims.
    Unassigned = "unassigned", "Not every dish is claimed.";
    /// Something is claimed twice, or claims contradict each other.
    ConflictingClaims = "conflicting_claims", "Two claims conflict.";
    /// The shares are so fine that the exact bill would be too large.
    BillTooFine = "bill_too_fine", "The dishes are shared in too many different proportions.";
    /// There is nobody to share the bill.
    NobodyToPay = "nobody_to_pay", "There is nobody to share the bill.";
    /// The charge is not valid.
    BadCharge = "bad_charge", "The charge is not valid.";
    /// A fixed charge has nothing to be divided over.
    ChargeOnNothing = "charge_on_nothing", "There is nothing to divide a charge over.";
    /// The payment is not valid.
    BadPayment = "bad_payment", "The payment is not valid.";
    /// No such payment.
    PaymentNotFound = "payment_not_found", "There is no such payment.";
    /// The payment's id is taken.
    PaymentIdTaken = "payment_id_taken", "A payment or refund with this id already exists.";
    /// More than is due, and not marked as a tip.
    Overpayment = "overpayment", "The payment is more than is due.";
    /// The order is full of payments.
    TooManyPayments = "too_many_payments", "The order cannot have more payments.";
    /// The sender has not proved who they are.
    NotProved = "not_proved", "This connection has not proved that it is yours; come back with your resume token, or sign in.";
    /// The transfer is not valid.
    BadTransfer = "bad_transfer", "The transfer is not valid.";
    /// No such transfer.
    TransferNotFound = "transfer_not_found", "There is no such transfer.";
    /// The transfer's id is taken.
    TransferIdTaken = "transfer_id_taken", "A transfer with this id already exists.";
    /// More than the sender owes, or the receiver is owed.
    MoreThanOwed = "more_than_owed", "The transfer is more than is owed.";
    /// The sender is not the one who may answer or take back the transfer.
    NotYourTransfer = "not_your_transfer", "Only the person who is paid answers a transfer, and only its sender takes it back.";
    /// The transfer was answered, or taken back, before.
    AlreadyAnswered = "already_answered", "This transfer has already been answered or taken back.";
    /// The order is full of transfers.
    TooManyTransfers = "too_many_transfers", "The order cannot have more transfers.";
    /// The bill is full of charges.
    TooManyCharges = "too_many_charges", "The order cannot have more charges.";
    /// No such line.
    ItemNotFound = "item_not_found", "This dish is not on the order.";
    /// The line's id is taken.
    ItemIdTaken = "item_id_taken", "An item with this id is already on the order.";
    /// Not on this order's bill.
    UnknownParticipant = "unknown_participant", "This person is not on the bill.";
    /// The order is full of items.
    TooManyItems = "too_many_items", "The order cannot have more dishes.";
    /// The order is full of text, or of claims.
    OrderTooLarge = "order_too_large", "The order is too large.";
    /// The order is full of people.
    TooManyParticipants = "too_many_participants", "The order cannot have more people.";
    /// The total would pass its ceiling.
    TotalTooLarge = "total_too_large", "The order's total would be too large.";
    /// The command's id came with another command before.
    CommandIdReused = "command_id_reused", "Another command has already used this id.";
    /// The order remembers no more ids of commands.
    TooManyCommands = "too_many_commands", "The order cannot remember more command ids.";
    /// The order's log has reached its maximum size.
    LogFull = "log_full", "The order has reached its limit of changes; finalize it to pay.";
    /// The command could not be stored; nothing changed.
    StorageUnavailable = "storage_unavailable", "This could not be saved, and nothing has changed. Please try again.";
    /// It is not known whether the command was stored.
    StorageUncertain = "storage_uncertain", "This may not have been saved. Check the order before you try again.";
}

impl Code {
    /// Whether the message alone does not say which field is meant.
    fn is_about_any_field(self) -> bool {
        matches!(self, Self::MissingField | Self::BadField | Self::BadText)
    }
}

/// A refused message: what was wrong, and what was expected. The order is unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    code: Code,
    /// Boxed, so that a `Result` that is nearly always `Ok` stays small.
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

/// A limit that would be exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The limit.
    pub limit: Amount,
    /// How much of it is left; never negative.
    pub left: Amount,
    /// The currency of both amounts.
    pub currency: Currency,
}

impl Rejection {
    /// Creates a rejection with this code and no details.
    pub fn new(code: Code) -> Self {
        Self { code, details: Box::default() }
    }

    /// Creates the rejection of a command whose id was used for another command before.
    pub fn command_id_reused() -> Self {
        Self::new(Code::CommandIdReused).field("id").expected("the same message as before, or a new id")
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

    /// Says by how much the shares miss the total; negative if they exceed it.
    #[must_use]
    pub fn unallocated(mut self, amount: Amount, currency: Currency) -> Self {
        self.details.unallocated = Some((amount, currency));
        self
    }

    /// Says after how many milliseconds a retry may succeed.
    #[must_use]
    pub fn retry_after(mut self, ms: u64) -> Self {
        self.details.retry_after = Some(ms);
        self
    }

    /// Says which limit would be exceeded.
    #[must_use]
    pub fn limit(mut self, limit: Limit) -> Self {
        self.details.limit = Some(limit);
        self
    }

    /// The stable error code.
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

    /// By how much the shares miss the total.
    pub fn missing_amount(&self) -> Option<(Amount, Currency)> {
        self.details.unallocated
    }

    /// After how many milliseconds a retry may succeed.
    pub fn retry_after_ms(&self) -> Option<u64> {
        self.details.retry_after
    }

    /// The limit that would be exceeded.
    pub fn passed_limit(&self) -> Option<Limit> {
        self.details.limit
    }
}

impl fmt::Display for Rejection {
    /// Writes one or two sentences for the sender.
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
            .because("negative numbers are not allowed")
            .expected("a number from 0 to 9999999.99");
        assert_eq!(
            rejection.to_string(),
            "The price is not valid: negative numbers are not allowed. Expected: a number from 0 to 9999999.99."
        );
        let rejection =
            Rejection::new(Code::MissingField).field("data.dishName").expected("the name of a dish");
        assert_eq!(
            rejection.to_string(),
            "A field is missing (data.dishName). Expected: the name of a dish."
        );
    }
}
