//! How facts about transfers change the state document.

use super::changes::Changes;
use crate::fact::TransferFact;

pub(super) fn write(changes: &mut Changes<'_>, fact: &TransferFact) {
    match fact {
        TransferFact::Recorded(recorded) => changes.put_transfer(&recorded.transfer),
        TransferFact::Answered { transfer, .. } | TransferFact::Cancelled { transfer } => {
            changes.put_transfer(transfer);
        }
    }
}
