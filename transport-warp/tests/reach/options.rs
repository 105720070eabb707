//! Each way to start the server, and who may use it then.

use std::process::Command;

use serde_json::json;
use tokio::net::TcpStream;

use crate::browser::{
    bad_host, bad_page, knock, lines, look, no_order, on_every_network, opened, opens, server, shows,
};
use crate::process::{Running, STONEPOT, end_of, stonepot};
use crate::server::{Peer, ROOM, ask};

/// Pages of the internet, and origins that only look like this machine.
const FOREIGN: [&str; 14] = [
    "https://evil.example",
    "http://evil.example:1999",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://localhost@evil.example",
    "http://evillocalhost",
    "http://0.0.0.0:1999",
    "http://192.168.0.7",
    "http://127.1",
    "http://2130706433",
    "http://localhost:0",
    "null",
    "file://",
    "http://localhost, http://evil.example",
];

const OF_THIS_MACHINE: [&str; 8] = [
    "http://localhost",
    "http://localhost:5173",
    "https://localhost:8443",
    "http://app.localhost:3000",
    "http://LOCALHOST:1",
    "http://127.0.0.1:3000",
    "http://127.9.9.9",
    "http://[::1]:3000",
];

/// Names that DNS may resolve to a loopback address, and others that do not belong to this
/// machine.
const REBOUND: [&str; 11] = [
    "evil.example",
    "evil.example:1999",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "192.168.0.7",
    "0.0.0.0",
    "127.1",
    "2130706433",
    "localhost:0",
    "evil@localhost",
    "",
];

#[tokio::test]
async fn on_a_loopback_address_only_this_machines_pages_and_names_get_in() {
    let server = server(&[]);
    let own = server.addr.to_string();
    for origin in OF_THIS_MACHINE.into_iter().chain([format!("http://{own}").as_str(), ""]) {
        assert_eq!(opens(server.addr, &own, origin).await, opened(), "{origin}");
        assert_eq!(shows(server.addr, &own, origin).await, no_order(), "{origin}");
    }
    for origin in FOREIGN {
        assert_eq!(opens(server.addr, &own, origin).await, bad_page(), "{origin}");
        assert_eq!(shows(server.addr, &own, origin).await, bad_page(), "{origin}");
    }
    for host in
        ["localhost", "LOCALHOST:7", "localhost.", "x.localhost", "127.0.0.1", "127.3.2.1:80", "[::1]:1999"]
    {
        assert_eq!(opens(server.addr, host, "").await, opened(), "{host}");
    }
    for host in REBOUND {
        // With DNS rebinding, the page's origin has the same name.
        for origin in ["", "http://localhost", &format!("http://{host}")] {
            assert_eq!(opens(server.addr, host, origin).await, bad_host(), "{host} {origin}");
            assert_eq!(shows(server.addr, host, origin).await, bad_host(), "{host} {origin}");
        }
    }
}

#[tokio::test]
async fn a_host_counts_for_everything_that_is_served() {
    let server = server(&[]);
    for path in ["/", "/app.js", "/healthz", "/readyz", "/nowhere", "/parties/nowhere/r1", "/parties/main"] {
        for method in ["GET", "HEAD", "OPTIONS", "POST"] {
            let ask = |host: &str| format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            let refused = crate::server::ask(server.addr, &ask("evil.example")).await;
            assert_eq!(refused.status, 403, "{method} {path}");
            assert_ne!(
                crate::server::ask(server.addr, &ask("localhost")).await.status,
                403,
                "{method} {path}"
            );
        }
    }
    let history = format!("{ROOM}?history&resume=x");
    assert_eq!(
        look(server.addr, &history, "Host: evil.example\r\n").await.json()["code"],
        "host_not_allowed"
    );
    let foreign = lines("localhost", "https://evil.example");
    assert_eq!(look(server.addr, &history, &foreign).await.json()["code"], "origin_not_allowed");
    let preflight = format!("OPTIONS {ROOM} HTTP/1.1\r\n{foreign}\r\n");
    assert_eq!(ask(server.addr, &preflight).await.status, 204, "where the name is right");
}

