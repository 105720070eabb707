//! What the operator is told about refused requests.

use crate::browser::{bad_host, bad_page, knock, lines, look, on_every_network, opens, server};
use crate::server::ask;

/// The log lines about refused requests.
fn refusals(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains(" WARN ") && line.contains("got 403")).collect()
}

#[tokio::test]
async fn a_page_that_is_turned_away_is_a_line_that_says_what_to_set() {
    for (options, words) in [
        (&[][..], &["--allow-origin https://evil.example:8443", "--public-host evil.example:8443"][..]),
        (&["--allow-origin", "https://app.example"], &["add --allow-origin https://evil.example:8443"]),
        (&["--trusted-proxy", "127.0.0.1"], &["--allow-origin https://evil.example:8443"]),
    ] {
        let server = server(options);
        assert_eq!(opens(server.addr, "localhost", "HTTPS://Evil.Example:8443").await, bad_page());
        let log = server.stop("TERM");
        let lines = refusals(&log);
        assert_eq!(lines.len(), 1, "{log}");
        for word in words {
            assert!(lines[0].contains(word), "{word}: {log}");
        }
    }
    let server = server(&[]);
    assert_eq!(opens(server.addr, "localhost", "null").await, bad_page());
    assert_eq!(opens(server.addr, "localhost", "nonsense").await, bad_page());
    let log = server.stop("TERM");
    assert_eq!(refusals(&log).len(), 2, "{log}");
    assert!(refusals(&log).iter().all(|line| line.contains("--allow-origin '*'")), "{log}");
}

#[tokio::test]
async fn a_name_that_is_not_answered_is_a_line_that_says_what_to_set() {
    let server = server(&[]);
    assert_eq!(opens(server.addr, "Shop.Example:8080", "http://shop.example:8080").await, bad_host());
    assert_eq!(opens(server.addr, "shop.example, evil", "").await, bad_host());
    let log = server.stop("TERM");
    let lines = refusals(&log);
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines[0].contains("start it with --public-host shop.example:8080"), "{log}");
    assert!(lines[1].contains("proxy_set_header Host $http_host"), "{log}");
}

#[tokio::test]
async fn a_proxy_that_drops_the_port_gets_one_line_of_its_own() {
    for options in [
        &["--trusted-proxy", "127.0.0.1"][..],
        &["--public-host", "shop.example"],
        &["--public-host", "shop.example,shop.example:81"],
    ] {
        let server = server(options);
        for host in ["shop.example", "shop.example", "shop.example:80"] {
            assert_eq!(opens(server.addr, host, "http://shop.example:8080").await, bad_page(), "{host}");
        }
        let log = server.stop("TERM");
        let lines = refusals(&log);
        assert_eq!(lines.len(), 1, "{log}");
        for word in
            ["lacks the port", "proxy_set_header Host $http_host", "--allow-origin http://shop.example:8080"]
        {
            assert!(lines[0].contains(word), "{word}: {log}");
        }
    }
    let server = on_every_network(&["--insecure", "--public-host", "shop.example:8080"]);
    for _ in 0..3 {
        assert_eq!(opens(server.addr, "shop.example", "http://shop.example:8080").await, bad_host());
    }
    let log = server.stop("TERM");
    assert_eq!(refusals(&log).len(), 1, "{log}");
    assert!(log.contains("lacks the port of --public-host shop.example:8080"), "{log}");
}

#[tokio::test]
async fn another_port_of_the_same_host_is_another_page_and_no_lost_port() {
    let server = server(&["--trusted-proxy", "127.0.0.1"]);
    assert_eq!(opens(server.addr, "shop.example:8081", "http://shop.example:8080").await, bad_page());
    assert_eq!(opens(server.addr, "other.example", "http://shop.example:8080").await, bad_page());
    let log = server.stop("TERM");
    assert!(refusals(&log).len() == 2 && !log.contains("lacks the port"), "{log}");
}

#[tokio::test]
async fn a_flood_of_refusals_fills_no_log() {
    let server = server(&[]);
    for number in 0..200 {
        let origin = format!("http://n{number}.example");
        assert_eq!(opens(server.addr, "localhost", &origin).await, bad_page());
        assert_eq!(opens(server.addr, &format!("n{number}.example"), "").await, bad_host());
    }
    let log = server.stop("TERM");
    // A burst of ten of each kind, and one a minute, however slow the machine is.
    let lines = refusals(&log).len();
    assert!((20..60).contains(&lines), "{lines}: {log}");
}

#[tokio::test]
async fn the_log_has_hosts_and_origins_in_its_own_words_and_nothing_else_of_a_client() {
    let server = server(&[]);
    let endless = "x".repeat(300);
    for text in [
        "nobody-4711 sends this",
        "http://user-4711@evil.example",
        "http://evil.example/path-4711",
        "http://evil.example?query-4711",
        "http://\u{1b}[31m-4711",
        "javascript:-4711",
        &format!("http://{endless}.-4711"),
    ] {
        knock(server.addr, &lines("localhost", text)).await;
        knock(server.addr, &lines(text, "")).await;
        look(server.addr, "/", &lines(text, text)).await;
    }
    ask(server.addr, "GET http://user-4711@evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n").await;

    let log = server.stop("TERM");

    assert!(!refusals(&log).is_empty(), "{log}");
    for told in ["-4711", "javascript", &endless] {
        assert!(!log.contains(told), "{told}: {log}");
    }
}
