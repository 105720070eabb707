//! A WebSocket client that reads only the beginning of messages.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use tools::frames::{FrameReader, Opcode, put_client_frame};
use tools::upgrade;

/// The most bytes that one read takes.
const BUFFER_BYTES: usize = 64 << 10;
/// How long a server may take for one message, including all work before it.
const PATIENCE: Duration = Duration::from_secs(300);
/// The masking key. It may be predictable here.
const MASK: [u8; 4] = [0x9e, 0x37, 0x79, 0xb9];

/// A socket of one guest.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    reader: FrameReader,
    buffer: Vec<u8>,
    /// The part of the buffer that was read but not yet processed.
    unread: (usize, usize),
    frame: Vec<u8>,
    /// The payload bytes received so far.
    pub(crate) received: u64,
}

impl Socket {
    /// Opens a socket of `stonepot.v2` or, without it, of the first protocol.
    ///
    /// # Errors
    /// When it is refused.
    pub(crate) async fn open(addr: SocketAddr, path: &str, is_v2: bool) -> io::Result<Self> {
        let (stream, buffer) = upgrade::open(addr, path, is_v2.then_some("stonepot.v2")).await?;
        let unread = (0, buffer.len());
        let (reader, frame) = (FrameReader::default(), Vec::new());
        Ok(Self { stream, reader, buffer, unread, frame, received: 0 })
    }

    /// Opens a socket of `stonepot.v2` that joins as guest `person`, and waits until it has
    /// joined.
    ///
    /// # Errors
    /// When it is refused.
    pub(crate) async fn sit(addr: SocketAddr, path: &str, person: u32) -> io::Result<Self> {
        let mut socket = Self::open(addr, path, true).await?;
        socket.send(&join(person)).await?;
        socket.until(&["ack"], 16).await?;
        Ok(socket)
    }

    /// Sends a text.
    ///
    /// # Errors
    /// When the socket is closed.
    pub(crate) async fn send(&mut self, text: &str) -> io::Result<()> {
        self.frame.clear();
        put_client_frame(&mut self.frame, Opcode::Text, text.as_bytes(), MASK);
        self.stream.write_all(&self.frame).await
    }

    /// Reads the first `wanted` bytes of the next message of one of these types; skips others.
    ///
    /// # Errors
    /// When the socket is closed, or a refusal arrives that is not among the types.
    pub(crate) async fn until(&mut self, types: &[&str], wanted: usize) -> io::Result<String> {
        loop {
            let head = self.next(wanted.max(400)).await?;
            let is = |name: &str| {
                head.strip_prefix(r#"{"type":""#)
                    .is_some_and(|rest| rest.strip_prefix(name).is_some_and(|rest| rest.starts_with('"')))
            };
            if types.iter().any(|name| is(name)) {
                return Ok(head);
            }
            if is("reject") || is("error") {
                return Err(io::Error::other(format!("the server refused: {head}")));
            }
        }
    }

    /// Reads the first `wanted` bytes of the next message.
    ///
    /// # Errors
    /// When the socket is closed.
    pub(crate) async fn next(&mut self, wanted: usize) -> io::Result<String> {
        timeout(PATIENCE, self.next_without_end(wanted))
            .await
            .map_err(|_| io::Error::other(format!("nothing came for {} s", PATIENCE.as_secs())))?
    }

    async fn next_without_end(&mut self, wanted: usize) -> io::Result<String> {
        loop {
            let (from, to) = self.unread;
            let mut input = self.buffer.get(from..to).unwrap_or_default();
            let frame =
                self.reader.read(&mut input, wanted).map_err(|error| io::Error::other(error.to_string()))?;
            let left = input.len();
            if let Some(frame) = frame {
                self.unread = (to - left, to);
                match frame.opcode {
                    Opcode::Text => {
                        self.received += frame.payload_bytes as u64;
                        return Ok(String::from_utf8_lossy(frame.head).into_owned());
                    }
                    Opcode::Ping => {
                        let mut pong = Vec::new();
                        put_client_frame(&mut pong, Opcode::Pong, frame.head, MASK);
                        self.stream.write_all(&pong).await?;
                    }
                    Opcode::Close => return Err(io::Error::other("the server closed the socket")),
                    Opcode::Binary | Opcode::Pong => {}
                }
                continue;
            }
            self.buffer.resize(BUFFER_BYTES, 0);
            let read = self.stream.read(&mut self.buffer).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.unread = (0, read);
        }
    }
}

/// The message that joins as a guest.
pub(crate) fn join(person: u32) -> String {
    format!(
        r#"{{"type":"join","id":"join-{person}","participantId":"guest-{person}","participantName":"Guest {person}","data":{{}}}}"#
    )
}

/// The whole number under this key of a message. `None`: it is not near the beginning.
pub(crate) fn number(head: &str, key: &str) -> Option<u64> {
    let (_, rest) = head.split_once(&format!(r#""{key}":"#))?;
    let digits = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}
