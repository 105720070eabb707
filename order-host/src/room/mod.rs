//! One room: the task that owns one order.
//!
//! It decides each message, appends the fact durably, commits it, and only then shows it to
//! anyone.

mod answers;
mod commands;
mod events;
pub(crate) mod input;
mod join;
mod later;
pub(crate) mod load;
mod log_space;
mod member;
mod members;
mod news;
mod paced;
mod seats;
mod show;
mod snapshots;
mod store;
mod tenant;
mod timer;

use std::sync::Arc;
use std::time::Duration;

use order_core::command::PeopleCommand;
use order_core::text::Text;
use order_core::wire::{CommandMessage, Inbound, Refused};
use order_core::{Command, Order, Presence};
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::connection::outgoing::CloseReason;
use crate::history::glances::public_view;
use crate::host::context::HostContext;
use crate::log::{ChainKey, Link, LogError};
use crate::room::input::{ConnectionId, Input};
use crate::{RoomKey, Ticket};
use answers::Answers;
use commands::{PendingCommand, ReplyTo};
use events::Events;
use later::Later;
use load::Whole;
use members::Members;
use snapshots::Snapshots;
use timer::Timer;

/// The most messages that are stored together: enough for a busy table to share one disk
/// write, and few enough that the first does not wait long.
const MAX_BATCH: usize = 64;

/// After showing one of this many parts of an outbox in a row, the room yields to the
/// sockets.
const OUTBOX_PARTS: usize = 4;

/// After this time without input, a room drops the cached texts of its order. They are as
/// large as four messages with the whole order, and serve repeated requests.
const TEXTS_KEPT: Duration = Duration::from_secs(1);

/// The shortest interval between checks whether the room can be unloaded.
const SHORTEST_IDLE: Duration = Duration::from_millis(10);

/// Why the room has to end; its sockets are told.
struct End(CloseReason);

/// A room: it owns its order.
struct Room {
    key: RoomKey,
    host: Arc<HostContext>,
    order: Order,
    /// The link of the last fact of `order`.
    link: Link,
    chain: ChainKey,
    /// The total size of its facts in the log.
    log_bytes: u64,
    /// The order with all facts that are being stored. Kept up to date from the first time that
    /// commands came together, so that deciding them together does not copy the order each
    /// time.
    ahead: Option<Order>,
    presence: Presence,
    members: Members,
    later: Later,
    /// Recent events. Kept from the first time that a socket spoke `stonepot.v2`.
    events: Option<Events>,
    answers: Answers,
    /// Whether its history was read, so that new facts are added to the cached transcript.
    tells_history: bool,
    snapshots: Snapshots,
    timer: Timer,
    /// Counts the order among those of its tenant in memory.
    of_tenant: Option<Ticket<Text>>,
    /// Whether the room was woken by a timer, so that it need not stay in memory if nobody is
    /// connected.
    was_woken: bool,
    /// How many bytes each socket was shown since the sockets last had a turn.
    shown: usize,
}

impl Room {
    /// Loads the room and runs it until it is idle or the host drains. Remaining sockets are
    /// disconnected.
    async fn run(key: RoomKey, host: Arc<HostContext>, mut inputs: mpsc::Receiver<Input>) {
        // Boxed, as below: most rooms are idle, and should not hold space for work they are not
        // doing.
        let mut room = match Box::pin(Self::load(&key, &host)).await {
            Ok(room) => room,
            Err(error) => {
                tracing::error!(room = %key.fingerprint(), %error, "the room cannot be loaded");
                return close_door(&key, &host, &mut inputs);
            }
        };
        let End(reason) = room.serve(&mut inputs).await;
        if reason == CloseReason::Restart {
            room.tell_what_was_kept();
        }
        room.members.close_all(reason);
        close_door(&key, &host, &mut inputs);
        // State that cannot be trusted is not saved.
        if reason == CloseReason::Unavailable {
            room.keep_deadline();
        } else {
            Box::pin(room.leave_timer()).await;
            Box::pin(room.save_last_snapshot()).await;
        }
    }

