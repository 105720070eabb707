//! `stonepot verify`: checks all stored data.

use std::io::{self, Write};
use std::path::Path;

use order_host::log::OpenError;
use order_host::log::sqlite::{Audited, FILE_NAME, Finding, verify_in};
use thiserror::Error;

use crate::arguments::Verify;
use crate::resume_key;

/// Why the data could not be checked.
#[derive(Debug, Error)]
pub(crate) enum VerifyError {
    #[error("{0}{hint}", hint = hint(.0))]
    Log(#[from] OpenError),
    #[error("cannot write to standard output: {0}")]
    Write(#[from] io::Error),
}

fn hint(error: &OpenError) -> &'static str {
    match error {
        OpenError::File { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            "; name the data folder with --data"
        }
        OpenError::OlderVersion { .. } => "",
        _ => "; if it is damaged, restore a backup",
    }
}

/// Reports what is wrong; returns whether anything is.
pub(crate) fn run(verify: &Verify) -> Result<bool, VerifyError> {
    let mut out = io::stdout().lock();
    let (audited, wrong) = say_what_is_wrong_in(&verify.data, &mut out)?;
    let verdict = match wrong {
        0 => "nothing is wrong".to_owned(),
        1 => "1 thing is wrong".to_owned(),
        many => format!("{many} things are wrong"),
    };
    let Audited { rooms, facts, bytes, .. } = audited;
    writeln!(out, "{rooms} rooms, {facts} facts, {bytes} bytes: {verdict}")?;
    out.flush()?;
    Ok(wrong == 0)
}

/// Writes a line for each problem. Returns what was checked, and the number of problems.
pub(crate) fn say_what_is_wrong_in(
    folder: &Path,
    out: &mut impl Write,
) -> Result<(Audited, u64), VerifyError> {
    let mut wrong = 0_u64;
    let mut written = Ok(());
    let mut say = |what: &str, is_wrong: &dyn std::fmt::Display| {
        wrong = wrong.saturating_add(1);
        if written.is_ok() {
            written = writeln!(out, "{what}: {is_wrong}");
        }
    };
    if let Some(error) = resume_key::what_is_wrong_in(folder) {
        say(resume_key::FILE, &error);
    }
    let audited = verify_in(folder, &mut |Finding { room, damage }| match &room {
        Some(room) => say(&format!("room {}", room.as_str()), &damage),
        None => say(FILE_NAME, &damage),
    })?;
    written?;
    Ok((audited, wrong))
}
