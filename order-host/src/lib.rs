//! The async room loop that every Stonepot transport shares.
//!
//! The order, its rules and its money are in [`order_core`], which does no I/O. This crate
//! runs orders: one task owns each room. For each message it decides, appends the fact to
//! the [`log`] durably, commits it, and only then shows it to the table. Nothing is shown
//! before it is stored.
//!
//! * [`Host`] holds the rooms; [`Host::connect`] opens a [`Connection`] for a socket.
//! * [`log::RoomLog`] stores the facts: [`log::MemoryLog`], or [`log::SqliteLog`] (feature
//!   `sqlite`).
//! * [`Transport`] carries messages; [`Clock`] and [`Ids`] supply time and fresh ids.
//!
//! The source is in seven folders:
//!
//! | folder | what is there |
//! |---|---|
//! | `host` | the host, what its rooms share, the registry of rooms, settings |
//! | `connection` | one socket: how it opens, who it is, what waits to be sent to it |
//! | `room` | the task that owns one order: judging, storing, showing, its members |
//! | `history` | reading an order without its room: pages of history, and glances at it |
//! | `limits` | rate limits, budgets, and places of which there are only so many |
//! | `time` | the clock, and waking rooms when a deadline comes |
//! | `log` | where facts are stored |
#![forbid(unsafe_code)]

mod connection;
mod history;
mod host;
mod limits;
pub mod log;
mod room;
mod time;

pub use connection::Connection;
pub use connection::identity::{Access, Identity};
pub use connection::opening::{Opening, Protocol};
pub use connection::outgoing::{CloseReason, Outgoing};
pub use connection::pieces::Pieces;
pub use connection::resume::ResumeKey;
pub use history::HistoryError;
pub use history::cursor::Cursor;
pub use host::Host;
pub use host::ids::{Ids, RandomIds};
pub use host::room_key::{MAX_NAME_BYTES, RoomKey, RoomKeyError};
pub use host::settings::Settings;
pub use host::transport::{Transport, TransportError};
pub use limits::counted::{Counted, Ticket};
pub use limits::door::{Door, NotYet};
pub use limits::pace::Pace;
pub use limits::volume::Allowance;
pub use time::{Clock, SystemClock};
