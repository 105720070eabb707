//! What a request says of itself: by which name it asks, and for a page of which origin.

use warp::http::header::{HOST, HeaderMap, HeaderValue, ORIGIN};
use warp::http::uri::Authority;

use super::Origin;
use super::name::HostPort;

/// The authority of a request's target in absolute form (`GET http://shop.example/ HTTP/1.1`), as the accept loop has found
/// it. Where there is one, `Host` does not count (RFC 9112, 3.2.2).
#[derive(Debug, Clone)]
pub(crate) struct Target(pub(crate) Authority);

/// By which name a server is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// By none, as in HTTP/1.0.
    Unnamed,
    Named(HostPort),
    /// Something else than one host, or several.
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

/// Of which origin the page is that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asker {
    /// No page: only browsers name origins, and any other client could name any.
    NoPage,
    Page(Origin),
    /// A page that shares its origin with no other, such as one in a sandbox, or a file.
    Opaque,
    /// Something else than one origin, or several.
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

/// A header of which there can be one.
enum Only<'a> {
    None,
    One(&'a str),
    /// There are more, or it is no text.
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
