//! What can be said on the command line, and what `--help` teaches.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use order_core::{Currency, Policy};

use crate::units;

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
  --log memory keeps nothing: all orders are gone when the server stops.

STOPPING
  Ctrl-C or SIGTERM: what was accepted is stored, every socket is told to
  come back (close code 1012), and the server ends within --drain-timeout.
  A second signal ends it at once; even then nothing is lost that anybody
  was shown, if it is kept by --log sqlite.

EXAMPLES
  stonepot
      on 127.0.0.1:1999, orders in ./data
  stonepot serve --addr 0.0.0.0:80 --data /var/lib/stonepot --log-format json
  STONEPOT_LOG=memory stonepot serve
      each option is also a variable
  RUST_LOG=debug stonepot
      more in the log (never messages, names or phones)";

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
    pub(crate) serve: Serve,
}

impl Arguments {
    /// Reads the command line. One that makes no sense ends the program.
    pub(crate) fn read() -> Self {
        let mut command = Self::command();
        if std::env::args_os().nth(1).is_some_and(|first| first == "split") {
            // A wrong variable of the server is no reason not to divide a bill.
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
    Serve(Serve),
    /// Divide bills without a server: one JSON object a line on standard input, one answer a line on standard output.
    #[command(after_long_help = TEACH_SPLIT, max_term_width = 110)]
    Split(Split),
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

    /// How long stopping may take.
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

    /// Threads that serve. As many as there are cores, unless this says otherwise.
    #[arg(long, env = "STONEPOT_THREADS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// How the log on standard error is written. `RUST_LOG` says how much of it (error, warn, info, debug, trace).
    #[arg(long, env = "STONEPOT_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
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
