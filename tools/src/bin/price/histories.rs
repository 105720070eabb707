//! Benchmark: people who read pages of the history of a long order.

use std::io;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::{Instant, sleep};

use crate::args::Cli;
use crate::bench::ROOM;
use crate::cost::Before;
use crate::quiet::Quiet;
use crate::socket::{Socket, number};
use crate::table::{Column, bytes};
use tools::child::Served;

/// A stride that shares no factor with the usual lengths, so that pages are spread over the
/// history.
const STRIDE: u64 = 7_919;

/// What the readers got.
#[derive(Debug, Default)]
struct Read {
    pages: u64,
    refused: u64,
    bytes: u64,
}

/// Lets every reader ask for one page after another, at places spread over the history.
///
/// # Errors
/// When a reader cannot join, or a socket is closed.
pub(crate) async fn measure(cli: &Cli, served: &Served) -> io::Result<Column> {
    let mut readers = Vec::new();
    for person in 0..cli.readers {
        readers.push(Socket::sit(served.addr, ROOM, person).await?);
    }
    let quiet = Quiet::begin(served.addr).await?;
    let before = Before::look(served).await;
    let end = Instant::now() + Duration::from_secs(cli.seconds.into());
    let all = readers.iter_mut().zip(1..).map(|(socket, nth)| read(socket, nth, cli.facts.into(), end));
    let all = try_join_all(all).await?;
    let cost = before.cost();
    let waits = quiet.end()?;

    let mut column = Column::default();
    cost.add_to(&mut column);
    let sum = |part: fn(&Read) -> u64| all.iter().map(part).sum::<u64>();
    column.add("sent", bytes(sum(|read| read.bytes)));
    column.add("pages / refused", format!("{} / {}", sum(|read| read.pages), sum(|read| read.refused)));
    column.add_waits(&waits);
    Ok(column)
}

/// Asks for pages until the end.
async fn read(socket: &mut Socket, nth: u64, facts: u64, end: Instant) -> io::Result<Read> {
    let mut read = Read::default();
    let before = socket.received;
    let mut place = nth * STRIDE * STRIDE;
    while Instant::now() < end {
        place += STRIDE;
        let page = 1 + place % facts;
        socket
            .send(&format!(
                r#"{{"type":"history","id":"page-{place}","data":{{"before":{page},"limit":200}}}}"#
            ))
            .await?;
        let answer = socket.until(&["history", "reject"], 400).await?;
        if answer.starts_with(r#"{"type":"history""#) {
            read.pages += 1;
        } else {
            read.refused += 1;
            let wait = number(&answer, "retryAfter").unwrap_or(1_000).clamp(1, 60_000);
            sleep(Duration::from_millis(wait).min(end - Instant::now())).await;
        }
    }
    read.bytes = socket.received - before;
    Ok(read)
}