    async fn load(key: &RoomKey, host: &Arc<HostContext>) -> Result<Box<Self>, LogError> {
        host.loader.damaged.refuse(key)?;
        let turn = host.loader.turn().await;
        let Whole { order, snapshot_seq, log_bytes, link, chain } = host.loader.load(key).await?;
        drop(turn);
        tracing::debug!(room = %key.fingerprint(), seq = order.seq(), "room loaded");
        let room = Box::new(Self {
            key: key.clone(),
            host: host.clone(),
            timer: Timer::of(&order, host.alarms.deadlines.take(key), &host.look_at_clock()),
            was_woken: false,
            of_tenant: tenant::place(host, &order),
            order,
            link,
            chain,
            log_bytes,
            ahead: None,
            presence: Presence::new(),
            members: Members::default(),
            later: Later::default(),
            events: None,
            answers: Answers::default(),
            tells_history: false,
            snapshots: Snapshots::from(snapshot_seq),
            shown: 0,
        });
        Ok(room)
    }

    /// Handles inputs as long as any may come.
    async fn serve(&mut self, inputs: &mut mpsc::Receiver<Input>) -> End {
        let mut batch = Vec::new();
        loop {
            let idle = self.host.settings.idle_unload.max(SHORTEST_IDLE);
            // The clock may be set while the room waits, so it is also read after each idle
            // interval.
            let texts = if self.order.keeps_texts() { TEXTS_KEPT } else { idle };
            let wait = idle.min(self.until_timer()).min(texts).min(self.until_told());
            let waited = timeout(wait, inputs.recv_many(&mut batch, MAX_BATCH)).await;
            if !batch.is_empty() {
                take_what_is_ready(inputs, &mut batch).await;
            }
            self.tell_what_is_due();
            // Input that arrives after a deadline is decided after it.
            if let Err(end) = Box::pin(self.pass_time(!batch.is_empty())).await {
                return end;
            }
            match waited {
                Ok(0) => return End(CloseReason::Restart),
                Ok(_) => {
                    if let Err(end) = Box::pin(self.handle(&mut batch)).await {
                        return end;
                    }
                    if std::mem::take(&mut self.was_woken)
                        && self.host.rooms.unload_if_idle(&self.key, inputs)
                    {
                        return End(CloseReason::Restart);
                    }
                }
                Err(_) if wait < idle => {
                    if wait >= TEXTS_KEPT {
                        self.order.forget_texts();
                    }
                }
                Err(_) if self.host.rooms.unload_if_idle(&self.key, inputs) => {
                    tracing::debug!(room = %self.key.fingerprint(), "room unloaded");
                    return End(CloseReason::Restart);
                }
                Err(_) => {
                    self.ahead = None;
                    self.order.forget_texts();
                }
            }
        }
    }

    /// Handles a batch in order of arrival. Consecutive commands are stored together; a join
    /// changes the participant of a socket, so it is handled alone.
    async fn handle(&mut self, batch: &mut Vec<Input>) -> Result<(), End> {
        let mut commands = Vec::new();
        for input in batch.drain(..) {
            match input {
                Input::Message { connection, message } => {
                    self.take(connection, *message, &mut commands).await?;
                    continue;
                }
                Input::Backend { message, reply } => {
                    let CommandMessage { stamp, command, .. } = *message;
                    let unseats = unseats(&command);
                    let reply_to = ReplyTo::Backend(reply);
                    commands.push(PendingCommand { reply_to, stamp, command: Ok(command) });
                    if unseats {
                        self.run_commands(&mut commands).await?;
                    }
                    continue;
                }
                Input::Attach(_)
                | Input::Resync { .. }
                | Input::Resume { .. }
                | Input::Detach { .. }
                | Input::View { .. }
                | Input::Admits { .. }
                | Input::Reads { .. }
                | Input::Wake { .. }
                | Input::Damaged
                | Input::Drain => self.run_commands(&mut commands).await?,
            }
            match input {
                Input::Attach(attach) => {
                    let back = self.members.attach(*attach);
                    if let Some((connection, back)) = back {
                        self.resume(connection, Box::new(back));
                    }
                }
                Input::Resync { connection } => self.resync(connection),
                Input::Resume { connection, back } => self.resume(connection, back),
                Input::Detach { connection } => self.detach(connection),
                // The asker may be gone.
                Input::View { reply } => drop(reply.send(self.aside(|| public_view(&self.order)))),
                Input::Admits { access, reply } => drop(reply.send(access.admits_to(&self.order))),
                Input::Reads { asker, reply } => drop(reply.send(self.let_read(asker.as_ref()))),
                Input::Wake { reply } => {
                    let waits = self.waits_for_the_clock();
                    if waits.is_none() {
                        self.remember_alarm().await;
                    }
                    self.was_woken = true;
                    // Nobody receives this while the host drains.
                    let _ = reply.send(waits);
                }
                Input::Damaged => return Err(End(CloseReason::Unavailable)),
                Input::Drain => return Err(End(CloseReason::Restart)),
                Input::Message { .. } | Input::Backend { .. } => {}
            }
            self.give_sockets_a_turn().await;
        }
        self.run_commands(&mut commands).await
    }

