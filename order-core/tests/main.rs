//! All integration tests of the crate in one program, so that shared code is built once.
//!
//! Each topic has a folder, named as in `src`. A test of one kind of command stands at its topic; one that holds for any
//! command stands in `order`. A new file is named here.
#![allow(unreachable_pub, reason = "a module of a test is for its neighbours")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The division of a whole bill: of an order, on its own, as a line of JSON.
mod bill {
    mod against_oracle;
    mod cases;
    mod dear;
    mod in_prices;
    mod invoice;
    mod lines;
    mod symmetry;
    mod taxes;
}

/// Charges, discounts, tips and waivers.
mod charges {
    mod options;
    mod refused;
    mod shares;
}

/// Whose a dish is, and how it is shared.
mod claims {
    mod refused;
    mod shares;
}

/// Dishes: their prices, quantities, texts and ids.
mod dishes {
    mod corrected;
    mod edited;
    mod refused;
    mod together;
}

/// What holds for any command: sequences, repetition, undo, bounds, refusals.
mod order {
    mod any_sequence;
    mod limits;
    mod nothing_new;
    mod once;
    mod refused;
    mod undo;
}

/// Payments, refunds and the settlement.
mod payments {
    mod actors;
    mod bounds;
    mod changes;
    mod excess;
    mod forms;
    mod parts;
    mod pending;
    mod refunds;
    mod settlement;
    mod written_off;
}

/// Joining, leaving and coming back.
mod people {
    mod added;
    mod joining;
}

/// Who pays what: the types of split, and the division of an amount.
mod split {
    mod laws;
    mod refused;
    mod shares;
}

/// Stored facts and snapshots.
mod stored {
    mod damaged;
}

/// What the tests of several topics share. Nothing here is a test.
mod support {
    pub mod amounts;
    pub mod bill;
    pub mod books;
    pub mod dear;
    pub mod differences;
    pub mod folding;
    pub mod friends;
    pub mod json;
    pub mod model;
    pub mod part_laws;
    pub mod paying;
    pub mod story;
    pub mod table;
}

/// The rules of a table, and its deadlines.
mod table {
    mod reopened;
    mod rules;
    mod rules_laws;
    mod spending;
    mod timers;
}

/// Transfers between friends, and whether all are even.
mod transfers {
    mod friends;
    mod laws;
    mod refused;
}

/// What is read from clients and written to them, in both protocols.
mod wire {
    mod cached_texts;
    mod golden;
    mod reading;
    mod refused;
    mod transcript;
    mod typos;
    mod v1;
    mod v2;
}

/// A file that no `mod` names would never run.
#[test]
fn every_file_below_this_one_is_part_of_the_program() {
    let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"))];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        let modules = modules_of(&folder);
        for file in std::fs::read_dir(&folder).expect("the folder is there") {
            let path = file.expect("it can be read").path();
            let module = path.file_stem().and_then(OsStr::to_str).expect("a name in UTF-8");
            let (is_source, is_folder) = (path.extension() == Some(OsStr::new("rs")), path.is_dir());
            if is_source && !["main", "mod"].contains(&module) {
                files += 1;
                assert!(modules.contains(&format!("mod {module};")), "{}", path.display());
            } else if is_folder {
                folders.push(path);
            }
        }
    }
    assert!(files > 40, "only {files} files");
}

/// The text that names the modules of a folder: its `mod.rs`, or its part of this file. A file stands in a folder.
fn modules_of(folder: &Path) -> String {
    if let Ok(own) = std::fs::read_to_string(folder.join("mod.rs")) {
        return own;
    }
    let program = include_str!("main.rs");
    let name = folder.file_name().and_then(OsStr::to_str).expect("a name in UTF-8");
    let part = program.split_once(&format!("\nmod {name} {{\n")).map_or("", |(_, rest)| rest);
    part.split_once("\n}").map_or(part, |(part, _)| part).to_owned()
}
