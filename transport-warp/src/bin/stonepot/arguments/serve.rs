//! What `stonepot serve` can be told.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};
use order_core::{Currency, Policy};
use transport_warp::{DEFAULT_AUDIENCE, PublicHost};

use super::retired::Retired;
use crate::reach::AllowedOrigin;
use crate::units::{self, Life};

/// How to serve: what most people set. The rest stands under a heading each, in the long form of the help alone.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen.
    ///
    /// 0.0.0.0 listens on every network; port 0 takes any free one.
    #[arg(long, env = "STONEPOT_ADDR", value_name = "HOST:PORT", default_value = "127.0.0.1:1999")]
    pub(crate) addr: String,

    /// The folder of the orders.
    ///
    /// It is made where it is missing.
    #[arg(long, env = "STONEPOT_DATA", value_name = "FOLDER", default_value = "./data")]
    pub(crate) data: PathBuf,

    /// Where orders are kept.
    #[arg(long, env = "STONEPOT_LOG", value_name = "sqlite|memory", value_enum, default_value_t = LogKind::Sqlite)]
    pub(crate) log: LogKind,

    /// Whether guests need a token.
    #[arg(long, env = "STONEPOT_AUTH", value_name = "off|required", value_enum, default_value_t = Auth::Off)]
    pub(crate) auth: Auth,

    /// The keys that prove tokens.
    ///
    /// A JSON Web Key Set, or one public key as PEM. Read again when it changes.
    #[arg(long, env = "STONEPOT_AUTH_KEYS", value_name = "FILE")]
    pub(crate) auth_keys: Option<PathBuf>,

    /// A name under which people reach this server.
    ///
    /// Such as orders.example or orders.example:8080; again for each, or with commas. Its pages are this server's own. With
    /// --auth off, no other name is then answered (in `Host`) but those of this machine and of --allow-origin.
    #[arg(long, env = "STONEPOT_PUBLIC_HOST", value_name = "NAME", value_delimiter = ',')]
    pub(crate) public_host: Vec<PublicHost>,

    /// A page elsewhere that may open sockets.
    ///
    /// Its origin, such as <https://orders.example>, in place of those of this server's own host; again for each, or with
    /// commas. `*` alone is any page. Without it: pages of this server's own host, and, with --auth off on a loopback address,
    /// pages of this machine.
    #[arg(long, env = "STONEPOT_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub(crate) allow_origin: Vec<AllowedOrigin>,

    /// Serve other machines without sign-in.
    ///
    /// For a server behind something that checks who comes. Needs --public-host or --allow-origin.
    #[arg(long, env = "STONEPOT_INSECURE", value_parser = FalseyValueParser::new())]
    pub(crate) insecure: bool,

    /// A proxy that says where people come from.
    ///
    /// By its address or network. May be given several times.
    #[arg(long, env = "STONEPOT_TRUSTED_PROXY", value_name = "ADDRESS", value_delimiter = ',')]
    pub(crate) trusted_proxy: Vec<String>,

    /// The currency of an order.
    ///
    /// For one whose first guest names none (ISO 4217).
    #[arg(long, env = "STONEPOT_CURRENCY", value_name = "CODE", default_value = "INR", value_parser = currency)]
    pub(crate) currency: Currency,

    #[command(flatten)]
    pub(crate) sign_in: SignIn,

    #[command(flatten)]
    pub(crate) files: Files,

    #[command(flatten)]
    pub(crate) orders: Orders,

    #[command(flatten)]
    pub(crate) guests: Guests,

    #[command(flatten)]
    pub(crate) addresses: Addresses,

    #[command(flatten)]
    pub(crate) process: Process,

    #[command(flatten)]
    pub(crate) retired: Retired,
}

