//! Hostile requests, as bytes; some are not HTTP at all.

use crate::scene::OPEN;

pub(crate) struct Case {
    pub(crate) what: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// The status of the answer. `None`: the connection ends without one.
    pub(crate) status: Option<u16>,
}

struct Cases(Vec<Case>);

impl Cases {
    fn raw(&mut self, what: &'static str, status: u16, bytes: impl Into<Vec<u8>>) {
        self.0.push(Case { what, bytes: bytes.into(), status: Some(status) });
    }

    /// Adds bytes that are not HTTP/1 and get no answer.
    fn cut_off(&mut self, what: &'static str, bytes: impl Into<Vec<u8>>) {
        self.0.push(Case { what, bytes: bytes.into(), status: None });
    }

    /// Adds a request with this request line and further header lines.
    fn line(&mut self, what: &'static str, status: u16, line: &str, more: &str) {
        self.raw(what, status, format!("{line}\r\nHost: localhost\r\nConnection: close\r\n{more}\r\n"));
    }

    fn get(&mut self, what: &'static str, status: u16, path: &str) {
        self.line(what, status, &format!("GET {path} HTTP/1.1"), "");
    }

    /// Adds a handshake with these header lines instead of the valid ones.
    fn handshake(&mut self, what: &'static str, status: u16, lines: &[&str]) {
        let head = format!("GET /parties/main/{OPEN} HTTP/1.1\r\nHost: localhost\r\n");
        self.raw(what, status, format!("{head}{}\r\n\r\n", lines.join("\r\n")));
    }
}

const UPGRADE: &str = "Upgrade: websocket";
const CONNECTION: &str = "Connection: Upgrade";
const VERSION: &str = "Sec-WebSocket-Version: 13";
const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Cases(Vec::new());
    not_http(&mut cases);
    first_lines(&mut cases);
    paths(&mut cases);
    heads(&mut cases);
    bodies(&mut cases);
    handshakes(&mut cases);
    names(&mut cases);
    cases.0
}

fn not_http(cases: &mut Cases) {
    cases.raw("TLS", 400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec());
    cases.cut_off("HTTP/2 without asking", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec());
    cases.raw("SSH", 400, b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec());
    cases.raw("SMTP", 400, b"EHLO evil.example\r\n\r\n".to_vec());
    cases.raw("Redis", 400, b"*1\r\n$4\r\nPING\r\n\r\n".to_vec());
    cases.raw("a proxy's greeting", 400, b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n\r\n".to_vec());
    cases.raw("zeros", 400, vec![0; 64]);
    cases.raw("bytes that are no text", 400, b"\xff\xfe\xfd\r\n\r\n".to_vec());
    cases.raw("JSON", 400, b"{\"type\":\"finalize\"}\r\n\r\n".to_vec());
    cases.raw(
        "a WebSocket frame without a handshake",
        400,
        crate::server::frame(0x81, b"{\"type\":\"finalize\"}\r\n\r\n"),
    );
}

fn first_lines(cases: &mut Cases) {
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "FINALIZE", "get", "G"] {
        cases.line("another method on an order", 405, &format!("{method} /parties/main/{OPEN} HTTP/1.1"), "");
    }
    cases.line("a method with a character that none has", 400, "GE(T / HTTP/1.1", "");
    cases.line("CONNECT", 405, "CONNECT evil.example:443 HTTP/1.1", "");
    cases.line("no target", 400, "GET HTTP/1.1", "");
    cases.line("a target with a space", 400, "GET /a b HTTP/1.1", "");
    cases.line("a target with a control character", 400, "GET /a\u{1}b HTTP/1.1", "");
    cases.line("HTTP/3", 400, "GET / HTTP/3.0", "");
    cases.line("HTTP/0.9", 400, "GET /", "");
    cases.line("a version that is none", 400, "GET / HTTQ/1.1", "");
    cases.line("a version without end", 400, "GET / HTTP/1.11111", "");
    cases.raw("a line that ends early", 400, b"GET\r\n\r\n".to_vec());
    let long = "a".repeat(20_000);
    cases.line("a target that is too long", 431, &format!("GET /{long} HTTP/1.1"), "");
    cases.line("a query that is too long", 431, &format!("GET /parties/main/{OPEN}?{long} HTTP/1.1"), "");
}

