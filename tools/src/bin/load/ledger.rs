//! Tracks which command of a room has reached which participant. Every command must reach
//! every participant exactly once, and each sender's commands must arrive in the order in
//! which they were sent.

use std::collections::VecDeque;
use std::time::Instant;

/// How many commands around the expected one to search for the one that arrived instead.
const SEARCH: u64 = 64;

/// The deliveries of a room's commands.
#[derive(Debug)]
pub(crate) struct Ledger {
    lines: Vec<Line>,
    /// How many commands have not yet come back to their senders.
    in_flight: u64,
    most_in_flight: u64,
    /// Deliveries skipped before a later one of the same sender arrived.
    pub(crate) skipped: u64,
    /// Deliveries that arrived twice.
    pub(crate) doubled: u64,
    /// Broadcasts that no command of ours caused.
    pub(crate) strange: u64,
}

/// One sender's commands.
#[derive(Debug)]
struct Line {
    sent: u64,
    /// The number of the first command in `under_way`.
    oldest: u64,
    /// Commands that have not yet reached every participant.
    under_way: VecDeque<UnderWay>,
    /// For each participant, the number of the command that must come next.
    next: Vec<u64>,
}

#[derive(Debug)]
struct UnderWay {
    sent_at: Instant,
    reached: usize,
}

/// What one delivery completes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// Whether it counts: it is neither a repetition nor unknown.
    pub(crate) counts: bool,
    /// When its command was sent, if this was the sender's own echo.
    pub(crate) echoed: Option<Instant>,
    /// When its command was sent, if it has now reached every participant.
    pub(crate) reached_all: Option<Instant>,
}

impl Ledger {
    /// Makes an empty ledger for a room of this many people.
    pub(crate) fn new(people: usize) -> Self {
        let line = || Line { sent: 0, oldest: 0, under_way: VecDeque::new(), next: vec![0; people] };
        Self {
            lines: (0..people).map(|_| line()).collect(),
            skipped: 0,
            in_flight: 0,
            most_in_flight: 0,
            doubled: 0,
            strange: 0,
        }
    }

    /// The number of `sender`'s next command.
    pub(crate) fn sent(&self, sender: usize) -> u64 {
        self.lines.get(sender).map_or(0, |line| line.sent)
    }

    /// Restarts [`Ledger::most_in_flight`].
    pub(crate) fn begin_to_measure(&mut self) {
        self.most_in_flight = self.in_flight;
    }

    /// The highest number of commands in flight at any moment since
    /// [`Ledger::begin_to_measure`].
    pub(crate) fn most_in_flight(&self) -> u64 {
        self.most_in_flight
    }

    /// How many commands each participant has sent.
    pub(crate) fn all_sent(&self) -> Vec<u64> {
        self.lines.iter().map(|line| line.sent).collect()
    }

    /// Notes that `sender` sends its next command.
    pub(crate) fn send(&mut self, sender: usize, sent_at: Instant) {
        if let Some(line) = self.lines.get_mut(sender) {
            self.in_flight += 1;
            self.most_in_flight = self.most_in_flight.max(self.in_flight);
            line.sent += 1;
            line.under_way.push_back(UnderWay { sent_at, reached: 0 });
        }
    }

    /// Removes `sender`'s last command, which was refused. Returns whether there was one that
    /// no participant had received.
    pub(crate) fn take_back(&mut self, sender: usize) -> bool {
        let Some(line) = self.lines.get_mut(sender) else { return false };
        if line.under_way.back().is_none_or(|last| last.reached > 0) {
            return false;
        }
        line.under_way.pop_back();
        line.sent -= 1;
        self.in_flight = self.in_flight.saturating_sub(1);
        true
    }

    /// Notes that a broadcast of a command of `sender` reached `receiver`. `is` says whether it
    /// may be the command with a given number.
    pub(crate) fn deliver(&mut self, receiver: usize, sender: usize, is: impl Fn(u64) -> bool) -> Delivered {
        let people = self.lines.len();
        let Some(line) = self.lines.get_mut(sender) else {
            self.strange += 1;
            return Delivered::default();
        };
        let Some(next) = line.next.get_mut(receiver) else {
            self.strange += 1;
            return Delivered::default();
        };
        let expected = *next;
        let ahead = (expected..line.sent.min(expected + SEARCH)).find(|nth| is(*nth));
        let Some(nth) = ahead else {
            let again = (expected.saturating_sub(SEARCH)..expected).any(is);
            *(if again { &mut self.doubled } else { &mut self.strange }) += 1;
            return Delivered::default();
        };
        self.skipped += nth - expected;
        *next = nth + 1;
        if receiver == sender {
            self.in_flight = self.in_flight.saturating_sub(nth + 1 - expected);
        }

        let mut delivered = Delivered { counts: true, echoed: None, reached_all: None };
        let place = nth.checked_sub(line.oldest).and_then(|place| usize::try_from(place).ok());
        if let Some(command) = place.and_then(|place| line.under_way.get_mut(place)) {
            command.reached += 1;
            delivered.echoed = (receiver == sender).then_some(command.sent_at);
            delivered.reached_all = (command.reached == people).then_some(command.sent_at);
        }
        while line.under_way.front().is_some_and(|oldest| oldest.reached == people) {
            line.under_way.pop_front();
            line.oldest += 1;
        }
        delivered
    }

