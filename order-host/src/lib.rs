//! The async room loop that every Stonepot transport shares.
//!
//! The order itself, its rules and its money are in [`order_core`], which does no I/O. This crate runs orders:
//! one task owns a room and, for each message, decides, appends the fact to the [`log`] durably, commits it,
//! and only then shows it to the table. Nobody sees what is not stored.
//!
//! * [`Host`] holds the rooms; [`Host::connect`] gives a socket its [`Connection`].
//! * [`log::RoomLog`] is where facts are stored: [`log::MemoryLog`], or [`log::SqliteLog`] (feature `sqlite`).
//! * [`Transport`] is what carries messages; [`Clock`] and [`Ids`] are where time and fresh ids come from.

#![forbid(unsafe_code)]

mod aside;
mod before_join;
mod clock;
mod connection;
mod counted;
mod door;
mod expiry;
mod glances;
mod history;
mod host;
mod identity;
mod ids;
mod input;
pub mod log;
mod opening;
mod outbox;
mod pace;
mod pieces;
mod resume;
mod room;
mod room_key;
mod rooms;
mod settings;
mod shared;
mod time;
mod transport;
mod volume;

pub use clock::{Clock, SystemClock};
pub use connection::Connection;
pub use counted::{Counted, Ticket};
pub use door::{Door, NotYet};
pub use history::HistoryError;
pub use host::Host;
pub use identity::{Access, Identity};
pub use ids::{Ids, RandomIds};
pub use opening::{Opening, Protocol};
pub use outbox::{CloseReason, Outgoing};
pub use pace::Pace;
pub use pieces::Pieces;
pub use resume::ResumeKey;
pub use room_key::{MAX_NAME_BYTES, RoomKey, RoomKeyError};
pub use settings::Settings;
pub use transport::{Transport, TransportError};
pub use volume::Allowance;
