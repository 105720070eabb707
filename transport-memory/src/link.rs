//! One direction of a connection, with injected faults.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{Dice, Faults, LinkFaults};

/// How many messages may be in flight in one direction. Overflow: the sender waits, as on a
/// socket whose buffers are full.
const IN_FLIGHT: usize = 16;

/// The current faults, which may change while connections are open.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weather(Arc<Mutex<Faults>>);

impl Weather {
    pub(crate) fn set(&self, faults: Faults) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    pub(crate) fn now(&self) -> Faults {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The direction of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    ToServer,
    ToClient,
}

struct InFlight<T> {
    /// When it arrives. `None`: at once.
    due: Option<Instant>,
    message: T,
}

/// The sending end of a link.
pub(crate) struct LinkSender<T> {
    sender: mpsc::Sender<InFlight<T>>,
    weather: Weather,
    direction: Direction,
    dice: Dice,
    /// When the last message arrives: a later message with a shorter delay does not overtake
    /// it.
    last_due: Option<Instant>,
    /// A message that the next one overtakes.
    overtaken: Option<T>,
    cut: CancellationToken,
}

/// The receiving end of a link.
pub(crate) struct LinkReceiver<T> {
    receiver: mpsc::Receiver<InFlight<T>>,
    /// The next message, waiting for its time. Kept here so that a cancelled wait loses
    /// nothing.
    next: Option<InFlight<T>>,
    cut: CancellationToken,
}

/// The connection is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// Creates one direction of a connection. `cut` breaks it, and loses all messages in
/// flight.
pub(crate) fn link<T: Clone>(
    direction: Direction,
    weather: Weather,
    dice: Dice,
    cut: CancellationToken,
) -> (LinkSender<T>, LinkReceiver<T>) {
    let (sender, receiver) = mpsc::channel(IN_FLIGHT);
    let from =
        LinkSender { sender, weather, direction, dice, last_due: None, overtaken: None, cut: cut.clone() };
    (from, LinkReceiver { receiver, next: None, cut })
}

impl<T: Clone> LinkSender<T> {
    /// Sends a message, subject to the faults. Waits while too many are in flight.
    pub(crate) async fn send(&mut self, message: T) -> Result<(), Gone> {
        let faults = self.faults();
        if self.cut.is_cancelled() || self.sender.is_closed() {
            return Err(Gone);
        }
        if self.dice.hits(faults.disconnect) {
            self.cut.cancel();
            return Err(Gone);
        }
        if self.dice.hits(faults.drop) {
            return Ok(());
        }
        if self.dice.hits(faults.duplicate) {
            self.put(message.clone(), faults).await?;
        }
        if self.overtaken.is_none() && self.dice.hits(faults.reorder) {
            self.overtaken = Some(message);
            return Ok(());
        }
        self.put(message, faults).await?;
        match self.overtaken.take() {
            Some(overtaken) => self.put(overtaken, faults).await,
            None => Ok(()),
        }
    }

    /// Sends a message without faults.
    pub(crate) async fn send_surely(&mut self, message: T) -> Result<(), Gone> {
        self.put(message, LinkFaults::default()).await
    }

    async fn put(&mut self, message: T, faults: LinkFaults) -> Result<(), Gone> {
        if self.dice.hits(faults.delay) {
            let millis = u64::try_from(faults.max_delay.as_millis()).unwrap_or(u64::MAX);
            let late = Duration::from_millis(self.dice.below(millis.saturating_add(1)));
            let due = Instant::now().checked_add(late);
            self.last_due = self.last_due.max(due);
        }
        let in_flight = InFlight { due: self.last_due, message };
        tokio::select! {
            biased;
            () = self.cut.cancelled() => Err(Gone),
            sent = self.sender.send(in_flight) => sent.map_err(|_| Gone),
        }
    }

    fn faults(&self) -> LinkFaults {
        let faults = self.weather.now();
        match self.direction {
            Direction::ToServer => faults.to_server,
            Direction::ToClient => faults.to_client,
        }
    }
}

impl<T> LinkReceiver<T> {
    /// Receives the next message when it is due. Cancel-safe.
    pub(crate) async fn recv(&mut self) -> Result<T, Gone> {
        tokio::select! {
            biased;
            () = self.cut.cancelled() => return Err(Gone),
            arrived = arrive(&mut self.receiver, &mut self.next) => arrived?,
        }
        self.next.take().map(|in_flight| in_flight.message).ok_or(Gone)
    }
}

/// Waits until the next message is there and due.
async fn arrive<T>(
    receiver: &mut mpsc::Receiver<InFlight<T>>,
    next: &mut Option<InFlight<T>>,
) -> Result<(), Gone> {
    if next.is_none() {
        *next = Some(receiver.recv().await.ok_or(Gone)?);
    }
    if let Some(due) = next.as_ref().and_then(|in_flight| in_flight.due)
        && due > Instant::now()
    {
        sleep_until(due).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(faults: LinkFaults) -> (LinkSender<u32>, LinkReceiver<u32>) {
        let weather = Weather::default();
        weather.set(Faults { to_server: faults, ..Faults::default() });
        link(Direction::ToServer, weather, Dice::new(1), CancellationToken::new())
    }

    #[tokio::test(start_paused = true)]
    async fn late_messages_keep_their_order_and_arrive_in_time() {
        let max_delay = Duration::from_millis(300);
        let (mut sender, mut receiver) = links(LinkFaults { delay: 500, max_delay, ..LinkFaults::default() });
        let begun = Instant::now();
        for number in 0..10 {
            sender.send(number).await.unwrap();
        }
        for number in 0..10 {
            assert_eq!(receiver.recv().await, Ok(number));
        }
        assert!(begun.elapsed() > Duration::ZERO && begun.elapsed() <= max_delay);
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_is_overtaken_comes_after_the_next() {
        let (mut sender, mut receiver) = links(LinkFaults { reorder: 1_000, ..LinkFaults::default() });
        for number in 0..4 {
            sender.send(number).await.unwrap();
        }
        for number in [1, 0, 3, 2] {
            assert_eq!(receiver.recv().await, Ok(number));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_is_cancelled_loses_nothing() {
        let max_delay = Duration::from_secs(5);
        let (mut sender, mut receiver) =
            links(LinkFaults { delay: 1_000, max_delay, ..LinkFaults::default() });
        sender.send(7).await.unwrap();
        let short = tokio::time::timeout(Duration::from_millis(1), receiver.recv()).await;
        assert!(short.is_err());
        assert_eq!(receiver.recv().await, Ok(7));
    }

    #[tokio::test(start_paused = true)]
    async fn messages_are_dropped_doubled_and_cut_off() {
        let (mut sender, mut receiver) = links(LinkFaults { drop: 1_000, ..LinkFaults::default() });
        sender.send(1).await.unwrap();
        sender.send_surely(2).await.unwrap();
        assert_eq!(receiver.recv().await, Ok(2));

        let (mut sender, mut receiver) = links(LinkFaults { duplicate: 1_000, ..LinkFaults::default() });
        sender.send(1).await.unwrap();
        assert_eq!((receiver.recv().await, receiver.recv().await), (Ok(1), Ok(1)));

        let (mut sender, mut receiver) = links(LinkFaults { disconnect: 1_000, ..LinkFaults::default() });
        sender.send_surely(1).await.unwrap();
        assert_eq!(sender.send(2).await, Err(Gone));
        assert_eq!(receiver.recv().await, Err(Gone), "what was on its way is lost too");
    }
}
