//! Parses the origin of a page.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use thiserror::Error;

use super::name::{HostPort, Name};

/// The origin of a page: scheme, host and port (RFC 6454). All three must be equal;
/// prefixes never match.
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
    name: Name,
    port: u16,
}

/// The error for a text that is not an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "an origin is http:// or https://, a host and perhaps a port, and nothing more: https://orders.example"
)]
pub struct OriginError;

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let (scheme, host) = text.split_once("://").ok_or(OriginError)?;
        let is_https = scheme.eq_ignore_ascii_case("https");
        if !is_https && !scheme.eq_ignore_ascii_case("http") {
            return Err(OriginError);
        }
        // Nothing may follow the host, not even a slash, and no user name or password may precede
        // it.
        let HostPort { name, port } = HostPort::parse(host).ok_or(OriginError)?;
        Ok(Self { is_https, name, port: port.unwrap_or(usual_port(is_https)) })
    }
}

/// Writes it as browsers do.
impl Display for Origin {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host_as_written())
    }
}

impl Origin {
    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The default port of its scheme.
    pub(super) fn usual_port(&self) -> u16 {
        usual_port(self.is_https)
    }

    /// The `Host` that a browser sends when it loads the page.
    pub(super) fn host_as_written(&self) -> HostPort {
        let port = (self.port != self.usual_port()).then_some(self.port);
        HostPort { name: self.name.clone(), port }
    }

    /// Whether its host and port are those in `Host`. The scheme is not compared: only a proxy
    /// knows whether TLS is used.
    pub(super) fn is_at(&self, host: &HostPort) -> bool {
        self.name == host.name && self.port == host.port.unwrap_or(self.usual_port())
    }

    /// Whether it would match `Host` had a proxy not dropped the port, or replaced it by a
    /// default one.
    pub(super) fn has_lost_its_port(&self, host: &HostPort) -> bool {
        self.name == host.name && self.port != self.usual_port() && matches!(host.port, None | Some(80 | 443))
    }
}

fn usual_port(is_https: bool) -> u16 {
    if is_https { 443 } else { 80 }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            "https://a.example:0",
            "https://a.example:+443",
            "https://127.1",
            "http://0x7f000001",
            "http://2130706433",
            "http://[::1",
            "http:///localhost",
            "http:/localhost",
            "http://http://localhost",
            " http://localhost",
            "http://localhost\\@evil.example",
            "http://localhost%2eevil.example",
            "file://",
            "chrome-extension://abcdefgh",
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
        let other_host = "https://a.example.".parse::<Origin>();
        assert_ne!(other_host, "https://a.example".parse(), "browsers hold them for different ones");
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (text, written) in [
            ("HTTPS://A.Example:443", "https://a.example"),
            ("http://a.example:443", "http://a.example:443"),
            ("http://[0:0:0:0:0:0:0:1]:1999", "http://[::1]:1999"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), written);
        }
    }
}
