//! The HTTP request that upgrades a connection to a WebSocket.
//!
//! The headers are parsed here and not by the crate `headers`: its `Upgrade` accepts only
//! lower case, its `SecWebsocketKey` any text, and its `SecWebsocketVersion` uses the first
//! of several.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use thiserror::Error;
use tracing::debug;
use tungstenite::handshake::derive_accept_key;
use warp::http::header::{
    ALLOW, CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::serve::serve_socket;
use super::session::Session;
use super::settings::SocketSettings;
use super::upgrade::{Upgraded, unwrap};

/// A valid WebSocket handshake. [`Handshake::accept`] opens the socket.
#[derive(Debug)]
pub struct Handshake {
    on_upgrade: OnUpgrade,
    accept: HeaderValue,
    /// The subprotocols that the client offers.
    offered: Vec<HeaderValue>,
}

/// Why a WebSocket handshake is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Only GET opens a WebSocket.
    #[error("open a WebSocket with GET")]
    Method,
    /// The `Connection` header does not name `Upgrade`, or the request is older than HTTP/1.1.
    #[error("a WebSocket needs HTTP/1.1 and the header `Connection: Upgrade`")]
    Connection,
    /// There is not exactly one `Host`, or there is a body.
    #[error("a WebSocket handshake needs one header `Host` and no body")]
    Request,
    /// Not the one supported version.
    #[error("this server needs WebSocket version 13 (header `Sec-WebSocket-Version: 13`)")]
    Version,
    /// `Sec-WebSocket-Key` is absent, given twice, or not 16 bytes in base64.
    #[error("a WebSocket needs one header `Sec-WebSocket-Key`: 16 bytes in base64")]
    Key,
}

impl Refusal {
    /// The HTTP status of the refusal.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Request | Self::Connection | Self::Key => StatusCode::BAD_REQUEST,
            Self::Version => StatusCode::UPGRADE_REQUIRED,
        }
    }

    /// The headers that must accompany the status.
    pub fn headers(self) -> &'static [(HeaderName, &'static str)] {
        match self {
            Self::Method => &[(ALLOW, "GET")],
            // RFC 9110 (15.5.22) requires the first two, RFC 6455 (4.4) the third.
            Self::Version => {
                &[(CONNECTION, "Upgrade"), (UPGRADE, "websocket"), (SEC_WEBSOCKET_VERSION, "13")]
            }
            Self::Request | Self::Connection | Self::Key => &[],
        }
    }
}

impl Handshake {
    /// Whether a request asks for a WebSocket, correctly or not.
    pub fn is_asked(headers: &HeaderMap) -> bool {
        names(headers, &UPGRADE, "websocket")
    }

    /// Checks a request for a WebSocket. `on_upgrade` is what hyper left in the request's
    /// extensions.
    ///
    /// # Errors
    /// When the handshake is invalid by RFC 6455 (4.2.1).
    pub fn check(
        method: &Method,
        headers: &HeaderMap,
        on_upgrade: Option<OnUpgrade>,
    ) -> Result<Self, Refusal> {
        if method != Method::GET {
            return Err(Refusal::Method);
        }
        let body = headers.contains_key(TRANSFER_ENCODING)
            || headers.get(CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0");
        if only(headers, &HOST).is_none() || body {
            return Err(Refusal::Request);
        }
        if only(headers, &SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(Refusal::Version);
        }
        if !names(headers, &CONNECTION, "upgrade") {
            return Err(Refusal::Connection);
        }
        let key = only(headers, &SEC_WEBSOCKET_KEY).filter(|key| is_16_bytes_in_base64(key.as_bytes()));
        let key = key.ok_or(Refusal::Key)?;
        let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes())).map_err(|_| Refusal::Key)?;
        let on_upgrade = on_upgrade.ok_or(Refusal::Connection)?;
        let mut offered: Vec<_> = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().cloned().collect();
        // A browser's script can put a token nowhere else, so the value may be secret: it must not
        // be logged by mistake.
        for value in &mut offered {
            value.set_sensitive(true);
        }
        Ok(Self { on_upgrade, accept, offered })
    }

    /// Whether the client offers this subprotocol. Names are case-sensitive (RFC 6455, 1.9).
    pub fn offers(&self, subprotocol: &str) -> bool {
        let values = self.offered.iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|name| name.trim() == subprotocol)
    }

    /// Returns the response that opens the socket, and the task that serves it until it ends.
    ///
    /// The response names no extension, and names `subprotocol` if given, which the client must
    /// have [offered](Handshake::offers). `session` is called once the response is written.
    pub fn accept<S: Session + 'static>(
        self,
        settings: Arc<SocketSettings>,
        subprotocol: Option<&'static str>,
        session: impl FnOnce() -> S + Send + 'static,
    ) -> (Response, impl Future<Output = ()> + Send + 'static) {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(subprotocol) = subprotocol {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol));
        }
        let on_upgrade = self.on_upgrade;
        let task = async move {
            match on_upgrade.await.map(unwrap) {
                Ok(Upgraded::Tcp(io, read)) => serve_socket(io, read, session(), &settings).await,
                // Boxed, so that the common kind of connection does not reserve room for this one.
                Ok(Upgraded::Other(io)) => {
                    Box::pin(serve_socket(io, Bytes::new(), session(), &settings)).await;
                }
                Err(error) => debug!(%error, "a connection ended within its WebSocket handshake"),
            }
        };
        (response, task)
    }
}

