//! One participant: a socket, and the handling of its messages.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::crowd::{Crowd, Room};
use crate::envelope::{self, Changed, Message};
use crate::script;
use crate::wording;
use tools::frames::{Frame, FrameReader, Opcode, put_client_frame};
use tools::upgrade;

/// The pause after a refusal, to avoid hammering the server.
const AFTER_REFUSAL: Duration = Duration::from_millis(20);
/// How long a participant waits for its echo after the server resent the full state.
const AFTER_RESYNC: Duration = Duration::from_millis(50);
/// How much of a refusal is shown.
const REFUSAL_SHOWN: usize = 300;

/// A participant's place in a room.
#[derive(Debug)]
pub(crate) struct Seat {
    /// The participant's number in the room, from 0.
    pub(crate) person: u32,
    out: OwnedWriteHalf,
    joined: Cell<bool>,
    joining: Notify,
    ended: Cell<bool>,
    /// Whether no command of this participant is in flight and none will follow automatically.
    pub(crate) idle: Cell<bool>,
    /// The last whole broadcast, once the crowd keeps them.
    pub(crate) whole: RefCell<Vec<u8>>,
}

/// Opens the socket and starts to listen on it.
///
/// # Errors
/// When the server refuses.
pub(crate) async fn sit(
    crowd: &Rc<Crowd>,
    room: &Rc<Room>,
    person: u32,
    addr: SocketAddr,
) -> io::Result<Rc<Seat>> {
    let (stream, begun) = {
        let subprotocol = crowd.script.v2.then_some("stonepot.v2");
        upgrade::open(addr, &crowd.script.path(room.number, person), subprotocol).await?
    };
    let (read, out) = stream.into_split();
    let seat = Rc::new(Seat {
        person,
        out,
        joined: Cell::new(crowd.script.echo),
        joining: Notify::new(),
        ended: Cell::new(false),
        idle: Cell::new(true),
        whole: RefCell::default(),
    });
    spawn_local(listen(Rc::clone(crowd), Rc::clone(room), Rc::clone(&seat), read, begun));
    Ok(seat)
}

