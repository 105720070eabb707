//! The address of whoever asks.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use thiserror::Error;
use warp::http::HeaderMap;
use warp::http::header::HeaderName;

use super::TcpPeer;

/// Proxies before this server, and the header in which they say from where somebody comes.
///
/// The header is a list of addresses, separated by commas, to which each proxy adds at the end from where it was asked, as
/// `X-Forwarded-For` is. What stands there counts as far as trusted proxies have written it: the last address that is none of
/// them is the one. Whoever does not come from a trusted proxy is where they come from, whatever they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    header: HeaderName,
}

/// Why something cannot be a proxy, or its header.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// Neither an address nor a network.
    #[error("`{0}` is neither an address such as 10.0.0.7 nor a network such as 10.0.0.0/8")]
    Network(String),
    /// Not the name of a header.
    #[error("`{0}` is not the name of a header")]
    Header(String),
}

impl TrustedProxies {
    /// Proxies at these addresses or in these networks (`10.0.0.7`, `10.0.0.0/8`, `fd00::/8`), which use this header.
    ///
    /// # Errors
    /// When one of them is neither, or there can be no such header.
    pub fn new(networks: &[String], header: &str) -> Result<Self, ProxyError> {
        let networks = networks.iter().map(|text| network(text)).collect::<Result<_, _>>()?;
        let header = header.parse().map_err(|_| ProxyError::Header(header.to_owned()))?;
        Ok(Self { networks, header })
    }

    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// Where somebody comes from who asked through `peer`.
    fn origin(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut origin = peer;
        let lines = headers.get_all(&self.header).iter().rev();
        // What is no text was written by nobody who is trusted; neither was anything before it.
        let lines = lines.map(|line| line.to_str().unwrap_or_default());
        for text in lines.flat_map(|line| line.rsplit(',')) {
            if !self.trust(origin) {
                break;
            }
            let Some(address) = address(text.trim()) else { break };
            origin = address;
        }
        origin
    }
}

fn network(text: &str) -> Result<IpNet, ProxyError> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| ProxyError::Network(text.to_owned()))
}

/// An address with or without a port, as proxies write them.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// What counts as one address: of IPv6, the network that one customer has (64 bits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place(IpAddr);

impl Place {
    /// Where a request comes from; nothing, if that is not bounded.
    pub(crate) fn of(
        peer: Option<TcpPeer>,
        headers: &HeaderMap,
        proxies: Option<&TrustedProxies>,
    ) -> Option<Self> {
        let TcpPeer(peer) = peer?;
        Self::at(match proxies {
            Some(proxies) => proxies.origin(peer.to_canonical(), headers),
            None => peer,
        })
    }

    /// The place at this address, if what comes from there is bounded.
    pub(crate) fn at(address: IpAddr) -> Option<Self> {
        let address = address.to_canonical();
        if address.is_loopback() {
            return None;
        }
        Some(Self(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies() -> TrustedProxies {
        let networks = ["10.0.0.0/8", "127.0.0.1", "fd00::/8"].map(str::to_owned);
        TrustedProxies::new(&networks, "X-Forwarded-For").unwrap()
    }

    /// Where somebody at `peer` comes from, who sent these header lines.
    fn origin(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        headers.append("x-real-ip", "9.9.9.9".parse().unwrap());
        proxies().origin(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_last_address_that_is_no_trusted_proxy_counts() {
        for (peer, lines, expected) in [
            ("10.0.0.1", &["203.0.113.5"][..], "203.0.113.5"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.5"], "203.0.113.5"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.5, 10.2.3.4"], "203.0.113.5"),
            ("10.0.0.1", &["1.1.1.1", "203.0.113.5", "10.2.3.4 , 127.0.0.1"], "203.0.113.5"),
            ("10.0.0.1", &["203.0.113.5:4711"], "203.0.113.5"),
            ("fd00::7", &["[2001:db8::1]:443"], "2001:db8::1"),
            ("fd00::7", &["[2001:db8::1]"], "2001:db8::1"),
            ("10.0.0.1", &["::ffff:203.0.113.5"], "203.0.113.5"),
            ("10.0.0.1", &["10.9.9.9"], "10.9.9.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ] {
            assert_eq!(origin(peer, lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn who_is_no_trusted_proxy_is_where_they_come_from_whatever_they_say() {
        for lines in [&["1.2.3.4"][..], &["10.0.0.1"], &["127.0.0.1, 10.0.0.1"], &[""]] {
            assert_eq!(origin("203.0.113.9", lines), "203.0.113.9", "{lines:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_and_all_before_it_counts_for_nothing() {
        for garbage in ["unknown", "", "1.2.3", "1.2.3.4.5", "_hidden", "for=1.2.3.4", "[::1", "999.1.1.1"] {
            assert_eq!(origin("10.0.0.1", &[&format!("1.1.1.1, {garbage}")]), "10.0.0.1", "{garbage}");
            let line = format!("1.1.1.1, {garbage}, 10.3.3.3");
            assert_eq!(origin("10.0.0.1", &[&line]), "10.3.3.3", "{garbage}");
        }
        assert_eq!(origin("10.0.0.1", &["1.1.1.1, \u{e9}, 10.3.3.3"]), "10.0.0.1", "no text at all");
    }

    #[test]
    fn a_network_of_ipv6_is_one_place_and_this_machine_is_none() {
        let place = |address: &str| Place::at(address.parse().unwrap());
        assert_eq!(place("2001:db8:1:2:3::4"), place("2001:db8:1:2:ffff::1"));
        assert_ne!(place("2001:db8:1:2::"), place("2001:db8:1:3::"));
        assert_eq!(place("::ffff:192.0.2.1"), place("192.0.2.1"));
        assert_ne!(place("192.0.2.1"), place("192.0.2.2"));
        for own in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(place(own), None, "{own}");
        }
    }

    #[test]
    fn what_is_no_network_or_no_header_is_refused() {
        for wrong in ["", "10.0.0", "10.0.0.0/33", "localhost", "*", "10.0.0.1:80"] {
            let refused = TrustedProxies::new(&[wrong.to_owned()], "forwarded");
            assert_eq!(refused, Err(ProxyError::Network(wrong.to_owned())));
        }
        let refused = TrustedProxies::new(&[], "X Forwarded");
        assert_eq!(refused, Err(ProxyError::Header("X Forwarded".to_owned())));
    }
}
