//! The program: its options about signing in, and the tokens and keys that it makes.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tokio::net::TcpStream;

use crate::issuer::{Issuer, claims};
use crate::process::{Running, STONEPOT, end_of, stonepot};
use crate::server::{HANDSHAKE, Peer, ROOM, Read, ask, request};
use crate::table::join;

#[test]
fn without_sign_in_other_machines_are_not_let_in() {
    let data = tempfile::tempdir().unwrap();
    for open in ["0.0.0.0:0", "[::]:0", "[::ffff:0.0.0.0]:0"] {
        let output = run(stonepot(data.path()).args(["--addr", open]));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{open}: {said}");
        for word in ["cannot listen", "--auth required", "--insecure", "--addr"] {
            assert!(said.contains(word), "{open}: {said}");
        }
        assert!(!data.path().join("stonepot.db").exists(), "{open}: it was refused before anything else");
    }
    for own in ["127.0.0.1:0", "localhost:0", "127.9.8.7:0"] {
        drop(Running::start(with(stonepot(data.path()), &["--log", "memory", "--addr", own])));
    }
}

#[test]
fn whoever_insists_listens_to_everybody_and_is_warned() {
    let data = tempfile::tempdir().unwrap();
    let mut by_variable = stonepot(data.path());
    by_variable.env("STONEPOT_INSECURE", "1");
    for command in [with(by_variable, &[]), with(stonepot(data.path()), &["--insecure"])] {
        let server = started_on_every_network(command);
        let log = server.stop("TERM");
        assert_eq!(log.matches("NOBODY HAS TO SIGN IN").count(), 1, "{log}");
    }
}

#[test]
fn with_sign_in_it_listens_to_everybody_and_says_so() {
    let data = tempfile::tempdir().unwrap();
    let keys = made_key(data.path());
    let mut command = stonepot(data.path());
    command.env("STONEPOT_AUTH", "required").env("STONEPOT_AUTH_KEYS", &keys);
    let server = started_on_every_network(with(command, &[]));
    assert!(server.greeting.contains("whoever has a token"), "{}", server.greeting);
    let log = server.stop("TERM");
    assert!(!log.contains("NOBODY"), "{log}");
}