/// How guests sign in.
#[derive(Debug, Args)]
#[command(next_help_heading = "Signing in")]
pub(crate) struct SignIn {
    /// In place of --auth-keys, a file that holds a shared secret alone (HS256): one word of at least 32 visible ASCII
    /// characters. Read again when it changes.
    // Not shown: somebody may have put the secret itself there.
    #[arg(long = "auth-secret", env = "STONEPOT_AUTH_SECRET", value_name = "FILE", hide_env_values = true)]
    pub(crate) secret: Option<PathBuf>,

    /// Whom tokens must be for (their `aud`).
    #[arg(long = "auth-audience", env = "STONEPOT_AUTH_AUDIENCE", value_name = "NAME", default_value = DEFAULT_AUDIENCE)]
    pub(crate) audience: String,

    /// Who must have issued them (their `iss`). Without it, anybody who has a key.
    #[arg(long = "auth-issuer", env = "STONEPOT_AUTH_ISSUER", value_name = "NAME")]
    pub(crate) issuer: Option<String>,
}

/// What is done about data that are damaged or not whole.
#[derive(Debug, Args)]
#[command(next_help_heading = "Damaged data")]
pub(crate) struct Files {
    /// Start although it is known that what was stored last is missing (the write-ahead log of the data, or its end): it is gone
    /// then for good.
    #[arg(long, env = "STONEPOT_ACCEPT_LOSS", value_parser = FalseyValueParser::new())]
    pub(crate) accept_loss: bool,

    /// How long after the start all that is stored is looked through for damage, once and slowly. `off`: never.
    #[arg(long, env = "STONEPOT_CHECK_AFTER", value_name = "TIME", default_value = "10s", value_parser = units::life)]
    pub(crate) check_after: Life,
}

/// What an order is like, and how long it lives.
#[derive(Debug, Args)]
#[command(next_help_heading = "Orders")]
pub(crate) struct Orders {
    /// Who edits the dishes, chooses the split and finalizes, in an order whose first guest does not say.
    #[arg(long, env = "STONEPOT_POLICY", value_enum, default_value_t = PolicyName::Open)]
    pub(crate) policy: PolicyName,

    /// After so long without a change an open order expires: it is closed without a bill. `off`: never.
    #[arg(long, env = "STONEPOT_EXPIRE_AFTER", value_name = "TIME", default_value = "7d", value_parser = units::life)]
    pub(crate) expire_after: Life,

    /// After so long without a change a finalized order is archived: not even payments change any more. `off`: never.
    #[arg(long, env = "STONEPOT_ARCHIVE_AFTER", value_name = "TIME", default_value = "30d", value_parser = units::life)]
    pub(crate) archive_after: Life,

    /// How many bytes may be stored of one order; 0 for no bound. One more change is refused (`log_full`). The last eighth is kept for
    /// the owner, for finalizing, for payments and for the back end.
    #[arg(long, env = "STONEPOT_MAX_ORDER_LOG", value_name = "SIZE", default_value = "64MiB", value_parser = units::volume)]
    pub(crate) max_order_log: u32,

    /// How many sockets one order may have; 0 for no bound. Further ones get 429.
    #[arg(long, env = "STONEPOT_MAX_PER_ROOM", value_name = "N", default_value_t = 500)]
    pub(crate) max_per_room: usize,

    /// How many orders of one tenant may be in memory for another to begin; 0 for no bound. Needs --auth required.
    #[arg(long, env = "STONEPOT_ROOMS_PER_TENANT", value_name = "N", default_value_t = 10_000)]
    pub(crate) rooms_per_tenant: usize,
}

/// What one guest may send, store and hold.
#[derive(Debug, Args)]
#[command(next_help_heading = "Bounds for a guest")]
pub(crate) struct Guests {
    /// The largest message that a guest may send. A larger one ends the socket with close code 1009.
    #[arg(long, env = "STONEPOT_MAX_MESSAGE", value_name = "SIZE", default_value = "256KiB", value_parser = units::bytes)]
    pub(crate) max_message: usize,

