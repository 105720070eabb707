//! A client of the bus.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use thiserror::Error;
use tokio::time::timeout;

use crate::Message;
use crate::link::{Gone, LinkReceiver, LinkSender};

/// How long a client waits for an expected message. With paused time this is instant.
const PATIENCE: Duration = Duration::from_secs(10);

/// After this time without a message, none is in flight. Longer than any append or delay of
/// [`Faults::stormy`](crate::Faults::stormy), and than a command waits for a `join`.
const SILENCE: Duration = Duration::from_millis(1_100);

/// A message to the server.
#[derive(Debug, Clone)]
pub(crate) enum ToServer {
    Text(String),
    Binary,
}

/// A message from the server.
#[derive(Debug, Clone)]
pub(crate) enum FromServer {
    Text(Bytes),
    Close(Closed),
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Closed {
    /// The server restarts (1012 on a WebSocket): connect again in a moment.
    #[error("the server is restarting")]
    Restart,
    /// The room cannot be read or written now (1013 on a WebSocket): connect again later.
    #[error("the room is not available")]
    Unavailable,
    /// The sign-in has ended (1008 on a WebSocket): sign in again, and reconnect.
    #[error("the sign-in has expired")]
    SignInEnded,
    /// The rate limit was exceeded by far, even after the server had said to wait (1008 on a
    /// WebSocket).
    #[error("too many messages were sent")]
    Flood,
    /// The connection was cut.
    #[error("the connection is lost")]
    Lost,
}

/// Why an expected message did not come.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotHeard {
    /// The connection was closed first.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// The server sent an `error` or a `reject` instead.
    #[error("refused: {}", .0.text())]
    Refused(Message),
    /// No such message came for ten seconds.
    #[error("no `{0}` came")]
    Silence(String),
}

/// One connection to a room, as a phone or another service has it. Dropping it closes it.
pub struct Client {
    to_server: LinkSender<ToServer>,
    from_server: LinkReceiver<FromServer>,
    closed: Option<Closed>,
    /// The last message that contained the order's state.
    shown: Option<Message>,
}

impl Client {
    pub(crate) fn new(to_server: LinkSender<ToServer>, from_server: LinkReceiver<FromServer>) -> Self {
        Self { to_server, from_server, closed: None, shown: None }
    }

    /// Sends a text message. Waits while too many are in flight. A sent message may still be
    /// lost.
    ///
    /// # Errors
    /// When the connection is closed; [`recv`](Client::recv) may return further messages and
    /// the actual reason.
    pub async fn send(&mut self, text: impl Into<String>) -> Result<(), Closed> {
        self.give(ToServer::Text(text.into())).await
    }

    /// Sends a binary message, which the protocol does not have.
    ///
    /// # Errors
    /// As [`send`](Client::send).
    pub async fn send_binary(&mut self) -> Result<(), Closed> {
        self.give(ToServer::Binary).await
    }

    async fn give(&mut self, message: ToServer) -> Result<(), Closed> {
        if let Some(closed) = self.closed {
            return Err(closed);
        }
        self.to_server.send(message).await.map_err(|Gone| Closed::Lost)
    }

    /// Receives the next message. Cancel-safe.
    ///
    /// # Errors
    /// When the connection is closed and no more messages come.
    pub async fn recv(&mut self) -> Result<Message, Closed> {
        if let Some(closed) = self.closed {
            return Err(closed);
        }
        match self.from_server.recv().await {
            Ok(FromServer::Text(text)) => {
                let message = Message::new(text);
                if message.has_state() {
                    self.shown = Some(message.clone());
                }
                Ok(message)
            }
            Ok(FromServer::Close(closed)) => Err(*self.closed.insert(closed)),
            Err(Gone) => Err(*self.closed.insert(Closed::Lost)),
        }
    }

    /// Receives the next message of this type. Earlier messages are skipped, but their state is
    /// noted.
    ///
    /// # Errors
    /// When the connection is closed, when an `error` or a `reject` comes instead, or when no
    /// such message comes within ten seconds.
    pub async fn recv_until(&mut self, kind: &str) -> Result<Message, NotHeard> {
        let wanted = async {
            loop {
                let message = self.recv().await?;
                if message.kind() == kind {
                    return Ok(message);
                }
                if matches!(message.kind(), "error" | "reject") {
                    return Err(NotHeard::Refused(message));
                }
            }
        };
        timeout(PATIENCE, wanted).await.unwrap_or_else(|_| Err(NotHeard::Silence(kind.to_owned())))
    }

    /// Receives everything until more than a second has passed without a message, or the
    /// connection is closed.
    pub async fn settle(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Ok(Ok(message)) = timeout(SILENCE, self.recv()).await {
            messages.push(message);
        }
        messages
    }

    /// Joins the room as this participant, and waits for the answer: the `participant_joined`
    /// after the `sync`. For a join with a phone or a circle, [`send`](Client::send) one.
    ///
    /// # Errors
    /// As [`recv_until`](Client::recv_until).
    pub async fn join(&mut self, participant: &str, name: &str) -> Result<Message, NotHeard> {
        let join =
            json!({ "type": "join", "participantId": participant, "participantName": name, "data": {} });
        self.send(join.to_string()).await?;
        self.recv_until("sync").await?;
        self.recv_until("participant_joined").await
    }

    /// Returns the order's full state as this client last received it, as JSON text.
    pub fn state(&self) -> Option<Cow<'_, str>> {
        self.shown.as_ref()?.state()
    }

    /// Closes the connection. Sent messages still arrive, unless a fault prevents it.
    pub fn disconnect(self) {
        drop(self);
    }
}
