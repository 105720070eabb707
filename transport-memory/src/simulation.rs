//! A complete simulated host.

use std::sync::Arc;

use order_core::stored::decode_fact;
use order_core::{Order, OrderId, commit};
use order_host::log::{LogError, MemoryLog, RoomLog};
use order_host::{Host, Opening, RoomKey, Settings};

use crate::{Bus, Client, Faults, FaultyLog, ManualClock, MortalLog, SeededIds};

/// Everything that a test needs, from one seed: a bus, the host it serves, a log that can
/// fail, a clock that stands still, and ids that are the same in every run.
///
/// On tokio's single-threaded runtime with paused time, the same seed and the same clients
/// give the same run, byte for byte.
pub struct Simulation<L = MemoryLog> {
    bus: Bus,
    host: Host,
    log: Arc<FaultyLog<L>>,
    /// The host's own access to the log.
    lifeline: Arc<MortalLog<L>>,
    clock: Arc<ManualClock>,
    settings: Settings,
}

impl Simulation {
    /// Creates a simulation with an empty log and these faults.
    pub fn new(seed: u64, faults: Faults) -> Self {
        Self::with_settings(seed, faults, Settings::default())
    }

    /// Creates a simulation with an empty log, these faults and these settings.
    pub fn with_settings(seed: u64, faults: Faults, settings: Settings) -> Self {
        Self::over(MemoryLog::new(), seed, faults, settings)
    }
}

impl<L: RoomLog> Simulation<L> {
    /// Creates a simulation over a given log.
    pub fn over(log: L, seed: u64, faults: Faults, settings: Settings) -> Self {
        let log = Arc::new(FaultyLog::new(log, seed, faults.log));
        Self::on(log, Arc::new(ManualClock::default()), seed, faults, settings)
    }

    /// Starts a process on this log.
    fn on(
        log: Arc<FaultyLog<L>>,
        clock: Arc<ManualClock>,
        seed: u64,
        faults: Faults,
        settings: Settings,
    ) -> Self {
        let lifeline = Arc::new(MortalLog::new(log.clone(), seed));
        let ids = Arc::new(SeededIds::new(seed));
        let host = Host::with(lifeline.clone(), settings.clone(), clock.clone(), ids);
        let bus = Bus::with_faults(seed, faults);
        bus.serve(host.clone());
        Self { bus, host, log, lifeline, clock, settings }
    }

    /// Starts another process on the same log, as after a crash: with empty memory, and without
    /// faults on its bus. The first process continues as a second writer if it is still used,
    /// unless it has [crashed](Simulation::crash).
    #[must_use]
    pub fn restarted(&self, seed: u64) -> Self {
        self.restarted_with(seed, self.settings.clone())
    }

    /// Starts another process on the same log, with other settings.
    #[must_use]
    pub fn restarted_with(&self, seed: u64, settings: Settings) -> Self {
        Self::on(self.log.clone(), self.clock.clone(), seed, Faults::default(), settings)
    }

    /// Kills the process: its connections are cut, and nothing more of it reaches the log.
    /// Appends in flight are stored or not, depending on the seed.
    pub async fn crash(&self) {
        self.bus.cut();
        self.lifeline.die().await;
    }

    /// Opens a connection, as [`Bus::connect`] does.
    pub fn connect(&self, room: &RoomKey) -> Client {
        self.bus.connect(room.clone())
    }

    /// Opens a connection of another protocol, or one that resumes, as [`Bus::open`] does.
    pub fn open(&self, room: &RoomKey, opening: Opening) -> Client {
        self.bus.open(room.clone(), opening)
    }

    /// Removes all faults from now on.
    pub fn calm(&self) {
        self.bus.set_faults(Faults::default());
        self.log.set_faults(Faults::default().log);
        self.log.release();
    }

    /// Replays the order of `room` from the first fact in its log.
    ///
    /// # Errors
    /// When the log cannot be replayed.
    pub async fn stored_order(&self, room: &RoomKey) -> Result<Order, LogError> {
        let unusable = |error: &dyn std::error::Error| LogError(error.to_string());
        let id = OrderId::new(room.room()).map_err(|error| unusable(&error))?;
        let mut order = Order::new(id, self.settings.currency);
        for fact in self.log.inner().read(room, 0, usize::MAX).await? {
            let recorded = decode_fact(&fact.bytes).map_err(|error| unusable(&error))?;
            commit(&mut order, &recorded).map_err(|error| unusable(&error))?;
        }
        Ok(order)
    }

    /// Returns the bus.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Returns the host behind the bus.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Returns the log behind the host.
    pub fn log(&self) -> &FaultyLog<L> {
        &self.log
    }

    /// Returns the host's clock.
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }
}
