//! Reads from a request which name it asks for, and which page's origin it comes from.

use warp::http::header::{HOST, HeaderMap, HeaderValue, ORIGIN};
use warp::http::uri::Authority;

use super::Origin;
use super::name::HostPort;

/// The authority of a request's target in absolute form
/// (`GET http://shop.example/ HTTP/1.1`), as the accept loop found it. It overrides `Host`
/// (RFC 9112, 3.2.2).
#[derive(Debug, Clone)]
pub(crate) struct Target(pub(crate) Authority);

/// The name by which a request addresses the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// None, as in HTTP/1.0.
    Unnamed,
    Named(HostPort),
    /// Not exactly one valid host.
    Unreadable,
}

impl Host {
    pub(crate) fn of(headers: &HeaderMap, target: Option<&Target>) -> Self {
        if let Some(Target(authority)) = target {
            return HostPort::parse(authority.as_str()).map_or(Self::Unreadable, Self::Named);
        }
        match only(headers, &HOST) {
            Only::None => Self::Unnamed,
            Only::One(text) => HostPort::parse(text).map_or(Self::Unreadable, Self::Named),
            Only::Other => Self::Unreadable,
        }
    }
}

/// The page that sends a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asker {
    /// No page: only browsers send an origin reliably, and other clients may send any.
    NoPage,
    Page(Origin),
    /// A page with an opaque origin (`null`), such as a file or a sandboxed frame.
    Opaque,
    /// Not exactly one valid origin.
    Unreadable,
}

impl Asker {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        match only(headers, &ORIGIN) {
            Only::None => Self::NoPage,
            Only::One("null") => Self::Opaque,
            Only::One(text) => text.parse().map_or(Self::Unreadable, Self::Page),
            Only::Other => Self::Unreadable,
        }
    }
}

/// A header that may occur only once.
enum Only<'a> {
    None,
    One(&'a str),
    /// It occurs several times, or is not text.
    Other,
}

fn only<'a>(headers: &'a HeaderMap, name: &warp::http::header::HeaderName) -> Only<'a> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next().map(HeaderValue::to_str), lines.next()) {
        (None, _) => Only::None,
        (Some(Ok(text)), None) => Only::One(text),
        (Some(_), _) => Only::Other,
    }
}
