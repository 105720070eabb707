//! A socket's connection to a room.

pub(crate) mod before_join;
pub(crate) mod expiry;
pub(crate) mod identity;
pub(crate) mod opening;
pub(crate) mod outbox;
pub(crate) mod outgoing;
mod output;
pub(crate) mod pieces;
pub(crate) mod resume;
mod seating;

use std::sync::Arc;

use order_core::wire::{self, Inbound, Refused, v2};
use order_core::{Code, CommandId, Rejection};
use tokio::sync::{OnceCell, mpsc};

use crate::connection::before_join::BeforeJoin;
use crate::connection::expiry::Expiry;
use crate::connection::outbox::Outbox;
use crate::connection::outgoing::CloseReason;
use crate::host::context::HostContext;
use crate::limits::budget::Known;
use crate::limits::pace::{Meter, Whose};
use crate::room::enter;
use crate::room::input::{Attach, Back, ConnectionId, Input};
use crate::{Allowance, Door, Identity, Opening, Protocol, RoomKey};

/// One socket's place in a room. Messages from the socket go in, and messages for it come out. Dropping it is the
/// disconnect.
///
/// Both directions take `&self`, so that one task can wait for either.
pub struct Connection {
    host: Arc<HostContext>,
    room: RoomKey,
    id: ConnectionId,
    outbox: Arc<Outbox>,
    protocol: Protocol,
    /// The participant it returns as, by its resume token or its sign-in.
    back: Option<Back>,
    /// Whether a resume token proved it; the socket is greeted before it sends anything then.
    is_resumed: bool,
    /// What it sent before its first `join`.
    before_join: BeforeJoin,
    /// Limits how fast it sends. `None`: no limit.
    meter: Option<Box<Meter>>,
    /// Who signed in, where sign-in is required.
    guest: Option<Box<Guest>>,
    /// Asked before it joins as a new participant.
    door: Option<Door>,
    /// Asked before something is stored for it.
    allowance: Option<Allowance>,
    /// The sender to the room. Set from the first join on, from the first message after a
    /// sign-in, or from the start with a resume token: a stranger who never joins loads
    /// nothing.
    inputs: OnceCell<mpsc::Sender<Input>>,
}

/// Who signed in, and when that ends.
struct Guest {
    identity: Identity,
    expiry: Option<Arc<Expiry>>,
}

impl Connection {
    pub(crate) fn new(host: Arc<HostContext>, room: RoomKey, id: ConnectionId, opening: Opening) -> Self {
        let Opening { protocol, resume_token, since, identity, door, allowance } = opening;
        let key = &host.settings.resume_key;
        let resumed = resume_token
            .and_then(|token| key.prove(&room, &token))
            .filter(|(who, _)| identity.as_ref().is_none_or(|identity| identity.participant == *who));
        let is_resumed = resumed.is_some();
        // A sign-in proves who it is. A participant at the table need not join again to speak.
        let signed_in = identity.as_ref().map(|identity| (identity.participant.clone(), Known::Proved));
        let back = signed_in.or(resumed).map(|(participant, known)| Back {
            participant,
            known,
            since,
            seat: Arc::default(),
        });
        let clock = &host.clock;
        let expiry = identity
            .as_ref()
            .and_then(|identity| identity.expires_at)
            .map(|at| Arc::new(Expiry::new(at, Arc::clone(clock))));
        let outbox = Arc::new(Outbox::new(host.settings.outbox_bytes, expiry.clone()));
        let guest = identity.map(|identity| Box::new(Guest { identity, expiry }));
        let meter = host.settings.pace.map(|pace| Box::new(Meter::new(pace, Whose::Socket)));
        Self {
            host,
            room,
            id,
            outbox,
            protocol,
            back,
            is_resumed,
            before_join: BeforeJoin::default(),
            meter,
            guest,
            door,
            allowance,
            inputs: OnceCell::new(),
        }
    }

    /// Hands a text message to the room. Waits while the room is busy; the answers come out of
    /// [`next`](Connection::next). Wait for one message to be taken before handing over the next; a call that
    /// is dropped before it returns may lose its message.
    pub async fn receive(&self, text: &str) {
        // A ping for clients whose WebSockets cannot send pings. It does not reach the room.
        if text == "ping" {
            if !self.ends_with_its_sign_in() && !self.is_too_fast(None) {
                self.outbox.pong();
            }
            return;
        }
        self.give_up_waiting();
        if let Some(message) = self.let_through(self.read(text)) {
            self.hand_over(message, text).await;
        }
    }

