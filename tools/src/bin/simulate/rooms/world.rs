//! The shared state of a run: the server process, and the evidence about it.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use order_core::UnixMillis;
use order_host::{Opening, RoomKey, Settings};
use tokio::time::Instant;
use transport_memory::{Bus, Client, Faults, Simulation};

use super::evidence::Evidence;
use super::ledger::Ledger;
use super::oracle;
use super::outcome::{Happening, Oracle};
use super::plan::{Plan, Wanted, on_a_socket};

/// One process, until it crashes or is drained.
pub(crate) struct Process {
    pub(crate) simulation: Simulation<Ledger>,
    /// A second bus to the same host, for clients under all kinds of faults.
    pub(crate) wild: Bus,
}

pub(crate) struct World {
    pub(crate) room: RoomKey,
    pub(crate) wanted: Wanted,
    pub(crate) pause: u64,
    pub(crate) finalizes: u64,
    pub(crate) settings: Settings,
    /// Which participants give their commands ids.
    pub(crate) gives_ids: Vec<bool>,
    /// Whether messages to the server may be overtaken.
    pub(crate) overtakes: bool,
    faults: Faults,
    seed: u64,
    /// `None` while no process runs.
    process: Mutex<Option<Arc<Process>>>,
    processes: AtomicU64,
    evidence: Mutex<Evidence>,
    transcript: Mutex<String>,
    begun: Instant,
    /// By how many milliseconds the clock was set back in total.
    set_back: AtomicU64,
    /// How often the log was restored, or continued differently.
    history: AtomicU64,
    /// Whether all faults are over.
    calm: AtomicBool,
}

impl World {
    pub(crate) fn new(seed: u64, plan: &Plan, wanted: Wanted) -> Self {
        let ledger = Ledger::new(wanted.lie);
        let simulation = Simulation::over(ledger, seed, plan.faults, plan.settings.clone());
        let has_phones = plan.characters.iter().any(|character| character.has_phone);
        let world = Self {
            room: RoomKey::new("main", "table-7").unwrap(),
            wanted,
            pause: plan.pause,
            finalizes: plan.finalizes,
            settings: plan.settings.clone(),
            gives_ids: plan.characters.iter().map(|character| character.gives_ids).collect(),
            overtakes: plan.faults.to_server.reorder > 0,
            faults: plan.faults,
            seed,
            process: Mutex::default(),
            processes: AtomicU64::new(0),
            evidence: Mutex::new(Evidence { has_phones, ..Evidence::default() }),
            transcript: Mutex::default(),
            begun: Instant::now(),
            set_back: AtomicU64::new(0),
            history: AtomicU64::new(0),
            calm: AtomicBool::new(false),
        };
        world.start(simulation);
        world
    }

    /// Starts a process, to which clients connect from now on.
    pub(crate) fn start(&self, simulation: Simulation<Ledger>) {
        let number = self.processes.fetch_add(1, Ordering::Relaxed);
        let wild = Bus::with_faults(self.seed.wrapping_add(number) ^ 1, self.faults);
        wild.serve(simulation.host().clone());
        let process = Process { simulation, wild };
        self.have_weather(&process);
        *self.process.lock().unwrap() = Some(Arc::new(process));
    }

    /// Removes the process, so that no client can connect.
    pub(crate) fn take(&self) -> Option<Arc<Process>> {
        self.process.lock().unwrap().take()
    }

    /// Returns the next process on the same log.
    pub(crate) fn next(&self, last: &Process) -> Simulation<Ledger> {
        let number = self.processes.load(Ordering::Relaxed);
        last.simulation.restarted(self.seed.wrapping_add(number << 32))
    }

    /// Returns the number of the present history.
    pub(crate) fn history(&self) -> u64 {
        self.history.load(Ordering::Relaxed)
    }

    /// Restores the log to where it had `kept` facts, while no process runs. Everything shown
    /// until then is checked against it first.
    pub(crate) fn lose_what_came_after(&self, ledger: &Ledger, put_back: impl FnOnce() -> u64) {
        if let Err(violation) = self.evidence(|evidence| oracle::check(self, ledger, evidence)) {
            self.accuse(violation.oracle, || violation.what);
        }
        let before = ledger.facts().len() as u64;
        let kept = put_back();
        self.history.fetch_add(1, Ordering::Relaxed);
        self.evidence(|evidence| {
            evidence.keep(kept);
            evidence.happenings.count(Happening::Lost, before.saturating_sub(kept));
        });
    }

    pub(crate) fn process(&self) -> Option<Arc<Process>> {
        self.process.lock().unwrap().clone()
    }

    /// Ends all faults.
    pub(crate) fn calm(&self) {
        self.calm.store(true, Ordering::Relaxed);
        if let Some(process) = self.process() {
            self.have_weather(&process);
        }
    }

    fn have_weather(&self, process: &Process) {
        let calm = self.calm.load(Ordering::Relaxed);
        let faults = if calm { Faults::default() } else { self.faults };
        process.wild.set_faults(faults);
        process.simulation.log().set_faults(faults.log);
        process.simulation.bus().set_faults(Faults { to_client: on_a_socket(faults.to_client), ..faults });
    }

    /// Opens a connection to the room. `None`: no process runs.
    pub(crate) fn connect(&self, wild: bool, opening: Opening) -> Option<Client> {
        let process = self.process()?;
        self.count(Happening::Connected);
        let bus = if wild { &process.wild } else { process.simulation.bus() };
        Some(bus.open(self.room.clone(), opening))
    }

    /// Advances the host's clock.
    pub(crate) fn tick(&self, by: Duration) {
        if let Some(process) = self.process() {
            process.simulation.clock().advance(by);
        }
    }

    /// Sets the clock of `process` without elapsed time.
    pub(crate) fn set_clock(&self, process: &Process, now: UnixMillis, then: UnixMillis) {
        process.simulation.clock().set(then);
        self.set_back.fetch_add(now.get().saturating_sub(then.get()), Ordering::Relaxed);
    }

    /// Returns how far the clock may be behind the elapsed time, in milliseconds.
    pub(crate) fn set_back(&self) -> u64 {
        self.set_back.load(Ordering::Relaxed)
    }

    pub(crate) fn evidence<T>(&self, with: impl FnOnce(&mut Evidence) -> T) -> T {
        with(&mut self.evidence.lock().unwrap())
    }

    pub(crate) fn count(&self, what: Happening) {
        self.evidence(|evidence| evidence.count(what));
    }

    pub(crate) fn accuse(&self, oracle: Oracle, what: impl FnOnce() -> String) {
        self.evidence(|evidence| evidence.accuse(oracle, what));
    }

    /// Adds a line to the transcript, if one is wanted.
    pub(crate) fn note(&self, who: &str, what: impl FnOnce() -> String) {
        if self.wanted.transcript {
            let at = self.begun.elapsed().as_millis();
            let mut transcript = self.transcript.lock().unwrap();
            writeln!(transcript, "{at:>6} {who:<6} {}", what()).unwrap();
        }
    }

    pub(crate) fn transcript(&self) -> String {
        std::mem::take(&mut *self.transcript.lock().unwrap())
    }
}
