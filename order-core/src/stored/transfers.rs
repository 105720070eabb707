//! The stored form of facts about transfers, and of a transfer of an order.

use serde::{Deserialize, Serialize};

use super::fact::StoredFact;
use super::value::owned;
use super::version::StoredError;
use crate::fact::{TransferFact, TransferRecorded};
use crate::order::people::Seat;
use crate::order::transfers::{RecordedTransfer, TransferStatus, Transfers};
use crate::value::text::Text;
use crate::{Amount, ParticipantId, TransferId, UnixMillis};

/// A transfer in a fact.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredTransferRecorded {
    transfer: String,
    from: String,
    to: String,
    /// Minor units.
    amount: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredTransferAnswered {
    transfer: String,
    confirmed: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredTransferCancelled {
    transfer: String,
}

/// The transfers of an order.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredTransfers {
    list: Vec<StoredTransfer>,
}

#[derive(Serialize, Deserialize)]
struct StoredTransfer {
    id: String,
    /// An index into `people`, as is `to`.
    from: usize,
    to: usize,
    /// Minor units.
    amount: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    status: StoredTransferStatus,
    at: u64,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredTransferStatus {
    Pending,
    Confirmed,
    Denied,
    Cancelled,
}

pub(super) fn store(fact: &TransferFact) -> StoredFact {
    match fact {
        TransferFact::Recorded(recorded) => StoredFact::TransferRecorded(StoredTransferRecorded {
            transfer: recorded.transfer.as_str().to_owned(),
            from: recorded.from.as_str().to_owned(),
            to: recorded.to.as_str().to_owned(),
            amount: recorded.amount.minor_units(),
            method: recorded.method.as_ref().map(owned),
            reference: recorded.reference.as_ref().map(owned),
        }),
        TransferFact::Answered { transfer, confirmed } => {
            StoredFact::TransferAnswered(StoredTransferAnswered {
                transfer: transfer.as_str().to_owned(),
                confirmed: *confirmed,
            })
        }
        TransferFact::Cancelled { transfer } => {
            StoredFact::TransferCancelled(StoredTransferCancelled { transfer: transfer.as_str().to_owned() })
        }
    }
}

impl StoredTransferRecorded {
    pub(super) fn read(&self) -> TransferFact {
        TransferFact::Recorded(TransferRecorded {
            transfer: TransferId::from_stored(&self.transfer),
            from: ParticipantId::from_stored(&self.from),
            to: ParticipantId::from_stored(&self.to),
            amount: Amount::from_minor_units(self.amount),
            method: self.method.as_deref().map(Text::from_stored),
            reference: self.reference.as_deref().map(Text::from_stored),
        })
    }
}

impl StoredTransferAnswered {
    pub(super) fn read(&self) -> TransferFact {
        TransferFact::Answered {
            transfer: TransferId::from_stored(&self.transfer),
            confirmed: self.confirmed,
        }
    }
}

impl StoredTransferCancelled {
    pub(super) fn read(&self) -> TransferFact {
        TransferFact::Cancelled { transfer: TransferId::from_stored(&self.transfer) }
    }
}

impl From<TransferStatus> for StoredTransferStatus {
    fn from(status: TransferStatus) -> Self {
        match status {
            TransferStatus::Pending => Self::Pending,
            TransferStatus::Confirmed => Self::Confirmed,
            TransferStatus::Denied => Self::Denied,
            TransferStatus::Cancelled => Self::Cancelled,
        }
    }
}

impl From<StoredTransferStatus> for TransferStatus {
    fn from(status: StoredTransferStatus) -> Self {
        match status {
            StoredTransferStatus::Pending => Self::Pending,
            StoredTransferStatus::Confirmed => Self::Confirmed,
            StoredTransferStatus::Denied => Self::Denied,
            StoredTransferStatus::Cancelled => Self::Cancelled,
        }
    }
}

impl From<&Transfers> for StoredTransfers {
    fn from(transfers: &Transfers) -> Self {
        let list = transfers.list.iter().map(|transfer| StoredTransfer {
            id: transfer.id.as_str().to_owned(),
            from: transfer.from.0,
            to: transfer.to.0,
            amount: transfer.amount.minor_units(),
            method: transfer.method.as_ref().map(owned),
            reference: transfer.reference.as_ref().map(owned),
            status: transfer.status.into(),
            at: transfer.recorded_at.get(),
        });
        Self { list: list.collect() }
    }
}

impl StoredTransfers {
    pub(super) fn read(
        &self,
        seat: impl Fn(usize) -> Result<Seat, StoredError>,
    ) -> Result<Transfers, StoredError> {
        let list = self.list.iter().map(|transfer| {
            Ok(RecordedTransfer {
                id: TransferId::from_stored(&transfer.id),
                from: seat(transfer.from)?,
                to: seat(transfer.to)?,
                amount: Amount::from_minor_units(transfer.amount),
                method: transfer.method.as_deref().map(Text::from_stored),
                reference: transfer.reference.as_deref().map(Text::from_stored),
                status: transfer.status.into(),
                recorded_at: UnixMillis::new(transfer.at),
            })
        });
        Ok(Transfers { list: list.collect::<Result<_, StoredError>>()? })
    }
}
