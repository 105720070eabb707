//! Which pages may use a server, and which names it answers to.
//!
//! Browsers send the page's origin in `Origin` and the server's name in `Host`, and no page
//! can change either. Checking `Origin` keeps out pages of other sites. Checking `Host`
//! keeps out a page whose own name was made to resolve to this server (DNS rebinding); for
//! such a page, `Origin` and `Host` agree.

mod asked;
mod guard;
mod name;
mod notices;
mod origin;

use std::str::FromStr;

use thiserror::Error;

pub use origin::{Origin, OriginError};

pub(crate) use asked::Target;
pub(crate) use guard::Guard;

use name::HostPort;

/// Which pages may use a server, and which names in `Host` it answers to.
///
/// Clients other than browsers send no `Origin` and are accepted, but their `Host` is
/// checked. A request without `Host`, as HTTP/1.0 allows, is accepted, because no browser
/// omits it.
///
/// By default pages of the server's own host may use it, and without sign-in also pages of
/// this machine. It answers to any name, because filters do not know the address on which
/// they are served. On a loopback address without sign-in, add
/// [`only_known_hosts`](Self::only_known_hosts): otherwise a page on the internet can reach
/// the server under a name of its own.
///
/// ```
/// use transport_warp::{Pages, Reach, RouteSettings};
///
/// // As the program does on 127.0.0.1, behind a proxy that serves https://orders.example.
/// let local = Reach::default().public_host("orders.example".parse()?).only_known_hosts();
/// // A web app elsewhere, and no other page.
/// let listed = Reach::default().pages(Pages::Listed(vec!["https://app.example".parse()?]));
/// let settings = RouteSettings { reach: listed, ..RouteSettings::default() };
/// # let _ = (local, settings);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// `None`: the default, which depends on whether there is sign-in.
    pages: Option<Pages>,
    public_hosts: Vec<PublicHost>,
    only_known_hosts: bool,
}

/// The pages that may open sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pages {
    /// Pages of any origin.
    Any,
    /// Pages of these origins only, compared by scheme, host and port.
    Listed(Vec<Origin>),
    /// Pages of the host and port that `Host` names, and of [public hosts](Reach::public_host).
    OwnHost,
    /// The same, and pages that this machine serves, at any port: `localhost`, names that end
    /// in `.localhost`, 127.0.0.0/8 and `[::1]`. Without sign-in, other pages may not read
    /// orders with GET either.
    OwnHostAndThisMachine,
}

impl Reach {
    /// Sets the pages that may open sockets.
    #[must_use]
    pub fn pages(mut self, pages: Pages) -> Self {
        self.pages = Some(pages);
        self
    }

    /// Adds a name under which people reach this server. Its pages count as the server's own,
    /// even if a proxy has changed `Host`.
    #[must_use]
    pub fn public_host(mut self, host: PublicHost) -> Self {
        self.public_hosts.push(host);
        self
    }

    /// Answers only requests whose `Host` names this machine, a
    /// [public host](Self::public_host), or the host of a [listed](Pages::Listed) origin;
    /// others get 403. Without it, any name is answered. Without sign-in, it also keeps pages
    /// that may not open sockets from reading orders with GET.
    #[must_use]
    pub fn only_known_hosts(mut self) -> Self {
        self.only_known_hosts = true;
        self
    }
}

/// A name under which people reach a server: a host, and optionally a port.
///
/// ```
/// use transport_warp::PublicHost;
///
/// assert!("orders.example".parse::<PublicHost>().is_ok(), "at any port");
/// assert!("orders.example:8080".parse::<PublicHost>().is_ok(), "at this one");
/// assert!("https://orders.example".parse::<PublicHost>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicHost(HostPort);

/// The error for a text that is not a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a public host is a host name or an address, perhaps with a port, and nothing more: orders.example, \
     orders.example:8080 or [2001:db8::1]:8080"
)]
pub struct PublicHostError;

impl FromStr for PublicHost {
    type Err = PublicHostError;

