//! Who is asked before somebody new joins an order.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Asked before somebody joins an order who was never part of it. A transport that knows from where a socket comes bounds with it
/// how many come from there. Cheap to clone; every clone is the same door.
#[derive(Clone)]
pub struct Door(Arc<dyn Fn() -> Result<(), NotYet> + Send + Sync>);

/// Somebody may not join yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotYet {
    /// What the bound is, in words for whoever wants to join.
    pub bound: String,
    /// When to try again.
    pub wait: Duration,
}

impl Door {
    /// A door at which this is asked, once for everybody who is new.
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

/// Whether they are the same door.
impl PartialEq for Door {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Door {}
