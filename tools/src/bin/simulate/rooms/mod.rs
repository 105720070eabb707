//! A simulation of whole rooms: clients of both protocols at one table, on virtual time,
//! while messages are lost, duplicated, overtaken and delayed, connections break, the
//! storage fails, the server crashes and its clock jumps. Everything follows from a seed
//! and a room's number. Afterwards the room's log is compared with everything that any
//! client was shown and told.

mod disasters;
mod document;
mod ear;
mod ear_v1;
mod ear_v2;
mod evidence;
pub(crate) mod ledger;
mod money;
mod oracle;
pub(crate) mod outcome;
mod phone;
pub(crate) mod plan;
mod room;
pub(crate) mod run;
mod waiting;
mod wishes;
mod world;

pub(crate) use room::live_through;
