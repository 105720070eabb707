//! The trait for what a socket talks to.

use std::future::Future;

use bytes::Bytes;

use super::Close;

/// A message to send to the peer, or the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerMessage {
    /// A text message in consecutive pieces, of which some may be empty; together they must be
    /// UTF-8. They are written without copying, so that sockets can share them.
    Text(Box<[Bytes]>),
    /// A binary message.
    Binary(Bytes),
    /// The end: the peer gets this close frame and nothing after it.
    Close(Close),
}

impl PeerMessage {
    /// Makes a text message of one piece; the bytes must be UTF-8.
    pub fn text(whole: impl Into<Bytes>) -> Self {
        Self::Text([whole.into()].into())
    }
}

/// The application's side of a socket. It is dropped when the socket is gone.
///
/// A socket calls `receive` for one message at a time and reads no further until it
/// returns, so a busy session applies backpressure to its peer. It calls `next` only while
/// there is room to write.
pub trait Session: Send + Sync {
    /// Handles a text message.
    fn receive(&self, text: &str) -> impl Future<Output = ()> + Send;

    /// Handles a binary message.
    fn receive_binary(&self, bytes: Bytes) -> impl Future<Output = ()> + Send;

    /// Returns the next message to send. Must be cancel-safe: a call that is dropped before it
    /// is ready loses nothing.
    fn next(&self) -> impl Future<Output = PeerMessage> + Send;

    /// Returns the next message if it is ready now, so that many messages become one write.
    fn try_next(&self) -> Option<PeerMessage>;
}