#[tokio::test]
async fn a_host_that_is_missing_twice_there_or_in_the_first_line_is_judged() {
    let server = server(&[]);
    let status = async |request: &str| ask(server.addr, request).await.status;
    assert_eq!(status("GET /healthz HTTP/1.0\r\n\r\n").await, 200, "no browser leaves it out");
    assert_eq!(status("GET /healthz HTTP/1.0\r\nHost: evil.example\r\n\r\n").await, 403);
    for two in [
        "Host: localhost\r\nHost: localhost\r\n",
        "Host: localhost\r\nHost: evil.example\r\n",
        "Host: evil.example\r\nHost: localhost\r\n",
        "Host: localhost, evil.example\r\n",
        "Host:\r\n",
        // A page may set these headers itself.
        "Host: evil.example\r\nX-Forwarded-Host: localhost\r\n",
        "Host: evil.example\r\nForwarded: host=localhost\r\n",
    ] {
        assert_eq!(status(&format!("GET /healthz HTTP/1.1\r\n{two}\r\n")).await, 403, "{two}");
    }
    for (target, host, expected) in [
        ("http://localhost", "evil.example", 200),
        ("http://127.0.0.1:1999", "evil.example", 200),
        ("http://evil.example", "localhost", 403),
        ("http://localhost@evil.example", "localhost", 403),
        ("http://localhost.evil.example", "localhost", 403),
    ] {
        let request = format!("GET {target}/healthz HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(status(&request).await, expected, "{target} {host}");
    }
}

#[tokio::test]
async fn what_is_turned_away_changes_nothing_and_nobody_hears_of_it() {
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(stonepot(data.path()));
    let mut ann = Peer::open(TcpStream::connect(server.addr).await.unwrap(), ROOM, &[]).await;
    ann.join("ann").await;
    ann.add("Dosa", 90).await;
    ann.hear("item_added").await;
    let before = look(server.addr, ROOM, "Host: localhost\r\n").await.body;

    for (host, origin) in [("localhost", "https://evil.example"), ("evil.example", "http://evil.example")] {
        let refused = knock(server.addr, &lines(host, origin)).await;
        assert_eq!(refused.status, 403, "{refused:?}");
        let looked = look(server.addr, ROOM, &lines(host, origin)).await;
        assert!(looked.status == 403 && !looked.body.contains("Dosa"), "{looked:?}");
    }

    assert_eq!(look(server.addr, ROOM, "Host: localhost\r\n").await.body, before);
    ann.say(&json!({"type": "add_item", "data": {"dishName": "Idli", "quantity": 1, "price": 40}})).await;
    assert_eq!(ann.hear("item_added").await["data"]["item"]["dishName"], "Idli", "the next that she hears");
}

#[tokio::test]
async fn a_public_host_is_answered_and_its_pages_get_in() {
    let mut by_variable = Command::new(STONEPOT);
    by_variable.args(["--addr", "127.0.0.1:0", "--log", "memory"]);
    by_variable.env("STONEPOT_PUBLIC_HOST", "shop.example,Table.example:8080");
    let by_options = server(&["--public-host", "shop.example", "--public-host", "table.example:8080"]);
    for server in [Running::start(by_variable), by_options] {
        for (host, origin) in [
            ("shop.example", "https://shop.example"),
            ("shop.example:1999", "http://shop.example:1999"),
            ("SHOP.example", "https://shop.example:443"),
            ("table.example:8080", "http://table.example:8080"),
            ("shop.example", "http://localhost:5173"),
            ("localhost", "http://localhost"),
            ("localhost", "https://shop.example"),
            ("shop.example", ""),
        ] {
            assert_eq!(opens(server.addr, host, origin).await, opened(), "{host} {origin}");
        }
        for host in
            ["table.example", "table.example:8081", "shop.example.evil", "a.shop.example", "evil.example"]
        {
            assert_eq!(opens(server.addr, host, "").await, bad_host(), "{host}");
        }
        for origin in ["https://evil.example", "https://shop.example.evil", "http://shop.example:81", "null"]
        {
            assert_eq!(opens(server.addr, "shop.example", origin).await, bad_page(), "{origin}");
            assert_eq!(shows(server.addr, "shop.example", origin).await, bad_page(), "{origin}");
        }
    }
}

#[tokio::test]
async fn listed_origins_are_all_that_may_and_their_hosts_are_answered() {
    let server = server(&["--allow-origin", "https://app.example,http://b.example:8080"]);
    let own = server.addr.to_string();
    for host in [own.as_str(), "app.example", "b.example:1999", "localhost"] {
        for origin in ["https://app.example", "http://b.example:8080", ""] {
            assert_eq!(opens(server.addr, host, origin).await, opened(), "{host} {origin}");
        }
        let own_page = format!("http://{own}");
        for origin in
            ["http://app.example", "https://evil.example", "http://localhost:5173", &own_page, "null"]
        {
            assert_eq!(opens(server.addr, host, origin).await, bad_page(), "{host} {origin}");
        }
    }
    assert_eq!(shows(server.addr, &own, "https://app.example").await, no_order());
    assert_eq!(shows(server.addr, &own, "https://evil.example").await, bad_page());
    assert_eq!(opens(server.addr, "evil.example", "https://app.example").await, bad_host());
    assert_eq!(opens(server.addr, "evil.example", "http://evil.example").await, bad_host());
}

#[tokio::test]
async fn a_star_is_any_page_and_any_name() {
    for server in [server(&["--allow-origin", "*"]), on_every_network(&["--insecure", "--allow-origin", "*"])]
    {
        for (host, origin) in [
            ("localhost", "https://evil.example"),
            ("evil.example", "http://evil.example"),
            ("x", "null"),
            ("x", ""),
        ] {
            assert_eq!(opens(server.addr, host, origin).await, opened(), "{host} {origin}");
            assert_eq!(shows(server.addr, host, origin).await, no_order(), "{host} {origin}");
        }
    }
}

#[tokio::test]
async fn a_trusted_proxy_on_this_machine_sees_to_the_name() {
    for proxy in ["127.0.0.1", "127.0.0.0/8", "10.0.0.0/8,::1"] {
        let server = server(&["--trusted-proxy", proxy]);
        for (host, origin, expected) in [
            ("shop.example", "https://shop.example", opened()),
            ("other.example:8080", "http://other.example:8080", opened()),
            ("shop.example", "", opened()),
            ("shop.example", "https://evil.example", bad_page()),
            ("shop.example", "null", bad_page()),
            // `localhost` of a guest's machine.
            ("shop.example", "http://localhost:5173", bad_page()),
        ] {
            assert_eq!(opens(server.addr, host, origin).await, expected, "{proxy} {host} {origin}");
        }
    }
    let elsewhere = server(&["--trusted-proxy", "10.0.0.0/8"]);
    assert_eq!(opens(elsewhere.addr, "shop.example", "https://shop.example").await, bad_host());
    let named = server(&["--trusted-proxy", "127.0.0.1", "--public-host", "shop.example"]);
    assert_eq!(opens(named.addr, "shop.example", "https://shop.example").await, opened());
    assert_eq!(
        opens(named.addr, "evil.example", "http://evil.example").await,
        bad_host(),
        "names that are given are all"
    );
    let listed = server(&["--trusted-proxy", "127.0.0.1", "--allow-origin", "https://app.example"]);
    assert_eq!(opens(listed.addr, "shop.example", "https://app.example").await, opened());
    assert_eq!(opens(listed.addr, "shop.example", "https://shop.example").await, bad_page());
}

#[tokio::test]
async fn on_other_addresses_it_is_the_pages_that_were_named() {
    let named = on_every_network(&["--insecure", "--public-host", "shop.example"]);
    for (host, origin, expected) in [
        ("shop.example", "https://shop.example", opened()),
        ("localhost", "", opened()),
        ("localhost", "http://localhost", opened()),
        ("shop.example", "http://localhost:5173", bad_page()),
        ("shop.example", "https://evil.example", bad_page()),
        ("evil.example", "http://evil.example", bad_host()),
        ("0.0.0.0", "", bad_host()),
    ] {
        assert_eq!(opens(named.addr, host, origin).await, expected, "{host} {origin}");
    }
    let listed = on_every_network(&["--insecure", "--allow-origin", "https://app.example"]);
    for (host, origin, expected) in [
        ("10.1.2.3:1999", "https://app.example", opened()),
        ("10.1.2.3:1999", "", opened()),
        ("evil.example", "http://evil.example", bad_page()),
        ("10.1.2.3:1999", "http://10.1.2.3:1999", bad_page()),
    ] {
        assert_eq!(opens(listed.addr, host, origin).await, expected, "{host} {origin}");
    }
}

#[tokio::test]
async fn with_sign_in_any_name_is_answered_and_a_public_host_is_the_servers_own() {
    let data = tempfile::tempdir().unwrap();
    let keys = data.path().join("keys.json");
    let made = Command::new(STONEPOT).args(["token", "--new-key"]).arg(&keys).spawn().unwrap();
    assert!(end_of(made).status.success());
    let keys = keys.to_str().unwrap();
    let server = server(&["--auth", "required", "--auth-keys", keys, "--public-host", "shop.example"]);
    let no_token = (401, "token_missing".to_owned());
    for (host, origin, expected) in [
        ("evil.example", "http://evil.example", &no_token),
        ("upstream", "https://shop.example", &no_token),
        ("x", "", &no_token),
        ("upstream", "https://evil.example", &bad_page()),
        ("upstream", "http://localhost:5173", &bad_page()),
    ] {
        assert_eq!(opens(server.addr, host, origin).await, *expected, "{host} {origin}");
    }
    assert_eq!(shows(server.addr, "x", "https://evil.example").await, no_token);
}
