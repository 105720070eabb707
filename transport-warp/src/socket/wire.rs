//! The frames of one connection, in both directions.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Message, Utf8Bytes};

use super::close::Close;
use super::frame_boundary::FrameBoundary;
use super::queue::{SLICES, SendQueue};
use super::settings::SocketSettings;

/// How many bytes are copied together for a connection that does not support vectored
/// writes.
const COPIED_TOGETHER_BYTES: usize = 16 * 1024;

/// How many pings and pongs may arrive between two clock ticks, which are at most a ping
/// interval apart. They cost the room nothing, but no honest client sends that many.
const MAX_CONTROL_FRAMES: u32 = 1_000;

/// What happened on the connection.
#[derive(Debug)]
pub(super) enum Event {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary(Bytes),
    /// There is room to write again.
    Room,
    /// The peer sent its close frame. Our answer is queued, unless we closed first.
    PeerCloses,
    /// The peer sent something that must end the connection.
    Fault(Close),
    /// The connection is gone.
    Gone,
}

/// A connection after its handshake. It waits only for the connection itself.
pub(super) struct Wire<IO> {
    io: IO,
    context: WebSocketContext,
    queue: SendQueue,
    max_message_bytes: usize,
    /// Whether bytes arrived since [`Wire::take_heard`].
    heard: bool,
    boundary: FrameBoundary,
    /// Since when a message is incomplete, and how many were complete then.
    unfinished: Option<(Instant, u64)>,
    /// Since when nothing is read: the rest of the message may already have arrived.
    paused: Option<Instant>,
    /// Pings and pongs since [`Wire::take_heard`].
    control_frames: u32,
    /// Since when the peer has read nothing of what waits for it.
    blocked_since: Option<Instant>,
    unflushed: bool,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    /// Makes one. `already_read` is what arrived together with the end of the handshake.
    pub(super) fn new(io: IO, already_read: &Bytes, settings: &SocketSettings) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(settings.read_buffer_bytes)
            // What tungstenite itself writes (pongs, close frames) goes straight to the queue.
            .write_buffer_size(0)
            .max_message_size(Some(settings.max_message_bytes))
            .max_frame_size(Some(settings.max_message_bytes));
        let context = if already_read.is_empty() {
            WebSocketContext::new(Role::Server, Some(config))
        } else {
            WebSocketContext::from_partially_read(already_read.to_vec(), Role::Server, Some(config))
        };
        let mut boundary = FrameBoundary::default();
        boundary.follow(already_read);
        Self {
            io,
            context,
            queue: SendQueue::new(settings.write_queue_bytes),
            max_message_bytes: settings.max_message_bytes,
            heard: false,
            boundary,
            unfinished: None,
            paused: None,
            control_frames: 0,
            blocked_since: None,
            unflushed: false,
        }
    }

    pub(super) fn queue(&mut self) -> &mut SendQueue {
        &mut self.queue
    }

    pub(super) fn has_room(&self) -> bool {
        self.queue.has_room()
    }

    /// Whether everything in the queue has been written to the connection.
    pub(super) fn is_written(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether anything arrived since the last call. Also resets the counts of control frames
    /// and fragments.
    pub(super) fn take_heard(&mut self) -> bool {
        self.control_frames = 0;
        self.boundary.forget_fragments();
        std::mem::take(&mut self.heard)
    }

    /// Since when the peer has read nothing. `None`: nothing waits for it.
    pub(super) fn blocked_since(&self) -> Option<Instant> {
        self.blocked_since
    }

    /// Since when a message is incomplete, if one is. Time in which nothing was read does not
    /// count.
    pub(super) fn unfinished_since(&self) -> Option<Instant> {
        self.unfinished.filter(|_| self.paused.is_none()).map(|(since, _)| since)
    }

    /// Notes whether a message is incomplete. Called when everything that was read has been
    /// processed.
    fn look_for_unfinished(&mut self) {
        let whole = self.boundary.whole();
        let paused = self.paused.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.unfinished = match self.unfinished {
            _ if self.boundary.is_empty() => None,
            Some((since, then)) if then == whole => Some((since + paused, whole)),
            Some(_) | None => Some((Instant::now(), whole)),
        };
    }

    /// Queues our close frame; nothing may be queued after it.
    pub(super) fn queue_close(&mut self, close: &Close) {
        // It fails if the peer closed first. Then our answer is queued already.
        drop(self.context.close(&mut QueueOnly(&mut self.queue), Some(close.to_frame())));
    }

    /// Writes the queue and, if `reading`, reads from the connection. Cancel-safe: nothing is
    /// lost when a call is dropped.
    pub(super) async fn event(&mut self, reading: bool) -> Event {
        std::future::poll_fn(|cx| self.poll_event(cx, reading)).await
    }

    /// Writes everything in the queue.
    pub(super) async fn write_out(&mut self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.poll_write_out(cx)).await
    }

    /// Returns the connection, to be closed.
    pub(super) fn into_io(self) -> IO {
        self.io
    }

    fn poll_event(&mut self, cx: &mut Context<'_>, reading: bool) -> Poll<Event> {
        loop {
            let was_full = !self.queue.has_room();
            let blocked = match self.poll_write_out(cx) {
                Poll::Ready(Ok(())) => false,
                Poll::Ready(Err(_)) => return Poll::Ready(Event::Gone),
                Poll::Pending => true,
            };
            if was_full && self.queue.has_room() {
                return Poll::Ready(Event::Room);
            }
            // While the peer does not read, it is not read from either: its pings and commands would
            // add to the queue.
            if !reading || !self.queue.has_room() {
                self.paused.get_or_insert_with(Instant::now);
                return Poll::Pending;
            }
            let mut both = ReadIntoQueue {
                io: &mut self.io,
                cx,
                queue: &mut self.queue,
                heard: &mut self.heard,
                boundary: &mut self.boundary,
            };
            match self.context.read(&mut both) {
                Ok(Message::Text(text)) => return Poll::Ready(Event::Text(text)),
                Ok(Message::Binary(bytes)) => return Poll::Ready(Event::Binary(bytes)),
                Ok(Message::Close(_)) => {
                    // Moves the answer into the queue. The "error" only says that the conversation is over.
                    drop(self.context.flush(&mut QueueOnly(&mut self.queue)));
                    return Poll::Ready(Event::PeerCloses);
                }
                // Pongs need nothing, and a ping's pong is queued by the next read.
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {
                    self.control_frames = self.control_frames.saturating_add(1);
                    if self.control_frames > MAX_CONTROL_FRAMES {
                        let reason = format!("more than {MAX_CONTROL_FRAMES} pings and pongs at once");
                        return Poll::Ready(Event::Fault(Close::not_allowed(reason)));
                    }
                }
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    if let Some(flood) = self.boundary.flood() {
                        return Poll::Ready(Event::Fault(Close::not_allowed(flood)));
                    }
                    self.look_for_unfinished();
                    self.shrink();
                    if blocked || self.queue.is_empty() {
                        return Poll::Pending;
                    }
                }
                Err(error) => {
                    let fault = Close::for_error(&error, self.max_message_bytes);
                    return Poll::Ready(fault.map_or(Event::Gone, Event::Fault));
                }
            }
        }
    }

    /// Replaces tungstenite's buffer between messages, because a buffer that once grew stays
    /// large. Called when everything that was read has been processed.
    fn shrink(&mut self) {
        // Once a close frame was sent or received, the context must keep that state.
        if !self.context.can_write() {
            return;
        }
        let Some(burst) = self.boundary.take_burst() else { return };
        let config = *self.context.get_config();
        // tungstenite reserves room for a whole frame in addition to what it already holds, so
        // growth begins at half the size.
        if burst > config.read_buffer_size as u64 / 2 {
            // A pong may still be held back in it.
            drop(self.context.flush(&mut QueueOnly(&mut self.queue)));
            self.context = WebSocketContext::new(Role::Server, Some(config));
        }
    }

    fn poll_write_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.queue.is_empty() {
            match self.poll_write_some(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => {
                    self.queue.advance(written);
                    self.unflushed = true;
                    self.blocked_since = None;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.blocked_since.get_or_insert_with(Instant::now);
                    return Poll::Pending;
                }
            }
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_some(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let filled = self.queue.fill(&mut slices);
        let slices = slices.get(..filled).unwrap_or_default();
        if self.io.is_write_vectored() || filled == 1 {
            return Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        }
        let mut together = Vec::with_capacity(COPIED_TOGETHER_BYTES);
        for slice in slices {
            let room = COPIED_TOGETHER_BYTES - together.len();
            together.extend_from_slice(slice.get(..room).unwrap_or(slice));
        }
        Pin::new(&mut self.io).poll_write(cx, &together)
    }
}