    /// How many messages a second one socket may send for long; 0 for no bound. Whoever sends more is told to wait
    /// (`rate_limited`), and whoever does not is sent away with close code 1008.
    #[arg(
        long,
        env = "STONEPOT_MESSAGE_RATE",
        value_name = "N",
        default_value = "50",
        value_parser = clap::value_parser!(u32).range(0..=1_000_000)
    )]
    pub(crate) message_rate: u32,

    /// How many messages one socket may send at once, after a rest.
    #[arg(
        long,
        env = "STONEPOT_MESSAGE_BURST",
        value_name = "N",
        default_value = "300",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub(crate) message_burst: u32,

    /// How many messages a second one participant may send for long, on all their sockets; 0 for no bound.
    #[arg(long, env = "STONEPOT_PARTICIPANT_RATE", value_name = "N", default_value_t = 100)]
    pub(crate) participant_rate: u32,

    /// How many messages one participant may send at once, on all their sockets; 0 for no bound.
    #[arg(long, env = "STONEPOT_PARTICIPANT_BURST", value_name = "N", default_value_t = 600)]
    pub(crate) participant_burst: u32,

    /// How many bytes a second one participant may add to what is stored of an order, for long; 0 for no bound. What is too early is
    /// refused (`rate_limited`).
    #[arg(long, env = "STONEPOT_PARTICIPANT_LOG_RATE", value_name = "SIZE", default_value = "4KiB", value_parser = units::volume)]
    pub(crate) participant_log_rate: u32,

    /// How many bytes one participant may add at once, after a rest; 0 for no bound.
    #[arg(long, env = "STONEPOT_PARTICIPANT_LOG_BURST", value_name = "SIZE", default_value = "1MiB", value_parser = units::volume)]
    pub(crate) participant_log_burst: u32,

    /// How many bytes a second one participant may be answered for long, on all their sockets of an order, for what they ask for (states,
    /// bills, pages of history, joining again); a millisecond of work counts as 20 KiB. 0 for no bound. What is too early is refused
    /// (`rate_limited`).
    #[arg(long, env = "STONEPOT_PARTICIPANT_ANSWER_RATE", value_name = "SIZE", default_value = "512KiB", value_parser = units::volume)]
    pub(crate) participant_answer_rate: u32,

    /// How many bytes one participant may be answered at once, after a rest; 0 for no bound. An answer may be larger than what is left.
    #[arg(long, env = "STONEPOT_PARTICIPANT_ANSWER_BURST", value_name = "SIZE", default_value = "6MiB", value_parser = units::volume)]
    pub(crate) participant_answer_burst: u32,

    /// How many sockets of one order one guest may have, by their token or, without sign-in, by their address; 0 for no bound.
    /// Further ones get 429.
    #[arg(long, env = "STONEPOT_MAX_PER_GUEST", value_name = "N", default_value_t = 200)]
    pub(crate) max_per_guest: usize,
}

/// What all who come from one address may do.
#[derive(Debug, Args)]
#[command(next_help_heading = "Bounds for an address")]
pub(crate) struct Addresses {
    /// The header in which trusted proxies say from where people come: a list to which each adds an address at the end.
    #[arg(long, env = "STONEPOT_PEER_HEADER", value_name = "NAME", default_value = "x-forwarded-for")]
    pub(crate) peer_header: String,

    /// How many sockets one address may have; 0 for no bound. Further ones get 429. Of IPv6, 64 bits are an address, and
    /// what agrees in 48 bits may have four times as many. Who connects from this machine is not bounded by
    /// address, here and below.
    #[arg(long, env = "STONEPOT_MAX_PER_ADDRESS", value_name = "N", default_value_t = 500)]
    pub(crate) max_per_address: usize,

    /// How many connections one address may have that are no sockets (yet); 0 for no bound. Further ones are closed.
    #[arg(long, env = "STONEPOT_MAX_HTTP_PER_ADDRESS", value_name = "N", default_value_t = 200)]
    pub(crate) max_http_per_address: usize,

