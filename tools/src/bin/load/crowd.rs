//! The participants of one thread: they join, fill the rooms, send until the time is over,
//! and compare their orders.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::agreement;
use crate::args::InFlight;
use crate::envelope::PREFIX_BYTES;
use crate::figures::Figures;
use crate::ledger::{Delivered, Ledger};
use crate::script::Script;
use crate::seat::{Seat, sit};

/// The most bytes that one read takes.
const BUFFER_BYTES: usize = 256 << 10;
/// How many rooms are joined at the same time, so that no listener's backlog overflows.
const ENTERING: usize = 16;
/// How long one participant may take to join.
const JOIN_PATIENCE: Duration = Duration::from_secs(60);
/// How long filling the rooms may take.
const FILL_PATIENCE: Duration = Duration::from_secs(60);
/// How often to check a condition, outside of the measurement.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The error of a thread that ended only because another one gave up.
pub(crate) const CALLED_OFF: &str = "called off";

/// When the measuring begins and ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Before this, the load runs but is not measured.
    pub(crate) from: Instant,
    /// From here on no participant sends.
    pub(crate) until: Instant,
}

/// What the participants of a thread share.
#[derive(Debug)]
pub(crate) struct Crowd {
    /// What to send.
    pub(crate) script: Script,
    /// Whether each participant or each room has one command in flight.
    in_flight: InFlight,
    /// How long to wait between an echo and the next command.
    pub(crate) think: Option<Duration>,
    /// What was counted and measured.
    pub(crate) figures: RefCell<Figures>,
    /// The read buffer of all sockets.
    pub(crate) buffer: RefCell<Vec<u8>>,
    /// A buffer for a command's text.
    pub(crate) text: RefCell<Vec<u8>>,
    /// A buffer for a frame.
    pub(crate) frame: RefCell<Vec<u8>>,
    /// Whether broadcasts are kept whole, to be compared.
    pub(crate) keep_whole: Cell<bool>,
    window: Cell<Option<Window>>,
    /// How many more measured commands all threads together may send.
    budget: Option<Arc<AtomicU64>>,
    spent: Cell<bool>,
    mask: Cell<u32>,
}

/// One table.
#[derive(Debug)]
pub(crate) struct Room {
    /// Its number.
    pub(crate) number: u32,
    /// Which commands have reached which participants.
    pub(crate) ledger: RefCell<Ledger>,
    seats: RefCell<Vec<Rc<Seat>>>,
}

/// The work of one thread.
#[derive(Debug)]
pub(crate) struct Task {
    /// The server.
    pub(crate) addr: SocketAddr,
    /// The numbers of this thread's rooms.
    pub(crate) rooms: Vec<u32>,
    /// What to send.
    pub(crate) script: Script,
    /// Whether each participant or each room has one command in flight.
    pub(crate) in_flight: InFlight,
    /// How long to wait between an echo and the next command.
    pub(crate) think: Option<Duration>,
    /// How many measured commands all threads together may send.
    pub(crate) budget: Option<Arc<AtomicU64>>,
    /// Signalled when the rooms are filled, and again when sending has ended.
    pub(crate) reached: mpsc::SyncSender<()>,
    /// How long nothing may arrive at the end before what is still in flight counts as lost.
    pub(crate) patience: Duration,
    /// When to measure; sent once every thread's rooms are filled.
    pub(crate) window: oneshot::Receiver<Window>,
}

