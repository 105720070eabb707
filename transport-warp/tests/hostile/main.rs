//! Hostile messages and requests, one after another, to a real server with a real file. The
//! sender is told what is wrong, others are told nothing, and the order and its log stay
//! the same, byte for byte.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test may panic"
)]

mod cases;
mod frames;
#[path = "../support/process.rs"]
mod process;
mod requests;
mod scene;
#[path = "../support/server.rs"]
mod server;

use std::collections::BTreeSet;

use cases::{Case, Seat};
use scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_hostile_messages_are_refused_to_their_sender_alone() {
    let cases = cases::all();
    let distinct: BTreeSet<_> = cases.iter().map(|case| (case.seat, case.text.as_str())).collect();
    assert_eq!(distinct.len(), cases.len(), "a case is there twice: {:?}", twice(&cases));
    assert!(cases.len() >= 300, "{} messages", cases.len());
    let groups: BTreeSet<_> = cases.iter().map(|case| case.what).collect();
    println!("{} messages in {} groups", cases.len(), groups.len());

    let mut scene = Scene::new().await;
    let mut wrong = Vec::new();
    for Case { what, seat, text, code } in &cases {
        let told = scene.send(*seat, text).await;
        if told != *code {
            // A command that succeeds would change the table for all later cases.
            assert!(!told.ends_with("granted"), "{what}: {seat:?} was granted {text:.200}");
            wrong.push(format!("{what}: {seat:?} was told {told}, not {code}: {text:.200}"));
        }
        scene.nothing_happened(&format!("{what}: {text:.200}")).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let sent: Vec<_> = cases.iter().map(|case| case.text.as_str()).collect();
    scene.keeps_to_itself(&sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_break_the_protocol_end_their_own_socket_alone() {
    let mut scene = Scene::new().await;
    for case in frames::all() {
        for seat in [Seat::Stranger, Seat::Guest, Seat::GuestV2] {
            let closed = scene.send_frames(seat, &case.bytes).await;
            assert_eq!(closed, Some(case.close), "{}: {seat:?}", case.what);
            scene.nothing_happened(case.what).await;
        }
    }
    scene.keeps_to_itself(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn seventy_hostile_requests_are_answered_or_cut_off_and_nothing_else_happens() {
    let cases = requests::all();
    let distinct: BTreeSet<_> = cases.iter().map(|case| &case.bytes).collect();
    assert_eq!(distinct.len(), cases.len(), "a case is there twice");
    assert!(cases.len() >= 70, "{} requests", cases.len());
    let mut scene = Scene::new().await;
    let mut wrong = Vec::new();
    for case in &cases {
        let answer = scene.ask(&case.bytes).await;
        if answer.status != case.status {
            let head = answer.text.lines().next().unwrap_or_default();
            wrong.push(format!("{}: {:?}, not {:?}: {head}", case.what, answer.status, case.status));
        }
        for secret in scene::SECRETS {
            assert!(!answer.text.contains(secret), "{}: {}", case.what, answer.text);
        }
        scene.nothing_happened(case.what).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let sent: Vec<_> = cases.iter().map(|case| String::from_utf8_lossy(&case.bytes)).collect();
    // A valid host or origin is logged for the operator (see `tests/reach`); no other part of
    // these lines may be.
    let is_told = |line: &str| line.starts_with("Host: ") || line.starts_with("Origin: ");
    let lines = sent.iter().flat_map(|text| text.lines());
    let lines = lines.filter(|line| !ORDINARY.contains(line) && !is_told(line));
    scene.keeps_to_itself(&lines.collect::<Vec<_>>());
}

/// Lines that also occur in ordinary requests.
const ORDINARY: [&str; 3] = ["Connection: close", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_odd_is_kept_as_text_and_harms_nobody() {
    let mut scene = Scene::new().await;
    for name in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "{{7*7}}${7*7}<%= 7*7 %>",
        "'; DROP TABLE log; --",
        "%n%n%n%s",
        "=HYPERLINK(\"http://evil.example\")",
        "../../etc/passwd",
        "\u{645}\u{631}\u{62d}\u{628}\u{627} naan",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    ] {
        assert_eq!(scene.orders(name).await, name);
    }
    // Characters that control a printer or a terminal, or hide or reorder text, are removed;
    // the rest stays.
    for (sent, kept) in [
        ("na\u{1b}[31man", "na[31man"),
        ("naan\u{7}\u{8}\u{0}", "naan"),
        ("line\r\nbreak", "linebreak"),
        ("gnp\u{202e}.naan", "gnp.naan"),
        ("na\u{2066}an\u{2069}", "naan"),
        ("na\u{feff}an\u{200b}", "naan"),
        ("a\u{2028}b\u{2029}c", "abc"),
    ] {
        assert_eq!(scene.orders(sent).await, kept, "{sent:?}");
    }
}

fn twice(cases: &[Case]) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    cases.iter().filter(|case| !seen.insert((case.seat, &case.text))).map(|case| case.text.as_str()).collect()
}
