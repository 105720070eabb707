//! The options of `stonepot serve`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};
use order_core::{Currency, Policy};
use transport_warp::{DEFAULT_AUDIENCE, PublicHost};

use super::retired::Retired;
use crate::reach::AllowedOrigin;
use crate::units::{self, Life};

/// The options that most people set. The rest have headings of their own and appear only in
/// the long help.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen.
    ///
    /// 0.0.0.0 listens on every network; port 0 takes any free one.
    #[arg(long, env = "STONEPOT_ADDR", value_name = "HOST:PORT", default_value = "127.0.0.1:1999")]
    pub(crate) addr: String,

    /// The folder of the orders.
    ///
    /// It is created if it is missing.
    #[arg(long, env = "STONEPOT_DATA", value_name = "FOLDER", default_value = "./data")]
    pub(crate) data: PathBuf,

    /// Where orders are stored.
    #[arg(long, env = "STONEPOT_LOG", value_name = "sqlite|memory", value_enum, default_value_t = LogKind::Sqlite)]
    pub(crate) log: LogKind,

    /// Whether guests need a token.
    #[arg(long, env = "STONEPOT_AUTH", value_name = "off|required", value_enum, default_value_t = Auth::Off)]
    pub(crate) auth: Auth,

    /// The keys that verify tokens.
    ///
    /// A JSON Web Key Set, or one public key as PEM. Read again when it changes.
    #[arg(long, env = "STONEPOT_AUTH_KEYS", value_name = "FILE")]
    pub(crate) auth_keys: Option<PathBuf>,

    /// A name under which people reach this server.
    ///
    /// Such as orders.example or orders.example:8080; repeat it for each, or separate them with
    /// commas. Pages under this name count as the server's own. With --auth off, the server
    /// then answers no other name in `Host`, except those of this machine and of
    /// --allow-origin.
    #[arg(long, env = "STONEPOT_PUBLIC_HOST", value_name = "NAME", value_delimiter = ',')]
    pub(crate) public_host: Vec<PublicHost>,

    /// A page elsewhere that may open sockets.
    ///
    /// Its origin, such as <https://orders.example>; repeat it for each, or separate them with
    /// commas. It replaces the default: pages of this server's own host and, with --auth off on
    /// a loopback address, pages of this machine. `*` alone allows any page.
    #[arg(long, env = "STONEPOT_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub(crate) allow_origin: Vec<AllowedOrigin>,

    /// Serve other machines without sign-in.
    ///
    /// For a server behind something that checks who connects. Needs --public-host or
    /// --allow-origin.
    #[arg(long, env = "STONEPOT_INSECURE", value_parser = FalseyValueParser::new())]
    pub(crate) insecure: bool,

    /// A proxy that reports clients' addresses.
    ///
    /// By its address or network. May be given several times.
    #[arg(long, env = "STONEPOT_TRUSTED_PROXY", value_name = "ADDRESS", value_delimiter = ',')]
    pub(crate) trusted_proxy: Vec<String>,

    /// The currency of an order.
    ///
    /// Used when the first guest names none (ISO 4217).
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

/// Options for signing in.
#[derive(Debug, Args)]
#[command(next_help_heading = "Signing in")]
pub(crate) struct SignIn {
    /// Instead of --auth-keys, a file that holds only a shared secret (HS256): one word of at
    /// least 32 visible ASCII characters. Read again when it changes.
    // Not shown in the help: the variable may hold the secret itself by mistake.
    #[arg(long = "auth-secret", env = "STONEPOT_AUTH_SECRET", value_name = "FILE", hide_env_values = true)]
    pub(crate) secret: Option<PathBuf>,

    /// The audience that tokens must name (their `aud`).
    #[arg(long = "auth-audience", env = "STONEPOT_AUTH_AUDIENCE", value_name = "NAME", default_value = DEFAULT_AUDIENCE)]
    pub(crate) audience: String,

    /// The issuer that tokens must name (their `iss`). Without it, any issuer whose key is
    /// known.
    #[arg(long = "auth-issuer", env = "STONEPOT_AUTH_ISSUER", value_name = "NAME")]
    pub(crate) issuer: Option<String>,
}

/// Options for data that are damaged or incomplete.
#[derive(Debug, Args)]
#[command(next_help_heading = "Damaged data")]
pub(crate) struct Files {
    /// Start although the changes that were stored last are known to be missing (the
    /// write-ahead log of the data, or its end). They are then lost for good.
    #[arg(long, env = "STONEPOT_ACCEPT_LOSS", value_parser = FalseyValueParser::new())]
    pub(crate) accept_loss: bool,

