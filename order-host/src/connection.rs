//! One socket's place in a room.

use std::sync::{Arc, OnceLock};

use order_core::wire::{self, Refused};
use order_core::{Code, Command, Rejection};
use tokio::sync::mpsc;

use crate::RoomKey;
use crate::host::Host;
use crate::input::{ConnectionId, Input};
use crate::outbox::{CloseReason, Outbox, Outgoing, Taken};

/// One socket's place in a room: what it sends goes in, what it is to be sent comes out. Dropping it is the
/// disconnect.
///
/// Both directions take `&self`, so that one task can wait for either.
pub struct Connection {
    host: Host,
    room: RoomKey,
    id: ConnectionId,
    outbox: Arc<Outbox>,
    /// The way into the room, from the first join on: a socket that never joins loads nothing.
    inputs: OnceLock<mpsc::Sender<Input>>,
}

impl Connection {
    pub(crate) fn new(host: Host, room: RoomKey, id: ConnectionId) -> Self {
        let outbox = Arc::new(Outbox::new(host.shared().settings.outbox_bytes));
        Self { host, room, id, outbox, inputs: OnceLock::new() }
    }

    /// Hands over a text message. Waits while the room is busy; the answers come out of
    /// [`next`](Connection::next). Wait for one message to be taken before handing over the next; a call that
    /// is dropped before it returns may lose its message.
    pub async fn receive(&self, text: &str) {
        let message = wire::decode(text, || self.host.shared().ids.item_id());
        self.hand_over(message).await;
    }

    /// Hands over a binary message, which the protocol does not have.
    pub async fn receive_binary(&self) {
        let rejection = Rejection::new(Code::BinaryNotSupported).expected("a text message");
        self.hand_over(Err(Refused { id: None, rejection })).await;
    }

    async fn hand_over(&self, message: Result<wire::Inbound, Refused>) {
        let inputs = match (self.inputs.get(), &message) {
            (Some(inputs), _) => inputs,
            // Who has not joined is answered here: the room need not know of them.
            (None, Err(refused)) => return self.refuse(refused),
            (None, Ok(inbound)) if !matches!(inbound.command, Command::Join(_)) => {
                let rejection = Rejection::from(Code::JoinFirst);
                return self.refuse(&Refused { id: inbound.id.clone(), rejection });
            }
            (None, Ok(_)) => match self.attach().await {
                Some(inputs) => inputs,
                None => return,
            },
        };
        let message = Box::new(message);
        if inputs.send(Input::Message { connection: self.id, message }).await.is_err() {
            self.room_is_gone();
        }
    }

    /// Attaches to the room, which loads it if need be.
    async fn attach(&self) -> Option<&mpsc::Sender<Input>> {
        let inputs = self.host.enter(&self.room)?;
        let attach = Input::Attach { connection: self.id, outbox: self.outbox.clone() };
        if inputs.send(attach).await.is_err() {
            self.room_is_gone();
            return None;
        }
        let inputs = self.inputs.get_or_init(|| inputs);
        // Whoever waits outside every room now waits for this one.
        self.outbox.wake();
        Some(inputs)
    }

    fn room_is_gone(&self) {
        let draining = self.host.shared().is_draining();
        self.outbox.close(if draining { CloseReason::Restart } else { CloseReason::Unavailable });
    }

    fn refuse(&self, Refused { id, rejection }: &Refused) {
        self.outbox.push(wire::error(rejection, id.as_ref(), self.host.shared().clock.now()));
    }

    /// The next thing to do, when there is one. Cancel-safe.
    pub async fn next(&self) -> Outgoing {
        loop {
            match self.outbox.take() {
                Taken::Outgoing(outgoing) => return outgoing,
                Taken::NeedsSync => self.ask_for_sync().await,
                Taken::Nothing => self.wait().await,
            }
        }
    }

    /// Waits until there may be something to do.
    async fn wait(&self) {
        if let Some(inputs) = self.inputs.get() {
            tokio::select! {
                () = self.outbox.changed() => {}
                () = inputs.closed() => self.room_is_gone(),
            }
        } else {
            // Outside every room, only the host can send this socket away.
            tokio::select! {
                () = self.outbox.changed() => {}
                () = self.host.shared().drains() => {
                    // It may have entered one meanwhile, which first finishes what it accepted.
                    if self.inputs.get().is_none() {
                        self.outbox.close(CloseReason::Restart);
                    }
                }
            }
        }
    }

    /// What can be done now without waiting, if anything.
    pub fn try_next(&self) -> Option<Outgoing> {
        match self.outbox.take() {
            Taken::Outgoing(outgoing) => Some(outgoing),
            Taken::NeedsSync | Taken::Nothing => None,
        }
    }

    async fn ask_for_sync(&self) {
        // Outside every room there is no state that could make up for a lost answer.
        let Some(inputs) = self.inputs.get() else { return self.outbox.forgo_state() };
        match inputs.reserve().await {
            Ok(place) => {
                // Before the room can answer: it may, and the socket may fall behind again.
                self.outbox.sync_is_asked();
                place.send(Input::Resync { connection: self.id });
            }
            Err(_) => self.room_is_gone(),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.outbox.abandon();
        let Some(inputs) = self.inputs.take() else { return };
        if let Err(mpsc::error::TrySendError::Full(detach)) =
            inputs.try_send(Input::Detach { connection: self.id })
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move { inputs.send(detach).await });
        }
    }
}
