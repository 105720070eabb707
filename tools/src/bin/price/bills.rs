//! Benchmark: one guest of the largest table who asks for the bill again and again.

use std::io;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::args::Cli;
use crate::bench::ROOM;
use crate::cost::Before;
use crate::quiet::Quiet;
use crate::socket::Socket;
use crate::table::{Column, bytes, rate};
use tools::child::Served;

/// How long to wait, at the end, for answers to earlier requests.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// Asks at the given rate, whether the requests are answered or not.
///
/// # Errors
/// When the guest cannot join, or the socket is closed.
pub(crate) async fn measure(cli: &Cli, served: &Served) -> io::Result<Column> {
    let mut guest = Socket::sit(served.addr, ROOM, 1).await?;
    let quiet = Quiet::begin(served.addr).await?;
    let received = guest.received;
    let before = Before::look(served).await;
    let (mut asked, mut bills, mut refused) = (0_u64, 0_u64, 0_u64);
    let mut times = interval(Duration::from_secs(1) / cli.bills_a_second);
    times.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let end = Instant::now() + Duration::from_secs(cli.seconds.into());
    let mut until = end;
    while Instant::now() < until {
        tokio::select! {
            _ = times.tick(), if until == end => {
                guest.send(&format!(r#"{{"type":"get_bill","id":"bill-{asked}"}}"#)).await?;
                asked += 1;
            }
            message = guest.next(16) => {
                let message = message?;
                bills += u64::from(message.starts_with(r#"{"type":"bill""#));
                refused += u64::from(message.starts_with(r#"{"type":"reject""#));
            }
            () = sleep(until - Instant::now()) => {
                if until == end && bills + refused < asked {
                    until += LAST_ANSWERS;
                }
            }
        }
    }
    let cost = before.cost();
    let waits = quiet.end()?;

    let mut column = Column::default();
    cost.add_to(&mut column);
    let received = guest.received - received;
    column.add("sent", bytes(received));
    column.add("sent a second", rate(received, cost.time));
    column.add("bills / refused / asked for", format!("{bills} / {refused} / {asked}"));
    column.add_waits(&waits);
    Ok(column)
}
