//! Mounts orders in a warp application of your own.
//!
//! `cargo run -p transport-warp --example mount`

use std::error::Error;
use std::sync::Arc;

use order_host::log::MemoryLog;
use order_host::{Host, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use transport_warp::accept::{AcceptSettings, serve};
use transport_warp::{RouteSettings, room_routes};
use warp::Filter as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let host = Host::new(Arc::new(MemoryLog::new()), Settings::default());
    let settings = RouteSettings::default();
    let sockets = settings.sockets.clone();
    // ws://127.0.0.1:…/orders/parties/main/table-7, beside what is your own.
    let orders = warp::path("orders").and(room_routes(&host, &settings));
    let menu = warp::path!("menu").map(|| warp::reply::Reply::into_response("Thali 99.99\n"));
    let application = menu.or(orders).unify().boxed();

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    // Its accept loop bounds connections and time; `warp::serve` works as well.
    let stop = CancellationToken::new();
    let (draining, accepting) = (host.clone(), AcceptSettings::default());
    let stopped = stop.clone();
    let server = tokio::spawn(async move {
        serve(listener, application, accepting, sockets, stopped, async move { draining.drain().await })
            .await;
    });

    let menu = get(address, "/menu").await?;
    assert!(menu.starts_with("HTTP/1.1 200") && menu.ends_with("Thali 99.99\n"), "{menu}");
    let order = get(address, "/orders/parties/main/table-7").await?;
    println!("{order}");
    assert!(order.starts_with("HTTP/1.1 "), "{order}");

    // What was accepted is stored and shown before it ends.
    stop.cancel();
    server.await?;
    Ok(())
}

async fn get(address: std::net::SocketAddr, path: &str) -> Result<String, Box<dyn Error>> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[test]
fn it_holds() {
    main().unwrap();
}
