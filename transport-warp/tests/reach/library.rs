//! The filters in another application, which sets who may use them.

use std::sync::Arc;

use order_host::{Host, Settings};
use transport_warp::{AcceptSettings, Pages, Reach, RouteSettings, host_route, room_routes, routes};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use crate::broken_log::BrokenLog;
use crate::browser::{bad_host, bad_page, lines, look, no_order, opened, opens, shows};
use crate::server::{ROOM, Server};

#[tokio::test]
async fn by_default_own_pages_and_those_of_this_machine_get_in_by_any_name() {
    let server = Server::start().await;
    for (host, origin, expected) in [
        ("shop.example", "https://shop.example", opened()),
        ("shop.example", "http://localhost:5173", opened()),
        ("shop.example", "", opened()),
        ("shop.example", "https://evil.example", bad_page()),
        ("shop.example", "null", bad_page()),
    ] {
        assert_eq!(opens(server.addr, host, origin).await, expected, "{host} {origin}");
    }
    assert_eq!(shows(server.addr, "shop.example", "https://evil.example").await, bad_page());
    assert_eq!(shows(server.addr, "shop.example", "https://shop.example").await, no_order());
}

#[tokio::test]
async fn who_is_turned_away_costs_no_look_at_the_storage() {
    let reach = Reach::default().only_known_hosts();
    let routes = RouteSettings { reach, ..RouteSettings::default() };
    let server = Server::over(Arc::new(BrokenLog("it was asked")), routes, AcceptSettings::default()).await;
    for (host, origin, expected) in [
        ("localhost", "https://evil.example", bad_page()),
        ("evil.example", "http://evil.example", bad_host()),
    ] {
        assert_eq!(opens(server.addr, host, origin).await, expected);
        assert_eq!(shows(server.addr, host, origin).await, expected);
        let ready = look(server.addr, "/readyz", &lines("evil.example", origin)).await;
        assert_eq!(ready.status, 403);
    }
    let allowed = look(server.addr, ROOM, &lines("localhost", "")).await;
    assert_eq!(allowed.status, 503, "the storage is there to be asked: {allowed:?}");
}

#[tokio::test]
async fn filters_that_are_mounted_alone_look_at_the_name_as_well() {
    let host = Host::new(Arc::new(order_host::log::MemoryLog::new()), Settings::default());
    let settings = RouteSettings {
        reach: Reach::default().pages(Pages::OwnHost).only_known_hosts(),
        ..RouteSettings::default()
    };
    let mine = || warp::path!("mine").map(|| warp::Reply::into_response("mine"));
    let rooms = mine().or(room_routes(&host, &settings)).unify().boxed();
    let after = mine().or(routes(&host, &settings)).unify().boxed();
    let behind = host_route(&settings).or(mine()).unify().or(routes(&host, &settings)).unify().boxed();
    for (filter, status_of_mine) in [(rooms, 200), (after, 200), (behind, 403)] {
        let room = status(&filter, ROOM, "evil.example").await;
        assert_eq!((room, status(&filter, ROOM, "localhost").await), (403, 404));
        assert_eq!(status(&filter, "/mine", "evil.example").await, status_of_mine);
        assert_eq!(status(&filter, "/mine", "localhost").await, 200);
    }
}

/// The status of one request to filters, served by warp itself.
async fn status(filter: &BoxedFilter<(Response,)>, path: &str, host: &str) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let serving = tokio::spawn(warp::serve(filter.clone()).incoming(listener).run());
    let answer = look(addr, path, &lines(host, "")).await;
    serving.abort();
    answer.status
}