    /// How many orders a second one address may open or look at for long; 0 for no bound. One more gets 429.
    #[arg(long, env = "STONEPOT_VISIT_RATE", value_name = "N", default_value_t = 20)]
    pub(crate) visit_rate: u32,

    /// How many orders one address may open or look at in a row; 0 for no bound.
    #[arg(long, env = "STONEPOT_VISIT_BURST", value_name = "N", default_value_t = 500)]
    pub(crate) visit_burst: u32,

    /// How many people a second may join from one address for long who are new to their order; 0 for no bound. One more is
    /// refused (`rate_limited`).
    #[arg(long, env = "STONEPOT_JOIN_RATE", value_name = "N", default_value_t = 1)]
    pub(crate) join_rate: u32,

    /// How many such people may join in a row; 0 for no bound.
    #[arg(long, env = "STONEPOT_JOIN_BURST", value_name = "N", default_value_t = 100)]
    pub(crate) join_burst: u32,

    /// How many bytes a second one person who signed in, or one address, may add to what is stored of all orders, for long; 0 for no
    /// bound. What is too early is refused (`rate_limited`).
    #[arg(long, env = "STONEPOT_ADDRESS_LOG_RATE", value_name = "SIZE", default_value = "32KiB", value_parser = units::volume)]
    pub(crate) address_log_rate: u32,

    /// How many bytes one person, or one address, may add at once, after a rest; 0 for no bound.
    #[arg(long, env = "STONEPOT_ADDRESS_LOG_BURST", value_name = "SIZE", default_value = "64MiB", value_parser = units::volume)]
    pub(crate) address_log_burst: u32,
}

/// What the process takes, and how it stops.
#[derive(Debug, Args)]
#[command(next_help_heading = "The process")]
pub(crate) struct Process {
    /// How many sockets there may be at once; further guests get 503. (1,000 plain HTTP connections may be open
    /// beside them.) Without it: 20,000, or as many as the limit of open files allows.
    #[arg(
        long,
        env = "STONEPOT_MAX_CONNECTIONS",
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=10_000_000)
    )]
    pub(crate) max_connections: Option<u32>,

    /// How often each socket is pinged. Who lets two pings pass in silence is dropped.
    #[arg(long, env = "STONEPOT_PING_INTERVAL", value_name = "TIME", default_value = "25s", value_parser = units::duration)]
    pub(crate) ping_interval: Duration,

    /// How long stopping may take. A process that hangs 5 s longer is ended, with exit code 1.
    #[arg(long, env = "STONEPOT_DRAIN_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = units::duration)]
    pub(crate) drain_timeout: Duration,

    /// Threads that serve. As many as there are cores, unless this says otherwise.
    #[arg(long, env = "STONEPOT_THREADS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// How the log on standard error is written. `RUST_LOG` says how much of it (error, warn, info, debug, trace).
    #[arg(long, env = "STONEPOT_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

/// Whether guests must sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Auth {
    /// Whoever knows a room's name can join it, as anybody
    Off,
    /// Whoever has a token, as the one whom it names
    Required,
}

/// Where orders are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogKind {
    /// In the folder `--data`: what was shown to anybody survives a crash of the machine
    Sqlite,
    /// In memory: gone when the server stops
    Memory,
}

/// Who may do what at a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyName {
    /// Everybody at the table edits everything
    Open,
    /// Each edits their own dishes; the owner edits all, chooses the split and finalizes
    Hosted,
}

impl From<PolicyName> for Policy {
    fn from(name: PolicyName) -> Self {
        match name {
            PolicyName::Open => Self::Open,
            PolicyName::Hosted => Self::Hosted,
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

fn currency(code: &str) -> Result<Currency, String> {
    Currency::from_code(code).map_err(|error| error.to_string())
}
