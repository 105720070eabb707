//! Transfers between participants: what one pays back to another. The settlement, which says who owes whom, is in
//! [`payment`](crate::payment).

pub use crate::bill::Positions;
pub use crate::order::transfers::{MAX_TRANSFERS, RecordedTransfer, TransferStatus};
