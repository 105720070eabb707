//! The protocol's JSON: converts client messages to [`Command`](crate::Command)s and facts to
//! messages.
//!
//! Numbers are read from and written as text; no amount ever becomes a double.

mod bill;
mod fields;
mod frame;
mod history;
mod inbound;
mod json;
mod read;
mod v1;
pub mod v2;
mod write;
mod written;

pub use bill::{BillLine, MAX_BILL_ITEMS, MAX_BILL_PEOPLE, RefusedBill};
pub use frame::{Frame, SharedText};
pub use history::{HistoryPage, MAX_HISTORY_PAGE, history_document, history_entry};
pub use inbound::{CommandMessage, Inbound, Refused, Request, decode, decode_command, decode_from};
pub use json::{MAX_DEPTH, MAX_KEYS};
pub use v1::{
    ack, error, fact_message, fact_messages, history, joined, presence_changed, public_view, seat_code, sync,
};
pub(crate) use written::{ItemText, PersonText, Texts};
