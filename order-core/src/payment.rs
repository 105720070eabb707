//! What has been paid of an order's bill, and who owes whom.

pub use crate::bill::{Balance, Balances, ShareStatus, Transfer, settlement};
pub use crate::order::payments::{
    MAX_PAYMENT_PARTS, MAX_PAYMENTS, MAX_REFUNDS, Payment, PaymentStatus, Refund,
};