    fn from_str(text: &str) -> Result<Self, PublicHostError> {
        HostPort::parse(text).or_else(|| HostPort::of_bare_v6(text)).map(Self).ok_or(PublicHostError)
    }
}

impl PublicHost {
    /// Whether a request's `Host` names it. The default port may be omitted.
    fn is_named_by(&self, host: &HostPort) -> bool {
        let is_port = match (self.0.port, host.port) {
            (None, _) | (Some(80 | 443), None) => true,
            (ours, named) => ours == named,
        };
        is_port && self.0.name.is_same(&host.name)
    }

    /// Whether it serves pages of this origin. Without a port, it serves those at the scheme's
    /// default port.
    fn serves(&self, origin: &Origin) -> bool {
        self.0.name.is_same(origin.name()) && self.0.port.unwrap_or(origin.usual_port()) == origin.port()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_host_is_a_host_and_perhaps_a_port_and_nothing_else() {
        for wrong in [
            "",
            "*",
            "*.shop.example",
            "https://shop.example",
            "//shop.example",
            "shop.example/",
            "shop.example/path",
            "shop.example:",
            "shop.example:0",
            "shop.example:99999",
            "shop.example:80:80",
            "u@shop.example",
            "shop example",
            "shop..example",
            ".",
            "127.1",
            "[::1",
            "[::1]x",
            "::1]",
        ] {
            assert_eq!(wrong.parse::<PublicHost>(), Err(PublicHostError), "{wrong}");
        }
        for (one, same) in [
            ("shop.example", "SHOP.example"),
            ("shop.example:8080", "shop.example:8080"),
            ("2001:db8::1", "[2001:DB8::1]"),
            ("192.0.2.1", "192.0.2.1"),
        ] {
            assert!(one.parse::<PublicHost>().is_ok(), "{one}");
            assert_eq!(one.parse::<PublicHost>(), same.parse::<PublicHost>(), "{one}");
        }
    }

    #[test]
    fn a_public_host_is_named_with_its_port_where_it_has_one() {
        let is_named = |public: &str, host: &str| {
            public.parse::<PublicHost>().unwrap().is_named_by(&HostPort::parse(host).unwrap())
        };
        for (public, host) in [
            ("shop.example", "shop.example"),
            ("shop.example", "shop.example:8080"),
            ("shop.example", "SHOP.EXAMPLE."),
            ("shop.example:8080", "shop.example:8080"),
            ("shop.example:443", "shop.example"),
            ("shop.example:80", "shop.example"),
            ("[2001:db8::1]", "[2001:db8:0::1]:1999"),
        ] {
            assert!(is_named(public, host), "{public} {host}");
        }
        for (public, host) in [
            ("shop.example:8080", "shop.example"),
            ("shop.example:8080", "shop.example:80"),
            ("shop.example:443", "shop.example:80"),
            ("shop.example", "shop.example.evil"),
            ("shop.example", "a.shop.example"),
            ("192.0.2.1", "192.0.2.10"),
        ] {
            assert!(!is_named(public, host), "{public} {host}");
        }
    }

    #[test]
    fn a_public_host_serves_pages_at_its_port_or_at_the_usual_one() {
        let serves = |public: &str, origin: &str| {
            public.parse::<PublicHost>().unwrap().serves(&origin.parse().unwrap())
        };
        for (public, origin) in [
            ("shop.example", "https://shop.example"),
            ("shop.example", "http://shop.example:80"),
            ("shop.example:8080", "http://shop.example:8080"),
            ("shop.example:8080", "https://shop.example:8080"),
        ] {
            assert!(serves(public, origin), "{public} {origin}");
        }
        for (public, origin) in [
            ("shop.example", "https://shop.example:8080"),
            ("shop.example:8080", "https://shop.example"),
            ("shop.example", "https://shop.example.evil"),
        ] {
            assert!(!serves(public, origin), "{public} {origin}");
        }
    }
}
