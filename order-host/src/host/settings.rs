//! The settings of a host.

use std::time::Duration;

use order_core::{Currency, Lifetimes, OrderBounds, Policy};

use crate::{Pace, ResumeKey};

/// The settings of a host and its rooms.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The currency of an order whose first participant names none.
    pub currency: Currency,
    /// The policy of an order whose first participant names none.
    pub policy: Policy,
    /// How long an idle order is kept open, and a finished one before it is archived.
    pub lifetimes: Lifetimes,
    /// The most that one order may hold. No more than the [default](OrderBounds::default) has an effect.
    pub bounds: OrderBounds,
    /// How long a room without sockets stays in memory, at least 10 ms.
    pub idle_unload: Duration,
    /// How many bytes may wait for one socket before it is sent the full state instead.
    pub outbox_bytes: usize,
    /// How many messages may wait for one room, at least 1. Beyond that, a socket that sends
    /// waits, and is not read meanwhile.
    pub room_queue: usize,
    /// The rate limit of one socket; `None` is no limit. A socket that sends faster is told to wait, and closed if it goes on.
    pub pace: Option<Pace>,
    /// The rate limit of one participant, for all their sockets of a room together; `None` is no limit.
    pub participant_pace: Option<Pace>,
    /// The largest size of one order's log, in bytes. `None`: no limit. The last eighth is
    /// reserved for its owner, for finalizing, for payments and for the back end. Default 64
    /// MiB.
    pub log_bytes: Option<u64>,
    /// How many bytes one participant may add to the log of an order, as a rate limit in bytes.
    /// `None`: no limit.
    pub participant_log: Option<Pace>,
    /// How many bytes of answers one participant may receive over all their sockets of an
    /// order, as a rate limit in bytes. `None`: no limit. It counts states, bills, checksums,
    /// pages of history, and the answers to joining and resuming. Work counts too, as 20 bytes
    /// a microsecond. One answer may exceed what is left.
    pub participant_answers: Option<Pace>,
    /// How many orders of one tenant may be in memory before no new one may begin. `None`: no
    /// limit. It applies where people sign in for a tenant. Existing orders can always be
    /// reached.
    pub rooms_per_tenant: Option<usize>,
    /// The key that makes and checks resume tokens.
    pub resume_key: ResumeKey,
}

impl Default for Settings {
    /// Rupees; everybody edits everything; no order ends by itself; rooms unload after a minute; one mebibyte may wait
    /// for a socket, 128 messages for a room; resume tokens hold as
    /// long as the process lives.
    fn default() -> Self {
        Self {
            currency: Currency::default(),
            policy: Policy::default(),
            lifetimes: Lifetimes::default(),
            bounds: OrderBounds::default(),
            idle_unload: Duration::from_secs(60),
            outbox_bytes: 1024 * 1024,
            room_queue: 128,
            pace: None,
            participant_pace: None,
            log_bytes: Some(64 * 1024 * 1024),
            participant_log: None,
            participant_answers: None,
            rooms_per_tenant: None,
            resume_key: ResumeKey::random(),
        }
    }
}
