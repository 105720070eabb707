//! Marks: what the program under test promised while it ran, and to whom.
//!
//! Each mark is one write to a pseudo file, so that the recorder puts it in order with the
//! writes and syncs.

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use crate::Outcome;

/// A mark in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The log was asked to store this fact of a room.
    Asked { room: String, seq: u64, fact: u64 },
    /// The log acknowledged this fact as stored.
    Stored { room: String, seq: u64, fact: u64 },
    /// The log returned this fact to a reader of the room.
    Read { room: String, seq: u64, fact: u64 },
    /// A client was shown the order as of this fact.
    Shown { room: String, seq: u64 },
    /// A client was told that its command was not executed.
    Refused { room: String, code: String },
    /// The log was opened.
    Open,
}

impl Mark {
    pub(crate) fn read(text: &str) -> Outcome<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let room = |room: &str| room.to_owned();
        Ok(match words.as_slice() {
            ["asked", at, seq, fact] => {
                Self::Asked { room: room(at), seq: seq.parse()?, fact: fact.parse()? }
            }
            ["stored", at, seq, fact] => {
                Self::Stored { room: room(at), seq: seq.parse()?, fact: fact.parse()? }
            }
            ["read", at, seq, fact] => Self::Read { room: room(at), seq: seq.parse()?, fact: fact.parse()? },
            ["shown", at, seq] => Self::Shown { room: room(at), seq: seq.parse()? },
            ["refused", at, code] => Self::Refused { room: room(at), code: (*code).to_owned() },
            ["open"] => Self::Open,
            _ => return Err(format!("no mark: {text}").into()),
        })
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Self::Asked { room, seq, fact } => format!("asked {room} {seq} {fact}"),
            Self::Stored { room, seq, fact } => format!("stored {room} {seq} {fact}"),
            Self::Read { room, seq, fact } => format!("read {room} {seq} {fact}"),
            Self::Shown { room, seq } => format!("shown {room} {seq}"),
            Self::Refused { room, code } => format!("refused {room} {code}"),
            Self::Open => "open".to_owned(),
        }
    }
}

/// Returns the hash that stands for a fact in a mark: the same in every process of one
/// build.
pub(crate) fn fingerprint(fact: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    fact.hash(&mut hasher);
    hasher.finish()
}

/// The file to which the program under test writes its marks. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Marks(Arc<File>);

impl Marks {
    pub(crate) fn open(path: &Path) -> Outcome<Self> {
        Ok(Self(Arc::new(File::options().write(true).open(path)?)))
    }

    pub(crate) fn leave(&self, mark: &Mark) {
        // A lost mark could hide a loss. The recorder does not fail.
        if let Err(error) = (&*self.0).write_all(mark.text().as_bytes()) {
            tracing::error!(%error, "a mark was lost");
        }
    }
}
