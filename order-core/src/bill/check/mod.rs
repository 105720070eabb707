//! Checks that what is on a bill can be divided, and the refusals where it cannot.

mod bases;
mod charges;
mod claims;
mod split;

pub(crate) use bases::{CheckedCharge, check_bases};
pub(super) use charges::check_charges;
pub(crate) use charges::{check_number, check_shares_coin};
pub(crate) use claims::check_claims;
pub(super) use claims::check_ids;
pub(crate) use split::does_not_cover;

use crate::rejection::{Code, Rejection};

/// The refusal of an id that is not on the bill.
pub(super) fn unknown_participant() -> Rejection {
    Rejection::new(Code::UnknownParticipant).expected("ids of people on the bill")
}
