//! The HTTP upgrade of a connection to a WebSocket (RFC 6455, section 4), for clients and
//! servers.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tungstenite::handshake::client::generate_key;
use tungstenite::handshake::derive_accept_key;

/// The longest request or response head that this tool accepts.
const LONGEST_HEAD: usize = 8_192;

/// Connects to `addr` and upgrades `path`, with a subprotocol if one is given. Also returns
/// the bytes that followed the response.
///
/// # Errors
/// When the connection or the upgrade is refused.
pub async fn open(
    addr: SocketAddr,
    path: &str,
    subprotocol: Option<&str>,
) -> io::Result<(TcpStream, Vec<u8>)> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    let key = generate_key();
    let asked = subprotocol.map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n")).unwrap_or_default();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: \
         13\r\nSec-WebSocket-Key: {key}\r\n{asked}\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let (head, rest) = read_head(&mut stream).await?;
    let status = head.lines().next().unwrap_or_default();
    if !status.starts_with("HTTP/1.1 101") {
        return Err(io::Error::other(format!("the upgrade of {path} was answered with `{status}`")));
    }
    if header(&head, "sec-websocket-accept") != Some(derive_accept_key(key.as_bytes()).as_str()) {
        return Err(io::Error::other(format!("the upgrade of {path} was answered with a wrong accept key")));
    }
    if header(&head, "sec-websocket-protocol") != subprotocol {
        return Err(io::Error::other(format!("the upgrade of {path} chose another subprotocol")));
    }
    Ok((stream, rest))
}

/// Answers an upgrade; returns the requested path.
///
/// # Errors
/// When the peer asks for something else, or disconnects.
pub async fn accept(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    stream.set_nodelay(true)?;
    let (head, rest) = read_head(stream).await?;
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let Some(key) = header(&head, "sec-websocket-key") else {
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .await?;
        return Err(io::Error::other("not a WebSocket upgrade"));
    };
    let accept = derive_accept_key(key.as_bytes());
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: \
         {accept}\r\n\r\n"
    );
    stream.write_all(response.as_bytes()).await?;
    Ok((path, rest))
}

async fn read_head(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut head = Vec::new();
    loop {
        if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = head.split_off(end + 4);
            let head = String::from_utf8(head).map_err(io::Error::other)?;
            return Ok((head, rest));
        }
        if head.len() > LONGEST_HEAD {
            return Err(io::Error::other("an HTTP head without an end"));
        }
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}