fn paths(cases: &mut Cases) {
    for path in [
        "/etc/passwd",
        "/../../etc/passwd",
        "/parties/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/.git/config",
        "/.env",
        "/stonepot.db",
        "/data/stonepot.db",
        "/resume.key",
        "/admin",
        "/metrics",
        "/debug/pprof",
        "/parties",
        "/parties/",
        "/parties/main",
        "/parties/main/",
        "/parties/admin/x",
        "/parties//open-table",
        "/parties/MAIN/open-table",
        "/party",
        "/index.php?id=1'%20OR%201=1",
        "/cgi-bin/../../../../bin/sh",
        "//parties/main/open-table",
        "/server.log",
        "/wp-login.php",
    ] {
        cases.get("a path at which nothing is", 404, path);
    }
    let long = format!("/parties/main/{}", "r".repeat(129));
    cases.get("a room that cannot be", 400, &long);
    for path in ["/parties/main/a\"b", "/parties/main/a|b", "/parties/main/a^b"] {
        cases.get("a room that cannot be", 400, path);
    }
    // Names are compared exactly.
    for room in [
        "open-tabl",
        "open-table%00",
        "OPEN-TABLE",
        "open%2dtable",
        "..%2fopen-table",
        "main%2Fopen-table",
        "*",
        "__proto__",
        "%E2%80%AEopen-table",
    ] {
        cases.get("a room that is another", 404, &format!("/parties/main/{room}"));
    }
    for query in [
        "history",
        "history&resume=x",
        "history&resume=YXNoYQ.AAAA",
        "history&resume=.",
        "history&resume=%00",
        "history&limit=1",
    ] {
        cases.get("a history without a proof", 403, &format!("/parties/main/{OPEN}?{query}"));
    }
}

fn heads(cases: &mut Cases) {
    let get = "GET /healthz HTTP/1.1";
    for line in [
        "NoColon\r\n",
        ": nameless\r\n",
        "Bad Name: x\r\n",
        "Na\u{1}me: x\r\n",
        "Name : x\r\n",
        "X: a\u{0}b\r\n",
    ] {
        cases.line("a header that is none", 400, get, line);
    }
    cases.line("a header that goes on in the next line", 400, get, "X: a\r\n b\r\n");
    cases.line("too many headers", 431, get, &"X: y\r\n".repeat(101));
    cases.line("a header that is too large", 431, get, &format!("X: {}\r\n", "y".repeat(20_000)));
    cases.line("a name that is too long", 431, get, &format!("{}: y\r\n", "X".repeat(20_000)));
}

fn bodies(cases: &mut Cases) {
    let post = &format!("POST /parties/main/{OPEN} HTTP/1.1");
    cases.line("two lengths", 400, post, "Content-Length: 5\r\nContent-Length: 6\r\n");
    cases.line("a length that is none", 400, post, "Content-Length: x\r\n");
    cases.line("a length below zero", 400, post, "Content-Length: -1\r\n");
    cases.line("a length beyond all numbers", 400, post, "Content-Length: 99999999999999999999999\r\n");
    cases.line(
        "chunks beside a length",
        405,
        post,
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n",
    );
    cases.line("another encoding", 400, post, "Transfer-Encoding: gzip\r\n");
    cases.line("chunked twice over", 400, post, "Transfer-Encoding: chunked, identity\r\n");
    // A second request inside the body of the first is not executed.
    cases.line(
        "a request in a body",
        405,
        post,
        &format!("Content-Length: 40\r\n\r\nGET /parties/main/{OPEN} HTTP/1.1\r\n"),
    );
    cases.line("a huge length", 405, post, "Content-Length: 9223372036854775807\r\n");
}