/// Runs one thread's work. Must be called within a `LocalSet`.
///
/// # Errors
/// When the rooms cannot be joined or filled. Later faults are counted.
pub(crate) async fn run(task: Task) -> io::Result<Figures> {
    let people = task.script.people;
    let crowd = Rc::new(Crowd {
        script: task.script,
        in_flight: task.in_flight,
        think: task.think,
        figures: RefCell::new(Figures::new()),
        buffer: RefCell::new(vec![0; BUFFER_BYTES]),
        text: RefCell::new(Vec::with_capacity(PREFIX_BYTES)),
        frame: RefCell::new(Vec::with_capacity(PREFIX_BYTES)),
        keep_whole: Cell::new(false),
        window: Cell::new(None),
        budget: task.budget,
        spent: Cell::new(false),
        mask: Cell::new(0x9e37_79b9),
    });
    let rooms: Vec<Rc<Room>> = stream::iter(task.rooms)
        .map(|number| enter(Rc::clone(&crowd), number, people, task.addr))
        .buffer_unordered(ENTERING)
        .try_collect()
        .await?;
    everybody_starts(&crowd, &rooms);
    if !came_about(FILL_PATIENCE, || is_quiet(&rooms) || crowd.has_trouble()).await || crowd.has_trouble() {
        let faults = crowd.figures.borrow().faults().join("; ");
        return Err(io::Error::other(format!("the rooms could not be filled: {faults}")));
    }
    let _ = task.reached.send(());

    let Ok(window) = task.window.await else { return Err(io::Error::other(CALLED_OFF)) };
    crowd.window.set(Some(window));
    for room in &rooms {
        room.ledger.borrow_mut().begin_to_measure();
    }
    everybody_starts(&crowd, &rooms);
    let measuring = window.until.saturating_duration_since(Instant::now());
    came_about(measuring, || crowd.spent.get() && is_quiet(&rooms)).await;
    let _ = task.reached.send(());

    all_arrives(task.patience, &rooms).await;
    for room in &rooms {
        let (ledger, mut figures) = (room.ledger.borrow(), crowd.figures.borrow_mut());
        figures.most_in_flight = figures.most_in_flight.max(ledger.most_in_flight());
        let sent = ledger.all_sent();
        figures.fewest_sent = sent.iter().copied().fold(figures.fewest_sent, u64::min);
        figures.most_sent = sent.iter().copied().fold(figures.most_sent, u64::max);
    }
    if !crowd.script.echo {
        compare(&crowd, &rooms, task.patience).await;
    }
    let mut figures = crowd.figures.borrow().clone();
    for room in &rooms {
        let ledger = room.ledger.borrow();
        figures.lost += ledger.lost();
        figures.doubled += ledger.doubled;
        figures.strange += ledger.strange;
        room.seats.borrow().iter().for_each(|seat| seat.close(&crowd));
    }
    Ok(figures)
}

impl Crowd {
    /// Whether a participant may send its next command now; a `fill` is always sent.
    pub(crate) fn wants(&self, fill: bool, now: Instant) -> bool {
        if fill {
            return true;
        }
        let Some(window) = self.window.get() else { return false };
        if now >= window.until || self.spent.get() {
            return false;
        }
        let Some(budget) = self.budget.as_ref().filter(|_| now >= window.from) else { return true };
        let left = budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        self.spent.set(left.is_err());
        left.is_ok()
    }

    /// Whether `now` is within the measurement.
    pub(crate) fn measures(&self, now: Instant) -> bool {
        self.window.get().is_some_and(|window| (window.from..window.until).contains(&now))
    }

    /// Returns who sends once `seat` has the echo of its command: itself, or the next
    /// participant of the room whose socket is open. While a room is being filled, every
    /// participant sends.
    pub(crate) fn next(&self, room: &Room, seat: &Rc<Seat>) -> Rc<Seat> {
        let next = match self.in_flight {
            InFlight::Room if self.window.get().is_some() => {
                let seats = room.seats.borrow();
                let others = seats.iter().cycle().skip(seat.person as usize + 1).take(seats.len());
                others.into_iter().find(|other| other.is_open()).cloned()
            }
            InFlight::Room | InFlight::Person => None,
        };
        next.unwrap_or_else(|| Rc::clone(seat))
    }

    /// How many participants of a room start sending.
    fn beginners(&self) -> usize {
        match self.in_flight {
            InFlight::Room if self.window.get().is_some() => 1,
            InFlight::Room | InFlight::Person => usize::MAX,
        }
    }

    /// Counts one delivery.
    pub(crate) fn tally(&self, delivered: &Delivered, payload_bytes: usize, now: Instant) {
        let Some(Window { from, until }) = self.window.get() else { return };
        let mut figures = self.figures.borrow_mut();
        if delivered.counts && (from..until).contains(&now) {
            figures.deliveries += 1;
            figures.delivered_bytes += payload_bytes as u64;
            if delivered.echoed.is_some() {
                figures.commands += 1;
                figures.last_echo = Some(now);
            }
        }
        // Includes every command that was sent while measuring, however late its echo: leaving out
        // late ones would make the figures too good.
        let measured = |sent_at: &Instant| (from..until).contains(sent_at);
        if let Some(sent_at) = delivered.echoed.filter(measured) {
            figures.echo.record(now - sent_at);
        }
        if let Some(sent_at) = delivered.reached_all.filter(measured) {
            figures.last.record(now - sent_at);
        }
    }

