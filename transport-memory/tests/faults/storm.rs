//! One run: four phones, one table, and everything that can go wrong.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use order_core::stored::decode_fact;
use order_core::{Currency, Recorded};
use order_host::log::RoomLog as _;
use order_host::{RoomKey, Settings};
use tokio::runtime::Builder;
use tokio::time::sleep;
use transport_memory::{Faults, Simulation};

use crate::phone::{Heard, Phone};

pub(crate) const PEOPLE: [&str; 4] = ["asha", "ben", "chitra", "dev"];

/// What was lived through.
pub(crate) struct Storm {
    pub(crate) phones: Vec<Phone>,
    /// Every stored fact, in its stored form.
    pub(crate) log: Vec<Vec<u8>>,
    /// Whether the network may have doubled what went to clients.
    pub(crate) doubles: bool,
}

pub(crate) fn room() -> RoomKey {
    RoomKey::new("main", "table-7").unwrap()
}

impl Storm {
    /// Lives through the storm of this seed, and through the calm after it.
    pub(crate) fn live_through(seed: u64) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(Self::run(seed))
    }

    async fn run(seed: u64) -> Self {
        let mut faults = Faults::stormy();
        let doubles = seed % 2 == 1;
        if !doubles {
            faults.to_client.duplicate = 0;
        }
        let mut settings = Settings::default();
        if seed.is_multiple_of(3) {
            settings.outbox_bytes = 8 * 1024;
        }
        if seed.is_multiple_of(5) {
            settings.idle_unload = Duration::from_millis(50);
        }
        let restaurant = Arc::new(Simulation::with_settings(seed, faults, settings));
        let phones = PEOPLE.map(|person| {
            tokio::spawn(Phone::new(restaurant.clone(), seed, person).live_through_the_storm())
        });
        let mut calm = Vec::new();
        for phone in phones {
            calm.push(phone.await.unwrap());
        }
        restaurant.calm();
        // What is late, or being stored, comes to its end.
        sleep(Duration::from_secs(5)).await;
        for phone in &mut calm {
            phone.come_back().await;
        }
        for phone in &mut calm {
            phone.look_at_the_order().await;
        }
        let log = restaurant.log().inner().read(&room(), 0, usize::MAX).await.unwrap();
        Self { phones: calm, log, doubles }
    }

    pub(crate) fn facts(&self) -> Vec<Recorded> {
        self.log.iter().map(|fact| decode_fact(fact).unwrap()).collect()
    }

    pub(crate) fn currency() -> Currency {
        Settings::default().currency
    }

    /// Everything that everybody did and heard, and when.
    pub(crate) fn transcript(&self) -> String {
        let mut transcript = String::new();
        for phone in &self.phones {
            for (at, heard) in &phone.heard {
                let what = match heard {
                    Heard::Connected => "connected".to_owned(),
                    Heard::Sent(text) => format!("sent {text}"),
                    Heard::Message(message) => message.text().to_owned(),
                    Heard::Closed(closed) => format!("closed: {closed}"),
                };
                writeln!(transcript, "{} {:>6} {what}", phone.person, at.as_millis()).unwrap();
            }
        }
        transcript
    }
}