fn handshakes(cases: &mut Cases) {
    cases.handshake("no key", 400, &[UPGRADE, CONNECTION, VERSION]);
    cases.handshake(
        "a key that is too short",
        400,
        &[UPGRADE, CONNECTION, VERSION, "Sec-WebSocket-Key: c2hvcnQ="],
    );
    cases.handshake(
        "a key that is too long",
        400,
        &[UPGRADE, CONNECTION, VERSION, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSBpcyB0b28gbG9uZw=="],
    );
    cases.handshake(
        "a key that is not base64",
        400,
        &[UPGRADE, CONNECTION, VERSION, "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!=="],
    );
    cases.handshake(
        "two keys",
        400,
        &[UPGRADE, CONNECTION, VERSION, KEY, "Sec-WebSocket-Key: c2Vjb25kIHNhbXBsZSBrZQ=="],
    );
    cases.handshake("no version", 426, &[UPGRADE, CONNECTION, KEY]);
    cases.handshake("version 8", 426, &[UPGRADE, CONNECTION, KEY, "Sec-WebSocket-Version: 8"]);
    cases.handshake("version 130", 426, &[UPGRADE, CONNECTION, KEY, "Sec-WebSocket-Version: 130"]);
    cases.handshake("no Connection", 400, &[UPGRADE, VERSION, KEY]);
    let post = format!(
        "POST /parties/main/{OPEN} HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n{CONNECTION}\r\n{VERSION}\r\n{KEY}\r\n\r\n"
    );
    cases.raw("a handshake by POST", 405, post);
    let old = format!(
        "GET /parties/main/{OPEN} HTTP/1.0\r\nHost: localhost\r\n{UPGRADE}\r\n{CONNECTION}\r\n{VERSION}\r\n{KEY}\r\n\r\n"
    );
    cases.raw("a handshake by HTTP/1.0", 400, old);
    let elsewhere = format!(
        "GET /parties/admin/x HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n{CONNECTION}\r\n{VERSION}\r\n{KEY}\r\n\r\n"
    );
    cases.raw("a handshake with another party", 404, elsewhere);
    let long = "r".repeat(129);
    let room = format!(
        "GET /parties/main/{long} HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n{CONNECTION}\r\n{VERSION}\r\n{KEY}\r\n\r\n"
    );
    cases.raw("a handshake with a room that cannot be", 400, room);
}

/// Requests by a name that resolves to this machine but is not its own, and from pages of
/// other sites.
fn names(cases: &mut Cases) {
    let room = format!("/parties/main/{OPEN}");
    for name in
        ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.1", "evil@localhost", ""]
    {
        let look = format!("GET {room} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        cases.raw("an order by another name", 403, look);
        let knock = format!(
            "GET {room} HTTP/1.1\r\nHost: {name}\r\nOrigin: http://{name}\r\n{UPGRADE}\r\n{CONNECTION}\r\n{VERSION}\r\n{KEY}\r\n\r\n"
        );
        cases.raw("a socket of a rebound page", 403, knock);
    }
    cases.line("two names", 403, &format!("GET {room} HTTP/1.1"), "Host: localhost\r\n");
    cases.line("another name in the first line", 403, &format!("GET http://evil.example{room} HTTP/1.1"), "");
    for origin in
        ["https://evil.example", "http://localhost.evil.example", "http://localhost@evil.example", "null"]
    {
        let line = format!("Origin: {origin}\r\n");
        cases.line("an order for a page elsewhere", 403, &format!("GET {room} HTTP/1.1"), &line);
        let origin = format!("Origin: {origin}");
        cases.handshake("a socket of a page elsewhere", 403, &[&origin, UPGRADE, CONNECTION, VERSION, KEY]);
    }
}
