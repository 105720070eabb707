//! The second protocol, `stonepot.v2`: a change is one small event instead of the whole order, and every command is
//! answered by its id.
//!
//! A client holds the [state document](state_text) and folds each event into it: `set` replaces
//! fields, `put` replaces the entries of a list that have the same `id` or appends them,
//! `remove` takes entries out, and `seq` and `updatedAt` become the event's `seq` and `at`. The
//! result equals the document of the later order byte for byte; a client can check that with
//! [`checksum`]. Events and states also have a `cursor`, which is not part of the document: a
//! token of the host with which a returning client says where it left off.

mod answer;
mod event;
mod inbound;
mod state;

pub use answer::{Welcome, ack, bill, checksum_answer, history, presence, reject, seat_code, state, welcome};
pub use event::event;
pub use inbound::{decode, decode_from};
pub use state::{checksum, state_text};
