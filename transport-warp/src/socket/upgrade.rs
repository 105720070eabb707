//! The connection underneath an upgraded HTTP request.

use bytes::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A connection that speaks WebSocket from now on, and what of it was read too early.
#[derive(Debug)]
pub(super) enum Upgraded {
    /// A plain TCP connection: written with vectored writes, and nothing is held besides the connection.
    Tcp(TcpStream, Bytes),
    /// Anything else, for instance TLS, as hyper wraps it.
    Other(Box<TokioIo<hyper::upgrade::Upgraded>>),
}

/// Takes hyper's wrapping off where that can be done.
pub(super) fn unwrap(upgraded: hyper::upgrade::Upgraded) -> Upgraded {
    // Our own accept loop wraps a connection once, hyper-util's builder (and so `warp::serve`) twice.
    let upgraded = match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => return Upgraded::Tcp(parts.io.into_inner(), parts.read_buf),
        Err(upgraded) => upgraded,
    };
    match hyper_util::server::conn::auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => Upgraded::Tcp(parts.io.into_inner(), parts.read_buf),
        Err(upgraded) => Upgraded::Other(Box::new(TokioIo::new(upgraded))),
    }
}
