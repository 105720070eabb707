//! Others: one guest at a quiet table, who sends one command after the other.

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
/// Between the answer to one command and the next.
const PAUSE: Duration = Duration::from_millis(2);

/// A guest who orders until they are told to stop, on a thread of their own.
#[derive(Debug)]
pub(crate) struct Quiet {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Latencies>>,
}

impl Quiet {
    /// Sits down, and begins once the table is quiet.
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
        // Where it never sits, its thread says why.
        let _ = sits.await;
        Ok(Self { is_over, thread })
    }

    /// How long its commands took.
    ///
    /// # Errors
    /// When one was not carried out.
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
    // It ends when it is told to; an answer that does not come ends it, too.
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
