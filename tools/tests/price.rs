//! The benchmark `price` works on the current server, here with small orders.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod stonepot;

use std::process::{Command, Output};

#[test]
fn each_benchmark_measures_both_servers_in_one_table() {
    let server = stonepot::build();
    let both = format!("{0},{0}", server.display());
    let sizes = ["--gets", "5", "--remembered", "200", "--phones", "6", "--dishes", "20", "--people", "4"];
    let time = ["--facts", "400", "--readers", "3", "--seconds", "1"];

    let output = price(["--server", &both, "all"].iter().chain(&sizes).chain(&time));

    assert!(output.status.success(), "{output:?}");
    let table = String::from_utf8(output.stdout).unwrap();
    for title in ["gets: 5 GETs", "returns: 6 phones", "bills: one guest", "histories: 3 people"] {
        assert!(table.contains(title), "{title}: {table}");
    }
    let waits: Vec<&str> = table.lines().filter(|line| line.contains("others waited")).collect();
    assert_eq!(waits.len(), 4, "{table}");
    assert!(waits.iter().all(|line| line.matches(" ms").count() == 2), "{table}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let output = price(&["--server", "/nowhere/stonepot", "gets"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("/nowhere/stonepot"));
}

fn price<'word>(words: impl IntoIterator<Item = &'word &'word str>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_price")).args(words).output().unwrap()
}
