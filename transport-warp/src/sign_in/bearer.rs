//! Finds the token in a request.

use std::borrow::Cow;

use warp::http::HeaderMap;
use warp::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};

use super::denied::Denied;
use crate::query;

/// The prefix of a token among the subprotocols, the only place where a browser's script
/// can put one.
pub(crate) const SUBPROTOCOL: &str = "stonepot.token.";

/// Finds the only token of a request, if it has one: in the header `Authorization: Bearer`,
/// among the subprotocols, or in the query as `token`.
pub(super) fn find<'a>(headers: &'a HeaderMap, query: &'a str) -> Result<Option<Cow<'a, str>>, Denied> {
    let unreadable = |_| Denied::Invalid("a header is not readable");
    let mut tokens: Vec<Cow<'a, str>> = Vec::new();
    for value in headers.get_all(AUTHORIZATION) {
        let value = value.to_str().map_err(unreadable)?;
        let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
        // Another scheme is meant for a proxy on the way.
        if scheme.eq_ignore_ascii_case("Bearer") {
            tokens.push(token.trim().into());
        }
    }
    for value in headers.get_all(SEC_WEBSOCKET_PROTOCOL) {
        let names = value.to_str().map_err(unreadable)?.split(',');
        tokens.extend(names.filter_map(|name| name.trim().strip_prefix(SUBPROTOCOL)).map(Cow::from));
    }
    tokens.extend(query::values(query, "token"));
    let token = tokens.pop();
    // With several it is unclear which one counts, and a proxy may have checked another.
    if tokens.is_empty() { Ok(token) } else { Err(Denied::TwoTokens) }
}

#[cfg(test)]
mod tests {
    use warp::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn found(headers: &[(HeaderName, &'static str)], query: &str) -> Result<Option<String>, Denied> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_static(value));
        }
        find(&map, query).map(|token| token.map(Cow::into_owned))
    }

    #[test]
    fn a_token_is_found_wherever_it_may_stand() {
        let token = Ok(Some("a.b.c".to_owned()));
        assert_eq!(found(&[(AUTHORIZATION, "Bearer a.b.c")], ""), token);
        assert_eq!(found(&[(AUTHORIZATION, "bearer  a.b.c ")], "_pk=1"), token);
        assert_eq!(found(&[(SEC_WEBSOCKET_PROTOCOL, "stonepot.v2, stonepot.token.a.b.c")], ""), token);
        assert_eq!(found(&[(AUTHORIZATION, "Basic eDp5")], "_pk=1&token=a.b.c&since=3"), token);
        assert_eq!(found(&[], "%74oken=a%2Eb.c"), token);
        assert_eq!(found(&[(SEC_WEBSOCKET_PROTOCOL, "stonepot.v2")], "tokens=x&atoken=y"), Ok(None));
    }

    #[test]
    fn more_than_one_is_none() {
        for (headers, query) in [
            (&[(AUTHORIZATION, "Bearer a.b.c")][..], "token=a.b.c"),
            (&[(AUTHORIZATION, "Bearer a.b.c"), (AUTHORIZATION, "Bearer d.e.f")], ""),
            (&[(SEC_WEBSOCKET_PROTOCOL, "stonepot.token.a, stonepot.token.b")], ""),
            (&[(SEC_WEBSOCKET_PROTOCOL, "stonepot.token.a")], "token="),
            (&[], "token=a&token=a"),
            (&[], "token=a&%74oken=b"),
            (&[(AUTHORIZATION, "Bearer a.b.c")], "token"),
        ] {
            assert_eq!(found(headers, query), Err(Denied::TwoTokens), "{headers:?} {query}");
        }
    }
}