/// The value of a header that must occur exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

/// Whether a header that is a list of words contains this one.
fn names(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| item.trim().eq_ignore_ascii_case(word))
}

/// Whether a key is 16 bytes, padded, with no stray bits set.
fn is_16_bytes_in_base64(key: &[u8]) -> bool {
    // Room is required before the padding is checked: 24 characters could be 18 bytes.
    STANDARD.decode_slice(key, &mut [0; 18]) == Ok(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right() -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("127.0.0.1:1999"));
        headers.insert(CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("WebSocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        headers
    }

    /// Without hyper there is no upgrade, so even a valid handshake fails the last check.
    fn refused(method: &Method, headers: &HeaderMap) -> Refusal {
        Handshake::check(method, headers, None).unwrap_err()
    }

    #[test]
    fn a_request_without_one_host_or_with_a_body_is_refused() {
        let mut headers = right();
        headers.append(HOST, HeaderValue::from_static("another"));
        assert_eq!(refused(&Method::GET, &headers), Refusal::Request);
        headers.remove(HOST);
        assert_eq!(refused(&Method::GET, &headers), Refusal::Request);
        for (name, value) in [(CONTENT_LENGTH, "3"), (TRANSFER_ENCODING, "chunked")] {
            let mut headers = right();
            headers.insert(name, HeaderValue::from_static(value));
            assert_eq!(refused(&Method::GET, &headers), Refusal::Request);
        }
        let mut headers = right();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        assert_eq!(refused(&Method::GET, &headers), Refusal::Connection, "all else is right");
    }

    #[test]
    fn words_of_a_list_are_found_in_any_case_and_any_line() {
        let mut headers = right();
        assert!(Handshake::is_asked(&headers));
        assert_eq!(
            refused(&Method::GET, &headers),
            Refusal::Connection,
            "all but the connection itself is right"
        );
        headers.insert(CONNECTION, HeaderValue::from_static("keep-alive"));
        headers.append(CONNECTION, HeaderValue::from_static("uPgRaDe"));
        assert!(names(&headers, &CONNECTION, "upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("h2c"));
        assert!(!Handshake::is_asked(&headers));
    }

    #[test]
    fn only_get_opens_a_socket() {
        assert_eq!(refused(&Method::POST, &right()), Refusal::Method);
        assert_eq!(refused(&Method::HEAD, &right()), Refusal::Method);
    }

    #[test]
    fn only_version_13_is_spoken() {
        for version in ["8", "12", "013", "13, 8", ""] {
            let mut headers = right();
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(version));
            assert_eq!(refused(&Method::GET, &headers), Refusal::Version, "{version}");
        }
        let mut headers = right();
        headers.remove(SEC_WEBSOCKET_VERSION);
        assert_eq!(refused(&Method::GET, &headers), Refusal::Version);
    }

    #[test]
    fn a_key_is_sixteen_bytes_in_base64_and_there_once() {
        for key in [
            "",
            "x",
            "dGhlIHNhbXBsZSBub25jZQ",
            "dGhlIHNhbXBsZSBub25jZ!==",
            "dGhlIHNhbXBsZSBub25jZR==",
            "AAAA==",
            "dGhlIHNhbXBsZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25jZQ===",
            "dGhlIHNhbXBsZSBub25jZQ== ",
            " dGhlIHNhbXBsZSBub25jZQ==",
            "dGhlIHNhbXBsZSBub25jZ_==",
            "dGhlIHNhbXBsZSBub25jZQ==dGhl",
            "dGhlIHNhbXBsZSBub24==",
            "dGhlIHNhbXBsZSBub25jZQA=",
            "dGhlIHNhbXBsZSBub25jZWVl",
            "=========================",
        ] {
            let mut headers = right();
            headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::from_static(key));
            assert_eq!(refused(&Method::GET, &headers), Refusal::Key, "{key}");
        }
        // 22 characters hold 132 bits: the last one ends in four zero bits.
        let right_ends: Vec<_> = (b'!'..=b'~')
            .filter(|last| is_16_bytes_in_base64(&[&[b'A'; 21][..], &[*last], b"=="].concat()))
            .collect();
        assert_eq!(right_ends, b"AQgw");
        let mut headers = right();
        headers.append(SEC_WEBSOCKET_KEY, HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        assert_eq!(refused(&Method::GET, &headers), Refusal::Key, "twice");
    }
}