/// The stream that tungstenite uses: reads come from the connection, writes go to the queue
/// and never block.
struct ReadIntoQueue<'a, 'cx, IO> {
    io: &'a mut IO,
    cx: &'a mut Context<'cx>,
    queue: &'a mut SendQueue,
    heard: &'a mut bool,
    boundary: &'a mut FrameBoundary,
}

impl<IO: AsyncRead + Unpin> io::Read for ReadIntoQueue<'_, '_, IO> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.boundary.flood().is_some() {
            // tungstenite reads on until a message is complete. What came before the flood has been
            // processed.
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut buffer = ReadBuf::new(buffer);
        match Pin::new(&mut *self.io).poll_read(self.cx, &mut buffer) {
            Poll::Ready(result) => {
                result?;
                let read = buffer.filled();
                *self.heard |= !read.is_empty();
                self.boundary.follow(read);
                Ok(read.len())
            }
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl<IO> io::Write for ReadIntoQueue<'_, '_, IO> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        QueueOnly(self.queue).write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The same without reads. tungstenite writes whole frames: its own buffer is empty before
/// each of them, since a write to the queue takes everything.
struct QueueOnly<'a>(&'a mut SendQueue);

impl io::Read for QueueOnly<'_> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl io::Write for QueueOnly<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.push_ready_made(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
