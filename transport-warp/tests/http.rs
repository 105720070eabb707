//! HTTP: what every address answers, and with which headers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test may panic"
)]

#[path = "support/broken_log.rs"]
mod broken_log;
#[path = "support/server.rs"]
mod server;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use broken_log::BrokenLog;
use serde_json::json;
use server::{Answer, HANDSHAKE, Peer, ROOM, Server, request};
use transport_warp::{AcceptSettings, RouteSettings};

/// One address of each kind, and some that do not exist.
const ADDRESSES: [&str; 12] = [
    "/",
    "/app.js",
    "/style.css",
    "/healthz",
    "/readyz",
    ROOM,
    "/party/r1",
    "/parties/Nope/r1",
    "/parties/main",
    "/parties",
    "/party/",
    "/nowhere/at/all",
];

#[tokio::test]
async fn a_request_that_names_no_path_is_answered() {
    let server = Server::start().await;
    let answer = server.ask("CONNECT a:80 HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(answer.status, 405);
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_room_shows_its_order_without_names_and_phones() {
    let server = Server::start().await;
    let mut ann = server.open(ROOM).await;
    let data = json!({"phone": "9876543210", "circleId": "secret-circle", "tenantId": "secret-tenant"});
    ann.say(
        &json!({"type": "join", "participantId": "tenant_77", "participantName": "Annapurna", "data": data}),
    )
    .await;
    ann.hear("sync").await;
    ann.hear("participant_joined").await;
    ann.add("Dosa", 90).await;
    ann.hear("item_added").await;

    let answer = server.get(ROOM).await;

    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let view = answer.json();
    assert_eq!((&view["sessionId"], &view["total"]), (&json!("r1"), &json!(90)));
    assert_eq!((&view["participantCount"], &view["items"][0]["dishName"]), (&json!(1), &json!("Dosa")));
    for secret in ["9876543210", "Annapurna", "tenant_77", "secret-circle", "secret-tenant"] {
        assert!(!answer.body.contains(secret), "{secret}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_history_is_for_those_alone_who_prove_that_they_are_on_the_order() {
    let server = Server::start().await;
    let mut ann = Peer::open_v2(server.addr, ROOM).await;
    let data = json!({"phone": "9876543210"});
    let join = json!({"type": "join", "id": "j", "participantId": "ann", "participantName": "Annapurna", "data": data});
    ann.say(&join).await;
    let token = ann.hear("welcome").await["resumeToken"].as_str().unwrap().to_owned();

    let history = server.get(&format!("{ROOM}?history&resume={token}&limit=1")).await;

    assert_eq!((history.status, history.header("cache-control")), (200, Some("no-store")));
    assert_eq!(
        (&history.json()["entries"][0]["byName"], &history.json()["more"]),
        (&json!("Annapurna"), &json!(false))
    );
    assert!(!history.body.contains("9876543210"), "{}", history.body);
    for stranger in [
        format!("{ROOM}?history"),
        format!("{ROOM}?history=1&resume="),
        format!("{ROOM}?history&resume={token}x"),
        format!("/parties/main/another?history&resume={token}"),
    ] {
        let refused = server.get(&stranger).await;
        assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("join_first")), "{stranger}");
        assert!(!refused.body.contains("Annapurna"));
    }
    for wrong in ["limit=0", "limit=201", "limit=x", "before=0", "before=-1", "before="] {
        assert_eq!(
            server.get(&format!("{ROOM}?history&resume={token}&{wrong}")).await.status,
            400,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn one_room_has_many_addresses_and_labels_change_nothing() {
    let server = Server::start().await;
    server.join("/parties/main/r1", "ann").await;
    for same in
        ["/party/r1", "/party/main/r1", "/parties/main/r1/", "/parties/main/r1/more?_pk=abc", "/party/r1?x=1"]
    {
        assert_eq!(server.get(same).await.json()["sessionId"], "r1", "{same}");
    }
    for other in
        ["/parties/collaborative_order/r1", "/party/collaborative-order/r1", "/party/r%31", "/party/R1"]
    {
        assert_eq!(server.get(other).await.status, 404, "{other}");
    }
}

#[tokio::test]
async fn an_order_that_nobody_joined_is_not_found() {
    let server = Server::start().await;
    let looked = server.get(ROOM).await;
    assert_eq!((looked.status, looked.header("content-type")), (404, Some("application/json")));
    assert_eq!(looked.json()["code"], "order_not_found");

    let mut peer = server.open(ROOM).await;
    peer.send_text(b"ping").await;
    peer.read().await;
    assert_eq!(server.get(ROOM).await.status, 404, "a socket that has not joined makes no order");
}

#[tokio::test]
async fn addresses_without_a_room_are_plain_text_errors() {
    let server = Server::start().await;
    for (path, status, text) in [
        ("/parties/Main/r1", 404, "Party Main not found\n"),
        ("/parties/%3Cb%3E/r1", 404, "Party %3Cb%3E not found\n"),
        ("/parties/main", 404, "No room in the address"),
        ("/parties//r1", 404, "No room in the address"),
        ("/party", 404, "No room in the address"),
        ("/nowhere", 404, "There is nothing"),
        (&format!("/party/{}", "r".repeat(129)), 400, "Bad room: a room's name has at most 128 bytes"),
        ("/party/{r}", 400, "Bad room"),
    ] {
        for more in ["", HANDSHAKE] {
            let answer = server.ask(&request("GET", path, more)).await;
            assert_eq!(answer.status, status, "{path}");
            assert!(answer.body.starts_with(text), "{path}: {}", answer.body);
            assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{path}");
        }
    }
}

#[tokio::test]
async fn a_preflight_is_answered_at_every_address() {
    let server = Server::start().await;
    for path in ADDRESSES {
        let more = "Origin: https://example.com\r\nAccess-Control-Request-Method: GET\r\n";
        let answer = server.ask(&request("OPTIONS", path, more)).await;
        assert_eq!(answer.status, 204, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(answer.header("access-control-allow-methods"), Some("GET, HEAD, OPTIONS"), "{path}");
        let headers = answer.header("access-control-allow-headers").unwrap();
        assert!(headers.contains('*') && headers.contains("Authorization"), "{path}");
        assert_eq!(answer.header("access-control-max-age"), Some("86400"), "{path}");
    }
}

#[tokio::test]
async fn every_answer_may_be_read_by_any_page_and_taken_for_nothing_else() {
    let server = Server::start().await;
    for path in ADDRESSES {
        for method in ["GET", "HEAD", "POST", "OPTIONS"] {
            let answer = server.ask(&request(method, path, "")).await;
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{method} {path}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn other_methods_are_refused_by_name() {
    let server = Server::start().await;
    for path in ["/", "/healthz", "/readyz", ROOM] {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let answer = server.ask(&request(method, path, "")).await;
            assert_eq!(
                (answer.status, answer.header("allow")),
                (405, Some("GET, HEAD, OPTIONS")),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let server = Server::start().await;
    for path in ["/", "/healthz", "/readyz", ROOM, "/nowhere"] {
        let got = server.get(path).await;
        let head = server.ask(&request("HEAD", path, "")).await;
        assert_eq!((head.status, head.body.as_str()), (got.status, ""), "{path}");
        for name in ["content-type", "content-length", "etag"] {
            assert_eq!(head.header(name), got.header(name), "{path}: {name}");
        }
    }
}

#[tokio::test]
async fn a_wrong_handshake_is_refused_in_plain_text_before_the_upgrade() {
    let server = Server::start().await;
    let without =
        |line: &str| HANDSHAKE.split_inclusive("\r\n").filter(|l| !l.starts_with(line)).collect::<String>();

    let old = HANDSHAKE.replace("Version: 13", "Version: 8");
    let version = server.ask(&request("GET", ROOM, &old)).await;
    assert_eq!((version.status, version.header("sec-websocket-version")), (426, Some("13")));
    assert_eq!(version.header("upgrade"), Some("websocket"));
    assert!(version.body.contains("version 13"), "{}", version.body);

    for (what, headers, status) in [
        ("no version", without("Sec-WebSocket-Version"), 426),
        ("no key", without("Sec-WebSocket-Key"), 400),
        ("a bad key", HANDSHAKE.replace("dGhlIHNhbXBsZSBub25jZQ==", "short"), 400),
        ("no upgrade of the connection", without("Connection"), 400),
    ] {
        let answer = server.ask(&request("GET", ROOM, &headers)).await;
        assert_eq!(answer.status, status, "{what}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{what}");
    }
    let posted = server.ask(&request("POST", ROOM, HANDSHAKE)).await;
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET")));
    let ancient = server.ask(&request("GET", ROOM, HANDSHAKE).replace("HTTP/1.1", "HTTP/1.0")).await;
    assert_eq!(ancient.status, 400, "HTTP/1.0 cannot be upgraded");
    let other = server.ask(&request("GET", ROOM, "Connection: Upgrade\r\nUpgrade: h2c\r\n")).await;
    assert_eq!(other.status, 404, "another upgrade is no handshake, and is answered as a plain request");
}

#[tokio::test]
async fn the_page_and_its_files_are_served_with_a_policy() {
    let server = Server::start().await;
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/?room=table-7", "text/html; charset=utf-8"),
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(content_type)), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'self'; connect-src 'self' ws: wss:;"), "{path}: {policy}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert!(!answer.body.is_empty(), "{path}");
    }
    assert_eq!(server.get("/index.html").await.status, 404);
    assert_eq!(server.get("/../Cargo.toml").await.status, 404);
}

#[tokio::test]
async fn the_page_keeps_to_its_own_policy() {
    let server = Server::start().await;
    let page = server.get("/").await.body;
    assert!(
        !page.contains("<script>") && !page.contains("<style"),
        "scripts and styles are files of their own"
    );
    for banned in ["onclick=", "onload=", "onsubmit=", " style=", "javascript:", "src=\"http", "href=\"http"]
    {
        let lines: Vec<_> = page.lines().filter(|line| line.contains(banned)).collect();
        assert!(lines.is_empty(), "{banned}: {lines:?}");
    }
}

#[tokio::test]
async fn every_module_of_the_script_is_served_and_none_imports_itself() {
    let server = Server::start().await;
    let page = server.get("/").await.body;
    assert!(page.contains("<script type=\"module\" src=\"app.js\">"), "{page}");
    let mut unread = vec![("app.js".to_owned(), Vec::new())];
    let mut seen = HashSet::new();
    while let Some((module, mut importers)) = unread.pop() {
        assert!(!importers.contains(&module), "{module} is imported by itself: {importers:?}");
        let answer = server.get(&format!("/{module}")).await;
        assert_eq!(answer.status, 200, "{module}, which {importers:?} import");
        assert_eq!(answer.header("content-type"), Some("text/javascript; charset=utf-8"), "{module}");
        for markup in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "eval("]
        {
            assert!(!answer.body.contains(markup), "{module} makes markup of text: {markup}");
        }
        importers.push(module.clone());
        unread.extend(imports(&answer.body).map(|name| (name, importers.clone())));
        seen.insert(module);
    }
    let web = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/web")).unwrap();
    let files: HashSet<_> = web
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "js"))
        .collect();
    assert_eq!(seen, files, "no module is without use");
}

#[tokio::test]
async fn a_file_that_is_known_is_not_sent_again() {
    let server = Server::start().await;
    let tag = server.get("/app.js").await.header("etag").unwrap().to_owned();
    for tags in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let known = server.ask(&request("GET", "/app.js", &format!("If-None-Match: {tags}\r\n"))).await;
        assert_eq!((known.status, known.header("etag")), (304, Some(tag.as_str())), "{tags}");
    }
    let changed = server.ask(&request("GET", "/app.js", "If-None-Match: \"x\"\r\n")).await;
    assert_eq!(changed.status, 200);
}

#[tokio::test]
async fn storage_that_fails_makes_the_server_unready_and_not_dead() {
    let log = Arc::new(BrokenLog("cannot write /secret/path"));
    let server = Server::over(log, RouteSettings::default(), AcceptSettings::default()).await;
    assert_eq!(server.get("/healthz").await.status, 200);
    let ready = server.get("/readyz").await;
    assert_eq!((ready.status, ready.header("retry-after")), (503, Some("5")));
    let view = server.get(ROOM).await;
    assert_eq!((view.status, view.header("content-type")), (503, Some("application/json")));
    assert_eq!(view.json()["code"], "storage_unavailable");
    for answer in [ready, view] {
        assert!(!answer.body.contains("/secret/path"), "the reason is for the operator: {answer:?}");
    }
}

#[tokio::test]
async fn a_server_that_stops_is_alive_and_not_ready() {
    let routes = RouteSettings::default();
    let host =
        order_host::Host::new(Arc::new(order_host::log::MemoryLog::new()), order_host::Settings::default());
    let all = transport_warp::routes(&host, &routes);
    assert_eq!(ask(&all, "/readyz").await, 200);
    routes.stopping.cancel();
    assert_eq!(ask(&all, "/readyz").await, 503);
    assert_eq!(ask(&all, "/healthz").await, 200);
}

/// The names of the modules that a module imports.
fn imports(module: &str) -> impl Iterator<Item = String> {
    let lines = module.lines().filter(|line| line.starts_with("import "));
    lines.map(|line| line.split_once("'./").unwrap().1.trim_end_matches("';").to_owned())
}

/// The status of one request to filters, served by warp.
async fn ask(routes: &warp::filters::BoxedFilter<(warp::reply::Response,)>, path: &str) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let serving = tokio::spawn(warp::serve(routes.clone()).incoming(listener).run());
    let answer: Answer = server::ask(addr, &request("GET", path, "")).await;
    serving.abort();
    answer.status
}
