//! How much of what was read has come out again as messages.

use tungstenite::Message;

/// Tells when tungstenite holds nothing of what was read.
#[derive(Debug)]
pub(super) struct Inflow {
    /// Bytes that were read, less those of the frames whose messages came out. A message in fragments counts as one
    /// frame, which is never more than its fragments were: so this is never too small, and at 0 nothing is held.
    unaccounted: u64,
    /// A message came out that was larger than the read buffer.
    outgrown: bool,
}

impl Inflow {
    /// `already_read` bytes were there from the beginning.
    pub(super) fn new(already_read: u64) -> Self {
        Self { unaccounted: already_read, outgrown: false }
    }

    /// So many bytes were read.
    pub(super) fn read(&mut self, bytes: u64) {
        self.unaccounted = self.unaccounted.saturating_add(bytes);
    }

    /// This message came out.
    pub(super) fn account(&mut self, message: &Message, read_buffer_bytes: usize) {
        if message.is_close() {
            // Nothing comes after it.
            return;
        }
        let body = message.len();
        // A client's frame: two bytes, the length if it is longer, and four of mask.
        let head = match body {
            0..126 => 6,
            126..=0xffff => 8,
            _ => 14,
        };
        self.unaccounted = self.unaccounted.saturating_sub(head + body as u64);
        self.outgrown |= body > read_buffer_bytes;
    }

    /// Whether a message was larger than the read buffer, and nothing of any message is held now.
    pub(super) fn is_outgrown_and_empty(&self) -> bool {
        self.outgrown && self.unaccounted == 0
    }
}