    /// The next masking key. It may be predictable here: there is no intermediary to protect.
    pub(crate) fn next_mask(&self) -> [u8; 4] {
        let mask = self.mask.get().wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
        self.mask.set(mask);
        mask.to_ne_bytes()
    }

    fn has_trouble(&self) -> bool {
        !self.figures.borrow().faults().is_empty()
    }
}

async fn enter(crowd: Rc<Crowd>, number: u32, people: u32, addr: SocketAddr) -> io::Result<Rc<Room>> {
    let ledger = RefCell::new(Ledger::new(people as usize));
    let room = Rc::new(Room { number, ledger, seats: RefCell::default() });
    for person in 0..people {
        let sitting = timeout(JOIN_PATIENCE, sit(&crowd, &room, person, addr)).await;
        let seat = sitting.unwrap_or_else(|late| Err(late.into())).map_err(|error| told(&crowd, &error))?;
        seat.join(&crowd, &room, JOIN_PATIENCE).await.map_err(|error| told(&crowd, &error))?;
        crowd.figures.borrow_mut().first_join.get_or_insert_with(Instant::now);
        room.seats.borrow_mut().push(seat);
    }
    Ok(room)
}

fn told(crowd: &Crowd, error: &io::Error) -> io::Error {
    let mut told = vec![format!("a participant could not come in: {error}")];
    told.extend(crowd.figures.borrow().faults());
    io::Error::other(told.join("; "))
}

/// Starts all participants. With pauses between the commands, the first ones are spread
/// over one pause, as people do not order at the same moment.
fn everybody_starts(crowd: &Rc<Crowd>, rooms: &[Rc<Room>]) {
    let pause = crowd.think.filter(|_| crowd.window.get().is_some());
    for (nth, room) in (0..).zip(rooms) {
        for seat in room.seats.borrow().iter().take(crowd.beginners()) {
            match pause {
                Some(pause) => {
                    let part = f64::from(nth) + f64::from(seat.person) / f64::from(crowd.script.people);
                    let whole = f64::from(u32::try_from(rooms.len()).unwrap_or(u32::MAX));
                    Seat::go_on_later(crowd, room, seat, pause.mul_f64(part / whole));
                }
                None => seat.go_on(crowd, room),
            }
        }
    }
}

/// Whether nothing is in flight and no participant sends.
fn is_quiet(rooms: &[Rc<Room>]) -> bool {
    rooms.iter().all(|room| {
        room.seats.borrow().iter().all(|seat| seat.idle.get()) && room.ledger.borrow().is_settled()
    })
}

/// Compares the orders of all participants. Where changes come with the whole order, one
/// participant of each room sends one more command to get it; otherwise every participant
/// asks for it.
async fn compare(crowd: &Crowd, rooms: &[Rc<Room>], patience: Duration) {
    crowd.keep_whole.set(true);
    for room in rooms {
        if crowd.script.v2 {
            room.seats.borrow().iter().for_each(|seat| seat.ask_for_state(crowd));
        } else {
            room.seats.borrow().first().inspect(|seat| seat.send(crowd, room));
        }
    }
    let all_have_it =
        |room: &Rc<Room>| room.seats.borrow().iter().all(|seat| !seat.whole.borrow().is_empty());
    came_about(patience, || rooms.iter().all(all_have_it)).await;
    for room in rooms {
        let whole: Vec<Vec<u8>> = room.seats.borrow().iter().map(|seat| seat.whole.take()).collect();
        let dishes = crowd.script.dishes_after(&room.ledger.borrow().all_sent());
        if let Err(difference) = agreement::check(&whole, &dishes) {
            let number = room.number;
            crowd.figures.borrow_mut().disagreements.note(|| format!("room {number}: {difference}"));
        }
    }
}

/// Waits for what is in flight while any of it still arrives: on a busy machine, late is
/// not lost. Gives up when nothing has arrived for `patience`.
async fn all_arrives(patience: Duration, rooms: &[Rc<Room>]) {
    let missing = || rooms.iter().map(|room| room.ledger.borrow().lost()).sum::<u64>();
    let is_settled = || rooms.iter().all(|room| room.ledger.borrow().is_settled());
    loop {
        let before = missing();
        if !came_about(patience, || is_settled() || missing() != before).await || is_settled() {
            return;
        }
    }
}

/// Waits until a condition holds. Returns whether it did in time.
async fn came_about(patience: Duration, has: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    loop {
        if has() {
            return true;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        sleep(LOOK_EVERY.min(left)).await;
    }
}
