//! The first protocol: every change sends the whole order.

mod answer;
mod event;
mod message;
mod presence;
mod state;

pub use answer::{ack, error, history, seat_code};
pub use event::{fact_message, fact_messages, joined};
pub use presence::{presence_changed, sync};
pub(super) use state::StateWriter;
pub use state::public_view;
