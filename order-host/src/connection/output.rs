//! The output side of a connection.

use order_core::Code;

use crate::connection::Connection;
use crate::connection::outbox::Taken;
use crate::connection::outgoing::{CloseReason, Outgoing};
use crate::room::input::Input;

impl Connection {
    /// Waits for the next thing that the socket has to do. Cancel-safe.
    pub async fn next(&self) -> Outgoing {
        if self.is_resumed && self.inputs.get().is_none() {
            // What it missed is sent without a request.
            self.attach(true).await;
        }
        loop {
            if !self.ends_with_its_sign_in() {
                self.take_seat().await;
                self.give_up_waiting();
            }
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
                () = self.before_join.passes() => {}
                () = self.seat_is_known() => {}
                () = inputs.closed() => self.room_is_gone(),
            }
        } else {
            // Outside every room, only the host can close this socket.
            tokio::select! {
                biased;
                () = self.outbox.changed() => {}
                () = self.sign_in_ends() => {}
                () = self.before_join.passes() => {}
                () = self.host.tasks.drains() => {
                    // It may have entered a room meanwhile, which first finishes what it accepted.
                    if self.inputs.get().is_none() {
                        self.outbox.close(CloseReason::Restart);
                    }
                }
            }
        }
    }

    /// The next thing that the socket has to do, if there is one now.
    pub fn try_next(&self) -> Option<Outgoing> {
        match self.outbox.take() {
            Taken::Outgoing(outgoing) => Some(outgoing),
            Taken::NeedsSync | Taken::Nothing => None,
        }
    }

    async fn ask_for_sync(&self) {
        // Outside every room no state can make up for a lost answer.
        let Some(inputs) = self.inputs.get() else {
            return self.outbox.forgo_state(false, || self.refusal(&Code::JoinFirst.into(), None));
        };
        match inputs.reserve().await {
            Ok(place) => {
                // Before the room can answer: it may answer at once, and the socket may fall behind
                // again.
                self.outbox.sync_is_asked();
                place.send(Input::Resync { connection: self.id });
            }
            Err(_) => self.room_is_gone(),
        }
    }
}
