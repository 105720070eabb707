//! Serves one socket, from the handshake to the close.

use std::pin::pin;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::debug;
use tungstenite::Utf8Bytes;

use super::close::Close;
use super::keepalive::{Due, Keepalive};
use super::session::{PeerMessage, Session};
use super::settings::SocketSettings;
use super::wire::{Event, Wire};

/// After a violation, a peer may send at most as many bytes as this many messages. They are
/// discarded.
const DISCARDED_MESSAGES: usize = 64;

/// How a conversation ended; decides how the socket is closed.
#[derive(Debug)]
enum Ending {
    /// The peer sent its close frame; the answer is queued.
    PeerClosed,
    /// The session ended it.
    SessionClosed(Close),
    /// The peer violated the protocol. Frames can no longer be told apart, so its own close
    /// frame is not awaited.
    Fault(Close),
    /// The connection broke.
    Gone,
    /// Pings stayed unanswered.
    Silent,
    /// The peer read nothing of what waited for it.
    Stalled,
}

enum Incoming {
    Text(Utf8Bytes),
    Binary(Bytes),
}

/// Drives one socket until it ends: passes incoming messages to `session` and writes its
/// outgoing ones.
///
/// `already_read` is what arrived together with the end of the handshake. `session` is
/// dropped when the conversation is over, before the close handshake, so that nothing waits
/// for a peer that is slow to close.
pub async fn serve_socket<IO, S>(io: IO, already_read: Bytes, session: S, settings: &SocketSettings)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send,
    S: Session,
{
    let mut wire = Wire::new(io, &already_read, settings);
    drop(already_read);
    let ending = converse(&mut wire, &session, settings).await;
    drop(session);
    debug!(?ending, "a socket ended");
    // Boxed: an open socket should not reserve room for its closing.
    let goodbye = Box::pin(say_goodbye(wire, ending, settings.max_message_bytes));
    // A peer that takes longer is cut off.
    drop(timeout(settings.close_timeout, goodbye).await);
}

async fn converse<IO, S>(wire: &mut Wire<IO>, session: &S, settings: &SocketSettings) -> Ending
where
    IO: AsyncRead + AsyncWrite + Unpin,
    S: Session,
{
    let mut keepalive = Keepalive::new(settings.ping_interval, Instant::now(), rand::random());
    let mut clock = pin!(sleep_until(keepalive.next()));
    // The message that the session is processing. Nothing more is read meanwhile, but writing
    // continues.
    let mut delivery = pin!(None);
    loop {
        let delivering = delivery.is_some();
        tokio::select! {
            () = finished(delivery.as_mut()), if delivering => delivery.set(None),
            event = wire.event(!delivering) => match event {
                Event::Text(text) => delivery.set(Some(deliver(session, Incoming::Text(text)))),
                Event::Binary(bytes) => delivery.set(Some(deliver(session, Incoming::Binary(bytes)))),
                Event::Room => {}
                Event::PeerCloses => return Ending::PeerClosed,
                Event::Fault(close) => {
                    // Answers to earlier messages are still sent, if they are ready.
                    write_ready(wire, session);
                    return Ending::Fault(close);
                }
                Event::Gone => return Ending::Gone,
            },
            outgoing = session.next(), if wire.has_room() => {
                // Everything else that is ready goes into the same write.
                if let Some(close) = write(wire, outgoing).or_else(|| write_ready(wire, session)) {
                    return Ending::SessionClosed(close);
                }
            }
            () = clock.as_mut() => {
                let now = Instant::now();
                let given_up = wire.blocked_since().map(|since| since + settings.write_timeout);
                if given_up.is_some_and(|at| at <= now) {
                    return Ending::Stalled;
                }
                let overdue = wire.unfinished_since().map(|since| since + settings.message_timeout);
                if overdue.is_some_and(|at| at <= now) {
                    let longest = settings.message_timeout;
                    return Ending::Fault(Close::not_allowed(format!("a message took longer than {longest:?} to arrive")));
                }
                if wire.take_heard() {
                    keepalive.heard();
                }
                match keepalive.ring(now, !delivering && wire.is_written()) {
                    Due::Ping => wire.queue().push_ping(),
                    Due::Wait => {}
                    Due::GiveUp => return Ending::Silent,
                }
                let others = given_up.into_iter().chain(overdue);
                clock.as_mut().reset(others.fold(keepalive.next(), Instant::min));
            }
        }
    }
}

/// Queues one message, or returns the close frame if it is one.
fn write<IO: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<IO>, outgoing: PeerMessage) -> Option<Close> {
    match outgoing {
        PeerMessage::Text(body) => wire.queue().push_text(body),
        PeerMessage::Binary(body) => wire.queue().push_binary(body),
        PeerMessage::Close(close) => return Some(close),
    }
    None
}

/// Queues the messages that are ready now, while there is room.
fn write_ready<IO, S>(wire: &mut Wire<IO>, session: &S) -> Option<Close>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    S: Session,
{
    while wire.has_room() {
        let close = write(wire, session.try_next()?);
        if close.is_some() {
            return close;
        }
    }
    None
}

/// Delivers one message. Owns the message, so that it can wait while the socket continues
/// to write.
async fn deliver<S: Session>(session: &S, incoming: Incoming) {
    match incoming {
        Incoming::Text(text) => session.receive(&text).await,
        Incoming::Binary(bytes) => session.receive_binary(bytes).await,
    }
}

/// Waits for the future in the slot, which is never empty here.
async fn finished<F: Future<Output = ()>>(slot: std::pin::Pin<&mut Option<F>>) {
    if let Some(future) = slot.as_pin_mut() {
        future.await;
    }
}

async fn say_goodbye<IO>(mut wire: Wire<IO>, ending: Ending, max_message_bytes: usize)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let (close, heard_out) = match ending {
        Ending::PeerClosed => (None, true),
        Ending::SessionClosed(close) => (Some(close), false),
        Ending::Fault(close) => return end_after_fault(wire, &close, max_message_bytes).await,
        Ending::Gone | Ending::Silent | Ending::Stalled => return,
    };
    if let Some(close) = &close {
        wire.queue_close(close);
    }
    if wire.write_out().await.is_err() {
        return;
    }
    if !heard_out {
        // Until its own close frame, a peer may finish what it has begun to send.
        while !matches!(wire.event(true).await, Event::PeerCloses | Event::Fault(_) | Event::Gone) {}
    }
    // RFC 6455, 7.1.1: the server closes the connection first. The peer sends nothing more.
    drop(wire.into_io().shutdown().await);
}

/// Sends the close frame, then reads until the peer hangs up. Closing a connection with
/// unread bytes would reset it, and a reset can discard the close frame before the peer has
/// read it.
async fn end_after_fault<IO>(mut wire: Wire<IO>, close: &Close, max_message_bytes: usize)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    wire.queue_close(close);
    if wire.write_out().await.is_err() {
        return;
    }
    let mut io = wire.into_io();
    if io.shutdown().await.is_err() {
        return;
    }
    let mut discarded = Vec::with_capacity(4096);
    let mut left = max_message_bytes.saturating_mul(DISCARDED_MESSAGES);
    while let Ok(read @ 1..) = io.read_buf(&mut discarded).await {
        let Some(rest) = left.checked_sub(read) else { return };
        left = rest;
        discarded.clear();
    }
}
