//! A server in the test's own process, and a client that can break the rules as a test
//! needs.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use order_host::log::{MemoryLog, RoomLog};
use order_host::{Host, Settings, Transport};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use transport_warp::{AcceptSettings, RouteSettings, SocketSettings, WarpTransport};

/// Longer than anything here takes, however busy the machine is.
pub(crate) const LONG: Duration = Duration::from_secs(120);

pub(crate) const ROOM: &str = "/parties/collaborative_order/r1";

/// A server on a free port of this machine.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(RouteSettings::default(), AcceptSettings::default()).await
    }

    pub(crate) async fn with_socket(socket: SocketSettings) -> Self {
        Self::with(RouteSettings { socket, ..RouteSettings::default() }, AcceptSettings::default()).await
    }

    pub(crate) async fn with(routes: RouteSettings, accept: AcceptSettings) -> Self {
        Self::over(Arc::new(MemoryLog::new()), routes, accept).await
    }

    pub(crate) async fn over(log: Arc<dyn RoomLog>, routes: RouteSettings, accept: AcceptSettings) -> Self {
        Self::over_host(Host::new(log, Settings::default()), routes, accept).await
    }

    pub(crate) async fn over_host(host: Host, routes: RouteSettings, accept: AcceptSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let transport = Box::new(WarpTransport::new(listener, routes, accept));
        let running = transport.run(host, stop.clone());
        let task = tokio::spawn(async move { running.await.unwrap() });
        Self { addr, stop, task }
    }

    /// Asks it to stop, as SIGTERM does. It continues until it has drained.
    pub(crate) fn ask_to_stop(&self) {
        self.stop.cancel();
    }

    pub(crate) async fn has_stopped(self) {
        timeout(LONG, self.task).await.unwrap().unwrap();
    }

    /// Opens a socket in a room; returns it after the handshake.
    pub(crate) async fn open(&self, path: &str) -> Peer {
        Peer::open(TcpStream::connect(self.addr).await.unwrap(), path, &[]).await
    }

    /// Opens a socket that joins the order, and reads the messages that answer the join.
    pub(crate) async fn join(&self, path: &str, id: &str) -> Peer {
        let mut peer = self.open(path).await;
        peer.join(id).await;
        peer
    }

    /// Sends one request on a new connection; returns the answer.
    pub(crate) async fn ask(&self, request: &str) -> Answer {
        ask(self.addr, request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(&request("GET", path, "")).await
    }
}

/// Sends one request on a new connection; returns the answer.
pub(crate) async fn ask(addr: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    Answer::read(&mut stream, !request.starts_with("HEAD ")).await
}

/// A request of HTTP/1.1; `more` is further header lines, each with its end.
pub(crate) fn request(method: &str, path: &str, more: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n")
}

/// The header lines of a valid handshake.
pub(crate) const HANDSHAKE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    async fn read(stream: &mut TcpStream, has_body: bool) -> Self {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(LONG, stream.read_u8()).await.expect("no answer");
            head.push(
                byte.unwrap_or_else(|error| panic!("{error} after {}", String::from_utf8_lossy(&head))),
            );
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        let mut answer = Self { status, headers, body: String::new() };
        let bytes = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        if has_body && status != 304 {
            let mut body = vec![0; bytes];
            timeout(LONG, stream.read_exact(&mut body)).await.unwrap().unwrap();
            answer.body = String::from_utf8(body).unwrap();
        }
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All headers, to search for what must not be there.
    pub(crate) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// What a peer reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Read {
    Text(String),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// A close frame: the code, if there is one, and the reason.
    Close(Option<u16>, String),
    /// The server ended the connection normally.
    End,
    /// The connection broke.
    Broken,
}

/// A WebSocket client that writes arbitrary bytes. On its own it answers only pings.
pub(crate) struct Peer {
    stream: TcpStream,
}

impl Peer {
    /// Completes the handshake. `early` is written together with it.
    pub(crate) async fn open(stream: TcpStream, path: &str, early: &[u8]) -> Self {
        Self::open_with(stream, path, "", early).await
    }

    /// Opens one that speaks `stonepot.v2`.
    pub(crate) async fn open_v2(addr: SocketAddr, path: &str) -> Self {
        let stream = TcpStream::connect(addr).await.unwrap();
        Self::open_with(stream, path, "Sec-WebSocket-Protocol: stonepot.v2\r\n", &[]).await
    }

