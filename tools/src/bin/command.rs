//! Sends one command after another through a host over a log in memory, to measure the work
//! of a whole command.
//!
//! Two guests of `stonepot.v2` sit at a table, and one of them changes the quantity of a dish as often as is asked for. What a command
//! costs is the difference of two runs, which is the same on a busy machine as on a quiet one
//! (`--help` shows how to count).

use std::error::Error;
use std::sync::Arc;

use clap::Parser;
use order_host::log::MemoryLog;
use order_host::{Connection, Host, Opening, Outgoing, Protocol, RandomIds, RoomKey, Settings};
use tools::whole::whole;
use transport_memory::ManualClock;

const EXAMPLE: &str = "\
Example (a command costs a 2,000th of the difference):
  cargo build --release -p tools --bin command
  for commands in 1000 3000; do
      valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/command $commands
  done";

/// Gives one command after another to a host over a log in memory, for a profiler to count the work.
#[derive(Parser)]
#[command(name = "command", version, after_help = EXAMPLE)]
struct Options {
    /// How many commands to give.
    #[arg(default_value = "1000", value_parser = whole)]
    commands: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let Options { commands } = Options::parse();
    let log = Arc::new(MemoryLog::new());
    // Valgrind does not support how the system clock is read.
    let clock = Arc::new(ManualClock::default());
    let host = Host::with(log, Settings::default(), clock, Arc::new(RandomIds));
    let room = RoomKey::new("main", "table-7")?;
    let seat = || host.open(room.clone(), Opening { protocol: Protocol::V2, ..Opening::default() });
    let (asha, ben) = (seat(), seat());
    for (guest, name) in [(&asha, "asha"), (&ben, "ben")] {
        let join = format!(
            r#"{{"type":"join","id":"join-{name}","participantId":"{name}","participantName":"{name}","data":{{}}}}"#
        );
        guest.receive(&join).await;
        hear(guest, "\"ack\"").await?;
    }
    let dish = r#"{"type":"add_item","id":"dish","data":{"id":"thali","dishName":"Thali","quantity":1,"price":120}}"#;
    asha.receive(dish).await;
    hear(&asha, "\"ack\"").await?;
    hear(&ben, "\"event\",\"event\":\"item_added\"").await?;
    for number in 0..commands {
        let quantity = 2 + number % 2;
        let change = format!(
            r#"{{"type":"update_quantity","id":"c{number}","data":{{"itemId":"thali","quantity":{quantity}}}}}"#
        );
        asha.receive(&change).await;
        hear(&asha, "\"ack\"").await?;
        hear(&ben, "\"event\",\"event\":\"quantity_updated\"").await?;
    }
    host.drain().await;
    Ok(())
}

/// Receives messages until one of this kind comes.
async fn hear(guest: &Connection, kind: &str) -> Result<(), Box<dyn Error>> {
    let wanted = format!("{{\"type\":{kind}");
    loop {
        match guest.next().await {
            // Only the beginning is compared: a client's decoding is not to be measured.
            Outgoing::Text(pieces) => {
                let text = pieces.into_bytes();
                if text.starts_with(b"{\"type\":\"reject\"") {
                    return Err(String::from_utf8_lossy(&text).into());
                }
                if text.starts_with(wanted.as_bytes()) {
                    return Ok(());
                }
            }
            other => return Err(format!("{other:?}").into()),
        }
    }
}
