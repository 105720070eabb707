//! The program's options for sign-in, and the tokens and keys that it makes.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::issuer::{Issuer, claims, set};
use crate::process::{Running, STONEPOT, end_of, stonepot};
use crate::server::{HANDSHAKE, Peer, ROOM, Read, ask, request};
use crate::table::{SECRET, join};

/// A secret, as a file that holds nothing else contains it.
const WORD: &str = "one-word-that-nobody-else-could-ever-guess-0123456789";

#[test]
fn without_sign_in_other_machines_are_not_let_in() {
    let data = tempfile::tempdir().unwrap();
    for open in ["0.0.0.0:0", "[::]:0", "[::ffff:0.0.0.0]:0"] {
        let output = run(stonepot(data.path()).args(["--addr", open]));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{open}: {said}");
        for word in ["cannot listen", "--auth required", "--insecure", "--public-host", "--addr"] {
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
    by_variable.env("STONEPOT_INSECURE", "1").env("STONEPOT_PUBLIC_HOST", "orders.example,orders.example:81");
    let named = ["--insecure", "--allow-origin", "https://orders.example"];
    for command in [
        with(by_variable, &[]),
        with(stonepot(data.path()), &named),
        with(stonepot(data.path()), &["--insecure", "--allow-origin", "*"]),
    ] {
        let server = started_on_every_network(command);
        let log = server.stop("TERM");
        assert_eq!(log.matches("NOBODY HAS TO SIGN IN").count(), 1, "{log}");
    }
}

#[test]
fn whoever_insists_has_to_name_the_pages() {
    let data = tempfile::tempdir().unwrap();
    // A trusted proxy on this machine does not replace the names on a server that others can
    // reach.
    for more in [&[][..], &["--trusted-proxy", "127.0.0.1"], &["--trusted-proxy", "10.0.0.0/8"]] {
        let output = run(stonepot(data.path()).args(["--addr", "0.0.0.0:0", "--insecure"]).args(more));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        for word in
            ["0.0.0.0:0", "--insecure", "--public-host NAME", "--allow-origin https://", "--allow-origin '*'"]
        {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(!data.path().join("stonepot.db").exists(), "it was refused before anything else");
    }
    drop(Running::start(with(stonepot(data.path()), &["--log", "memory", "--insecure"])));
}

#[test]
fn with_sign_in_it_listens_to_everybody_and_says_so() {
    let data = tempfile::tempdir().unwrap();
    let keys = made_key(data.path());
    let mut command = stonepot(data.path());
    command.env("STONEPOT_AUTH", "required").env("STONEPOT_AUTH_KEYS", &keys);
    let server = started_on_every_network(with(command, &[]));
    assert!(server.greeting.contains("anybody with a token"), "{}", server.greeting);
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
    let short = data.path().join("short");
    std::fs::write(&short, "too-short").unwrap();
    let secret = data.path().join("secret");
    std::fs::write(&secret, WORD).unwrap();
    let secret = secret.to_str().unwrap();
    let nonsense = nonsense.to_str().unwrap();
    for (arguments, expected) in [
        (&["--auth", "required"][..], "--auth-keys"),
        (&["--auth-keys", keys], "--auth required"),
        (&["--auth", "required", "--auth-keys", "/nowhere"], "/nowhere"),
        (&["--auth", "required", "--auth-keys", nonsense], "--auth-secret"),
        (&["--auth", "required", "--auth-keys", secret], "--auth-secret"),
        (&["--auth", "required", "--auth-secret", nonsense], "white space"),
        (&["--auth", "required", "--auth-secret", keys], "--auth-keys"),
        (&["--auth", "required", "--auth-secret", short.to_str().unwrap()], "32 bytes"),
        (&["--auth", "required", "--auth-secret", secret, "--auth-keys", keys], "not both"),
        (&["--auth-secret", secret], "--auth required"),
        (&["--auth", "maybe"], "off, required"),
        (&["--allow-origin", "https://*.example"], "https://orders.example"),
        (&["--allow-origin", "null"], "https://orders.example"),
        (&["--allow-origin", "*,https://a.example"], "remove it"),
        (&["--allow-origin", "https://a.example", "--allow-origin", "*"], "remove it"),
        (&["--public-host", "https://orders.example"], "orders.example:8080"),
        (&["--public-host", "*"], "orders.example:8080"),
        (&["--public-host", "orders.example:0"], "orders.example:8080"),
        (&["--public-host", "orders.example/"], "orders.example:8080"),
        (&["--public-host", "a.example,,b.example"], "orders.example:8080"),
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
        (&["--room", "r1", "--participant", "ann", "--ttl", "1000d"], "24h"),
        (&["--room", "r1", "--participant", "ann\u{200b}"], "participant"),
        (&["--room", "r1", "--participant", "ann", "--name", "\u{200b}"], "--name"),
        (&["--circle", "A\u{200b}", "--participant", "ann"], "--circle"),
        (&["--circle", "", "--participant", "ann"], "--circle"),
        (&["--room", "r1", "--tenant", " t1", "--participant", "ann"], "--tenant"),
        (&["--room", "r1 ", "--participant", "ann"], "--room"),
        (&["--room", "", "--participant", "ann"], "--room"),
        (&["--room", "a/b", "--participant", "ann"], "no such party"),
        (&["--room", "main/a/b", "--participant", "ann"], "slash"),
        (&["--room", "..", "--participant", "ann"], "from an address"),
        (&["--room", &"é".repeat(22), "--participant", "ann"], "128 bytes"),
        (&["--room", "r1", "--participant", "ann", "--audience", &"x".repeat(8192)], "longer than 8192"),
    ] {
        let output = run(Command::new(STONEPOT).args(["token", "--key", key]).args(arguments));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    for (wrong, member) in [("hs512", json!({ "alg": "HS512" })), ("enc", json!({ "use": "enc" }))] {
        // In a set with a public key that the server accepts.
        let mut oct = Issuer::of_secret(SECRET).named("oct").jwk();
        oct.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
        let set = json!({ "keys": [oct, Issuer::ed().named("ed").jwk()] });
        std::fs::write(folder.path().join(wrong), set.to_string()).unwrap();
    }
    std::fs::write(folder.path().join("word"), WORD).unwrap();
    std::fs::write(folder.path().join("page"), "<!doctype html><p>502 Bad Gateway, try again later").unwrap();
    std::fs::write(folder.path().join("private"), Issuer::ed().private).unwrap();
    let files = ["hs512", "enc", "word", "page", "private"].map(|name| folder.path().join(name));
    let files = files.iter().map(|path| path.to_str().unwrap());
    for wrong in [public.to_str().unwrap(), "/nowhere"].into_iter().chain(files) {
        let output =
            run(Command::new(STONEPOT).args(["token", "--key", wrong, "--room", "r", "--participant", "a"]));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(wrong) && output.stdout.is_empty(), "{said}");
    }
    assert!(!made_token(&keys, &["--circle", "c1", "--role", "backend"]).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_a_file_of_its_own_signs_and_proves() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, format!("{WORD}\n")).unwrap();
    let mut command = stonepot(folder.path());
    command.env("STONEPOT_AUTH_SECRET", &secret);
    let server = Running::start(with(command, &["--log", "memory", "--auth", "required"]));
    let mut token = Command::new(STONEPOT);
    token.args(["token", "--room", "r1", "--participant", "ann", "--secret"]).arg(&secret);
    let output = run(&mut token);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let token = String::from_utf8(output.stdout).unwrap();
    let mut ann = open_at(&server, &format!("{ROOM}?token={}", token.trim())).await;
    ann.say(&join("ann")).await;
    ann.hear("sync").await;
    for wrong in ["--auth-secret", "--auth-keys"] {
        // The secret itself is given instead of its file.
        let output = run(stonepot(folder.path()).args(["--auth", "required", wrong, "no/such/place"]));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.contains("no/such/place"), wrong == "--auth-keys", "{said}");
    }
    let both = ["token", "--room", "r", "--participant", "a", "--key", "x", "--secret", "y"];
    let both = run(Command::new(STONEPOT).args(both));
    assert_eq!(both.status.code(), Some(2), "{both:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_a_name_that_clients_encode_opens_that_room_and_the_path_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let keys = made_key(folder.path());
    let arguments = ["--log", "memory", "--auth", "required", "--auth-keys", keys.to_str().unwrap()];
    let server = Running::start(with(stonepot(folder.path()), &arguments));
    for (room, path) in [
        ("café 7", Some("/parties/collaborative_order/caf%C3%A9%207")),
        ("main/my table", Some("/parties/main/my%20table")),
        ("50% off", Some("/parties/collaborative_order/50%25%20off")),
        ("a?b#c", Some("/parties/collaborative_order/a%3Fb%23c")),
        ("a|b^c\"<>{}`", Some("/parties/collaborative_order/a%7Cb%5Ec%22%3C%3E%7B%7D%60")),
        ("🍛", Some("/parties/collaborative_order/%F0%9F%8D%9B")),
        ("table-7", None),
        ("100%25", None),
    ] {
        let mut command = Command::new(STONEPOT);
        command.args(["token", "--participant", "ann", "--room", room, "--key"]).arg(&keys);
        let output = run(&mut command);
        assert!(output.status.success(), "{room}: {output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        let token = String::from_utf8(output.stdout).unwrap();
        assert_eq!(token.lines().count(), 1, "{token}");
        match path {
            Some(path) => assert!(said.trim_end().ends_with(path), "{room}: {said}"),
            None => assert_eq!(said, "", "{room}"),
        }
        let as_written = format!("/parties/collaborative_order/{room}");
        let path = path.unwrap_or(&as_written);
        let mut ann = open_at(&server, &format!("{path}?token={}", token.trim())).await;
        ann.say(&join("ann")).await;
        ann.hear("sync").await;
        let elsewhere = request("GET", &format!("{path}x?token={}", token.trim()), HANDSHAKE);
        assert_eq!(ask(server.addr, &elsewhere).await.status, 403, "{room}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_written_over_the_keys_is_said_loudly_and_lets_nobody_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let rsa = Issuer::rsa().named("rsa");
    std::fs::write(&file, set(&[&rsa])).unwrap();
    let arguments = ["--log", "memory", "--auth", "required", "--auth-keys", file.to_str().unwrap()];
    let server = Running::start(with(stonepot(folder.path()), &arguments));
    let page = "\n<!doctype html><title>502</title><h1>Bad Gateway</h1><p>The server is not well.</p>\n";
    std::fs::write(&file, page).unwrap();
    for _ in 0..2 {
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        let good = format!("{ROOM}?token={}", rsa.token(&claims("ann")));
        assert_eq!(ask(server.addr, &request("GET", &good, HANDSHAKE)).await.status, 101);
        for secret in [page, page.trim(), page.trim_start(), page.trim_end()] {
            let forged = Issuer::of_secret(secret).named("rsa").token(&claims("ann"));
            let path = format!("{ROOM}?token={forged}");
            assert_eq!(ask(server.addr, &request("GET", &path, HANDSHAKE)).await.status, 401);
        }
    }
    let log = server.stop("TERM");
    let loud: Vec<&str> = log.lines().filter(|line| line.contains("CANNOT BE USED")).collect();
    let [line] = loud[..] else { panic!("loudly, and once: {log}") };
    assert!(line.contains("ERROR") && line.contains("neither a JSON Web Key Set nor"), "{line}");
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
    // A wrong variable of the server must not prevent making a token.
    let mut command = Command::new(STONEPOT);
    command.env("STONEPOT_AUTH", "nonsense").args(["token", "--key"]).arg(keys).args(arguments);
    let output = run(&mut command);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn open_at(server: &Running, path: &str) -> Peer {
    Peer::open(TcpStream::connect(server.addr).await.unwrap(), path, &[]).await
}

fn with(mut command: Command, arguments: &[&str]) -> Command {
    command.args(arguments);
    command
}

/// Starts a server on every network. It prints `localhost` as its host, so the address is
/// passed here.
fn started_on_every_network(mut command: Command) -> Running {
    let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    command.args(["--log", "memory", "--addr", &format!("0.0.0.0:{}", addr.port())]);
    Running::start_at(command, addr)
}

fn run(command: &mut Command) -> Output {
    end_of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}
