//! What a socket talks to.

use std::future::Future;

use bytes::Bytes;

use super::Close;

/// One thing to send to the peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerMessage {
    /// A text message in pieces that follow each other, of which some may be empty; together they must be UTF-8. They
    /// are written without being copied, so that sockets can share them.
    Text(Box<[Bytes]>),
    /// A binary message.
    Binary(Bytes),
    /// The end: the peer gets this close frame and nothing after it.
    Close(Close),
}

impl PeerMessage {
    /// A text message in one piece; the bytes must be UTF-8.
    pub fn text(whole: impl Into<Bytes>) -> Self {
        Self::Text([whole.into()].into())
    }
}

/// The other side of a socket. Dropping it is how it learns that the socket is gone.
///
/// A socket calls `receive` for one message at a time and reads no further until it returns, which is how a
/// busy session slows its peer down. It calls `next` only while there is room to write.
pub trait Session: Send + Sync {
    /// A text message arrived.
    fn receive(&self, text: &str) -> impl Future<Output = ()> + Send;

    /// A binary message arrived.
    fn receive_binary(&self, bytes: Bytes) -> impl Future<Output = ()> + Send;

    /// The next thing to send. Must be cancel-safe: a call that is dropped before it is ready loses nothing.
    fn next(&self) -> impl Future<Output = PeerMessage> + Send;

    /// What [`Session::next`] would give at once, so that many messages become one write.
    fn try_next(&self) -> Option<PeerMessage>;
}
