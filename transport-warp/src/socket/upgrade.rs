//! The connection underneath an upgraded HTTP request.

use bytes::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The connection of an accepted handshake, and the bytes that were already read from it.
#[derive(Debug)]
pub(super) enum Upgraded {
    /// A plain TCP connection: it supports vectored writes, and nothing else is kept.
    Tcp(TcpStream, Bytes),
    /// Anything else, such as TLS, as hyper wraps it.
    Other(Box<TokioIo<hyper::upgrade::Upgraded>>),
}

/// Removes hyper's wrapper where possible.
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
