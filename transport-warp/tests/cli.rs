//! The program `stonepot`: how it starts, what it prints when it cannot, and how it stops.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test may panic"
)]

#[path = "support/process.rs"]
mod process;
#[path = "support/server.rs"]
mod server;

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use process::{Running, STONEPOT, end_of, stonepot};
use serde_json::{Value, json};
use server::{LONG, Peer, ROOM, Read, frame, request};
use tokio::net::TcpStream;

#[test]
fn a_taken_port_is_one_line_that_says_what_to_do() {
    let data = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let said = fails(stonepot(data.path()).args(["--addr", &addr]));
    assert!(said.contains(&addr) && said.contains("port is taken") && said.contains("--addr"), "{said}");
}

#[test]
fn an_address_that_is_none_is_explained() {
    let data = tempfile::tempdir().unwrap();
    for wrong in ["nonsense", "127.0.0.1", "127.0.0.1:99999", "192.0.2.1:1999"] {
        let said = fails(stonepot(data.path()).args(["--addr", wrong]));
        assert!(said.contains("cannot listen on") && said.contains("--addr"), "{wrong}: {said}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    for wrong in [file.join("data"), file] {
        let said = fails(stonepot(&wrong).args(["--addr", "127.0.0.1:0"]));
        assert!(said.contains("a-file") && said.contains("--data"), "{said}");
    }
}

#[test]
fn a_second_server_on_the_same_data_is_refused_and_the_first_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let first = Running::start(stonepot(data.path()));
    let said = fails(stonepot(data.path()).args(["--addr", "127.0.0.1:0"]));
    assert!(said.contains("in use") && said.contains("--data"), "{said}");
    assert_eq!(get(first.addr, "/readyz").status, 200);
}

#[test]
fn data_of_a_newer_version_is_left_alone() {
    let data = tempfile::tempdir().unwrap();
    Running::start(stonepot(data.path())).stop("TERM");
    let file = data.path().join("stonepot.db");
    let mut bytes = std::fs::read(&file).unwrap();
    // The user version in a SQLite file's header (section 1.3 of its format).
    bytes[60..64].copy_from_slice(&9999_u32.to_be_bytes());
    std::fs::write(&file, &bytes).unwrap();

    let said = fails(stonepot(data.path()).args(["--addr", "127.0.0.1:0"]));

    assert!(said.contains("newer version") && said.contains("9999"), "{said}");
    assert_eq!(std::fs::read(&file).unwrap(), bytes, "the file was changed");
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("stonepot.db");
    std::fs::write(&file, "dear diary, ".repeat(1000)).unwrap();
    let said = fails(stonepot(data.path()).args(["--addr", "127.0.0.1:0"]));
    assert!(said.contains("stonepot.db") && said.contains("not a database"), "{said}");
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("dear diary"));
}

