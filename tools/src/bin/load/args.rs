//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The most people who may take turns on one dish: with more, there are not enough
/// quantities to tell their commands apart.
const MOST_PEOPLE_A_DISH: u32 = 100;

const EXAMPLES: &str = "\
Examples:
  Drive a server that is already running:
    cargo tool load -- --addr 127.0.0.1:1999 --seconds 10

  The whole comparison, server and load on a core of their own, five interleaved runs of each:
    cargo tool load -- --server target/release/stonepot --log sqlite,memory --pin --yardstick --echo-writes direct,warp --runs 5

  What it costs that everybody signs in, the two taking turns:
    cargo tool load -- --server target/release/stonepot --log memory --auth off,required --pin --runs 5

  One large table, with a dish added and taken away again in turn:
    cargo tool load -- --server target/release/stonepot --rooms 1 --people 50 --mix add-remove

  As most tables are, with one command in flight at each:
    cargo tool load -- --server target/release/stonepot --log sqlite,memory --in-flight room --pin --yardstick --runs 5

  How long one command takes when there is little to do:
    cargo tool load -- --server target/release/stonepot --rooms 10 --think-ms 500

What is checked: every command must reach every participant of its room exactly once, in its sender's
order; at the end every participant's state must agree on sequence number, total, items and shares, and
must hold each dish as last ordered. Any loss, doubling, disagreement, refusal or closed socket makes the
exit code 1.";

/// Measures a Stonepot server over real WebSockets, and checks every message that it sends.
///
/// It opens rooms x people sockets, lets everybody join, orders the dishes, and then lets
/// every participant send one command after the other: each waits until the broadcast of
/// the one before has come back to its sender (a closed loop). With `--in-flight room` the
/// people of a room take turns. With `--yardstick` it also measures a bare echo server,
/// which only writes frames encoded beforehand: what this machine's sockets can do.
#[derive(Debug, Parser)]
#[command(name = "load", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    /// A role other than the load itself.
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
    /// The load.
    #[command(flatten)]
    pub(crate) load: LoadArgs,
}

/// The other role of this program.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// The yardstick: a bare echo server, without JSON, state or storage. `--yardstick` starts
    /// it automatically.
    EchoServer(EchoArgs),
}

/// Options of the yardstick.
#[derive(Debug, Clone, Args)]
pub(crate) struct EchoArgs {
    /// Where to listen; port 0 takes a free one and prints it.
    #[arg(long, default_value = "127.0.0.1:1998")]
    pub(crate) addr: SocketAddr,
    /// The payload bytes of each frame that it writes.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(256..=8_388_608))]
    pub(crate) frame_bytes: u32,
    /// When a frame is written: at once on its own, or together with all that became ready
    /// meanwhile.
    #[arg(long, value_enum, default_value_t = EchoWrites::Direct)]
    pub(crate) writes: EchoWrites,
    /// Stops when standard input closes, so that it does not outlive the process that started
    /// it.
    #[arg(long)]
    pub(crate) until_stdin_closes: bool,
    /// Misbehaves on purpose: omits every N-th frame. Shows that the load notices.
    #[arg(long, value_name = "N")]
    pub(crate) lose_every: Option<u64>,
    /// Misbehaves on purpose: writes every N-th frame twice.
    #[arg(long, value_name = "N")]
    pub(crate) double_every: Option<u64>,
}

/// How the yardstick writes its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EchoWrites {
    /// One write for each frame and recipient, at once: the simplest echo.
    Direct,
    /// All that became ready in one turn of the event loop leaves in one write for each
    /// recipient: the most that a busy core can do.
    Batched,
    /// As a typical application: on warp's own WebSockets, with a queue and a sending task for
    /// each socket.
    Warp,
}

/// What the participants send once their room is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mix {
    /// `update_quantity` on the participant's own dishes, one after the other.
    UpdateQuantity,
    /// `add_item` with an id chosen by the client, then `remove_item` of that same dish.
    AddRemove,
}

/// How many commands of a room are in flight at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InFlight {
    /// One of each participant: a room's commands meet, and share judging, storing and writing.
    Person,
    /// One: the next participant sends once the previous one has its own echo.
    Room,
}

impl InFlight {
    /// Its value on the command line of `--in-flight`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Room => "room",
        }
    }
}

/// The protocol of the participants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// The first protocol: every change comes with the whole order.
    V1,
    /// `stonepot.v2`: every change is an event, and every command is answered by its id. An
    /// order remembers 10,000 ids of a participant, so a run with few rooms must be short.
    V2,
}

/// The logs that the server can be started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogKind {
    /// Durable: every fact is on the disk before anybody sees it.
    Sqlite,
    /// Nothing survives the process.
    Memory,
}

impl EchoWrites {
    /// Its value on the command line of `--writes`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Batched => "batched",
            Self::Warp => "warp",
        }
    }
}

impl LogKind {
    /// Its value on the command line of the server's `--log`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Memory => "memory",
        }
    }
}

/// Whether the server is started with required sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Auth {
    /// Without sign-in.
    Off,
    /// With sign-in, by tokens that the load makes.
    Required,
}

