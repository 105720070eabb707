//! What a socket sends before it has a seat: it waits for the `join`, or for the seat of somebody who comes back.

use order_core::wire::{Inbound, Refused};
use order_core::{Code, Rejection};

use crate::connection::{Connection, id_of};
use crate::limits::budget::Known;
use crate::room::input::Input;

/// Whether the room has seated a socket by its resume token or its sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seated {
    Yes,
    No,
    /// That is known only after a while.
    Later,
}

impl Connection {
    /// Hands a message to the room, or keeps it for the `join` that is yet to come. `text` is the message as it came.
    pub(super) async fn hand_over(&self, message: Box<Result<Inbound, Refused>>, text: &str) {
        if self.before_join.is_over() {
            let Some(inputs) = self.inputs.get() else { return };
            return self.tell(inputs, message).await;
        }
        // Boxed: it happens once, and sockets that wait for a busy room are many.
        Box::pin(self.hand_over_before_join(message, text)).await;
    }

    async fn hand_over_before_join(&self, message: Box<Result<Inbound, Refused>>, text: &str) {
        let is_join = message.as_ref().as_ref().is_ok_and(Inbound::is_join);
        match message.as_ref() {
            // It is refused whatever comes after it, so it does not wait.
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
                    // A task that waits for the next thing to do must also wait for the end of this wait.
                    return self.outbox.wake();
                }
            }
            Ok(_) | Err(_) => {}
        }
        // A join is greeted once, and not for the sign-in as well.
        let Some(inputs) = self.attach(self.is_resumed).await else { return };
        // Nobody else answers from here on what has waited: for the join or, if there is none, for the seat.
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

    /// What a message is told for which there is no room while the socket waits for its seat.
    fn come_later(&self) -> Rejection {
        let early = self.back.as_ref().and_then(|back| {
            let budgets = &self.host.budgets;
            budgets.check(&self.room, &back.participant, Known::Proved).err()
        });
        // The room is about to seat it, if there is nothing left to wait for.
        early.map_or_else(|| Rejection::new(Code::RateLimited).retry_after(1), |early| early.rejection())
    }

    /// Hands over what waits for a seat, once the socket has one. Cancel-safe.
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

    /// Waits until the seat is known for which something waits; for ever, if nothing does. Cancel-safe.
    pub(super) async fn seat_is_known(&self) {
        match &self.back {
            Some(back) if self.before_join.waits_for_seat() => {
                back.seat.is_taken.wait().await;
            }
            Some(_) | None => std::future::pending().await,
        }
    }

    /// Whether the room has seated the socket by its resume token or its sign-in, for which it attaches. One that proves
    /// nothing does not.
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

    /// Answers what has waited for a `join` for too long.
    pub(super) fn give_up_waiting(&self) {
        for text in self.before_join.give_up() {
            let message = self.read(&text);
            self.refuse(&Refused { id: id_of(&message).cloned(), rejection: Code::JoinFirst.into() });
        }
    }
}