    /// How long after the start all stored data are checked for damage, once and slowly. `off`:
    /// never.
    #[arg(long, env = "STONEPOT_CHECK_AFTER", value_name = "TIME", default_value = "10s", value_parser = units::life)]
    pub(crate) check_after: Life,
}

/// Defaults and lifetimes of orders.
#[derive(Debug, Args)]
#[command(next_help_heading = "Orders")]
pub(crate) struct Orders {
    /// Who edits the dishes, chooses the split and finalizes, in an order whose first guest does not say.
    #[arg(long, env = "STONEPOT_POLICY", value_enum, default_value_t = PolicyName::Open)]
    pub(crate) policy: PolicyName,

    /// How long an open order may stay unchanged before it expires: it is closed without a
    /// bill. `off`: never.
    #[arg(long, env = "STONEPOT_EXPIRE_AFTER", value_name = "TIME", default_value = "7d", value_parser = units::life)]
    pub(crate) expire_after: Life,

    /// How long a finalized order may stay unchanged before it is archived: not even payments
    /// change any more. `off`: never.
    #[arg(long, env = "STONEPOT_ARCHIVE_AFTER", value_name = "TIME", default_value = "30d", value_parser = units::life)]
    pub(crate) archive_after: Life,

    /// How many bytes may be stored of one order; 0 for no bound. Further changes are refused
    /// (`log_full`). The last eighth is reserved for the owner, for finalizing, for payments
    /// and for the back end.
    #[arg(long, env = "STONEPOT_MAX_ORDER_LOG", value_name = "SIZE", default_value = "64MiB", value_parser = units::volume)]
    pub(crate) max_order_log: u32,

    /// How many sockets one order may have; 0 for no bound. More get 429.
    #[arg(long, env = "STONEPOT_MAX_PER_ROOM", value_name = "N", default_value_t = 500)]
    pub(crate) max_per_room: usize,

    /// How many orders of one tenant may be in memory before no more can begin; 0 for no bound.
    /// Needs --auth required.
    #[arg(long, env = "STONEPOT_ROOMS_PER_TENANT", value_name = "N", default_value_t = 10_000)]
    pub(crate) rooms_per_tenant: usize,
}

/// Bounds for one guest.
#[derive(Debug, Args)]
#[command(next_help_heading = "Bounds for a guest")]
pub(crate) struct Guests {
    /// The largest message that a guest may send. A larger one ends the socket with close code 1009.
    #[arg(long, env = "STONEPOT_MAX_MESSAGE", value_name = "SIZE", default_value = "256KiB", value_parser = units::bytes)]
    pub(crate) max_message: usize,

    /// How many messages a second one socket may send on average; 0 for no bound. A guest who
    /// sends more is told to wait (`rate_limited`); one who does not wait is disconnected with
    /// close code 1008.
    #[arg(
        long,
        env = "STONEPOT_MESSAGE_RATE",
        value_name = "N",
        default_value = "50",
        value_parser = clap::value_parser!(u32).range(0..=1_000_000)
    )]
    pub(crate) message_rate: u32,

    /// How many messages one socket may send in a burst.
    #[arg(
        long,
        env = "STONEPOT_MESSAGE_BURST",
        value_name = "N",
        default_value = "300",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub(crate) message_burst: u32,

    /// How many messages a second one participant may send on average, on all their sockets; 0
    /// for no bound.
    #[arg(long, env = "STONEPOT_PARTICIPANT_RATE", value_name = "N", default_value_t = 100)]
    pub(crate) participant_rate: u32,

    /// How many messages one participant may send in a burst, on all their sockets; 0 for no
    /// bound.
    #[arg(long, env = "STONEPOT_PARTICIPANT_BURST", value_name = "N", default_value_t = 600)]
    pub(crate) participant_burst: u32,

    /// How many bytes a second one participant may add to what is stored of an order, on
    /// average; 0 for no bound. Changes that come too early are refused (`rate_limited`).
    #[arg(long, env = "STONEPOT_PARTICIPANT_LOG_RATE", value_name = "SIZE", default_value = "4KiB", value_parser = units::volume)]
    pub(crate) participant_log_rate: u32,

    /// How many bytes one participant may add in a burst; 0 for no bound.
    #[arg(long, env = "STONEPOT_PARTICIPANT_LOG_BURST", value_name = "SIZE", default_value = "1MiB", value_parser = units::volume)]
    pub(crate) participant_log_burst: u32,

    /// How many bytes a second of answers one participant may ask for, on average, on all their
    /// sockets of an order (states, bills, pages of history, joining again); a millisecond of
    /// work counts as 20 KiB. 0 for no bound. Requests that come too early are refused
    /// (`rate_limited`).
    #[arg(long, env = "STONEPOT_PARTICIPANT_ANSWER_RATE", value_name = "SIZE", default_value = "512KiB", value_parser = units::volume)]
    pub(crate) participant_answer_rate: u32,

    /// How many bytes of answers one participant may get in a burst; 0 for no bound. An answer
    /// may be larger than what is left.
    #[arg(long, env = "STONEPOT_PARTICIPANT_ANSWER_BURST", value_name = "SIZE", default_value = "6MiB", value_parser = units::volume)]
    pub(crate) participant_answer_burst: u32,

    /// How many sockets of one order one guest may have, by their token or, without sign-in, by
    /// their address; 0 for no bound. More get 429.
    #[arg(long, env = "STONEPOT_MAX_PER_GUEST", value_name = "N", default_value_t = 200)]
    pub(crate) max_per_guest: usize,
}