    /// Refuses a binary message: the protocol has none.
    pub async fn receive_binary(&self) {
        let rejection = Rejection::new(Code::BinaryNotSupported).expected("a text message");
        self.give_up_waiting();
        if let Some(message) = self.let_through(Box::new(Err(Refused { id: None, rejection }))) {
            self.hand_over(message, "").await;
        }
    }

    /// Decodes a text. Kept out of [`Connection::receive`], and boxed, to keep the future of a
    /// socket that waits for a busy room small.
    fn read(&self, text: &str) -> Box<Result<Inbound, Refused>> {
        let fresh_id = || self.host.ids.item_id();
        let signed_in = self.guest.as_ref().map(|guest| &guest.identity.participant);
        let message = match self.protocol {
            Protocol::V1 => wire::decode_from(signed_in, text, fresh_id),
            Protocol::V2 => v2::decode_from(signed_in, text, fresh_id),
        };
        Box::new(match &self.guest {
            Some(guest) => message.and_then(|message| guest.identity.vouch_for(message)),
            None => message,
        })
    }

    /// Returns the message, unless the sign-in has ended or the message exceeds the rate limit.
    fn let_through(&self, message: Box<Result<Inbound, Refused>>) -> Option<Box<Result<Inbound, Refused>>> {
        let is_stopped = self.ends_with_its_sign_in() || self.is_too_fast(id_of(&message));
        (!is_stopped).then_some(message)
    }

    async fn tell(&self, inputs: &mpsc::Sender<Input>, message: Box<Result<Inbound, Refused>>) {
        if inputs.send(Input::Message { connection: self.id, message }).await.is_err() {
            self.room_is_gone();
        }
    }

    /// Returns whether a message exceeds the rate limit. It is refused here, before the room,
    /// so that it costs nobody else at the table anything. A client that does not stop is
    /// disconnected.
    fn is_too_fast(&self, id: Option<&CommandId>) -> bool {
        let of_socket = self.meter.as_ref().map_or(Ok(()), |meter| meter.count());
        let Err(early) = of_socket.and_then(|()| self.outbox.count_message()) else { return false };
        let refusal = || self.refusal(&early.rejection, id);
        if early.is_flood {
            self.outbox.end(CloseReason::Flood, refusal);
        } else {
            self.outbox.push_refusal(refusal());
        }
        true
    }

    /// Attaches to the room, which is loaded if necessary. With `comes_back`, the room seats
    /// the returning participant.
    async fn attach(&self, comes_back: bool) -> Option<&mpsc::Sender<Input>> {
        let attached = self.inputs.get_or_try_init(|| async {
            let inputs = enter(&self.host, &self.room).ok_or(())?;
            let attach = Attach {
                connection: self.id,
                outbox: self.outbox.clone(),
                protocol: self.protocol,
                back: self.back.clone().filter(|_| comes_back),
                door: self.door.clone(),
                allowance: self.allowance.clone(),
                access: self.guest.as_ref().map(|guest| Box::new(guest.identity.access.clone())),
            };
            inputs.send(Input::Attach(Box::new(attach))).await.map_err(|_| self.room_is_gone())?;
            // A task that waits outside every room now waits for this one.
            self.outbox.wake();
            Ok::<_, ()>(inputs)
        });
        attached.await.ok()
    }

    fn room_is_gone(&self) {
        let draining = self.host.tasks.is_draining();
        self.outbox.close(if draining { CloseReason::Restart } else { CloseReason::Unavailable });
    }

    fn refuse(&self, Refused { id, rejection }: &Refused) {
        self.outbox.push_refusal(self.refusal(rejection, id.as_ref()));
    }

    fn refusal(&self, rejection: &Rejection, id: Option<&CommandId>) -> String {
        match self.protocol {
            Protocol::V1 => wire::error(rejection, id, self.host.clock.now()),
            Protocol::V2 => v2::reject(rejection, id),
        }
    }

    fn expiry(&self) -> Option<&Expiry> {
        self.guest.as_ref()?.expiry.as_deref()
    }

    /// Closes the socket if its sign-in has ended. Returns whether it has.
    fn ends_with_its_sign_in(&self) -> bool {
        let ended = self.expiry().is_some_and(Expiry::has_passed);
        if ended {
            self.outbox.end(CloseReason::SignInEnded, || self.refusal(&Code::TokenExpired.into(), None));
        }
        ended
    }

    /// Waits for the end of the sign-in; forever if it has none.
    async fn sign_in_ends(&self) {
        match self.expiry() {
            Some(expiry) => expiry.passes().await,
            None => std::future::pending().await,
        }
    }
}

/// Returns the id that the answer to a message repeats.
fn id_of(message: &Result<Inbound, Refused>) -> Option<&CommandId> {
    match message {
        Ok(message) => message.id(),
        Err(refused) => refused.id.as_ref(),
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
