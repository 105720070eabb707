//! Payments: who may record them, whose shares they pay, what is refused, and what is given back.

mod actors;
mod bounds;
mod changes;
mod excess;
mod forms;
mod parts;
mod pending;
mod refunds;