/// Bounds for all who connect from one address.
#[derive(Debug, Args)]
#[command(next_help_heading = "Bounds for an address")]
pub(crate) struct Addresses {
    /// The header in which trusted proxies report the client's address: a list to which each
    /// appends an address.
    #[arg(long, env = "STONEPOT_PEER_HEADER", value_name = "NAME", default_value = "x-forwarded-for")]
    pub(crate) peer_header: String,

    /// How many sockets one address may have; 0 for no bound. More get 429. An IPv6 address
    /// counts by its first 64 bits, and all addresses that share 48 bits may have four times as
    /// many. Connections from this machine are not bounded by address, here and below.
    #[arg(long, env = "STONEPOT_MAX_PER_ADDRESS", value_name = "N", default_value_t = 500)]
    pub(crate) max_per_address: usize,

    /// How many connections one address may have that are not (yet) sockets; 0 for no bound.
    /// More are closed.
    #[arg(long, env = "STONEPOT_MAX_HTTP_PER_ADDRESS", value_name = "N", default_value_t = 200)]
    pub(crate) max_http_per_address: usize,

    /// How many orders a second one address may open or look at, on average; 0 for no bound.
    /// More get 429.
    #[arg(long, env = "STONEPOT_VISIT_RATE", value_name = "N", default_value_t = 20)]
    pub(crate) visit_rate: u32,

    /// How many orders one address may open or look at in a burst; 0 for no bound.
    #[arg(long, env = "STONEPOT_VISIT_BURST", value_name = "N", default_value_t = 500)]
    pub(crate) visit_burst: u32,

    /// How many people a second who are new to their order may join from one address, on
    /// average; 0 for no bound. More are refused (`rate_limited`).
    #[arg(long, env = "STONEPOT_JOIN_RATE", value_name = "N", default_value_t = 1)]
    pub(crate) join_rate: u32,

    /// How many such people may join in a burst; 0 for no bound.
    #[arg(long, env = "STONEPOT_JOIN_BURST", value_name = "N", default_value_t = 100)]
    pub(crate) join_burst: u32,

    /// How many bytes a second one person who signed in, or one address, may add to what is
    /// stored of all orders, on average; 0 for no bound. Changes that come too early are
    /// refused (`rate_limited`).
    #[arg(long, env = "STONEPOT_ADDRESS_LOG_RATE", value_name = "SIZE", default_value = "32KiB", value_parser = units::volume)]
    pub(crate) address_log_rate: u32,

    /// How many bytes one person, or one address, may add in a burst; 0 for no bound.
    #[arg(long, env = "STONEPOT_ADDRESS_LOG_BURST", value_name = "SIZE", default_value = "64MiB", value_parser = units::volume)]
    pub(crate) address_log_burst: u32,
}

/// Resources of the process, and how it stops.
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

    /// How often each socket is pinged. A peer that leaves two pings unanswered is dropped.
    #[arg(long, env = "STONEPOT_PING_INTERVAL", value_name = "TIME", default_value = "25s", value_parser = units::duration)]
    pub(crate) ping_interval: Duration,

    /// How long stopping may take. A process that hangs 5 s longer is ended, with exit code 1.
    #[arg(long, env = "STONEPOT_DRAIN_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = units::duration)]
    pub(crate) drain_timeout: Duration,

    /// How many threads serve. Default: the number of cores.
    #[arg(long, env = "STONEPOT_THREADS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// How the log on standard error is written. `RUST_LOG` says how much of it (error, warn, info, debug, trace).
    #[arg(long, env = "STONEPOT_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

/// Whether guests must sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Auth {
    /// Anyone who knows a room's name can join it, as any participant
    Off,
    /// Only people with a token can join, as the participant whom it names
    Required,
}

/// Where orders are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogKind {
    /// In the folder `--data`: every change that was shown survives a crash of the machine
    Sqlite,
    /// In memory: gone when the server stops
    Memory,
}

/// Who may do what in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyName {
    /// Every guest edits everything
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

/// The format of log lines.
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
