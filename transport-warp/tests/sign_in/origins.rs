//! Which pages may open sockets.

use std::sync::Arc;

use transport_warp::{AcceptSettings, Pages, Reach, RouteSettings, SignIn};

use crate::issuer::{Issuer, claims};
use crate::server::{HANDSHAKE, ROOM, Server, request};
use crate::table::{SECRET, Table, is_refused};

/// The origin of the server's own host, as the tests' requests name it.
const OWN: &str = "http://localhost";

#[tokio::test]
async fn with_sign_in_a_page_of_another_site_opens_no_socket() {
    let mut table = Table::new().await;
    let token = table.issuer.token(&claims("asha"));
    let address = format!("{ROOM}?token={token}");
    for origin in [
        "https://evil.example",
        "http://localhost.evil",
        "http://localhost:81",
        "http://127.0.0.1",
        "null",
        "http://notlocalhost",
        "file://",
    ] {
        let answer = table.get(&address, &format!("{HANDSHAKE}Origin: {origin}\r\n")).await;
        is_refused(origin, &answer, 403, "origin_not_allowed");
        table.nothing_happened(origin).await;
    }
    for more in [format!("Origin: {OWN}\r\n"), "Origin: https://localhost\r\n".to_owned(), String::new()] {
        let answer = table.get(&address, &format!("{HANDSHAKE}{more}")).await;
        assert_eq!(answer.status, 101, "{more}: {answer:?}");
    }
    // The token protects the order, and a browser does not send it automatically.
    assert_eq!(table.get(&address, "Origin: https://evil.example\r\n").await.status, 200);
}

#[tokio::test]
async fn a_list_is_all_that_may_with_and_without_sign_in() {
    let issuer = Issuer::of_secret(SECRET);
    let sign_in = Arc::new(SignIn::with_keys(&issuer.file).unwrap());
    let path = format!("{ROOM}?token={}", issuer.token(&claims("ben")));
    let allowed = vec!["https://a.example".parse().unwrap(), "http://b.example:8080".parse().unwrap()];
    for sign_in in [None, Some(sign_in)] {
        let reach = Reach::default().pages(Pages::Listed(allowed.clone()));
        let routes = RouteSettings { sign_in, reach, ..RouteSettings::default() };
        let server = Server::with(routes, AcceptSettings::default()).await;
        let status = async |more: &str| {
            let answer = server.ask(&request("GET", &path, &format!("{HANDSHAKE}{more}"))).await;
            if answer.status == 403 {
                assert_eq!(answer.json()["code"], "origin_not_allowed");
            }
            answer.status
        };
        for right in ["https://a.example", "https://a.example:443", "http://b.example:8080"] {
            assert_eq!(status(&format!("Origin: {right}\r\n")).await, 101, "{right}");
        }
        assert_eq!(status("").await, 101, "no browser");
        for wrong in
            ["https://a.example.evil", "https://a.example:8443", "http://a.example", "null", OWN, "https://"]
        {
            assert_eq!(status(&format!("Origin: {wrong}\r\n")).await, 403, "{wrong}");
        }
        assert_eq!(status("Origin: https://a.example\r\nOrigin: https://evil.example\r\n").await, 403);
        assert_eq!(server.get("/healthz").await.status, 200);
    }
}

#[tokio::test]
async fn any_page_may_where_that_is_said_and_needs_its_token_all_the_same() {
    let issuer = Issuer::of_secret(SECRET);
    let sign_in = Arc::new(SignIn::with_keys(&issuer.file).unwrap());
    let path = format!("{ROOM}?token={}", issuer.token(&claims("ben")));
    let reach = Reach::default().pages(Pages::Any);
    let routes = RouteSettings { sign_in: Some(sign_in), reach, ..RouteSettings::default() };
    let server = Server::with(routes, AcceptSettings::default()).await;
    for origin in ["https://evil.example", "null", OWN] {
        let more = format!("{HANDSHAKE}Origin: {origin}\r\n");
        assert_eq!(server.ask(&request("GET", &path, &more)).await.status, 101, "{origin}");
        assert_eq!(server.ask(&request("GET", ROOM, &more)).await.status, 401, "{origin}");
    }
}
