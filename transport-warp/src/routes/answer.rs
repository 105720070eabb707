//! HTTP responses, with the headers that each of them has.

use std::time::Duration;

use order_host::{HistoryError, NotYet, Pace};
use serde::Serialize;
use warp::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use crate::sign_in::Denied;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// A response with a line of text.
pub(super) fn text(status: StatusCode, line: &str) -> Response {
    answer(status, "text/plain; charset=utf-8", format!("{line}\n"))
}

/// A response with a JSON document, which must not be cached.
pub(super) fn json(status: StatusCode, document: String) -> Response {
    answer(status, "application/json", document)
}

/// The document of a refusal.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Refusal<'text> {
    /// For people.
    error: &'text str,
    /// For programs.
    code: &'text str,
    /// When to try again, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u128>,
}

impl Refusal<'_> {
    fn document(&self) -> String {
        // Texts and a number can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A refusal, with a message for people and a code for programs.
pub(super) fn denied(denied: Denied) -> Response {
    let refusal = Refusal { error: &denied.to_string(), code: denied.code(), retry_after: None };
    let mut response = json(denied.status(), refusal.document());
    if let Some(challenge) = denied.challenge() {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

/// A limit that was exceeded.
pub(super) enum Excess {
    /// The most sockets of one address.
    OfAddress(usize),
    /// The most sockets of one guest in a room.
    OfGuest(usize),
    /// The most sockets of one room.
    OfRoom(usize),
    /// The limit of visits, and the time to wait.
    Visits(Pace, Duration),
    /// Reading histories.
    Histories(HistoryError),
    /// The answers to one participant.
    Answers(NotYet),
}

/// A refusal of one request too many (429): names the limit, and when to retry.
pub(super) fn too_many(excess: &Excess) -> Response {
    let (code, error, wait) = match excess {
        Excess::OfAddress(most) => (
            "too_many_connections",
            format!("too many connections from your address or its network: at most {most} for one address"),
            SOON,
        ),
        Excess::OfGuest(most) => (
            "too_many_connections",
            format!("too many connections: at most {most} to an order for one guest or address"),
            SOON,
        ),
        Excess::OfRoom(most) => {
            ("too_many_connections", format!("too many connections: at most {most} to an order"), SOON)
        }
        Excess::Visits(Pace { per_second, burst }, wait) => (
            "rate_limited",
            format!(
                "too many requests: one address may open or read {per_second} orders a second, {burst} at once"
            ),
            *wait,
        ),
        Excess::Histories(bound) => ("rate_limited", bound.to_string(), A_MOMENT),
        Excess::Answers(NotYet { bound, wait }) => ("rate_limited", bound.clone(), *wait),
    };
    let millis = wait.as_millis().saturating_add(1);
    let refusal = Refusal { error: &error, code, retry_after: Some(millis) };
    let mut response = json(StatusCode::TOO_MANY_REQUESTS, refusal.document());
    let seconds = wait.as_secs().saturating_add(1);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// When a history that is being read is most likely ready.
const A_MOMENT: Duration = Duration::from_secs(1);

/// When to retry after a limit of sockets was reached.
const SOON: Duration = Duration::from_secs(5);

/// A refusal (503) that ends in a few seconds.
pub(super) fn try_later(line: &str) -> Response {
    with(text(StatusCode::SERVICE_UNAVAILABLE, line), RETRY_AFTER, "5")
}

/// A response with its headers. It is not cached unless the caller says otherwise.
pub(super) fn answer(status: StatusCode, content_type: &'static str, body: impl Reply) -> Response {
    let mut response = body.into_response();
    *response.status_mut() = status;
    with(in_every_answer(response), CONTENT_TYPE, content_type)
}

/// Adds the headers of every response: any page may read it, and no browser may guess
/// another type.
pub(super) fn in_every_answer(response: Response) -> Response {
    let response = with(response, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    let response = with(response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    // The room's address is what lets people in; it must not reach other sites.
    let response = with(response, REFERRER_POLICY, "no-referrer");
    with(response, CACHE_CONTROL, "no-store")
}

/// Sets a header.
pub(super) fn with(mut response: Response, name: HeaderName, value: &'static str) -> Response {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}

/// Answers a preflight, or a method that no route has. `None`: the request must be looked
/// at.
pub(super) fn to_method(method: &Method) -> Option<Response> {
    match *method {
        Method::GET | Method::HEAD => None,
        Method::OPTIONS => Some(preflight()),
        _ => {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Only GET, HEAD and OPTIONS work here");
            response.headers_mut().insert(ALLOW, METHODS);
            Some(response)
        }
    }
}

fn preflight() -> Response {
    let mut response = in_every_answer(Response::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ALLOW, METHODS);
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    // The wildcard does not include `Authorization`.
    let response = with(response, ACCESS_CONTROL_ALLOW_HEADERS, "*, Authorization, Content-Type");
    with(response, ACCESS_CONTROL_MAX_AGE, "86400")
}