    /// Completes the handshake with further header lines.
    pub(crate) async fn open_with(mut stream: TcpStream, path: &str, more: &str, early: &[u8]) -> Self {
        let mut bytes = request("GET", path, &format!("{HANDSHAKE}{more}")).into_bytes();
        bytes.extend_from_slice(early);
        stream.write_all(&bytes).await.unwrap();
        let answer = Answer::read(&mut stream, true).await;
        assert_eq!(answer.status, 101, "{answer:?}");
        assert_eq!(answer.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        Self { stream }
    }

    /// Opens one with a small receive buffer.
    pub(crate) async fn open_with_small_buffer(addr: SocketAddr, path: &str) -> Self {
        Self::open_with_buffer(addr, path, 4096).await
    }

    /// Opens one with a receive buffer of this size.
    pub(crate) async fn open_with_buffer(addr: SocketAddr, path: &str, bytes: u32) -> Self {
        Self::open(stream_with_buffer(addr, bytes).await, path, &[]).await
    }

    pub(crate) async fn join(&mut self, id: &str) {
        self.say(&json!({"type": "join", "participantId": id, "participantName": id, "data": {}})).await;
        assert_eq!(self.hear("sync").await["data"]["sessionId"], "r1");
        assert_eq!(self.hear("participant_joined").await["participantId"], id);
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        self.send_text(message.to_string().as_bytes()).await;
    }

    pub(crate) async fn add(&mut self, dish: &str, price: u32) {
        self.say(&json!({"type": "add_item", "data": {"dishName": dish, "quantity": 1, "price": price}}))
            .await;
    }

    pub(crate) async fn send_text(&mut self, text: &[u8]) {
        self.send(&frame(0x81, text)).await;
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        timeout(LONG, self.stream.write_all(bytes)).await.unwrap().unwrap();
    }

    /// Sends to a server that may have hung up already.
    pub(crate) async fn send_anyway(&mut self, bytes: &[u8]) {
        drop(timeout(LONG, self.stream.write_all(bytes)).await.unwrap());
    }

    /// Reads the next message, which must be of this type.
    pub(crate) async fn hear(&mut self, kind: &str) -> Value {
        let message = self.message().await;
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// Reads the next message.
    pub(crate) async fn message(&mut self) -> Value {
        loop {
            match self.read().await {
                Read::Text(text) => return serde_json::from_str(&text).unwrap(),
                Read::Pong(_) => {}
                other => panic!("no message but {other:?}"),
            }
        }
    }

    /// Reads the next frame, and answers pings before it: on a slow machine a test may take
    /// longer than a ping may stay unanswered.
    pub(crate) async fn read(&mut self) -> Read {
        loop {
            match self.read_all().await {
                Read::Ping(body) => self.send_anyway(&frame(0x8a, &body)).await,
                other => return other,
            }
        }
    }

    /// Reads the next frame. Pings are not answered.
    pub(crate) async fn read_all(&mut self) -> Read {
        timeout(LONG, self.read_frame()).await.expect("nothing came").unwrap_or_else(|error| {
            match error.kind() {
                io::ErrorKind::UnexpectedEof => Read::End,
                _ => Read::Broken,
            }
        })
    }

    async fn read_frame(&mut self) -> io::Result<Read> {
        let first = self.stream.read_u8().await?;
        let second = self.stream.read_u8().await?;
        assert!(second < 128, "a server's frames are not masked");
        let bytes = match second {
            126 => u64::from(self.stream.read_u16().await?),
            127 => self.stream.read_u64().await?,
            short => u64::from(short),
        };
        let mut body = vec![0; usize::try_from(bytes).unwrap()];
        self.stream.read_exact(&mut body).await?;
        Ok(match first {
            0x81 => Read::Text(String::from_utf8(body).unwrap()),
            0x88 => match body.split_first_chunk() {
                Some((code, reason)) => {
                    Read::Close(Some(u16::from_be_bytes(*code)), String::from_utf8(reason.to_vec()).unwrap())
                }
                None => Read::Close(None, String::new()),
            },
            0x89 => Read::Ping(body),
            0x8a => Read::Pong(body),
            other => panic!("a frame that begins with {other:#x}"),
        })
    }
}

/// A connection with a receive buffer of this size.
pub(crate) async fn stream_with_buffer(addr: SocketAddr, bytes: u32) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(bytes).unwrap();
    socket.connect(addr).await.unwrap()
}

/// A client's frame with this first byte. The mask is zero, so the body stays readable.
pub(crate) fn frame(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match (u8::try_from(body.len()), u16::try_from(body.len())) {
        (Ok(short), _) if short < 126 => bytes.push(0x80 | short),
        (_, Ok(medium)) => {
            bytes.push(0xfe);
            bytes.extend(medium.to_be_bytes());
        }
        _ => {
            bytes.push(0xff);
            bytes.extend((body.len() as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend_from_slice(body);
    bytes
}

/// The body of a close frame.
pub(crate) fn close_body(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}

/// The code of the server's close frame.
pub(crate) fn code_of(read: &Read) -> u16 {
    match read {
        Read::Close(Some(code), _) => *code,
        other => panic!("no close code but {other:?}"),
    }
}
