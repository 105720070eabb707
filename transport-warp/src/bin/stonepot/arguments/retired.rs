//! Options of earlier versions that no longer have an effect.
//!
//! Each is still accepted for one release, as an option and as a variable, with any value;
//! a warning says that it is ignored. Ignoring one is safe: the bound that every server
//! without the option has then applies.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};
use tracing::warn;

/// Each option with its variable, and the bound that replaces it.
const RETIRED: [(&str, &str, &str); 9] = [
    ("max-items", "STONEPOT_MAX_ITEMS", "an order may hold 5,000 dishes"),
    ("max-participants", "STONEPOT_MAX_PARTICIPANTS", "250 people may join an order"),
    ("max-order-text", "STONEPOT_MAX_ORDER_TEXT", "the dishes of an order may have 1 MiB of text"),
    ("max-depth", "STONEPOT_MAX_DEPTH", "a message may be nested 16 levels deep"),
    ("max-header", "STONEPOT_MAX_HEADER", "the headers of a request may have 16 KiB"),
    ("header-timeout", "STONEPOT_HEADER_TIMEOUT", "the headers of a request have 10 s to arrive"),
    ("message-timeout", "STONEPOT_MESSAGE_TIMEOUT", "a message has 30 s to arrive"),
    ("write-timeout", "STONEPOT_WRITE_TIMEOUT", "a client that reads nothing for 30 s is disconnected"),
    ("idle-unload", "STONEPOT_IDLE_UNLOAD", "a table without guests stays in memory for 60 s"),
];

/// The retired options that were given.
#[derive(Debug, Default)]
pub(crate) struct Retired(Vec<Given>);

/// A retired option, as it was given.
#[derive(Debug)]
struct Given {
    /// The option, such as `--max-depth`, or its variable.
    name: String,
    instead: &'static str,
}

impl Retired {
    /// Logs a warning for each.
    pub(crate) fn warn(&self) {
        for Given { name, instead } in &self.0 {
            warn!(
                "{name} no longer has an effect: {instead}. Remove it: the next release will not accept it"
            );
        }
    }
}

impl Args for Retired {
    fn augment_args(command: Command) -> Command {
        RETIRED.iter().fold(command, |command, &(name, variable, _)| {
            let value = value_parser!(OsString);
            command.arg(
                Arg::new(name).long(name).env(variable).hide(true).value_name("VALUE").value_parser(value),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Retired {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = RETIRED.iter().filter_map(|&(name, variable, instead)| {
            let name = match matches.value_source(name)? {
                ValueSource::EnvVariable => variable.to_owned(),
                _ => format!("--{name}"),
            };
            Some(Given { name, instead })
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use order_core::wire::MAX_DEPTH;
    use order_core::{MAX_ITEMS, MAX_PARTICIPANTS, MAX_TEXT_BYTES};
    use order_host::Settings;
    use transport_warp::{AcceptSettings, SocketSettings};

    use super::*;

    #[test]
    fn what_is_said_to_hold_in_place_of_an_option_does_hold() {
        let (accept, socket) = (AcceptSettings::default(), SocketSettings::default());
        for (option, holds) in [
            ("max-items", (MAX_ITEMS == 5_000).then_some("5,000")),
            ("max-participants", (MAX_PARTICIPANTS == 250).then_some("250")),
            ("max-order-text", (MAX_TEXT_BYTES == 1 << 20).then_some("1 MiB")),
            ("max-depth", (MAX_DEPTH == 16).then_some("16")),
            ("max-header", (accept.max_header_bytes == 16 << 10).then_some("16 KiB")),
            ("header-timeout", (accept.header_timeout.as_secs() == 10).then_some("10 s")),
            ("message-timeout", (socket.message_timeout.as_secs() == 30).then_some("30 s")),
            ("write-timeout", (socket.write_timeout.as_secs() == 30).then_some("30 s")),
            ("idle-unload", (Settings::default().idle_unload.as_secs() == 60).then_some("60 s")),
        ] {
            let (.., instead) = RETIRED.iter().find(|(name, ..)| *name == option).unwrap();
            assert!(holds.is_some_and(|holds| instead.contains(holds)), "{option}: {instead}");
        }
    }
}
