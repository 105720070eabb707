//! One socket's place in a room.

use std::sync::Arc;

use order_core::wire::v2::{Request, V2Inbound};
use order_core::wire::{self, MAX_DEPTH, Refused, SeedInbound, is_deeper_than, v2};
use order_core::{Code, Command, CommandId, Rejection};
use tokio::sync::{OnceCell, mpsc};

use crate::expiry::Expiry;
use crate::host::Host;
use crate::input::{Attach, Back, ConnectionId, Input, Message};
use crate::outbox::{CloseReason, Outbox, Outgoing, Taken};
use crate::pace::{Meter, Whose};
use crate::{Door, Identity, Opening, Protocol, RoomKey};

/// One socket's place in a room: what it sends goes in, what it is to be sent comes out. Dropping it is the
/// disconnect.
///
/// Both directions take `&self`, so that one task can wait for either.
pub struct Connection {
    host: Host,
    room: RoomKey,
    id: ConnectionId,
    outbox: Arc<Outbox>,
    protocol: Protocol,
    /// As whom it comes back, if its token proved that it does.
    back: Option<Back>,
    /// How fast it sends, where that is bounded.
    meter: Option<Box<Meter>>,
    /// Who signed in, where that is asked for.
    guest: Option<Box<Guest>>,
    /// Who is asked before it joins as somebody new.
    door: Option<Door>,
    /// The way into the room, from the first join on, or from the start for one that comes back: a socket that never
    /// joins loads nothing.
    inputs: OnceCell<mpsc::Sender<Input>>,
}

/// Somebody who signed in, and the end of that.
struct Guest {
    identity: Identity,
    expiry: Option<Arc<Expiry>>,
}

impl Connection {
    pub(crate) fn new(host: Host, room: RoomKey, id: ConnectionId, opening: Opening) -> Self {
        let Opening { protocol, resume_token, since, identity, door } = opening;
        let key = &host.shared().settings.resume_key;
        let back = resume_token
            .and_then(|token| key.prove(&room, &token))
            .filter(|proved| identity.as_ref().is_none_or(|identity| identity.participant == *proved))
            .map(|participant| Back { participant, since });
        let clock = &host.shared().clock;
        let expiry = identity
            .as_ref()
            .and_then(|identity| identity.expires_at)
            .map(|at| Arc::new(Expiry::new(at, Arc::clone(clock))));
        let outbox = Arc::new(Outbox::new(host.shared().settings.outbox_bytes, expiry.clone()));
        let guest = identity.map(|identity| Box::new(Guest { identity, expiry }));
        let meter = host.shared().settings.pace.map(|pace| Box::new(Meter::new(pace, Whose::Socket)));
        Self { host, room, id, outbox, protocol, back, meter, guest, door, inputs: OnceCell::new() }
    }

    /// Hands over a text message. Waits while the room is busy; the answers come out of
    /// [`next`](Connection::next). Wait for one message to be taken before handing over the next; a call that
    /// is dropped before it returns may lose its message.
    pub async fn receive(&self, text: &str) {
        // For clients whose WebSockets cannot send pings. It is no business of the room.
        if text == "ping" {
            if !self.ends_with_its_sign_in() && !self.is_too_fast(None) {
                self.outbox.pong();
            }
            return;
        }
        if let Some(message) = self.read(text) {
            self.hand_over(message).await;
        }
    }

    /// Hands over a binary message, which the protocol does not have.
    pub async fn receive_binary(&self) {
        let rejection = Rejection::new(Code::BinaryNotSupported).expected("a text message");
        if let Some(message) = self.let_through(Err(Refused { id: None, rejection })) {
            self.hand_over(message).await;
        }
    }

    /// What a text says, if the room shall hear of it. Apart from [`Connection::receive`], and boxed: what waits for a room
    /// that is busy is small.
    fn read(&self, text: &str) -> Option<Box<Result<Message, Refused>>> {
        let fresh_id = || self.host.shared().ids.item_id();
        let levels = self.host.shared().settings.max_depth;
        self.let_through(match self.protocol {
            _ if levels < MAX_DEPTH && is_deeper_than(text, levels) => {
                let rejection = Rejection::new(Code::TooDeep).expected(format!("at most {levels} levels"));
                Err(Refused { id: None, rejection })
            }
            Protocol::Seed => wire::decode_any(text, fresh_id).map(|message| match message {
                SeedInbound::Command(inbound) => Message::Command(inbound, None),
                SeedInbound::History { id, participant, page } => {
                    Message::Request { id, participant, request: Request::History(page) }
                }
            }),
            Protocol::V2 => v2::decode(text, fresh_id).map(|message| match message {
                V2Inbound::Command { inbound, since } => Message::Command(inbound, since),
                V2Inbound::Request { id, participant, request } => {
                    Message::Request { id, participant, request }
                }
            }),
        })
    }

