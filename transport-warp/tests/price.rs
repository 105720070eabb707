//! The benchmark of what is asked for measures the server that there is, with orders small enough for every day.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code)]
#[path = "../examples/price/main.rs"]
mod price;

use clap::Parser as _;
use price::args::Cli;
use price::bench;

#[test]
fn each_benchmark_measures_both_servers_in_one_table() {
    let server = env!("CARGO_BIN_EXE_stonepot");
    let both = format!("{server},{server}");
    let sizes = ["--gets", "5", "--remembered", "200", "--phones", "6", "--dishes", "20", "--people", "4"];
    let time = ["--facts", "400", "--readers", "3", "--seconds", "1"];
    let cli = Cli::parse_from(["price", "--server", &both, "all"].iter().chain(&sizes).chain(&time));

    cli.check().unwrap();
    let table = bench::all(&cli).unwrap().to_string();

    for title in ["gets: 5 GETs", "returns: 6 phones", "bills: one guest", "histories: 3 people"] {
        assert!(table.contains(title), "{title}: {table}");
    }
    let waits: Vec<&str> = table.lines().filter(|line| line.contains("others waited")).collect();
    assert_eq!(waits.len(), 4, "{table}");
    assert!(waits.iter().all(|line| line.matches(" ms").count() == 2), "{table}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let cli = Cli::parse_from(["price", "--server", "/nowhere/stonepot", "gets"]);
    assert!(cli.check().unwrap_err().contains("/nowhere/stonepot"));
}
