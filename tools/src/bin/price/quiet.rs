//! An unrelated guest at a quiet table, whose waiting times are measured.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::socket::Socket;
use tools::latencies::Latencies;

/// The guest's table.
const ROOM: &str = "/parties/main/quiet";
/// The pause between the answer to one command and the next command.
const PAUSE: Duration = Duration::from_millis(2);

/// A guest who orders until told to stop, on a thread of its own.
#[derive(Debug)]
pub(crate) struct Quiet {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Latencies>>,
}

impl Quiet {
    /// Joins, and begins once the table is quiet.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn begin(addr: SocketAddr) -> io::Result<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let (seated, sits) = oneshot::channel();
        let over = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(order(addr, seated, &over))
        });
        // If it cannot join, its thread has the error.
        let _ = sits.await;
        Ok(Self { is_over, thread })
    }

    /// Stops the guest; returns how long its commands took.
    ///
    /// # Errors
    /// When one of them failed.
    pub(crate) fn end(self) -> io::Result<Latencies> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| io::Error::other("the quiet guest panicked"))?
    }
}

async fn order(addr: SocketAddr, seated: oneshot::Sender<()>, is_over: &AtomicBool) -> io::Result<Latencies> {
    let mut socket = Socket::sit(addr, ROOM, 0).await?;
    socket
        .send(
            r#"{"type":"add_item","id":"add","data":{"id":"dal","dishName":"Dal","price":120,"quantity":1}}"#,
        )
        .await?;
    socket.until(&["ack"], 0).await?;
    let _ = seated.send(());
    let mut waits = Latencies::new();
    let mut nth = 0_u64;
    // It ends when it is told to, or when an answer does not arrive.
    while !is_over.load(Ordering::Relaxed) {
        nth += 1;
        let quantity = 1 + nth % 2 + 1;
        let command = format!(
            r#"{{"type":"update_quantity","id":"more-{nth}","data":{{"itemId":"dal","quantity":{quantity}}}}}"#
        );
        let sent = Instant::now();
        socket.send(&command).await?;
        socket.until(&["ack"], 0).await?;
        waits.record(sent.elapsed());
        sleep(PAUSE).await;
    }
    Ok(waits)
}
