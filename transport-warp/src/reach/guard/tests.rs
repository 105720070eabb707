use warp::http::header::{HOST, HeaderValue, ORIGIN};

use super::*;

fn headers(origin: &str, host: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
    headers.insert(HOST, HeaderValue::from_str(host).unwrap());
    headers
}

fn listed() -> Reach {
    let origins = ["https://a.example", "http://b.example:8080"].map(|origin| origin.parse().unwrap());
    Reach::default().pages(Pages::Listed(origins.into()))
}

fn guard(reach: &Reach) -> Guard {
    Guard::new(reach, false)
}

#[test]
fn only_listed_pages_may_open_and_no_one_that_looks_alike() {
    let guards = [Guard::new(&listed(), true), Guard::new(&listed(), false)];
    for right in ["https://a.example", "https://A.EXAMPLE", "https://a.example:443", "http://b.example:8080"]
    {
        assert!(guards.iter().all(|guard| guard.opens(&headers(right, "h"), None).is_ok()), "{right}");
    }
    for wrong in [
        "http://a.example",
        "https://a.example:8443",
        "https://a.example.",
        "https://a.example.evil",
        "https://evila.example",
        "https://a.example@evil",
        "https://sub.a.example",
        "http://b.example",
        "http://localhost",
        "null",
        "",
        "https://h",
    ] {
        for guard in &guards {
            assert_eq!(guard.opens(&headers(wrong, "h"), None), Err(Denied::Origin), "{wrong}");
            assert_eq!(guard.shows(&headers(wrong, "h"), None), Ok(()), "{wrong}");
        }
    }
    let mut twice = headers("https://a.example", "h");
    twice.append(ORIGIN, HeaderValue::from_static("https://evil"));
    assert!(guards.iter().all(|guard| guard.opens(&twice, None).is_err()));
    assert!(guards.iter().all(|guard| guard.opens(&HeaderMap::new(), None).is_ok()), "no browser");
}

#[test]
fn with_sign_in_and_no_list_it_is_the_same_host() {
    let guard = Guard::new(&Reach::default(), true);
    for (origin, host) in [
        ("http://127.0.0.1:1999", "127.0.0.1:1999"),
        ("https://shop.example", "shop.example"),
        ("https://shop.example", "SHOP.example:443"),
        ("http://shop.example", "shop.example:80"),
        ("http://[::1]:1999", "[0:0::1]:1999"),
    ] {
        assert!(guard.opens(&headers(origin, host), None).is_ok(), "{origin}");
    }
    for (origin, host) in [
        ("http://127.0.0.1:2000", "127.0.0.1:1999"),
        ("http://localhost:1999", "127.0.0.1:1999"),
        ("https://shop.example.evil", "shop.example"),
        ("https://evil", "shop.example"),
        ("https://shop.example", "shop.example:80"),
        ("https://shop.example", "shop.example, evil"),
        ("https://shop.example", "shop.example@evil"),
        ("https://shop.example", "evil@shop.example"),
        ("null", "shop.example"),
        ("null", "null"),
    ] {
        assert_eq!(guard.opens(&headers(origin, host), None), Err(Denied::Origin), "{origin}");
        assert!(guard.shows(&headers(origin, host), None).is_ok(), "{origin}");
    }
    let mut twice = headers("https://shop.example", "shop.example");
    twice.append(HOST, HeaderValue::from_static("evil"));
    assert!(guard.opens(&twice, None).is_err(), "two hosts");
    let mut none = headers("https://shop.example", "shop.example");
    none.remove(HOST);
    assert!(guard.opens(&none, None).is_err(), "no host");
}

#[test]
fn without_sign_in_it_is_the_same_host_and_this_machine_for_looks_too() {
    let guard = guard(&Reach::default());
    for origin in [
        "https://shop.example",
        "http://localhost",
        "https://localhost:5173",
        "http://LOCALHOST.:1",
        "http://app.localhost:3000",
        "http://127.8.9.1:65535",
        "http://[::1]:3000",
        "http://[::ffff:7f00:1]",
    ] {
        assert!(guard.opens(&headers(origin, "shop.example"), None).is_ok(), "{origin}");
        assert!(guard.shows(&headers(origin, "shop.example"), None).is_ok(), "{origin}");
    }
    for origin in [
        "https://evil.example",
        "https://shop.example:8443",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://evillocalhost",
        "http://localhost@evil.example",
        "http://evil.example#localhost",
        "http://127.1",
        "http://2130706433",
        "http://0x7f.1",
        "http://0.0.0.0:1999",
        "http://192.168.0.7",
        "http://localhost:0",
        "http://",
        "ws://localhost",
        "file://localhost",
        "localhost",
        "null",
        "",
    ] {
        assert_eq!(guard.opens(&headers(origin, "shop.example"), None), Err(Denied::Origin), "{origin}");
        assert_eq!(guard.shows(&headers(origin, "shop.example"), None), Err(Denied::Origin), "{origin}");
    }
}