/// Options of the load, and the server to measure.
#[derive(Debug, Clone, Args)]
pub(crate) struct LoadArgs {
    /// The address of a server that is already running.
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "server")]
    pub(crate) addr: Option<SocketAddr>,
    /// The server to start before each run and stop after it, such as target/release/stonepot.
    #[arg(long, value_name = "PATH")]
    pub(crate) server: Option<PathBuf>,
    /// The logs to start the server with, separated by commas; each is measured separately.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "sqlite")]
    pub(crate) log: Vec<LogKind>,
    /// Whether the started server requires sign-in; each is measured separately when both are
    /// named.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "off")]
    pub(crate) auth: Vec<Auth>,
    /// Where the started server keeps its data (a new folder inside for each run, removed
    /// afterwards); by default a temporary folder. Durable figures mean something only for the
    /// disk below it.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Also measures the bare echo server, run by run, with frames of the same size as the
    /// server's.
    #[arg(long)]
    pub(crate) yardstick: bool,
    /// How the yardstick writes its frames; each is measured separately when several are named.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "direct")]
    pub(crate) echo_writes: Vec<EchoWrites>,
    /// The payload bytes of the yardstick's frames, instead of the size measured on the server.
    #[arg(long, value_parser = clap::value_parser!(u32).range(256..=8_388_608))]
    pub(crate) frame_bytes: Option<u32>,
    /// Pins the measured process to core 0 and the load to the other cores (by `taskset`).
    #[arg(long)]
    pub(crate) pin: bool,
    /// How many runs of each; they take turns, and the table shows the median, the minimum and
    /// the maximum.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) runs: u32,
    /// The protocol of the participants.
    #[arg(long, value_enum, default_value_t = Protocol::V1)]
    pub(crate) protocol: Protocol,
    /// How many rooms.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) rooms: u32,
    /// How many participants in each room.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) people: u32,
    /// How many dishes each room's order has before the measuring begins.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) items: u32,
    /// How long to measure, in seconds.
    #[arg(long, default_value_t = 10.0, value_parser = seconds)]
    pub(crate) seconds: f64,
    /// How long the load runs before the measuring begins, in seconds.
    #[arg(long, default_value_t = 2.0, value_parser = seconds_or_none)]
    pub(crate) warmup: f64,
    /// Stops a run after this many measured commands, if `--seconds` is not over before.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) commands: Option<u64>,
    /// What the participants send.
    #[arg(long, value_enum, default_value_t = Mix::UpdateQuantity)]
    pub(crate) mix: Mix,
    /// Whether each participant, or each room whose participants take turns, has one command in
    /// flight.
    #[arg(long, value_enum, default_value_t = InFlight::Person)]
    pub(crate) in_flight: InFlight,
    /// How long a participant waits between the echo of one command and the next, in milliseconds.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=60_000))]
    pub(crate) think_ms: u64,
    /// How many threads the load uses; the rooms are distributed among them.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) threads: u32,
    /// The party in which the rooms are opened.
    #[arg(long, default_value = "main")]
    pub(crate) party: String,
    /// How many seconds nothing may arrive at the end before what is still in flight counts as
    /// lost.
    #[arg(long, default_value_t = 10.0, value_parser = seconds)]
    pub(crate) patience: f64,
    /// Also writes every figure of every run to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

impl LoadArgs {
    /// Checks what `clap` cannot see by looking at one argument.
    ///
    /// # Errors
    /// What is wrong, in words for the person who typed it.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.addr.is_none() && self.server.is_none() && !self.yardstick {
            return Err(
                "nothing to measure: give --addr HOST:PORT for a server that runs, --server PATH for one to \
                        start, or --yardstick for the bare echo (see --help)"
                    .to_owned(),
            );
        }
        if self.addr.is_none() && self.server.is_none() && self.frame_bytes.is_none() {
            return Err(
                "--yardstick without a server needs --frame-bytes: there is nothing to measure their size \
                        on"
                .to_owned(),
            );
        }
        if let Some(server) = &self.server
            && !server.is_file()
        {
            return Err(format!(
                "there is no program at {} (build it with `cargo build --release`)",
                server.display()
            ));
        }
        if self.people > self.items.saturating_mul(MOST_PEOPLE_A_DISH) {
            return Err(format!(
                "{} people on {} dishes are more than {MOST_PEOPLE_A_DISH} a dish: raise --items",
                self.people, self.items
            ));
        }
        if self.threads > self.rooms {
            return Err(format!(
                "{} threads cannot share {} rooms: a room stays on one thread",
                self.threads, self.rooms
            ));
        }
        Ok(())
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    within(text, 0.1)
}

fn seconds_or_none(text: &str) -> Result<f64, String> {
    within(text, 0.0)
}

/// Reads seconds; every run is limited to an hour.
fn within(text: &str, least: f64) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (least..=3_600.0).contains(&seconds) => Ok(seconds),
        Ok(_) => Err(format!("expected {least} to 3600 seconds")),
        Err(_) => Err("expected a number of seconds".to_owned()),
    }
}
