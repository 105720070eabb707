//! The server is killed with SIGKILL at random moments while people order. Everything that
//! was shown must be there after a restart.
//!
//! `STONEPOT_KILLS=1000 STONEPOT_SEED=7 cargo test --release -p transport-warp --test kill -- --nocapture`
//! kills it more often than the default.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod guest;
mod ledger;
mod server;

use std::env;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use guest::Guest;
use ledger::Ledger;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use server::Server;

const TABLES: usize = 5;
const GUESTS: usize = 3;

/// After this many kills all guests move to new tables, so that orders and messages do not
/// grow.
const KILLS_OF_A_TABLE: u64 = 10;

/// How long the server lives after it listens, at most. On a slow machine it is [`STARTS`]
/// times its start time.
const LONGEST_LIFE: Duration = Duration::from_millis(250);
const STARTS: u32 = 5;

#[test]
fn whatever_anybody_was_shown_is_there_after_a_kill() {
    let number = |name, default| env::var(name).map_or(default, |text| text.parse().unwrap());
    let (kills, seed) = (number("STONEPOT_KILLS", 15), number("STONEPOT_SEED", 1));
    let began = Instant::now();
    let data = tempfile::tempdir().unwrap();
    let mut evening = Evening::new("sqlite", data.path(), seed);
    for kill in 0..kills {
        evening.until_the_kill(kill / KILLS_OF_A_TABLE).unwrap_or_else(|lost| {
            panic!("STONEPOT_SEED={seed}, after {kill} kills: {lost}");
        });
    }
    let (tables, shown) = evening.look_at_every_table().unwrap_or_else(|lost| panic!("at the end: {lost}"));
    println!(
        "seed {seed}: {kills} kills, {} of them while it started; {shown} messages with {tables} tables' orders were \
         shown, and nothing that was in one was missing later; {:.0} s",
        evening.early,
        began.elapsed().as_secs_f64()
    );
    assert!(shown > kills * 10, "hardly anybody got to order");
}

#[test]
fn a_server_that_keeps_nothing_is_found_out() {
    let data = tempfile::tempdir().unwrap();
    let mut evening = Evening::new("memory", data.path(), 2);
    let lost = (0..20).find_map(|_| evening.until_the_kill(0).err()).unwrap();
    assert!(lost.contains("was at change"), "{lost}");
}

/// One data folder, and what was shown of it.
struct Evening<'data> {
    log: &'static str,
    data: &'data Path,
    dice: StdRng,
    ledger: Ledger,
    /// Kills before the server listened.
    early: u64,
    lives: u64,
}

impl<'data> Evening<'data> {
    fn new(log: &'static str, data: &'data Path, seed: u64) -> Self {
        let dice = StdRng::seed_from_u64(seed);
        Self { log, data, dice, ledger: Ledger::default(), early: 0, lives: 0 }
    }

    /// Starts the server, lets guests order, and kills it. The error says which earlier changes
    /// are missing.
    fn until_the_kill(&mut self, generation: u64) -> Result<(), String> {
        self.lives += 1;
        if self.dice.random_bool(0.15) {
            self.early += 1;
            let server = Server::spawn(self.log, self.data);
            thread::sleep(self.dice.random_range(Duration::ZERO..Duration::from_millis(30)));
            server.kill();
            return Ok(());
        }
        let began = Instant::now();
        let server = Server::start(self.log, self.data);
        let longest_life = LONGEST_LIFE.max(began.elapsed() * STARTS);
        let before = Arc::new(std::mem::take(&mut self.ledger));
        let guests: Vec<_> = (0..TABLES * GUESTS)
            .map(|number| {
                let table = format!("table-{generation}-{}", number % TABLES);
                let name = format!("guest-{number}-{}", self.lives);
                let guest = Guest::new(server.addr, table, name, Arc::clone(&before));
                thread::spawn(move || guest.order_until_the_server_is_gone())
            })
            .collect();
        thread::sleep(longest_life.mul_f64(self.dice.random()));
        server.kill();
        let shown: Vec<_> = guests.into_iter().map(|guest| guest.join().unwrap()).collect();
        // All guests have ended and dropped their references.
        self.ledger = Arc::into_inner(before).unwrap();
        for shown in shown {
            self.ledger.add(shown?);
        }
        Ok(())
    }

    /// Checks every table. Returns the number of tables, and of the messages shown.
    fn look_at_every_table(&mut self) -> Result<(usize, u64), String> {
        let server = Server::start(self.log, self.data);
        let before = Arc::new(std::mem::take(&mut self.ledger));
        for table in before.tables() {
            Guest::new(server.addr, table.to_owned(), "inspector".to_owned(), Arc::clone(&before)).look()?;
        }
        Ok((before.tables().count(), before.messages()))
    }
}
