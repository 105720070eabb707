//! Being asked to stop.

use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

/// How long a line in the log may hold up what it is about: perhaps nobody reads it, and its pipe is full.
const TO_SAY_IT: Duration = Duration::from_secs(1);

/// Cancels `stop` on the first SIGTERM or SIGINT (Ctrl-C), and ends the process on the second, or once `patience` has passed.
///
/// This happens on a thread of its own. With `--threads 1` the server's only thread waits for the disk when it closes the log,
/// and a task of its runtime would wait with it. It is tokio all the same, which is here already and knows other systems'
/// signals.
pub(crate) fn stop_on_signal(stop: CancellationToken, patience: Duration) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let signals = {
        let _inside = runtime.enter();
        Signals::new()?
    };
    let watch = move || runtime.block_on(obey(signals, stop, patience));
    thread::Builder::new().name("signals".to_owned()).spawn(watch)?;
    Ok(())
}

async fn obey(mut signals: Signals, stop: CancellationToken, patience: Duration) {
    let signal = signals.next().await;
    stop.cancel();
    say(move || info!(signal, "asked to stop"));
    tokio::select! {
        signal = signals.next() => say(move || warn!(signal, "asked again: stopping at once")),
        () = sleep(patience) => say(move || {
            error!(?patience, "STOPPING TAKES TOO LONG, so the process ends now: perhaps the disk of --data hangs. Nothing is lost \
                that anybody was shown; look at the disk before the next start");
        }),
    }
    std::process::exit(1);
}

/// Writes a line to the log, as long as that does not hold up everything.
fn say(line: impl FnOnce() + Send + 'static) {
    let (said, is_said) = mpsc::sync_channel(1);
    let speaker = thread::Builder::new().name("signals-log".to_owned()).spawn(move || {
        line();
        // It may have taken so long that nobody waits any more.
        let _ = said.send(());
    });
    if speaker.is_ok() {
        let _ = is_said.recv_timeout(TO_SAY_IT);
    }
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "the same shape as on Unix")]
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(_) => std::future::pending().await,
        }
    }
}
