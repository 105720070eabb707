//! Amounts, numbers, texts, ids and times: values that are checked when they are made.

mod amount;
mod currency;
mod ids;
pub mod number;
mod quantity;
mod seat;
pub mod text;
mod time;

pub use amount::{Amount, AmountError, Price, max_order_total};
pub use currency::{Currency, CurrencyError, MAX_MINOR_DIGITS};
pub use ids::{
    CommandId, IdError, ItemId, MAX_COMMAND_ID_BYTES, MAX_ID_BYTES, MAX_ITEM_ID_BYTES, OrderId,
    ParticipantId, PaymentId, TransferId,
};
pub use quantity::{MAX_QUANTITY, Quantity, QuantityError};
pub(crate) use seat::Seat;
pub use time::UnixMillis;
