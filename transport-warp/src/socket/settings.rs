//! The bounds of one socket.

use std::time::Duration;

/// The memory and time limits of one socket. The defaults suit phones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketSettings {
    /// The largest message that is accepted, in bytes; a larger one ends the socket with 1009. Default 256 KiB.
    pub max_message_bytes: usize,
    /// The read buffer that every socket holds at all times, in bytes. Default 2 KiB.
    pub read_buffer_bytes: usize,
    /// When this many bytes wait to be written, nothing more is taken from the session or read
    /// from the peer until some are written. One message may exceed it. Default 64 KiB.
    pub write_queue_bytes: usize,
    /// How often a ping is sent. A peer that leaves two of them unanswered is dropped. Default
    /// 25 s.
    pub ping_interval: Duration,
    /// How long a peer may read nothing of what waits for it before it is dropped. Default 30
    /// s; it is checked when a ping is due, so a peer may stay for up to one ping interval
    /// longer.
    pub write_timeout: Duration,
    /// How long a message may take to arrive, from its first byte to its last, before its
    /// sender is closed with 1008. Default 30 s; it is checked when a ping is due, as above.
    pub message_timeout: Duration,
    /// How long the close handshake may take: the peer's close frame, and then its end of the
    /// connection. Default 5 s.
    pub close_timeout: Duration,
}

impl Default for SocketSettings {
    fn default() -> Self {
        Self {
            max_message_bytes: 256 * 1024,
            read_buffer_bytes: 2 * 1024,
            write_queue_bytes: 64 * 1024,
            ping_interval: Duration::from_secs(25),
            write_timeout: Duration::from_secs(30),
            message_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(5),
        }
    }
}
