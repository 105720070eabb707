//! Runs the benchmarks, one after another, each with every server.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::args::{Cli, What};
use crate::table::{Column, Table};
use crate::{bills, gets, histories, orders, returns};
use tools::child::{Served, start_server};
use tools::environment::Environment;

/// The address of the measured order.
pub(crate) const ROOM: &str = "/parties/main/asked-for";

/// Runs the chosen benchmarks.
///
/// # Errors
/// When a server does not start or gives a wrong answer.
pub(crate) fn all(cli: &Cli) -> io::Result<Table> {
    let folder = match &cli.data {
        Some(data) => TempDir::with_prefix_in("stonepot-price-", data),
        None => TempDir::with_prefix("stonepot-price-"),
    }?;
    let mut table = Table::new(cli, &Environment::look(folder.path())?);
    // One thread, so that the servers have as much of the machine as possible.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    for what in [What::Gets, What::Returns, What::Bills, What::Histories] {
        if cli.what == what || cli.what == What::All {
            let mut columns = Vec::new();
            for server in &cli.server {
                let data = TempDir::new_in(folder.path())?;
                eprintln!("price: {what:?} of {}: the order is filled", server.display());
                columns.push(one(cli, what, &runtime, server, data.path())?);
            }
            table.add(title(cli, what), columns);
        }
    }
    Ok(table)
}

fn one(cli: &Cli, what: What, runtime: &Runtime, server: &Path, data: &Path) -> io::Result<Column> {
    let running = start(server, data)?;
    runtime.block_on(fill(cli, what, running.addr))?;
    // Restarted, so that no order is in memory; stopping also writes the snapshots.
    running.stop();
    let running = start(server, data)?;
    let column = runtime.block_on(measure(cli, what, &running))?;
    running.stop();
    Ok(column)
}

fn start(server: &Path, data: &Path) -> io::Result<Served> {
    start_server(server, ["--log", "sqlite"], data, false)
}

async fn fill(cli: &Cli, what: What, addr: SocketAddr) -> io::Result<()> {
    match what {
        What::Gets => orders::busy(addr, ROOM, cli.remembered).await,
        What::Histories => orders::busy(addr, ROOM, cli.facts).await,
        What::Returns | What::Bills | What::All => orders::largest(addr, ROOM, cli.people, cli.dishes).await,
    }
}

async fn measure(cli: &Cli, what: What, served: &Served) -> io::Result<Column> {
    match what {
        What::Gets => gets::measure(cli, served).await,
        What::Returns => returns::measure(cli, served).await,
        What::Bills | What::All => bills::measure(cli, served).await,
        What::Histories => histories::measure(cli, served).await,
    }
}

fn title(cli: &Cli, what: What) -> String {
    let (dishes, people) = (cli.dishes, cli.people);
    match what {
        What::Gets => {
            format!("gets: {} GETs of an order at rest with {} remembered ids", cli.gets, cli.remembered)
        }
        What::Returns => format!(
            "returns: {} phones of the first protocol come back to {dishes} shared dishes, {people} people, {} charges",
            cli.phones,
            orders::CHARGES
        ),
        What::Bills | What::All => format!(
            "bills: one guest asks for {} bills a second, {dishes} shared dishes, {people} people, {} charges",
            cli.bills_a_second,
            orders::CHARGES
        ),
        What::Histories => {
            format!(
                "histories: {} people read pages of 200 of an order of {} changes",
                cli.readers, cli.facts
            )
        }
    }
}
