//! The plan of a room: its participants, and its faults.

use std::time::Duration;

use order_core::Lifetimes;
use order_host::{Protocol, ResumeKey, Settings};
use transport_memory::{Dice, Faults, LinkFaults, LogFaults};

use super::ledger::Lie;

/// The possible participants of a room.
pub(crate) const PEOPLE: [&str; 6] = ["asha", "ben", "chitra", "dev", "esha", "farid"];

/// The participant who adds facts when a log continues differently.
pub(crate) const GHOST: &str = "ghost";

/// A deliberate error of a client, which has to be detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// Misses some events.
    MissesEvents,
    /// Does not remove what an event removes.
    NeverRemoves,
    /// Does not repeat a command that was not answered.
    NeverSendsAgain,
}

/// Options of a run besides its seed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    pub(crate) transcript: bool,
    pub(crate) lie: Option<Lie>,
    pub(crate) sabotage: Option<Sabotage>,
}

/// One participant's client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Character {
    pub(crate) protocol: Protocol,
    /// Whether it gives its commands ids and repeats them. A `stonepot.v2` client always does.
    pub(crate) gives_ids: bool,
    /// Whether messages to it may be lost, duplicated and overtaken, which does not happen on a
    /// socket. Fewer properties are checked for it.
    pub(crate) wild: bool,
    /// How many steps it takes.
    pub(crate) steps: u32,
    /// Whether it gives its phone number.
    pub(crate) has_phone: bool,
}

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) characters: Vec<Character>,
    pub(crate) faults: Faults,
    pub(crate) settings: Settings,
    /// The longest time between two failures of the server. `None`: there are none.
    pub(crate) disasters: Option<Duration>,
    /// The longest pause of a client between two steps.
    pub(crate) pause: u64,
    /// One command of this many finalizes the order.
    pub(crate) finalizes: u64,
}

impl Plan {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let people = 1 + dice.below(PEOPLE.len() as u64);
        let steps = 25 + dice.below(60);
        let characters = (0..people).map(|_| Character::new(dice, steps)).collect();
        let mut settings = Settings::default();
        settings.resume_key = ResumeKey::new([7; 32]);
        match dice.below(4) {
            0 => settings.outbox_bytes = 2 * 1_024 + 512 * usize::try_from(dice.below(16)).unwrap(),
            1 => settings.outbox_bytes = 16 * 1_024,
            _ => {}
        }
        if dice.below(3) == 0 {
            settings.idle_unload = Duration::from_millis(10 + dice.below(50));
        }
        if dice.below(4) == 0 {
            settings.room_queue = 1 + usize::try_from(dice.below(4)).unwrap();
        }
        if dice.below(6) == 0 {
            // Now and then a table pauses for this long, or a clock jumps over it.
            settings.lifetimes = Lifetimes {
                expire_after: Some(Duration::from_millis(500 + dice.below(60_000))),
                archive_after: Some(Duration::from_millis(500 + dice.below(60_000))),
            };
        }
        Self {
            characters,
            faults: faults(dice),
            settings,
            disasters: (dice.below(3) > 0).then(|| Duration::from_millis(100 + dice.below(1_500))),
            pause: 1 + dice.below(60),
            finalizes: 100 + dice.below(400),
        }
    }
}

impl Character {
    fn new(dice: &mut Dice, steps: u64) -> Self {
        let protocol = if dice.below(3) == 0 { Protocol::V1 } else { Protocol::V2 };
        Self {
            protocol,
            gives_ids: protocol == Protocol::V2 || dice.below(2) == 0,
            wild: dice.below(5) == 0,
            steps: u32::try_from(steps / 2 + dice.below(steps)).unwrap(),
            has_phone: dice.below(8) == 0,
        }
    }
}

/// Returns the faults of a room: none, moderate or severe.
fn faults(dice: &mut Dice) -> Faults {
    let mut chance = |most: u64| u16::try_from(dice.below(most + 1)).unwrap();
    let bad = [0, 1, 3][usize::from(chance(2))];
    let mut link = || LinkFaults {
        drop: chance(15 * bad),
        duplicate: chance(15 * bad),
        reorder: chance(15 * bad),
        delay: chance(100 * bad),
        max_delay: Duration::from_millis(1 + u64::from(chance(300))),
        disconnect: chance(5 * bad),
    };
    let (to_server, to_client) = (link(), link());
    let log = LogFaults {
        failing_append: chance(25 * bad),
        failing_read: chance(10 * bad),
        max_append_time: Duration::from_millis([0, 2, 20][usize::from(chance(2))]),
        ..LogFaults::default()
    };
    Faults { to_server, to_client, log }
}

/// Keeps only the faults that are possible on a socket.
pub(crate) fn on_a_socket(link: LinkFaults) -> LinkFaults {
    LinkFaults { drop: 0, duplicate: 0, reorder: 0, ..link }
}
