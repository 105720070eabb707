//! The command line, and the texts of `--help`.

mod retired;
mod serve;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use order_core::ParticipantId;
use transport_warp::DEFAULT_AUDIENCE;

pub(crate) use self::serve::{Auth, LogFormat, LogKind, Serve};
use crate::units;

const ABOUT: &str = "One shared order for a whole table: everybody adds dishes on their own phone, everybody sees \
    them at once, and the bill is split to the last paisa.";

// No line is wider than 78, so that none is broken on a terminal of 80.
const MORE: &str = "\
These are the options that most people set. `stonepot serve --help` has all,
and says how to try the server, where its data is and how to stop it.";

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
  more files beside it while the server runs. One server at a time has it
  open. To copy it, running or not:
    stonepot backup --data ./data BACKUP      BACKUP is a new folder
    stonepot --data BACKUP                    a server on a copy of it
    stonepot verify --data ./data             what is wrong, if anything
  Files that are copied in use (cp) may lack what was stored last. A server
  does not start on what is known to be missing, unless --accept-loss is
  given, and looks through its data after the start (--check-after): a damaged
  order is closed, and the log says so. Look at them with sqlite3 -readonly.
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
  With --auth off, everybody who knows a room's name can join it, so
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
      a server that lets in people with a token of that key
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
                   sharedBy and addedBy is unassigned
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
                   participantId? of a tip that is one diner's own.
                   on? is a list of \"dishes\" and of names of services and
                   fees (of a tax, or a percent service, fee or tip), and
                   discounts? before or after: whether dishes count in it at
                   their price before discounts. rounding? is half_up,
                   half_even or down; per? of a tax is invoice or line
  withoutService?  ids of those who pay no optional service charge
  roundTo?         the smallest coin, such as \"1.00\"
  roundSharesTo?   the smallest coin of each share, for those who pay in cash
  rounding?        unbiased: odd units go by a chance that follows from
                   orderId; else largest_remainder
  invoice?         true: the answer says what each tax is on, too
  note?            anything of your own, on the bill, an item, the split or a
                   charge; it is ignored, and any other field is refused
  Amounts, percentages and weights are decimal strings, or numbers. A price
  may be as large as a total, and below 0; then so is what is agreed or fixed.

THE ANSWER
  total (of the dishes), amountDue, shares [{participantId, amount, lines}],
  lines [{name, amount}]; included (taxes that prices contain), unassigned
  and unassignedItems (what no one shares) where there is any; invoice {taxes
  [{name, percent, net, tax, gross}], items [{id, amount, discount, included,
  taxable}]} where it was asked for. Or error, with
  code and message. Blank lines are skipped, and every other line answered.
  The input is UTF-8; a byte order mark before a line does not count.

EXIT CODE
  0 if every bill was divided, 1 if any was not";

/// Subcommands that have none of the server's options.
const NEEDS_NO_SERVER: [&str; 4] = ["backup", "split", "token", "verify"];

// No line is wider than 78, so that none is broken on a terminal of 80.
const TEACH_VERIFY: &str = "\
WHAT IS LOOKED AT
  Every order is replayed from its first change: that none is missing, that
  its sums add up, that its snapshot is what the changes give. Then the
  indexes, the alarms, and the database file itself (the check of SQLite).
  Nothing is written, and no lock is taken that a server needs: it may run.
  It reads all of the data; memory is needed for one order.

WHAT IT SAYS
  A line for each thing that is wrong: the room, the number of the change,
  and what it is. The last line counts rooms, changes (facts) and bytes.
  The names of rooms are secrets where nobody has to sign in.

IF SOMETHING IS WRONG
  Restore a backup; for one room, its numbers say how much of it is whole.
  A snapshot is a cache: with the server stopped, it can be deleted,
    sqlite3 data/stonepot.db \"DELETE FROM snapshots WHERE room = 'ROOM'\"

EXIT CODE
  0 if nothing is wrong, 1 if anything is, 2 for a wrong command line";

// No line is wider than 78, so that none is broken on a terminal of 80.
const TEACH_BACKUP: &str = "\
TRY IT
  stonepot backup --data ./data backup-1
      while the server runs, or not
  cp -r backup-1 restored && stonepot --data restored
      a server on the orders of that moment

WHAT IS COPIED
  stonepot.db, as of one moment, and resume.key, by which phones come back.
  Not: the keys to sign in with (--auth-keys), which are where you keep them.
  The copy holds secrets, and is readable by you alone: keep it that way.

HOW
  TARGET must not exist. The copy is written to TARGET.unfinished, synced,
  verified, and gets its name last, so what is called TARGET is whole. If the
  data are damaged, the copy is called TARGET.damaged, and the exit code is 1.

