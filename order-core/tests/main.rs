//! The tests of the order from outside, in one program: what they share is built once.
#![allow(unreachable_pub, reason = "a module of a test is for its neighbours")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod bill;
mod bill_cases;
mod bill_laws;
mod bill_lines;
mod bill_oracle;
mod commands;
mod dear;
mod dear_bills;
mod differences;
mod folding;
mod golden;
mod json;
mod kept_texts;
mod laws;
mod limits;
mod model;
mod once;
mod paying;
mod payments;
mod policy;
mod policy_laws;
mod reading;
mod rejected_charges;
mod rejected_shares;
mod rejections;
mod settlement;
mod shares;
mod split_laws;
mod stored;
mod table;
mod timers;
mod transcript;
mod undo;
mod v2;
mod wire;

/// A file that no `mod` names would be a test that nobody runs.
#[test]
fn every_file_beside_this_one_is_part_of_it() {
    let program = include_str!("main.rs");
    let files =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests")).expect("the folder is there");
    for file in files {
        let name = file.expect("it can be read").file_name().into_string().expect("a name in ASCII");
        let module = name.trim_end_matches(".rs");
        assert!(module == "main" || program.contains(&format!("mod {module};")), "{name}");
    }
}