    /// The number of the last command whose echo `sender` awaits.
    pub(crate) fn awaited_echo(&self, sender: usize) -> Option<u64> {
        let line = self.lines.get(sender)?;
        line.next.get(sender).filter(|next| **next < line.sent).map(|_| line.sent)
    }

    /// Whether nothing is in flight any more.
    pub(crate) fn is_settled(&self) -> bool {
        self.lines.iter().all(|line| line.next.iter().all(|next| *next == line.sent))
    }

    /// Deliveries that never arrived.
    pub(crate) fn lost(&self) -> u64 {
        let still: u64 =
            self.lines.iter().flat_map(|line| line.next.iter().map(|next| line.sent - next)).sum();
        self.skipped + still
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_reaches_everybody_once_is_settled() {
        let mut ledger = Ledger::new(2);
        let sent_at = Instant::now();
        ledger.send(0, sent_at);

        let to_other = ledger.deliver(1, 0, |nth| nth == 0);
        let own = ledger.deliver(0, 0, |nth| nth == 0);

        assert_eq!(to_other, Delivered { counts: true, echoed: None, reached_all: None });
        assert_eq!(own, Delivered { counts: true, echoed: Some(sent_at), reached_all: Some(sent_at) });
        assert!(ledger.is_settled());
        assert_eq!((ledger.lost(), ledger.doubled, ledger.strange), (0, 0, 0));
    }

    #[test]
    fn a_command_is_in_flight_until_it_comes_back_to_its_sender() {
        let mut ledger = Ledger::new(2);
        ledger.send(0, Instant::now());
        ledger.send(1, Instant::now());
        ledger.deliver(1, 0, |_| true);
        ledger.send(1, Instant::now());
        assert_eq!(ledger.most_in_flight(), 3);

        ledger.deliver(0, 0, |_| true);
        // The first of the two was skipped.
        ledger.deliver(1, 1, |nth| nth == 1);
        ledger.send(0, Instant::now());
        assert!(ledger.take_back(0));
        ledger.begin_to_measure();

        assert_eq!(ledger.most_in_flight(), 0);
    }

    #[test]
    fn a_delivery_that_comes_twice_is_doubled() {
        let mut ledger = Ledger::new(1);
        ledger.send(0, Instant::now());
        ledger.deliver(0, 0, |nth| nth == 0);

        assert!(!ledger.deliver(0, 0, |nth| nth == 0).counts);
        assert_eq!((ledger.lost(), ledger.doubled, ledger.strange), (0, 1, 0));
    }

    #[test]
    fn a_delivery_left_out_is_lost_even_when_later_ones_come() {
        let mut ledger = Ledger::new(2);
        for _ in 0..3 {
            ledger.send(0, Instant::now());
        }
        for nth in 0..3 {
            ledger.deliver(0, 0, |it| it == nth);
        }
        ledger.deliver(1, 0, |nth| nth == 0);
        ledger.deliver(1, 0, |nth| nth == 2);

        assert!(ledger.is_settled());
        assert_eq!((ledger.lost(), ledger.doubled), (1, 0));
    }

    #[test]
    fn a_delivery_that_never_comes_is_lost() {
        let mut ledger = Ledger::new(2);
        ledger.send(0, Instant::now());
        ledger.deliver(0, 0, |nth| nth == 0);

        assert!(!ledger.is_settled());
        assert_eq!(ledger.lost(), 1);
    }

    #[test]
    fn a_broadcast_that_nobody_caused_is_strange() {
        let mut ledger = Ledger::new(1);

        assert!(!ledger.deliver(0, 0, |nth| nth == 0).counts);
        assert!(!ledger.deliver(0, 7, |_| true).counts);
        assert_eq!((ledger.lost(), ledger.doubled, ledger.strange), (0, 0, 2));
    }

    #[test]
    fn a_refused_command_is_taken_back_and_is_not_lost() {
        let mut ledger = Ledger::new(2);
        ledger.send(0, Instant::now());

        assert!(ledger.take_back(0));
        assert!(!ledger.take_back(0));
        assert_eq!((ledger.sent(0), ledger.lost()), (0, 0));
    }
}
