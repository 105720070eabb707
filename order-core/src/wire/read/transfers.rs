//! Commands about transfers between participants.

use crate::command::{RecordTransfer, TransferCommand};
use crate::rejection::{Code, Rejection};
use crate::value::text::{MAX_LABEL_CHARS, MAX_METHOD_CHARS};
use crate::wire::fields::{boolean, item_id, optional, participant};
use crate::wire::json::Object;
use crate::{ItemId, TransferId};

pub(super) fn record(
    data: &Object<'_>,
    fresh_id: impl FnOnce() -> ItemId,
) -> Result<TransferCommand, Rejection> {
    Ok(TransferCommand::Record(RecordTransfer {
        transfer: item_id(data, "transferId")?.unwrap_or_else(fresh_id).into(),
        to: participant(data, "to")?,
        amount: data.number("amount", Code::BadTransfer, "an amount above 0")?,
        method: optional(data, "method", MAX_METHOD_CHARS)?,
        reference: optional(data, "reference", MAX_LABEL_CHARS)?,
    }))
}

pub(super) fn answer(data: &Object<'_>) -> Result<TransferCommand, Rejection> {
    Ok(TransferCommand::Answer { transfer: existing(data)?, confirmed: boolean(data, "confirmed")? })
}

pub(super) fn cancel(data: &Object<'_>) -> Result<TransferCommand, Rejection> {
    Ok(TransferCommand::Cancel { transfer: existing(data)? })
}

fn existing(data: &Object<'_>) -> Result<TransferId, Rejection> {
    let id = item_id(data, "transferId")?;
    id.map(TransferId::from).ok_or_else(|| data.missing("transferId", "the id of a transfer on the order"))
}
