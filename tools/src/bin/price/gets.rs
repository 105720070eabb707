//! Benchmark: many GETs of one order that is not in memory.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::args::Cli;
use crate::bench::ROOM;
use crate::cost::Before;
use crate::quiet::Quiet;
use crate::table::{Column, bytes};
use tools::child::Served;

/// How long the server may take for all of them.
const PATIENCE: Duration = Duration::from_secs(300);

/// Sends all requests at once.
///
/// # Errors
/// When one is not answered with the order.
pub(crate) async fn measure(cli: &Cli, served: &Served) -> io::Result<Column> {
    let quiet = Quiet::begin(served.addr).await?;
    let before = Before::look(served).await;
    let all = try_join_all((0..cli.gets).map(|_| get(served.addr)));
    let sizes = timeout(PATIENCE, all)
        .await
        .map_err(|_| io::Error::other("not every GET was answered in time"))??;
    let cost = before.cost();
    let waits = quiet.end()?;

    let mut column = Column::default();
    cost.add_to(&mut column);
    column.add("sent", bytes(sizes.iter().sum()));
    column.add_waits(&waits);
    Ok(column)
}

/// Sends one request; returns the number of bytes in the answer.
async fn get(addr: SocketAddr) -> io::Result<u64> {
    let mut stream = TcpStream::connect(addr).await?;
    let request = format!("GET {ROOM} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let status = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    if !status.starts_with(b"HTTP/1.1 200") {
        return Err(io::Error::other(format!(
            "a GET was answered with `{}`",
            String::from_utf8_lossy(status)
        )));
    }
    Ok(answer.len() as u64)
}