impl Seat {
    /// Joins the order, and waits for the server's confirmation.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn join(&self, crowd: &Crowd, room: &Room, patience: Duration) -> io::Result<()> {
        if self.joined.get() {
            return Ok(());
        }
        self.write(
            crowd,
            Opcode::Text,
            &wording::join(room.number, self.person, crowd.script.v2.then_some(0)),
        )?;
        let answered = tokio::time::timeout(patience, self.joining.notified()).await;
        match answered {
            Ok(()) if self.joined.get() => Ok(()),
            Ok(()) => Err(io::Error::other("the socket ended, or the join was refused")),
            Err(_) => Err(io::Error::other(format!("the join was not answered within {patience:?}"))),
        }
    }

    /// Sends the participant's next command if it is time for one; otherwise marks the
    /// participant as idle.
    pub(crate) fn go_on(&self, crowd: &Crowd, room: &Room) {
        let wanted = !self.ended.get() && crowd.wants(self.is_filling(crowd, room), Instant::now());
        self.idle.set(!wanted);
        if wanted {
            self.send(crowd, room);
        }
    }

    /// As [`Seat::go_on`], after a pause.
    pub(crate) fn go_on_later(crowd: &Rc<Crowd>, room: &Rc<Room>, seat: &Rc<Self>, pause: Duration) {
        let (crowd, room, seat) = (Rc::clone(crowd), Rc::clone(room), Rc::clone(seat));
        seat.idle.set(false);
        spawn_local(async move {
            sleep(pause).await;
            seat.go_on(&crowd, &room);
        });
    }

    /// Whether its socket is open.
    pub(crate) fn is_open(&self) -> bool {
        !self.ended.get()
    }

    /// Lets the next participant send, now that this one's command is no longer in flight.
    fn pass_on(crowd: &Rc<Crowd>, room: &Rc<Room>, seat: &Rc<Self>, pause: Option<Duration>) {
        seat.idle.set(true);
        let next = crowd.next(room, seat);
        match pause {
            Some(pause) if !next.is_filling(crowd, room) => Self::go_on_later(crowd, room, &next, pause),
            _ => next.go_on(crowd, room),
        }
    }

    fn is_filling(&self, crowd: &Crowd, room: &Room) -> bool {
        room.ledger.borrow().sent(self.person as usize) < crowd.script.fills(self.person)
    }

    /// Sends the participant's next command.
    pub(crate) fn send(&self, crowd: &Crowd, room: &Room) {
        let mut ledger = room.ledger.borrow_mut();
        let sender = self.person as usize;
        let nth = ledger.sent(sender);
        let step = crowd.script.step(self.person, nth);
        let mut text = crowd.text.borrow_mut();
        text.clear();
        wording::put_step(&mut text, room.number, self.person, step, crowd.script.v2.then_some(nth));
        ledger.send(sender, Instant::now());
        if let Err(error) = self.write(crowd, Opcode::Text, &text) {
            self.end(crowd, || format!("a command could not be sent: {error}"));
        }
    }

    /// Asks for the full state, in the protocol that has a message for this.
    pub(crate) fn ask_for_state(&self, crowd: &Crowd) {
        if let Err(error) = self.write(crowd, Opcode::Text, wording::GET_STATE) {
            self.end(crowd, || format!("the state could not be asked for: {error}"));
        }
    }

    /// Closes the socket.
    pub(crate) fn close(&self, crowd: &Crowd) {
        if !self.ended.replace(true) {
            let _ = self.write(crowd, Opcode::Close, &1_000_u16.to_be_bytes());
        }
    }

    /// Writes one frame. A participant has one command of a few hundred bytes in flight, so the
    /// socket always has room for the next one. If not, the server has stopped reading.
    fn write(&self, crowd: &Crowd, opcode: Opcode, payload: &[u8]) -> io::Result<()> {
        let mut frame = crowd.frame.borrow_mut();
        frame.clear();
        put_client_frame(&mut frame, opcode, payload, crowd.next_mask());
        match self.out.try_write(&frame) {
            Ok(written) if written == frame.len() => Ok(()),
            Ok(_) => Err(io::Error::other("the server does not read")),
            Err(error) => Err(error),
        }
    }

    fn end(&self, crowd: &Crowd, why: impl FnOnce() -> String) {
        if !self.ended.replace(true) {
            crowd.figures.borrow_mut().closed.note(why);
        }
        self.joining.notify_one();
    }
}

/// Reads the socket until it ends. All sockets of a thread share one buffer, which is not
/// kept across an await.
async fn listen(crowd: Rc<Crowd>, room: Rc<Room>, seat: Rc<Seat>, mut read: OwnedReadHalf, begun: Vec<u8>) {
    let mut reader = FrameReader::default();
    hear(&crowd, &room, &seat, &mut reader, &begun);
    loop {
        let heard = poll_fn(|context| {
            let mut buffer = crowd.buffer.borrow_mut();
            let mut buffer = ReadBuf::new(&mut buffer);
            Pin::new(&mut read).poll_read(context, &mut buffer).map_ok(|()| {
                hear(&crowd, &room, &seat, &mut reader, buffer.filled());
                buffer.filled().len()
            })
        })
        .await;
        match heard {
            Ok(1..) => {}
            Ok(0) => seat.end(&crowd, || "the server closed the connection".to_owned()),
            Err(error) => seat.end(&crowd, || format!("reading failed: {error}")),
        }
        if seat.ended.get() {
            return;
        }
    }
}

fn hear(crowd: &Rc<Crowd>, room: &Rc<Room>, seat: &Rc<Seat>, reader: &mut FrameReader, mut bytes: &[u8]) {
    let now = Instant::now();
    if crowd.measures(now) {
        crowd.figures.borrow_mut().bytes += bytes.len() as u64;
    }
    loop {
        let wanted = if crowd.keep_whole.get() { usize::MAX } else { envelope::PREFIX_BYTES };
        match reader.read(&mut bytes, wanted) {
            Ok(Some(frame)) => take(crowd, room, seat, &frame, now),
            Ok(None) => return,
            Err(error) => return seat.end(crowd, || error.to_string()),
        }
    }
}

