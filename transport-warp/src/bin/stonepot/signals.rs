//! Stops the server when a signal asks for it.

use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

/// How long writing a log line may delay the stop: its pipe may be full because nobody
/// reads it.
const TO_SAY_IT: Duration = Duration::from_secs(1);

/// Cancels `stop` on the first SIGTERM or SIGINT (Ctrl-C). Ends the process on the second,
/// or once `patience` has passed.
///
/// This runs on its own thread. With `--threads 1` the server's only thread waits for the
/// disk when it closes the log, and a task of its runtime would wait with it. It uses tokio
/// nevertheless, because tokio handles the signals of other systems too.
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
            error!(?patience, "STOPPING TAKES TOO LONG, so the process ends now: the disk of --data may hang. Nothing that guests \
                were shown is lost; check the disk before the next start");
        }),
    }
    std::process::exit(1);
}

/// Writes a line to the log, but does not wait long for it.
fn say(line: impl FnOnce() + Send + 'static) {
    let (said, is_said) = mpsc::sync_channel(1);
    let speaker = thread::Builder::new().name("signals-log".to_owned()).spawn(move || {
        line();
        // The receiver may have stopped waiting.
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
