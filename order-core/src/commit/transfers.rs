//! Applies facts about transfers between participants.

use super::CommitError;
use crate::fact::{Recorded, TransferFact, TransferRecorded};
use crate::order::Order;
use crate::order::transfers::{RecordedTransfer, TransferStatus};
use crate::{ParticipantId, TransferId};

/// Applies a fact about a transfer.
pub(super) fn apply(order: &mut Order, recorded: &Recorded, fact: &TransferFact) -> Result<(), CommitError> {
    match fact {
        TransferFact::Recorded(new) => record(order, recorded, new),
        TransferFact::Answered { transfer, confirmed } => {
            let status = if *confirmed { TransferStatus::Confirmed } else { TransferStatus::Denied };
            set_status(order, transfer, status)
        }
        TransferFact::Cancelled { transfer } => set_status(order, transfer, TransferStatus::Cancelled),
    }
}

fn record(order: &mut Order, recorded: &Recorded, new: &TransferRecorded) -> Result<(), CommitError> {
    if order.transfer(&new.transfer).is_some() {
        return Err(CommitError::TransferExists);
    }
    let seat = |id: &ParticipantId| order.seat_of(id).ok_or(CommitError::UnknownPerson);
    let transfer = RecordedTransfer {
        id: new.transfer.clone(),
        from: seat(&new.from)?,
        to: seat(&new.to)?,
        amount: new.amount,
        method: new.method.clone(),
        reference: new.reference.clone(),
        status: TransferStatus::Pending,
        recorded_at: recorded.at,
    };
    order.transfers.get_or_insert_default().list.push(transfer);
    Ok(())
}

fn set_status(order: &mut Order, id: &TransferId, status: TransferStatus) -> Result<(), CommitError> {
    let mut transfers = order.transfers.iter_mut().flat_map(|transfers| &mut transfers.list);
    let transfer = transfers.find(|transfer| transfer.id == *id).ok_or(CommitError::UnknownTransfer)?;
    transfer.status = status;
    Ok(())
}