fn take(crowd: &Rc<Crowd>, room: &Rc<Room>, seat: &Rc<Seat>, frame: &Frame<'_>, now: Instant) {
    match frame.opcode {
        Opcode::Text => {}
        Opcode::Ping => {
            if let Err(error) = seat.write(crowd, Opcode::Pong, frame.head) {
                seat.end(crowd, || format!("a ping could not be answered: {error}"));
            }
            return;
        }
        Opcode::Pong => return,
        Opcode::Close => {
            let code = frame.head.first_chunk().map_or(1_005, |code| u16::from_be_bytes(*code));
            return seat.end(crowd, || format!("the server closed with {code}"));
        }
        Opcode::Binary => {
            return crowd.figures.borrow_mut().unreadable.note(|| "a binary frame".to_owned());
        }
    }
    match envelope::read(frame.head) {
        Message::Changed(changed) => take_change(crowd, room, seat, frame, &changed, now),
        Message::Joined(who) => {
            if !seat.joined.get() && wording::person(who, room.number) == Some(seat.person) {
                seat.joined.set(true);
                seat.joining.notify_one();
            }
        }
        Message::Sync if crowd.script.v2 && crowd.keep_whole.get() => {
            seat.whole.borrow_mut().extend_from_slice(frame.head);
        }
        // The first one answers the join.
        Message::Sync if !seat.joined.get() => {}
        Message::Sync => take_resync(crowd, room, seat),
        Message::Refused => take_refusal(crowd, room, seat, frame),
        Message::Other => {}
        Message::Unreadable => {
            crowd.figures.borrow_mut().unreadable.note(|| shown(frame));
        }
    }
}

fn take_change(
    crowd: &Rc<Crowd>,
    room: &Rc<Room>,
    seat: &Rc<Seat>,
    frame: &Frame<'_>,
    changed: &Changed<'_>,
    now: Instant,
) {
    let sender = wording::person(changed.by, room.number);
    let told = script::told(changed);
    let delivered = match sender {
        // The yardstick's frames name the sender but not the command, so deliveries are only
        // counted.
        Some(sender) if crowd.script.echo => {
            room.ledger.borrow_mut().deliver(seat.person as usize, sender as usize, |_| true)
        }
        Some(sender) => room.ledger.borrow_mut().deliver(seat.person as usize, sender as usize, |nth| {
            told == Some(crowd.script.step(sender, nth))
        }),
        None => return crowd.figures.borrow_mut().unreadable.note(|| shown(frame)),
    };
    if crowd.keep_whole.get() {
        let mut whole = seat.whole.borrow_mut();
        whole.clear();
        whole.extend_from_slice(frame.head);
    }
    crowd.tally(&delivered, frame.payload_bytes, now);
    if delivered.echoed.is_some() {
        Seat::pass_on(crowd, room, seat, crowd.think);
    }
}

/// Handles a full state that replaces changes for which this participant was too slow. Its
/// own echo may be among them and would never arrive, so it continues from the new state,
/// as a person would.
fn take_resync(crowd: &Rc<Crowd>, room: &Rc<Room>, seat: &Rc<Seat>) {
    crowd.figures.borrow_mut().resyncs += 1;
    let sender = seat.person as usize;
    let Some(awaited) = room.ledger.borrow().awaited_echo(sender) else { return };
    let (crowd, room, seat) = (Rc::clone(crowd), Rc::clone(room), Rc::clone(seat));
    spawn_local(async move {
        sleep(AFTER_RESYNC).await;
        if room.ledger.borrow().awaited_echo(sender) == Some(awaited) {
            Seat::pass_on(&crowd, &room, &seat, None);
        }
    });
}

fn take_refusal(crowd: &Rc<Crowd>, room: &Rc<Room>, seat: &Rc<Seat>, frame: &Frame<'_>) {
    crowd.figures.borrow_mut().refusals.note(|| shown(frame));
    if !seat.joined.get() {
        seat.joining.notify_one();
    } else if room.ledger.borrow_mut().take_back(seat.person as usize) {
        Seat::go_on_later(crowd, room, seat, AFTER_REFUSAL);
    }
}

fn shown(frame: &Frame<'_>) -> String {
    let head = frame.head.get(..REFUSAL_SHOWN).unwrap_or(frame.head);
    String::from_utf8_lossy(head).into_owned()
}
