//! An in-process bus over the Stonepot room loop, with seeded faults, for testing the
//! clients and services that order through it.
//!
//! A kitchen display, a till or a bot that follows an order talks to a server over a
//! socket. In its tests it talks to a [`Bus`]: the same protocol, the same rooms
//! ([`order_host`]), without sockets and without waiting.
//!
//! * [`Simulation`] combines everything from one seed; [`Client`] is one connection.
//! * [`Faults`] lose, duplicate, delay and cut off messages; [`FaultyLog`] makes any log
//!   fail; [`MortalLog`] models the crash of a process.
//! * [`ManualClock`] and [`SeededIds`] make times and ids deterministic. On tokio's
//!   single-threaded runtime with paused time, a seed replays byte for byte.
//! * [`Bus`] is a [`Transport`](order_host::Transport) for your own
//!   [`Host`](order_host::Host).
//!
//! ```
//! # use std::error::Error;
//! use order_host::RoomKey;
//! use transport_memory::{Faults, Simulation};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn Error>> {
//! let restaurant = Simulation::new(1, Faults::default());
//! let table = RoomKey::new("main", "table-7")?;
//! let (mut asha, mut ben) = (restaurant.connect(&table), restaurant.connect(&table));
//! asha.join("asha", "Asha").await?;
//! ben.join("ben", "Ben").await?;
//! ben.send(r#"{"type":"add_item","data":{"dishName":"Thali","price":99.99,"quantity":1}}"#).await?;
//! let seen = asha.recv_until("item_added").await?.json();
//! assert_eq!(seen["data"]["item"]["addedBy"], "ben");
//! assert_eq!(seen["data"]["orderState"]["splits"][0]["amount"], 50);
//! # Ok(())
//! # }
//! ```
//!
//! `examples/waiter.rs` is a small service with its own tests under faults.
#![forbid(unsafe_code)]

mod bus;
mod client;
mod clock;
mod dice;
mod faults;
mod faulty_log;
mod ids;
mod link;
mod message;
mod mortal_log;
mod simulation;

pub use bus::Bus;
pub use client::{Client, Closed, NotHeard};
pub use clock::ManualClock;
pub use dice::Dice;
pub use faults::{AppendFault, Faults, LinkFaults, LogFaults};
pub use faulty_log::FaultyLog;
pub use ids::SeededIds;
pub use message::Message;
pub use mortal_log::MortalLog;
pub use simulation::Simulation;
