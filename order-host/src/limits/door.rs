//! Doors, which are asked before somebody new joins an order.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use order_core::{Code, Rejection};

/// A check that is asked before a new participant joins an order. A transport that knows
/// where a socket comes from uses it to limit new participants from one place. Cheap to
/// clone; every clone is the same door.
#[derive(Clone)]
pub struct Door(Arc<dyn Fn() -> Result<(), NotYet> + Send + Sync>);

/// The refusal of something that may be done later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotYet {
    /// The limit, in words for the person who has reached it.
    pub bound: String,
    /// How long to wait before trying again.
    pub wait: Duration,
}

impl NotYet {
    /// Returns the rejection that is sent to the client.
    pub(crate) fn rejection(&self) -> Rejection {
        let wait = u64::try_from(self.wait.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        Rejection::new(Code::RateLimited).expected(self.bound.clone()).retry_after(wait)
    }
}

impl Door {
    /// A door that asks this, once for each new person.
    pub fn new(ask: impl Fn() -> Result<(), NotYet> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    pub(crate) fn ask(&self) -> Result<(), NotYet> {
        (self.0)()
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Door")
    }
}

/// Two doors are equal if they are clones of the same door.
impl PartialEq for Door {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Door {}
