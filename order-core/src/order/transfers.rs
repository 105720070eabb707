//! Transfers between two participants: what one pays another for what the other paid.

use crate::order::people::Seat;
use crate::value::text::Text;
use crate::{Amount, TransferId, UnixMillis};

/// The maximum number of transfers of one order, whatever became of them.
pub const MAX_TRANSFERS: usize = 1_000;
/// One participant may record at most one in this many of the transfers that are left, so that one who records without
/// end leaves room for the others.
const FAIR_PART: usize = 4;

/// What became of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransferStatus {
    /// The receiver has not answered. Its amount cannot be recorded again meanwhile.
    Pending,
    /// The receiver has it.
    Confirmed,
    /// The receiver does not have it.
    Denied,
    /// The sender took it back before it was answered.
    Cancelled,
}

impl TransferStatus {
    /// The status's name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A transfer that its sender has recorded. Only a confirmed one counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedTransfer {
    pub(crate) id: TransferId,
    pub(crate) from: Seat,
    pub(crate) to: Seat,
    pub(crate) amount: Amount,
    pub(crate) method: Option<Text>,
    pub(crate) reference: Option<Text>,
    pub(crate) status: TransferStatus,
    pub(crate) recorded_at: UnixMillis,
}

impl RecordedTransfer {
    /// The transfer's id.
    pub fn id(&self) -> &TransferId {
        &self.id
    }

    /// How much the sender says that they gave.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// How it was given, such as `upi`.
    pub fn method(&self) -> Option<&Text> {
        self.method.as_ref()
    }

    /// A reference in another system, such as a transaction number.
    pub fn reference(&self) -> Option<&Text> {
        self.reference.as_ref()
    }

    /// What became of it.
    pub fn status(&self) -> TransferStatus {
        self.status
    }

    /// When it was recorded.
    pub fn recorded_at(&self) -> UnixMillis {
        self.recorded_at
    }
}

/// The transfers of an order, from the first one on. Most orders have none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Transfers {
    /// In the order in which they were recorded.
    pub(crate) list: Vec<RecordedTransfer>,
}

impl Transfers {
    /// Whether a participant may record one more of `transfers`.
    pub(crate) fn has_room(transfers: &[RecordedTransfer], by: Seat) -> bool {
        let own = transfers.iter().filter(|transfer| transfer.from == by).count();
        own < MAX_TRANSFERS.saturating_sub(transfers.len()).div_ceil(FAIR_PART)
    }
}