EXIT CODE
  0 if there is a backup, 1 if there is none, 2 for a wrong command line";

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "stonepot",
    version,
    about = ABOUT,
    after_long_help = TEACH,
    after_help = MORE,
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
    /// Reads the command line. A wrong one ends the program.
    pub(crate) fn read() -> Self {
        let mut command = Self::command_line();
        if std::env::args_os().any(|argument| argument == "-h") {
            // One line for each option: environment variables and possible values are in the long help.
            command = for_serving(command, |argument| {
                let has_values = argument.get_action().takes_values();
                argument.hide_env(true).hide_possible_values(has_values)
            });
        }
        if std::env::args_os().nth(1).is_some_and(|first| NEEDS_NO_SERVER.iter().any(|name| first == *name)) {
            // A wrong variable of the server must not keep anyone from dividing a bill or making a
            // backup.
            command = command.mut_args(|argument| argument.env(None::<&str>));
        }
        Self::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
    }

    /// The command line. The server's options under a heading appear only in the long help.
    fn command_line() -> clap::Command {
        for_serving(Self::command(), |argument| {
            let is_special = argument.get_help_heading().is_some();
            argument.hide_short_help(is_special)
        })
    }
}

/// Changes the server's options, with and without the subcommand.
fn for_serving(command: clap::Command, change: fn(Arg) -> Arg) -> clap::Command {
    command.mut_args(change).mut_subcommand("serve", |serve| serve.mut_args(change))
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server. This is what happens without a subcommand, too.
    #[command(after_long_help = TEACH, after_help = MORE, max_term_width = 110)]
    Serve(Box<Serve>),
    /// Divide bills without a server: one JSON object a line on standard input, one answer a line on standard output.
    #[command(after_long_help = TEACH_SPLIT, max_term_width = 110)]
    Split(Split),
    /// Check all stored data, beside a running server or without one, and report what is wrong:
    /// exit code 1 if anything is.
    #[command(after_long_help = TEACH_VERIFY, max_term_width = 110)]
    Verify(Verify),
    /// Copy the data to a new folder, beside a running server or without one, and verify the
    /// copy: exit code 1 if there is no good one.
    #[command(after_long_help = TEACH_BACKUP, max_term_width = 110)]
    Backup(Backup),
    /// Make a token to sign in with, or a key to make tokens with. For development: in
    /// production, the service that knows your guests makes the tokens.
    #[command(after_long_help = TEACH_TOKEN, max_term_width = 110)]
    Token(Box<Token>),
}

/// What to verify.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The folder of the data. A server may be using it.
    #[arg(long, env = "STONEPOT_DATA", value_name = "FOLDER", default_value = "./data")]
    pub(crate) data: PathBuf,
}

/// What to copy, and where to.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The folder of the data. A server may be using it.
    #[arg(long, env = "STONEPOT_DATA", value_name = "FOLDER", default_value = "./data")]
    pub(crate) data: PathBuf,

    /// The folder of the backup, which must not exist yet.
    #[arg(value_name = "TARGET")]
    pub(crate) target: PathBuf,
}

/// What token to make, or what key.
#[derive(Debug, Args)]
pub(crate) struct Token {
    /// Make a fresh key, as a JSON Web Key Set in this file, which must not exist yet.
    #[arg(long, value_name = "FILE", exclusive = true)]
    pub(crate) new_key: Option<PathBuf>,

    /// The key to sign with: the first shared secret (`oct`) of a JSON Web Key Set, as for the
    /// server's --auth-keys.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["new_key", "secret"])]
    pub(crate) key: Option<PathBuf>,

    /// The key to sign with: a file that holds only a shared secret, as for the server's
    /// --auth-secret.
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    pub(crate) secret: Option<PathBuf>,

    /// The one room that the token opens.
    #[arg(long, value_name = "ROOM")]
    pub(crate) room: Option<String>,

    /// The participant as whom its holder acts.
    #[arg(long, value_name = "ID", value_parser = participant)]
    pub(crate) participant: Option<ParticipantId>,

    /// The name that the others see. Without it, the holder chooses one when joining.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// The circle whose orders the token opens.
    #[arg(long, value_name = "CIRCLE")]
    pub(crate) circle: Option<String>,

    /// The tenant whose orders the token opens.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,

    /// The role of its holder.
    #[arg(long, value_enum, default_value_t = TokenRole::Diner)]
    pub(crate) role: TokenRole,

    /// How long the token is valid.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = units::duration)]
    pub(crate) ttl: Duration,

    /// The audience (`aud`) of the token: the server's --auth-audience.
    #[arg(long, value_name = "NAME", default_value = DEFAULT_AUDIENCE)]
    pub(crate) audience: String,

    /// The issuer (`iss`) of the token: the server's --auth-issuer, where it has one.
    #[arg(long, value_name = "NAME")]
    pub(crate) issuer: Option<String>,
}

/// The role of a token's holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenRole {
    /// Sits at the table
    Diner,
    /// The restaurant's back end: reads orders, and joins none
    Backend,
}

/// Options of `stonepot split`.
#[derive(Debug, Args)]
pub(crate) struct Split {
    /// Print each bill as a table for people, instead of JSON.
    #[arg(long)]
    pub(crate) table: bool,
}

fn participant(id: &str) -> Result<ParticipantId, String> {
    ParticipantId::new(id).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command_line().debug_assert();
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