#[test]
fn any_page_is_any_that_can_be_said() {
    let guard = guard(&Reach::default().pages(Pages::Any));
    for origin in ["https://evil.example", "null", "", "nonsense"] {
        assert!(guard.opens(&headers(origin, "h"), None).is_ok(), "{origin}");
    }
}

#[test]
fn a_public_host_is_the_servers_own_whatever_a_proxy_makes_of_its_name() {
    let reach = Reach::default().pages(Pages::OwnHost).public_host("shop.example".parse().unwrap());
    let guard = guard(&reach);
    for host in ["shop.example", "127.0.0.1:1999", "upstream"] {
        assert!(guard.opens(&headers("https://shop.example", host), None).is_ok(), "{host}");
    }
    for origin in
        ["https://shop.example:8443", "https://shop.example.evil", "http://localhost", "https://upstream:1"]
    {
        assert_eq!(guard.opens(&headers(origin, "upstream"), None), Err(Denied::Origin), "{origin}");
    }
}

#[test]
fn only_known_hosts_are_answered() {
    let local = guard(&listed().public_host("shop.example:8080".parse().unwrap()).only_known_hosts());
    let answers = |host: &str| local.answers(&headers("https://a.example", host), None);
    for host in [
        "localhost",
        "localhost:1",
        "x.localhost:1999",
        "127.0.0.1:1999",
        "127.7.7.7",
        "[::1]:1999",
        "[::ffff:127.0.0.1]:1999",
        "shop.example:8080",
        "SHOP.example.:8080",
        "a.example",
        "a.example:1999",
        "b.example",
    ] {
        assert_eq!(answers(host), Ok(()), "{host}");
    }
    for host in [
        "evil.example",
        "evil.example:1999",
        "shop.example",
        "shop.example:443",
        "shop.example:8081",
        "sub.a.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0:1999",
        "192.168.0.7:1999",
        "localhost:0",
        "localhost:",
        "localhost:99999",
        "localhost, evil.example",
        "localhost evil.example",
        "evil@localhost",
        "localhost@evil.example",
        "http://localhost",
        "localhost/",
        "::1",
        "[::1",
        "",
    ] {
        assert_eq!(answers(host), Err(Denied::Host), "{host}");
    }
    let mut twice = headers("http://localhost", "localhost");
    twice.append(HOST, HeaderValue::from_static("localhost"));
    assert_eq!(local.answers(&twice, None), Err(Denied::Host), "two hosts");
    let mut no_text = HeaderMap::new();
    no_text.insert(HOST, HeaderValue::from_bytes(b"localhost\xff").unwrap());
    assert_eq!(local.answers(&no_text, None), Err(Denied::Host));
    assert_eq!(local.answers(&HeaderMap::new(), None), Ok(()), "HTTP/1.0");
    let anywhere = guard(&listed());
    assert_eq!(anywhere.answers(&headers("https://evil.example", "evil.example"), None), Ok(()));
}

#[test]
fn a_target_in_absolute_form_counts_in_place_of_the_host() {
    let local = guard(&Reach::default().only_known_hosts());
    let target = |authority: &str| Target(authority.parse().unwrap());
    let answers =
        |authority: &str, host: &str| local.answers(&headers("null", host), Some(&target(authority)));
    assert_eq!(answers("localhost:1999", "evil.example"), Ok(()));
    assert_eq!(answers("evil.example", "localhost"), Err(Denied::Host));
    assert_eq!(answers("localhost@evil.example", "localhost"), Err(Denied::Host));
    let rebound = headers("http://evil.example", "localhost");
    assert_eq!(local.opens(&rebound, Some(&target("localhost"))), Err(Denied::Origin));
}
