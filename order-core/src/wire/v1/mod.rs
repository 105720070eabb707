//! The first protocol: every change sends the whole order.

pub(super) mod event;
pub(super) mod state;

pub use event::{ack, error, fact_message, joined, presence_changed, sync};
pub use state::public_view;
