//! The log on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, ParseError};

use crate::arguments::LogFormat;

/// Starts logging, at `info` unless `RUST_LOG` says otherwise.
///
/// No log line contains a message, a name, a phone number, a token or a query string, at
/// any level: they are never passed to the log.
pub(crate) fn start(format: LogFormat) -> Result<(), ParseError> {
    let directives = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).parse(directives)?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // By default a line that cannot be written is reported on standard error, which panics when
        // standard error itself fails. A full disk or a closed pipe behind it must not stop the
        // server.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}
