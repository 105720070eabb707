//! What can be said on the command line, and what `--help` teaches.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{FalseyValueParser, RangedU64ValueParser};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use order_core::wire::MAX_DEPTH;
use order_core::{Currency, MAX_ITEMS, MAX_PARTICIPANTS, MAX_TEXT_BYTES, ParticipantId, Policy};
use transport_warp::{DEFAULT_AUDIENCE, PublicHost};

use crate::reach::AllowedOrigin;
use crate::units::{self, Life};

const ABOUT: &str = "One shared order for a whole table: everybody adds dishes on their own phone, everybody sees \
    them at once, and the bill is split to the last paisa.";

// No line is wider than 78, so that none is broken on a terminal of 80.
const TEACH: &str = "\
TRY IT
  Start it, and open http://127.0.0.1:1999/ in two browser tabs: one starts
  a table, the other follows its link.

  Or from a terminal (npm install -g wscat):
    wscat -c ws://127.0.0.1:1999/parties/collaborative_order/table-7
    > {\"type\":\"join\",\"participantId\":\"ann\",\"participantName\":\"Ann\",\"data\":{}}
    > {\"type\":\"add_item\",\"data\":{\"dishName\":\"Dosa\",\"quantity\":2,\"price\":89.5}}
  Every message and every answer is described in PROTOCOL.md.

ADDRESSES
  ws://HOST/parties/collaborative_order/ROOM
      a table; also /parties/main/ROOM, or /party/ROOM for short
  http://HOST/parties/collaborative_order/ROOM
      the same table as JSON, without names and phones
  http://HOST/healthz
      200 while the process runs
  http://HOST/readyz
      200 while orders can be stored, 503 while not; refused while stopping

DATA
  --log sqlite keeps every order in the folder --data: in stonepot.db, with
  more files beside it while the server runs. To copy it, stop the server
  first, or use the .backup of sqlite3. One server at a time has it open.
  On a full disk it starts all the same: orders can be read, and new ones are
  taken when there is room. When its files are moved or removed it takes none
  until they are back. The file resume.key is how phones come back after a
  restart: keep it. One that is damaged is restored or deleted by hand.
  --log memory keeps nothing: all orders are gone when the server stops.

SIGNING IN
  With --auth required a guest needs a token: a JSON Web Token (HS256, RS256,
  ES256 or EdDSA) that one of the keys in --auth-keys proves, for the audience
  --auth-audience. What stands in it, and where it goes, is in PROTOCOL.md.
    stonepot token --new-key keys.json
    stonepot --auth required --auth-keys keys.json
    stonepot token --key keys.json --room table-7 --participant ann
  The last prints a token; a client adds it to its address:
    ws://127.0.0.1:1999/parties/collaborative_order/table-7?token=TOKEN
  --auth-keys takes a JSON Web Key Set, or one public key as PEM, and nothing
  else. In place of it, --auth-secret takes a file that holds a shared secret
  alone: one word of 32 visible ASCII characters or more. Either file is read
  again when it changes. One that cannot be used changes nothing but the log,
  and no public key ever gives way to a secret without a restart.
  With --auth off, whoever knows a room's name can join it, as anybody, so
  the server then listens on this machine only, unless --insecure is given.

PAGES
  Browsers say which page asks (Origin) and for which server (Host). What
  does not fit gets 403, with a line in the log that says what to set.
  With --auth off, on 127.0.0.1: pages of this machine (localhost, any port)
  and of the server's own host may order, and only names of this machine are
  answered. For a server that people reach by another name:
    --public-host orders.example        the name in their browser
    --allow-origin https://app.example  a web app that is served elsewhere;
                                        name every origin that is to work
    --allow-origin '*'                  any page, and any name
    --trusted-proxy 127.0.0.1           a proxy on this machine sees to it
  With --auth required: pages of the server's own host, or of --allow-origin.

STOPPING
  Ctrl-C or SIGTERM: what was accepted is stored, every socket is told to
  come back (close code 1012), and the server ends within --drain-timeout.
  A second signal ends it at once, and so does a disk that hangs, 5 s after
  that time (exit code 1); even then nothing is lost that anybody was shown,
  if it is kept by --log sqlite.

TIMES
  A time is a number and its unit, ms, s, m, h or d: 250ms, 30s, 12h, 7d.

EXAMPLES
  stonepot
      on 127.0.0.1:1999, orders in ./data
  stonepot serve --addr 0.0.0.0:80 --auth required --auth-keys keys.json
      for everybody who has a token
  stonepot serve --addr 0.0.0.0:1999 --insecure --public-host orders.example
      in a container, behind something that checks who comes
  STONEPOT_LOG=memory stonepot serve
      each option is also a variable
  RUST_LOG=debug stonepot
      more in the log (never messages, names or phones)";

// No line is wider than 78, so that none is broken on a terminal of 80.
const TEACH_TOKEN: &str = "\
TRY IT
  stonepot token --new-key keys.json
      a fresh key (HS256), in a file that only you can read
  stonepot --auth required --auth-keys keys.json
      a server that lets in whoever has a token of that key
  stonepot token --key keys.json --room table-7 --participant ann --name Ann
      a token for ann at table-7, good for an hour

A ROOM
  table-7 is the room at /parties/collaborative_order/table-7; main/table-7
  the one at /parties/main/table-7. A token without --room opens every order
  of its --circle or --tenant. For a name that clients percent-encode, such
  as 'my table', the path to connect to is printed on standard error.

THE KEY
  --key takes a set with a shared secret, by the rules of the server's
  --auth-keys, and --secret a file that is a secret, as --auth-secret does.
  What the server would refuse is not signed with, and not put in a token.

CHANGING THE KEY
  Make another, put both into one list of \"keys\", and sign with the new one,
  which stands first. Take the old one out when its tokens have expired. The
  server reads the file again within a second or so.";

// No line is wider than 78, so that none is broken on a terminal of 80.
const TEACH_SPLIT: &str = "\
TRY IT
  printf %s '{\"participants\":[\"ann\",\"ben\"],\"items\":[' \\
    '{\"id\":\"Thali\",\"price\":\"180.50\",\"addedBy\":\"ann\"},' \\
    '{\"id\":\"Naan\",\"price\":\"60.25\",\"sharedBy\":[\"ann\",\"ben\"]}],' \\
    '\"split\":{\"type\":\"itemized\"},\"charges\":[' \\
    '{\"name\":\"CGST\",\"kind\":\"tax\",\"percent\":\"2.5\"},' \\
    '{\"name\":\"SGST\",\"kind\":\"tax\",\"percent\":\"2.5\"}],' \\
    '\"roundTo\":\"1.00\"}' | stonepot split --table

A BILL
  participants     ids of those who share it; the answer keeps their order
  items            [{id, price, quantity?, addedBy?, sharedBy?, dishType?}]
                   sharedBy is [ids], or {id: weight}; an item without
                   sharedBy and addedBy is nobody's
  total            instead of items; beside them it must be their sum
  orderId?         comes back in the answer; decides who gets an odd paisa
  currency?        a code of ISO 4217, else INR; or minorDigits, 0 to 4
  split?           {\"type\": \"equal\"}, or by type:
                     itemized     each pays for what is theirs
                     custom       with amounts, percentages or weights
                     adjustments  with adjustments: so much more for some
                     cover        with covers {who: payer}, rest? (equal or
                                  itemized)
  charges?         [{name, kind, percent or amount}], where kind is tax,
                   service, tip, discount or fee; also inclusive? and
                   dishTypes? of a tax, optional? of a service charge, itemId?
                   of a discount, by? (share or head) of a tip or fee, and
                   participantId? of a tip that is one diner's own
  withoutService?  ids of those who pay no optional service charge
  roundTo?         the smallest coin, such as \"1.00\"
  Amounts, percentages and weights are decimal strings, or numbers.

THE ANSWER
  total (of the dishes), amountDue, shares [{participantId, amount, lines}],
  lines [{name, amount}]; included (taxes that prices contain), unassigned
  and unassignedItems (what is nobody's) where there is any. Or error, with
  code and message. Blank lines are skipped, and every other line answered.
  The input is UTF-8; a byte order mark before a line does not count.

EXIT CODE
  0 if every bill was divided, 1 if any was not";

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "stonepot",
    version,
    about = ABOUT,
    after_long_help = TEACH,
    after_help = "`--help` says more: how to try it, where the data is, how to stop it.",
    args_conflicts_with_subcommands = true,
    max_term_width = 110
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: Box<Serve>,
}

impl Arguments {
    /// Reads the command line. One that makes no sense ends the program.
    pub(crate) fn read() -> Self {
        let mut command = Self::command();
        if std::env::args_os().nth(1).is_some_and(|first| first == "split" || first == "token") {
            // A wrong variable of the server is no reason not to divide a bill, or to make a token.
            command = command.mut_args(|argument| argument.env(None::<&str>));
        }
        Self::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server. This is what happens without a subcommand, too.
    #[command(after_long_help = TEACH, max_term_width = 110)]
    Serve(Box<Serve>),
    /// Divide bills without a server: one JSON object a line on standard input, one answer a line on standard output.
    #[command(after_long_help = TEACH_SPLIT, max_term_width = 110)]
    Split(Split),
    /// Make a token with which somebody can sign in, or a key to make tokens with. For development: in production, whoever
    /// knows your guests makes the tokens.
    #[command(after_long_help = TEACH_TOKEN, max_term_width = 110)]
    Token(Box<Token>),
}

/// What token to make, or what key.
#[derive(Debug, Args)]
pub(crate) struct Token {
    /// Make a fresh key, as a JSON Web Key Set in this file, which must not exist yet.
    #[arg(long, value_name = "FILE", exclusive = true)]
    pub(crate) new_key: Option<PathBuf>,

    /// The key to sign with: the first shared secret (`oct`) of a JSON Web Key Set, as the server's --auth-keys.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["new_key", "secret"])]
    pub(crate) key: Option<PathBuf>,

    /// The key to sign with: a file that holds a shared secret alone, as the server's --auth-secret.
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    pub(crate) secret: Option<PathBuf>,

    /// The one room that the token opens.
    #[arg(long, value_name = "ROOM")]
    pub(crate) room: Option<String>,

    /// As whom its holder speaks.
    #[arg(long, value_name = "ID", value_parser = participant)]
    pub(crate) participant: Option<ParticipantId>,

    /// The name that the others see; without it, the one that the holder joins with.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// The circle whose orders the token opens.
    #[arg(long, value_name = "CIRCLE")]
    pub(crate) circle: Option<String>,

    /// The tenant whose orders the token opens.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,

    /// What its holder is.
    #[arg(long, value_enum, default_value_t = TokenRole::Diner)]
    pub(crate) role: TokenRole,

    /// How long the token is good.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = units::duration)]
    pub(crate) ttl: Duration,

    /// Whom the token is for: the server's --auth-audience.
    #[arg(long, value_name = "NAME", default_value = DEFAULT_AUDIENCE)]
    pub(crate) audience: String,

    /// Who has issued it: the server's --auth-issuer, where it has one.
    #[arg(long, value_name = "NAME")]
    pub(crate) issuer: Option<String>,
}

/// What the holder of a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenRole {
    /// Sits at the table
    Diner,
    /// The restaurant's back end: looks at orders, and joins none
    Backend,
}

/// How to divide bills.
#[derive(Debug, Args)]
pub(crate) struct Split {
    /// Print each bill as a table for people, instead of JSON.
    #[arg(long)]
    pub(crate) table: bool,
}

/// How to serve.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen, as HOST:PORT. 0.0.0.0 listens on every network; port 0 takes any free one.
    #[arg(long, env = "STONEPOT_ADDR", value_name = "HOST:PORT", default_value = "127.0.0.1:1999")]
    pub(crate) addr: String,

    /// Whether guests must sign in.
    #[arg(long, env = "STONEPOT_AUTH", value_enum, default_value_t = Auth::Off)]
    pub(crate) auth: Auth,

    /// The keys that prove tokens: a JSON Web Key Set, or one public key as PEM. Read again when it changes.
    #[arg(long, env = "STONEPOT_AUTH_KEYS", value_name = "FILE")]
    pub(crate) auth_keys: Option<PathBuf>,

    /// In place of --auth-keys, a file that holds a shared secret alone (HS256): one word of at least 32 visible ASCII
    /// characters. Read again when it changes.
    // Not shown: somebody may have put the secret itself there.
    #[arg(long, env = "STONEPOT_AUTH_SECRET", value_name = "FILE", hide_env_values = true)]
    pub(crate) auth_secret: Option<PathBuf>,

    /// Whom tokens must be for (their `aud`).
    #[arg(long, env = "STONEPOT_AUTH_AUDIENCE", value_name = "NAME", default_value = DEFAULT_AUDIENCE)]
    pub(crate) auth_audience: String,

    /// Who must have issued them (their `iss`). Without it, anybody who has a key.
    #[arg(long, env = "STONEPOT_AUTH_ISSUER", value_name = "NAME")]
    pub(crate) auth_issuer: Option<String>,

    /// A page's origin that may open sockets, such as <https://orders.example>, in place of those of this server's own host;
    /// again for each, or with commas. `*` alone is any page. Without it: pages of this server's own host, and, with --auth
    /// off on a loopback address, pages of this machine.
    #[arg(long, env = "STONEPOT_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub(crate) allow_origin: Vec<AllowedOrigin>,

    /// A name under which people reach this server, such as orders.example or orders.example:8080; again for each, or with
    /// commas. Its pages are this server's own. With --auth off, no other name is then answered (in `Host`) but those of
    /// this machine and of --allow-origin.
    #[arg(long, env = "STONEPOT_PUBLIC_HOST", value_name = "NAME", value_delimiter = ',')]
    pub(crate) public_host: Vec<PublicHost>,

    /// Listen for other machines although nobody has to sign in: something before this server checks who comes. Needs
    /// --public-host or --allow-origin.
    #[arg(long, env = "STONEPOT_INSECURE", value_parser = FalseyValueParser::new())]
    pub(crate) insecure: bool,

    /// The folder of the data. It is made where it is missing.
    #[arg(long, env = "STONEPOT_DATA", value_name = "FOLDER", default_value = "./data")]
    pub(crate) data: PathBuf,

    /// Where orders are kept.
    #[arg(long, env = "STONEPOT_LOG", value_enum, default_value_t = LogKind::Sqlite)]
    pub(crate) log: LogKind,

    /// The currency of an order whose first guest names none (ISO 4217).
    #[arg(long, env = "STONEPOT_CURRENCY", value_name = "CODE", default_value = "INR", value_parser = currency)]
    pub(crate) currency: Currency,

    /// Who edits the dishes, chooses the split and finalizes, in an order whose first guest does not say.
    #[arg(long, env = "STONEPOT_POLICY", value_enum, default_value_t = PolicyName::Open)]
    pub(crate) policy: PolicyName,

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

    /// How many bytes a second one person who signed in, or one address, may add to what is stored of all orders, for long; 0 for no
    /// bound. What is too early is refused (`rate_limited`).
    #[arg(long, env = "STONEPOT_ADDRESS_LOG_RATE", value_name = "SIZE", default_value = "32KiB", value_parser = units::volume)]
    pub(crate) address_log_rate: u32,

    /// How many bytes one person, or one address, may add at once, after a rest; 0 for no bound.
    #[arg(long, env = "STONEPOT_ADDRESS_LOG_BURST", value_name = "SIZE", default_value = "64MiB", value_parser = units::volume)]
    pub(crate) address_log_burst: u32,

    /// How many bytes may be stored of one order; 0 for no bound. One more change is refused (`log_full`). The last eighth is kept for
    /// the owner, for finalizing, for payments and for the back end.
    #[arg(long, env = "STONEPOT_MAX_ORDER_LOG", value_name = "SIZE", default_value = "64MiB", value_parser = units::volume)]
    pub(crate) max_order_log: u32,

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

    /// How many sockets one order may have; 0 for no bound. Further ones get 429.
    #[arg(long, env = "STONEPOT_MAX_PER_ROOM", value_name = "N", default_value_t = 500)]
    pub(crate) max_per_room: usize,

    /// How many of those one guest may have, by their token or, without sign-in, by their address; 0 for no bound.
    #[arg(long, env = "STONEPOT_MAX_PER_GUEST", value_name = "N", default_value_t = 200)]
    pub(crate) max_per_guest: usize,

    /// How many orders of one tenant may be in memory for another to begin; 0 for no bound. Needs --auth required.
    #[arg(long, env = "STONEPOT_ROOMS_PER_TENANT", value_name = "N", default_value_t = 10_000)]
    pub(crate) rooms_per_tenant: usize,

    /// How many dishes one order may hold at a time.
    #[arg(long, env = "STONEPOT_MAX_ITEMS", value_name = "N", default_value_t = MAX_ITEMS, value_parser = within(1..=MAX_ITEMS))]
    pub(crate) max_items: usize,

    /// How many people may ever join one order.
    #[arg(long, env = "STONEPOT_MAX_PARTICIPANTS", value_name = "N", default_value_t = MAX_PARTICIPANTS, value_parser = within(1..=MAX_PARTICIPANTS))]
    pub(crate) max_participants: usize,

    /// How much text the dishes and customizations of one order may have together, 1MiB at the most.
    #[arg(long, env = "STONEPOT_MAX_ORDER_TEXT", value_name = "SIZE", default_value = "1MiB", value_parser = order_text)]
    pub(crate) max_order_text: usize,

    /// How many levels deep a message may be nested.
    #[arg(long, env = "STONEPOT_MAX_DEPTH", value_name = "N", default_value_t = MAX_DEPTH, value_parser = within(5..=MAX_DEPTH))]
    pub(crate) max_depth: usize,

    /// How large the head of a request may be. Below 8KiB is as much as that.
    #[arg(long, env = "STONEPOT_MAX_HEADER", value_name = "SIZE", default_value = "16KiB", value_parser = units::bytes)]
    pub(crate) max_header: usize,

    /// A proxy, by its address or network, that says from where people come. May be given several times.
    #[arg(long, env = "STONEPOT_TRUSTED_PROXY", value_name = "ADDRESS", value_delimiter = ',')]
    pub(crate) trusted_proxy: Vec<String>,

    /// The header in which trusted proxies say so: a list to which each adds an address at the end.
    #[arg(long, env = "STONEPOT_PEER_HEADER", value_name = "NAME", default_value = "x-forwarded-for")]
    pub(crate) peer_header: String,

    /// How many sockets there may be at once; further guests get 503. (1,000 plain HTTP connections may be open
    /// beside them.) Without it: 20,000, or as many as the limit of open files allows.
    #[arg(
        long,
        env = "STONEPOT_MAX_CONNECTIONS",
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=10_000_000)
    )]
    pub(crate) max_connections: Option<u32>,

    /// How long a table without guests stays in memory. It is read again when somebody comes.
    #[arg(long, env = "STONEPOT_IDLE_UNLOAD", value_name = "TIME", default_value = "60s", value_parser = units::duration)]
    pub(crate) idle_unload: Duration,

    /// After so long without a change an open order expires: it is closed without a bill. `off`: never.
    #[arg(long, env = "STONEPOT_EXPIRE_AFTER", value_name = "TIME", default_value = "7d", value_parser = units::life)]
    pub(crate) expire_after: Life,

    /// After so long without a change a finalized order is archived: not even payments change any more. `off`: never.
    #[arg(long, env = "STONEPOT_ARCHIVE_AFTER", value_name = "TIME", default_value = "30d", value_parser = units::life)]
    pub(crate) archive_after: Life,

    /// How long stopping may take. A process that hangs 5 s longer is ended, with exit code 1.
    #[arg(long, env = "STONEPOT_DRAIN_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = units::duration)]
    pub(crate) drain_timeout: Duration,

    /// How long the head of a request may take to arrive.
    #[arg(long, env = "STONEPOT_HEADER_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = units::duration)]
    pub(crate) header_timeout: Duration,

    /// How often each socket is pinged. Who lets two pings pass in silence is dropped.
    #[arg(long, env = "STONEPOT_PING_INTERVAL", value_name = "TIME", default_value = "25s", value_parser = units::duration)]
    pub(crate) ping_interval: Duration,

    /// How long a guest may take nothing of what waits for them before they are dropped.
    #[arg(long, env = "STONEPOT_WRITE_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = units::duration)]
    pub(crate) write_timeout: Duration,

    /// How long a message may take to arrive. A longer one ends the socket with close code 1008, when a ping is due at the latest.
    #[arg(long, env = "STONEPOT_MESSAGE_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = units::duration)]
    pub(crate) message_timeout: Duration,

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

fn participant(id: &str) -> Result<ParticipantId, String> {
    ParticipantId::new(id).map_err(|error| error.to_string())
}

fn within(range: RangeInclusive<usize>) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(*range.start() as u64..=*range.end() as u64)
}

fn order_text(size: &str) -> Result<usize, String> {
    let bytes = units::bytes(size)?;
    if bytes > MAX_TEXT_BYTES { Err("it is at most 1MiB".to_owned()) } else { Ok(bytes) }
}

fn currency(code: &str) -> Result<Currency, String> {
    Currency::from_code(code).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn options_work_with_and_without_the_subcommand() {
        let with = Arguments::parse_from(["stonepot", "serve", "--addr", "127.0.0.1:7", "--log", "memory"]);
        let without = Arguments::parse_from(["stonepot", "--addr", "127.0.0.1:7", "--log", "memory"]);
        let Some(Command::Serve(with)) = with.command else { panic!("not to serve") };
        assert_eq!((with.addr.as_str(), with.log), ("127.0.0.1:7", LogKind::Memory));
        assert!(without.command.is_none());
        assert_eq!((without.serve.addr.as_str(), without.serve.log), ("127.0.0.1:7", LogKind::Memory));
    }
}
