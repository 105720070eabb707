//! Measures how long other tables wait beside a table with the most expensive bill.
//!
//! Fifty quiet tables send a command each about every 20 ms, first alone, then beside one
//! or more tables of 5,000 dishes and 250 people that send one command after another. All
//! of them are rooms of one host over a log in memory, and speak the first protocol, which
//! sends the bill with every change. Prints the time from a command to its `ack`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a measurement may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use clap::builder::PossibleValuesParser;
use order_core::stored::encode_fact;
use order_host::log::{MemoryLog, RoomLog, StoredFact};
use order_host::{Connection, Host, Outgoing, RoomKey, Settings};
use tokio::time::sleep;
use tools::dear;
use tools::whole::at_least_one;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many tables are quiet.
const QUIET: usize = 50;

const EXAMPLE: &str = "\
Example:
  cargo tool beside -- --tables 3 --seconds 10

It takes twice the seconds: fifty quiet tables are measured alone, then beside the dear ones.";

/// Measures how long quiet tables wait for their answers beside tables whose bills are as dear as can be.
#[derive(Parser)]
#[command(name = "beside", version, after_help = EXAMPLE)]
struct Options {
    /// How long to measure, in seconds, each time.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = at_least_one)]
    seconds: u64,
    /// How many threads the host has.
    #[arg(long, value_name = "THREADS", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    threads: u16,
    /// Which of the dearest bills the dear tables have.
    #[arg(long, value_name = "BILL", default_value = "itemized", value_parser = names())]
    dear: String,
    /// How many dear tables there are.
    #[arg(long, value_name = "TABLES", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    tables: u16,
}

/// The bills that `--dear` takes.
fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(dear::WORST.iter().map(|(name, _)| *name))
}

fn main() {
    let Options { seconds, threads, dear: name, tables } = Options::parse();
    let (_, dear) = *dear::WORST.iter().find(|(other, _)| *other == name).unwrap();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads.into()).enable_all().build();
    runtime.unwrap().block_on(measure(dear, tables.into(), Duration::from_secs(seconds)));
}

async fn measure(dear: dear::Dear, tables: usize, time: Duration) {
    let log = MemoryLog::new();
    let facts: Vec<_> =
        dear.log().iter().map(|recorded| StoredFact::from(encode_fact(recorded).unwrap())).collect();
    let keys: Vec<_> =
        (0..tables).map(|number| RoomKey::new("main", &format!("dear-{number}")).unwrap()).collect();
    for key in &keys {
        log.append(key, 0, facts.clone()).await.unwrap();
    }
    let mut settings = Settings::default();
    settings.currency = dear::currency();
    let host = Host::new(Arc::new(log), settings);
    let alone = quiet(&host, time).await;
    print("alone", alone);
    let stop = Arc::new(AtomicBool::new(false));
    let dear: Vec<_> =
        keys.into_iter().map(|key| tokio::spawn(order_on(host.clone(), key, stop.clone()))).collect();
    sleep(Duration::from_millis(500)).await;
    let beside = quiet(&host, time).await;
    stop.store(true, Ordering::Relaxed);
    print("beside it", beside);
    let mut waits = Vec::new();
    for table in dear {
        waits.extend(table.await.unwrap());
    }
    print("the dear one itself", waits);
    host.drain().await;
}

/// Returns the latencies of the quiet tables.
async fn quiet(host: &Host, time: Duration) -> Vec<Duration> {
    let tables: Vec<_> = (0..QUIET)
        .map(|number| {
            let host = host.clone();
            tokio::spawn(async move {
                let socket = host.connect(RoomKey::new("main", &format!("quiet-{number}")).unwrap());
                join(&socket).await;
                // In the second run the dish exists already.
                socket.receive(ADD).await;
                let mut waits = Vec::new();
                let end = Instant::now() + time;
                while Instant::now() < end {
                    sleep(Duration::from_millis(15 + number as u64 % 11)).await;
                    waits.push(change(&socket, waits.len()).await);
                }
                waits
            })
        })
        .collect();
    let mut all = Vec::new();
    for table in tables {
        all.extend(table.await.unwrap());
    }
    all
}

/// Sends one command after another until stopped. Returns their latencies.
async fn order_on(host: Host, key: RoomKey, stop: Arc<AtomicBool>) -> Vec<Duration> {
    let socket = host.connect(key);
    join(&socket).await;
    let mut waits = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        waits.push(change(&socket, waits.len()).await);
    }
    waits
}

const ADD: &str = r#"{"type":"add_item","data":{"id":"i0","dishName":"Thali","price":99.99,"quantity":1}}"#;

async fn join(socket: &Connection) {
    socket
        .receive(r#"{"type":"join","id":"j","participantId":"p0","participantName":"Guest 0","data":{}}"#)
        .await;
    hear(socket, "j").await;
}

/// Changes a quantity. Returns the latency.
async fn change(socket: &Connection, number: usize) -> Duration {
    let id = format!("c{number}-{:?}", Instant::now());
    let id: String = id.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    let start = Instant::now();
    let quantity = 1 + number % 9;
    let message =
        format!(r#"{{"type":"update_quantity","id":"{id}","data":{{"itemId":"i0","quantity":{quantity}}}}}"#);
    socket.receive(&message).await;
    hear(socket, &id).await;
    start.elapsed()
}

/// Waits for the answer to a command.
async fn hear(socket: &Connection, id: &str) {
    let id = format!(r#""id":"{id}""#);
    loop {
        let Outgoing::Text(pieces) = socket.next().await else { panic!("the socket was closed") };
        // Answers are short. Searching a state would take time of this thread from other tables.
        if pieces.len() > 4_096 {
            continue;
        }
        let text = String::from_utf8(pieces.into_bytes().to_vec()).unwrap();
        assert!(!text.starts_with(r#"{"type":"error""#) || !text.contains(&id), "{text}");
        if text.starts_with(r#"{"type":"ack""#) && text.contains(&id) {
            return;
        }
    }
}

fn print(name: &str, mut waits: Vec<Duration>) {
    waits.sort_unstable();
    let at = |per_mille: usize| waits[(waits.len() - 1) * per_mille / 1_000];
    println!(
        "{name:>20}: {:>6} commands, half within {:>9.3?}, 99 % within {:>9.3?}, all within {:>9.3?}",
        waits.len(),
        at(500),
        at(990),
        at(1_000)
    );
}
