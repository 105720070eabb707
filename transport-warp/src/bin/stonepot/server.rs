//! From the command line to a server that runs.

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

/// What a task that will not end may hold the process up for.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// What is left to do after `--drain-timeout`, such as closing the log, may take so long. A disk that takes longer hangs.
const GRACE: Duration = Duration::from_secs(5);

/// Why the server does not run. Each is one line that says what to do.
#[derive(Debug, Error)]
pub(crate) enum StartError {
    #[error("cannot listen on {addr}: {}", listening(.source))]
    Listen { addr: String, source: io::Error },
    #[error(
        "cannot listen on {0}: other machines could reach it, and nobody has to sign in; use --auth required, or \
         --insecure with --public-host if something before this server checks who comes, or --addr 127.0.0.1:1999"
    )]
    OpenToAll(String),
    #[error(
        "cannot listen on {0} with --insecure: any page on the internet could use it; add --public-host NAME, the name in \
         people's browsers, if this server serves their page, or --allow-origin https://orders.example for each page \
         that is served elsewhere, or --allow-origin '*' to take any page"
    )]
    UnnamedPages(String),
    #[error("--allow-origin '*' takes any page: leave it out, or leave out the other origins")]
    AnyAmongOrigins,
    #[error(
        "--auth required needs --auth-keys FILE, or --auth-secret FILE; `stonepot token --new-key FILE` makes a file of keys"
    )]
    NoKeys,
    #[error("{0} is of no use with --auth off; say --auth required")]
    UnusedKeys(&'static str),
    #[error(
        "give --auth-keys or --auth-secret, not both: a secret beside public keys is an `oct` key of the set"
    )]
    TwoKinds,
    #[error("cannot use the keys in {}: {source}", .path.display())]
    Keys { path: PathBuf, source: KeysError },
    /// Without what was given: it may be the secret itself.
    #[error("cannot use the file that --auth-secret names: {0}")]
    Secret(#[source] KeysError),
    #[error("--trusted-proxy and --peer-header: {0}")]
    Proxies(#[from] ProxyError),
    #[error("{0}{hint}", hint = storage_hint(.0))]
    Storage(#[from] OpenError),
    #[error("RUST_LOG is not understood: {0}")]
    LogFilter(#[from] ParseError),
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
    #[error("the server stopped: {0}")]
    Transport(#[from] TransportError),
}

fn listening(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "the port is taken, perhaps by another stonepot; stop that, or choose another port with --addr"
                .to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "not allowed; ports below 1024 need privileges, choose another with --addr".to_owned()
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
            "; copy it again, by `stonepot backup`, or restore a backup; --accept-loss starts without what is missing, for good"
        }
        OpenError::OtherWriteAheadLog { .. } => {
            "; copy them again, by `stonepot backup`, or restore a backup; to go on with what the database has alone, move its \
             -wal away and say --accept-loss"
        }
        OpenError::Emptied { .. } => {
            "; restore a backup, or remove all of stonepot.db* to begin with no orders"
        }
        OpenError::Database { .. } | OpenError::NotADatabase { .. } => {
            "; `stonepot verify` says more, if it is damaged: restore a backup, or choose another folder with --data"
        }
        _ => "; --data chooses the folder, --log memory keeps orders in memory only",
    }
}

/// Serves until a signal comes.
pub(crate) fn run(arguments: &Serve) -> Result<(), StartError> {
    logging::start(arguments.process.log_format)?;
    arguments.retired.warn();
    let threads =
        arguments.process.threads.map_or_else(|| available_parallelism().map_or(1, usize::from), usize::from);
    let mut builder = if threads == 1 {
        // Nobody to share work with, so nothing of what sharing costs.
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
    // Before the data is opened: who connects during a long migration waits in place of being refused.
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
        warn!("NOBODY HAS TO SIGN IN: whoever knows a room's name can join it, as anybody (--auth off)");
    }
    if arguments.process.log_format == LogFormat::Text {
        // Nobody may be reading it, and that is no reason to stop.
        drop(greet(address, place.as_deref(), arguments.auth));
    }
    let transport = Box::new(WarpTransport::new(listener, routes, accept));
    transport.run(host, stop).await?;
    info!("the server has stopped");
    Ok(())
}

/// Who may come in, if not everybody.
fn sign_in(arguments: &Serve) -> Result<Option<SignIn>, StartError> {
    let sign_in = match (arguments.auth, &arguments.auth_keys, &arguments.sign_in.secret) {
        (Auth::Off, None, None) => return Ok(None),
        // Whoever gives keys believes that they are asked for.
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

/// What is kept of earlier days.
struct Opened {
    log: Arc<dyn RoomLog>,
    /// The same, where it is one that can be looked through.
    sqlite: Option<Arc<SqliteLog>>,
    /// Where the log is, if it is anywhere.
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
                // On a full disk orders can be looked at all the same.
                warn!(%error, "until this can be stored, orders that nobody opens end by --expire-after and --archive-after of before");
            }
            let place = std::path::absolute(log.path())?;
            let found = resume_key::in_folder(&arguments.data);
            let resume_key = found.key().clone();
            tokio::spawn(resume_key::write_later(found));
            Ok(Opened { log: log.clone(), sqlite: Some(log), place: Some(place), resume_key })
        }
    }
}

/// Says on standard output where to go from here.
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
        Auth::Off => "whoever knows a room's name, as anybody: nobody has to sign in",
        Auth::Required => "whoever has a token",
    };
    writeln!(out, "  guests  {guests}")?;
    writeln!(out, "  Ctrl-C stops it; `stonepot --help` says more.")?;
    out.flush()
}

/// Whose word counts for where people come from.
fn proxies(arguments: &Serve) -> Result<Option<TrustedProxies>, ProxyError> {
    if arguments.trusted_proxy.is_empty() {
        return Ok(None);
    }
    TrustedProxies::new(&arguments.trusted_proxy, &arguments.addresses.peer_header).map(Some)
}

/// A bound, where 0 is none.
fn bound(most: usize) -> Option<usize> {
    (most > 0).then_some(most)
}