#[test]
fn options_that_do_not_fit_together_are_explained() {
    let data = tempfile::tempdir().unwrap();
    let keys = made_key(data.path());
    let keys = keys.to_str().unwrap();
    let nonsense = data.path().join("nonsense");
    std::fs::write(&nonsense, "too short a secret").unwrap();
    for (arguments, expected) in [
        (&["--auth", "required"][..], "--auth-keys"),
        (&["--auth-keys", keys], "--auth required"),
        (&["--auth", "required", "--auth-keys", "/nowhere"], "/nowhere"),
        (&["--auth", "required", "--auth-keys", nonsense.to_str().unwrap()], "32 bytes"),
        (&["--auth", "maybe"], "off, required"),
        (&["--allow-origin", "https://*.example"], "https://orders.example"),
        (&["--allow-origin", "null"], "https://orders.example"),
        (&["--allow-origin", "https://a.example/"], "https://orders.example"),
    ] {
        let output = run(stonepot(data.path()).args(arguments));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_three_lines_of_the_walk_through_work() {
    let folder = tempfile::tempdir().unwrap();
    let keys = made_key(folder.path());
    let arguments = ["--log", "memory", "--auth", "required", "--auth-keys", keys.to_str().unwrap()];
    let server = Running::start(with(stonepot(folder.path()), &arguments));
    let token = made_token(&keys, &["--room", "r1", "--participant", "ann", "--name", "Ann"]);
    let path = format!("{ROOM}?token={token}");
    let mut ann = Peer::open(TcpStream::connect(server.addr).await.unwrap(), &path, &[]).await;
    ann.say(&join("ann")).await;
    assert_eq!(ann.hear("sync").await["data"]["participants"][0]["name"], "Ann");
    let other = request("GET", &path.replace("r1", "r2"), HANDSHAKE);
    assert_eq!(ask(server.addr, &other).await.status, 403);
}

#[test]
fn a_key_is_nobody_elses_to_read_and_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let keys = made_key(folder.path());
    let made = std::fs::read(&keys).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let set: Value = serde_json::from_slice(&made).unwrap();
    assert_eq!((&set["keys"][0]["kty"], &set["keys"][0]["alg"]), (&"oct".into(), &"HS256".into()));
    let again = run(Command::new(STONEPOT).arg("token").arg("--new-key").arg(&keys));
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(std::fs::read(&keys).unwrap(), made);
    let other = folder.path().join("other.json");
    assert!(run(Command::new(STONEPOT).arg("token").arg("--new-key").arg(&other)).status.success());
    assert_ne!(std::fs::read(&other).unwrap(), made);
}

#[test]
fn a_token_that_would_open_nothing_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let keys = made_key(folder.path());
    let key = keys.to_str().unwrap();
    let public = folder.path().join("public.pem");
    std::fs::write(&public, Issuer::ed().file).unwrap();
    for (arguments, expected) in [
        (&["--participant", "ann"][..], "--room"),
        (&["--room", "r1"], "--participant"),
        (&["--room", "r1", "--participant", ""], "participant"),
        (&["--room", "r1", "--participant", "ann", "--ttl", "never"], "10s"),
        (&["--room", "r1", "--participant", "ann", "--role", "king"], "diner, backend"),
    ] {
        let output = run(Command::new(STONEPOT).args(["token", "--key", key]).args(arguments));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    for wrong in [public.to_str().unwrap(), "/nowhere"] {
        let output =
            run(Command::new(STONEPOT).args(["token", "--key", wrong, "--room", "r", "--participant", "a"]));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(wrong) && output.stdout.is_empty(), "{said}");
    }
    assert!(!made_token(&keys, &["--circle", "c1", "--role", "backend"]).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_holds_no_part_of_any_token_or_key_at_any_level() {
    let folder = tempfile::tempdir().unwrap();
    let keys = made_key(folder.path());
    let mut command = stonepot(folder.path());
    command.env("RUST_LOG", "trace");
    let arguments = ["--log", "memory", "--auth", "required", "--auth-keys", keys.to_str().unwrap()];
    let server = Running::start(with(command, &arguments));
    let good = made_token(&keys, &["--room", "r1", "--participant", "ann", "--ttl", "8s"]);
    let elsewhere = made_token(&keys, &["--room", "r2", "--participant", "ann"]);
    let forged = Issuer::of_secret("a secret that nobody but its owner has ever seen").token(&claims("ann"));
    let huge = "Q".repeat(9000);
    for token in [&good, &elsewhere, &forged, &huge] {
        for (path, more) in [
            (ROOM.to_owned(), format!("Authorization: Bearer {token}\r\n")),
            (ROOM.to_owned(), format!("Sec-WebSocket-Protocol: stonepot.v2, stonepot.token.{token}\r\n")),
            (format!("{ROOM}?token={token}"), String::new()),
            (format!("{ROOM}?token={token}"), format!("Authorization: Bearer {token}\r\n")),
        ] {
            ask(server.addr, &request("GET", &path, &more)).await;
            ask(server.addr, &request("GET", &path, &format!("{HANDSHAKE}{more}"))).await;
        }
    }
    let path = format!("{ROOM}?token={good}");
    let mut ann = Peer::open(TcpStream::connect(server.addr).await.unwrap(), &path, &[]).await;
    ann.hear("error").await;
    assert!(matches!(ann.read().await, Read::Close(Some(1008), _)));
    std::fs::write(&keys, "{ broken").unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    ask(server.addr, &request("GET", &path, "")).await;
    ask(server.addr, &request("GET", &path, "")).await;

    let log = server.stop("TERM");

    assert_eq!(log.matches("CANNOT BE USED").count(), 1, "loudly, and once: {log}");
    assert!(log.contains("turned away") && log.contains("token_invalid"), "{log}");
    assert!(!log.contains("eyJ") && !log.contains("QQQQQQQQ"), "{log}");
    for token in [&good, &elsewhere, &forged] {
        for part in token.split('.') {
            assert!(!log.contains(&part[..12]) && !log.contains(&part[part.len() - 12..]), "{log}");
        }
    }
}

fn made_key(folder: &Path) -> std::path::PathBuf {
    let keys = folder.join("keys.json");
    let output = run(Command::new(STONEPOT).arg("token").arg("--new-key").arg(&keys));
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    keys
}

fn made_token(keys: &Path, arguments: &[&str]) -> String {
    // A wrong variable of the server does not keep anybody from making a token.
    let mut command = Command::new(STONEPOT);
    command.env("STONEPOT_AUTH", "nonsense").args(["token", "--key"]).arg(keys).args(arguments);
    let output = run(&mut command);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn with(mut command: Command, arguments: &[&str]) -> Command {
    command.args(arguments);
    command
}

/// It then calls itself localhost, which is not an address yet.
fn started_on_every_network(mut command: Command) -> Running {
    let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    command.args(["--log", "memory", "--addr", &format!("0.0.0.0:{}", addr.port())]);
    Running::start_at(command, addr)
}

fn run(command: &mut Command) -> Output {
    end_of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}
