//! What a socket sends before it has a seat: it waits for the `join`, or for the seat of somebody who comes back.

use order_core::wire::{Inbound, Refused};
use order_core::{Code, Rejection};

use crate::connection::{Connection, id_of};
use crate::room::input::Input;

/// Whether the room has seated a socket by its resume token or its sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seated {
    Yes,
    No,
    /// Not known yet: the seat was put off.
    Later,
}

impl Connection {
    /// Passes a message to the room, or keeps it until the `join` comes. `text` is the message
    /// as received.
    pub(super) async fn hand_over(&self, message: Box<Result<Inbound, Refused>>, text: &str) {
        if self.before_join.is_over() {
            let Some(inputs) = self.inputs.get() else { return };
            return self.tell(inputs, message).await;
        }
        // Boxed: it runs once, and many sockets may wait for a busy room.
        Box::pin(self.hand_over_before_join(message, text)).await;
    }

    async fn hand_over_before_join(&self, message: Box<Result<Inbound, Refused>>, text: &str) {
        let is_join = message.as_ref().as_ref().is_ok_and(Inbound::is_join);
        match message.as_ref() {
            // It is refused in any case, so it does not wait.
            Err(refused) if !self.is_resumed || self.seated().await != Seated::Yes => {
                return self.refuse(refused);
            }
            Ok(message) if !is_join => {
                let seated = self.seated().await;
                let rejection = match seated {
                    Seated::Yes => None,
                    Seated::No => (!self.before_join.keep(text)).then(|| Code::JoinFirst.into()),
                    Seated::Later => (!self.before_join.keep_for_seat(text)).then(|| self.come_later()),
                };
                if let Some(rejection) = rejection {
                    return self.refuse(&Refused { id: message.id().cloned(), rejection });
                }
                if seated != Seated::Yes {
                    // A task that waits in `next` must now also wait for the deadline of this
                    // message.
                    return self.outbox.wake();
                }
            }
            Ok(_) | Err(_) => {}
        }
        // With a join, the sign-in does not attach as well: the join alone is greeted.
        let Some(inputs) = self.attach(self.is_resumed).await else { return };
        // From here on only the room answers what was kept: it waited for the join or, without one,
        // for the seat.
        let waited = self.before_join.end();
        let (first, last) = if is_join { (Some(message), None) } else { (None, Some(message)) };
        if let Some(join) = first {
            self.tell(inputs, join).await;
        }
        for text in waited {
            self.tell(inputs, self.read(&text)).await;
        }
        if let Some(message) = last {
            self.tell(inputs, message).await;
        }
    }

    /// Returns the rejection for a message that finds no place in the queue while the socket
    /// waits for its seat.
    fn come_later(&self) -> Rejection {
        let early = self.back.as_ref().and_then(|back| {
            let budgets = &self.host.budgets;
            budgets.check(&self.room, &back.participant, back.known).err()
        });
        // Nothing to wait for: the room is about to seat it.
        early.map_or_else(|| Rejection::new(Code::RateLimited).retry_after(1), |early| early.rejection())
    }

    /// Passes on what waited for a seat, once the socket has one. Cancel-safe.
    pub(super) async fn take_seat(&self) {
        if !self.before_join.waits_for_seat() {
            return;
        }
        let Some(is_taken) = self.back.as_ref().and_then(|back| back.seat.is_taken.get()) else { return };
        if !is_taken {
            return self.before_join.wait_for_join();
        }
        let Some(inputs) = self.inputs.get() else { return };
        loop {
            let Ok(place) = inputs.reserve().await else { return self.room_is_gone() };
            let hand_over = |text: &str| {
                place.send(Input::Message { connection: self.id, message: self.read(text) });
            };
            if !self.before_join.hand_over_first(hand_over) {
                return;
            }
        }
    }

    /// Waits until it is known whether the socket is seated, if a message waits for that;
    /// otherwise forever. Cancel-safe.
    pub(super) async fn seat_is_known(&self) {
        match &self.back {
            Some(back) if self.before_join.waits_for_seat() => {
                back.seat.is_taken.wait().await;
            }
            Some(_) | None => std::future::pending().await,
        }
    }

    /// Returns whether the room has seated the socket by its resume token or its sign-in;
    /// attaches to find out. A socket with neither does not attach.
    async fn seated(&self) -> Seated {
        let Some(back) = &self.back else { return Seated::No };
        let Some(inputs) = self.attach(true).await else { return Seated::No };
        tokio::select! {
            biased;
            is_taken = back.seat.is_taken.wait() => if *is_taken { Seated::Yes } else { Seated::No },
            () = back.seat.is_put_off.wait() => Seated::Later,
            () = inputs.closed() => {
                self.room_is_gone();
                Seated::No
            }
        }
    }

    /// Answers messages that have waited too long for a `join`.
    pub(super) fn give_up_waiting(&self) {
        for text in self.before_join.give_up() {
            let message = self.read(&text);
            self.refuse(&Refused { id: id_of(&message).cloned(), rejection: Code::JoinFirst.into() });
        }
    }
}