    /// A message as the room may hear it, unless it comes after the end of the sign-in, or too early.
    fn let_through(&self, message: Result<Message, Refused>) -> Option<Box<Result<Message, Refused>>> {
        let id = match &message {
            Ok(message) => message.id(),
            Err(refused) => refused.id.as_ref(),
        };
        if self.ends_with_its_sign_in() || self.is_too_fast(id) {
            return None;
        }
        Some(Box::new(match &self.guest {
            Some(guest) => message.and_then(|message| guest.identity.vouch_for(message)),
            None => message,
        }))
    }

    async fn hand_over(&self, message: Box<Result<Message, Refused>>) {
        let inputs = match (self.inputs.get(), message.as_ref()) {
            (Some(inputs), _) => inputs,
            (None, Ok(Message::Command(inbound, _))) if matches!(inbound.command, Command::Join(_)) => {
                let Some(inputs) = self.attach().await else { return };
                inputs
            }
            (None, _) if self.back.is_some() => {
                let Some(inputs) = self.attach().await else { return };
                inputs
            }
            // Who has not joined is answered here: the room need not know of them.
            (None, Err(refused)) => return self.refuse(refused),
            (None, Ok(message)) => {
                let rejection = Rejection::from(Code::JoinFirst);
                return self.refuse(&Refused { id: message.id().cloned(), rejection });
            }
        };
        if inputs.send(Input::Message { connection: self.id, message }).await.is_err() {
            self.room_is_gone();
        }
    }

    /// Whether a message comes too early. It is refused then, without the room, so that nobody else at the table has
    /// anything of it; whoever does not listen is sent away.
    fn is_too_fast(&self, id: Option<&CommandId>) -> bool {
        let of_socket = self.meter.as_ref().map_or(Ok(()), |meter| meter.count());
        let Err(early) = of_socket.and_then(|()| self.outbox.count_message()) else { return false };
        let refusal = || self.refusal(&early.rejection, id);
        if early.is_flood {
            self.outbox.end(CloseReason::Flood, refusal);
        } else {
            self.outbox.push(refusal());
        }
        true
    }

    /// Attaches to the room, which loads it if need be.
    async fn attach(&self) -> Option<&mpsc::Sender<Input>> {
        let attached = self.inputs.get_or_try_init(|| async {
            let inputs = self.host.enter(&self.room).ok_or(())?;
            let attach = Attach {
                connection: self.id,
                outbox: self.outbox.clone(),
                protocol: self.protocol,
                back: self.back.clone(),
                door: self.door.clone(),
                access: self.guest.as_ref().map(|guest| Box::new(guest.identity.access.clone())),
            };
            inputs.send(Input::Attach(Box::new(attach))).await.map_err(|_| self.room_is_gone())?;
            // Whoever waits outside every room now waits for this one.
            self.outbox.wake();
            Ok::<_, ()>(inputs)
        });
        attached.await.ok()
    }

    fn room_is_gone(&self) {
        let draining = self.host.shared().is_draining();
        self.outbox.close(if draining { CloseReason::Restart } else { CloseReason::Unavailable });
    }

    fn refuse(&self, Refused { id, rejection }: &Refused) {
        self.outbox.push(self.refusal(rejection, id.as_ref()));
    }

    fn refusal(&self, rejection: &Rejection, id: Option<&CommandId>) -> String {
        match self.protocol {
            Protocol::Seed => wire::error(rejection, id, self.host.shared().clock.now()),
            Protocol::V2 => v2::reject(rejection, id),
        }
    }

    fn expiry(&self) -> Option<&Expiry> {
        self.guest.as_ref()?.expiry.as_deref()
    }

    /// Closes the socket if its sign-in has ended; whether it has.
    fn ends_with_its_sign_in(&self) -> bool {
        let ended = self.expiry().is_some_and(Expiry::has_passed);
        if ended {
            self.outbox.end(CloseReason::SignInEnded, || self.refusal(&Code::TokenExpired.into(), None));
        }
        ended
    }

    /// Waits for the end of the sign-in; for ever, if it has none.
    async fn sign_in_ends(&self) {
        match self.expiry() {
            Some(expiry) => expiry.passes().await,
            None => std::future::pending().await,
        }
    }

    /// The next thing to do, when there is one. Cancel-safe.
    pub async fn next(&self) -> Outgoing {
        if self.back.is_some() && self.inputs.get().is_none() {
            // What it missed comes without being asked for.
            self.attach().await;
        }
        loop {
            self.ends_with_its_sign_in();
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
                biased;
                () = self.outbox.changed() => {}
                () = self.sign_in_ends() => {}
                () = inputs.closed() => self.room_is_gone(),
            }
        } else {
            // Outside every room, only the host can send this socket away.
            tokio::select! {
                biased;
                () = self.outbox.changed() => {}
                () = self.sign_in_ends() => {}
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
