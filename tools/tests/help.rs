//! Each tool explains itself, and says what is wrong with a command line.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

const TOOLS: [(&str, &str); 11] = [
    ("append", env!("CARGO_BIN_EXE_append")),
    ("beside", env!("CARGO_BIN_EXE_beside")),
    ("bills", env!("CARGO_BIN_EXE_bills")),
    ("command", env!("CARGO_BIN_EXE_command")),
    ("dear", env!("CARGO_BIN_EXE_dear")),
    ("echo", env!("CARGO_BIN_EXE_echo")),
    ("idle", env!("CARGO_BIN_EXE_idle")),
    ("load", env!("CARGO_BIN_EXE_load")),
    ("power", env!("CARGO_BIN_EXE_power")),
    ("price", env!("CARGO_BIN_EXE_price")),
    ("simulate", env!("CARGO_BIN_EXE_simulate")),
];

#[test]
fn help_says_in_one_line_what_a_tool_is_for_and_gives_an_example() {
    for (name, program) in TOOLS {
        let output = run(program, "--help");
        assert!(output.status.success(), "{name}: {output:?}");
        let help = String::from_utf8(output.stdout).unwrap();
        let summary = help.lines().next().unwrap();
        assert!(summary.len() > 40 && !summary.starts_with("Usage"), "{name}: {summary}");
        let is_example = |line: &str| {
            line.contains(&format!("cargo tool {name} -- ")) || line.contains(&format!("release/{name} "))
        };
        assert!(help.lines().any(is_example), "{name}: {help}");
        assert!(help.contains("Example"), "{name}: {help}");
    }
}

#[test]
fn an_option_that_there_is_not_is_named_and_gives_exit_code_2() {
    for (name, program) in TOOLS {
        let output = run(program, "--no-such-option");
        assert_eq!(output.status.code(), Some(2), "{name}: {output:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("--no-such-option") && error.contains("--help"), "{name}: {error}");
    }
}

#[test]
fn the_page_of_the_tools_and_this_test_name_every_tool() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let programs = std::fs::read_dir(here.join("src/bin")).unwrap();
    let programs = programs.map(|entry| {
        let path = entry.unwrap().path();
        path.file_stem().unwrap().to_str().unwrap().to_owned()
    });
    let named = TOOLS.map(|(name, _)| name.to_owned());
    assert_eq!(programs.collect::<BTreeSet<_>>(), BTreeSet::from(named));
    let page = std::fs::read_to_string(here.join("README.md")).unwrap();
    for (name, _) in TOOLS {
        assert!(page.contains(&format!("| `{name}` |")), "{name} has no row");
    }
}

fn run(program: &str, option: &str) -> Output {
    Command::new(program).arg(option).output().unwrap()
}
