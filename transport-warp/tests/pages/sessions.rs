//! Plays the sessions on the pages against a real server. `BLESS=1` writes the actual
//! answers into the pages.
//!
//! A session consists of a page's blocks in the language `console`, in order: `$ wscat …`
//! opens a socket, `> …` sends, `< …` is the expected answer, `^C` closes, and `$ curl …`
//! gets. A name before it says which terminal it belongs to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::markdown::{Page, root};
use crate::server::{Peer, Read, Server};

/// The default address of a server, which the pages name.
const ADDRESS: &str = "127.0.0.1:1999";

/// Fields whose values differ in each run.
const VARIES: [&str; 11] = [
    "addedAt",
    "at",
    "checksum",
    "createdAt",
    "cursor",
    "joinedAt",
    "now",
    "recordedAt",
    "resumeToken",
    "timestamp",
    "updatedAt",
];

/// The field with a client's place in the history.
const CURSOR: &str = "cursor";

#[tokio::test(flavor = "multi_thread")]
async fn the_sessions_of_the_overview_play_as_printed() {
    play("PROTOCOL.md").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_of_the_first_protocol_plays_as_printed() {
    play("docs/protocol/v1.md").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_of_stonepot_v2_plays_as_printed() {
    play("docs/protocol/v2.md").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_of_the_readme_plays_as_printed() {
    play("README.md").await;
}

/// One line of a session.
enum Step<'line> {
    Open { path: &'line str, protocol: Option<&'line str> },
    Get { path: &'line str },
    Close,
    Send(&'line str),
    Hear(&'line str),
}

/// A terminal of a session: its socket, and its last cursor.
struct Terminal {
    peer: Option<Peer>,
    place: Option<Value>,
}

async fn play(path: &str) {
    let page = Page::read(path);
    let mut printed = page.blocks().into_iter().flat_map(|block| block.lines);
    // A page that was shortened by hand is not rewritten.
    let bless = std::env::var_os("BLESS").is_some() && !printed.any(|line| line.contains('…'));
    let server = Server::start().await;
    let mut terminals = BTreeMap::new();
    let mut blessed: BTreeMap<usize, String> = BTreeMap::new();
    let (mut lines, mut got) = (0, None);
    for block in page.blocks().iter().filter(|block| block.language == "console") {
        let mut text = String::new();
        for line in &block.lines {
            lines += 1;
            let (name, step) = step(line);
            if bless {
                if !matches!(step, Step::Hear(_)) {
                    let done = act(&server, &mut terminals, name, &step, &mut got).await;
                    writeln!(text, "{}", done.unwrap_or_else(|| (*line).to_owned())).unwrap();
                    write_what_came(&mut text, &mut terminals, name, &mut got).await;
                }
            } else if let Step::Hear(expected) = step {
                let actual = hear(&mut terminals, name, &mut got).await;
                assert!(is_as_printed(expected, &actual), "{path}\nprints {line}\nand got {actual}");
            } else {
                assert_eq!(got, None, "{path} lacks an answer before {line}");
                act(&server, &mut terminals, name, &step, &mut got).await;
            }
        }
        blessed.insert(block.first_line, text);
    }
    assert!(lines >= 4, "{path} has no session");
    if bless {
        std::fs::write(root().join(path), with_blocks(&page, &blessed)).unwrap();
    }
}

/// The terminal of a line, and the action.
fn step(line: &str) -> (&str, Step<'_>) {
    let (name, step) = match line.split_once(' ') {
        Some((name, step)) if name.bytes().all(|byte| byte.is_ascii_lowercase()) => (name, step),
        _ => ("", line),
    };
    let step = match step.split_once(' ').unwrap_or((step, "")) {
        ("^C", "") => Step::Close,
        (">", text) => Step::Send(text),
        ("<", text) => Step::Hear(text),
        ("$", command) => {
            let (command, address) = command.rsplit_once(' ').unwrap();
            let (_, address) = address.split_once("://").unwrap();
            let path = address.strip_prefix(ADDRESS).unwrap();
            match command.split(' ').collect::<Vec<_>>()[..] {
                ["wscat", "-c"] => Step::Open { path, protocol: None },
                ["wscat", "-s", protocol, "-c"] => Step::Open { path, protocol: Some(protocol) },
                ["curl"] => Step::Get { path },
                _ => panic!("no such command: {line}"),
            }
        }
        _ => Step::Hear(line),
    };
    (name, step)
}

/// Executes a line. Returns the line as executed, if it has to be written to the page.
async fn act(
    server: &Server,
    terminals: &mut BTreeMap<String, Terminal>,
    name: &str,
    step: &Step<'_>,
    got: &mut Option<String>,
) -> Option<String> {
    let terminal = terminals.entry(name.to_owned()).or_insert(Terminal { peer: None, place: None });
    match step {
        Step::Open { path, protocol } => {
            let more =
                protocol.map_or_else(String::new, |name| format!("Sec-WebSocket-Protocol: {name}\r\n"));
            let stream = TcpStream::connect(server.addr).await.unwrap();
            terminal.peer = Some(Peer::open_with(stream, path, &more, &[]).await);
            None
        }
        Step::Get { path } => {
            *got = Some(server.get(path).await.body);
            None
        }
        Step::Close => {
            terminal.peer = None;
            None
        }
        Step::Send(text) => {
            let text = since_here(text, terminal.place.as_ref());
            terminal.peer.as_mut().unwrap().send_text(text.as_bytes()).await;
            let name = if name.is_empty() { String::new() } else { format!("{name} ") };
            Some(format!("{name}> {text}"))
        }
        Step::Hear(_) => None,
    }
}

/// Replaces `since` in a message by the terminal's last cursor on this server.
fn since_here(text: &str, place: Option<&Value>) -> String {
    let Some((before, since)) = text.split_once("\"since\":") else { return text.to_owned() };
    let end = since.find([',', '}']).unwrap();
    format!("{before}\"since\":{}{}", place.unwrap(), &since[end..])
}

/// The next message to a terminal, or the body of the last GET.
async fn hear(terminals: &mut BTreeMap<String, Terminal>, name: &str, got: &mut Option<String>) -> String {
    if let Some(got) = got.take() {
        return got;
    }
    let terminal = terminals.get_mut(name).unwrap();
    match terminal.peer.as_mut().unwrap().read().await {
        Read::Text(text) => {
            terminal.note_place(&text);
            text
        }
        other => panic!("{name} got no message but {other:?}"),
    }
}

impl Terminal {
    /// Remembers the cursor of a message, if it has one.
    fn note_place(&mut self, text: &str) {
        let message = read(text);
        if matches!(message["type"].as_str(), Some("welcome" | "event" | "state")) {
            self.place = Some(message[CURSOR].clone());
        }
    }
}

/// Writes all messages that arrive, first those of the terminal that acted, then the
/// others'.
async fn write_what_came(
    text: &mut String,
    terminals: &mut BTreeMap<String, Terminal>,
    first: &str,
    got: &mut Option<String>,
) {
    if let Some(got) = got.take() {
        writeln!(text, "{got}").unwrap();
    }
    let others = terminals.keys().filter(|name| *name != first).cloned();
    let names: Vec<_> = std::iter::once(first.to_owned()).chain(others).collect();
    for name in names {
        let terminal = terminals.get_mut(&name).unwrap();
        let Some(peer) = terminal.peer.as_mut() else { continue };
        let mut came = Vec::new();
        while let Ok(Read::Text(text)) = timeout(Duration::from_millis(700), peer.read()).await {
            came.push(text);
        }
        for message in came {
            terminal.note_place(&message);
            let name = if name.is_empty() { String::new() } else { format!("{name} ") };
            writeln!(text, "{name}< {message}").unwrap();
        }
    }
}

/// Parses a line as JSON; other text becomes a string.
fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// Whether a message matches the printed one, except for varying fields. `…` matches
/// anything.
fn is_as_printed(printed: &str, actual: &str) -> bool {
    let parts: Vec<_> = printed.split('…').collect();
    match parts[..] {
        [whole] => alike(None, &read(whole), &read(actual)),
        [first, ref middle @ .., last] => {
            let Some(rest) = actual.strip_prefix(first) else { return false };
            let Some(mut rest) = rest.strip_suffix(last) else { return false };
            middle.iter().all(|part| match rest.split_once(part) {
                Some((_, after)) => {
                    rest = after;
                    true
                }
                None => false,
            })
        }
        [] => false,
    }
}

/// Whether a value matches the printed one, except for varying fields.
fn alike(field: Option<&str>, printed: &Value, actual: &Value) -> bool {
    if field.is_some_and(|field| VARIES.contains(&field)) {
        return printed.is_number() == actual.is_number();
    }
    match (printed, actual) {
        (Value::Object(printed), Value::Object(actual)) => {
            printed.len() == actual.len()
                && printed.iter().all(|(name, value)| {
                    actual.get(name).is_some_and(|actual| alike(Some(name.as_str()), value, actual))
                })
        }
        (Value::Array(printed), Value::Array(actual)) => {
            printed.len() == actual.len()
                && printed.iter().zip(actual).all(|(printed, actual)| alike(None, printed, actual))
        }
        _ => printed == actual,
    }
}

/// The page with new lines in its blocks.
fn with_blocks(page: &Page, blocks: &BTreeMap<usize, String>) -> String {
    let mut text = String::new();
    let mut lines = page.text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        writeln!(text, "{line}").unwrap();
        if let Some(block) = blocks.get(&(number + 1)) {
            text.push_str(block);
            let fence =
                lines.by_ref().map(|(_, line)| line).find(|line| line.trim_start().starts_with("```"));
            writeln!(text, "{}", fence.unwrap()).unwrap();
        }
    }
    text
}

#[test]
fn a_message_that_is_printed_otherwise_is_found() {
    let printed = read(r#"{"type":"ack","id":"a1","seq":1,"at":5,"items":[{"price":1}]}"#);
    assert!(alike(None, &printed, &read(r#"{"type":"ack","id":"a1","seq":1,"at":6,"items":[{"price":1}]}"#)));
    for other in [
        r#"{"type":"ack","id":"a1","seq":2,"at":5,"items":[{"price":1}]}"#,
        r#"{"type":"ack","id":"a1","seq":1,"at":"5","items":[{"price":1}]}"#,
        r#"{"type":"ack","id":"a1","seq":1,"at":5,"items":[{"price":2}]}"#,
        r#"{"type":"ack","id":"a1","seq":1,"at":5,"items":[]}"#,
        r#"{"type":"ack","id":"a1","seq":1,"at":5}"#,
        r#"{"type":"ack","id":"a1","seq":1,"at":5,"items":[{"price":1}],"repeated":true}"#,
    ] {
        assert!(!alike(None, &printed, &read(other)), "{other}");
    }
    assert!(is_as_printed(r#"{"a":1,…,"c":3,…}"#, r#"{"a":1,"b":2,"c":3,"d":4}"#));
    for other in [r#"{"a":1,…,"e":5,…}"#, r#"{"a":2,…}"#, r#"{"a":1,…,"c":3}"#] {
        assert!(!is_as_printed(other, r#"{"a":1,"b":2,"c":3,"d":4}"#), "{other}");
    }
}
