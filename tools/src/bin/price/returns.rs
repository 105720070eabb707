//! Benchmark: phones of the first protocol that all reconnect to the largest table at once.

use std::io;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::timeout;

use crate::args::Cli;
use crate::bench::ROOM;
use crate::cost::Before;
use crate::quiet::Quiet;
use crate::socket::{Socket, join};
use crate::table::{Column, bytes};
use tools::child::Served;

/// A phone is done once nothing has arrived for this long.
const QUIET_AFTER: Duration = Duration::from_secs(1);
/// How long the whole benchmark may take.
const PATIENCE: Duration = Duration::from_secs(900);

/// Reconnects all phones, and waits until each has received everything.
///
/// # Errors
/// When one of them cannot join.
pub(crate) async fn measure(cli: &Cli, served: &Served) -> io::Result<Column> {
    let mut phones = Vec::new();
    for _ in 0..cli.phones {
        phones.push(Socket::open(served.addr, ROOM, false).await?);
    }
    let quiet = Quiet::begin(served.addr).await?;
    let before = Before::look(served).await;
    let all = phones.iter_mut().zip((0..cli.people).cycle()).map(|(phone, person)| come_back(phone, person));
    timeout(PATIENCE, try_join_all(all))
        .await
        .map_err(|_| io::Error::other("the phones were not seated in time"))??;
    let cost = before.cost();
    let waits = quiet.end()?;

    let mut column = Column::default();
    cost.add_to(&mut column);
    column.add("sent", bytes(phones.iter().map(|phone| phone.received).sum()));
    column.add_waits(&waits);
    Ok(column)
}

/// Joins, and reads until nothing more arrives.
async fn come_back(phone: &mut Socket, person: u32) -> io::Result<()> {
    phone.send(&join(person)).await?;
    phone.until(&["sync"], 0).await?;
    while let Ok(message) = timeout(QUIET_AFTER, phone.next(0)).await {
        message?;
    }
    Ok(())
}
