//! Transports, which connect diners to a host.

use async_trait::async_trait;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::Host;

/// Carries messages between a host and its clients: over WebSockets, in memory, or any other way.
#[async_trait]
pub trait Transport: Send {
    /// Serves `host` until `stop` is cancelled. Then accepts no new clients, drains the host so
    /// that everything accepted is stored and shown, and returns.
    ///
    /// # Errors
    /// When it cannot continue to serve.
    async fn run(self: Box<Self>, host: Host, stop: CancellationToken) -> Result<(), TransportError>;
}

/// The reason why a transport stopped by itself.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct TransportError(
    /// What went wrong, for the operator.
    pub String,
);