    /// Handles a message of a socket. Most commands are only queued, to be stored together.
    async fn take(
        &mut self,
        connection: ConnectionId,
        message: Result<Inbound, Refused>,
        commands: &mut Vec<PendingCommand>,
    ) -> Result<(), End> {
        match message {
            Err(Refused { id, rejection }) => {
                commands.push(PendingCommand::refused(connection, id, rejection));
            }
            Ok(Inbound::Request { id, request, .. }) => {
                self.run_commands(commands).await?;
                self.request(connection, id.as_ref(), request);
                self.give_sockets_a_turn().await;
            }
            Ok(Inbound::Command(message)) if message.is_join() => {
                self.run_commands(commands).await?;
                self.join(connection, message).await?;
                self.give_sockets_a_turn().await;
            }
            Ok(Inbound::Command(CommandMessage { stamp, command, .. })) => {
                let unseats = unseats(&command);
                let reply_to = ReplyTo::Socket(connection);
                commands.push(PendingCommand { reply_to, stamp, command: Ok(command) });
                if unseats {
                    self.run_commands(commands).await?;
                }
            }
        }
        Ok(())
    }

    /// The order as it will be once what is being stored is stored.
    fn order_ahead(&self) -> &Order {
        self.ahead.as_ref().unwrap_or(&self.order)
    }

    /// Lets the sockets take their messages before more is shown. Otherwise a batch, or a whole
    /// table that reconnects at once, would make sockets that keep up seem slow.
    async fn give_sockets_a_turn(&mut self) {
        if self.shown > self.host.settings.outbox_bytes / OUTBOX_PARTS {
            self.shown = 0;
            yield_now().await;
        }
    }
}

/// Returns a sender to a room, which is loaded if necessary. `None`: the host drains.
pub(crate) fn enter(host: &Arc<HostContext>, key: &RoomKey) -> Option<mpsc::Sender<Input>> {
    host.rooms.enter(key, || {
        // Overflow: the sender waits until the room has caught up.
        let (sender, inputs) = mpsc::channel(host.settings.room_queue.max(1));
        host.tasks.spawn(Room::run(key.clone(), host.clone(), inputs));
        sender
    })
}

/// Returns whether a command may unseat sockets, so that their later messages must be
/// decided after it.
fn unseats(command: &Command) -> bool {
    matches!(command, Command::People(PeopleCommand::Leave | PeopleCommand::Remove { .. }))
}

/// Collects what other tasks send in this turn of the event loop. The first message wakes
/// the room, which would otherwise run before the second one, and handle them one by one.
async fn take_what_is_ready(inputs: &mut mpsc::Receiver<Input>, batch: &mut Vec<Input>) {
    yield_now().await;
    while batch.len() < MAX_BATCH
        && let Ok(input) = inputs.try_recv()
    {
        batch.push(input);
    }
}

/// Closes the room's queue. Sockets that are still attached, or about to attach, find it
/// closed; later ones start a new room.
fn close_door(key: &RoomKey, host: &HostContext, inputs: &mut mpsc::Receiver<Input>) {
    inputs.close();
    host.rooms.forget(key);
}
