//! Which pages may open sockets: browsers name the page's origin, and ask nobody else.

use std::str::FromStr;

use thiserror::Error;
use warp::http::header::{HOST, HeaderMap, ORIGIN};
use warp::http::uri::Uri;

/// The origin of a page: scheme, host and port (RFC 6454). Compared as a whole, so that no other site can begin alike.
///
/// ```
/// use transport_warp::Origin;
///
/// let ours: Origin = "https://orders.example".parse()?;
/// assert_eq!(ours, "https://ORDERS.example:443".parse()?);
/// assert!("https://*.example".parse::<Origin>().is_err());
/// # Ok::<(), transport_warp::OriginError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    is_https: bool,
    host: String,
    port: u16,
}

/// Why a text names no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "an origin is http:// or https://, a host and perhaps a port, and nothing more: https://orders.example"
)]
pub struct OriginError;

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let uri: Uri = text.parse().map_err(|_| OriginError)?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(OriginError),
        };
        let authority = uri.authority().ok_or(OriginError)?;
        // Behind the host nothing: no path, not even its slash, and no name or password before it.
        let ends_there = text.to_ascii_lowercase().ends_with(&authority.as_str().to_ascii_lowercase());
        let host = authority.host();
        if !ends_there || authority.as_str().contains('@') || host.is_empty() || host.contains('*') {
            return Err(OriginError);
        }
        let has_port = authority.as_str().len() > host.len();
        let port = match authority.port_u16() {
            Some(port) => port,
            None if has_port => return Err(OriginError),
            None if is_https => 443,
            None => 80,
        };
        Ok(Self { is_https, host: host.to_ascii_lowercase(), port })
    }
}

/// Whether a request's origin may open a socket. Who names none is no browser, and could name any.
///
/// `allowed` are all that may, where there are some. Without, it is `same_site`: whether only pages of this very host
/// may, or any.
pub(crate) fn may_open(headers: &HeaderMap, allowed: &[Origin], same_site: bool) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    if allowed.is_empty() && !same_site {
        return true;
    }
    if origins.next().is_some() {
        return false;
    }
    // `null`, as a page in a sandbox has it, is nobody's.
    let Some(origin) = origin.to_str().ok().and_then(|text| text.parse::<Origin>().ok()) else {
        return false;
    };
    if allowed.is_empty() { origin.is_of_host(headers) } else { allowed.contains(&origin) }
}

impl Origin {
    /// Whether it is what the request calls this server. Whether that is served by TLS only a proxy before it knows.
    fn is_of_host(&self, headers: &HeaderMap) -> bool {
        let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
        let scheme = if self.is_https { "https" } else { "http" };
        format!("{scheme}://{host}").parse().is_ok_and(|host: Self| host == *self)
    }
}

#[cfg(test)]
mod tests {
    use warp::http::header::HeaderValue;

    use super::*;

    fn headers(origin: &str, host: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        headers.insert(HOST, HeaderValue::from_str(host).unwrap());
        headers
    }

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_else() {
        for wrong in [
            "",
            "null",
            "*",
            "https://",
            "https://*",
            "https://*.a.example",
            "a.example",
            "//a.example",
            "ftp://a.example",
            "https://a.example/",
            "https://a.example/path",
            "https://a.example?x",
            "https://u@a.example",
            "https://u:p@a.example",
            "https://a.example:",
            "https://a.example:99999",
            "https://a.example, https://b.example",
            "https://a example",
        ] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
        for (one, same) in [
            ("https://a.example", "https://A.Example:443"),
            ("http://a.example", "http://a.example:80"),
            ("http://[::1]:1999", "http://[::1]:1999"),
        ] {
            assert_eq!(one.parse::<Origin>(), same.parse::<Origin>(), "{one}");
            assert!(one.parse::<Origin>().is_ok(), "{one}");
        }
    }

    #[test]
    fn only_those_that_are_allowed_may_open_and_no_one_that_looks_alike() {
        let allowed = ["https://a.example".parse().unwrap(), "http://b.example:8080".parse().unwrap()];
        for right in
            ["https://a.example", "https://A.EXAMPLE", "https://a.example:443", "http://b.example:8080"]
        {
            assert!(may_open(&headers(right, "h"), &allowed, true), "{right}");
        }
        for wrong in [
            "http://a.example",
            "https://a.example:8443",
            "https://a.example.evil",
            "https://evila.example",
            "https://a.example@evil",
            "https://sub.a.example",
            "http://b.example",
            "null",
            "",
            "https://h",
        ] {
            assert!(!may_open(&headers(wrong, "h"), &allowed, true), "{wrong}");
            assert!(!may_open(&headers(wrong, "h"), &allowed, false), "{wrong}");
        }
        let mut twice = headers("https://a.example", "h");
        twice.append(ORIGIN, HeaderValue::from_static("https://evil"));
        assert!(!may_open(&twice, &allowed, true));
        assert!(may_open(&HeaderMap::new(), &allowed, true), "no browser");
    }

    #[test]
    fn without_a_list_it_is_the_same_host_or_anybody() {
        for (origin, host) in [
            ("http://127.0.0.1:1999", "127.0.0.1:1999"),
            ("https://shop.example", "shop.example"),
            ("https://shop.example", "SHOP.example:443"),
        ] {
            assert!(may_open(&headers(origin, host), &[], true), "{origin}");
        }
        for (origin, host) in [
            ("http://127.0.0.1:2000", "127.0.0.1:1999"),
            ("https://shop.example.evil", "shop.example"),
            ("https://evil", "shop.example"),
            ("null", "shop.example"),
        ] {
            assert!(!may_open(&headers(origin, host), &[], true), "{origin}");
            assert!(may_open(&headers(origin, host), &[], false), "{origin}");
        }
    }
}