#[test]
fn options_that_make_no_sense_are_refused_with_what_would() {
    for (arguments, expected) in [
        (["--currency", "XXQ"], "currency"),
        (["--max-message", "1TB"], "KiB"),
        (["--ping-interval", "soon"], "10s"),
        (["--expire-after", "never"], "off"),
        (["--archive-after", "0d"], "at most"),
        (["--max-connections", "0"], "1..="),
        (["--log", "paper"], "sqlite, memory"),
        (["--surprise", "1"], "--surprise"),
    ] {
        let output = run(Command::new(STONEPOT).args(arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    let data = tempfile::tempdir().unwrap();
    let said = fails(stonepot(data.path()).env("RUST_LOG", "stonepot=loud").args(["--addr", "127.0.0.1:0"]));
    assert!(said.contains("RUST_LOG"), "{said}");
}

#[test]
fn a_duration_without_a_unit_is_refused_as_an_option_as_a_variable_and_for_a_token() {
    let data = tempfile::tempdir().unwrap();
    let refused = |command: &mut Command, unit: &str| {
        let output = run(command);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
        assert!(said.contains("no unit") && said.contains(&format!("7{unit}")), "{command:?}: {said}");
    };
    for (option, unit) in
        [("expire-after", "d"), ("archive-after", "d"), ("drain-timeout", "s"), ("ping-interval", "s")]
    {
        refused(stonepot(data.path()).args([&format!("--{option}"), "7"]), unit);
        let variable = format!("STONEPOT_{}", option.to_uppercase().replace('-', "_"));
        refused(stonepot(data.path()).env(variable, "7"), unit);
    }
    let mut token = Command::new(STONEPOT);
    token.args(["token", "--key", "none.json", "--room", "r", "--participant", "p", "--ttl", "7"]);
    refused(&mut token, "h");
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "nothing was opened");
}

#[test]
fn proxies_that_cannot_be_are_refused() {
    let data = tempfile::tempdir().unwrap();
    let said = fails(stonepot(data.path()).args(["--trusted-proxy", "localhost"]));
    assert!(said.contains("--trusted-proxy") && said.contains("10.0.0.0/8"), "{said}");
    let said = fails(stonepot(data.path()).args(["--trusted-proxy", "10.0.0.1", "--peer-header", "a b"]));
    assert!(said.contains("not the name of a header"), "{said}");
}

#[test]
fn it_says_where_to_go_with_and_without_the_subcommand_and_by_variables() {
    let data = tempfile::tempdir().unwrap();
    let mut by_variables = Command::new(STONEPOT);
    by_variables
        .env("STONEPOT_ADDR", "127.0.0.1:0")
        .env("STONEPOT_DATA", data.path())
        .env("STONEPOT_LOG", "sqlite");
    let mut with_subcommand = Command::new(STONEPOT);
    with_subcommand.args(["serve", "--addr", "127.0.0.1:0", "--log", "memory"]);
    let mut without = Command::new(STONEPOT);
    without.args(["--addr", "127.0.0.1:0", "--log", "memory"]);
    for (command, place) in
        [(by_variables, "stonepot.db"), (with_subcommand, "in memory"), (without, "in memory")]
    {
        let server = Running::start(command);
        let socket = format!("ws://{}/parties/collaborative_order/ROOM", server.addr);
        assert!(server.greeting.contains(&socket), "{}", server.greeting);
        assert!(server.greeting.contains(place), "{}", server.greeting);
        assert_eq!(get(server.addr, "/").status, 200);
    }
}

/// The options of the short help, in its order.
const TEN: [&str; 10] = [
    "ADDR",
    "DATA",
    "LOG",
    "AUTH",
    "AUTH_KEYS",
    "PUBLIC_HOST",
    "ALLOW_ORIGIN",
    "INSECURE",
    "TRUSTED_PROXY",
    "CURRENCY",
];

/// The options that no longer have an effect.
const RETIRED: [&str; 9] = [
    "MAX_ITEMS",
    "MAX_PARTICIPANTS",
    "MAX_ORDER_TEXT",
    "MAX_DEPTH",
    "MAX_HEADER",
    "HEADER_TIMEOUT",
    "MESSAGE_TIMEOUT",
    "WRITE_TIMEOUT",
    "IDLE_UNLOAD",
];

#[test]
fn the_help_names_every_variable_and_fits_a_terminal() {
    for arguments in [&["--help"][..], &["serve", "--help"], &["help", "serve"]] {
        let help = help(arguments);
        for option in TEN.into_iter().chain([
            "MAX_MESSAGE",
            "MAX_CONNECTIONS",
            "EXPIRE_AFTER",
            "ARCHIVE_AFTER",
            "DRAIN_TIMEOUT",
            "PING_INTERVAL",
            "THREADS",
            "PARTICIPANT_RATE",
            "PARTICIPANT_BURST",
            "MAX_PER_ADDRESS",
            "MAX_PER_ROOM",
            "VISIT_RATE",
            "VISIT_BURST",
            "ROOMS_PER_TENANT",
            "MESSAGE_RATE",
            "MESSAGE_BURST",
            "POLICY",
            "PEER_HEADER",
            "AUTH_AUDIENCE",
            "AUTH_ISSUER",
            "LOG_FORMAT",
            "ADDRESS_LOG_BURST",
            "ADDRESS_LOG_RATE",
            "JOIN_BURST",
            "JOIN_RATE",
            "MAX_HTTP_PER_ADDRESS",
            "MAX_ORDER_LOG",
            "MAX_PER_GUEST",
            "PARTICIPANT_ANSWER_BURST",
            "PARTICIPANT_ANSWER_RATE",
            "ACCEPT_LOSS",
            "CHECK_AFTER",
            "PARTICIPANT_LOG_BURST",
            "PARTICIPANT_LOG_RATE",
        ]) {
            assert!(help.contains(&format!("STONEPOT_{option}=")), "{arguments:?}: {option}");
            assert!(
                help.contains(&format!("{} ", flag(option))) || ["ACCEPT_LOSS", "INSECURE"].contains(&option),
                "{arguments:?}: {option}"
            );
        }
        for option in RETIRED {
            assert!(!help.contains(option) && !help.contains(&flag(option)), "{arguments:?}: {option}");
        }
        let headings: Vec<_> =
            help.lines().filter(|line| line.ends_with(':') && !line.starts_with(' ')).collect();
        assert!(
            headings.ends_with(&[
                "Options:",
                "Signing in:",
                "Damaged data:",
                "Orders:",
                "Bounds for a guest:",
                "Bounds for an address:",
                "The process:"
            ]),
            "{arguments:?}: {headings:?}"
        );
        // Its value is not shown: it may be the secret itself by mistake.
        assert!(help.contains("[env: STONEPOT_AUTH_SECRET]") && help.contains("--auth-secret"), "{help}");
        for line in help.lines().skip_while(|line| *line != "TRY IT") {
            assert!(line.chars().count() <= 80, "too wide: {line}");
        }
    }
}

#[test]
fn the_short_help_is_the_ten_options_that_people_set_in_a_line_each() {
    for arguments in [&["-h"][..], &["serve", "-h"], &["--log", "memory", "-h"]] {
        let help = help(arguments);
        let (_, options) = help.split_once("Options:\n").unwrap();
        let (options, more) = options.split_once("\n\n").unwrap();
        let mut lines = options.lines();
        for option in TEN {
            let line = lines.next().unwrap();
            assert!(line.trim_start().starts_with(&format!("{} ", flag(option))), "{arguments:?}: {line}");
        }
        let rest: Vec<_> = lines.map(|line| line.trim().split(',').next().unwrap()).collect();
        assert!(["-h", "-V"].starts_with(&rest) && !rest.is_empty(), "{arguments:?}: {rest:?}");
        assert!(more.contains("stonepot serve --help"), "{arguments:?}: {more}");
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{arguments:?}: {help}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_in_the_help_works() {
    let output = run(Command::new(STONEPOT).arg("--help"));
    let help = String::from_utf8(output.stdout).unwrap();
    let (_, path) = help.split_once("wscat -c ws://127.0.0.1:1999").unwrap();
    let path = path.lines().next().unwrap();
    let server = memory(&[]);
    let mut peer = open(server.addr, path).await;
    let messages: Vec<_> = help.lines().filter_map(|line| line.trim().strip_prefix("> ")).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    for message in messages {
        peer.send_text(message.as_bytes()).await;
    }
    peer.hear("sync").await;
    peer.hear("participant_joined").await;
    assert_eq!(peer.hear("item_added").await["data"]["orderState"]["total"], 179);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_drains_and_what_was_ordered_is_there_after_the_restart() {
    let data = tempfile::tempdir().unwrap();
    for (round, signal) in ["TERM", "INT", "KILL", "TERM"].into_iter().enumerate() {
        let server = Running::start(stonepot(data.path()));
        let mut peer = open(server.addr, ROOM).await;
        peer.say(&json!({"type": "join", "participantId": "ann", "participantName": "Ann", "data": {}}))
            .await;
        let sync = peer.hear("sync").await;
        assert_eq!(sync["data"]["items"].as_array().unwrap().len(), round, "before {signal}");
        peer.hear("participant_joined").await;
        peer.add("Dosa", 10).await;
        peer.hear("item_added").await;

        server.signal(signal);

        if signal == "KILL" {
            server.ended();
            continue;
        }
        let Read::Close(Some(1012), _) = peer.read().await else { panic!("no goodbye after {signal}") };
        peer.send(&frame(0x88, &1012_u16.to_be_bytes())).await;
        assert_eq!(peer.read().await, Read::End);
        let ended = server.ended();
        assert!(ended.status.success(), "{signal}: {ended:?}");
    }
}

/// The deadline passes while the server is down, and the archiving time while no guest is
/// connected.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_to_happen_by_itself_happens_although_the_server_was_killed() {
    let data = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = stonepot(data.path());
        command.args(["--archive-after", "1s"]);
        Running::start(command)
    };
    let server = start();
    let mut peer = open(server.addr, ROOM).await;
    let deadline = json!({"in": 8_000, "then": "finalize"});
    let data = json!({"deadline": deadline});
    peer.say(&json!({"type": "join", "participantId": "ann", "participantName": "Ann", "data": data})).await;
    peer.hear("sync").await;
    peer.hear("participant_joined").await;
    peer.add("Dosa", 10).await;
    peer.hear("item_added").await;
    server.signal("KILL");
    server.ended();
    tokio::time::sleep(Duration::from_millis(8_100)).await;

    let server = start();

    let status = |server: &Running| {
        let addr = server.addr;
        async move {
            let order = server::ask(addr, &request("GET", ROOM, "")).await.json();
            if order["archived"] == true {
                assert_eq!(order["status"], "finalized", "for clients that know of no other end");
                return json!("archived");
            }
            order["status"].clone()
        }
    };
    let mut seen = Vec::new();
    let began = Instant::now();
    while seen.last() != Some(&json!("archived")) {
        assert!(began.elapsed() < LONG, "{seen:?}");
        let now = status(&server).await;
        if seen.last() != Some(&now) {
            seen.push(now);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The status "finalized" may have been missed; but an order that expired is not archived.
    assert!(!seen.contains(&json!("expired")), "{seen:?}");
    drop(server);
    assert_eq!(status(&start()).await, "archived", "and once");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_nobody_opens_hear_of_a_shorter_life() {
    let data = tempfile::tempdir().unwrap();
    let start = |life: &str| {
        let mut command = stonepot(data.path());
        command.args(["--expire-after", life]);
        Running::start(command)
    };
    let server = start("off");
    let mut peer = open(server.addr, ROOM).await;
    peer.say(&json!({"type": "join", "participantId": "ann", "participantName": "Ann", "data": {}})).await;
    peer.hear("sync").await;
    drop(peer);
    server.stop("TERM");

    let server = start("1s");

    // A look from outside does not load it.
    let began = Instant::now();
    loop {
        let order = server::ask(server.addr, &request("GET", ROOM, "")).await.json();
        if order["status"] == "expired" {
            break;
        }
        assert!(began.elapsed() < LONG, "{order}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_option_that_went_is_warned_of_and_sets_nothing() {
    let start = |by_variable: bool, subcommand: &[&str]| {
        let mut command = Command::new(STONEPOT);
        command.args(subcommand).args(["--addr", "127.0.0.1:0", "--log", "memory"]);
        for option in RETIRED {
            // The smallest value that each once allowed, or a value below it.
            let value = if option.ends_with("TIMEOUT") || option == "IDLE_UNLOAD" { "1ms" } else { "0" };
            if by_variable {
                command.env(format!("STONEPOT_{option}"), value);
            } else {
                command.args([&flag(option), value]);
            }
        }
        Running::start(command)
    };
    for (by_variable, subcommand) in [(false, &[][..]), (false, &["serve"]), (true, &[]), (true, &["serve"])]
    {
        let server = start(by_variable, subcommand);
        let mut ann = open(server.addr, ROOM).await;
        ann.join("ann").await;
        ann.add("Dosa", 10).await;
        ann.hear("item_added").await;
        let mut ben = open(server.addr, ROOM).await;
        ben.join("ben").await;
        let header = format!("X-Long: {}\r\n", "x".repeat(10 * 1024));
        assert_eq!(server::ask(server.addr, &request("GET", "/healthz", &header)).await.status, 200);

        let log = server.stop("TERM");

        let warnings: Vec<_> = log.lines().filter(|line| line.contains("no longer has an effect")).collect();
        assert_eq!(warnings.len(), RETIRED.len(), "{log}");
        for option in RETIRED {
            let name = if by_variable { format!("STONEPOT_{option}") } else { flag(option) };
            let warned = |line: &&str| line.contains("WARN") && line.contains(&format!("{name} "));
            assert_eq!(warnings.iter().filter(|line| warned(line)).count(), 1, "{name}: {log}");
        }
    }
}

#[test]
fn an_option_that_went_takes_any_value_and_still_needs_one() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let said = |command: &mut Command| {
        let output = run(command);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for value in ["", "16", "nonsense", "-1", "18446744073709551616"] {
        // A folder that cannot be opened ends it after its options are read.
        let mut command = stonepot(&file.join("data"));
        let (code, log) = said(command.arg(format!("--max-depth={value}")));
        assert_eq!(code, Some(1), "{value:?}: {log}");
        assert!(log.contains("--max-depth no longer has an effect"), "{value:?}: {log}");
    }
    for arguments in
        [&["--max-depth"][..], &["--max-depth", "1", "--max-depth", "2"], &["split", "--max-depth", "1"]]
    {
        let (code, log) = said(Command::new(STONEPOT).args(arguments).stdin(Stdio::null()));
        assert_eq!(code, Some(2), "{arguments:?}: {log}");
    }
    // `split` ignores the server's variables.
    let (code, log) =
        said(Command::new(STONEPOT).arg("split").env("STONEPOT_MAX_DEPTH", "1").stdin(Stdio::null()));
    assert_eq!((code, log.as_str()), (Some(0), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    // Longer than the test runs.
    let server = memory(&["--drain-timeout", "1h"]);
    // Never answers the close frame.
    let mut deaf = open(server.addr, ROOM).await;
    server.signal("TERM");
    let Read::Close(Some(1012), _) = deaf.read().await else { panic!("no goodbye") };
    server.signal("TERM");
    let ended = server.ended();
    assert_eq!(ended.status.code(), Some(1));
    let log = String::from_utf8(ended.stderr).unwrap();
    assert!(log.contains("asked again: stopping at once"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_holds_no_message_name_phone_or_token_at_any_level() {
    let mut command = Command::new(STONEPOT);
    command.args(["--addr", "127.0.0.1:0", "--log", "memory"]).env("RUST_LOG", "trace");
    let server = Running::start(command);
    let path = format!("{ROOM}?_pk=pk-label-4711&token=token-4712");
    let mut peer = open(server.addr, &path).await;
    let data = json!({"phone": "98765-4713", "circleId": "circle-4714"});
    let join =
        json!({"type": "join", "participantId": "p-4715", "participantName": "Name-4716", "data": data});
    peer.say(&join).await;
    peer.hear("sync").await;
    peer.hear("participant_joined").await;
    peer.add("Dish-4717", 10).await;
    peer.hear("item_added").await;
    peer.say(&json!({"type": "surprise-4718"})).await;
    peer.hear("error").await;
    peer.send_text(b"{\"broken-4719").await;
    peer.hear("error").await;
    peer.send(&frame(0x88, &[&1000_u16.to_be_bytes()[..], b"reason-4720"].concat())).await;
    peer.read().await;
    let authorized = request("GET", &path, "Authorization: Bearer token-4721\r\nCookie: c=4722\r\n");
    assert_eq!(server::ask(server.addr, &authorized).await.status, 200);

    let log = server.stop("TERM");

    assert!(log.contains("the server is up"), "{log}");
    for number in 4711..=4722 {
        let lines: Vec<_> = log.lines().filter(|line| line.contains(&number.to_string())).collect();
        // The numbers may occur in ports and times; values that were sent have a dash before the
        // number.
        let told: Vec<_> = lines.iter().filter(|line| line.contains(&format!("-{number}"))).collect();
        assert!(told.is_empty(), "{told:#?}");
    }
}

#[test]
fn a_json_log_is_one_object_a_line_and_nothing_else_is_printed() {
    let data = tempfile::tempdir().unwrap();
    let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = stonepot(data.path());
    command.args(["--log-format", "json", "--addr", &addr.to_string()]);
    let server = Running::spawn(command, addr);
    let began = Instant::now();
    while std::net::TcpStream::connect(addr).is_err() {
        assert!(began.elapsed() < LONG, "it does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    // It listens before it is ready; clients that connect meanwhile wait.
    assert_eq!(get(addr, "/readyz").status, 200);
    server.signal("TERM");
    let output = server.ended();
    assert!(output.stdout.is_empty());
    let lines: Vec<Value> = String::from_utf8(output.stderr)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.iter().any(|line| line["fields"]["message"] == "the server has stopped"), "{lines:#?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_be_written_keeps_nothing_from_starting_or_stopping() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(STONEPOT);
    command.args(["--addr", "127.0.0.1:0", "--log", "memory"]).stdout(Stdio::piped()).stderr(full);
    let mut child = command.spawn().unwrap();
    let greeting = BufReader::new(child.stdout.take().unwrap()).lines().next();
    assert_eq!(greeting.unwrap().unwrap(), "Stonepot is open.");
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(end_of(child).status.success());
}

fn memory(more: &[&str]) -> Running {
    let mut command = Command::new(STONEPOT);
    command.args(["--addr", "127.0.0.1:0", "--log", "memory"]).args(more);
    Running::start(command)
}

async fn open(addr: SocketAddr, path: &str) -> Peer {
    Peer::open(TcpStream::connect(addr).await.unwrap(), path, &[]).await
}

fn get(addr: SocketAddr, path: &str) -> server::Answer {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(server::ask(addr, &request("GET", path, "")))
}

/// The help on a terminal of 80 columns.
fn help(arguments: &[&str]) -> String {
    let output = run(Command::new(STONEPOT).args(arguments).env("COLUMNS", "80"));
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The option that belongs to a variable.
fn flag(variable: &str) -> String {
    format!("--{}", variable.to_lowercase().replace('_', "-"))
}

/// The one line printed by a program that fails to start.
fn fails(command: &mut Command) -> String {
    let output = run(command);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let errors: Vec<_> = said.lines().filter(|line| !line.contains(" INFO ")).collect();
    assert_eq!(errors.len(), 1, "not one line: {said}");
    assert!(errors[0].starts_with("stonepot: "), "{said}");
    errors[0].to_owned()
}

/// Runs a program that soon ends without being stopped.
fn run(command: &mut Command) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    end_of(child)
}
