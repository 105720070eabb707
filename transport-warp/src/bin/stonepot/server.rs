//! Starts and runs the server that the command line describes.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use order_core::Lifetimes;
use order_host::log::{MemoryLog, OpenError, RoomLog, SqliteLog};
use order_host::{Host, Pace, ResumeKey, Settings, Transport, TransportError};
use thiserror::Error;
use tokio::net::{TcpListener, lookup_host};
use tokio::runtime;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use tracing_subscriber::filter::ParseError;
use transport_warp::{
    AcceptSettings, KeysError, PeerSettings, ProxyError, RouteSettings, SignIn, SocketSettings,
    TrustedProxies, WarpTransport,
};

use crate::arguments::{Auth, LogFormat, LogKind, Serve};
use crate::{logging, open_files, reach, resume_key, signals};

/// How long a task that does not end may delay the exit of the process.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// How long the work after `--drain-timeout`, such as closing the log, may take. A disk
/// that takes longer counts as hung.
const GRACE: Duration = Duration::from_secs(5);

/// Why the server does not run. Each message is one line that says what to do.
#[derive(Debug, Error)]
pub(crate) enum StartError {
    #[error("cannot listen on {addr}: {}", listening(.source))]
    Listen { addr: String, source: io::Error },
    #[error(
        "cannot listen on {0}: other machines could reach it, and nobody has to sign in; use --auth required, or \
         --insecure with --public-host if a proxy in front of this server checks who connects, or --addr 127.0.0.1:1999"
    )]
    OpenToAll(String),
    #[error(
        "cannot listen on {0} with --insecure: any page on the internet could use it; add --public-host NAME, the name in \
         people's browsers, if this server serves their page, or --allow-origin https://orders.example for each page \
         that is served elsewhere, or --allow-origin '*' to allow any page"
    )]
    UnnamedPages(String),
    #[error("--allow-origin '*' allows any page: remove it, or remove the other origins")]
    AnyAmongOrigins,
    #[error(
        "--auth required needs --auth-keys FILE or --auth-secret FILE; `stonepot token --new-key FILE` makes a key file"
    )]
    NoKeys,
    #[error("{0} has no effect with --auth off; add --auth required")]
    UnusedKeys(&'static str),
    #[error(
        "give --auth-keys or --auth-secret, not both: put a secret beside public keys into the set, as an `oct` key"
    )]
    TwoKinds,
    #[error("cannot use the keys in {}: {source}", .path.display())]
    Keys { path: PathBuf, source: KeysError },
    /// Does not show the value of the option: it may be the secret itself.
    #[error("cannot use the file of --auth-secret: {0}")]
    Secret(#[source] KeysError),
    #[error("--trusted-proxy and --peer-header: {0}")]
    Proxies(#[from] ProxyError),
    #[error("{0}{hint}", hint = storage_hint(.0))]
    Storage(#[from] OpenError),
    #[error("RUST_LOG is not valid: {0}")]
    LogFilter(#[from] ParseError),
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
    #[error("the server stopped: {0}")]
    Transport(#[from] TransportError),
}

fn listening(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "the port is taken, perhaps by another stonepot; stop it, or choose another port with --addr"
                .to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "not allowed; ports below 1024 need privileges: choose another with --addr".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine does not have that address; try 0.0.0.0 or 127.0.0.1 with --addr".to_owned()
        }
        io::ErrorKind::InvalidInput => "--addr is HOST:PORT, for instance 127.0.0.1:1999".to_owned(),
        _ => format!("{error}; --addr is HOST:PORT, for instance 127.0.0.1:1999"),
    }
}

fn storage_hint(error: &OpenError) -> &'static str {
    match error {
        OpenError::InUse { .. } => "; stop it, or choose another folder with --data",
        OpenError::NewerVersion { .. } => "; run that version, or choose another folder with --data",
        OpenError::Folder { source, .. } | OpenError::File { source, .. }
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
        {
            "; make room on the disk, or choose another folder with --data"
        }
        OpenError::NoWriteAheadLog { .. } | OpenError::FactsMissing { .. } => {
            "; copy it again with `stonepot backup`, or restore a backup; --accept-loss gives up the missing facts for good"
        }
        OpenError::OtherWriteAheadLog { .. } => {
            "; copy them again with `stonepot backup`, or restore a backup; to go on with only what the database has, move its \
             -wal away and add --accept-loss"
        }
        OpenError::Emptied { .. } => {
            "; restore a backup, or delete all stonepot.db* files to begin with no orders"
        }
        OpenError::Database { .. } | OpenError::NotADatabase { .. } => {
            "; run `stonepot verify` to see whether it is damaged; restore a backup, or choose another folder with --data"
        }
        _ => "; --data chooses the folder, --log memory keeps orders in memory only",
    }
}

/// Serves until a signal arrives.
pub(crate) fn run(arguments: &Serve) -> Result<(), StartError> {
    logging::start(arguments.process.log_format)?;
    arguments.retired.warn();
    let threads =
        arguments.process.threads.map_or_else(|| available_parallelism().map_or(1, usize::from), usize::from);
    let mut builder = if threads == 1 {
        // One thread shares work with no other, so the cost of sharing is saved.
        runtime::Builder::new_current_thread()
    } else {
        runtime::Builder::new_multi_thread()
    };
    let runtime = builder.worker_threads(threads).enable_all().build()?;
    let result = runtime.block_on(serve(arguments));
    runtime.shutdown_timeout(LAST_WAIT);
    result
}

async fn serve(arguments: &Serve) -> Result<(), StartError> {
    let failed = |source| StartError::Listen { addr: arguments.addr.clone(), source };
    let sign_in = sign_in(arguments)?;
    let proxies = proxies(arguments)?;
    let addresses: Vec<_> = lookup_host(&arguments.addr).await.map_err(failed)?.collect();
    let is_local = addresses.iter().all(is_of_this_machine);
    if sign_in.is_none() && !arguments.insecure && !is_local {
        return Err(StartError::OpenToAll(arguments.addr.clone()));
    }
    let reach = reach::reach(arguments, is_local, proxies.as_ref())?;
    // Before the data is opened: clients that connect during a long migration wait instead of
    // being refused.
    let listener = TcpListener::bind(addresses.as_slice()).await.map_err(failed)?;
    let address = listener.local_addr()?;
    let lifetimes = Lifetimes {
        expire_after: arguments.orders.expire_after.0,
        archive_after: arguments.orders.archive_after.0,
    };
    let Opened { log, sqlite, place, resume_key } = open_log(arguments, lifetimes).await?;
    let stop = CancellationToken::new();
    signals::stop_on_signal(stop.clone(), arguments.process.drain_timeout + GRACE)?;
    let bounds = open_files::bounds(arguments.process.max_connections);

    let mut settings = Settings::default();
    settings.currency = arguments.currency;
    settings.policy = arguments.orders.policy.into();
    settings.lifetimes = lifetimes;
    settings.pace = Pace::new(arguments.guests.message_rate, arguments.guests.message_burst);
    settings.participant_pace =
        Pace::new(arguments.guests.participant_rate, arguments.guests.participant_burst);
    settings.log_bytes =
        (arguments.orders.max_order_log > 0).then_some(arguments.orders.max_order_log.into());
    settings.participant_log =
        Pace::new(arguments.guests.participant_log_rate, arguments.guests.participant_log_burst);
    settings.participant_answers =
        Pace::new(arguments.guests.participant_answer_rate, arguments.guests.participant_answer_burst);
    settings.rooms_per_tenant = bound(arguments.orders.rooms_per_tenant);
    settings.resume_key = resume_key;
    let host = Host::new(log, settings);
    if let (Some(log), Some(after)) = (sqlite, arguments.files.check_after.0) {
        host.look_through(log, after);
    }
    let routes = RouteSettings {
        socket: SocketSettings {
            max_message_bytes: arguments.guests.max_message,
            ping_interval: arguments.process.ping_interval,
            ..SocketSettings::default()
        },
        max_sockets: usize::try_from(bounds.sockets).unwrap_or(usize::MAX),
        sign_in: sign_in.map(Arc::new),
        peers: PeerSettings {
            sockets_per_address: bound(arguments.addresses.max_per_address),
            sockets_per_room: bound(arguments.orders.max_per_room),
            sockets_per_guest: bound(arguments.guests.max_per_guest),
            visits: Pace::new(arguments.addresses.visit_rate, arguments.addresses.visit_burst),
            newcomers: Pace::new(arguments.addresses.join_rate, arguments.addresses.join_burst),
            stored: Pace::new(arguments.addresses.address_log_rate, arguments.addresses.address_log_burst),
            proxies: proxies.clone(),
        },
        reach,
        ..RouteSettings::default()
    };
    let accept = AcceptSettings {
        max_http_connections: usize::try_from(bounds.http).unwrap_or(usize::MAX),
        max_http_per_address: bound(arguments.addresses.max_http_per_address).unwrap_or(usize::MAX),
        proxies,
        drain_timeout: arguments.process.drain_timeout,
        ..AcceptSettings::default()
    };

    info!(%address, log = ?arguments.log, auth = ?arguments.auth, "the server is up");
    if arguments.auth == Auth::Off {
        warn!(
            "NOBODY HAS TO SIGN IN: anybody who knows a room's name can join it under any identity (--auth off)"
        );
    }
    if arguments.process.log_format == LogFormat::Text {
        // Printing may fail if nobody reads it, which is no reason to stop.
        drop(greet(address, place.as_deref(), arguments.auth));
    }
    let transport = Box::new(WarpTransport::new(listener, routes, accept));
    transport.run(host, stop).await?;
    info!("the server has stopped");
    Ok(())
}

/// Who may sign in. `None`: everybody may come in.
fn sign_in(arguments: &Serve) -> Result<Option<SignIn>, StartError> {
    let sign_in = match (arguments.auth, &arguments.auth_keys, &arguments.sign_in.secret) {
        (Auth::Off, None, None) => return Ok(None),
        // An operator who gives keys expects them to be checked.
        (Auth::Off, Some(_), _) => return Err(StartError::UnusedKeys("--auth-keys")),
        (Auth::Off, None, Some(_)) => return Err(StartError::UnusedKeys("--auth-secret")),
        (Auth::Required, None, None) => return Err(StartError::NoKeys),
        (Auth::Required, Some(_), Some(_)) => return Err(StartError::TwoKinds),
        (Auth::Required, Some(path), None) => {
            SignIn::with_key_file(path).map_err(|source| StartError::Keys { path: path.clone(), source })?
        }
        (Auth::Required, None, Some(path)) => SignIn::with_secret_file(path).map_err(StartError::Secret)?,
    };
    let sign_in = sign_in.audience(&arguments.sign_in.audience);
    Ok(Some(match &arguments.sign_in.issuer {
        Some(issuer) => sign_in.issuer(issuer),
        None => sign_in,
    }))
}

/// Whether only this machine can connect to the address.
fn is_of_this_machine(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// The stored data that was opened.
struct Opened {
    log: Arc<dyn RoomLog>,
    /// The same log, if it is SQLite, for the check of the stored data.
    sqlite: Option<Arc<SqliteLog>>,
    /// The log's file, if it has one.
    place: Option<PathBuf>,
    resume_key: ResumeKey,
}

async fn open_log(arguments: &Serve, lifetimes: Lifetimes) -> Result<Opened, StartError> {
    match arguments.log {
        LogKind::Memory => {
            let log = Arc::new(MemoryLog::new());
            Ok(Opened { log, sqlite: None, place: None, resume_key: ResumeKey::random() })
        }
        LogKind::Sqlite => {
            let log = Arc::new(if arguments.files.accept_loss {
                SqliteLog::open_in_without_what_is_missing(&arguments.data)?
            } else {
                SqliteLog::open_in(&arguments.data)?
            });
            if let Err(error) = log.set_lifetimes(lifetimes).await {
                // On a full disk orders can still be read.
                warn!(%error, "until this can be stored, orders that nobody opens end by the previous --expire-after and --archive-after");
            }
            let place = std::path::absolute(log.path())?;
            let found = resume_key::in_folder(&arguments.data);
            let resume_key = found.key().clone();
            tokio::spawn(resume_key::write_later(found));
            Ok(Opened { log: log.clone(), sqlite: Some(log), place: Some(place), resume_key })
        }
    }
}

/// Prints on standard output how to reach the server.
fn greet(address: SocketAddr, place: Option<&Path>, auth: Auth) -> io::Result<()> {
    // An address that means "every network" cannot be opened in a browser.
    let shown = if address.ip().is_unspecified() {
        format!("localhost:{}", address.port())
    } else {
        address.to_string()
    };
    let orders = place.map_or_else(
        || "in memory only: they are gone when the server stops".to_owned(),
        |path| path.display().to_string(),
    );
    let mut out = io::stdout().lock();
    writeln!(out, "Stonepot is open.")?;
    writeln!(out, "  page    http://{shown}/")?;
    writeln!(out, "  socket  ws://{shown}/parties/collaborative_order/ROOM")?;
    writeln!(out, "  orders  {orders}")?;
    let guests = match auth {
        Auth::Off => "anybody who knows a room's name: nobody has to sign in",
        Auth::Required => "anybody with a token",
    };
    writeln!(out, "  guests  {guests}")?;
    writeln!(out, "  Ctrl-C stops it; `stonepot --help` says more.")?;
    out.flush()
}

/// The proxies whose report of a client's address is trusted.
fn proxies(arguments: &Serve) -> Result<Option<TrustedProxies>, ProxyError> {
    if arguments.trusted_proxy.is_empty() {
        return Ok(None);
    }
    TrustedProxies::new(&arguments.trusted_proxy, &arguments.addresses.peer_header).map(Some)
}

/// Reads a bound. `None`: no bound, given as 0.
fn bound(most: usize) -> Option<usize> {
    (most > 0).then_some(most)
}
